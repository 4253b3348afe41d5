"""Measures what a peer makes of the same work. `on_langgraph.py` and `on_dbos.py` say how each does it.

    .peers/NAME/bin/python on_NAME.py cycles|steps|waiting --configuration NAME [--concurrent 64] [--seconds 5]
                                      [--count 1000] [--steps 100] [--rounds 4] [--samples 50]

Runs in the peer's own virtual environment, so nothing here imports Handrail.
"""

import argparse
import asyncio
import gc
import random
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import children
import cycling
import disk
import figures

BATCH = 64
"""runs that are started at once to fill a database"""


class Peer(Protocol):
    """The work, as a peer does it. Runs are called by a number; nothing is returned that was not checked."""

    began: dict[int, float]
    """when the step after the decision began, by run"""

    async def ask(self, n: int) -> None:
        """Start a run, execute its first step, and return when it durably waits for a decision."""

    async def decide(self, n: int) -> None:
        """Decide, and return when the run has finished with the right result."""

    async def steps(self, count: int) -> None:
        """Execute one run of so many steps, one after the other, each durable."""

    def settings(self) -> str:
        """Return how the database makes things durable, as the database says."""


Opening = Callable[[Path, str], AbstractAsyncContextManager[Peer]]


async def measure_cycles(peer: Peer, database: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Full cycles a second."""

    async def cycle(n: int) -> None:
        await peer.ask(n)
        await peer.decide(n)

    return await cycling.rate_of(cycle, given.concurrent, given.seconds, children.Gate())


async def measure_steps(peer: Peer, database: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Microseconds a step, beside bare commits."""
    of_steps, of_commits = [], []
    with disk.bare_commits(database.parent) as commits:
        for number in range(given.rounds + 1):
            began = time.perf_counter()
            await peer.steps(given.steps)
            took, bare = time.perf_counter() - began, commits.make(given.steps)
            if number:
                of_steps.append(took / given.steps * 1e6)
                of_commits.append(bare / given.steps * 1e6)
    return {"step_us": statistics.median(of_steps), "commit_us": statistics.median(of_commits)}


async def measure_waiting(peer: Peer, database: Path, given: argparse.Namespace) -> dict[str, Any]:
    """What a waiting run costs beyond the first ones; then how long decisions take, one at a time."""
    await fill(peer, range(BATCH))
    gc.collect()
    memory, size = figures.resident(), disk.database_bytes(database)
    await fill(peer, range(BATCH, BATCH + given.count))
    gc.collect()
    found = {
        "count": given.count,
        "memory_bytes": (figures.resident() - memory) / given.count,
        "disk_bytes": (disk.database_bytes(database) - size) / given.count,
    }
    took = []
    for n in random.Random(4).sample(range(given.count), given.samples):
        decided = time.monotonic()
        await peer.decide(n)
        took.append((peer.began[n] - decided) * 1000)
    return {**found, **figures.summary(took)}


async def fill(peer: Peer, runs: range) -> None:
    """Let these runs wait."""
    for first in runs[::BATCH]:
        await asyncio.gather(*(peer.ask(n) for n in range(first, min(first + BATCH, runs.stop))))


MEASURES = {
    "cycles": measure_cycles,
    "steps": measure_steps,
    "waiting": measure_waiting,
}


async def measure(opening: Opening, given: argparse.Namespace) -> dict[str, Any]:
    """Measure one thing in a database of its own."""
    with disk.scratch() as folder:
        database = folder / "bench.db"
        async with opening(database, given.configuration) as peer:
            found = await MEASURES[given.measure](peer, database, given)
            return {**found, "settings": peer.settings()}


def main(opening: Opening) -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("measure", choices=MEASURES)
    parser.add_argument("--configuration", default="default")
    parser.add_argument("--concurrent", type=figures.whole, default=64, help="cycles under way")
    parser.add_argument("--seconds", type=figures.positive, default=5.0, help="seconds to measure")
    parser.add_argument("--count", type=figures.whole, default=1000, help="runs that wait")
    parser.add_argument("--steps", type=figures.whole, default=100, help="steps of a run")
    parser.add_argument("--rounds", type=figures.whole, default=4, help="runs of steps")
    parser.add_argument("--samples", type=figures.whole, default=50, help="decisions, at most --count")
    figures.show(asyncio.run(measure(opening, parser.parse_args())), as_json=True)
