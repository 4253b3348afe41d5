"""Quiet hours and digests: what a clock on the wall says, minute by minute, also where clocks are changed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handrail.inbox.quiet import end_of_quiet, is_quiet, next_digest, zone_of
from handrail.inbox.wishes import DAYS, Digest, Quiet, Wishes

MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # clocks were changed at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",
    "Pacific/Apia",  # one day there never was
    "America/St_Johns",
    "Africa/Casablanca",
    "Antarctica/Troll",  # by two hours
    "Asia/Gaza",
)
CHANGES = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2018, 11, 4, 3, tzinfo=UTC),
    datetime(2018, 2, 18, 2, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
)


@st.composite
def near_changes(draw: Callable[..., datetime]) -> datetime:
    """A whole minute, mostly about when some clocks are changed."""
    minutes = draw(st.integers(-3 * 1440, 3 * 1440))
    return draw(st.sampled_from(CHANGES)) + minutes * MINUTE


clocks = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))


@st.composite
def wishing(draw: Callable[..., object]) -> Wishes:
    """Quiet hours and digests of all kinds."""
    starts, ends = draw(clocks), draw(clocks)
    assume(starts != ends)
    days = draw(st.lists(st.sampled_from(DAYS), max_size=3, unique=True))
    hours = draw(st.booleans())
    every = draw(st.sampled_from(("hourly", "daily")))
    return Wishes(
        zone=draw(st.sampled_from(ZONES)),
        quiet=Quiet(starts if hours else None, ends if hours else None, tuple(days)),
        digest=Digest(every, draw(clocks), draw(st.booleans())),
    )


def first(moment: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """Return the first whole minute from a moment on for which something holds."""
    while not holds(moment):
        moment += MINUTE
    return moment


@given(wishing(), near_changes())
@settings(max_examples=150, deadline=None)
def test_quiet_hours_end_at_the_very_minute_at_which_they_do(wishes: Wishes, moment: datetime) -> None:
    end = end_of_quiet(wishes, moment)
    assert end == first(moment, lambda each: not is_quiet(wishes, each))


@given(wishing(), near_changes())
@settings(max_examples=150, deadline=None)
def test_a_digest_is_due_when_the_clock_first_shows_its_time_and_never_at_once(
    wishes: Wishes, moment: datetime
) -> None:
    zone, digest = zone_of(wishes.zone), wishes.digest
    due = next_digest(wishes, moment)
    assert due > moment
    local, before = due.astimezone(zone), (due - MINUTE).astimezone(zone)
    assert not digest.weekdays_only or local.weekday() < 5
    most = timedelta(days=6) if digest.weekdays_only else timedelta(days=3)
    if digest.every == "hourly":
        assert local.minute == 0
        assert due - moment <= (timedelta(days=3) if digest.weekdays_only else timedelta(hours=1, minutes=31))
        return
    assert due - moment <= most
    leapt = before.replace(tzinfo=None) < datetime.combine(local.date(), digest.at) or (
        before.utcoffset() != local.utcoffset()
    )
    assert local.time() == digest.at or leapt
    assert local.fold == 0, "the first of two"


BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("zone", "quiet", "at", "end"),
    [
        (BERLIN, Quiet(time(22), time(7)), "2026-01-05T22:30", "2026-01-06T07:00"),
        (BERLIN, Quiet(time(22), time(7)), "2026-01-06T06:59", "2026-01-06T07:00"),
        (BERLIN, Quiet(time(22), time(7)), "2026-01-06T07:00", "2026-01-06T07:00"),
        (BERLIN, Quiet(time(9), time(17)), "2026-01-05T12:00", "2026-01-05T17:00"),
        # Saturday and Sunday, and the nights about them
        (BERLIN, Quiet(time(22), time(7), ("saturday", "sunday")), "2026-01-09T22:30", "2026-01-12T07:00"),
        (BERLIN, Quiet(days=("saturday", "sunday")), "2026-01-10T12:00", "2026-01-12T00:00"),
        # clocks leap from two to three: half past two is the leap
        (BERLIN, Quiet(time(22), time(2, 30)), "2026-03-29T01:00", "2026-03-29T03:00"),
        # clocks go back from three to two: half past two is shown twice, and quiet until then twice
        (BERLIN, Quiet(time(22), time(2, 30)), "2026-10-25T01:00", "2026-10-25T02:30"),
        # six days and a night that lasts until one minute before the next
        (BERLIN, Quiet(time(0), time(23, 59), DAYS[:6]), "2026-01-05T00:00", "2026-01-11T23:59"),
        ("America/Sao_Paulo", Quiet(days=("saturday",)), "2018-11-03T12:00", "2018-11-04T01:00"),
    ],
)
def test_quiet_hours_by_example(zone: str, quiet: Quiet, at: str, end: str) -> None:
    here = ZoneInfo(zone)
    moment = datetime.fromisoformat(at).replace(tzinfo=here).astimezone(UTC)
    found = end_of_quiet(Wishes(zone=zone, quiet=quiet), moment)
    assert found.astimezone(here).isoformat()[:16] == end


def test_hours_that_come_twice_are_quiet_twice() -> None:
    nights = Wishes(zone=BERLIN, quiet=Quiet(time(22), time(2, 30)))
    shown = [datetime(2026, 10, 25, 0, minute, tzinfo=UTC) for minute in (15, 45)]
    again = [each + timedelta(hours=1) for each in shown]
    assert [is_quiet(nights, each) for each in (*shown, *again)] == [True, False, True, False]
    assert end_of_quiet(nights, again[0]) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("digest", "at", "due"),
    [
        (Digest("daily", time(8)), "2026-01-05T07:59", "2026-01-05T08:00"),
        (Digest("daily", time(8)), "2026-01-05T08:00", "2026-01-06T08:00"),
        (Digest("daily", time(8), True), "2026-01-09T12:00", "2026-01-12T08:00"),
        (Digest("hourly"), "2026-01-05T07:59", "2026-01-05T08:00"),
        (Digest("hourly", weekdays_only=True), "2026-01-09T23:30", "2026-01-12T00:00"),
        (Digest("daily", time(2, 30)), "2026-03-28T12:00", "2026-03-29T03:00"),
        (Digest("daily", time(2, 30)), "2026-10-25T02:45", "2026-10-26T02:30"),
    ],
)
def test_digests_by_example(digest: Digest, at: str, due: str) -> None:
    here = ZoneInfo(BERLIN)
    moment = datetime.fromisoformat(at).replace(tzinfo=here).astimezone(UTC)
    found = next_digest(Wishes(zone=BERLIN, digest=digest), moment)
    assert found.astimezone(here).isoformat()[:16] == due


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Europe", "\0"])
def test_a_zone_that_this_machine_does_not_know_counts_as_utc(name: str) -> None:
    assert zone_of(name) == ZoneInfo("UTC")
    moment = datetime(2026, 1, 5, 23, tzinfo=UTC)
    until = end_of_quiet(Wishes(zone=name, quiet=Quiet(time(22), time(7))), moment)
    assert until == datetime.combine(date(2026, 1, 6), time(7), UTC)


def test_who_has_no_quiet_hours_is_never_left_alone() -> None:
    moment = datetime(2026, 1, 5, 3, tzinfo=UTC)
    assert end_of_quiet(Wishes(), moment) == moment
