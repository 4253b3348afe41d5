"""What pages say of channels: a request's messages, by who looks; whom somebody is on channels; trying again."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handrail.inbox.outbox import ATTEMPTS
from handrail.inbox.ports import Message, MessageFilter
from handrail.people.facts import Role
from handrail.requests.decision import Actor
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft
from tests.support.web_visits import ROOT, Place, place, text

NASTY = "<script>alert(1)</script>"


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    async with place() as made:
        yield made


async def asked(here: Place, *channels: str, **options: Any) -> HumanRequest:
    """Open a request that `ian` asks of alice and bob."""
    given = {"audience": ["alice", "bob"], **options}
    draft = RequestDraft(
        "approval", "Deploy?", {"content": "now"}, policy=policy(**given), channels=tuple(channels)
    )
    return await here.app.inbox.open(draft, initiator="ian")


async def become(here: Place, request: HumanRequest, channel: str, **changes: Any) -> Message:
    """Let a request's message to a channel be like that."""

    def change(tx: Any) -> Message:
        (message,) = tx.find_messages(MessageFilter(None, channel, request.id), None, 1)
        tx.update_message(replace(message, **changes))
        return replace(message, **changes)

    return await here.app.store.do(change)


def section(page: str) -> str:
    """Return what a page says of channels."""
    found = re.search(r'aria-labelledby="told-h">(.*?)</section>', page, re.DOTALL)
    return text(found[1]) if found else ""


async def test_admins_and_whoever_asked_see_each_message_and_those_asked_where_it_goes(here: Place) -> None:
    request = await asked(here, "slack:#deploys", "email:boss@example.com", "pager", "callback")
    await become(here, request, "slack", state="sent", attempts=1)
    await become(here, request, "email", state="failed", attempts=ATTEMPTS, error=f"no mailbox {NASTY}")
    late = here.clock.now() + timedelta(minutes=9)
    await become(here, request, "pager", attempts=3, due_at=late, error="busy")
    admin, initiator = await here.visitor("keeper", Role.ADMIN), await here.visitor("ian")
    for visitor in (admin, initiator):
        told = section(await visitor.see(f"/requests/{request.id}"))
        for words in (
            "slack #deploys The request · Sent just now",
            f"email boss@example.com The request · Given up after {ATTEMPTS} tries no mailbox {NASTY}",
            "pager The request · Waits after 3 tries, next one in 9 min busy",
        ):
            assert words in told, visitor.name
        assert (told.count("Try again"), told.count("callback")) == ((2, 1) if visitor is admin else (0, 1))
    reviewer = await here.visitor("alice")
    told = section(await reviewer.see(f"/requests/{request.id}"))
    assert told == "Told through channels It goes through slack (#deploys), email (boss@example.com), pager."
    silent = await asked(here)
    assert section(await admin.see(f"/requests/{silent.id}")) == ""


async def test_a_message_that_stands_for_single_recipients_is_told_as_those(here: Place) -> None:
    request = await asked(here, "slack")

    def split(tx: Any) -> None:
        (message,) = tx.find_messages(MessageFilter(request_id=request.id), None, 1)
        tx.update_message(replace(message, state="sent"))
        for number in range(15):
            part = replace(message, id=f"{message.id}.{number:04}", to=f"@person-{number}", state="sent")
            tx.add_message(replace(part, state="failed", error="gone") if number == 3 else part)

    await here.app.store.do(split)
    told = section(await (await here.visitor("keeper", Role.ADMIN)).see(f"/requests/{request.id}"))
    assert told.startswith(
        "Told through channels slack @person-3 The request · Given up after 0 tries gone Try"
    )
    assert (told.count("@person-"), "And 3 other messages." in told) == (13, True)


async def test_who_votes_blind_is_not_told_that_others_have_voted(here: Place) -> None:
    request = await asked(here, "slack", audience=["keeper", "alice"], quorum="all", blind=True)
    await here.app.inbox.decide(request.id, "approve", actor=Actor("alice"))
    keeper, alice = await here.visitor("keeper", Role.ADMIN), await here.visitor("alice", Role.ADMIN)
    assert "A vote" not in section(await keeper.see(f"/requests/{request.id}"))
    assert "A vote" in section(await alice.see(f"/requests/{request.id}"))


async def test_an_admin_has_a_message_tried_again_and_others_cannot(here: Place) -> None:
    request = await asked(here, "slack:#deploys")
    message = await become(here, request, "slack", state="failed", attempts=ATTEMPTS, error="gone")
    path = f"/requests/{request.id}/retry"
    for name in ("ian", "alice"):
        await (await here.visitor(name)).post(path, 403, message=message.id)
    admin = await here.visitor("keeper", Role.ADMIN)
    assert "The message is tried now." in await admin.act(path, message=message.id)
    page = section(await admin.see(f"/requests/{request.id}"))
    assert "Waits after 1 try, next one soon" in page
    assert "The message is tried now." in await admin.act(path, message=message.id), "as it is due"
    soon = here.clock.now() + timedelta(seconds=90)
    await become(here, request, "slack", due_at=soon)
    assert "The message is tried within two minutes." in await admin.act(path, message=message.id)
    await become(here, request, "slack", state="sent")
    refused = await admin.post(path, 409, message=message.id)
    assert "was delivered: there is nothing to try again" in text(refused.text)
    await admin.post(path, 404, message="msg_none")
    audit = text(await admin.see("/audit", kind="messages_retried"))
    assert f"keeper had messages of a channel tried again channel slack, message {message.id}" in audit


# -- who somebody is on channels ------------------------------------------------------------------------------------


async def test_an_admin_adds_an_address_and_takes_it_away(here: Place) -> None:
    await here.people.add("alice", actor=ROOT)
    admin = await here.visitor("keeper", Role.ADMIN)
    told = await admin.act("/settings/person/identity", name="alice", channel="slack", address="T1:U1")
    assert "T1:U1 on slack is alice now." in told
    alice = await here.visitor("alice")
    assert "T1:U1 slack just now by keeper" in text(await alice.see("/settings/me"))
    await here.people.add("bob", actor=ROOT)
    given = {"name": "bob", "channel": "slack", "address": "T1:U1"}
    taken = await admin.post("/settings/person/identity", 409, **given)
    assert "'alice' has that address" in text(taken.text)
    gone = {"name": "alice", "channel": "slack", "address": "T1:U1"}
    assert "is nobody now" in await admin.act("/settings/person/identity/remove", **gone)
    assert "taken away already" in await admin.act("/settings/person/identity/remove", **gone)
    assert "No channel knows you" in text(await alice.see("/settings/me"))
    kinds = [line.kind for line in await here.app.store.read(lambda tx: tx.log(0, 1000))]
    assert (kinds.count("identity_added"), kinds.count("identity_removed")) == (1, 1)


@pytest.mark.parametrize(
    ("channel", "address", "field"),
    [("a b", "U1", "channel"), ("slack", "a\u202eb", "address"), ("slack", "", "address")],
)
async def test_an_address_that_none_can_be_is_told_beside_its_field(
    here: Place, channel: str, address: str, field: str
) -> None:
    admin = await here.visitor("keeper", Role.ADMIN)
    given = {"name": "keeper", "channel": channel, "address": address}
    page = (await admin.post("/settings/person/identity", 422, **given)).text
    assert f'id="{field}-error"' in page
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', page)
    assert f'value="{channel}"' in page, "what was typed is kept"


async def test_a_service_account_is_nobody_on_channels(here: Place) -> None:
    await here.people.add("robot", actor=ROOT, service=True)
    admin = await here.visitor("keeper", Role.ADMIN)
    assert "On channels" not in text(await admin.see("/settings/people/robot"))
    given = {"name": "robot", "channel": "slack", "address": "U1"}
    refused = await admin.post("/settings/person/identity", 422, **given)
    assert "service account" in text(refused.text)
