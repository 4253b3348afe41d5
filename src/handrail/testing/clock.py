"""A clock to turn by hand, so that a month passes in a test.

It stands still until it is turned, and tells those who wait for a moment: an app that works notices at once.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from handrail.requests.errors import InvalidInput

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class TurnableClock:
    """Tells the time that a test has set.

    Args:
        start: the first moment, with a time zone; noon of 1 January 2026 (UTC) by default.

    >>> clock = TurnableClock()
    >>> _ = clock.turn(3600)
    >>> clock.now().isoformat()
    '2026-01-01T13:00:00+00:00'
    """

    def __init__(self, start: datetime = START) -> None:
        if start.tzinfo is None:
            raise InvalidInput("a clock needs a moment with a time zone: datetime(..., tzinfo=UTC)")
        self._now = start.astimezone(UTC)
        self._listeners: dict[object, Callable[[], object]] = {}

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return self._now

    def turn(self, by: float | timedelta) -> datetime:
        """Let time pass, in seconds or as a timedelta, and return the new moment.

        Raises `InvalidInput` for less than 0: time doesn't go back.
        """
        span = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if span < timedelta(0):
            raise InvalidInput("time doesn't go back: turn the clock by 0 seconds or more")
        self._now += span
        for listener in list(self._listeners.values()):
            listener()
        return self._now

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` after each turn; returns what ends it."""
        key = object()
        self._listeners[key] = listener
        return lambda: self._listeners.pop(key, None) and None
