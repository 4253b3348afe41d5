"""The door of a channel: whose address it is, what they may do, and nothing twice."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from handrail.inbox.ports import Message
from handrail.people.door import REMEMBERED, ChannelDoor
from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import (
    Conflict,
    InvalidDecision,
    InvalidInput,
    NotAllowed,
    Repeated,
    StoreFull,
    UnknownId,
)
from handrail.requests.policy import at_least
from handrail.requests.request import HumanRequest
from tests.support.people_desk import KEEPER
from tests.support.requests_desk import Desk, desk

ADDRESSES = {"alice": "U1", "bob": "U2", "carol": "U3"}


@dataclass
class AtTheDoor:
    """A store with alice, bob and carol, and the door of the channel `wall`, through which they come."""

    desk: Desk
    door: ChannelDoor

    async def open(self, **options: Any) -> HumanRequest:
        return await self.desk.open(**{"audience": ["alice", "bob"], "channels": ["wall"], **options})

    async def messages(self, request: HumanRequest, occasion: str) -> list[Message]:
        return [one for one in await self.desk.messages(request) if one.occasion == occasion]


@asynccontextmanager
async def at_the_door(store: str = "memory://") -> AsyncIterator[AtTheDoor]:
    async with desk(store) as opened:
        for name, address in ADDRESSES.items():
            await opened.app.people.add(name, actor=KEEPER, email=f"{name}@example.com")
            await opened.app.people.add_identity(name, "wall", address, actor=KEEPER)
        yield AtTheDoor(opened, opened.app.door("wall"))


# -- whose address ----------------------------------------------------------------------------------------------------


async def test_an_address_is_its_persons_and_a_strangers_is_nobodys() -> None:
    async with at_the_door() as at:
        assert await at.door.name("U1") == "alice"
        for stranger in ("U9", "u1", "alice", ""):
            with pytest.raises(NotAllowed, match="nobody is known by") as refused:
                await at.door.name(stranger)
            assert refused.value.rule == "identity"
        assert "handrail users identity NAME wall U9" in str(await refusal_of(at.door.name("U9")))


def rule_of(error: object) -> str:
    """Return which rule somebody was refused by."""
    assert isinstance(error, NotAllowed)
    return error.rule


async def refusal_of(doing: Any) -> Exception:
    with pytest.raises(Exception) as refused:
        await doing
    return refused.value


async def test_the_address_of_another_channel_is_worth_nothing_here() -> None:
    async with at_the_door() as at:
        request = await at.open()
        other = at.desk.app.door("other")
        for doing in (other.decide("U1", request.id, "approve"), other.request("U1", request.id)):
            assert isinstance(await refusal_of(doing), NotAllowed)
        assert not (await at.desk.stored(request)).decisions


async def test_who_was_switched_off_can_do_nothing() -> None:
    async with at_the_door() as at:
        request = await at.open()
        await at.desk.app.people.change("alice", actor=KEEPER, active=False)
        doings = (
            at.door.name("U1"),
            at.door.request("U1", request.id),
            at.door.may_decide("U1", request.id),
            at.door.work("U1"),
            at.door.decide("U1", request.id, "approve"),
            at.door.comment("U1", request.id, "hm"),
        )
        for doing in doings:
            with pytest.raises(NotAllowed, match="switched off") as refused:
                await doing
            assert refused.value.rule == "identity"
        assert await at.desk.kinds(request) == ["opened"]


# -- what they see ----------------------------------------------------------------------------------------------------


async def test_people_read_and_find_what_asks_them_and_nothing_else_exists() -> None:
    async with at_the_door() as at:
        request, other = await at.open(), await at.open(audience=["bob"])
        assert (await at.door.request("U1", request.id)).id == request.id
        assert [one.id for one in await at.door.work("U1")] == [request.id]
        assert {one.id for one in await at.door.work("U2")} == {request.id, other.id}
        assert await at.door.work("U3") == []
        hidden = await refusal_of(at.door.request("U1", other.id))
        missing = await refusal_of(at.door.request("U1", "req_none"))
        assert isinstance(hidden, UnknownId)
        assert str(hidden).replace(other.id, "") == str(missing).replace("req_none", "")


async def test_whether_somebody_may_decide_is_said_before_they_do() -> None:
    async with at_the_door() as at:
        request = await at.open()
        assert (await at.door.may_decide("U1", request.id)).id == request.id
        demanding = await at.open(require="session")
        assert isinstance(await refusal_of(at.door.may_decide("U1", demanding.id)), NotAllowed)
        assert rule_of(await refusal_of(at.door.may_decide("U3", request.id))) == "audience"
        await at.desk.inbox.claim(request.id, actor=Actor("bob"))
        assert isinstance(await refusal_of(at.door.may_decide("U1", request.id)), NotAllowed)
        await at.desk.decide(request, "bob", "approve")
        late = await refusal_of(at.door.may_decide("U1", request.id))
        assert isinstance(late, Conflict)
        assert late.winner == "bob"


# -- what they do -----------------------------------------------------------------------------------------------------


async def test_a_decision_is_its_persons_and_says_how_surely_that_is_known() -> None:
    async with at_the_door() as at:
        request = await at.open()
        decided = await at.door.decide("U1", request.id, "edit", payload={"content": "x"}, comment="shorter")
        (decision,) = decided.decisions
        assert (decision.actor, decision.strength, decision.channel) == ("alice", Strength.CHANNEL, "wall")
        assert (decision.verb, decision.payload, decision.comment) == ("edit", {"content": "x"}, "shorter")
        assert decided.ended


async def test_a_decision_is_bound_to_what_was_shown() -> None:
    async with at_the_door() as at:
        request = await at.open()
        with pytest.raises(Conflict):
            await at.door.decide("U1", request.id, "approve", seen_hash="of something else")
        assert (await at.door.decide("U1", request.id, "approve", seen_hash=request.content_hash)).ended


@pytest.mark.parametrize("given", [{"verb": "bless"}, {"verb": "edit", "payload": {"price": 1}}])
async def test_a_bad_decision_names_its_fields_and_leaves_it_open(given: dict[str, Any]) -> None:
    async with at_the_door() as at:
        request = await at.open(verbs=["approve", "edit"])
        with pytest.raises(InvalidDecision) as refused:
            await at.door.decide("U1", request.id, **given)
        assert refused.value.fields
        assert await at.desk.stored(request) == request


async def test_who_is_not_asked_is_told_why_and_where_a_session_is_demanded_the_channel_is_not_enough() -> (
    None
):
    async with at_the_door() as at:
        request, demanding = await at.open(), await at.open(require="session")
        assert rule_of(await refusal_of(at.door.decide("U3", request.id, "approve"))) == "audience"
        assert rule_of(await refusal_of(at.door.comment("U3", request.id, "hm"))) == "audience"
        refused = await refusal_of(at.door.decide("U1", demanding.id, "approve"))
        assert isinstance(refused, NotAllowed)
        for one in (request, demanding):
            assert await at.desk.kinds(one) == ["opened"]


async def test_a_comment_says_where_it_was_said() -> None:
    async with at_the_door() as at:
        request = await at.open()
        await at.door.comment("U1", request.id, "hm", place="note 1")
        (told,) = await at.messages(request, "commented")
        assert told.detail == {"by": "alice", "text": "hm", "of": "note 1"}
        with pytest.raises(InvalidInput):
            await at.door.comment("U1", request.id, "  ")


# -- nothing twice ----------------------------------------------------------------------------------------------------


async def test_what_was_received_before_is_not_done_again() -> None:
    async with at_the_door() as at:
        request = await at.open(quorum="all")
        await at.door.comment("U1", request.id, "hm", once="event 1")
        await at.door.decide("U1", request.id, "approve", once="event 2")
        before = await at.desk.events(request)
        for again in (
            at.door.decide("U1", request.id, "approve", once="event 2"),
            at.door.comment("U1", request.id, "hm", once="event 1"),
            at.door.decide("U2", request.id, "approve", once="event 1"),
        ):
            with pytest.raises(Repeated, match="has received event"):
                await again
        assert await at.desk.events(request) == before
        assert (await at.door.comment("U1", request.id, "hm", once="event 3")).id == request.id


async def test_of_five_that_come_at_once_one_counts() -> None:
    async with at_the_door() as at:
        request = await at.open(quorum="all")
        found = await asyncio.gather(
            *(at.door.decide("U1", request.id, "approve", once="event") for _ in range(5)),
            return_exceptions=True,
        )
        assert [type(one) for one in found].count(Repeated) == 4
        assert await at.desk.kinds(request) == ["opened", "decided"]


async def test_what_was_refused_stays_refused_whatever_has_changed_since() -> None:
    async with at_the_door() as at:
        request = await at.open(audience=["alice"])
        assert rule_of(await refusal_of(at.door.decide("U2", request.id, "approve", once="e"))) == "audience"
        await at.desk.inbox.reassign(request.id, ["bob"], actor=KEEPER)
        with pytest.raises(Repeated):
            await at.door.decide("U2", request.id, "approve", once="e")
        assert not (await at.desk.stored(request)).decisions
        assert (await at.door.decide("U2", request.id, "approve", once="another")).ended


async def test_a_conflict_is_told_once_and_is_a_repetition_then() -> None:
    async with at_the_door() as at:
        request = await at.open()
        await at.desk.decide(request, "bob", "approve")
        with pytest.raises(Conflict, match="bob"):
            await at.door.decide("U1", request.id, "reject", once="e")
        with pytest.raises(Repeated):
            await at.door.decide("U1", request.id, "reject", once="e")


async def test_what_the_store_had_no_room_for_can_be_received_again(tmp_path: Any) -> None:
    async with at_the_door(f"sqlite:///{tmp_path}/x.db") as at:
        request = await at.open()
        pages = await at.desk.app.store.do(_limit, pages=None)
        with pytest.raises(StoreFull):
            await at.door.comment("U1", request.id, "x" * 200_000, once="e")
        await at.desk.app.store.do(_limit, pages=pages * 1000)
        await at.door.comment("U1", request.id, "x" * 200_000, once="e")
        assert await at.desk.kinds(request) == ["opened", "commented"]


def _limit(tx: Any, *, pages: int | None) -> int:
    """Give the database so many pages, or a few more than it has; return how many it has."""
    (count,) = tx.connection.execute("PRAGMA page_count").fetchone()
    tx.connection.execute(f"PRAGMA max_page_count = {pages or count + 20}")
    return int(count)


async def test_channels_don_t_mix_up_what_they_have_received() -> None:
    async with at_the_door() as at:
        await at.desk.app.people.add_identity("alice", "other", "A", actor=KEEPER)
        request = await at.open()
        await at.door.comment("U1", request.id, "hm", once="e")
        await at.desk.app.door("other").comment("A", request.id, "hm", once="e")
        assert await at.desk.kinds(request) == ["opened", "commented", "commented"]


async def received(at: AtTheDoor) -> list[str]:
    rows = await at.desk.app.store.read(
        lambda tx: tx.connection.execute("SELECT id FROM received ORDER BY id").fetchall()
    )
    return [name for (name,) in rows]


async def test_what_was_received_is_remembered_until_its_request_has_ended_and_for_a_week() -> None:
    async with at_the_door() as at:
        request, other = await at.open(), await at.open()
        await at.door.comment("U1", request.id, "hm", once="e")
        for days in (8, 1, 30):
            at.desk.clock.turn(timedelta(days=days))
            await at.door.comment("U1", other.id, "hm", once=f"another, {days} days later")
            with pytest.raises(Repeated):
                await at.door.comment("U1", request.id, "hm", once="e")
        await at.desk.decide(request, "bob", "approve")
        await at.desk.decide(other, "bob", "approve")
        at.desk.clock.turn(REMEMBERED + timedelta(seconds=1))
        third = await at.open()
        await at.door.comment("U1", third.id, "hm", once="last")
        assert await received(at) == ["last"], "rows don't pile up"
        with pytest.raises(Conflict):  # what is forgotten changes nothing any more
            await at.door.decide("U1", request.id, "reject", once="e")


async def test_a_vote_that_comes_again_after_weeks_does_not_take_back_the_one_after_it() -> None:
    async with at_the_door() as at:
        request = await at.open(audience=["alice", "bob", "carol"], quorum=at_least(2))
        await at.door.decide("U1", request.id, "abstain", once="first")
        await at.door.decide("U1", request.id, "approve", once="second thoughts")
        voted = (await at.desk.stored(request)).decisions
        at.desk.clock.turn(timedelta(days=8))
        with pytest.raises(Repeated):
            await at.door.decide("U1", request.id, "abstain", once="first")
        assert (await at.desk.stored(request)).decisions == voted


async def test_what_was_refused_stays_refused_for_weeks_too() -> None:
    async with at_the_door() as at:
        request = await at.open(audience=["alice"])
        assert rule_of(await refusal_of(at.door.decide("U2", request.id, "approve", once="e"))) == "audience"
        await at.desk.inbox.reassign(request.id, ["bob"], actor=KEEPER)
        at.desk.clock.turn(timedelta(days=8))
        with pytest.raises(Repeated):
            await at.door.decide("U2", request.id, "approve", once="e")
        assert not (await at.desk.stored(request)).decisions


# -- what was sent ----------------------------------------------------------------------------------------------------


async def test_what_is_kept_afterwards_is_made_true() -> None:
    async with at_the_door() as at:
        request = await at.open()
        await at.desk.decide(request, "alice", "approve")
        for _ in range(2):
            await at.door.keep(request.id, "note 9", to="#deploys", message_id="msg_1")
        (kept,) = await at.door.sent(request.id)
        assert (kept.to, kept.place, kept.message_id) == ("#deploys", "note 9", "msg_1")
        told = [one for one in await at.messages(request, "ended") if one.place]
        assert {(one.to, one.place) for one in told} == {("#deploys", "note 9")}
        await at.door.keep("req_none", "note 9", to="", message_id="msg_1")
        assert await at.door.sent("req_none") == []


# -- whom to reach ----------------------------------------------------------------------------------------------------


async def test_people_are_found_by_what_they_are_known_by() -> None:
    async with at_the_door() as at:
        assert await at.door.addresses("alice") == ["U1"]
        assert await at.door.addresses("nobody") == []
        assert await at.desk.app.door("email").addresses("alice") == ["alice@example.com"]
        assert await at.door.email("alice") == "alice@example.com"
        await at.desk.app.people.change("alice", actor=KEEPER, active=False)
        for name in ("alice", "nobody"):
            assert await at.door.email(name) is None


async def test_an_address_is_learnt_from_an_email_that_the_channel_vouches_for() -> None:
    async with at_the_door() as at:
        assert await at.door.learn("U7", "ALICE@Example.com") == "alice"
        assert await at.door.name("U7") == "alice"
        assert await at.door.learn("U8", "eve@example.com") is None
        assert isinstance(await refusal_of(at.door.name("U8")), NotAllowed)


async def test_what_is_written_about_a_refusal_carries_no_content(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with at_the_door() as at:
        request = await at.open(proposal={"content": "hunter2"})
        errors = [
            await refusal_of(at.door.decide("U9", request.id, "approve", comment="hunter2")),
            await refusal_of(at.door.decide("U3", request.id, "approve", comment="hunter2")),
            await refusal_of(at.door.decide("U1", request.id, "bless", comment="hunter2")),
        ]
        assert "hunter2" not in "".join(map(str, errors)) + caplog.text
