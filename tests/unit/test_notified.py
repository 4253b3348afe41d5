"""What people are told by their wishes: stored with the move, delivered once, in digests, never in quiet hours."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from handrail import ChannelDown, ChannelError, Conflict
from handrail.inbox import digest
from handrail.inbox.outbox import Outbox
from handrail.inbox.ports import Message, MessageFilter
from handrail.inbox.retrying import retry, retry_all
from handrail.people.facts import Role
from handrail.requests.decision import Actor
from handrail.requests.policy import Audience, escalation, policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.testing.clock import TurnableClock
from tests.support.phone import Phone
from tests.support.requests_desk import ROBOT, Desk, desk
from tests.support.wall import Wall

KEEPER = Actor("keeper")
HOUR = 3600.0
EVERYTHING = {news: ["phone"] for news in ("asked", "open", "reminded", "commented", "ended")}
NIGHTS = {"starts": "22:00", "ends": "07:00"}
DAILY = {"every": "daily", "at": "08:00"}


@dataclass
class Home:
    """A store with ann, bob, eve and keeper, and a phone that reaches them."""

    desk: Desk
    phone: Phone

    async def wish(self, *names: str | None, channels: Any = None, **given: Any) -> None:
        """Let people wish to be told by phone; `None` is everybody."""
        for name in names:
            wished = {"channels": EVERYTHING if channels is None else channels, **given}
            await self.desk.app.people.set_notifications(name, wished, actor=KEEPER)

    async def open(self, *audience: str, title: str = "Publish?", **options: Any) -> HumanRequest:
        own = {name: options.pop(name) for name in ("channels", "priority") if name in options}
        initiator = options.pop("initiator", None)
        who = Audience(audience, excluded=options.pop("barred", ()))
        rules = policy(audience=who, **options)
        draft = RequestDraft("approval", title, {"content": title}, policy=rules, **own)
        return await self.desk.inbox.open(draft, initiator=initiator)

    async def deliver(self) -> None:
        """Deliver all that is due, by a process of its own."""
        box = Outbox(self.desk.app.store, {"phone": self.phone}, self.desk.clock)
        while await box.deliver_due():
            pass

    def at(self, text: str) -> None:
        """Turn the clock to a time of the first of January 2026, or of a day of that month."""
        day, clock = text.split() if " " in text else ("1", text)
        moment = datetime.fromisoformat(f"2026-01-{int(day):02}T{clock}:00+00:00")
        self.desk.clock.turn((moment - self.desk.clock.now()).total_seconds())

    async def pending(self) -> list[Message]:
        return [each for each in await self.desk.messages() if each.state == "pending"]

    def told(self) -> list[tuple[str, str]]:
        return [(line["to"], line["occasion"]) for line in self.phone.lines("deliver")]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@asynccontextmanager
async def living(file: Path, *errors: BaseException | None, silent: bool = True) -> AsyncIterator[Home]:
    clock = TurnableClock()
    async with desk(clock=clock) as opened:
        for name in ("ann", "bob", "eve"):
            await opened.app.people.add(name, actor=KEEPER)
        await opened.app.people.add("keeper", actor=KEEPER, role=Role.ADMIN)
        home = Home(opened, Phone(file, *errors, silent=silent))
        home.at("12:00")
        yield home


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with living(tmp_path / "phone.jsonl") as made:
        yield made


# -- who is told ------------------------------------------------------------------------------------------------------


async def test_nothing_is_stored_as_long_as_nobody_wishes_anything(home: Home) -> None:
    await home.open("ann")
    assert await home.desk.messages() == []


async def test_who_is_asked_is_told_by_their_own_wishes_or_those_of_everybody(home: Home) -> None:
    await home.wish(None)
    await home.wish("bob", channels={})
    await home.open("ann", "bob", "stranger")
    await home.deliver()
    assert home.told() == [("@ann", "opened")]


async def test_who_is_switched_off_is_told_nothing(home: Home) -> None:
    await home.wish(None)
    await home.desk.app.people.change("ann", actor=KEEPER, active=False)
    await home.open("ann", "bob")
    await home.deliver()
    assert home.told() == [("@bob", "opened")]


async def test_what_asks_everybody_is_told_to_those_who_wish_that_and_may_decide(home: Home) -> None:
    await home.wish("ann")
    await home.wish("bob", channels={"asked": ["phone"]})
    await home.wish("eve", "keeper", channels={"open": ["phone"]})
    await home.desk.app.people.change("eve", actor=KEEPER, role="viewer")
    request = await home.open(barred=("keeper",))
    await home.deliver()
    assert home.told() == [("@ann", "opened")]
    await home.desk.decide(request, "bob", "approve")
    await home.deliver()
    assert home.told()[1:] == [("@ann", "ended")]


async def test_a_channel_that_the_request_names_tells_nobody_twice(home: Home) -> None:
    await home.wish("ann", "bob", "eve")
    await home.open("ann", "bob", channels=("phone",))
    await home.open("ann", "bob", channels=("phone:@ann", "phone:@eve"))
    await home.deliver()
    assert sorted(home.told()) == [("@ann", "opened")] * 2 + [("@bob", "opened")] * 2 + [("@eve", "opened")]


async def test_reminders_go_by_wishes_and_only_to_who_has_not_decided(home: Home) -> None:
    await home.wish("ann", "bob")
    await home.wish("eve", channels={"asked": ["phone"]})
    await home.open("ann", "bob", "eve", quorum="all", reminders=[HOUR])
    await home.deliver()
    (request,) = [each.request_id for each in await home.desk.messages()][:1]
    await home.desk.inbox.decide(request, "approve", actor=Actor("bob"))
    home.desk.clock.turn(HOUR)
    await home.desk.sweep()
    await home.desk.sweep()
    await home.deliver()
    assert [each for each in home.told() if each[1] != "opened"] == [("@ann", "reminded")]


async def test_who_is_reminded_by_another_channel_gets_the_request_there(home: Home, tmp_path: Path) -> None:
    await home.wish("ann", channels={"reminded": ["phone"]})
    request = await home.open("ann", reminders=[HOUR])
    home.desk.clock.turn(HOUR)
    await home.desk.sweep()
    await home.deliver()
    assert home.told() == [("@ann", "opened")]
    await home.desk.decide(request, "ann", "approve")
    await home.deliver()
    assert home.phone.down() == {"note 1"}, "what wishes have told is kept true"


async def test_an_escalation_reaches_whom_it_adds_and_the_others_see_the_change(home: Home) -> None:
    await home.wish("ann", "eve", channels={"asked": ["phone"]})
    await home.open("ann", escalations=[escalation(HOUR, "eve")])
    await home.deliver()
    home.desk.clock.turn(HOUR)
    await home.desk.sweep()
    await home.deliver()
    assert home.told() == [("@ann", "opened"), ("@eve", "escalated")]
    assert home.phone.happened("update") == [("update", "@ann", "escalated")]


async def test_reassigning_tells_the_new_ones_and_shows_the_old_ones(home: Home) -> None:
    await home.wish("ann", "bob", "eve")
    request = await home.open("ann", "bob")
    await home.deliver()
    await home.desk.inbox.reassign(request.id, ["bob", "eve"], actor=ROBOT)
    await home.deliver()
    assert sorted(home.told()) == [("@ann", "opened"), ("@bob", "opened"), ("@eve", "reassigned")]
    assert {to for _, to, _ in home.phone.happened("update")} == {"@ann", "@bob"}


async def test_comments_are_told_to_the_others_who_are_asked(home: Home) -> None:
    await home.wish("ann", channels={"asked": ["phone"], "commented": ["phone"]})
    await home.wish("bob", channels={"commented": ["phone"]})
    request = await home.open("ann", "bob", "eve")
    await home.deliver()
    await home.desk.inbox.comment(request.id, "look twice", actor=Actor("eve"))
    await home.desk.inbox.comment(request.id, "I did", actor=Actor("ann"))
    await home.deliver()
    ann = [line for line in home.phone.lines("deliver") if line["to"] == "@ann"]
    bob = [line for line in home.phone.lines("deliver") if line["to"] == "@bob"]
    assert [(line["occasion"], line["text"]) for line in ann] == [
        ("opened", None),
        ("commented", "look twice"),
    ]
    assert [line["occasion"] for line in bob] == ["opened", "commented", "commented"]


async def test_the_end_is_told_to_the_initiator_and_those_who_did_not_decide(home: Home) -> None:
    await home.wish("ann", "bob", "eve", channels={"ended": ["phone"]})
    request = await home.open("ann", "bob", initiator="eve")
    await home.desk.decide(request, "bob", "approve")
    await home.deliver()
    assert sorted(home.told()) == [("@ann", "ended"), ("@eve", "ended")]


async def test_a_channel_whose_changes_call_says_the_end_once(tmp_path: Path) -> None:
    async with living(tmp_path / "mail.jsonl", silent=False) as home:
        await home.wish("ann", "bob")
        request = await home.open("ann", "bob")
        await home.deliver()
        await home.desk.decide(request, "bob", "approve")
        await home.deliver()
        assert len(home.told()) == 2
        assert sorted(to for _, to, _ in home.phone.happened("withdraw")) == ["@ann", "@bob"]


# -- quiet hours ------------------------------------------------------------------------------------------------------


async def test_at_night_nobody_is_called_and_in_the_morning_once(home: Home) -> None:
    await home.wish("ann", quiet=NIGHTS)
    home.at("23:00")
    request = await home.open("ann", reminders=[HOUR])
    await home.deliver()
    home.desk.clock.turn(HOUR)
    await home.desk.sweep()
    await home.deliver()
    assert home.told() == []
    (waiting,) = await home.pending()
    assert (waiting.waits, waiting.due_at.isoformat()) == ("quiet", "2026-01-02T07:00:00+00:00")
    home.at("2 07:00")
    await home.deliver()
    assert home.told() == [("@ann", "opened")], "the reminder would have said the same"
    await home.desk.decide(request, "ann", "approve")


async def test_what_is_named_in_code_keeps_quiet_hours_unless_it_has_a_priority(home: Home) -> None:
    await home.wish("ann", channels={}, quiet=NIGHTS)
    home.at("23:00")
    for priority in (0, 1):
        await home.open("ann", channels=("phone:@ann", "phone:#room"), priority=priority)
    await home.open("ann", channels=("phone",))
    await home.open("ann", channels=("phone:@ann",), timeout=HOUR)
    await home.deliver()
    assert sorted(to for to, _ in home.told()) == ["#room", "#room", "@ann", "@ann"]
    assert [each.waits for each in await home.pending()] == ["quiet", "quiet"]
    home.at("2 07:00")
    await home.deliver()
    assert len(home.told()) == 6


async def test_what_could_not_be_delivered_by_day_waits_for_the_morning(tmp_path: Path) -> None:
    async with living(tmp_path / "phone.jsonl", ChannelDown("no")) as home:
        await home.wish("ann", quiet=NIGHTS)
        home.at("21:59")
        await home.open("ann")
        await home.deliver()
        home.desk.clock.turn(120)
        await home.deliver()
        assert home.told() == []
        home.at("2 07:01")
        await home.deliver()
        assert home.told() == [("@ann", "opened")]


async def test_at_night_buttons_are_taken_down_at_once_and_the_news_waits(home: Home) -> None:
    await home.wish("ann", quiet=NIGHTS)
    request = await home.open("ann", "bob")
    await home.deliver()
    home.at("23:00")
    await home.desk.decide(request, "bob", "approve")
    await home.deliver()
    assert (home.phone.down(), len(home.told())) == ({"note 1"}, 1)
    home.at("2 07:00")
    await home.deliver()
    assert home.told()[1:] == [("@ann", "ended")]


# -- digests ----------------------------------------------------------------------------------------------------------


async def test_a_long_digest_that_fails_once_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "MOST", 2)
    async with living(tmp_path / "phone.jsonl", ChannelError("no")) as home:
        await home.wish("ann", digest=DAILY)
        for number in range(5):
            await home.open("ann", title=f"question {number}")
        home.at("2 08:00")
        await home.deliver()
        for _ in range(5):
            home.desk.clock.turn(60)
            await home.deliver()
        told = [item for _, items in home.phone.lists() for item in items]
        assert sorted(told) == [f"question {number} opened" for number in range(5)]
        assert await home.pending() == []


async def test_what_waits_for_a_digest_comes_as_one_list_without_what_is_done(home: Home) -> None:
    await home.wish("ann", "bob", digest=DAILY)
    await home.open("ann", title="kept")
    ended = await home.open("ann", "eve", title="ended")
    voted = await home.open("ann", "bob", title="voted", quorum="all")
    away = await home.open("ann", title="away")
    await home.open(title="open")
    await home.desk.decide(ended, "eve", "approve")
    await home.desk.decide(voted, "ann", "approve")
    await home.desk.inbox.reassign(away.id, ["eve"], actor=ROBOT)
    await home.deliver()
    assert home.phone.lines() == []
    home.at("2 08:00")
    await home.deliver()
    assert sorted(home.phone.lists()) == [
        ("@ann", ["kept opened", "open opened", "ended ended"]),
        ("@bob", ["voted opened", "open opened"]),
    ]
    assert await home.pending() == []
    assert home.told() == []


async def test_a_digest_of_nothing_sends_nothing(home: Home) -> None:
    await home.wish("ann", channels={"asked": ["phone"]}, digest=DAILY)
    request = await home.open("ann", "bob")
    await home.desk.decide(request, "bob", "approve")
    home.at("2 08:00")
    await home.deliver()
    assert (home.phone.lines(), await home.pending()) == ([], [])


async def test_a_reminder_does_not_wait_behind_the_digest_and_what_it_brings_is_not_in_it(home: Home) -> None:
    await home.wish("ann", digest=DAILY)
    await home.open("ann", reminders=[HOUR])
    home.desk.clock.turn(HOUR)
    await home.desk.sweep()
    await home.deliver()
    assert home.told() == [("@ann", "opened")]
    home.at("2 08:00")
    await home.deliver()
    assert home.phone.lists() == []


async def test_many_items_are_one_list_and_those_of_another_channel_their_own(home: Home) -> None:
    await home.wish("ann", digest=DAILY)
    for number in range(130):
        await home.open("ann", title=f"{number}")
    home.at("2 08:00")
    await home.deliver()
    assert [(to, len(items)) for to, items in home.phone.lists()] == [("@ann", 130)]


async def test_a_list_that_was_sent_before_a_crash_is_not_sent_again(home: Home) -> None:
    await home.wish("ann", digest=DAILY)
    await home.open("ann", title="one")
    home.at("2 08:00")
    box = Outbox(home.desk.app.store, {"phone": home.phone}, home.desk.clock)
    taken = await box._taken([*box.channels], home.desk.clock.now(), 100)
    await home.phone.digest("@ann", taken.deliveries)  # and then its process dies
    await home.open("ann", title="two")
    home.at("3 08:00")  # what was interrupted and what has come meanwhile are due at the same moment
    await home.deliver()
    assert home.phone.lists() == [("@ann", ["one opened"]), ("@ann", ["two opened"])]
    assert await home.pending() == []


async def test_a_list_that_failed_is_tried_again_as_it_was(tmp_path: Path) -> None:
    async with living(tmp_path / "phone.jsonl", ChannelError("busy")) as home:
        await home.wish("ann", digest=DAILY)
        for title in ("one", "two"):
            await home.open("ann", title=title)
        home.at("2 08:00")
        await home.deliver()
        waiting = await home.pending()
        assert [(each.attempts, each.error) for each in waiting] == [(1, "busy")] * 2
        home.desk.clock.turn(60)
        await home.deliver()
        assert home.phone.lists() == [("@ann", ["one opened", "two opened"])]


async def test_a_channel_without_lists_is_told_each_by_itself_when_the_digest_is_due(
    home: Home, tmp_path: Path
) -> None:
    await home.wish("ann", digest=DAILY)
    for title in ("one", "two"):
        await home.open("ann", title=title)
    wall = Wall(tmp_path / "wall.jsonl", recipients=None)
    box = Outbox(home.desk.app.store, {"phone": wall}, home.desk.clock)
    assert await box.deliver_due() == 0
    home.at("2 08:00")
    assert await box.deliver_due() == 2
    assert wall.notes() == {"@ann": 2}


# -- setting it -------------------------------------------------------------------------------------------------------


async def test_back_to_the_default_keeps_what_was_told_true(home: Home) -> None:
    await home.wish("ann")
    request = await home.open("ann", "bob")
    await home.deliver()
    await home.desk.app.people.default_notifications("ann", actor=KEEPER)
    await home.open("ann")
    await home.desk.decide(request, "bob", "approve")
    await home.deliver()
    assert (home.told(), home.phone.down()) == ([("@ann", "opened")], {"note 1"})


async def test_what_somebody_wishes_to_have_later_is_not_tried_again_before(home: Home) -> None:
    await home.wish("ann", digest=DAILY)
    await home.wish("bob", quiet=NIGHTS)
    home.at("23:00")
    await home.open("ann", "bob")
    now, store = home.desk.clock.now(), home.desk.app.store
    assert await retry_all(store, MessageFilter("pending"), actor=KEEPER, now=now) == 0
    for message in await home.pending():
        with pytest.raises(Conflict, match=f"it waits for (a digest|quiet hours) of {message.to}"):
            await store.do(retry, message_id=message.id, actor=KEEPER, now=now)
    await home.deliver()
    assert home.told() == []
    tried = [replace(each, attempts=1) for each in await home.pending()]
    await store.do(lambda tx: [tx.update_message(each) for each in tried])
    assert await retry_all(store, MessageFilter("pending"), actor=KEEPER, now=now) == 2, "a try has failed"
