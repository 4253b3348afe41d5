"""What must hold of a folder after a power cut: the database is whole, and everything acknowledged before is there."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from handrail import Actor
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.inbox.moves import PENDING
from handrail.inbox.ports import Filter
from handrail.requests.errors import StoreError
from handrail.requests.request import HumanRequest
from handrail.stores.sqlite import SQLiteStore
from tests.support import power_program
from tests.support.power_recording import Record

Data = dict[str, Any]
DATABASE = "handrail.db"
SHARED = f"{DATABASE}-shm"


def acknowledged(records: Iterable[Record]) -> list[Data]:
    """Return what the programs had been told is done by then."""
    return power_program.told(
        b"".join(
            record.data for record in records if record.kind == "W" and record.name == power_program.MARKS
        )
    )


def lay(folder: Path, files: Mapping[str, bytes], chance: random.Random) -> Path:
    """Make a folder of what survived; returns the path of the database.

    The index of the log (-shm) is written through memory, which nobody syncs or records: it gets any content or none.
    """
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(random_index(content, chance) if name == SHARED else content)
    return folder / DATABASE


def random_index(content: bytes, chance: random.Random) -> bytes:
    return chance.choice([content, b"", chance.randbytes(chance.choice([3, 32768, 40000]))])


def _rows(tx: Any) -> dict[str, tuple[str, str | None]]:
    rows = tx.connection.execute("SELECT id, status, result FROM run")
    return {run_id: (status, result) for run_id, status, result in rows}


def _requests(tx: Any) -> list[HumanRequest]:
    found: list[HumanRequest] = tx.requests(Filter(limit=100_000))
    return found


async def damage(database: Path, acknowledgements: Iterable[Data]) -> list[str]:
    """Open what is left, and return what is broken or lost of it."""
    store = SQLiteStore(database)
    try:
        await store.open()
    except StoreError as error:
        return [f"broken: {error}"]
    try:
        return [
            *await _broken(store),
            *await lost(store, acknowledgements),
        ]
    except StoreError as error:
        return [f"broken: {error}"]
    finally:
        await store.close()


async def _broken(store: SQLiteStore) -> list[str]:
    answers = await store.read(lambda tx: tx.connection.execute("PRAGMA integrity_check").fetchall())
    problems = [text for (text,) in answers if text != "ok"]
    return [f"broken: {problem}" for problem in [*problems, *(await verify(store)).problems]]


async def lost(store: SQLiteStore, acknowledgements: Iterable[Data]) -> list[str]:
    """Return the acknowledgements that don't hold."""
    runs = await store.read(_rows)
    requests = {request.id: request for request in await store.read(_requests)}
    return [f"lost: {told}" for told in acknowledgements if not holds(told, runs, requests)]


def holds(
    told: Data, runs: Mapping[str, tuple[str, str | None]], requests: Mapping[str, HumanRequest]
) -> bool:
    match told["what"]:
        case "started":
            return told["run"] in runs
        case "shown":
            return told["request"] in requests
        case "decided":
            return told["request"] in requests and decisions(requests[told["request"]]) == [
                (told["actor"], told["verb"], told["comment"])
            ]
        case "finished":
            status, result = runs.get(told["run"], ("", None))
            return status == "FINISHED" and result is not None and json.loads(result) == told["result"]
    raise AssertionError(told)


def decisions(request: HumanRequest) -> list[tuple[str, str, str | None]]:
    """Return who decided what, of a request that has its outcome."""
    made = [(decision.actor, str(decision.verb), decision.comment) for decision in request.decisions]
    return made if request.outcome is not None else []


async def goes_on(database: Path, acknowledgements: Iterable[Data]) -> None:
    """Let a worker carry all runs to their ends, with carol to answer; nobody is asked twice, no end is repeated."""
    told = list(acknowledgements)
    power_program.EXECUTED.clear()
    app = power_program.make_app(database)
    chance = random.Random(1)
    async with asyncio.timeout(30), app:
        while not await power_program.settled(app):
            for request in await views.requests(app.store, PENDING):
                said = power_program.answer(request, chance)
                await app.inbox.decide(request.id, actor=Actor("carol"), **said)
            await asyncio.sleep(0.005)
        assert await lost(app.store, told) == []
        assert (await verify(app.store)).problems == []
        runs = await app.store.read(_rows)
        assert {status for status, _ in runs.values()} == {"FINISHED"}
        asked = await app.store.read(_questions)
        assert asked == Counter((run, title) for run in runs for title in power_program.titles(run))
    ended = {fact["run"] for fact in told if fact["what"] == "finished"}
    decided = {fact["run"] for fact in told if fact["what"] == "decided"}
    again = set(power_program.EXECUTED)
    assert not again & (ended | decided), "a step whose result was stored is not executed again"
    for fact in told:
        if fact["what"] == "decided" and fact["verb"] in ("approve", "reject"):
            result = json.loads(runs[fact["run"]][1] or "")
            assert (result["by"], result["approved"]) == (fact["actor"], fact["verb"] == "approve")


def _questions(tx: Any) -> Counter[tuple[str | None, str]]:
    opened = [entry for entry in tx.log(0, 1_000_000) if entry.kind == "opened"]
    return Counter((entry.run_id, json.loads(entry.data)["request"]["draft"]["title"]) for entry in opened)
