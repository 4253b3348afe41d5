"""Waiting for what comes about in other tasks, threads and processes: by its condition, with a deadline."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], within: float = 30.0) -> None:
    """Return once `condition()` is true; fails after `within` seconds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event of this loop
            await asyncio.sleep(0.01)
