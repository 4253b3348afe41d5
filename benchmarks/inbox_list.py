"""What the inbox's list and counts take with a million requests in the store, a tenth of them open.

    python benchmarks/inbox_list.py [--requests 1000000] [--open 100000] [--times 100] [--keep FILE] [--json]

The requests are written by the same functions as any, in batches; `--keep` leaves the file for the next time. Half of
the open ones ask everybody, half ask one of a thousand people or one of twenty groups; they lie in ten flows and have
three priorities. One figure is the time of a page of 50 rows and the counts beside it, in milliseconds: p50 and p95.
"""

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import disk
import figures

from handrail.inbox import counting, listing
from handrail.inbox.listing import Listing
from handrail.inbox.viewer import Viewer
from handrail.requests.content import content_hash
from handrail.requests.decision import Decision, Verb
from handrail.requests.identifier import new_id
from handrail.requests.lifecycle import Decided, Event, Opened, Resolved, apply
from handrail.requests.outcome import Outcome
from handrail.requests.policy import policy
from handrail.requests.record import write_move
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.stores.sqlite import SQLiteStore
from handrail.testing.clock import START

BATCH = 5000
WORDS = "launch notes invoice refund answer draft review translation summary contract alert report".split()  # noqa: SIM905
FEW, GROUPED, BOSS = Viewer("person-7"), Viewer("person-8", ("group-1", "group-2")), Viewer("boss", (), True)


def question(number: int, chance: random.Random, share: float) -> HumanRequest:
    """Return an open request."""
    who = None
    if chance.random() >= share:
        who = (
            f"person-{chance.randrange(1000)}"
            if chance.random() < 0.9
            else f"group:group-{chance.randrange(20)}"
        )
    title = f"{' '.join(chance.choices(WORDS, k=4))} {number}"
    content = " ".join(chance.choices(WORDS, k=60))
    draft = RequestDraft(
        "approval",
        title,
        {"content": content},
        policy=policy(audience=who),
        priority=chance.choice((0, 0, 0, 1, 5)),
    )
    at = START + timedelta(seconds=number)
    return HumanRequest(
        id=new_id("req", at),
        draft=draft,
        content_hash=content_hash(draft.shown),
        thread="",  # is that of its own id
        revision=1,
        opened_at=at,
        audience=draft.policy.audience,
        asked=draft.policy.audience.users or None,
        deadline=chance.choice((None, at + timedelta(days=chance.randrange(1, 60)))),
        run_id=new_id("run", at),
        flow=f"flow-{chance.randrange(10)}",
    )


def write(tx: Any, *, numbers: range, pending: int, share: float, seed: int) -> None:
    """Open requests, and decide the first ones of them."""
    chance = random.Random(seed)
    for number in numbers:
        request = question(number, chance, share)
        tx.insert_request(request)
        tx.append_event(
            "opened",
            write_move(Opened(request)),
            at=request.opened_at,
            actor="handrail",
            request_id=request.id,
        )
        if number < pending:
            continue
        who, at = f"person-{chance.randrange(1000)}", request.opened_at + timedelta(hours=1)
        decided = Decided(Decision(Verb.APPROVE, who, at))
        moves = (decided, Resolved(Outcome(Verb.APPROVE, at, (who,))))
        for move in moves:
            tx.append_event(move.kind, write_move(move), at=at, actor=who, request_id=request.id)
        ended = request
        for move in moves:
            ended = apply(ended, Event(request.id, at, who, move))
        tx.update_request(ended, request.version)


async def fill(store: SQLiteStore, requests: int, pending: int, share: float) -> None:
    """Write so many requests, the open ones first."""
    for begin in range(0, requests, BATCH):
        numbers = range(begin, min(begin + BATCH, requests))
        await store.do(write, numbers=numbers, pending=pending, share=share, seed=begin)


async def timed(call: Callable[[], Awaitable[Any]], times: int) -> dict[str, float]:
    """Return p50 and p95 of a call, in milliseconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await call()
        took.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94]}


async def measure(database: Path, times: int, now: datetime) -> dict[str, Any]:
    """Time lists, counts and places in lists for each kind of viewer."""
    store = await SQLiteStore(database).open()
    found: dict[str, Any] = {}
    try:
        for who, viewer in (("few", FEW), ("groups", GROUPED), ("everything", BOSS)):

            async def count(viewer: Viewer = viewer) -> None:
                await counting.counts(store, viewer, now=now)

            found[f"{who}: counts"] = await timed(count, times)
            for name, which in _listings(viewer):

                async def page(viewer: Viewer = viewer, which: Listing = which) -> None:
                    await listing.page(store, viewer, which, now=now)

                found[f"{who}: {name}"] = await timed(page, times)

            async def deeper(viewer: Viewer = viewer) -> None:
                await listing.neighbours(store, viewer, Listing("open"), "req_none", now=now)

            found[f"{who}: neighbours"] = await timed(deeper, times)
    finally:
        await store.close()
    return found


def _listings(viewer: Viewer) -> list[tuple[str, Listing]]:
    view: Any = "open" if viewer.everything else "mine"
    orders: tuple[Any, ...] = listing.ORDERS
    return [
        *((f"{view} by {order}", Listing(view, order)) for order in orders),
        ("one flow", Listing(view, flow="flow-3")),
        ("text found often", Listing(view, text="invoice")),
        ("text found once", Listing(view, text=" 4711")),
        ("text not found", Listing(view, text="nowhere")),
        ("text not found, oldest", Listing(view, "oldest", text="nowhere")),
        ("overdue", Listing("overdue")),
        ("unclaimed", Listing("unclaimed")),
        ("decided by me", Listing("decided_by_me")),
        ("ended", Listing("ended")),
        ("all", Listing("all")),
    ]


def size_of(database: Path) -> float:
    """Return the megabytes of a file."""
    return os.path.getsize(database) / 1e6


async def run(database: Path, requests: int, pending: int, times: int, share: float) -> dict[str, Any]:
    """Fill the file if it is new, and measure."""
    took = 0.0
    if not database.exists():  # noqa: ASYNC240
        store = await SQLiteStore(database).open()
        began = time.perf_counter()
        await fill(store, requests, pending, share)
        took = time.perf_counter() - began
        await store.close()
    found = await measure(database, times, START + timedelta(days=1))
    return {"filled_s": took, "mb": size_of(database)} | {
        f"{name}, {quantile}": value for name, both in found.items() for quantile, value in both.items()
    }


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=figures.whole, default=1_000_000)
    parser.add_argument("--open", type=figures.whole, default=100_000, help="of these")
    parser.add_argument("--times", type=figures.whole, default=100, help="how often each is measured")
    parser.add_argument("--everybody", type=float, default=0.5, help="share of them that ask everybody")
    parser.add_argument("--keep", type=Path, help="the file to fill, or filled already")
    figures.add_json(parser)
    given = parser.parse_args()
    with disk.scratch() as folder:
        database = given.keep or folder / "list.db"
        found = asyncio.run(run(database, given.requests, given.open, given.times, given.everybody))
    figures.show(found, as_json=given.json)


if __name__ == "__main__":
    main()
