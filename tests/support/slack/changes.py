"""Waiting for something to become true, woken at each change: no test of Slack has to sleep."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Whoever waits is woken by `notify`, looks again, and waits on."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Something changed."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, predicate: Callable[[], T], limit: float = 60.0) -> T:
        """Wait until `predicate` is true and return what it gave; TimeoutError after `limit` seconds."""
        async with asyncio.timeout(limit):
            while not (found := predicate()):
                waiter = asyncio.get_running_loop().create_future()
                self._waiting.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiting.discard(waiter)
        return found
