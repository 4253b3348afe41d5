"""Microseconds that a journaled step takes, one after the other in one run, and what a bare commit costs beside it.

    python benchmarks/steps.py [--steps 250] [--rounds 8] [--json]

Each round is a run of so many steps, then as many bare commits: SQLite alone, one row each, WAL and synchronous=FULL,
in the same folder. A step is durable before the next one begins; the time of a run includes its start and its end.
Printed are medians over the rounds; `beyond_us` is the median of what a step took longer than the commit of its round.
"""

import argparse
import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import disk
import figures

from handrail import App, step


async def double(n: int) -> dict[str, int]:
    """The work of one step."""
    return {"n": n, "double": 2 * n}


async def many_steps(data: dict[str, Any]) -> dict[str, Any]:
    """A flow of nothing but steps."""
    total = 0
    for n in range(data["steps"]):
        total += (await step("double", double, n))["double"]
    return {"total": total}


async def measure(folder: Path, steps: int, rounds: int) -> dict[str, Any]:
    """Alternate between runs and bare commits."""
    app = App(store=str(folder / "bench.db"))
    app.flow("steps", many_steps)
    of_steps, of_commits = [], []
    with disk.bare_commits(folder) as commits:
        async with app:
            for number in range(rounds + 1):
                began = time.perf_counter()
                result = await (await app.start("steps", {"steps": steps})).result(120)
                took, bare = time.perf_counter() - began, commits.make(steps)
                assert result == {"total": steps * (steps - 1)}, result
                if number:  # the first one warms up
                    of_steps.append(took / steps * 1e6)
                    of_commits.append(bare / steps * 1e6)
    return {
        "step_us": statistics.median(of_steps),
        "commit_us": statistics.median(of_commits),
        "beyond_us": statistics.median(a - b for a, b in zip(of_steps, of_commits, strict=True)),
        "steps": steps * rounds,
        "fsync_ms": disk.fsync_ms(folder),
    }


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=figures.whole, default=250, help="steps of a run")
    parser.add_argument("--rounds", type=figures.whole, default=8, help="runs")
    figures.add_json(parser)
    given = parser.parse_args()
    with disk.scratch() as folder:
        figures.show(asyncio.run(measure(folder, given.steps, given.rounds)), as_json=given.json)


if __name__ == "__main__":
    main()
