"""Dates and moments as the pickers of Slack have them."""

from datetime import UTC, date, datetime

EARLIEST, LATEST = 10**9, 10**10
"""seconds since 1970 between which a picker has moments: those of ten digits"""


def read_day(text: str) -> str | None:
    """Return a date as ISO 8601 writes it; None if it is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def read_seconds(seconds: int) -> str:
    """Return a moment in UTC for the seconds since 1970.

    >>> read_seconds(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> int | None:
    """Return the seconds since 1970 of a moment; None for what Slack can't show as one."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = found.timestamp() if found.tzinfo else -1
    return int(seconds) if EARLIEST <= seconds < LATEST and seconds == int(seconds) else None
