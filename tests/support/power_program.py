"""The program whose power is cut: `python -m tests.support.power_program DATABASE NAME PREFIX COUNT [SYNCHRONOUS]`.

It starts runs, executes whatever waits in the store, and decides whatever is asked; several may do so at once. With
DATABASE alone it only reads. What it was told is done it writes as lines into `marks` beside the database, at that
moment: these acknowledgements must hold.
"""

import asyncio
import json
import os
import random
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from handrail import Actor, App, Conflict, HumanApprovalNode, ask, step
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.requests.request import HumanRequest
from handrail.stores import sqlite

Data = dict[str, Any]
MARKS = "marks"
AT_ONCE = 6
EXECUTED: list[str] = []
"""the topics that were written about in this process"""


def write(topic: str) -> str:
    EXECUTED.append(topic)
    return f"A text about {topic}. " * 40


def titles(topic: str) -> tuple[str, str]:
    """Return what is asked about a topic."""
    return f"The tone of {topic}?", f"Publish {topic}?"


async def publish(topic: str) -> Data:
    text = await step("draft", write, topic)
    which, whether = titles(topic)
    tone = await ask(which, choices=["dry", "warm"])
    said = await HumanApprovalNode(name="approve", title=whether).execute({"content": text})
    return {"topic": topic, "tone": tone, "approved": said["approved"], "by": said["decided_by"]}


def make_app(database: Path) -> App:
    app = App(store=f"sqlite:///{database}")
    app.flow("publish", publish)
    return app


class Marks:
    """The acknowledgements, each written down whole and at once."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def put(self, what: str, **facts: Any) -> None:
        os.write(self._file, (json.dumps({"what": what, **facts}) + "\n").encode())


def told(marks: bytes) -> list[Data]:
    """Return what the lines say; one that was cut off in its middle was not said."""
    return [json.loads(line) for line in marks[: marks.rfind(b"\n") + 1].splitlines()]


async def carry_out(app: App, marks: Marks, run_id: str) -> None:
    """Start a run and wait for its end."""
    await app.start("publish", {"topic": run_id}, run_id)
    marks.put("started", run=run_id)
    run = await app.wait(run_id)
    marks.put("finished", run=run_id, result=run.result)


def answer(request: HumanRequest, chance: random.Random) -> Data:
    if request.draft.kind == "question":
        return {"verb": "answer", "payload": chance.choice(["dry", "warm"])}
    return {"verb": chance.choice(["approve", "reject"])}


async def decide_all(app: App, marks: Marks, name: str, own: "asyncio.Future[Any]") -> None:
    """Decide what is asked, in no order, until our own runs and all that lie in the store have ended."""
    chance = random.Random(name)
    shown: set[str] = set()
    while not (own.done() and await settled(app)):
        asked = await views.requests(app.store, PENDING)
        for request in asked:
            if request.id not in shown:
                marks.put("shown", run=request.run_id, request=request.id)
        shown.update(request.id for request in asked)
        chance.shuffle(asked)
        await asyncio.gather(*(decide(app, marks, name, request, chance) for request in asked[:6]))
        await asyncio.sleep(0.001)
    await own


async def decide(app: App, marks: Marks, name: str, request: HumanRequest, chance: random.Random) -> None:
    said = answer(request, chance)
    comment = f"{name} {chance.random()}"
    with suppress(Conflict):
        await app.inbox.decide(request.id, actor=Actor(name), comment=comment, **said)
        marks.put(
            "decided", run=request.run_id, request=request.id, actor=name, comment=comment, verb=said["verb"]
        )


async def settled(app: App) -> bool:
    """Whether every run in the store has ended."""
    return bool(await app.store.read(_unsettled) == [])


def _unsettled(tx: Any) -> list[Any]:
    rows = tx.connection.execute("SELECT id FROM run WHERE status NOT IN ('FINISHED', 'FAILED') LIMIT 1")
    return list(rows)


async def look(database: Path) -> None:
    """Write down what has happened, as somebody learns it who only reads."""
    marks = Marks(database.with_name(MARKS))
    async with make_app(database).connect() as app:
        for run in await app.runs.list():
            marks.put("started", run=run.id)
            if run.status == "FINISHED":
                marks.put("finished", run=run.id, result=run.result)
        for request in await views.requests(app.store):
            marks.put("shown", run=request.run_id, request=request.id)
            for made in request.decisions:
                facts = {"actor": made.actor, "comment": made.comment, "verb": str(made.verb)}
                marks.put("decided", run=request.run_id, request=request.id, **facts)


def loosen(synchronous: str) -> None:
    """Let every connection of this process sync less than Handrail does."""
    connect = sqlite._connection

    def loosened(path: str | Path) -> Any:
        connection = connect(path)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        return connection

    sqlite._connection = loosened


async def main(database: Path, name: str, prefix: str, count: int) -> None:
    marks = Marks(database.with_name(MARKS))
    room = asyncio.Semaphore(AT_ONCE)

    async def one(run_id: str) -> None:
        async with room:
            await carry_out(app, marks, run_id)

    async with make_app(database) as app:
        own = asyncio.gather(*(one(f"{prefix}-{number}") for number in range(count)))
        await decide_all(app, marks, name, own)


if __name__ == "__main__":
    path, *how = sys.argv[1:]
    if how:
        who, first, how_many, *loose = how
        for mode in loose:
            loosen(mode)
        asyncio.run(main(Path(path), who, first, int(how_many)))
    else:
        asyncio.run(look(Path(path)))
