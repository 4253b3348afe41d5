"""How time and memory grow with the number of items that a MapNode asks people about.

    python benchmarks/mapped_items.py [ITEMS ...] [--json]        (default: 1000 3000 10000)

Each size runs in a process of its own on a SQLite file, with the decisions made one after the other in the same process
while the run goes on. Printed are microseconds an item (asking, deciding with all that follows) and the memory
beyond that of the idle app, in MB: with everybody asked, and the most while decisions were made. Linear and flat mean:
the ratios to the smallest size stay near 1, and memory grows far slower than the number of items.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import time
from pathlib import Path

import disk
import figures

from handrail import Actor, App, HumanApprovalNode, MapNode
from handrail.inbox import views

BOB = Actor("bob")
FIGURES = ("asking_us", "deciding_us", "waiting_mb", "most_mb")


async def measure(count: int, database: Path) -> dict[str, float]:
    """Ask about so many items, decide each, and return what that took."""
    app = App(store=str(database))
    app.flow("drafts", MapNode(HumanApprovalNode(), over="items"))
    async with app:
        idle, began = figures.resident() / 1e6, time.perf_counter()
        run = await app.start("drafts", {"items": [{"content": f"item {n}"} for n in range(count)]})
        while (await app.runs.get(run.id)).status != "WAITING":  # noqa: ASYNC110 - the store has no event for that
            await asyncio.sleep(0.02)
        asked = time.perf_counter()
        gc.collect()
        waiting = most = figures.resident() / 1e6 - idle
        after = None
        while batch := await views.requests(app.store, ["OPEN"], after=after, limit=500):
            after = batch[-1].id
            for request in batch:
                await app.inbox.decide(request.id, "approve", actor=BOB)
            most = max(most, figures.resident() / 1e6 - idle)
        result = await run.result(120)
        ended = time.perf_counter()
    assert all(one["approved"] for one in result["results"])
    assert len(result["results"]) == count
    return {
        "items": count,
        "asking_us": (asked - began) / count * 1e6,
        "deciding_us": (ended - asked) / count * 1e6,
        "waiting_mb": waiting,
        "most_mb": most,
    }


def measured(size: int) -> dict[str, float]:
    """Measure one size in a process of its own."""
    child = subprocess.run(
        [sys.executable, __file__, "--one", str(size)], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(child.stdout)
    return found


def print_table(sizes: list[int]) -> None:
    """Measure each size and print its line when it is known."""
    print(f"{'items':>8} {'µs/item asked':>15} {'µs/item decided':>17} {'MB waiting':>12} {'MB at most':>12}")
    first: dict[str, float] = {}
    for size in sizes:
        found = measured(size)
        first = first or found
        ratios = "  ".join(
            f"{name.rsplit('_', 1)[0]} x{found[name] / first[name]:.2f}" for name in FIGURES if first[name]
        )
        print(
            f"{size:>8} {found['asking_us']:>15.0f} {found['deciding_us']:>17.0f} {found['waiting_mb']:>12.1f} "
            f"{found['most_mb']:>12.1f}   {ratios}",
            flush=True,
        )


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "items",
        metavar="ITEMS",
        type=figures.whole,
        nargs="*",
        default=[1000, 3000, 10_000],
        help="items that one run asks about",
    )
    parser.add_argument("--one", type=figures.whole, help=argparse.SUPPRESS)
    figures.add_json(parser)
    given = parser.parse_args()
    if given.one:
        with disk.scratch() as folder:
            figures.show(asyncio.run(measure(given.one, folder / "bench.db")), as_json=True)
    elif given.json:
        figures.show({"sizes": [measured(size) for size in given.items]}, as_json=True)
    else:
        print_table(given.items)


if __name__ == "__main__":
    main()
