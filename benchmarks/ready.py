"""Seconds from the start of a process until it is ready, and what it computes while idle, with 100,000 runs waiting.

    python benchmarks/ready.py [--count 100000] [--rounds 5] [--idle 10] [--json]

Ready is a worker inside `async with app`: it serves, and takes a decision. `seconds` counts from before the
interpreter is executed, `without_imports` from when Handrail has been imported; `answered` is until the next node of a
run has begun whose request was decided at that instant. `idle_percent` is of one core, over `--idle` seconds of
nothing, all threads together.
"""

import argparse
import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import children
import disk
import figures


async def be_ready(given: argparse.Namespace, imported: float) -> dict[str, Any]:
    """Work, take a decision at once, then do nothing for a while."""
    import approval

    from handrail import App

    publish = approval.Publishing()
    app = App(store=str(given.work))
    app.flow(approval.FLOW, approval.flow(publish))
    async with app:
        ready = time.monotonic()
        await app.inbox.decide(given.request, "approve", actor=approval.BOB)
        async with asyncio.timeout(60):
            while given.request not in publish.began:  # noqa: ASYNC110 - nodes set no event
                await asyncio.sleep(0.001)
        found = {"ready": ready, "imported": imported, "answered": publish.began[given.request]}
        if given.idle:
            await asyncio.sleep(3)
            computed, began = figures.processor_seconds(), time.monotonic()
            await asyncio.sleep(given.idle)
            share = (figures.processor_seconds() - computed) / (time.monotonic() - began)
            found["idle_percent"] = share * 100
    return found


def measure(count: int, rounds: int, idle: float) -> dict[str, Any]:
    """Start a worker several times on the same file; the last one also idles."""
    import latency
    import waiting

    full = waiting.database(count)
    found = []
    with disk.scratch() as folder:
        database = disk.copy_database(full, folder / "bench.db")
        requests = asyncio.run(latency.choose(database, rounds))
        for number, request in enumerate(requests, 1):
            began = time.monotonic()
            idling = ["--idle", idle] if number == rounds else ["--not-idle"]
            arguments = ["--work", database, "--request", request, *idling]
            one = children.alone(Path(__file__), arguments)
            found.append({**one, "began": began})
    return {
        "seconds": statistics.median(one["ready"] - one["began"] for one in found),
        "least": min(one["ready"] - one["began"] for one in found),
        "most": max(one["ready"] - one["began"] for one in found),
        "without_imports": statistics.median(one["ready"] - one["imported"] for one in found),
        "answered": statistics.median(one["answered"] - one["began"] for one in found),
        "idle_percent": found[-1].get("idle_percent"),
    }


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=figures.whole, default=100_000, help="runs that wait")
    parser.add_argument("--rounds", type=figures.whole, default=5, help="starts of a worker, at most --count")
    parser.add_argument(
        "--idle", type=figures.positive, default=10.0, help="seconds of nothing, after the last start"
    )
    parser.add_argument("--not-idle", dest="idle", action="store_const", const=None, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--request", help=argparse.SUPPRESS)
    figures.add_json(parser)
    given = parser.parse_args()
    if given.rounds > given.count:
        parser.error(
            f"--rounds {given.rounds} is more than --count {given.count}: each start decides another run"
        )
    if given.work:
        import handrail  # noqa: F401 - what is timed

        figures.show(asyncio.run(be_ready(given, time.monotonic())), as_json=True)
    else:
        figures.show(measure(given.count, given.rounds, given.idle), as_json=given.json)


if __name__ == "__main__":
    main()
