"""Slack's time: the machine's, and as far ahead as a test turns it."""

import time


class Clock:
    """What Slack takes for now, in seconds since 1970."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """The time."""
        return time.time() + self._ahead

    @property
    def turned(self) -> float:
        """The seconds that a test has let pass: what is to last for some seconds only, lasts on a slow machine, too."""
        return self._ahead

    def turn(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._ahead += seconds
