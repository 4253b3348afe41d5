"""Messages to channels: stored with the move that caused them, delivered at least once, given up in the end."""

import asyncio
import logging
import os
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handrail import App
from handrail.inbox import outbox
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.outbox import ATTEMPTS, LONGEST_PAUSE, PATIENCE, RESERVED, Outbox, pause
from handrail.inbox.ports import Message
from handrail.requests.decision import Actor
from handrail.requests.policy import escalation
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from tests.support import requests_sender
from tests.support.requests_desk import ROBOT, Desk, desk

ANN = Actor("ann")


class Told(Channel):
    """A channel that keeps what it was told, and raises what it is given to raise, one by one."""

    follows = False

    def __init__(self, *errors: BaseException | None) -> None:
        self.errors = list(errors)
        self.messages: list[Message] = []
        self.requests: list[HumanRequest] = []
        self.told = asyncio.Event()

    async def deliver(self, delivery: Delivery) -> None:
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        self.messages.append(delivery.message)
        self.requests.append(delivery.request)
        self.told.set()

    @property
    def occasions(self) -> list[str]:
        return [message.occasion for message in self.messages]


async def deliver(opened: Desk, **channels: Any) -> int:
    return await Outbox(opened.app.store, channels, opened.clock).deliver_due()


async def test_every_occasion_is_told_to_every_channel_of_the_request() -> None:
    async with desk() as opened:
        slack, mail = Told(), Told()
        request = await opened.open(
            channels=["slack", "mail"],
            audience="ann",
            reminders=[10],
            escalations=[escalation(20, "bob")],
            timeout=30,
        )
        await opened.open(channels=["slack"])
        expected = ["opened"]
        await opened.inbox.comment(request.id, "hm", actor=ANN)
        expected.append("commented")
        await opened.inbox.reassign(request.id, "ann", actor=ROBOT)
        expected.append("reassigned")
        await opened.inbox.remind(request.id, actor=ROBOT)
        expected.append("reminded")
        for occasion in ("reminded", "escalated", "ended"):
            opened.clock.turn(10)
            await opened.sweep()
            expected.append(occasion)
        await deliver(opened, slack=slack, mail=mail)
        assert sorted(mail.occasions) == sorted(expected)
        assert sorted(slack.occasions) == sorted([*expected, "opened"])
        assert len({message.id for message in (*slack.messages, *mail.messages)}) == 2 * len(expected) + 1
        assert await deliver(opened, slack=slack, mail=mail) == 0


async def test_votes_that_end_nothing_are_told_too() -> None:
    async with desk() as opened:
        mail = Told()
        request = await opened.open(channels=["mail"], audience=["ann", "bob"], quorum="all")
        await opened.decide(request, "ann", "approve")
        await deliver(opened, mail=mail)
        assert mail.occasions == ["opened", "decided"]
        await opened.decide(request, "bob", "approve")
        await deliver(opened, mail=mail)
        assert mail.occasions == ["opened", "decided", "ended"]


async def test_an_edit_among_several_tells_the_end_of_one_and_the_opening_of_the_next() -> None:
    async with desk() as opened:
        mail = Told()
        first = await opened.open(channels=["mail"], audience=["ann", "bob"], quorum="all")
        await deliver(opened, mail=mail)
        opened.clock.turn(1)
        second = await opened.decide(first, "ann", "edit", payload={"content": "x"})
        await deliver(opened, mail=mail)
        assert sorted((message.request_id, message.occasion) for message in mail.messages[1:]) == sorted(
            [(first.id, "ended"), (second.id, "opened")]
        )


async def test_the_channel_is_given_the_request_as_it_is_now() -> None:
    async with desk() as opened:
        mail = Told()
        request = await opened.open(channels=["mail"])
        await opened.decide(request, "ann", "approve")
        await deliver(opened, mail=mail)
        assert {told.status for told in mail.requests} == {"RESOLVED"}


# -- failures --------------------------------------------------------------------------------------------


async def test_a_failed_delivery_is_tried_again_after_a_growing_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with desk() as opened:
        mail = Told(OSError("down"), OSError("down"), OSError("down"))
        request = await opened.open(channels=["mail"])
        pauses = []
        for attempt in range(1, 4):
            assert await deliver(opened, mail=mail) == 1
            (message,) = await opened.messages(request)
            assert (message.attempts, message.state, message.error) == (attempt, "pending", "OSError")
            assert await deliver(opened, mail=mail) == 0
            pauses.append(message.due_at - opened.clock.now())
            opened.clock.turn(pauses[-1])
        assert pauses == sorted(pauses)
        await deliver(opened, mail=mail)
        (message,) = await opened.messages(request)
        assert (message.attempts, message.state, message.error) == (4, "sent", None)
        assert mail.occasions == ["opened"]


def test_pauses_double_up_to_an_hour_and_are_spread() -> None:
    assert [pause(attempts, 1.0).total_seconds() for attempts in (1, 2, 3, 60)] == [2, 4, 8, LONGEST_PAUSE]
    assert pause(3, 0.0).total_seconds() == 4
    total = sum((pause(attempts, 0.5) for attempts in range(1, ATTEMPTS)), timedelta())
    assert timedelta(days=1) < total < timedelta(days=3)


async def test_a_message_is_given_up_in_the_end_and_costs_nothing_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with desk() as opened:
        mail = Told(*[ValueError("no such address")] * (ATTEMPTS + 5))
        request = await opened.open(channels=["mail"])
        tried = 0
        for _ in range(ATTEMPTS + 5):
            tried += await deliver(opened, mail=mail)
            opened.clock.turn(LONGEST_PAUSE)
        (message,) = await opened.messages(request)
        assert (tried, message.attempts, message.state, message.error) == (
            ATTEMPTS,
            ATTEMPTS,
            "failed",
            "ValueError",
        )


@pytest.mark.parametrize(
    "error",
    [Exception("x"), KeyError(), asyncio.CancelledError(), TimeoutError(), ExceptionGroup("x", [OSError()])],
)
async def test_whatever_a_channel_raises_stops_no_other(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with desk() as opened:
        bad, good = Told(error), Told()
        first = await opened.open(channels=["bad", "good"])
        await opened.open(channels=["bad", "good"])
        assert await deliver(opened, bad=bad, good=good) == 4
        assert (len(bad.messages), len(good.messages)) == (1, 2)
        assert sum(message.state == "pending" for message in await opened.messages()) == 1
        assert (await opened.stored(first)).status == "OPEN"


async def test_the_message_of_an_error_is_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    async with desk() as opened:
        await opened.open(channels=["mail"])
        await deliver(opened, mail=Told(OSError("token=hunter2")))
        (message,) = await opened.messages()
        assert message.error == "OSError"
        assert "hunter2" not in caplog.text
        assert message.id in caplog.text


async def test_a_slow_channel_holds_up_no_other() -> None:
    class Stuck(Channel):
        def __init__(self) -> None:
            self.begun, self.free = asyncio.Event(), asyncio.Event()

        async def deliver(self, delivery: Delivery) -> None:
            self.begun.set()
            await self.free.wait()

    async with desk() as opened:
        stuck, good = Stuck(), Told()
        await opened.open(channels=["stuck", "good"])
        delivering = asyncio.create_task(deliver(opened, stuck=stuck, good=good))
        async with asyncio.timeout(20):
            await stuck.begun.wait()
            await good.told.wait()
        stuck.free.set()
        assert await delivering == 2


async def test_a_channel_that_hangs_has_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    class Hanging(Channel):
        async def deliver(self, delivery: Delivery) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(outbox, "PATIENCE", timedelta(seconds=0.01))
    async with desk() as opened:
        await opened.open(channels=["mail"])
        assert await deliver(opened, mail=Hanging()) == 1
        (message,) = await opened.messages()
        assert (message.state, message.error) == ("pending", "TimeoutError")


async def test_stopping_leaves_the_message_for_later() -> None:
    class Hanging(Channel):
        begun = asyncio.Event()

        async def deliver(self, delivery: Delivery) -> None:
            self.begun.set()
            await asyncio.Event().wait()

    async with desk() as opened:
        channel = Hanging()
        await opened.open(channels=["mail"])
        delivering = asyncio.create_task(deliver(opened, mail=channel))
        await channel.begun.wait()
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering
        (message,) = await opened.messages()
        assert (message.state, message.attempts) == ("pending", 1), "nobody knows whether it arrived"
        opened.clock.turn(RESERVED)
        mail = Told()
        assert await deliver(opened, mail=mail) == 1


class Stuck(Told):
    """A channel that keeps what it is given for as long as it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    async def deliver(self, delivery: Delivery) -> None:
        self.begun.set()
        await asyncio.Event().wait()


async def stopped(delivering: "asyncio.Task[int]") -> None:
    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering


async def test_stopping_is_no_attempt_for_what_was_taken_and_not_begun() -> None:
    async with desk() as opened:
        channel = Stuck()
        for _ in range(3):
            await opened.open(channels=["mail"])
        before = await opened.messages()
        delivering = asyncio.create_task(deliver(opened, mail=channel))
        await channel.begun.wait()
        assert [message.attempts for message in await opened.messages()] == [1, 1, 1]
        await stopped(delivering)
        after = await opened.messages()
        assert sorted(message.attempts for message in after) == [0, 0, 1]
        assert {message.id for message in after if message in before} == {
            message.id for message in after if message.attempts == 0
        }, "as they were"
        assert await deliver(opened, mail=Told()) == 3, "another process needn't wait"


async def test_stopping_while_messages_are_taken_gives_them_back() -> None:
    async with desk() as opened:
        await opened.open(channels=["mail"])
        before = await opened.messages()
        held, free = threading.Event(), threading.Event()

        def busy(_tx: Any) -> None:
            held.set()
            assert free.wait(60)

        writing = asyncio.create_task(opened.app.store.do(busy))
        assert await asyncio.to_thread(held.wait, 60)
        delivering = asyncio.create_task(deliver(opened, mail=Told()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # it has asked for its messages
        delivering.cancel()
        free.set()
        await writing
        with pytest.raises(asyncio.CancelledError):
            await delivering
        assert await opened.messages() == before


async def test_stopping_gives_back_what_was_taken_of_however_much_is_due() -> None:
    async with desk() as opened:
        request = await opened.open(channels=["mail"])
        (first,) = await opened.messages(request)

        def many(tx: Any) -> None:
            for number in range(1500):
                tx.add_message(replace(first, id=f"{first.id}.{number:04}", to=f"person-{number}"))

        await opened.app.store.do(many)
        channel = Stuck()
        delivering = asyncio.create_task(deliver(opened, mail=channel))
        await channel.begun.wait()
        await stopped(delivering)
        waiting = await opened.app.store.read(lambda tx: tx.messages(request.id, 2000))
        assert {message.due_at for message in waiting} == {first.due_at}


async def test_what_the_time_did_not_suffice_for_was_no_attempt() -> None:
    async with desk() as opened:

        class Slow(Told):
            async def deliver(self, delivery: Delivery) -> None:
                await super().deliver(delivery)
                opened.clock.turn(RESERVED - PATIENCE + timedelta(seconds=1))

        for _ in range(2):
            await opened.open(channels=["mail"])
        await deliver(opened, mail=Slow())
        assert sorted(message.attempts for message in await opened.messages()) == [0, 1]


async def test_what_the_time_doesnt_suffice_for_is_left_for_later() -> None:
    async with desk() as opened:

        class Slow(Told):
            async def deliver(self, delivery: Delivery) -> None:
                await super().deliver(delivery)
                opened.clock.turn(RESERVED - PATIENCE + timedelta(seconds=1))

        slow = Slow()
        for _ in range(3):
            await opened.open(channels=["mail"])
        assert await deliver(opened, mail=slow) == 1
        opened.clock.turn(RESERVED)
        assert await deliver(opened, mail=slow) == 1
        assert len(slow.messages) == 2


# -- several processes -----------------------------------------------------------------------------------


async def test_two_that_deliver_at_once_deliver_each_message_once(tmp_path: Path) -> None:
    url, clock, one, two = f"sqlite:///{tmp_path}/x.db", TurnableClock(), Told(), Told()
    async with desk(url, clock=clock) as opened, desk(url, clock=clock) as other:
        for _ in range(20):
            await opened.open(channels=["mail"])
        await asyncio.gather(
            *(Outbox(opened.app.store, {"mail": one}, clock).deliver_due(3) for _ in range(7)),
            *(Outbox(other.app.store, {"mail": two}, clock).deliver_due(3) for _ in range(7)),
        )
        ids = [message.id for message in (*one.messages, *two.messages)]
        assert len(ids) == len(set(ids)) == 20


async def test_a_message_for_a_channel_that_isnt_here_waits_for_a_process_that_has_it(tmp_path: Path) -> None:
    url, mail = f"sqlite:///{tmp_path}/x.db", Told()
    async with App(store=url, channels={"web": Told()}).work() as app:
        async with desk(url) as opened:
            request = await opened.open(channels=["mail"])
        await app.store.do(_nothing)
    async with desk(url) as opened:
        assert await deliver(opened, web=Told()) == 0
        (message,) = await opened.messages(request)
        assert (message.state, message.attempts) == ("pending", 0)
    async with App(store=url, channels={"mail": mail}).work():
        async with asyncio.timeout(20):
            await mail.told.wait()
    async with desk(url) as opened:
        (message,) = await opened.messages(request)
        assert (message.state, message.attempts, mail.occasions) == ("sent", 1, ["opened"])


def _nothing(tx: Any) -> None:
    return None


@pytest.mark.journey
@pytest.mark.parametrize(
    ("point", "before"), [("deliver:before", 0), ("deliver:sent", 1), ("deliver:after", 1)]
)
async def test_a_process_that_dies_while_it_delivers_loses_no_message(
    tmp_path: Path, point: str, before: int
) -> None:
    url, paper = f"sqlite:///{tmp_path}/x.db", tmp_path / "paper.txt"
    async with desk(url, clock=TurnableClock(datetime.now(UTC))) as opened:
        request = await opened.open(channels=["paper"])
    environment = {**os.environ, "HANDRAIL_KILL_AT": point}
    command = [sys.executable, requests_sender.__file__, url, str(paper)]
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    async with asyncio.timeout(60):
        assert await process.wait() == -signal.SIGKILL
    assert lines(paper) == before
    async with desk(url, clock=TurnableClock(datetime.now(UTC))) as opened:
        channel = requests_sender.Paper(paper)
        assert await deliver(opened, paper=channel) == 0  # nobody knows yet whether that process is alive
        opened.clock.turn(RESERVED)
        await deliver(opened, paper=channel)
        (message,) = await opened.messages(request)
        assert message.state == "sent"
        assert await deliver(opened, paper=channel) == 0
    assert lines(paper) == (1 if point != "deliver:sent" else 2)
    assert len(set(paper.read_text().splitlines())) == 1  # a repetition is known by the id of its message


def lines(paper: Path) -> int:
    return len(paper.read_text().splitlines()) if paper.exists() else 0
