"""The settings: one's own account, and for admins people, groups, keys and guidelines."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from handrail.people.facts import Kind, Role
from handrail.people.login import LoggedIn
from handrail.requests.decision import Actor
from tests.support.web_visits import PASSWORD, ROOT, Place, Visitor, place, text

NASTY = "<script>alert(1)</script>"
ADMINS = [
    "/settings/people",
    "/settings/people/rita",
    "/settings/groups",
    "/settings/keys",
    "/settings/webhooks",
    "/settings/notifications",
]
EVERYBODY = ["/settings", "/settings/me", "/settings/guidelines", "/settings/guidelines/write", "/keyboard"]
FORMS = {
    "/settings/people": {"name": "mallory", "role": "admin"},
    "/settings/person/change": {"name": "rita", "display": "x", "email": "", "role": "admin"},
    "/settings/person/active": {"name": "alice", "active": "off"},
    "/settings/person/link": {"name": "alice"},
    "/settings/person/identity": {"name": "rita", "channel": "slack", "address": "U1"},
    "/settings/person/identity/remove": {"name": "alice", "channel": "slack", "address": "U1"},
    "/settings/person/notifications": {"name": "rita", "zone": "UTC", "every": "off", "at": "08:00"},
    "/settings/notifications": {"zone": "UTC", "every": "off", "at": "08:00"},
    "/settings/groups": {"name": "legal", "members": "mallory"},
    "/settings/keys": {"label": "x", "person": "alice", "scopes": "admin", "days": "30"},
    "/settings/keys/revoke": {"key": "abc"},
    "/settings/webhooks": {"url": "https://1.1.1.1/", "kinds": ""},
    "/settings/webhooks/act": {"webhook": "wh_1", "act": "remove"},
    "/settings/webhooks/inbound": {"person": "robot", "label": "x"},
    "/settings/webhooks/inbound/act": {"inbound": "in_1", "act": "revoke"},
    "/settings/guideline": {"flow": "write", "text": "Approve all.", "version": "0"},
}
MINE = {
    "/settings/me/name": {"display": "x"},
    "/settings/me/password": {"old": PASSWORD, "new": "another long one", "again": "another long one"},
    "/settings/me/session": {"session": "others"},
    "/settings/me/notifications": {"zone": "UTC", "every": "off", "at": "08:00"},
    "/settings/me/keyboard": {"shortcuts": "off"},
    "/settings/me/key": {"key": "abc"},
}


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app that works, and its pages; the group `legal` is set by its code."""
    async with place(groups={"legal": ["bob"]}) as made:
        yield made


async def in_by_password(here: Place, name: str, role: Role = Role.REVIEWER) -> Visitor:
    """Return a browser of somebody who has signed in by password."""
    await here.people.add(name, actor=ROOT, role=role, password=PASSWORD)
    visitor = await here.visitor(None)
    await visitor.see("/login")
    await visitor.post("/login", who=name, password=PASSWORD)
    visitor.token = ""
    return visitor


def once(page: str) -> str:
    """Return the secret that a page shows."""
    found = re.search(r'class="secret"[^>]*>([^<]+)<', page)
    assert found is not None
    return found[1]


# -- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.VIEWER])
async def test_others_than_admins_see_their_account_and_guidelines(here: Place, role: Role) -> None:
    visitor = await here.visitor("rita", role)
    for path in EVERYBODY:
        await visitor.see(path)
    for path in ADMINS:
        page = await visitor.see(path, 403)
        assert "An admin can give you another one" in text(page)
    overview = await visitor.see("/settings")
    assert "/settings/people" not in overview
    assert "/settings/keys" not in overview


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.VIEWER])
@pytest.mark.parametrize("path", FORMS)
async def test_others_than_admins_change_nothing(here: Place, role: Role, path: str) -> None:
    await here.people.add("alice", actor=ROOT, role=Role.ADMIN)
    visitor = await here.visitor("rita", role)
    before = (await here.people.everybody(), await here.people.groups(), await here.people.keys())
    page = await visitor.post(path, 403, **FORMS[path])
    assert "An admin can give you another one" in text(page.text)
    assert (await here.people.everybody(), await here.people.groups(), await here.people.keys()) == before
    assert await here.people.guidelines() == []


@pytest.mark.parametrize("path", [*EVERYBODY, *ADMINS])
async def test_strangers_sign_in_first(here: Place, path: str) -> None:
    stranger = await here.visitor(None)
    answer = await stranger.http.get(path)
    assert (answer.status_code, answer.headers["location"][:12]) == (303, "/login?next=")


@pytest.mark.parametrize("path", [*FORMS, *MINE])
async def test_a_form_without_its_token_changes_nothing(here: Place, path: str) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.people.add("rita", actor=ROOT)
    await alice.see("/settings/me")
    before = await here.people.everybody()
    fields = {**FORMS, **MINE}[path]
    for token in ({}, {"form_token": "0" * 64}):
        answer = await alice.http.post(path, data={**fields, **token})
        assert answer.status_code == 403
        assert "This form is from another session" in answer.text
    assert await here.people.everybody() == before


async def test_the_token_of_another_session_is_refused(here: Place) -> None:
    alice, rita = await here.visitor("alice", Role.ADMIN), await here.visitor("rita")
    await rita.see("/settings/me")
    answer = await alice.http.post("/settings/me/name", data={"form_token": rita.token, "display": "x"})
    assert answer.status_code == 403


# -- my account -------------------------------------------------------------------------------------------------------


async def test_a_password_is_changed_by_whoever_knows_the_old_one(here: Place) -> None:
    alice = await in_by_password(here, "alice")
    other = await here.visitor("alice")
    new = "a quite different one"
    wrong = await alice.post("/settings/me/password", 422, old="wrong", new=new, again=new)
    assert "This is not your password. Nothing was changed." in wrong.text
    differs = await alice.post("/settings/me/password", 422, old=PASSWORD, new=new, again=new + "x")
    assert "not the same as the new password" in differs.text
    short = await alice.post("/settings/me/password", 422, old=PASSWORD, new="short", again="short")
    assert 'aria-describedby="new-error"' in short.text
    assert PASSWORD not in short.text
    said = await alice.act("/settings/me/password", old=PASSWORD, new=new, again=new)
    assert "Your password was changed. Your other sessions have ended." in said
    assert isinstance(await here.people.log_in("alice", new, address="x"), LoggedIn)
    await other.see("/settings/me", 303)


async def test_wrong_passwords_are_slowed_down(here: Place) -> None:
    alice = await in_by_password(here, "alice")
    fields = {"old": "wrong", "new": "a quite different one", "again": "a quite different one"}
    codes = []
    for _ in range(7):
        fields["form_token"] = await fresh_token(alice)
        codes.append((await alice.http.post("/settings/me/password", data=fields)).status_code)
    assert codes[0] == 422
    assert codes[-1] == 429


async def fresh_token(visitor: Visitor) -> str:
    await visitor.see("/settings/me")
    return visitor.token


async def test_whoever_comes_by_a_link_sets_a_password_without_the_old_one_for_a_while(here: Place) -> None:
    await here.people.add("alice", actor=ROOT, password=PASSWORD)
    alice = await here.visitor("alice")
    assert 'name="old"' not in await alice.see("/settings/me")
    await alice.act("/settings/me/password", new="a quite different one", again="a quite different one")
    assert 'name="old"' in await alice.see("/settings/me")
    late = await here.visitor("alice")
    here.clock.turn(timedelta(minutes=16))
    assert 'name="old"' in await late.see("/settings/me")
    await late.post("/settings/me/password", 422, new="one more of those", again="one more of those")


async def test_the_mark_of_a_link_is_worth_nothing_in_another_session(here: Place) -> None:
    alice, bob = await in_by_password(here, "alice"), await here.visitor("bob")
    alice.http.cookies.set("handrail-link", bob.http.cookies["handrail-link"], domain="127.0.0.1")
    assert 'name="old"' in await alice.see("/settings/me")


async def test_sessions_are_listed_and_ended(here: Place) -> None:
    first, second, third = [await here.visitor("alice") for _ in range(3)]
    page = await first.see("/settings/me")
    assert page.count('name="session"') == 3  # two others, and all others
    assert "This one" in page
    handle = re.findall(r'name="session" value="([0-9a-f]+)"', page)[0]
    assert "The session was ended." in await first.act("/settings/me/session", session=handle)
    assert len(await here.people.sessions("alice")) == 2
    assert "was ended" in await first.act("/settings/me/session", session="others")
    await first.see("/settings/me")
    await second.see("/settings/me", 303)
    await third.see("/settings/me", 303)


async def test_nobody_ends_the_sessions_of_others(here: Place) -> None:
    alice, mallory = await here.visitor("alice"), await here.visitor("mallory")
    (session,) = await here.people.sessions("alice")
    for handle in (session.id[:16], session.id, "", session.id[:1]):
        assert "had ended already" in await mallory.act("/settings/me/session", session=handle)
    await alice.see("/settings/me")


async def test_keyboard_shortcuts_are_turned_off_and_on(here: Place) -> None:
    alice = await here.visitor("alice")
    assert "Shortcuts are on" in text(await alice.see("/settings/me"))
    assert "Shortcuts are off" in await alice.act("/settings/me/keyboard", shortcuts="off")
    assert "They are off in this browser" in text(await alice.see("/keyboard"))
    assert "Shortcuts are on" in await alice.act("/settings/me/keyboard", shortcuts="on")


async def test_one_revokes_ones_own_keys_only(here: Place) -> None:
    alice, bob = await here.visitor("alice"), await here.visitor("bob")
    key, secret = await here.people.make_key("alice", "laptop", ["runs:read"], actor=ROOT)
    assert secret not in await alice.see("/settings/me")
    await bob.post("/settings/me/key", 403, key=key.id)
    assert await here.people.key(secret) is not None
    assert "was revoked" in await alice.act("/settings/me/key", key=key.id)
    assert await here.people.key(secret) is None


async def test_one_changes_how_one_is_shown(here: Place) -> None:
    alice = await here.visitor("alice")
    assert "Your name was changed." in await alice.act("/settings/me/name", display="Alice Winter")
    assert "Alice Winter" in await alice.see("/runs")
    assert (
        'aria-describedby="display-error"' in (await alice.post("/settings/me/name", 422, display=" ")).text
    )


async def test_signing_out_ends_the_session(here: Place) -> None:
    alice = await here.visitor("alice")
    assert 'action="/logout"' in await alice.see("/settings/me")
    await alice.post("/logout")
    assert await here.people.sessions("alice") == []


# -- people -----------------------------------------------------------------------------------------------------------


async def test_a_name_is_said_once_where_it_is_shown_as_it_is(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await alice.post("/settings/people", 200, name="bob", display="", role="reviewer")
    await alice.post("/settings/people", 200, name="carol", display="Carol Reed", role="viewer")
    page = text(await alice.see("/settings/people"))
    assert "bob Reviewer" in page
    assert "bob bob" not in page
    assert "Carol Reed carol Viewer" in page


async def test_somebody_is_added_with_a_link_that_is_shown_once_and_signs_in(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    added = await alice.post(
        "/settings/people", 200, name="bob", display="Bob Stone", email="bob@example.org", role="viewer"
    )
    assert added.headers["cache-control"] == "no-store"
    link = once(added.text)
    assert link.startswith("http://127.0.0.1:8000/login/link/")
    assert link not in await alice.see("/settings/people")
    bob = await here.visitor(None)
    await bob.enter(link.rsplit("/", 1)[1])
    page = text(await bob.see("/settings/me"))
    assert "Bob Stone" in page
    assert "Role Viewer" in page


async def test_a_taken_or_impossible_name_is_told_beside_its_field_and_what_was_typed_is_kept(
    here: Place,
) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    taken = await alice.post("/settings/people", 409, name="ALICE", display=NASTY, role="viewer")
    assert 'aria-describedby="name-error"' in taken.text
    assert NASTY not in taken.text
    assert "&lt;script&gt;" in taken.text
    impossible = await alice.post("/settings/people", 422, name="group:x", role="viewer")
    assert 'aria-describedby="name-error"' in impossible.text
    email = await alice.post("/settings/people", 422, name="bob", email="nowhere", role="viewer")
    assert 'aria-describedby="email-error"' in email.text
    assert "is no role" in text((await alice.post("/settings/people", 422, name="bob", role="king")).text)
    assert [person.name for person in await here.people.everybody()] == ["alice"]


async def test_a_service_account_gets_keys_and_no_link(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    answer = await alice.post("/settings/people", name="importer", role="reviewer", service="on")
    assert answer.headers["location"] == "/settings/keys"
    page = text((await alice.post("/settings/person/link", 409, name="importer")).text)
    assert "importer is a service account: make a key for it." in page


async def test_the_last_admin_stays(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.people.add("robot", actor=ROOT, role=Role.ADMIN, service=True)
    fields = {"name": "alice", "display": "alice", "email": ""}
    answer = await alice.post("/settings/person/change", 409, **fields, role="reviewer")
    assert "is the last active admin" in answer.text
    off = await alice.post("/settings/person/active", 409, name="alice", active="off")
    assert "is the last active admin" in off.text
    await here.people.add("bob", actor=ROOT, role=Role.ADMIN)
    await alice.post("/settings/person/change", 303, **fields, role="reviewer")
    await alice.see("/settings/people", 403)  # at the moment of the act


async def test_switching_off_ends_sessions_and_on_lets_in_again(here: Place) -> None:
    alice, bob = await here.visitor("alice", Role.ADMIN), await here.visitor("bob")
    said = await alice.act("/settings/person/active", name="bob", active="off")
    assert "bob is switched off; sessions, keys and links have ended." in said
    await bob.see("/settings/me", 303)
    assert "is switched off" in (await alice.post("/settings/person/link", 409, name="bob")).text
    assert "bob can sign in again." in await alice.act("/settings/person/active", name="bob", active="on")
    again = once((await alice.post("/settings/person/link", 200, name="bob")).text)
    await bob.enter(again.rsplit("/", 1)[1])
    await bob.see("/settings/me")


async def test_a_name_with_a_slash_has_its_page(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.people.add("ops/bob?", actor=ROOT)
    assert 'href="/settings/people/ops%2Fbob%3F"' in await alice.see("/settings/people")
    assert "ops/bob?" in await alice.see("/settings/people/ops%2Fbob%3F")
    await alice.see("/settings/people/nobody", 404)


# -- groups -----------------------------------------------------------------------------------------------------------


async def test_a_group_is_made_changed_and_removed(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    assert "The group editors has 2 members." in await alice.act(
        "/settings/groups", name="editors", members="alice\r\n dora, \n\n", new="on"
    )
    assert (await here.people.groups())["editors"] == ("alice", "dora")
    page = await alice.see("/settings/groups")
    assert "dora" in page
    assert "(no account)" in page
    twice = await alice.post("/settings/groups", 422, name="editors", members="bob", new="on")
    assert "There is a group with this name" in twice.text
    empty = await alice.post("/settings/groups", 422, name="writers", members=" ", new="on")
    assert "Name who belongs to it" in empty.text
    assert "was removed" in await alice.act("/settings/groups", name="editors", members="")
    assert "editors" not in await here.people.groups()


async def test_groups_of_the_code_are_only_shown(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    page = await alice.see("/settings/groups")
    assert "Set by the app’s code: change it there." in page
    assert "Change legal" not in page
    refused = await alice.post("/settings/groups", 409, name="legal", members="mallory")
    assert "is set by the app" in refused.text
    assert (await here.people.groups())["legal"] == ("bob",)


async def test_a_member_that_can_be_no_name_is_told(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    answer = await alice.post("/settings/groups", 422, name="editors", members="group:legal", new="on")
    assert 'aria-describedby="members-error"' in answer.text
    assert "group:legal</textarea>" in answer.text


# -- keys -------------------------------------------------------------------------------------------------------------


async def test_a_key_is_shown_once_works_and_is_revoked(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    made = await alice.post(
        "/settings/keys", 200, label="import", person="alice", scopes="runs:read", days="30"
    )
    secret = once(made.text)
    caller = await here.people.key(secret)
    assert caller is not None
    assert (caller.name, caller.scopes) == ("alice", ("runs:read",))
    page = await alice.see("/settings/keys")
    assert secret not in page
    (key,) = await here.people.keys()
    assert key.expires_at == here.clock.now() + timedelta(days=30)
    assert "was revoked" in await alice.act("/settings/keys/revoke", key=key.id)
    assert await here.people.key(secret) is None


async def test_a_key_without_scopes_or_label_is_told_beside_its_fields(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    none = await alice.post("/settings/keys", 422, label="import", person="alice", days="30")
    assert "a key needs a scope at least" in none.text
    assert 'value="import"' in none.text
    label = await alice.post("/settings/keys", 422, label=" ", person="alice", scopes="decide", days="")
    assert 'aria-describedby="label-error"' in label.text
    assert 'value="decide" checked' in label.text
    await alice.post("/settings/keys", 422, label="x", person="nobody", scopes="decide", days="")
    await alice.post("/settings/keys", 422, label="x", person="alice", scopes="decide", days="7000")
    assert await here.people.keys() == []


async def test_an_expired_key_is_told(here: Place) -> None:
    await here.people.add("alice", actor=ROOT, role=Role.ADMIN)
    await here.people.make_key("alice", "old", ["decide"], actor=ROOT, expires_in=60)
    here.clock.turn(61)
    alice = await here.visitor("alice")
    assert "Expired" in await alice.see("/settings/keys")


# -- guidelines -------------------------------------------------------------------------------------------------------


async def test_a_guideline_is_written_and_its_versions_tell_what_changed_and_who_did(here: Place) -> None:
    alice, rita = await here.visitor("alice", Role.ADMIN), await here.visitor("rita")
    path = "/settings/guidelines/write"
    assert "This flow has no guideline." in await rita.see(path)
    await alice.act("/settings/guideline", flow="write", text="One.\nTwo.", version="0")
    said = await alice.act("/settings/guideline", flow="write", text="One.\nThree.", version="1")
    assert "Version 2 is what reviewers read from now on." in said
    page = await rita.see(path)
    assert "<del>Two.</del>" in page
    assert "<ins>Three.</ins>" in page
    assert "Version 2 by alice" in text(page)
    assert "<textarea" not in page
    assert "taken away" in await alice.act("/settings/guideline", flow="write", text="", version="2")
    assert await here.people.guideline("write") is None


async def test_who_wrote_on_an_older_version_is_told_and_keeps_the_text(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.people.set_guideline("write", "First.", actor=Actor("bob"))
    late = await alice.post("/settings/guideline", 409, flow="write", text="Mine <b>.", version="0")
    assert "bob saved version 1 while you were writing" in late.text
    assert "Mine &lt;b&gt;.</textarea>" in late.text
    current = await here.people.guideline("write")
    assert current is not None
    assert current.text == "First."


async def test_a_guideline_that_is_too_long_is_told_and_one_for_no_flow_is_refused(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    long = await alice.post("/settings/guideline", 422, flow="write", text="x" * 20_001, version="0")
    assert "a guideline has at most 20,000 characters" in long.text
    await alice.post("/settings/guideline", 404, flow="nothing", text="x", version="0")
    await alice.see("/settings/guidelines/nothing", 404)


# -- what is shown ----------------------------------------------------------------------------------------------------


async def test_nothing_that_people_are_called_becomes_markup(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN, display=f"Alice {NASTY}")
    await here.people.add(f"bob {NASTY}", actor=ROOT, display=f'"><b>{NASTY}')
    await here.people.make_key("alice", f"label {NASTY}", ["decide"], actor=Actor(f"maker {NASTY}"))
    await here.people.set_group(f"group {NASTY}", [f"bob {NASTY}", f"nobody {NASTY}"], actor=ROOT)
    await here.people.set_guideline("write", f"Text {NASTY} \u202e reversed", actor=Actor(f"author {NASTY}"))
    await here.people.set_guideline(f"flow {NASTY}", "x", actor=ROOT)
    for path in (
        *EVERYBODY,
        "/settings/people",
        "/settings/groups",
        "/settings/keys",
        "/settings/guidelines",
    ):
        page = await alice.see(path)
        assert NASTY not in page, path
        assert "<b>&lt;" not in page, path
    whom = re.findall(r'href="(/settings/people/bob[^"]+)"', await alice.see("/settings/people"))[0]
    assert NASTY not in await alice.see(whom)
    rita = await here.visitor("rita")
    shown = await rita.see("/settings/guidelines/write")
    assert NASTY not in shown
    assert "\u202e" not in shown
    said = await alice.act("/settings/groups", name=f"new {NASTY}", members="x", new="on")
    assert f"The group new {NASTY} has 1 member." in said
    assert NASTY not in await alice.see("/settings/groups")


async def test_all_keys_are_on_one_page(here: Place) -> None:
    alice = await here.visitor("alice")
    page = text(await alice.see("/keyboard"))
    for told in (
        "j Next request",
        "k Previous",
        "x Select",
        "/ Search",
        "Ctrl + Enter Send",
        "g then i Go to the inbox",
    ):
        assert told in page


async def test_signing_in_again_ends_the_session_that_the_browser_had(here: Place) -> None:
    bob = await here.visitor("bob", password=PASSWORD)
    elsewhere = await here.visitor("bob")
    assert len(await here.people.sessions("bob")) == 2
    await bob.enter(await here.people.make_link(Kind.LOGIN, "bob", actor=ROOT))
    assert len(await here.people.sessions("bob")) == 2
    carol = await here.people.add("carol", actor=ROOT, password=PASSWORD)
    await bob.see("/settings/me")
    await bob.post("/login", who=carol.name, password=PASSWORD)
    assert len(await here.people.sessions("bob")) == 1
    await elsewhere.see("/settings/me")
    refused = await bob.http.post("/login", data={"form_token": "x", "who": "carol", "password": "wrong"})
    assert refused.status_code == 403
    assert len(await here.people.sessions("carol")) == 1, "only a login ends it"


async def test_the_wait_after_wrong_passwords_grows_and_is_never_told_as_none(here: Place) -> None:
    await here.people.add("alice", actor=ROOT, password=PASSWORD)
    visitor = await here.visitor(None)
    await visitor.see("/login")
    told = []
    for tries in (5, 1, 1):
        for _ in range(tries):
            await visitor.post("/login", 401, who="alice", password="wrong horse")
        first = await visitor.post("/login", 429, who="alice", password="wrong horse")
        here.clock.turn(0.6)
        again = await visitor.post("/login", 429, who="alice", password=PASSWORD)
        told.append((first.headers["retry-after"], again.headers["retry-after"]))
        assert f"Try again in {told[-1][1]} s;" in text(again.text)
        here.clock.turn(10)
    assert told == [("1", "1"), ("2", "2"), ("4", "4")]
