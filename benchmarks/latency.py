"""Milliseconds from a decision to the start of the next node, while 100,000 runs wait.

    python benchmarks/latency.py [--decided here|elsewhere] [--beside nothing|cycles|flood] [--rate 50]
                                 [--samples 300] [--count 100000] [--json]

Measured is from the call of `inbox.decide` until the function of the next node is entered, in one clock that processes
share. Decisions come at random moments, `--rate` a second on average, whether or not those before are done. The worker
that goes on with the runs is one process; with `--decided elsewhere` another one decides. Beside that goes on:

    nothing
    cycles     500 full cycles a second, started evenly, in the worker's process
    flood      another process that goes through full cycles on the same file as fast as it can, 64 at once
"""

import argparse
import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import approval
import children
import disk
import figures
import waiting

from handrail import App
from handrail.inbox import views

SETTLE = 2.0
"""seconds after a worker has begun, and after what goes on beside has"""
PACE = 500
"""cycles a second beside the decisions"""
FLOOD = 64
SIDE = "beside"
"""the flow of the cycles beside: only who goes through them knows it"""


async def open_requests(app: App, count: int) -> list[str]:
    """Return the ids of requests that wait, from all over the inbox."""
    found: list[str] = []
    last = None
    while page := await views.requests(app.store, ["OPEN"], after=last, limit=1000):
        found += [request.id for request in page if request.flow == approval.FLOW]
        last = page[-1].id
    return random.Random(4).sample(found, count)


async def decide_each(app: App, request_ids: list[str], rate: float) -> dict[str, float]:
    """Decide at random moments; returns when each decision began."""
    chance, began = random.Random(5), {}

    async def decide(request_id: str) -> None:
        began[request_id] = time.monotonic()
        decided = await app.inbox.decide(request_id, "approve", actor=approval.BOB)
        assert decided.outcome is not None
        assert decided.outcome.approved

    moment = time.monotonic()
    async with asyncio.TaskGroup() as decisions:
        for request_id in request_ids:
            moment += chance.expovariate(rate)
            await asyncio.sleep(max(0.0, moment - time.monotonic()))
            decisions.create_task(decide(request_id))
    return began


@asynccontextmanager
async def paced_cycles(app: App, others: list[str]) -> AsyncIterator[Callable[[], float]]:
    """Start cycles evenly and decide what they ask; gives what tells how many a second ended of late."""
    ended, asked_at, asked_with, over = 0, time.monotonic(), 0, asyncio.Event()

    async def one(n: int) -> None:
        nonlocal ended
        await approval.cycle(app, n, SIDE)
        ended += 1

    async def all_of_them() -> None:
        moment = time.monotonic()
        async with asyncio.TaskGroup() as cycles:
            for n in itertools.count():
                if over.is_set():
                    return
                moment += 1 / PACE
                await asyncio.sleep(max(0.0, moment - time.monotonic()))
                cycles.create_task(one(n))

    def rate() -> float:
        nonlocal asked_at, asked_with
        since, number = time.monotonic() - asked_at, ended - asked_with
        asked_at, asked_with = time.monotonic(), ended
        return number / since

    app.flow(SIDE, approval.flow())
    async with approval.deciding(app, others):
        driving = asyncio.create_task(all_of_them())
        try:
            yield rate
        finally:
            over.set()
            await driving


async def flood(database: Path) -> None:
    """Go through cycles until the standard input ends, and print how many a second that were."""
    app = App(store=str(database))
    app.flow(SIDE, approval.flow())
    numbers, ended, over = itertools.count(), 0, asyncio.Event()

    async def visitor() -> None:
        nonlocal ended
        while not over.is_set():
            await approval.cycle(app, next(numbers), SIDE)
            ended += 1

    async with app, approval.deciding(app):
        print("ready", flush=True)
        began = time.monotonic()
        visitors = [asyncio.create_task(visitor()) for _ in range(FLOOD)]
        await asyncio.to_thread(sys.stdin.read)
        rate = ended / (time.monotonic() - began)
        over.set()
        await asyncio.gather(*visitors)
    figures.show({"beside_per_second": rate}, as_json=True)


async def work(
    given: argparse.Namespace, decide: Callable[[App], Awaitable[dict[str, float]]]
) -> dict[str, Any]:
    """Be the worker, let decisions be made, and return how long each took to reach the next node."""
    publish = approval.Publishing()
    app = App(store=str(given.database))
    app.flow(approval.FLOW, approval.flow(publish))
    async with app:
        before = figures.resident()
        async with paced_cycles(app, given.requests) if given.beside == "cycles" else nullcontext() as rate:
            await asyncio.sleep(SETTLE)
            if rate is not None:
                rate()
            began = await decide(app)
            beside_rate = rate() if rate is not None else 0.0
            async with asyncio.timeout(60):
                while not began.keys() <= publish.began.keys():  # noqa: ASYNC110 - nodes set no event
                    await asyncio.sleep(0.02)
        grown = figures.resident() - before
    took = [(publish.began[one] - moment) * 1000 for one, moment in began.items()]
    return {**figures.summary(took), "beside_per_second": beside_rate, "grown_mb": grown / 1e6}


async def decide_here(given: argparse.Namespace, app: App) -> dict[str, float]:
    """Decide in the worker's own process."""
    return await decide_each(app, given.requests, given.rate)


async def decide_elsewhere(given: argparse.Namespace, app: App) -> dict[str, float]:
    """Let another process decide."""
    arguments = [
        __file__,
        "--decider",
        given.database,
        "--rate",
        given.rate,
        "--requests",
        given.requests_file,
    ]
    child = await asyncio.create_subprocess_exec(
        sys.executable, *map(str, arguments), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode == 0
    began: dict[str, float] = json.loads(said)
    return began


async def be_the_decider(given: argparse.Namespace) -> None:
    """Only decide, and print when each decision began."""
    async with App(store=str(given.decider)).connect() as app:
        began = await decide_each(app, given.requests, given.rate)
    print(json.dumps(began))


async def choose(database: Path, count: int) -> list[str]:
    """Return requests to decide."""
    async with App(store=str(database)).connect() as app:
        return await open_requests(app, count)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Copy a database, start what goes on beside, and let a fresh process work."""
    full = waiting.database(given.count)
    with disk.scratch() as folder:
        database = disk.copy_database(full, folder / "bench.db")
        chosen = folder / "requests.json"
        chosen.write_text(json.dumps(asyncio.run(choose(database, given.samples))))
        arguments: list[object] = ["--work", database, "--requests", chosen, "--rate", given.rate]
        arguments += ["--decided", given.decided, "--beside", given.beside]
        if given.beside != "flood":
            return children.alone(Path(__file__), arguments)
        with children.running([children.start(Path(__file__), ["--flood", database])]) as (flooding,):
            children.await_ready(flooding)
            found = children.alone(Path(__file__), arguments)
            return {**found, **children.outcome(flooding)}


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--decided", choices=["here", "elsewhere"], default="here", help="in which process")
    parser.add_argument(
        "--beside", choices=["nothing", "cycles", "flood"], default="nothing", help="what else goes on"
    )
    parser.add_argument("--rate", type=figures.positive, default=50.0, help="decisions a second")
    parser.add_argument(
        "--samples",
        type=figures.whole,
        default=300,
        help="decisions, at most --count; from 100 on p99 is shown",
    )
    parser.add_argument("--count", type=figures.whole, default=100_000, help="runs that wait")
    for hidden in ("--work", "--decider", "--flood", "--requests"):
        parser.add_argument(hidden, type=Path, help=argparse.SUPPRESS)
    figures.add_json(parser)
    given = parser.parse_args()
    if given.samples > given.count:
        parser.error(
            f"--samples {given.samples} is more than --count {given.count}: each decides another run"
        )
    if given.requests:
        given.requests_file, given.requests = given.requests, json.loads(given.requests.read_text())
    if given.flood:
        asyncio.run(flood(given.flood))
    elif given.decider:
        asyncio.run(be_the_decider(given))
    elif given.work:
        given.database = given.work
        decide = decide_here if given.decided == "here" else decide_elsewhere
        figures.show(asyncio.run(work(given, lambda app: decide(given, app))), as_json=True)
    else:
        figures.show(measure(given), as_json=given.json)


if __name__ == "__main__":
    main()
