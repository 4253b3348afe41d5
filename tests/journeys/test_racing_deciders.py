"""Several processes, one file, the same requests at the same time: one outcome each, and everybody hears who won."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from handrail import App, HumanApprovalNode
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.inbox.ports import InboxTransaction
from handrail.requests.lifecycle import Event, apply
from handrail.requests.policy import at_least
from handrail.requests.request import HumanRequest
from tests.support import requests_racer
from tests.support.requests_desk import draft, until

pytestmark = pytest.mark.journey

RACER = Path(requests_racer.__file__)
LIMIT = 60
NAMES = ("p0", "p1", "p2", "p3")


async def nothing() -> None:
    return None


async def race(
    url: str, racers: Sequence[tuple[str, str]], prepare: Callable[[], Awaitable[None]] = nothing
) -> list[dict[str, Any]]:
    """Start a process for each (mode, name), prepare, let all begin at once, and return what each reports."""
    commands = [(sys.executable, str(RACER), url, mode, name) for mode, name in racers]
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for command in commands
    ]
    try:
        async with asyncio.timeout(LIMIT):
            for process in processes:
                assert await process.stdout.readline() == b"ready\n"  # type: ignore[union-attr]
            await prepare()
            reports = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [json.loads(report) for report, _ in reports]


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[App]:
    """Open the store, and check in the end that its log is whole."""
    async with App(store=url).connect() as app:
        yield app
        verification = await verify(app.store)
        assert verification.ok, verification.problems


def _events(tx: InboxTransaction, *, request_id: str) -> list[Event]:
    return tx.events(request_id)


async def check_one_outcome(app: App, request: HumanRequest) -> list[str]:
    """The request has ended exactly once, and its events make it what it is."""
    events = await app.store.read(_events, request_id=request.id)
    kinds = [event.move.kind for event in events]
    assert sum(kind in ("resolved", "expired", "withdrawn") for kind in kinds) == 1, kinds
    assert kinds[-1] in ("resolved", "expired", "withdrawn")
    rebuilt: HumanRequest | None = None
    for event in events:
        rebuilt = apply(rebuilt, event)
    assert rebuilt == request
    return kinds


@pytest.mark.parametrize("mode", ["decide", "decide-at-once"])
async def test_of_several_deciders_one_wins_and_the_others_hear_who(tmp_path: Path, mode: str) -> None:
    url = f"sqlite:///{tmp_path}/race.db"
    async with reading(url) as app:
        for _ in range(60):
            await app.inbox.open(draft())
    reports = dict(zip(NAMES, await race(url, [(mode, name) for name in NAMES]), strict=True))
    async with reading(url) as app:
        requests = await views.requests(app.store)
        assert len(requests) == 60
        for request in requests:
            winners = [name for name, report in reports.items() if request.id in report["won"]]
            assert len(winners) == 1
            assert request.winner == winners[0]
            told = {report["lost"][request.id] for name, report in reports.items() if name not in winners}
            assert told == set(winners)
            assert await check_one_outcome(app, request) == ["opened", "decided", "resolved"]


async def test_of_several_votes_none_is_lost(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/votes.db"
    async with reading(url) as app:
        for quorum in ("all", at_least(2)) * 30:
            await app.inbox.open(draft(audience=NAMES, quorum=quorum))
    reports = await race(url, [("decide-at-once", name) for name in NAMES])
    async with reading(url) as app:
        for request in await views.requests(app.store):
            voted = {name for name, report in zip(NAMES, reports, strict=True) if request.id in report["won"]}
            assert {vote.actor for vote in request.decisions} == voted
            assert len(voted) == (4 if request.policy.quorum.kind == "all" else 2)
            assert request.outcome is not None
            assert (request.outcome.approvals, request.outcome.approved) == (len(voted), True)
            await check_one_outcome(app, request)


async def test_a_run_is_woken_once_however_many_decide(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    app = App(store=url)
    app.flow("ask", HumanApprovalNode())
    async with app:
        for number in range(20):
            await app.start("ask", {"content": f"text {number}"}, run_id=f"run-{number}")

        async def all_wait() -> bool:
            return {(await app.runs.get(f"run-{number}")).status for number in range(20)} == {"WAITING"}

        await until(all_wait)
        reports = await race(url, [("decide", name) for name in NAMES])
        results = [await (await app.run(f"run-{number}")).result(timeout=LIMIT) for number in range(20)]
    won = {
        request_id: name for name, report in zip(NAMES, reports, strict=True) for request_id in report["won"]
    }
    assert sum(len(report["won"]) for report in reports) == 20
    assert [result["decided_by"] for result in results] == [won[result["request_id"]] for result in results]
    async with reading(url) as reader:
        assert len(await views.requests(reader.store)) == 20
        assert await reader.store.read(_wakeups) == []


async def test_the_winners_decision_leaves_one_wakeup(tmp_path: Path) -> None:
    """Nobody works on the run while it is decided, so what the deciders left for it can be counted."""
    url = f"sqlite:///{tmp_path}/wakeups.db"
    app = App(store=url)
    app.flow("ask", HumanApprovalNode())
    async with app:
        await app.start("ask", {"content": "hello"}, run_id="run-1")

        async def waits() -> bool:
            return (await app.runs.get("run-1")).status == "WAITING"

        await until(waits)
    await race(url, [("decide", name) for name in NAMES])
    async with reading(url) as reader:
        assert [row[:2] for row in await reader.store.read(_wakeups)] == [("run-1", "")]


def _wakeups(tx: Any) -> list[Any]:
    return tx.connection.execute("SELECT run_id, strand FROM wakeup").fetchall()


async def test_of_a_decision_and_the_deadline_one_wins(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deadline.db"

    async def prepare() -> None:
        async with reading(
            url
        ) as app:  # the deadlines pass while the race is on, in another order than the deciders'
            timeouts = [0.01 + number * 37 % 80 * 0.005 for number in range(80)]
            await asyncio.gather(*(app.inbox.open(draft(timeout=timeout)) for timeout in timeouts))

    racers = [("decide", "p0"), ("decide", "p1"), ("sweep", "clock1"), ("sweep", "clock2")]
    reports = await race(url, racers, prepare)
    deciders = list(zip(("p0", "p1"), reports[:2], strict=True))
    async with reading(url) as app:
        for request in await views.requests(app.store):
            kinds = await check_one_outcome(app, request)
            winners = [name for name, report in deciders if request.id in report["won"]]
            lost = [report["lost"][request.id] for _, report in deciders if request.id in report["lost"]]
            assert set(lost) == {request.winner}
            assert request.outcome is not None
            if request.outcome.cause == "timeout":
                assert (winners, kinds, request.winner) == ([], ["opened", "resolved"], "handrail")
                assert request.ended_at is not None
                assert request.deadline is not None
                assert request.ended_at >= request.deadline
            else:
                assert (winners, kinds) == ([request.winner], ["opened", "decided", "resolved"])


@pytest.mark.parametrize("seed", range(3))
async def test_moves_at_random_in_several_processes(tmp_path: Path, seed: int) -> None:
    url = f"sqlite:///{tmp_path}/random.db"
    async with reading(url) as app:
        for number in range(8):
            await app.inbox.open(draft(audience=NAMES, quorum="first" if number % 2 else at_least(2)))
    reports = await race(url, [("random", f"{seed}-{name}") for name in NAMES])
    done = [tuple(move) for report in reports for move in report["done"]]
    async with reading(url) as app:
        requests = await views.requests(app.store)
        for request in requests:
            events = await app.store.read(_events, request_id=request.id)
            rebuilt: HumanRequest | None = None
            for event in events:
                rebuilt = apply(rebuilt, event)  # refuses any move that the table doesn't have
            assert rebuilt == request
            assert request.version == len(events)
            if request.ended:
                await check_one_outcome(app, request)
            check_all_are_logged(request, [move for move in done if move[0] == request.id], events)


LOGGED = {
    "claim": "claimed", "release": "released", "comment": "commented", "remind": "reminded", "reassign": "reassigned",
    "abstain": "decided", "approve": "decided", "reject": "decided", "withdraw": "withdrawn",
}  # fmt: skip


def check_all_are_logged(request: HumanRequest, done: list[tuple[Any, ...]], events: list[Event]) -> None:
    """Whatever succeeded anywhere is in the log, once; only claiming what one has claimed already is no event."""
    logged = Counter(event.move.kind for event in events)
    moved = Counter(LOGGED[move] for _, move, _ in done)
    assert moved.pop("claimed", 0) >= logged["claimed"]
    assert moved == {kind: logged[kind] for kind in moved}
    assert set(logged) - set(moved) <= {"opened", "claimed", "resolved"}
