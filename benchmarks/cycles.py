"""Full cycles a second: start → step → ask → decide → step → finished, on a SQLite file with synchronous=FULL.

    python benchmarks/cycles.py [--concurrent 64] [--seconds 5] [--processes 1] [--json]

So many cycles are under way at any moment in each process; counted are those that ended, with the result checked,
after a warm-up of a fifth of the time. With `--processes 2` both work on one file and know the same flow, so that
either may go on with the other's runs. `cpu_ms` is what a cycle costs all threads of its process in computing time,
`fsync_ms` the median of 4 KB writes with fdatasync in the same folder, before and after.
"""

import argparse
import asyncio
import statistics
from pathlib import Path
from typing import Any

import approval
import children
import cycling
import disk
import figures

from handrail import App


async def measure(database: Path, concurrent: int, seconds: float, gate: children.Gate) -> dict[str, Any]:
    """Go through cycles and return how many ended within the time, and what they cost."""
    app = App(store=str(database))
    app.flow(approval.FLOW, approval.flow())
    async with app, approval.deciding(app):
        return await cycling.rate_of(lambda n: approval.cycle(app, n), concurrent, seconds, gate)


def together(concurrent: int, seconds: float, processes: int) -> dict[str, Any]:
    """Measure in so many fresh processes on one file at once."""
    with disk.scratch() as folder:
        before = disk.fsync_ms(folder)
        arguments = ["--one", folder / "bench.db", "--concurrent", concurrent, "--seconds", seconds]
        found = children.at_once(Path(__file__), [arguments] * processes)
        fsync = statistics.mean([before, disk.fsync_ms(folder)])
    total = sum(one["cycles_per_second"] for one in found)
    return {
        "concurrent": concurrent,
        "processes": processes,
        "cycles": sum(one["cycles"] for one in found),
        "cycles_per_second": total,
        "cpu_ms": sum(one["cpu_ms"] * one["cycles_per_second"] for one in found) / total,
        "fsync_ms": fsync,
    }


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--concurrent", type=figures.whole, default=64, help="cycles under way in each process"
    )
    parser.add_argument(
        "--seconds", type=figures.positive, default=5.0, help="seconds to measure, after a warm-up"
    )
    parser.add_argument("--processes", type=figures.whole, default=1, help="processes on one file")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    figures.add_json(parser)
    given = parser.parse_args()
    if given.one:
        found = asyncio.run(measure(given.one, given.concurrent, given.seconds, children.Gate()))
        figures.show(found, as_json=True)
    else:
        figures.show(together(given.concurrent, given.seconds, given.processes), as_json=given.json)


if __name__ == "__main__":
    main()
