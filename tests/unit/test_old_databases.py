"""What waits in the database of an earlier level finishes with the present code; nothing is done or asked twice."""

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from handrail import Actor, App, Conflict
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.requests.request import HumanRequest
from handrail.runs.migration import parse_mapping
from handrail.runs.run import SETTLED_RUNS
from handrail.runs.runs import result_of
from handrail.runs.verification import verify
from handrail.stores.migration import level_of, migrations
from handrail.testing import TurnableClock
from tests.databases import flows, flows_2, flows_6
from tests.support.command_line import CommandLine
from tests.support.journey_process import until

FOLDER = Path(__file__).parents[1] / "databases"
FILES = {int(path.stem.removeprefix("level-")): path for path in FOLDER.glob("level-*.db")}
LEVELS = sorted(FILES)


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def database(level: int, tmp_path: Path) -> Iterator[Path]:
    copied = tmp_path / "handrail.db"
    shutil.copyfile(FILES[level], copied)
    flows.DONE.clear()
    flows_6.CALLS.clear()
    yield copied
    assert flows.BROKEN not in os.environ


def _rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def test_every_level_has_its_database() -> None:
    missing = {number for number, _ in migrations()} - FILES.keys()
    assert not missing, f"make the database of level {missing}: python tests/databases/make.py"


def test_a_database_is_of_its_level_and_holds_what_it_should(level: int, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert level_of(connection) == level
    stands = dict(_rows(database, "SELECT id, status FROM run"))
    expected = {run_id: status for run_id, (_, status, _) in flows.RUNS.items()}
    assert stands == {run_id: expected[run_id] for run_id in stands}
    added = {run_id: since for since, module in ((2, flows_2), (6, flows_6)) for run_id in module.RUNS}
    assert stands.keys() == {run_id for run_id in flows.RUNS if level >= added.get(run_id, 1)}


async def test_everything_in_it_finishes(database: Path) -> None:
    run_ids = [run_id for (run_id,) in _rows(database, "SELECT id FROM run")]
    committed = _committed(database)
    clock = TurnableClock()
    app = flows.make_app(str(database), clock, renamed=flows.renamed)
    async with app.work():
        await app.runs.retry("failed", actor="alice")
        await app.migrate("attention", parse_mapping(["draft=write"]))
        for run_id in run_ids:
            await until(lambda run_id=run_id: _settled(app, run_id, clock), f"{run_id} has settled", 30)
        results = {run_id: await app.runs.get(run_id) for run_id in run_ids}
        found = await verify(app.store)
        assert found.ok, found.problems
        sent = app.channels["post"].sent  # type: ignore[attr-defined]
    assert results.pop("cancelled").status == "CANCELLED"
    for run_id, run in results.items():
        expected = flows.RUNS[run_id][2]
        result = result_of(run)
        assert {key: result[key] for key in expected} == expected, run_id
    assert {"opened", "reminded", "escalated"} <= set(sent), (sent, "what was due then is told now")
    assert flows.DONE["before"] == flows.DONE["left"] == 0, "what is committed is not executed again"
    assert set(flows.DONE) <= flows.AGAIN, flows.DONE
    assert flows.DONE["draft"] == 1, "that of the run that was pending"
    assert len(flows_6.CALLS) == (2 if "bees" in run_ids else 0), "what was paid for isn't paid for again"
    assert _committed(database).items() >= committed.items()
    twice = [place for place, count in _places(database).items() if count > 1]
    assert not twice, "nobody is asked twice"


def _places(path: Path) -> Counter[tuple[Any, ...]]:
    """Return how often was asked in each place of a run, round by round."""
    place = "json_extract(state, '$.address'), json_extract(state, '$.revision')"
    return Counter(_rows(path, f"SELECT run_id, {place} FROM request WHERE run_id IS NOT NULL"))


def _committed(path: Path) -> dict[tuple[str, str, str], str]:
    rows = _rows(
        path, "SELECT run_id, frame, label, value FROM journal WHERE state = 'done' AND run_id <> 'attention'"
    )
    return {(run_id, frame, label): value for run_id, frame, label, value in rows}


async def _settled(app: App, run_id: str, clock: TurnableClock) -> bool:
    """Whether a run has settled; if it hasn't, answer what it asks, or let time pass."""
    if (await app.runs.get(run_id)).status in SETTLED_RUNS:
        return True
    requests = [
        request
        for request in await views.requests(app.store, PENDING)
        if not request.in_line and request.policy.timeout is None
    ]
    for request in requests:
        await _answer(app, request)
    if run_id == "bees":
        await flows_6.unblock(app)
    if not requests:
        clock.turn(flows.DAY)
    return False


async def _answer(app: App, request: HumanRequest) -> None:
    draft = request.draft
    said = flows_2.answer(draft.title, draft.kind, draft.proposal, request.worker)
    for name, verb, given in said or flows.answer(draft.title, draft.kind, request.revision):
        more = {"comment": given} if verb == "request_changes" else {"payload": given}
        with suppress(Conflict):
            await app.inbox.decide(request.id, verb, actor=Actor(name), **more)


def test_a_check_of_an_old_database_changes_nothing_and_finds_everything_fit(
    level: int, database: Path, handrail: CommandLine
) -> None:
    before = database.read_bytes()
    ended = handrail("runs", "--check", "tests.databases.flows:app", "--json")
    verdicts = {found["id"]: (found["verdict"], found["why"]) for found in ended.data}
    assert set(verdicts.values()) == {("goes on", None)}, verdicts
    assert ended.code == 0
    assert database.read_bytes() == before
    stopped = handrail("runs", "--check", "tests.databases.flows:app", "--status", "needs_attention")
    assert stopped.code == 0, "the flow is as it was when the run began"
    assert not flows.DONE
