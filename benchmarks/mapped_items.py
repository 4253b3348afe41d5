"""How time and memory grow with the number of items that a MapNode asks people about.

    python benchmarks/mapped_items.py [ITEMS ...]        (default: 1000 3000 10000)

Each size runs in a process of its own on a SQLite file, with the decisions made one after the other in the same process
while the run goes on. Printed are microseconds an item (asking, deciding with all that follows) and the memory
beyond that of the idle app, in MB: with everybody asked, and the most while decisions were made. Linear and flat mean:
the ratios to the smallest size stay near 1, and memory grows far slower than the number of items.
"""

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from handrail import Actor, App, HumanApprovalNode, MapNode
from handrail.inbox import views

BOB = Actor("bob")


def resident() -> float:
    """Return the memory of this process, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


async def measure(count: int, database: Path) -> dict[str, float]:
    """Ask about so many items, decide each, and return what that took."""
    app = App(store=str(database))
    app.flow("drafts", MapNode(HumanApprovalNode(), over="items"))
    async with app:
        idle, began = resident(), time.perf_counter()
        run = await app.start("drafts", {"items": [{"content": f"item {n}"} for n in range(count)]})
        while (await app.runs.get(run.id)).status != "WAITING":  # noqa: ASYNC110 - the store has no event for that
            await asyncio.sleep(0.02)
        asked = time.perf_counter()
        gc.collect()
        waiting = most = resident() - idle
        after = None
        while batch := await views.requests(app.store, ["OPEN"], after=after, limit=500):
            after = batch[-1].id
            for request in batch:
                await app.inbox.decide(request.id, "approve", actor=BOB)
            most = max(most, resident() - idle)
        result = await run.result(120)
        ended = time.perf_counter()
    assert all(one["approved"] for one in result["results"])
    assert len(result["results"]) == count
    return {
        "asking": (asked - began) / count * 1e6,
        "deciding": (ended - asked) / count * 1e6,
        "waiting": waiting,
        "most": most,
    }


def main(sizes: list[int]) -> None:
    """Measure each size in a process of its own and print the table."""
    print(f"{'items':>8} {'µs/item asked':>15} {'µs/item decided':>17} {'MB waiting':>12} {'MB at most':>12}")
    first: dict[str, float] = {}
    for size in sizes:
        child = subprocess.run(
            [sys.executable, __file__, "--one", str(size)], capture_output=True, text=True, check=True
        )
        found = json.loads(child.stdout)
        first = first or found
        ratios = "  ".join(f"{name} x{found[name] / first[name]:.2f}" for name in first)
        print(
            f"{size:>8} {found['asking']:>15.0f} {found['deciding']:>17.0f} {found['waiting']:>12.1f} "
            f"{found['most']:>12.1f}   {ratios}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(asyncio.run(measure(int(sys.argv[2]), Path(folder) / "bench.db"))))
    else:
        main([int(size) for size in sys.argv[1:]] or [1000, 3000, 10_000])
