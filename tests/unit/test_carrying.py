"""What a channel returns or raises comes to places or to an error that is seen; it holds up nothing else."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from handrail.inbox.carrying import LONGEST_PLACE, LONGEST_WAIT, NO_TIME, asked_to_wait, told
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.outbox import Outbox
from handrail.inbox.ports import Sent
from handrail.requests.errors import ChannelError, RateLimited
from tests.support.requests_desk import Desk, desk


class Odd(Channel):
    """A channel that returns what it is told to, for the requests that are odd."""

    def __init__(self, **returns: Any) -> None:
        self.returns = returns
        self.delivered: list[str] = []

    def recipients(self, request: Any) -> Sequence[str]:
        odd = "recipients" in self.returns and request.draft.proposal == {"content": "odd"}
        found: Sequence[str] = self.returns["recipients"] if odd else ("",)
        return found

    async def deliver(self, delivery: Delivery) -> str | None:
        self.delivered.append(delivery.request.id)
        odd = delivery.request.draft.proposal == {"content": "odd"}
        if odd and isinstance(error := self.returns.get("raises"), Exception):
            raise error
        found: str | None = self.returns.get("deliver") if odd else None
        return found

    async def find(self, delivery: Delivery) -> Sequence[str]:
        found: Sequence[str] = self.returns.get("find", ())
        return found


class Speechless(ChannelError):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def box(opened: Desk, channel: Channel) -> Outbox:
    return Outbox(opened.app.store, {"odd": channel}, opened.clock)


ODD_PLACES = [{"a": 1}, ["a"], b"a", object(), True, "\ud800", "a\0b", "x" * (LONGEST_PLACE + 1)]
ODD_RECIPIENTS = [None, "abc", 5, [None], [object()], ["\ud800"]]


@pytest.mark.parametrize(
    "returns",
    [
        *({"deliver": each} for each in ODD_PLACES),
        *({"recipients": each} for each in ODD_RECIPIENTS),
        {"raises": Speechless()},
        {"raises": ChannelError("\ud800")},
    ],
)
async def test_what_cant_be_stored_is_an_error_that_is_seen_and_holds_up_nothing_else(
    returns: dict[str, Any],
) -> None:
    async with desk() as opened:
        odd = await opened.open({"content": "odd"}, channels=["odd"])
        well = await opened.open(channels=["odd"])
        channel = Odd(**returns)
        await box(opened, channel).deliver_due()
        assert well.id in channel.delivered
        (message,) = await opened.messages(odd)
        assert (message.state, message.attempts) == ("pending", 1)
        assert message.error
        assert message.error.encode()


async def test_a_place_may_be_a_number() -> None:
    async with desk() as opened:
        odd = await opened.open({"content": "odd"}, channels=["odd"])
        await box(opened, Odd(deliver=17)).deliver_due()
        sent: list[Sent] = await opened.app.store.read(lambda tx: tx.sent(odd.id, "odd"))
        assert [each.place for each in sent] == ["17"]


@pytest.mark.parametrize("found", ["C1/2", ["\ud800"], [None], 5])
async def test_places_that_are_none_are_an_error(found: Any) -> None:
    async with desk() as opened:
        odd = await opened.open({"content": "odd"}, channels=["odd"])
        channel = Odd(raises=ChannelError("at first"), find=found)
        for _ in range(2):
            await box(opened, channel).deliver_due()
            opened.clock.turn(5)
        (message,) = await opened.messages(odd)
        assert (message.state, message.attempts) == ("pending", 2)
        assert message.error != "at first"


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (30, 30.0),
        ("2.5", 2.5),
        (0, NO_TIME),
        (-5, NO_TIME),
        (float("nan"), NO_TIME),
        (None, NO_TIME),
        ("soon", NO_TIME),
        (float("inf"), LONGEST_WAIT),
        (1e30, LONGEST_WAIT),
    ],
)
def test_a_channel_is_left_alone_as_long_as_it_asks_within_reason(asked: Any, waited: float) -> None:
    assert asked_to_wait(RateLimited("slower", retry_after=asked)).total_seconds() == waited


def test_the_words_of_a_channel_are_made_visible() -> None:
    assert told(ChannelError("gone\x1b[2J")) == "gone[U+001B][2J"
    assert told(Speechless()) == "Speechless"
