"""The doorbell of a store: tells listeners what was committed here, and that another process has committed something.

SQLite can't call other processes, so its `data_version` is looked at: often while something happens, seldom when
nothing has for a while, so that a store nobody uses costs next to nothing.
"""

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Callable, Sequence

from handrail.inbox.ports import Listener

POLL = 0.005
"""seconds between two looks for other processes' commits"""
LAZY_POLL = 0.008
"""the same, once nothing has happened for `AWAKE` seconds"""
AWAKE = 1.0


class Bell:
    """Listeners, and when to ring for them."""

    def __init__(self, *, alone: bool) -> None:
        """With `alone` no other process can commit anything, and nothing is looked at."""
        self._alone = alone
        self._listeners: dict[int, tuple[asyncio.AbstractEventLoop, Listener]] = {}
        self._keys = itertools.count()
        self._version = 0
        self._last = 0.0

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on this event loop after commits that rang; returns what ends it."""
        key = next(self._keys)
        self._listeners[key] = (asyncio.get_running_loop(), listener)

        def end() -> None:
            self._listeners.pop(key, None)

        return end

    def ring(self, signals: Sequence[tuple[str, str]]) -> None:
        """Tell the listeners, each on its event loop."""
        told = tuple(signals)
        for loop, listener in list(self._listeners.values()):
            try:
                loop.call_soon_threadsafe(listener, told)
            except RuntimeError:  # that loop was closed
                continue

    def attach(self, connection: sqlite3.Connection) -> None:
        """Begin to look, from what is committed now."""
        self._version, self._last = _version(connection), time.monotonic()

    def look(self, connection: sqlite3.Connection, *, busy: bool) -> None:
        """Ring if another process has committed something; `busy` says that this one has just worked."""
        if self._alone:
            return
        try:
            version = _version(connection)
        except sqlite3.Error:  # the next unit of work meets it too, and somebody is told
            return
        if version != self._version:
            self._version = version
            self.ring([("elsewhere", "")])
            busy = True
        if busy:
            self._last = time.monotonic()

    def pause(self) -> float | None:
        """Return the seconds until the next look, None for ever."""
        if self._alone:
            return None
        return POLL if time.monotonic() - self._last < AWAKE else LAZY_POLL


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
