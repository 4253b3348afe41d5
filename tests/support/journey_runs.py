"""What tests of runs do with an app: wait for its questions, answer them, look at the journal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from handrail import Actor, App, Run, Verb
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.requests.request import HumanRequest
from handrail.runs.run import RunStatus, StoredRun
from tests.support.journey_process import until

BOB = Actor("bob")


async def asked(app: App, count: int = 1, *, run_id: str | None = None) -> list[HumanRequest]:
    """Wait until so many requests are open and every run concerned waits; returns them in the order of their places."""

    async def open_ones() -> list[HumanRequest]:
        found = await views.requests(app.store, PENDING, run_id=run_id)
        if len(found) < count:
            return []
        runs = [await app.runs.get(request.run_id) for request in found if request.run_id]
        return found if all(run.status is RunStatus.WAITING for run in runs) else []

    found: list[HumanRequest] = await until(open_ones, f"{count} requests are open")
    assert len(found) == count, [request.draft.title for request in found]
    return sorted(found, key=lambda request: request.address or "")


async def say(
    app: App,
    verb: Verb | str,
    payload: Any = None,
    *,
    comment: str | None = None,
    run_id: str | None = None,
    actor: Actor = BOB,
) -> HumanRequest:
    """Wait for the only open request and decide it; returns it as it was asked."""
    (request,) = await asked(app, run_id=run_id)
    await app.inbox.decide(request.id, verb, actor=actor, payload=payload, comment=comment)
    return request


async def reached(app: App, run: Run | str, *statuses: str) -> StoredRun:
    """Wait until a run is in one of these states."""
    run_id = run if isinstance(run, str) else run.id

    async def there() -> StoredRun | None:
        stored = await app.runs.get(run_id)
        return stored if stored.status in statuses else None

    found: StoredRun = await until(there, f"run {run_id} is {statuses}")
    return found


def _journal(tx: Any, *, run_id: str) -> list[tuple[str, str, str]]:
    statement = "SELECT frame, label, kind, state FROM journal WHERE run_id = ? ORDER BY frame, ordinal"
    rows = tx.connection.execute(statement, (run_id,))
    return [
        (f"{frame}{'/' if frame and not label.startswith('[') else ''}{label}", kind, state)
        for frame, label, kind, state in rows
    ]


def journal(app: App, run_id: str) -> list[tuple[str, str, str]]:
    """Return (address, kind, state) of everything a run has recorded."""
    return app.store.read_now(_journal, run_id=run_id)


@asynccontextmanager
async def working(flow: Any, *, name: str = "flow", **options: Any) -> AsyncIterator[App]:
    """An app that works on a store in memory and knows one flow."""
    app = App(store=options.pop("store", "memory://"), **options)
    app.flow(name, flow)
    async with app.work():
        yield app
