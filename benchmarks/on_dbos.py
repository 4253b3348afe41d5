"""The work on DBOS: two steps, and between them `set_event` says what is asked and `recv` awaits the decision.

Whoever decides calls `send`; the workflow finds the message by polling, a task in memory waits for it. Configurations:

    default    what DBOS makes of a sqlite:// URL: rollback journal, synchronous=FULL, messages looked for once a second
    tuned      WAL with synchronous=FULL, messages looked for every 10 ms

Async workflows are used; sync ones in threads were no faster, and with fewer connections many runs starve. That a run
asks is told to the decider in memory, after the event is stored: waiting for it with `get_event` would add a poll.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import peer
import sqlalchemy
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowHandleAsync

FOREVER = 1e8
"""seconds that a workflow waits for its decision"""
TUNED: DBOSConfig = {"notification_listener_polling_interval_sec": 0.01}

asked: dict[str, "asyncio.Future[None]"] = {}
began: dict[int, float] = {}


@DBOS.step()
async def prepare(n: int) -> dict[str, Any]:
    """The step before the question."""
    return {"n": n, "content": f"post {n}"}


@DBOS.step()
async def publish(data: dict[str, Any]) -> dict[str, Any]:
    """The step after the decision."""
    began[data["n"]] = time.monotonic()
    return {**data, "published": data["approved"]}


@DBOS.workflow()
async def approval(n: int) -> dict[str, Any]:
    """A step, a question, a step."""
    data = await prepare(n)
    await DBOS.set_event_async("asks", {"content": data["content"]})
    asked[f"run-{n}"].set_result(None)
    decision = await DBOS.recv_async("decision", timeout_seconds=FOREVER)
    return await publish({**data, **decision})


@DBOS.step()
async def double(n: int) -> dict[str, int]:
    """The work of one step."""
    return {"n": n, "double": 2 * n}


@DBOS.workflow()
async def many_steps(count: int) -> int:
    """A workflow of nothing but steps."""
    total = 0
    for n in range(count):
        total += (await double(n))["double"]
    return total


class OnDBOS:
    """Starts workflows and sends them decisions."""

    def __init__(self) -> None:
        self.began = began
        self._handles: dict[int, WorkflowHandleAsync[dict[str, Any]]] = {}

    async def ask(self, n: int) -> None:
        name = f"run-{n}"
        asked[name] = asyncio.get_running_loop().create_future()
        with SetWorkflowID(name):
            self._handles[n] = await DBOS.start_workflow_async(approval, n)
        await asked[name]
        del asked[name]

    async def decide(self, n: int) -> None:
        await DBOS.send_async(f"run-{n}", {"approved": True, "decided_by": "bob"}, "decision")
        found = await self._handles.pop(n).get_result()
        expected = {"n": n, "content": f"post {n}", "approved": True, "decided_by": "bob", "published": True}
        assert found == expected, found

    async def steps(self, count: int) -> None:
        total = await (await DBOS.start_workflow_async(many_steps, count)).get_result()
        assert total == count * (count - 1), total

    def settings(self) -> str:
        return "; ".join(sorted(set(settings_found)))


settings_found: list[str] = []


def on_connect(tuned: bool) -> None:
    """Set up each connection that SQLAlchemy opens, and note what holds for it."""

    @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        if tuned:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        settings_found.append(f"journal_mode={mode}, synchronous={synchronous} (2 is FULL)")


@asynccontextmanager
async def opening(database: Path, configuration: str) -> AsyncIterator[OnDBOS]:
    """Launch DBOS on the database."""
    tuned = configuration == "tuned"
    on_connect(tuned)
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": f"sqlite:///{database}",
        "log_level": "ERROR",
        **(TUNED if tuned else {}),
    }
    DBOS(config=config)
    DBOS.launch()
    try:
        yield OnDBOS()
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    peer.main(opening)
