"""Channels that follow: who gets what, once, in which order; what is made true, what a channel that is down costs."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail import ChannelDown, ChannelError, RateLimited
from handrail.inbox.carrying import LONGEST_ERROR
from handrail.inbox.line import SPACING
from handrail.inbox.outbox import ATTEMPTS, LONGEST_DOWN, RESERVED, Outbox
from handrail.inbox.ports import Message, Sent
from handrail.requests.decision import Actor
from handrail.requests.policy import escalation
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from tests.support import wall as walls
from tests.support.requests_desk import ROBOT, Desk, desk
from tests.support.wall import Wall

ANN = Actor("ann")
BOTH = ("@ann", "@bob")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "wall.jsonl"


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def outbox(opened: Desk, wall: Wall, **others: Wall) -> Outbox:
    return Outbox(opened.app.store, {"wall": wall, **others}, opened.clock)


async def deliver(opened: Desk, wall: Wall) -> None:
    """Deliver all that is due by a process of its own."""
    await all_due(outbox(opened, wall))


async def all_due(box: Outbox) -> int:
    tried = 0
    while found := await box.deliver_due():
        tried += found
    return tried


async def sent(opened: Desk, request: HumanRequest) -> list[Sent]:
    found: list[Sent] = await opened.app.store.read(lambda tx: tx.sent(request.id, "wall"))
    return found


async def newest(opened: Desk) -> Message:
    found: list[Message] = await opened.app.store.read(lambda tx: tx.messages(None, 1))
    return found[0]


# -- who gets it ------------------------------------------------------------------------------------------------------


async def test_a_request_goes_to_whom_the_channel_says_each_by_a_message_of_its_own(file: Path) -> None:
    wall = Wall(file, recipients=BOTH)
    async with desk() as opened:
        request = await opened.open(channels=["wall"])
        await deliver(opened, wall)
        assert wall.happened() == [("deliver", "@ann", "opened"), ("deliver", "@bob", "opened")]
        messages = await opened.messages(request)
        assert sorted(message.to for message in messages) == ["", *BOTH]
        assert {message.state for message in messages} == {"sent"}
        kept = {(one.to, one.place, one.message_id) for one in await sent(opened, request)}
        assert kept == {(line["to"], line["place"], line["message"]) for line in wall.lines()}


async def test_who_is_named_gets_it_and_nobody_else(file: Path) -> None:
    wall = Wall(file, recipients=BOTH)
    async with desk() as opened:
        await opened.open(channels=["wall:#deploys", "wall:#deploys", "wall:@eve"])
        await deliver(opened, wall)
        assert wall.notes() == {"#deploys": 1, "@eve": 1}


async def test_what_changes_is_shown_to_all_and_the_end_takes_every_note_down(file: Path) -> None:
    wall = Wall(file, recipients=BOTH)
    async with desk() as opened:
        request = await opened.open(channels=["wall", "wall:#deploys"], audience=["ann", "bob"])
        await deliver(opened, wall)
        await opened.inbox.claim(request.id, actor=ANN)
        await deliver(opened, wall)
        everybody = {"@ann", "@bob", "#deploys"}
        assert {to for _, to, _ in wall.happened("update")} == everybody
        await opened.decide(request, "ann", "approve")
        await deliver(opened, wall)
        assert {to for _, to, _ in wall.happened("withdraw")} == everybody
        assert wall.down() == {line["place"] for line in wall.lines("deliver")}
        assert sum(wall.notes().values()) == 3


async def test_who_is_asked_later_gets_it_then_and_the_others_see_the_change(file: Path) -> None:
    wall = Wall(file, recipients=None)
    async with desk() as opened:
        request = await opened.open(channels=["wall"], audience=["ann"], escalations=[escalation(60, "eve")])
        await deliver(opened, wall)
        await opened.inbox.reassign(request.id, ["ann", "bob"], actor=ROBOT)
        await deliver(opened, wall)
        assert wall.happened()[1:] == [("deliver", "bob", "reassigned"), ("update", "ann", "reassigned")]
        opened.clock.turn(60)
        await opened.sweep()
        await deliver(opened, wall)
        assert wall.notes() == {"ann": 1, "bob": 1, "eve": 1}


async def test_what_asks_the_same_people_twice_at_once_comes_before_them_once(file: Path) -> None:
    wall = Wall(file, recipients=None)
    async with desk() as opened:
        request = await opened.open(channels=["wall"], audience=["ann"])
        await opened.inbox.reassign(request.id, ["bob"], actor=ROBOT)
        named = await opened.open(channels=["wall:#deploys"], audience=["ann"])
        await opened.inbox.reassign(named.id, ["bob"], actor=ROBOT)
        await deliver(opened, wall)
        assert wall.notes() == {"bob": 1, "#deploys": 1}


async def test_what_has_ended_asks_nobody_any_more(file: Path) -> None:
    wall = Wall(file, recipients=BOTH)
    async with desk() as opened:
        request = await opened.open(channels=["wall", "wall:#deploys"])
        await opened.decide(request, "ann", "approve")
        await deliver(opened, wall)
        assert wall.lines() == []
        assert {message.state for message in await opened.messages(request)} == {"sent"}


async def test_a_channel_whose_recipients_cant_be_told_fails_alone(file: Path) -> None:
    class Lost(Wall):
        def recipients(self, request: HumanRequest) -> Sequence[str]:
            raise LookupError("hunter2")

    lost, good = Lost(file.with_suffix(".lost")), Wall(file)
    async with desk() as opened:
        request = await opened.open(channels=["wall", "good"])
        await all_due(outbox(opened, lost, good=good))
        states = {
            message.channel: (message.state, message.error) for message in await opened.messages(request)
        }
        assert states == {"wall": ("pending", "LookupError"), "good": ("sent", None)}


# -- what is said -----------------------------------------------------------------------------------------------------


async def test_what_is_said_is_told_to_those_who_have_it_but_not_where_it_came_from(file: Path) -> None:
    wall = Wall(file, recipients=BOTH)
    async with desk() as opened:
        request = await opened.open(channels=["wall"], audience=["ann", "bob"])
        await deliver(opened, wall)
        anns = next(one.place for one in await sent(opened, request) if one.to == "@ann")
        await opened.app.people.add("ann", actor=ROBOT)
        await opened.app.people.add_identity("ann", "wall", "A1", actor=ROBOT)
        await opened.app.door("wall").comment("A1", request.id, "from the wall", place=anns)
        await opened.inbox.comment(request.id, "from elsewhere", actor=Actor("bob"))
        await deliver(opened, wall)
        said = [(line["to"], line["text"]) for line in wall.lines("deliver")[2:]]
        assert sorted(said) == [
            ("@ann", "from elsewhere"),
            ("@bob", "from elsewhere"),
            ("@bob", "from the wall"),
        ]
        assert all(line["sent"] for line in wall.lines("deliver")[2:]), "it knows beside what to say it"
        assert len(await sent(opened, request)) == 2, "what was said is no note of its own"


@pytest.mark.parametrize("channel", ["wall", "wall:@ann"])
async def test_what_is_said_before_anything_was_delivered_comes_after_it(file: Path, channel: str) -> None:
    wall = Wall(file, recipients=BOTH)
    async with desk() as opened:
        request = await opened.open(channels=[channel])
        await opened.inbox.comment(request.id, "hm", actor=ANN)
        await deliver(opened, wall)
        assert [occasion for _, to, occasion in wall.happened() if to == "@ann"] == ["opened", "commented"]


# -- the order --------------------------------------------------------------------------------------------------------


async def test_of_one_recipient_the_later_waits_for_the_earlier_and_nobody_else_does(file: Path) -> None:
    wall = Wall(file, recipients=BOTH)
    wall.refused["@ann"] = ChannelError("@ann has left")
    async with desk() as opened:
        request = await opened.open(channels=["wall"], audience=["ann", "bob"])
        other = await opened.open(channels=["wall:#deploys"])
        await deliver(opened, wall)
        await opened.inbox.comment(request.id, "hm", actor=ANN)
        await deliver(opened, wall)
        assert [to for _, to, _ in wall.happened("deliver")].count("@ann") == 0
        assert ("deliver", "@bob", "commented") in wall.happened()
        assert [to for _, to, _ in wall.happened() if to == "#deploys"]
        wall.refused.clear()
        for _ in range(3):
            opened.clock.turn(10)
            await deliver(opened, wall)
        told = [occasion for what, to, occasion in wall.happened() if to == "@ann" and what != "find"]
        assert told == ["opened", "commented"]
        assert wall.notes()["@bob"] == 1
        assert [message.state for message in await opened.messages(other)] == ["sent"]


async def test_what_comes_behind_a_failure_is_no_attempt(file: Path) -> None:
    wall = Wall(file, ChannelError("no"))
    async with desk() as opened:
        request = await opened.open(channels=["wall"])
        await opened.inbox.comment(request.id, "hm", actor=ANN)
        assert await outbox(opened, wall).deliver_due() == 1
        attempts = {message.occasion: message.attempts for message in await opened.messages(request)}
        assert attempts == {"opened": 1, "commented": 0}


# -- what is made true ------------------------------------------------------------------------------------------------


async def test_what_changes_while_it_is_sent_is_told_again(file: Path) -> None:
    """Another process has dealt with the end meanwhile, and found nothing that it could have taken down."""
    wall, others = Wall(file, recipients=BOTH), Wall(file, recipients=BOTH)
    async with desk() as opened:
        request = await opened.open(channels=["wall"])

        async def end() -> None:
            await opened.decide(request, "ann", "approve")
            await deliver(opened, others)

        wall.meanwhile = end
        await deliver(opened, wall)
        assert wall.notes() == {"@ann": 1}
        assert wall.down() == {"note 1"}


async def test_what_changes_nothing_meanwhile_is_told_once(file: Path) -> None:
    wall = Wall(file)
    async with desk() as opened:
        await opened.open(channels=["wall"])
        await deliver(opened, wall)
        assert wall.happened() == [("deliver", "", "opened")]


async def test_what_is_there_is_asked_for_only_where_nobody_knows(file: Path) -> None:
    wall = Wall(file, None, RateLimited("slow down", retry_after=1), ChannelError("no"))
    async with desk() as opened:
        await opened.open(channels=["wall"])
        await deliver(opened, wall)
        await opened.open(channels=["wall"])
        box = outbox(opened, wall)
        await all_due(box)
        opened.clock.turn(1)
        await all_due(box)
        assert wall.happened("find") == [], "a first attempt, and one that was refused"
        opened.clock.turn(10)
        await all_due(box)
        assert len(wall.happened("find")) == 1
        assert wall.notes() == {"": 2}


async def test_notes_that_are_found_are_kept_true_all_of_them(file: Path) -> None:
    """A process has sent it twice and died each time; what it has sent may show anything."""
    wall = Wall(file, recipients=BOTH)
    async with desk() as opened:
        request = await opened.open(channels=["wall"])
        box = outbox(opened, wall)
        await box.deliver_due()  # it says whom it is for
        (first, *_) = [message for message in await opened.messages(request) if message.to == "@ann"]
        line = {"what": "deliver", "to": "@ann", "occasion": "opened", "message": first.id}
        with file.open("a") as lines:
            lines.writelines(json.dumps({**line, "place": f"note {n}"}) + "\n" for n in (7, 8))
        dead = replace(first, attempts=1, due_at=opened.clock.now() + RESERVED)
        await opened.app.store.do(lambda tx: tx.update_message(dead))
        await opened.decide(request, "ann", "approve")
        await all_due(box)
        opened.clock.turn(RESERVED)
        await all_due(box)
        assert {one.place for one in await sent(opened, request)} == {"note 7", "note 8"}
        assert wall.down() == {"note 7", "note 8"}


# -- a channel that is down -------------------------------------------------------------------------------------------


async def test_while_a_channel_is_down_one_message_probes_and_the_others_are_as_they_were(file: Path) -> None:
    wall, good = Wall(file), Wall(file.with_suffix(".good"))
    wall.refused[""] = ChannelDown("can't be reached")
    async with desk() as opened:
        for _ in range(10):
            await opened.open(channels=["wall", "good"])
        before = [message for message in await opened.messages() if message.channel == "wall"]
        box = outbox(opened, wall, good=good)
        assert await box.deliver_due() == 1 + 10
        after = [message for message in await opened.messages() if message.channel == "wall"]
        tried = [message for message in after if message not in before]
        assert [(message.error, message.attempts) for message in tried] == [("can't be reached", 1)]
        assert len(good.lines("deliver")) == 10
        assert await box.deliver_due() == 0, "it rests"
        opened.clock.turn(LONGEST_DOWN)
        assert await box.deliver_due() == 1


async def test_a_channel_that_was_down_for_days_is_back_within_a_minute_and_nothing_was_given_up(
    file: Path,
) -> None:
    wall = Wall(file)
    wall.refused[""] = ChannelDown("can't be reached")
    async with desk() as opened:
        for _ in range(5):
            await opened.open(channels=["wall"])
        box, probes = outbox(opened, wall), 0
        for _ in range(2 * ATTEMPTS):
            opened.clock.turn(3600)
            probes += await all_due(box)
        assert probes == 2 * ATTEMPTS
        assert {message.state for message in await opened.messages()} == {"pending"}
        assert max(message.attempts for message in await opened.messages()) == 1
        wall.refused.clear()
        opened.clock.turn(LONGEST_DOWN)
        await all_due(box)
        assert wall.notes() == {"": 5}
        wall.refused[""] = ChannelDown("again")
        await opened.open(channels=["wall"])
        await all_due(box)
        due = (await newest(opened)).due_at - opened.clock.now()
        assert due <= timedelta(seconds=2), "it counts from the beginning"


@pytest.mark.parametrize("seconds", [0.5, 7.0, 1000.0])
async def test_a_channel_that_is_asked_to_wait_waits_so_long_and_it_is_no_attempt(
    file: Path, seconds: float
) -> None:
    wall = Wall(file, RateLimited("slow down", retry_after=seconds))
    async with desk() as opened:
        await opened.open(channels=["wall"])
        await opened.open(channels=["wall"])
        box = outbox(opened, wall)
        assert await box.deliver_due() == 2, "one was tried, and the other stands in line behind it"
        assert [message.attempts for message in await opened.messages()] == [0, 0]
        opened.clock.turn(seconds - 0.001)
        assert await box.deliver_due() == 0
        opened.clock.turn(0.001)
        assert await all_due(box) == 1
        opened.clock.turn(SPACING)
        assert await all_due(box) == 1
        assert wall.notes() == {"": 2}


async def test_what_stands_in_line_is_overtaken_by_nothing_of_the_same_request(file: Path) -> None:
    wall = Wall(file, None, None, None, RateLimited("slow down", retry_after=7.0))
    async with desk() as opened:
        one, two, request = [await opened.open(channels=["wall:@ann"]) for _ in range(3)]
        box = outbox(opened, wall)
        await all_due(box)
        for each in (one, two):
            await opened.inbox.comment(each.id, "hello", actor=Actor("bob"))
        await all_due(box)
        opened.clock.turn(7.0)
        await opened.inbox.comment(request.id, "said first", actor=Actor("bob"))
        opened.clock.turn(0.001)
        await opened.inbox.claim(request.id, actor=Actor("bob"))
        for _ in range(4):
            await all_due(box)
            opened.clock.turn(SPACING)
        happened = [
            line["occasion"] for line in wall.lines("deliver", "update") if line["request"] == request.id
        ]
        assert happened == ["opened", "commented", "claimed"]


async def test_the_words_of_a_channel_are_shown_and_cut_and_no_others(file: Path) -> None:
    errors = (
        ChannelError("#deploys is archived: " + "x" * 1000),
        ChannelDown("token revoked"),
        OSError("hunter2"),
    )
    async with desk() as opened:
        request = await opened.open(channels=["wall"])
        shown = []
        box = outbox(opened, Wall(file, *errors))
        for _ in errors:
            await box.deliver_due()
            (message,) = await opened.messages(request)
            shown.append(message.error)
            opened.clock.turn(LONGEST_DOWN)
        assert shown[0] is not None
        assert shown[0].startswith("#deploys is archived: x")
        assert len(shown[0]) == LONGEST_ERROR
        assert shown[1:] == ["token revoked", "OSError"]


# -- processes that die -----------------------------------------------------------------------------------------------

DEATHS = [
    *(f"deliver:{when}@{count}" for when in ("before", "sent", "after") for count in (1, 2)),
    *(f"commit:{when}@{count}" for when in ("before", "after") for count in (1, 2, 3)),
]


@pytest.mark.journey
@pytest.mark.parametrize("channels", [["wall"], ["wall:@ann", "wall:@bob"]], ids=["split", "named"])
@pytest.mark.parametrize("death", DEATHS)
async def test_whenever_a_process_dies_each_recipient_has_it_once(
    tmp_path: Path, file: Path, death: str, channels: list[str]
) -> None:
    url, clock = f"sqlite:///{tmp_path}/x.db", TurnableClock(datetime.now(UTC))
    async with desk(url, clock=clock) as opened:
        request = await opened.open(channels=channels)
    environment = {**os.environ, "HANDRAIL_KILL_AT": death}
    command = [sys.executable, walls.__file__, url, str(file), *BOTH]
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    async with asyncio.timeout(60):
        assert await process.wait() == -signal.SIGKILL
    async with desk(url, clock=TurnableClock(datetime.now(UTC) + RESERVED)) as opened:
        wall = Wall(file, recipients=BOTH)
        await deliver(opened, wall)
        assert wall.notes() == {"@ann": 1, "@bob": 1}
        await opened.decide(request, "ann", "approve")
        await deliver(opened, wall)
        assert wall.down() == {"note 1", "note 2"}
        assert {message.state for message in await opened.messages(request)} == {"sent"}
