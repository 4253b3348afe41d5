"""Who is told what by their wishes, by which channels and when: the rules, without any store."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.inbox.channel import Delivery
from handrail.inbox.notifying import (
    Due,
    changes_only,
    concerned,
    due,
    end_of_quiet,
    held,
    may_hear,
    may_wait,
    notices,
    parts,
)
from handrail.inbox.ports import Message, Sent
from handrail.inbox.quiet import is_quiet
from handrail.inbox.wishes import Digest, News, Quiet, Wishes
from handrail.requests.decision import Verb
from handrail.requests.facts import changed
from handrail.requests.pool import Pool
from handrail.requests.request import HumanRequest, Status
from tests.support.requests_desk import pure_request

EVENING = datetime(2026, 1, 5, 22, 30, tzinfo=UTC)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ALL = dict.fromkeys(News, ("slack",))
NIGHTS = Quiet(time(22), time(7))
DAILY = Digest("daily", time(8))


def asking(
    *asked: str, hours: float | None = None, now: datetime = EVENING, priority: int = 0, **fields: Any
) -> HumanRequest:
    """Return a request that asks these people, or everybody, and must be decided so many hours after `now`."""
    channels = fields.pop("channels", ())
    votes = fields.pop("votes", [])
    made = pure_request(asked or None, votes, channels=channels, priority=priority)
    deadline = None if hours is None else now + timedelta(hours=hours)
    return changed(made, deadline=deadline, **fields)


AT = {
    name: datetime.fromisoformat(f"2026-01-0{text}").replace(tzinfo=UTC)
    for name, text in {
        "now": "5T22:30",
        "seven": "6T07:00",
        "eight": "6T08:00",
    }.items()
}


@pytest.mark.parametrize(
    ("news", "digest", "hours", "priority", "at", "waits"),
    [
        # without a deadline: the digest, else the end of the quiet hours
        (News.ASKED, DAILY, None, 0, "eight", "digest"),
        (News.ASKED, Digest(), None, 0, "seven", "quiet"),
        (News.ASKED, Digest("daily", time(8), of=(News.ENDED,)), None, 0, "seven", "quiet"),
        (News.ENDED, Digest("daily", time(8), of=(News.ENDED,)), None, 0, "eight", "digest"),
        # a digest in quiet hours comes when they end
        (News.ASKED, Digest("daily", time(5)), None, 0, "seven", "digest"),
        (News.ASKED, Digest("hourly"), None, 0, "seven", "digest"),
        # reminders and escalations wait for quiet hours only
        (News.REMINDED, DAILY, None, 0, "seven", "quiet"),
        # a priority waits for nothing
        (News.ASKED, DAILY, None, 1, "now", None),
        (News.REMINDED, DAILY, None, 1, "now", None),
        # a quarter of the time must be left then: it is 9.5 hours until the digest, 8.5 until the night ends
        (News.ASKED, DAILY, 38.0, 0, "eight", "digest"),
        (News.ASKED, DAILY, 12.66, 0, "seven", "quiet"),
        (News.ASKED, DAILY, 11.34, 0, "seven", "quiet"),
        (News.ASKED, DAILY, 11.32, 0, "now", None),
        (News.ASKED, DAILY, 8.0, 0, "now", None),
        (News.REMINDED, DAILY, 11.34, 0, "seven", "quiet"),
        (News.REMINDED, DAILY, 11.32, 0, "now", None),
    ],
)
def test_when_news_is_told(
    news: News, digest: Digest, hours: float | None, priority: int, at: str, waits: str | None
) -> None:
    wishes = Wishes(ALL, quiet=NIGHTS, digest=digest)
    found = due(wishes, news, asking("ann", hours=hours, priority=priority), EVENING)
    assert found == Due(AT[at], waits)  # type: ignore[arg-type]


def test_what_has_ended_waits_however_near_its_deadline_was() -> None:
    ended = asking("ann", hours=0.1, status=Status.RESOLVED)
    assert due(Wishes(ALL, quiet=NIGHTS), News.ENDED, ended, EVENING) == Due(AT["seven"], "quiet")


def test_by_day_news_is_told_at_once() -> None:
    assert due(Wishes(ALL, quiet=NIGHTS), News.ASKED, asking("ann"), NOON) == Due(NOON)


clocks = st.builds(time, st.integers(0, 23), st.sampled_from((0, 30)))
moments = st.integers(0, 60 * 24 * 400).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(
    st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")),
    clocks,
    clocks,
    st.lists(st.sampled_from(("monday", "saturday", "sunday")), unique=True),
    st.sampled_from((Digest(), Digest("hourly"), DAILY, Digest("daily", time(23), True))),
    st.sampled_from(News),
    moments,
    st.none() | st.floats(0.01, 400),
    st.integers(0, 1),
)
@settings(max_examples=400, deadline=None)
def test_nobody_is_called_in_quiet_hours_unless_it_cant_wait_and_nothing_waits_too_long(
    zone: str,
    starts: time,
    ends: time,
    days: list[str],
    digest: Digest,
    news: News,
    now: datetime,
    hours: float | None,
    priority: int,
) -> None:
    quiet = Quiet(starts, ends, tuple(days)) if starts != ends else Quiet(days=tuple(days))
    wishes = Wishes(ALL, zone, quiet, digest)
    request = asking("ann", hours=hours, now=now, priority=priority)
    found = due(wishes, news, request, now)
    assert found.at >= now
    if is_quiet(wishes, found.at):
        assert found == Due(now)
        assert priority or not may_wait(request, now, end_of_quiet(wishes, asking("ann"), now))
    if found.at > now:
        assert found.waits
        assert not priority
        if request.deadline is not None:
            assert request.deadline - found.at >= (request.deadline - now) / 4
    assert news is not News.REMINDED or found.waits != "digest"
    assert found.waits != "digest" or digest.every != "off"


# -- who --------------------------------------------------------------------------------------------------------------

ENDED: dict[str, Any] = {"status": Status.RESOLVED}
BOB = [("bob", Verb.APPROVE)]


@pytest.mark.parametrize(
    ("request_", "occasion", "by", "told", "found"),
    [
        (asking("ann", "bob"), "opened", None, (), ("ann", "bob")),
        (asking(), "opened", None, (), None),
        (asking("ann", "bob", votes=BOB), "reminded", None, (), ("ann",)),
        (asking("ann", "bob"), "reminded", "ann", (), ("bob",)),
        (asking("ann", "bob"), "commented", "bob", (), ("ann",)),
        (asking("ann", "bob"), "reassigned", "ann", (), ("bob",)),
        (asking("ann", "bob"), "claimed", "ann", (), ()),
        (asking("ann", "bob"), "decided", "ann", (), ()),
        (asking("ann", "bob", votes=BOB, **ENDED), "ended", None, (), ("ann",)),
        (asking("ann", "bob", votes=BOB, initiator="eve", **ENDED), "ended", None, (), ("ann", "eve")),
        (asking("ann", "bob", votes=BOB, initiator="bob", **ENDED), "ended", None, (), ("ann",)),
        (asking("ann", initiator="eve", ended_by="eve", **ENDED), "ended", None, (), ("ann",)),
        (asking(votes=BOB, **ENDED), "ended", None, ("ann", "bob"), ("ann",)),
        (asking("ann", superseded_by="req_2", **ENDED), "ended", None, (), ()),
    ],
)
def test_whom_an_occasion_concerns(
    request_: HumanRequest,
    occasion: str,
    by: str | None,
    told: tuple[str, ...],
    found: tuple[str, ...] | None,
) -> None:
    assert concerned(request_, occasion, by, told) == found


def test_what_waited_in_line_came_before_nobody() -> None:
    made = asking("ann", "bob", **ENDED)
    pooled = changed(made, draft=changed(made.draft, pool=Pool(("ann", "bob"))), initiator="eve")
    assert concerned(pooled, "ended", None, ()) == ("eve",)
    assert concerned(changed(pooled, worker="ann"), "ended", None, ()) == ("ann", "bob", "eve")


def test_who_may_not_decide_does_not_hear_what_asks_everybody() -> None:
    made = asking(votes=BOB, initiator="eve")
    barred = changed(made, audience=replace(made.audience, excluded=("ann",), not_initiator=True))
    hearing = [name for name in ("ann", "bob", "eve", "dan", "joe") if may_hear(barred, name, "joe")]
    assert hearing == ["dan"]


# -- through which channels -------------------------------------------------------------------------------------------

BOTH = {"ann": Wishes({News.ASKED: ("slack", "email"), News.REMINDED: ("slack",), News.ENDED: ("slack",)})}
NONE: list[Message] = []


def told(
    request: HumanRequest, occasion: str, before: list[Message] = NONE
) -> list[tuple[str, str, str | None]]:
    return [(each.channel, each.to, each.news) for each in notices(request, occasion, BOTH, before, EVENING)]


@pytest.mark.parametrize(
    ("channels", "occasion", "found"),
    [
        ((), "opened", [("slack", "@ann", "asked"), ("email", "@ann", "asked")]),
        (("slack",), "opened", [("email", "@ann", "asked")]),
        (("slack:@ann",), "opened", [("email", "@ann", "asked")]),
        (("slack:#room", "slack:@bob"), "opened", [("slack", "@ann", "asked"), ("email", "@ann", "asked")]),
        (("slack", "email:@ann"), "opened", []),
        (("slack",), "reminded", []),
        ((), "reminded", [("slack", "@ann", "reminded")]),
        ((), "escalated", [("slack", "@ann", "reminded")]),
        ((), "commented", []),
        ((), "claimed", []),
    ],
)
def test_nobody_is_told_by_wishes_what_the_request_itself_tells_them(
    channels: tuple[str, ...], occasion: str, found: list[tuple[str, str, str]]
) -> None:
    assert told(asking("ann", channels=channels), occasion) == found


names = st.sampled_from(("ann", "bob", "eve"))
named = st.sampled_from(("slack", "email", "slack:@ann", "email:@bob", "slack:#room"))
channels_of = st.lists(st.sampled_from(("slack", "email")), unique=True).map(tuple)
wished = st.builds(Wishes, st.dictionaries(st.sampled_from(News), channels_of))


@given(
    st.lists(named, unique=True),
    st.lists(names, unique=True, min_size=1),
    st.dictionaries(names, wished),
    st.lists(st.sampled_from(("opened", "reassigned", "escalated")), min_size=1, max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_nobody_is_asked_twice_by_the_same_channel(
    channels: list[str], asked: list[str], wishes: dict[str, Wishes], occasions: list[str]
) -> None:
    request = asking(*asked, channels=tuple(channels))
    by_code = {tuple(each.partition(":@")[::2]) for each in channels if ":@" in each}
    by_code |= {(each, name) for each in channels if ":" not in each for name in asked}
    stored: list[Message] = []
    for occasion in ["opened", *occasions]:
        whom = [name for name in asked if name in wishes]
        new = list(notices(request, occasion, {name: wishes[name] for name in whom}, stored, NOON))
        keys = [(each.channel, each.to.removeprefix("@")) for each in new]
        assert len(set(keys)) == len(keys)
        assert not by_code & set(keys)
        if occasion == "reassigned":
            assert not {(each.channel, each.to[1:]) for each in stored} & set(keys)
        stored += [replace(each, state="sent", attempts=1) for each in new]


def test_an_escalation_is_told_as_a_question_to_who_wishes_no_reminders() -> None:
    wishes = {"ann": Wishes({News.ASKED: ("slack",)})}
    (found,) = notices(asking("ann"), "escalated", wishes, (), EVENING)
    assert (found.channel, found.news) == ("slack", "asked")


def before(occasion: str = "opened", channel: str = "slack", **fields: Any) -> Message:
    return Message("msg_1", "req_1", channel, occasion, EVENING, to="@ann", news="asked", **fields)


def test_who_was_told_is_not_told_again_when_it_is_reassigned_to_them_too() -> None:
    assert told(asking("ann", "bob"), "reassigned", [before()]) == [("email", "@ann", "asked")]


def test_a_reminder_of_what_is_about_to_come_anyway_is_none() -> None:
    assert told(asking("ann"), "reminded", [before(waits="quiet")]) == []
    assert told(asking("ann"), "reminded", [before(state="sent", attempts=1)]) != []
    assert told(asking("ann"), "reminded", [before(waits="digest")]) != [], "it goes before the digest"
    assert told(asking("ann"), "reminded", [before(channel="email")]) != []


# -- when it is delivered ---------------------------------------------------------------------------------------------

HAS = Sent("req_1", "slack", "@ann", "C1/1", "msg_1", NOON)


@pytest.mark.parametrize(
    ("message", "sent", "only"),
    [
        (before(), (), False),
        (before(), (HAS,), True),
        (before("reminded"), (HAS,), False),
        (before("commented"), (HAS,), False),
        (before("claimed"), (HAS,), True),
        (replace(before("ended"), news=None), (HAS,), True),
        (replace(before("ended"), news="ended"), (HAS,), False),
        (replace(before("ended"), news="kept"), (HAS,), True),
    ],
)
def test_what_only_changes_something_calls_nobody(
    message: Message, sent: tuple[Sent, ...], only: bool
) -> None:
    delivery = Delivery(message, asking("ann"), sent)
    assert changes_only(delivery) is only
    wishes = {"ann": Wishes(quiet=NIGHTS)}
    assert (held(delivery, wishes, EVENING, silent=True) is None) is only
    assert held(delivery, wishes, EVENING, silent=False) == AT["seven"], "a mail calls, whatever it says"
    assert held(delivery, wishes, NOON, silent=False) is None
    assert held(delivery, {"bob": wishes["ann"]}, EVENING, silent=False) is None


def test_a_room_has_no_quiet_hours() -> None:
    delivery = Delivery(replace(before(), to="#deploys", news=None), asking("ann"))
    assert held(delivery, {"#deploys": Wishes(quiet=NIGHTS)}, EVENING, silent=False) is None


@pytest.mark.parametrize(
    ("occasion", "news", "has", "found"),
    [
        ("opened", "asked", False, [("opened", None)]),
        ("opened", "asked", True, [("opened", "C1/1")]),
        ("reminded", "reminded", True, [("reminded", None)]),
        ("reminded", "reminded", False, [("opened", None)]),
        ("commented", "commented", True, [("commented", None)]),
        ("commented", "commented", False, [("opened", None), ("commented", None)]),
        ("ended", "ended", True, [("ended", None)]),
        ("ended", "ended", False, [("ended", None)]),
        ("ended", "kept", True, [("ended", "C1/1")]),
        ("reassigned", "kept", False, []),
        ("claimed", "kept", True, [("claimed", "C1/1")]),
    ],
)
def test_who_does_not_have_it_gets_the_request_itself(
    occasion: str, news: str, has: bool, found: list[tuple[str, str | None]]
) -> None:
    sent = (HAS,) if has else ()
    message = replace(before(occasion), news=news)
    assert [(each.occasion, each.place) for each in parts(Delivery(message, asking("ann"), sent))] == found
