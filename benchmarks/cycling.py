"""Counts cycles: so many under way at any moment, each of them checked. The same for every contender.

Counted are those that end within the time, after a warm-up of a fifth of it. Where these are fewer than two rounds of
everybody under way, all are counted, from the first one's start to the last one's end: a slow contender is not cut off.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Any

import children
import figures


async def rate_of(
    cycle: Callable[[int], Awaitable[None]], concurrent: int, seconds: float, gate: children.Gate
) -> dict[str, Any]:
    """Go through cycles; returns how many ended, and what they cost in computing time of this process."""
    numbers, ended = itertools.count(), 0

    async def visitor(until: float) -> None:
        nonlocal ended
        while time.monotonic() < until:
            await cycle(next(numbers))
            ended += 1

    opened = await asyncio.to_thread(gate.wait)
    whole = Stretch()
    visitors = [asyncio.create_task(visitor(opened + seconds * 1.2)) for _ in range(concurrent)]
    await asyncio.sleep(opened + seconds / 5 - time.monotonic())
    before, timed = ended, Stretch()
    await asyncio.sleep(opened + seconds * 1.2 - time.monotonic())
    found = timed.figures(ended - before)
    await asyncio.gather(*visitors)
    return found if found["cycles"] >= 2 * concurrent else whole.figures(ended)


class Stretch:
    """A stretch of time, from where it is made, and what this process computes in it."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._computed = figures.processor_seconds()

    def figures(self, cycles: int) -> dict[str, Any]:
        """Return what so many cycles come to that ended in it, up to now."""
        computed = figures.processor_seconds() - self._computed
        return {
            "cycles": cycles,
            "cycles_per_second": cycles / (time.monotonic() - self._began),
            "cpu_ms": computed / max(cycles, 1) * 1000,
        }
