"""When quiet hours end and when digests are due: pure functions of wishes and a moment, by the clock on the wall.

What counts is what a clock in the person's zone shows. Where clocks are put forward, a time that they leap over is the
moment of the leap; where they are put back, hours that come twice are quiet twice, and a digest comes the first time.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handrail.inbox.wishes import DAYS, Wishes

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LONGEST = 30
"""days that are looked through: six quiet days and a night are the longest, and a leap may cost another week"""
SATURDAY = 5


def zone_of(name: str) -> ZoneInfo:
    """Return a zone; UTC for one that this machine doesn't know, which may have been another machine's."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return ZoneInfo("UTC")


def is_quiet(wishes: Wishes, moment: datetime) -> bool:
    """Whether somebody isn't to be called at a moment.

    >>> from handrail.inbox.wishes import Quiet
    >>> nights = Wishes(zone="Europe/Berlin", quiet=Quiet(time(22), time(7)))
    >>> is_quiet(nights, datetime(2026, 1, 5, 5, 59, tzinfo=UTC))
    True
    >>> is_quiet(nights, datetime(2026, 1, 5, 6, 0, tzinfo=UTC))
    False
    """
    quiet = wishes.quiet
    if quiet.starts is None and not quiet.days:
        return False
    local = moment.astimezone(zone_of(wishes.zone))
    if DAYS[local.weekday()] in quiet.days:
        return True
    starts, ends, clock = quiet.starts, quiet.ends, local.time()
    if starts is None or ends is None:
        return False
    return starts <= clock < ends if starts < ends else clock >= starts or clock < ends


def end_of_quiet(wishes: Wishes, moment: datetime) -> datetime:
    """Return the first moment from `moment` on at which somebody may be called: itself, if they may be now."""
    zone, until = zone_of(wishes.zone), moment
    if not is_quiet(wishes, moment):
        return moment
    clocks = (time(), *([wishes.quiet.ends] if wishes.quiet.ends else []))
    for _ in range(LONGEST):
        for turn in _turns(zone, until, clocks):
            if not is_quiet(wishes, turn):
                return turn
        until += DAY
    return until


def _turns(zone: ZoneInfo, since: datetime, clocks: tuple[time, ...]) -> list[datetime]:
    """Return the moments of the 24 hours after `since` at which a clock shows one of these times, or is changed."""
    first = since.astimezone(zone).date()
    found = set(_changes(zone, since))
    for number in range(-1, 3):
        for clock in clocks:
            found.update(_moments(zone, first + number * DAY, clock))
    return sorted(turn for turn in found if since < turn <= since + DAY)


def _moments(zone: ZoneInfo, day: date, clock: time) -> Iterator[datetime]:
    """Yield when a clock shows a time of a day: once, twice where it is put back, never where it leaps over that."""
    wall = datetime.combine(day, clock)
    for fold in (0, 1):
        moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            yield moment


def _changes(zone: ZoneInfo, since: datetime) -> Iterator[datetime]:
    """Yield when clocks are put forward or back in the 24 hours after `since`."""
    for hours in range(24):
        before, after = since + hours * HOUR, since + (hours + 1) * HOUR
        if _offset(zone, before) != _offset(zone, after):
            yield _change(zone, before, after)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return when clocks are changed between two moments: they are, at a whole second."""
    low, high = int(before.timestamp()), int(after.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == _offset(zone, before):
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def next_digest(wishes: Wishes, moment: datetime) -> datetime:
    """Return when the first digest after a moment is due, quiet hours apart."""
    zone, digest = zone_of(wishes.zone), wishes.digest
    due = _hours(zone, moment) if digest.every == "hourly" else _daily(zone, moment, digest.at)
    for _, each in zip(range(LONGEST * 24), due, strict=False):
        if not digest.weekdays_only or each.astimezone(zone).weekday() < SATURDAY:
            return each
    return moment


def _hours(zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """Yield the moments after one at which a clock shows a full hour."""
    while True:
        local = moment.astimezone(zone)
        gone = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        moment = (moment + HOUR - gone).astimezone(UTC)
        yield moment


def _daily(zone: ZoneInfo, moment: datetime, clock: time) -> Iterator[datetime]:
    """Yield the moments after one at which a clock first shows a time of the day."""
    day = moment.astimezone(zone).date() - DAY
    while True:
        day += DAY
        shown = next(_moments(zone, day, clock), None) or _leap(zone, day, clock)
        if shown > moment:
            yield shown


def _leap(zone: ZoneInfo, day: date, clock: time) -> datetime:
    """Return when a clock leaps over a time of a day."""
    wall = datetime.combine(day, clock)
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    return _change(zone, before, after)
