"""Boards at the command line: shown, watched, acted on; and what the other commands make of teams."""

import asyncio
import io
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from handrail import App
from handrail.cli.columns import drawn
from handrail.requests.identifier import parse_time
from handrail.runs import units, verification
from handrail.runs.run import RunStatus
from tests.support.command_line import PATIENCE, CommandLine
from tests.support.team_flows import app

TEAMS = "tests.support.team_flows:app"
TOPIC = '{"topic": "bees"}'
RUN = "spec/1"


def start(handrail: CommandLine, run_id: str = RUN, flow: str = "spec") -> None:
    handrail.fine("start", TEAMS, flow, TOPIC, "--run-id", run_id)


def work(handrail: CommandLine, status: str, run_id: str = RUN) -> None:
    """Let the team work until its board has come to a status."""

    async def working() -> None:
        async with app.work(), asyncio.timeout(PATIENCE):
            while True:
                team = await app.store.read(lambda tx: tx.team(run_id))
                if team is not None and team.status == status:
                    return
                await asyncio.sleep(0.01)

    asyncio.run(working())


def board(handrail: CommandLine, run_id: str = RUN) -> dict[str, Any]:
    (found,) = handrail.fine("board", run_id, "--json").data
    return found


@pytest.fixture
def blocked(handrail: CommandLine) -> CommandLine:
    """A team that waits for people."""
    start(handrail)
    work(handrail, "BLOCKED")
    return handrail


# -- looking ----------------------------------------------------------------------------------------------------------


def test_without_a_store_there_are_no_boards(handrail: CommandLine) -> None:
    assert "no boards in" in handrail.fine("board").out
    assert handrail.fine("board", "--json").data == []
    assert handrail("board", "none").code == 5
    assert not handrail.database.exists()


def test_starting_a_team_says_how_to_watch_its_board(handrail: CommandLine) -> None:
    ended = handrail.fine("start", TEAMS, "spec", TOPIC, "--run-id", RUN)
    assert ended.out == f"{RUN}\n"
    assert f"handrail board {RUN} --watch" in ended.err
    ended = handrail("board", RUN)
    assert (ended.code, "has no board yet" in ended.err) == (5, True)
    ended = handrail("start", TEAMS, "spec", "{}")
    assert (ended.code, "{topic}" in ended.err) == (4, True)


def test_boards_are_listed_with_what_waits(blocked: CommandLine) -> None:
    out = blocked.fine("board").out
    heading, row = out.splitlines()
    assert heading.split()[:4] == ["run_id", "team", "status", "done"]
    assert row.split()[:4] == [RUN, "spec", "BLOCKED", "0/3"]
    assert row.endswith("analyse, publish")
    (found,) = blocked.fine("board", "--json").data
    assert found["counts"] == {"AWAITING_VALIDATION": 1, "TODO": 1, "BLOCKED": 1}


def test_a_board_says_by_which_commands_people_answer(blocked: CommandLine) -> None:
    out = blocked.fine("board", RUN).out
    for line in (
        f"handrail validate {RUN} analyse",
        f"handrail feedback {RUN} analyse TEXT",
        f"handrail unblock {RUN} publish --note TEXT",
    ):
        assert line in out
    assert "no key for the shop" in out


def test_a_card_shows_description_result_feedback_and_log(blocked: CommandLine) -> None:
    blocked.fine("feedback", RUN, "analyse", "with prices", "--as", "bob")
    work(blocked, "BLOCKED")
    out = blocked.fine("board", RUN, "analyse").out
    for told in (
        "Analyse bees",
        "\nresult\n  figures with prices\n",
        "bob (PROCESSED): with prices",
        f"{RUN}/analyse/2",
        "REVISE in round 1 (feedback) by bob",
        "DOING in round 2 (feedback is taken up) by spec",
    ):
        assert told in out, told
    (found,) = blocked.fine("board", RUN, "analyse", "--json").data
    assert [each["result"] for each in found["revisions"]] == ["figures", "figures with prices"]
    assert found["log"][-1]["kind"] == "task_validation_asked"
    ended = blocked("board", RUN, "none")
    assert (ended.code, "look at the board" in ended.err) == (5, True)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_a_board_fits_its_terminal_and_shows_every_card(blocked: CommandLine, width: int) -> None:
    found = board(blocked)
    found["tasks"][0]["title"] = "a\x1b[2Jlong" * 20
    out = drawing(found, width)
    assert max(map(len, out.splitlines())) <= width
    assert "\x1b" not in out
    for told in ("BLOCKED", "Publish a shop", "no key for", "Awaiting", "0 of 3 done", "publish · Will"):
        assert told in out
    beside = any("To do" in line and "Blocked" in line for line in out.splitlines())
    assert beside is (width >= 80), "narrow ones have their groups under each other"
    assert ("Revise" in out) is (width >= 120), "columns without tasks only where there is room"


def test_a_board_with_many_cards_says_how_many_it_leaves_out(blocked: CommandLine) -> None:
    found = board(blocked)
    found["tasks"] = [{**found["tasks"][0], "id": f"task{number}"} for number in range(60)]
    out = drawing(found, 120)
    assert "and 10 more" in out
    assert "task49" in out
    assert "task50" not in out


def drawing(found: dict[str, Any], width: int) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(drawn(found, parse_time(found["moved_at"]) + timedelta(minutes=3), width))
    out = console.file.getvalue()  # type: ignore[attr-defined]
    assert "3 min" in out
    return str(out)


# -- watching ---------------------------------------------------------------------------------------------------------


@contextmanager
def watching() -> Iterator[subprocess.Popen[str]]:
    """Watch the board in a process of its own; one that tells nothing for long is killed."""
    command = [sys.executable, "-c", "from handrail.cli import main; main()", "board", RUN, "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        patience = threading.Timer(PATIENCE, process.kill)
        patience.start()
        try:
            yield process
        finally:
            patience.cancel()
            process.kill()


def test_watching_draws_again_and_ends_with_the_team(blocked: CommandLine) -> None:
    with watching() as process:
        assert process.stdout is not None
        told = iter(process.stdout.readline, "")
        assert next(told) == f"spec of {RUN} is BLOCKED\n"
        blocked.fine("team", "pause", RUN)
        assert any(line == f"spec of {RUN} is PAUSED\n" for line in told)
        blocked.fine("team", "stop", RUN)
        assert list(told)[-1] == "the team is STOPPED\n"
        assert process.wait() == 0


def test_watching_is_ended_by_ctrl_c(blocked: CommandLine) -> None:
    with watching() as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert (process.wait(), process.stderr.read()) == (0, "")


def test_only_one_board_is_watched(handrail: CommandLine) -> None:
    assert handrail("board", "--watch").code == 2
    refused = handrail("board", "x", "--watch", "--json")
    assert (refused.code, "without TASK and --json" in " ".join(refused.err.split())) == (2, True)
    assert handrail("board", "x", "--watch").code == 5


# -- acting -----------------------------------------------------------------------------------------------------------


def test_a_team_is_worked_through_at_the_command_line(blocked: CommandLine) -> None:
    ended = blocked.fine("feedback", RUN, "analyse", "with prices")
    assert "is DOING, with 1 feedback to be worked in" in ended.out
    assert "it goes on when one does" in ended.err, "nobody works on the store"
    assert "is DOING" in blocked.fine("unblock", RUN, "publish", "--note", "the key is there").out
    work(blocked, "BLOCKED")
    ended = blocked.fine("validate", RUN, "analyse", "--round", "2", "--comment", "good", "--as", "bob")
    assert ended.out == f"task analyse of {RUN} is DONE\n"
    work(blocked, "FINISHED")
    (run,) = blocked.fine("show", RUN, "--json").data
    assert run["result"]["result"] == "a text about bees"
    (card,) = blocked.fine("board", RUN, "analyse", "--json").data
    moved = [each for each in card["log"] if each["data"].get("to") == "VALIDATED"]
    assert [(each["actor"], each["reason"]) for each in moved] == [("bob", "good")]
    (card,) = blocked.fine("feedback", RUN, "write", "shorter", "--json").data
    assert card["status"] == "DOING", "a finished team works again"
    assert board(blocked)["status"] == "RUNNING"
    blocked.fine("verify")


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (("validate", RUN, "write"), 4, "is TODO"),
        (("validate", RUN, "analyse", "--round", "2"), 3, "round 2 of task 'analyse'"),
        (("validate", RUN, "none"), 5, "no task 'none'"),
        (("validate", "none", "analyse"), 5, "no board of a run 'none'"),
        (("feedback", RUN, "analyse", " "), 4, "say what is to be different"),
        (("unblock", RUN, "write"), 4, "only a BLOCKED task"),
        (("team", "resume", RUN), 4, "from here it goes to"),
        (("validate", RUN, "analyse", "--round", "0"), 2, "--round"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    blocked: CommandLine, command: tuple[str, ...], code: int, told: str
) -> None:
    ended = blocked(*command)
    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err
    if code != 2:
        assert ended.err.startswith("error: ")


def test_a_team_is_paused_resumed_and_stopped(blocked: CommandLine) -> None:
    assert blocked.fine("team", "pause", RUN).out == f"team spec of {RUN} is PAUSED\n"
    ended = blocked.fine("team", "resume", RUN)
    assert (ended.out, "it goes on when one does" in ended.err) == (f"team spec of {RUN} is BLOCKED\n", True)
    (found,) = blocked.fine("team", "stop", RUN, "--json").data
    assert found["status"] == "STOPPED"
    assert blocked("feedback", RUN, "analyse", "x").code == 4


def test_cancelling_the_run_of_a_team_stops_it(blocked: CommandLine) -> None:
    assert "CANCELLED" in blocked.fine("cancel", RUN).out
    assert board(blocked)["counts"] == {"ABORTED": 3}
    (asked,) = blocked.fine("requests", "--json").data
    assert asked["status"] == "WITHDRAWN"
    blocked.fine("verify")


# -- the other commands -----------------------------------------------------------------------------------------------


def test_rounds_are_listed_on_demand_and_show_their_board(blocked: CommandLine) -> None:
    assert [run["id"] for run in blocked.fine("runs", "--json").data] == [RUN]
    everything = {run["id"] for run in blocked.fine("runs", "--children", "--json").data}
    assert everything == {RUN, f"{RUN}/analyse/1", f"{RUN}/publish/1"}
    assert f"handrail board {RUN}\n" in blocked.fine("show", RUN).out
    assert f"handrail board {RUN} analyse\n" in blocked.fine("show", f"{RUN}/analyse/1").out


def test_a_deploy_is_checked_with_teams(blocked: CommandLine) -> None:
    before = board(blocked)
    out = blocked.fine("runs", "--check", TEAMS).out
    assert "1 would go on" in out
    assert board(blocked) == before


def test_the_doctor_tells_of_teams_that_met_an_error(blocked: CommandLine) -> None:
    assert "1 BLOCKED" in blocked.fine("doctor").out
    blocked.fine("feedback", RUN, "analyse", "with prices")
    blocked.inside(_fail_round)
    work(blocked, "ERRORED")
    blocked.work(app, RUN, lambda status: status == "FAILED")
    ended = blocked("doctor")
    assert ended.code == 1
    assert "1 met an error: `handrail board` lists them, then `handrail team resume RUN_ID`" in ended.out
    assert f"handrail team resume {RUN}" in blocked.fine("show", RUN).out
    assert "boom" in blocked.fine("board", RUN).out
    blocked.fine("team", "resume", RUN)
    assert board(blocked)["status"] == "BLOCKED"
    assert "FAILED" not in blocked.fine("doctor").out, "a round that failed is the business of its board"
    blocked.fine("verify")
    last = blocked.inside(lambda opened: opened.store.read(verification._log_of_run, run_id=RUN))[1]
    assert last == "run_resumed", "what happens on a board says nothing of how its run stands"


def test_an_input_that_looks_like_a_round_does_not_pass_for_one(handrail: CommandLine) -> None:
    handrail.fine("start", TEAMS, "spec", '{"task": "analyse", "round": 1}', "--run-id", RUN)
    handrail.work(app, RUN, lambda status: status == "FAILED")
    assert "{topic}" in handrail.fine("show", RUN).out


async def _fail_round(opened: App) -> None:
    """Let the round that is to come end as one does whose code fails."""

    def fail(tx: Any, *, now: Any) -> None:
        (claimed,) = units.claim(tx, run_ids=[f"{RUN}/analyse/2"], queues=["spec"], worker="w", now=now)
        error = {"name": "model", "kind": "ValueError", "message": "boom"}
        units.finish(tx, run=claimed.run, now=now, status=RunStatus.FAILED, error=error)

    await opened.store.do(fail, now=opened.clock.now())


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE card SET status = 'DONE' WHERE task = 'publish'",
        "UPDATE card SET cost = '1'",
        "UPDATE card SET round = 7 WHERE task = 'write'",
        "UPDATE card_text SET result = '\"other\"' WHERE task = 'analyse'",
        "UPDATE card_text SET planned = replace(planned, 'Analyse', 'Ignore')",
        "DELETE FROM card WHERE task = 'write'",
        "UPDATE team SET status = 'FINISHED'",
        "UPDATE team SET inputs = '{}'",
        "DELETE FROM team",
        "UPDATE feedback SET content = 'other'",
        "DELETE FROM feedback",
        "UPDATE event SET data = replace(data, 'BLOCKED', 'DONE') WHERE kind = 'task_moved'",
        "DELETE FROM event WHERE kind = 'task_spent'",
    ],
)
def test_a_board_that_is_not_what_its_events_make_of_it_is_found(
    blocked: CommandLine, tampering: str
) -> None:
    blocked.fine("feedback", RUN, "write", "in time")
    assert blocked.fine("verify", "--json").data[0]["ok"]
    with closing(sqlite3.connect(blocked.database)) as connection:
        assert connection.execute(tampering).rowcount > 0
        connection.commit()
    ended = blocked("verify", "--json")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert any(RUN in problem for problem in ended.data[0]["problems"])
