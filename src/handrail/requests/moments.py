"""Moments as numbers, by which they are stored and put in order: whole microseconds since 1970, in UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_number(moment: datetime) -> int:
    """Return the microseconds since 1970."""
    return (moment - EPOCH) // _MICROSECOND


def to_number_or_none(moment: datetime | None) -> int | None:
    """Return the microseconds since 1970, or None for no moment."""
    return None if moment is None else to_number(moment)


def to_moment(number: int) -> datetime:
    """Return the moment that was so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=number)


def to_moment_or_none(number: int | None) -> datetime | None:
    """Return the moment, or None where none was stored."""
    return None if number is None else to_moment(number)
