"""One of several processes that move the same requests at the same time: `python requests_racer.py URL MODE NAME ARG`.

It says `ready`, waits for a line on stdin so that all begin at once, and prints what it saw as one JSON object.
"""

import asyncio
import json
import random
import sys
from collections.abc import Callable
from typing import Any

from handrail import App
from handrail.inbox import views
from handrail.inbox.clock import SystemClock, sweep
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, IllegalMove, InvalidDecision, InvalidInput, NotAllowed
from handrail.requests.request import Status

PENDING = (Status.OPEN, Status.CLAIMED)
PEOPLE = ("p0", "p1", "p2", "p3")


async def decide_all(app: App, name: str, requests: list[str]) -> dict[str, Any]:
    """Decide every request once; note who won where somebody was faster."""
    won, lost = [], {}
    for request_id in requests:
        try:
            await app.inbox.decide(request_id, "approve", actor=Actor(name), comment=name)
            won.append(request_id)
        except Conflict as conflict:
            lost[request_id] = conflict.winner
    return {"won": won, "lost": lost}


async def decide_at_once(app: App, name: str, requests: list[str]) -> dict[str, Any]:
    """Decide every request, all of them at the same time."""
    order = requests[:]
    random.Random(name).shuffle(order)
    parts = await asyncio.gather(*(decide_all(app, name, [request_id]) for request_id in order))
    return {
        "won": [request_id for part in parts for request_id in part["won"]],
        "lost": {request_id: winner for part in parts for request_id, winner in part["lost"].items()},
    }


async def sweep_until_all_have_ended(app: App, name: str, requests: list[str]) -> dict[str, Any]:
    """Be the clock's hand until nothing is left to move."""
    moved = 0
    while await views.requests(app.store, PENDING, limit=1):
        moved += await sweep(app.store, SystemClock())
    return {"moved": moved}


async def move_at_random(app: App, name: str, requests: list[str]) -> dict[str, Any]:
    """Make moves drawn by a seeded generator; note which succeeded and that nothing but refusals came of the others."""
    dice = random.Random(name)
    done: list[tuple[str, str, int]] = []
    refused: dict[str, int] = {}
    for _ in range(120):
        request_id, move = dice.choice(requests), dice.choice(MOVES)
        try:
            after = await MOVES_BY_NAME[move](app, request_id, dice)
            done.append((request_id, move, after.version))
        except (Conflict, NotAllowed, InvalidDecision, InvalidInput) as error:
            kind = type(error).__name__
            refused[kind] = refused.get(kind, 0) + 1
            if isinstance(error, Conflict) and not isinstance(error, IllegalMove) and error.winner is None:
                raise AssertionError("a conflict that names no winner") from error
    return {"done": done, "refused": refused}


def _person(dice: random.Random) -> Actor:
    return Actor(dice.choice(PEOPLE))


MOVES_BY_NAME: dict[str, Callable[[App, str, random.Random], Any]] = {
    "claim": lambda app, key, dice: app.inbox.claim(key, actor=_person(dice)),
    "release": lambda app, key, dice: app.inbox.release(key, actor=_person(dice)),
    "comment": lambda app, key, dice: app.inbox.comment(key, "hm", actor=_person(dice)),
    "remind": lambda app, key, dice: app.inbox.remind(key, actor=_person(dice)),
    "reassign": lambda app, key, dice: app.inbox.reassign(key, dice.sample(PEOPLE, 3), actor=_person(dice)),
    "abstain": lambda app, key, dice: app.inbox.decide(key, "abstain", actor=_person(dice)),
    "approve": lambda app, key, dice: app.inbox.decide(key, "approve", actor=_person(dice)),
    "reject": lambda app, key, dice: app.inbox.decide(key, "reject", actor=_person(dice)),
    "withdraw": lambda app, key, dice: app.inbox.withdraw(key, actor=_person(dice)),
}
# What ends a request is rare, so that much happens before.
MOVES = [name for name in MOVES_BY_NAME for _ in range(1 if name in ("approve", "reject", "withdraw") else 6)]

MODES = {
    "decide": decide_all,
    "decide-at-once": decide_at_once,
    "sweep": sweep_until_all_have_ended,
    "random": move_at_random,
}


def _nothing(tx: object) -> None:
    """A first look, so that nobody has to open files once it begins."""


async def main(url: str, mode: str, name: str) -> None:
    """Open the store, wait for the start, do it, say what came of it."""
    async with App(store=url).connect() as app:
        await app.store.read(_nothing)
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        requests = [request.id for request in await views.requests(app.store)]
        print(json.dumps(await MODES[mode](app, name, requests)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
