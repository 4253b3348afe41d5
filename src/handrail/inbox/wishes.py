"""What a person wishes to hear: for each kind of news the channels, and when they are left alone. Facts and their JSON.

Kept for each person, and once for all who have none of their own. No channel for a kind of news means that it isn't
told; without any wishes nothing is, beside what requests themselves name.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from functools import cache
from typing import Any, Literal, get_args
from zoneinfo import available_timezones

from handrail.requests.channels import check_channel_name
from handrail.requests.errors import FieldProblem, InvalidInput


class News(StrEnum):
    """A kind of news."""

    ASKED = "asked"
    """something asks me"""
    OPEN = "open"
    """something asks everybody"""
    REMINDED = "reminded"
    """a reminder, or an escalation"""
    COMMENTED = "commented"
    """somebody said something about what asks me"""
    ENDED = "ended"
    """what I was asked, or have started, has ended"""


GATHERED = (News.ASKED, News.OPEN, News.COMMENTED, News.ENDED)
"""what may wait for a digest: reminders and escalations never do"""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Every = Literal["off", "hourly", "daily"]
MOST_CHANNELS = 20
NOT_ZONES = frozenset({"Factory", "localtime"})
"""what lies among the zones and is none, or another one on each machine"""
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quiet:
    """When somebody isn't called, by the clock of their zone: from `starts` to `ends`, and the whole of some days."""

    starts: time | None = None
    ends: time | None = None
    days: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """How often some kinds of news come as one list; `at` is when of a day, by the clock of their zone."""

    every: Every = "off"
    at: time = time(8)
    weekdays_only: bool = False
    of: tuple[News, ...] = GATHERED


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wishes to hear. Channels that aren't given are none."""

    channels: Mapping[News, tuple[str, ...]] = field(default_factory=dict)
    zone: str = "UTC"
    quiet: Quiet = Quiet()
    digest: Digest = Digest()

    def through(self, news: News) -> tuple[str, ...]:
        """Return by which channels a kind of news is told."""
        return self.channels.get(news, ())

    def gathers(self, news: News) -> bool:
        """Whether a kind of news waits for the digest."""
        return self.digest.every != "off" and news in GATHERED and news in self.digest.of


@cache
def zones() -> frozenset[str]:
    """Return the time zones that this machine knows, by their IANA names."""
    return frozenset(available_timezones()) - NOT_ZONES | {"UTC"}


def written(wishes: Wishes) -> dict[str, Any]:
    """Return wishes as JSON, with the words of the documentation as keys.

    >>> written(Wishes())["digest"]["at"]
    '08:00'
    """
    quiet, digest = wishes.quiet, wishes.digest
    return {
        "channels": {str(news): list(wishes.through(news)) for news in News},
        "zone": wishes.zone,
        "quiet": {"starts": _text(quiet.starts), "ends": _text(quiet.ends), "days": list(quiet.days)},
        "digest": {
            "every": digest.every,
            "at": _text(digest.at),
            "weekdays_only": digest.weekdays_only,
            "of": [str(news) for news in digest.of],
        },
    }


def read(given: Mapping[str, Any], channels: Collection[str] | None = None) -> Wishes:
    """Return wishes from what `written` makes; what isn't given is as in `Wishes()`.

    `channels` are those that may be named, any for None. Raises `InvalidInput`, with every field that is wrong.
    """
    problems = list(_problems(given, channels))
    if problems:
        told = "; ".join(f"{each.path}: {each.message}" for each in problems[:3])
        raise InvalidInput(f"these notifications can't be: {told}", fields=problems)
    return stored(given)


def stored(given: Mapping[str, Any]) -> Wishes:
    """Return wishes from what was checked when it was stored."""
    quiet, digest = given.get("quiet") or {}, given.get("digest") or {}
    named = given.get("channels") or {}
    days = quiet.get("days") or ()
    of = digest.get("of", GATHERED)
    return Wishes(
        {news: tuple(dict.fromkeys(named[news])) for news in News if named.get(news)},
        given.get("zone", "UTC"),
        Quiet(_time(quiet.get("starts")), _time(quiet.get("ends")), tuple(d for d in DAYS if d in days)),
        Digest(
            digest.get("every", "off"),
            _time(digest.get("at")) or time(8),
            bool(digest.get("weekdays_only", False)),
            tuple(news for news in GATHERED if news in of),
        ),
    )


def _text(clock: time | None) -> str | None:
    return None if clock is None else f"{clock:%H:%M}"


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _problems(given: Mapping[str, Any], channels: Collection[str] | None) -> Iterator[FieldProblem]:
    """Yield everything that is wrong."""
    yield from _unknown("", given, ("channels", "zone", "quiet", "digest"))
    yield from _channel_problems(given.get("channels") or {}, channels)
    if given.get("zone", "UTC") not in zones():
        yield FieldProblem("zone", "must be a time zone by its IANA name, such as Europe/Berlin")
    yield from _quiet_problems(given.get("quiet") or {})
    yield from _digest_problems(given.get("digest") or {})


def _unknown(path: str, given: Mapping[str, Any], known: Collection[str]) -> Iterator[FieldProblem]:
    for name in given:
        if name not in known:
            yield FieldProblem(f"{path}{str(name)[:80]}", f"must be one of {', '.join(known)}")


def _channel_problems(named: Mapping[str, Any], channels: Collection[str] | None) -> Iterator[FieldProblem]:
    yield from _unknown("channels.", named, tuple(News))
    for news in News:
        wanted, path = named.get(news) or (), f"channels.{news}"
        if len(wanted) > MOST_CHANNELS:
            yield FieldProblem(path, f"must be at most {MOST_CHANNELS} channels")
        for name in wanted:
            try:
                check_channel_name(name)
            except InvalidInput as error:
                yield FieldProblem(path, error.fields[0].message)
                continue
            if channels is not None and name not in channels:
                known = ", ".join(sorted(channels)) or "none here"
                yield FieldProblem(path, f"{name!r} isn't a channel that reaches people: {known}")


def _clock_problem(path: str, text: object, *, needed: bool = False) -> Iterator[FieldProblem]:
    if (text is None and not needed) or (isinstance(text, str) and _CLOCK.fullmatch(text)):
        return
    yield FieldProblem(path, "must be a time of the day from 00:00 to 23:59, such as 22:00")


def _quiet_problems(quiet: Mapping[str, Any]) -> Iterator[FieldProblem]:
    yield from _unknown("quiet.", quiet, ("starts", "ends", "days"))
    starts, ends, days = quiet.get("starts"), quiet.get("ends"), quiet.get("days") or ()
    yield from _clock_problem("quiet.starts", starts, needed=ends is not None)
    yield from _clock_problem("quiet.ends", ends, needed=starts is not None)
    if starts is not None and starts == ends:
        yield FieldProblem(
            "quiet.ends", "must be another time than the start; whole days are named as quiet days"
        )
    for day in days:
        if day not in DAYS:
            yield FieldProblem("quiet.days", f"must be some of {', '.join(DAYS)}")
            return
    if len(set(days)) == len(DAYS):
        told = "must leave a day that isn't quiet; to hear nothing at all choose no channels"
        yield FieldProblem("quiet.days", told)


def _digest_problems(digest: Mapping[str, Any]) -> Iterator[FieldProblem]:
    yield from _unknown("digest.", digest, ("every", "at", "weekdays_only", "of"))
    if digest.get("every", "off") not in get_args(Every):
        yield FieldProblem("digest.every", f"must be one of {', '.join(get_args(Every))}")
    yield from _clock_problem("digest.at", digest.get("at", "08:00"), needed=True)
    if not isinstance(digest.get("weekdays_only", False), bool):
        yield FieldProblem("digest.weekdays_only", "must be true or false")
    if any(news not in GATHERED for news in digest.get("of", ())):
        told = f"must be some of {', '.join(GATHERED)}; reminders and escalations don't wait"
        yield FieldProblem("digest.of", told)
