"""A process of the chaos test: `python -m tests.support.chaos_roles ROLE NAME SEED`, a worker, decider, starter or
sweeper. Each writes down what it tried before it tries, and what it was told afterwards.

A process that can't open the store (the disk is full) ends with code 3.
"""

import asyncio
import ctypes
import json
import os
import random
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from handrail import Actor, App
from handrail.inbox import views
from handrail.inbox.clock import sweep
from handrail.inbox.moves import PENDING
from handrail.requests.errors import Conflict, HandrailError, StoreBusy, StoreError, StoreFull
from handrail.requests.request import HumanRequest
from handrail.runs import activation
from handrail.runs.run import RunStatus
from handrail.stores import filelock
from tests.support import chaos_effects, chaos_flows
from tests.support.chaos_effects import fresh, phase, write

CANNOT_OPEN = 3
PR_SET_PDEATHSIG = 1
UNDER_WAY = (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING)
ENOUGH = 60
"""so many runs are under way at once"""


def told_of(error: HandrailError) -> str:
    """Return what it means for whoever was told this."""
    match error:
        case StoreFull() | StoreBusy():
            return "not stored"
        case StoreError():
            return "unknown"
        case Conflict():
            return "conflict"
    return "refused"


async def tried(name: str, line: dict[str, Any], work: Callable[[], Awaitable[Any]]) -> None:
    """Write down what is tried, try it, and write down what came of it."""
    write(name, {**line, "told": None})
    try:
        await work()
        write(name, {**line, "told": "acknowledged"})
    except HandrailError as error:
        write(
            name, {**line, "told": told_of(error), "why": str(getattr(error, "rule", type(error).__name__))}
        )


async def keep_within_limit(app: App) -> None:
    """Let the file not grow while the disk is said to be full, where no small disk could be mounted."""
    limited = False
    while True:
        if (now := chaos_effects.control()["limited"]) != limited:
            with suppress(StoreError):
                await app.store.do(limit_pages, pages=1 if now else 1 << 30)
                limited = now
        await asyncio.sleep(0.05)


def limit_pages(tx: Any, *, pages: int) -> None:
    """Let the file have so many pages; one that has more keeps them."""
    tx.connection.execute(f"PRAGMA max_page_count = {pages}")


async def until_stopped(app: App, name: str, dice: random.Random) -> None:
    """Work until the end."""
    while phase() != "stop":  # noqa: ASYNC110 - another process says so, in a file
        await asyncio.sleep(0.1)


async def keep_sweeping(app: App, name: str, dice: random.Random) -> None:
    """Be the clock's hand."""
    while phase() != "stop":
        try:
            await sweep(app.store, app.clock)
        except StoreError:
            await asyncio.sleep(0.2)
        await asyncio.sleep(dice.uniform(0.0, 0.1))


class Starter:
    """Starts runs, some of them twice, and cancels a few."""

    def __init__(self, app: App, name: str, dice: random.Random) -> None:
        self.app, self.name, self.dice = app, name, dice
        self.lately: deque[dict[str, Any]] = deque(maxlen=20)

    async def work(self) -> None:
        """Start runs while it is chaos; first again those that nobody has acknowledged."""
        lines = chaos_effects.read(chaos_effects.folder() / f"{self.name}.jsonl")
        answered = {line["run"] for line in lines if line["told"]}
        for line in lines:
            if line["what"] == "start" and line["run"] not in answered:
                await self.start(line)
        while phase() == "chaos":
            try:
                count = len(await self.app.runs.list(UNDER_WAY))
            except StoreError:
                count = ENOUGH
            if count < ENOUGH:
                await self.one()
            await asyncio.sleep(self.dice.uniform(0.0, 0.04 if count < ENOUGH else 0.3))

    async def one(self) -> None:
        """Start a run, or one again, or cancel one."""
        if self.lately and self.dice.random() < 0.1:
            await self.start(self.dice.choice(self.lately))
            return
        if self.lately and self.dice.random() < 0.04:
            run_id = self.dice.choice(self.lately)["run"]
            line = {"what": "cancel", "run": run_id, "by": self.name}
            await tried(self.name, line, lambda: self.app.runs.cancel(run_id, actor=self.name))
            return
        flow = self.dice.choice([*chaos_flows.FLOWS, "careful"])
        task, priority = f"t{self.dice.randrange(10_000) // 2}", self.dice.choice(["high", "normal", "low"])
        data = {"tokens": {}, "heard": {}, "task": task, "priority": priority}
        line = {"what": "start", "run": f"{flow}-{fresh()}", "flow": flow, "data": data}
        self.lately.append(line)
        await self.start(line)

    async def start(self, line: dict[str, Any]) -> None:
        """Start a run, once or again."""
        await tried(self.name, line, lambda: self.app.start(line["flow"], line["data"], line["run"]))


async def start_runs(app: App, name: str, dice: random.Random) -> None:
    """Start runs while it is chaos."""
    await Starter(app, name, dice).work()


class Decider:
    """Several people at one keyboard: they decide in time, at once, twice, too late, and without any right."""

    def __init__(self, app: App, name: str, dice: random.Random) -> None:
        self.app, self.name, self.dice = app, name, dice
        self.seen: deque[HumanRequest] = deque(maxlen=200)

    async def work(self) -> None:
        """Decide until the end."""
        while phase() != "stop":
            try:
                found = await views.requests(self.app.store, PENDING, limit=300)
            except StoreError:
                await asyncio.sleep(0.2)
                continue
            await asyncio.gather(*(self.look_at(request) for request in self._some(found)))
            await asyncio.sleep(self.dice.uniform(0.0, 0.08))

    def _some(self, found: list[HumanRequest]) -> list[HumanRequest]:
        """Choose what to look at: whoever is silent leaves something to the clock."""
        heard = [request for request in found if not self._is_silent(request)]
        chosen = self.dice.sample(heard, min(len(heard), self.dice.randint(1, 8)))
        self.seen.extend(chosen)
        late = [self.dice.choice(self.seen)] if self.seen and self.dice.random() < 0.2 else []
        return chosen + late

    def _is_silent(self, request: HumanRequest) -> bool:
        silent = request.deadline is not None and int(request.id[-2:], 16) % 4 == 0
        return silent or (request.in_line and self.dice.random() < 0.9)

    async def look_at(self, request: HumanRequest) -> None:
        """Do something about a request."""
        luck = self.dice.random()
        if luck < 0.06 and phase() == "chaos":
            await self.something_else(request)
        elif luck < 0.07 and phase() == "chaos":
            await self.by_command(request)
        else:
            await asyncio.gather(*(self.decide(request) for _ in range(2 if luck > 0.85 else 1)))

    async def something_else(self, request: HumanRequest) -> None:
        """Claim it, give it back, say something about it, remind of it."""
        actor, inbox = Actor(self._person(request)), self.app.inbox
        what = self.dice.choice(["claim", "release", "comment", "remind"])
        line = {"id": fresh(), "what": what, "request": request.id, "actor": actor.name}
        moves: dict[str, Callable[[], Awaitable[Any]]] = {
            "claim": lambda: inbox.claim(request.id, actor=actor),
            "release": lambda: inbox.release(request.id, actor=actor),
            "comment": lambda: inbox.comment(request.id, "hm", actor=actor),
            "remind": lambda: inbox.remind(request.id, actor=actor),
        }
        await tried(self.name, line, moves[what])

    async def decide(self, request: HumanRequest) -> None:
        """Decide through the inbox."""
        line, payload = self._decision(request)
        seen = self.dice.choice([None, request.content_hash] * 10 + ["another hash"])
        await tried(
            self.name,
            line,
            lambda: self.app.inbox.decide(
                request.id,
                line["verb"],
                actor=Actor(line["actor"]),
                payload=payload,
                comment=line["id"],
                seen_hash=seen,
            ),
        )

    async def by_command(self, request: HumanRequest) -> None:
        """Decide on the command line."""
        line, payload = self._decision(request)
        arguments = ["decide", request.id, line["verb"], "--as", line["actor"], "--comment", line["id"]]
        arguments += [] if payload is None else ["--payload", json.dumps(payload)]
        write(self.name, {**line, "told": None})
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from handrail.cli import main; main()", *arguments),
            *("--store", f"sqlite:///{chaos_effects.database()}"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        code = await process.wait()
        told = {0: "acknowledged", 3: "conflict", 4: "refused"}.get(code, "unknown")
        write(self.name, {**line, "told": told, "command": True})

    def _decision(self, request: HumanRequest) -> tuple[dict[str, Any], Any]:
        nonce = fresh()
        verb, payload = self._answer(request, nonce)
        actor = self._person(request)
        line = {"id": nonce, "what": "decide", "request": request.id, "actor": actor, "verb": verb}
        return line, payload

    def _person(self, request: HumanRequest) -> str:
        if self.dice.random() < 0.04:
            return "mallory"
        if request.claimed_by and self.dice.random() < 0.8:
            return request.claimed_by
        return self.dice.choice(request.asked or ("alice", "bob", "zoe"))

    def _answer(self, request: HumanRequest, nonce: str) -> tuple[str, Any]:
        match request.draft.kind:
            case "approval":
                verb = self.dice.choice(["approve", "approve", "reject", "edit", "abstain"])
                return verb, {"note": nonce} if verb == "edit" else None
            case "feedback":
                return self.dice.choice(["approve", "request_changes", "request_changes", "reject"]), None
            case "review":
                return self.dice.choice(["approve", "approve", "reject", "abstain"]), None
            case "task":
                return "answer", {"said": nonce}
            case "interrupted":
                what = self.dice.choice(["run_again"] * 10 + ["happened"] * 9 + ["cancel"])
                return "answer", {"what": what, **({"result": nonce} if what == "happened" else {})}
        return "answer", nonce


async def decide(app: App, name: str, dice: random.Random) -> None:
    """Decide until the end."""
    await Decider(app, name, dice).work()


ROLES = {"worker": until_stopped, "sweeper": keep_sweeping, "starter": start_runs, "decider": decide}


async def main(role: str, name: str, seed: str) -> None:
    """Open the store and play a role."""
    dice = random.Random(seed)
    if sys.platform == "linux":  # one that is suspended can't see that its conductor is gone
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # Some give up soon where others insist, so that being refused is met as well.
    filelock.PATIENCE = dice.choice([0.3, 30.0])
    activation.PATIENCE = dice.choice([0.5, 30.0])
    app = chaos_flows.make_app(chaos_effects.database(), flows=role != "sweeper")
    opening = app.work() if role == "worker" else app.connect()
    try:
        await opening.__aenter__()
    except StoreError as error:
        print(f"{name} can't open the store: {error}", file=sys.stderr, flush=True)
        os._exit(CANNOT_OPEN)
    write("processes", {"role": role, "name": name, "pid": os.getpid()})
    limit = asyncio.create_task(keep_within_limit(app))
    try:
        await ROLES[role](app, name, dice)
    finally:
        limit.cancel()
        await opening.__aexit__(None, None, None)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
