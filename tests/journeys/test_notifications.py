"""Notifications survive crashes: what fell due while nobody was there is told by wishes, once; so are digests."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handrail.inbox.outbox import RESERVED, Outbox
from handrail.requests.decision import Actor
from handrail.requests.policy import escalation
from handrail.testing.clock import TurnableClock
from tests.support import phone as phones
from tests.support.phone import Phone
from tests.support.requests_desk import Desk, desk

pytestmark = pytest.mark.journey

KEEPER = Actor("keeper")
NEWS = ("asked", "open", "reminded", "commented", "ended")


async def inhabited(opened: Desk, **given: Any) -> None:
    """Add ann and eve, who wish to be told everything by phone."""
    for name in ("ann", "eve"):
        await opened.app.people.add(name, actor=KEEPER)
        wished = {"channels": {news: ["phone"] for news in NEWS}, **given}
        await opened.app.people.set_notifications(name, wished, actor=KEEPER)


async def deliver(opened: Desk, phone: Phone) -> None:
    box = Outbox(opened.app.store, {"phone": phone}, opened.clock)
    while await box.deliver_due():
        pass


ROOT = Path(__file__).parents[2]


async def die(url: str, file: Path, death: str) -> None:
    """Let a process deliver what is due until it is killed there."""
    environment = {**os.environ, "HANDRAIL_KILL_AT": death}
    command = [sys.executable, "-m", phones.__name__, url, str(file)]
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT)
    async with asyncio.timeout(60):
        assert await process.wait() == -signal.SIGKILL


async def test_what_fell_due_while_nobody_was_there_is_told_by_wishes_once(tmp_path: Path) -> None:
    url, file, clock = f"sqlite:///{tmp_path}/x.db", tmp_path / "phone.jsonl", TurnableClock()
    async with desk(url, clock=clock) as opened:
        await inhabited(opened)
        made = await opened.open(audience=["ann"], reminders=[60], escalations=[escalation(120, "eve")])
        await deliver(opened, Phone(file))
    clock.turn(3600)
    for _ in range(2):
        async with desk(url, clock=clock) as opened:
            await opened.sweep()
            await deliver(opened, Phone(file))
    told = [(line["to"], line["occasion"]) for line in Phone(file).lines("deliver")]
    assert (told[0], sorted(told[1:])) == (
        ("@ann", "opened"),
        [("@ann", "reminded"), ("@eve", "escalated")],
    )
    async with desk(url, clock=clock) as opened:
        await opened.decide(made, "eve", "approve")
        await deliver(opened, Phone(file))
    assert Phone(file).happened("deliver")[3:] == [("deliver", "@ann", "ended")]


async def test_at_night_a_reminder_waits_for_the_morning_also_over_a_restart(tmp_path: Path) -> None:
    url, file, clock = f"sqlite:///{tmp_path}/x.db", tmp_path / "phone.jsonl", TurnableClock()
    start = clock.now()
    clock.turn((start.replace(hour=21, minute=30) + timedelta(days=1) - start).total_seconds())
    async with desk(url, clock=clock) as opened:
        await inhabited(opened, quiet={"starts": "22:00", "ends": "07:00"})
        await opened.open(audience=["ann"], reminders=[3600])
        await deliver(opened, Phone(file))
    for hours, number in ((2.0, 1), (6.0, 1), (1.5, 2), (1.0, 2)):
        clock.turn(hours * 3600)
        async with desk(url, clock=clock) as opened:
            await opened.sweep()
            await deliver(opened, Phone(file))
        assert len(Phone(file).lines("deliver")) == number, f"at {clock.now():%H:%M}"


@pytest.mark.parametrize(
    "death",
    [
        *("deliver:before@1", "deliver:sent@1", "deliver:after@1", "deliver:sent@2"),
        *(f"commit:{when}@{count}" for when in ("before", "after") for count in (1, 2)),
    ],
)
async def test_whenever_a_process_dies_each_has_each_item_in_one_list(tmp_path: Path, death: str) -> None:
    url, file = f"sqlite:///{tmp_path}/x.db", tmp_path / "phone.jsonl"
    clock = TurnableClock(datetime.now(UTC) - timedelta(hours=3))
    async with desk(url, clock=clock) as opened:
        await inhabited(opened, digest={"every": "hourly"})
        asked = [await opened.open(audience=["ann", "eve"]) for _ in range(3)]
        await opened.decide(asked[0], "ann", "approve")
    await die(url, file, death)
    async with desk(url, clock=TurnableClock(datetime.now(UTC) + RESERVED)) as opened:
        await deliver(opened, Phone(file))
        pending = [each for each in await opened.messages() if each.state == "pending"]
        assert pending == []
    lists = sorted(Phone(file).lists())
    assert [(to, len(items)) for to, items in lists] == [("@ann", 2), ("@eve", 3)]
    assert Phone(file).lines("deliver") == []
