"""Teams whose process is killed: in every state of the workflow and of a task, and at every point the code names.

Another process goes on with what is stored; no call of a model or of a tool is paid for twice whose result was.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from handrail import Actor, App, Conflict
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.runs.verification import verify
from handrail.teams.board import Board
from tests.journeys.flows import teamwork
from tests.journeys.flows.teamwork import RUN
from tests.support.journey_checks import check_effects
from tests.support.journey_process import Site, ended, ready, until, wait_for
from tests.support.team_worker import act

pytestmark = pytest.mark.journey

BOB = Actor("bob")
OCCURRENCES: dict[str, tuple[int, ...]] = {
    "create:before": (1,),
    "create:after": (1,),
    "claim:before": (1, 3, 6, 9),
    "claim:after": (1, 2, 5, 8),
    "step:before": (1, 3, 5, 9),
    "step:executed": (1, 2, 4, 7),
    "step:after": (1, 3, 6, 8),
    "ask:before": (1,),
    "ask:after": (1,),
    "decide:before": (1, 2, 3),
    "decide:after": (1, 2, 3),
    "team:before": (1,),
    "team:after": (1,),
    "finish:before": (1, 2, 4),
    "finish:after": (1, 3, 5),
    "commit:before": (3, 7, 11, 16, 22, 29),
    "commit:after": (2, 5, 9, 14, 19, 25),
}
"""How often each point that a team passes is passed before the process dies there."""

CASES = [f"{point}@{count}" for point, counts in OCCURRENCES.items() for count in counts]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, "teamwork")
    yield site
    site.close()


def worker(site: Site, *options: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.team_worker", site.store, *options]
    return site.process(command, **environment)


def statuses(site: Site) -> dict[str, str]:
    return dict(site.rows("SELECT task, status FROM card WHERE run_id = ?", RUN))


def workflow(site: Site) -> str | None:
    found = site.rows("SELECT status FROM team WHERE run_id = ?", RUN)
    return found[0][0] if found else None


def hold(site: Site) -> Path:
    """Let models take their time until the file is away."""
    path = site.database.parent / "hold"
    path.touch()
    return path


def calls(site: Site) -> int:
    return sum(line["what"] == "model" for line in site.effects())


@asynccontextmanager
async def desk(site: Site) -> Any:
    """The boards, from this process, which executes nothing."""
    async with App(store=site.store).connect() as app:
        yield app


def is_done(site: Site, recorded: set[str], cut_off: int = 5) -> None:
    """A clean process goes on to the end, and nothing is done again whose result was stored."""
    assert ended(worker(site, "--start", "travel", "--people", "--until")) == 0, site.stderr()
    ((result,),) = site.rows("SELECT result FROM run WHERE id = ? AND status = 'FINISHED'", RUN)
    assert json.loads(result)["result"] == teamwork.RESULT
    assert set(statuses(site).values()) == {"DONE"}
    check_effects(site, recorded, cut_off)
    assert not site.rows("SELECT id FROM request WHERE status IN (?, ?)", *PENDING)
    assert not site.rows("SELECT id FROM run WHERE status IN ('PENDING', 'RUNNING', 'WAITING')")


async def is_whole(site: Site) -> None:
    """The log is whole, and rows are what it makes."""
    async with desk(site) as app:
        found = await verify(app.store)
        assert found.ok, found.problems
        lines = await app.store.read(lambda tx: tx.team_log(RUN, 0, 100_000))
        cards = await app.store.read(lambda tx: tx.cards(RUN))
    assert Board.rebuilt(lines).cards == {card.id: card for card in cards}


@pytest.mark.parametrize("point", CASES)
async def test_a_team_survives(point: str, site: Site) -> None:
    dying = worker(site, "--start", "travel", "--people", "--until", HANDRAIL_KILL_AT=point)
    assert ended(dying) == -signal.SIGKILL, f"{point} was not reached\n{site.stderr()}"
    is_done(site, site.recorded())
    await is_whole(site)


STATES = ["RUNNING", "BLOCKED", "PAUSED", "ERRORED", "FINISHED"]


@pytest.mark.parametrize("state", STATES)
async def test_a_team_that_is_killed_in_a_state_of_its_workflow_goes_on_in_another_process(
    state: str, site: Site
) -> None:
    held = hold(site) if state in ("RUNNING", "PAUSED", "ERRORED") else None
    people = ["--people"] if state == "FINISHED" else []
    dying = worker(site, "--start", "travel", *people)
    async with desk(site) as app:
        if state == "PAUSED":
            await until(lambda: calls(site), "the model is called")
            await app.teams.pause(RUN, actor=BOB)
        if state == "ERRORED":
            await until(lambda: calls(site), "the model is called")
            await app.store.do(_fail, run_id=f"{RUN}/task1/1", now=app.clock.now())
        await until(lambda: workflow(site) == state, f"the team is {state}")
        if state == "FINISHED":
            await until(lambda: site.status(RUN) == "FINISHED", "its run has ended")
        dying.kill()
        ended(dying)
        assert workflow(site) == state
        recorded, before = site.recorded(), calls(site)
        if held is not None:
            held.unlink()
        if state in ("PAUSED", "ERRORED"):
            await app.teams.resume(RUN, actor=BOB)
        if state == "ERRORED":
            await until(lambda: workflow(site) == "BLOCKED", "the task that broke waits for a person")
    is_done(site, recorded)
    if state == "FINISHED":
        assert calls(site) == before
    await is_whole(site)


def _fail(tx: Any, *, run_id: str, now: Any) -> None:
    from handrail.runs import units
    from handrail.runs.run import RunStatus

    units.finish(tx, run=tx.run(run_id), now=now, status=RunStatus.FAILED, error={"message": "broken"})


@pytest.mark.parametrize(
    "state", ["TODO", "DOING", "BLOCKED", "REVISE", "AWAITING_VALIDATION", "DONE", "PAUSED", "ABORTED"]
)
async def test_a_team_that_is_killed_in_a_state_of_a_task_goes_on_in_another_process(
    state: str, site: Site
) -> None:
    held = hold(site) if state in ("TODO", "DOING", "PAUSED") else None
    dying = worker(site, "--start", "travel")
    async with desk(site) as app:
        await _bring_to(site, app, state)
        await until(lambda: state in statuses(site).values(), f"a task is {state}")
        dying.kill()
        ended(dying)
        assert state in statuses(site).values()
        recorded = site.recorded()
        if held is not None:
            held.unlink()
        if state in ("REVISE", "PAUSED"):
            await app.teams.resume(RUN, actor=BOB)
    if state == "ABORTED":
        assert ended(worker(site, "--start", "travel", "--until")) == 0
        assert (workflow(site), site.status(RUN)) == ("STOPPED", "CANCELLED")
        assert set(statuses(site).values()) == {"ABORTED"}
    else:
        is_done(site, recorded)
    await is_whole(site)


async def _bring_to(site: Site, app: App, state: str) -> None:
    """Do what people do until some task is in a state."""
    if state in ("TODO", "DOING", "PAUSED"):
        await until(lambda: calls(site), "the model is called")
        if state == "PAUSED":
            await app.teams.pause(RUN, actor=BOB)
        return
    await until(lambda: "AWAITING_VALIDATION" in statuses(site).values(), "a result is there")
    match state:
        case "REVISE":  # it is seen only where nobody takes it up
            await app.teams.pause(RUN, actor=BOB)
            await app.teams.give_feedback(RUN, "task1", "shorter", actor=BOB, round=1)
        case "BLOCKED" | "DONE":
            await app.teams.validate(RUN, "task1", actor=BOB)
        case "ABORTED":
            await app.teams.stop(RUN, actor=BOB)


async def test_what_is_decided_while_nobody_works_is_taken_in_when_somebody_comes(site: Site) -> None:
    first = worker(site, "--start", "travel")
    await until(lambda: workflow(site) == "BLOCKED", "it waits for the validation")
    await until(lambda: site.status(RUN) == "WAITING", "and its run with it")
    first.kill()
    ended(first)
    async with desk(site) as app:
        (request,) = await views.requests(app.store, PENDING)
        await app.inbox.decide(request.id, "edit", actor=BOB, payload={"content": "edited analysis"})
        assert statuses(site)["task1"] == "DONE", "whoever decides looks at the board"
        with pytest.raises(Conflict):
            await app.teams.validate(RUN, "task1", actor=Actor("carol"), round=1)
    is_done(site, site.recorded())
    assert site.rows("SELECT result FROM card_text WHERE task = 'task1'") == [('"edited analysis"',)]


async def test_a_process_that_acts_on_a_board_dies_before_or_after_but_never_between(site: Site) -> None:
    working = worker(site, "--start", "travel")
    await until(lambda: workflow(site) == "BLOCKED", "it waits for the validation")
    code = (
        "import asyncio, sys; from handrail import Actor, App\n"
        "async def main():\n"
        "    async with App(store=sys.argv[1]).connect() as app:\n"
        "        await app.teams.give_feedback('journey', 'task1', 'shorter', actor=Actor('bob'), round=1)\n"
        "asyncio.run(main())"
    )
    for point, feedback in (("team:before", 0), ("commit:before", 0), ("team:after", 1)):
        dying = site.process([sys.executable, "-c", code, site.store], HANDRAIL_KILL_AT=point)
        assert ended(dying) == -signal.SIGKILL
        assert len(site.rows("SELECT number FROM feedback")) == feedback
    working.kill()
    ended(working)
    is_done(site, site.recorded())


async def test_two_processes_that_act_on_one_round_are_told_apart(site: Site) -> None:
    working = worker(site, "--start", "travel")
    await until(lambda: workflow(site) == "BLOCKED", "it waits for the validation")
    code = (
        "import asyncio, sys; from handrail import Actor, App, Conflict\n"
        "async def main():\n"
        "    async with App(store=sys.argv[1]).connect() as app:\n"
        "        print('ready', flush=True)\n"
        "        try:\n"
        "            await {act}\n"
        "            print('done')\n"
        "        except Conflict as error:\n"
        "            print('conflict', error.winner)\n"
        "asyncio.run(main())"
    )
    acts = [
        "app.teams.validate('journey', 'task1', actor=Actor('bob'), round=1)",
        "app.teams.give_feedback('journey', 'task1', 'shorter', actor=Actor('carol'), round=1)",
    ]
    racers = [site.process([sys.executable, "-c", code.format(act=one), site.store]) for one in acts]
    said = [racer.communicate(timeout=60)[0].split("\n", 1)[1].strip() for racer in racers]
    winner = "bob" if said[0] == "done" else "carol"
    assert sorted(said) == sorted(["done", f"conflict {winner}"])
    assert (len(site.rows("SELECT number FROM feedback")) == 1) is (winner == "carol")
    working.kill()


def test_no_more_than_five_are_worked_on_at_once_by_two_processes(site: Site) -> None:
    held = hold(site)
    workers = [worker(site, "--start", "wide", "--until"), worker(site, "--start", "wide", "--until")]
    wait_for(lambda: calls(site) == 5, "five are worked on")
    assert sorted(statuses(site).values()) == ["DOING"] * 5 + ["TODO"] * 7
    running = "SELECT count(*) FROM run WHERE parent = ? AND status = 'RUNNING'"
    assert site.rows(running, RUN) == [(5,)]
    held.unlink()
    assert [ended(one) for one in workers] == [0, 0], site.stderr()
    assert calls(site) == 12
    doing = most = 0
    for (data,) in site.rows("SELECT data FROM event WHERE kind = 'task_moved' ORDER BY sequence"):
        doing += 1 if json.loads(data)["to"] == "DOING" else -1
        most = max(most, doing)
    assert most == 5


def test_a_team_that_waits_is_rows_and_held_by_nobody(site: Site) -> None:
    working = worker(site, "--start", "travel")
    wait_for(lambda: workflow(site) == "BLOCKED", "it waits for the validation")
    wait_for(lambda: site.status(RUN) == "WAITING", "its run is parked")
    assert site.rows("SELECT id FROM run WHERE status IN ('PENDING', 'RUNNING')") == []
    assert site.rows("SELECT worker FROM run WHERE worker IS NOT NULL") == []
    working.kill()
    later = worker(site)
    ready(later)
    assert site.rows("SELECT id FROM run WHERE status IN ('PENDING', 'RUNNING')") == []
    assert calls(site) == 1


async def test_people_of_a_journey_do_nothing_where_nothing_is_to_be_done(site: Site) -> None:
    async with desk(site) as app:
        await act(app)
        assert await views.requests(app.store) == []
