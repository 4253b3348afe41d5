"""Whoever is named can decide: programs and people who name somebody else are told, and the page of a request too."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from handrail.inbox import deciders, views
from handrail.people.facts import Role
from handrail.requests.decision import SYSTEM, Actor
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import at_least
from tests.support.people_desk import PeopleDesk, people_desk
from tests.support.requests_desk import draft
from tests.support.web_desk import Desk
from tests.support.web_visits import Place, place, text


@pytest.fixture
async def people() -> AsyncIterator[PeopleDesk]:
    """A store without anybody."""
    async with people_desk() as opened:
        yield opened


@pytest.mark.parametrize(
    ("policy", "field", "told"),
    [
        ({"audience": ["alcie"]}, "policy.audience", "'alcie' has no account"),
        ({"audience": {"users": ["alice", "Bob"]}}, "policy.audience", "'Bob' has no account"),
        ({"audience": ["alice", "group:lgeal"]}, "policy.audience", "there is no group 'lgeal'"),
        (
            {"escalations": [{"after": 5, "to": ["bob"]}, {"after": 9, "to": ["boss"]}]},
            "policy.escalations.1.to",
            "'boss' has no account",
        ),
        ({"audience": ["carol"]}, "policy.audience", "nobody with an account can decide"),
        (
            {"audience": ["alice", "carol"], "quorum": "all"},
            "policy.audience",
            "2 must approve, and only 1 of those asked can decide: 'carol' is a viewer",
        ),
    ],
)
async def test_asking_whom_nobody_knows_is_refused(
    desk: Desk, policy: dict[str, Any], field: str, told: str
) -> None:
    body = {"title": "Publish?", "proposal": {"content": "bees"}, "policy": policy}
    answer = await desk.call("alice", "POST", "/requests", json=body)
    (fault,) = answer.json()["fields"]
    assert (answer.status_code, fault["path"]) == (422, field)
    assert told in fault["message"]
    assert (await desk.call("root", "GET", "/requests?view=all")).json()["items"] == []


async def test_a_viewer_may_be_asked_beside_somebody_who_decides(desk: Desk) -> None:
    asked = await desk.open("alice", policy={"audience": ["alice", "carol"]})
    assert (await desk.call("carol", "GET", f"/requests/{asked['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("to", "told"),
    [
        (["nobody"], "'nobody' has no account"),
        (["bob", "carol"], "'carol' is a viewer"),
        (["gone"], "'gone' is switched off"),
        (["group:nothing"], "there is no group"),
        (["group:lookers"], "nobody with an account can decide"),
    ],
)
async def test_reassigning_to_whoever_cannot_decide_is_refused(desk: Desk, to: list[str], told: str) -> None:
    await desk.people.add("gone", actor=SYSTEM)
    await desk.people.change("gone", actor=SYSTEM, active=False)
    await desk.people.set_group("lookers", ["carol"], actor=SYSTEM)
    asked = await desk.open("alice", policy={"audience": ["alice"]})
    answer = await desk.call("root", "POST", f"/requests/{asked['id']}/reassign", json={"to": to})
    assert (answer.status_code, answer.json()["fields"][0]["path"]) == (422, "to")
    assert told in answer.json()["detail"]
    shown = (await desk.call("root", "GET", f"/requests/{asked['id']}")).json()
    assert shown["audience"]["users"] == ["alice"]


async def test_without_accounts_anybody_may_be_named(people: PeopleDesk) -> None:
    inbox = people.desk.inbox
    opened = await inbox.open(draft(audience="ann"))
    assert (await inbox.reassign(opened.id, "zoe", actor=Actor("ann"))).audience.users == ("zoe",)
    await people.add("ann")
    with pytest.raises(InvalidInput, match="'zoe' has no account"):
        await inbox.reassign(opened.id, "zoe", actor=Actor("ann"))


async def test_a_request_of_code_that_too_few_can_decide_is_found(people: PeopleDesk) -> None:
    inbox, store = people.desk.inbox, people.desk.app.store
    await people.people.set_group("legal", ["bob", "carol"], actor=SYSTEM)
    made = {
        "nobody": await inbox.open(draft(audience="zoe")),
        "group": await inbox.open(draft(audience="group:legal")),
        "votes": await inbox.open(draft(audience=["ann", "carol", "zoe"], quorum=at_least(2))),
        "fine": await inbox.open(draft(audience=["ann", "zoe"])),
        "anybody": await inbox.open(draft()),
    }
    assert await store.read(deciders.shortages, requests=made.values()) == []
    await people.add("ann")
    await people.add("carol", role=Role.VIEWER)
    stuck = [made[name].id for name in ("nobody", "group", "votes")]
    assert await store.read(deciders.shortages, requests=made.values()) == stuck
    voted = await inbox.decide(made["votes"].id, "approve", actor=Actor("zoe"))
    assert await store.read(deciders.shortage, voted) is None, "who has voted has done their part"
    await people.add("bob")
    assert await store.read(deciders.shortage, made["group"]) is None


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    async with place() as made:
        yield made


async def test_the_page_tells_admins_that_nobody_can_decide_and_offers_who_could(here: Place) -> None:
    root = await here.visitor("root", Role.ADMIN)
    await here.run("approve", {"prompt": "rivers"}, "river")
    (request,) = await views.requests(here.app.store)
    path = f"/requests/{request.id}"
    assert "nobody with an account can decide this: 'bob' has no account" in text(await root.see(path))
    asking = await root.see(path, ask="reassign")
    assert '<option value="root">' in asking
    assert '<option value="bob">' not in asking
    answer = await root.post(f"{path}/reassign", 422, to="root, nobody", reason="away")
    assert "'nobody' has no account" in text(answer.text)
    assert "Name somebody else, or change that under People." in text(answer.text)
    assert 'href="/settings/people">People</a>' in answer.text
    assert "`" not in text(answer.text), "whoever is in a browser gives no commands"
    assert 'aria-describedby="ask-to-error"' in answer.text
    assert 'value="root, nobody"' in answer.text
    await here.visitor("bob")
    assert "Too few can decide" not in text(await root.see(path))


async def test_who_is_no_admin_is_offered_those_around_the_request(here: Place) -> None:
    bob = await here.visitor("bob")
    for name in ("carol", "dave"):
        await here.people.add(name, actor=SYSTEM)
    await here.people.set_group("press", ["bob", "carol"], actor=SYSTEM)
    await here.run("approve", {"prompt": "rivers"}, "river")
    (request,) = await views.requests(here.app.store)
    page = await bob.see(f"/requests/{request.id}", ask="reassign")
    for name, offered in (("bob", True), ("carol", True), ("group:press", True), ("dave", False)):
        assert (f'<option value="{name}">' in page) is offered, name
