"""Who there is: unique names and emails, an admin who stays, and nothing secret in the log."""

import json
from pathlib import Path
from typing import get_args

import pytest

from handrail import App
from handrail.people.entry import EntryKind
from handrail.people.facts import Role
from handrail.requests.errors import Conflict, InvalidInput, NotAllowed, UnknownId
from handrail.runs.verification import verify
from tests.support.people_desk import KEEPER, PASSWORD, people_desk

pytestmark = pytest.mark.usefixtures("quick_passwords")


async def test_somebody_added_is_found_by_name_and_email_whatever_their_case() -> None:
    async with people_desk() as opened:
        assert await opened.people.is_empty()
        added = await opened.add("Alice", email=" Alice@Example.COM ", display="Alice A.", role="admin")
        assert (added.email, added.role, added.active) == ("alice@example.com", Role.ADMIN, True)
        for who in ("Alice", "ALICE", "alice@example.com", "ALICE@example.com"):
            assert await opened.people.find(who) == added
        assert await opened.people.everybody() == [added]
        assert not await opened.people.is_empty()
        with pytest.raises(UnknownId, match="users list"):
            await opened.people.find("bob")
        with pytest.raises(UnknownId):
            await opened.people.find("\ud800")


@pytest.mark.parametrize(
    ("name", "email"),
    [("alice", None), ("ＡLICE", None), ("bob", "ALICE@example.com"), ("alice@example.com", None)],
)
async def test_two_who_look_alike_cant_both_be_there(name: str, email: str | None) -> None:
    async with people_desk() as opened:
        await opened.add("Alice", email="alice@example.com")
        with pytest.raises(Conflict, match="'Alice' has that name or email"):
            await opened.add(name, email=email)
        assert len(await opened.people.everybody()) == 1


async def test_an_email_cant_be_changed_to_anothers_but_to_ones_own() -> None:
    async with people_desk() as opened:
        await opened.add("alice", email="alice@example.com")
        await opened.add("bob")
        with pytest.raises(Conflict):
            await opened.people.change("bob", actor=KEEPER, email="Alice@example.com")
        same = await opened.people.change("alice", actor=KEEPER, email="ALICE@example.com")
        assert same.email == "alice@example.com"
        assert (await opened.people.change("alice", actor=KEEPER, email="")).email is None
        await opened.people.change("bob", actor=KEEPER, email="alice@example.com")


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": " bob"},
        {"name": "bo\u202eb"},
        {"name": "b" * 101},
        {"name": "group:legal"},
        {"name": "Handrail"},
        {"name": "bob", "role": "owner"},
        {"name": "bob", "email": "bob"},
        {"name": "bob", "email": "bob@example.com, eve@example.com"},
        {"name": "bob", "display": "two\nlines"},
        {"name": "bob", "password": PASSWORD, "service": True},
    ],
)
async def test_what_cant_be_is_refused(options: dict[str, str]) -> None:
    async with people_desk() as opened:
        with pytest.raises(InvalidInput):
            await opened.add(**options)
        assert await opened.people.is_empty()


@pytest.mark.parametrize("change", [{"role": "reviewer"}, {"active": False}])
async def test_the_last_active_admin_stays(change: dict[str, object]) -> None:
    async with people_desk() as opened:
        await opened.add("alice", role="admin")
        await opened.add("robot", role="admin", service=True)
        await opened.add("carol", role="admin")
        await opened.people.change("carol", actor=KEEPER, active=False)
        with pytest.raises(Conflict, match="last active admin"):
            await opened.people.change("alice", actor=KEEPER, **change)
        assert (await opened.people.change("alice", actor=KEEPER, display="A")).display == "A"
        await opened.people.change("carol", actor=KEEPER, active=True)
        await opened.people.change("alice", actor=KEEPER, **change)


async def test_who_is_switched_off_loses_sessions_keys_and_links_for_good() -> None:
    async with people_desk() as opened:
        people = opened.people
        await opened.add("alice", PASSWORD)
        begun = await opened.session_of("alice")
        _, text = await people.make_key("alice", "nightly", ["decide"], actor=KEEPER)
        token = await people.make_link("login", "alice", actor=KEEPER)
        assert await people.session(begun.secret)
        assert await people.key(text)
        await people.change("alice", actor=KEEPER, active=False)
        with pytest.raises(Conflict, match="switched off"):
            await people.make_key("alice", "another", ["decide"], actor=KEEPER)
        with pytest.raises(Conflict, match="switched off"):
            await people.make_link("login", "alice", actor=KEEPER)
        await people.change("alice", actor=KEEPER, active=True)
        assert await people.session(begun.secret) is None
        assert await people.key(text) is None
        with pytest.raises(NotAllowed, match="doesn't work"):
            await people.log_in_by_link(token)
        await opened.session_of("alice")


async def test_the_log_says_who_did_what_and_no_secret() -> None:
    async with people_desk() as opened:
        people = opened.people
        await opened.add("alice", PASSWORD, email="alice@example.com")
        begun = await opened.session_of("alice")
        _, text = await people.make_key("alice", "nightly", ["decide"], actor=KEEPER)
        token = await people.make_link("decide", "alice", actor=KEEPER, request_id="req_1")
        await people.use_link(token, used_for="approve")
        await people.change("alice", actor=KEEPER, role="viewer", email="a@example.com")
        await people.change("alice", actor=KEEPER, role="viewer")
        await people.set_password("alice", PASSWORD + "!", actor=KEEPER)
        lines = await opened.log()
        assert [kind for kind, _, _ in lines] == [
            "person_added",
            "logged_in",
            "key_made",
            "link_made",
            "link_used",
            "person_changed",
            "password_set",
        ]
        assert lines[5] == (
            "person_changed",
            "keeper",
            {"person": "alice", "role": "viewer", "email": "changed"},
        )
        written = str(lines)
        for secret in (PASSWORD, "argon2", begun.secret, begun.session.id, text, token, "example.com"):
            assert secret not in written
        assert (await verify(opened.desk.app.store)).ok


def test_the_kinds_of_lines_in_the_log_stay_what_they_are() -> None:
    assert set(get_args(EntryKind)) == {
        *("person_added", "person_changed", "password_set", "logged_in", "login_refused"),
        *("key_made", "key_revoked", "link_made", "link_used", "group_changed", "guideline_changed"),
        *("identity_added", "identity_removed", "notifications_changed"),
        *("webhook_added", "webhook_changed", "webhook_removed", "webhook_rotated", "webhook_tested"),
        *("webhook_redelivered", "webhook_stopped", "inbound_added", "inbound_rotated", "inbound_revoked"),
    }


async def test_code_sets_the_groups_that_it_names_and_no_others(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/handrail.db"
    async with App(store=store, groups={"legal": ["bob"], "press": ["cem"]}).connect() as app:
        for name in ("legal", "editors"):
            await app.people.set_group(name, ["alice"], actor=KEEPER)
        before = await app.store.read(lambda tx: tx.log(0, 100))
    async with App(store=store, groups={"legal": ["bob"]}).connect() as app:
        assert await app.people.groups() == {"editors": ("alice",), "legal": ("bob",), "press": ("cem",)}
        (line,) = (await app.store.read(lambda tx: tx.log(0, 100)))[len(before) :]
        assert (line.kind, line.actor, json.loads(line.data)) == (
            "group_changed",
            "handrail",
            {"group": "legal", "people": ["bob"]},
        )
