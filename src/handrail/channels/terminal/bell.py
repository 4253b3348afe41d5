"""Wakes those who look at the store: at once when it rings, and twice a second in case it didn't."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from handrail.inbox.ports import Store

POLL = 0.5
"""seconds between two looks when nothing rings"""
CALM = 0.05
"""seconds after a ring in which further ones count as the same"""
_TOPICS = frozenset({"request", "elsewhere"})


class Bell:
    """Rings after commits that concern requests, or other `topics`."""

    def __init__(self, topics: Collection[str] = _TOPICS) -> None:
        self._topics = topics
        self._rung = asyncio.Event()

    @contextmanager
    def listening(self, store: Store) -> Iterator["Bell"]:
        """Listen to a store until the block ends."""
        silence = store.listen(self._heard)
        try:
            yield self
        finally:
            silence()

    def _heard(self, signals: Sequence[tuple[str, str]]) -> None:
        if any(topic in self._topics for topic, _ in signals):
            self._rung.set()

    async def wait(self, longest: float = POLL, *, calm: float = CALM) -> None:
        """Return `calm` seconds after it has rung, or after `longest` seconds."""
        try:
            async with asyncio.timeout(longest):
                await self._rung.wait()
                await asyncio.sleep(calm)
        except TimeoutError:
            pass
        self._rung.clear()
