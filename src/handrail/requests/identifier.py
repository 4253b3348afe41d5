"""Ids that sort by the time they were made: a prefix, milliseconds, a count of this process, randomness."""

import itertools
import re
import secrets
from datetime import UTC, datetime

_count = itertools.count(secrets.randbelow(1 << 23))


def new_id(prefix: str, now: datetime) -> str:
    """Return a fresh id such as `req_019b2c…`.

    >>> from datetime import UTC, datetime
    >>> early, late = (new_id("req", datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 2))
    >>> early < late
    True
    """
    count = next(_count) % (1 << 24)
    return f"{prefix}_{int(now.timestamp() * 1000):012x}{count:06x}{secrets.token_hex(3)}"


def is_made(identifier: str) -> bool:
    """Whether `new_id` may have made it; else somebody has chosen it.

    >>> is_made(new_id("run", datetime.now(UTC))), is_made("post-1")
    (True, False)
    """
    return re.fullmatch(r"[a-z]+_[0-9a-f]{24}", identifier) is not None


def utc_text(moment: datetime) -> str:
    """Return a moment as every face shows it: ISO 8601, in UTC.

    >>> utc_text(datetime(2026, 1, 1, 12, tzinfo=UTC))
    '2026-01-01T12:00:00Z'
    """
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Return the moment that an ISO 8601 text names, in UTC; without a zone it is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
