"""`handrail runs --check MODULE:APP`: which runs would stop if this code were deployed."""

import sqlite3
from contextlib import closing

import pytest

from handrail import App, FunctionNode
from handrail.cli import check
from tests.support import command_line_flows
from tests.support.command_line import FLOWS, CommandLine

TOPIC = '{"topic": "rivers"}'
WHY = "at position 0 of the flow recorded is 'draft' (FunctionNode), the flow has 'write' (FunctionNode)"


def waiting(handrail: CommandLine, *run_ids: str) -> None:
    for run_id in run_ids:
        handrail.fine("start", f"{FLOWS}:app", "publish-post", TOPIC, "--run-id", run_id)
        handrail.work(command_line_flows.app, run_id, lambda status: status == "WAITING")
    command_line_flows.CALLS.clear()


def content(handrail: CommandLine) -> list[str]:
    with closing(sqlite3.connect(handrail.database)) as connection:
        return list(connection.iterdump())


def test_code_that_fits_is_0_and_code_that_does_not_is_1(handrail: CommandLine) -> None:
    waiting(handrail, "a", "b")
    before = content(handrail)
    ended = handrail.fine("runs", "--check", f"{FLOWS}:app")
    assert ended.out == f"2 would go on (of 2 checked, in {handrail.database})\n"
    ended = handrail("runs", "--check", f"{FLOWS}:renamed_app")
    heading, first, second, summary, ways = ended.out.splitlines()
    assert (ended.code, ended.err) == (1, "")
    assert heading.split() == ["id", "status", "flow", "verdict", "why"]
    assert first.split(maxsplit=4) == ["a", "WAITING", "publish-post", "stops", WHY]
    assert second.startswith("b ")
    assert summary == f"2 would stop as NEEDS_ATTENTION (of 2 checked, in {handrail.database})"
    assert ways.startswith("what stops: put the old code back, or after the deploy `handrail show RUN_ID`")
    assert "`handrail migrate RUN_ID --map OLD=NEW`" in ways
    assert content(handrail) == before
    assert not command_line_flows.CALLS


def test_as_json_each_run_is_told(handrail: CommandLine) -> None:
    waiting(handrail, "a")
    ended = handrail("runs", "--check", f"{FLOWS}:renamed_app", "--json")
    place = {"kind": "FunctionNode"}
    assert ended.data == [
        {
            "id": "a",
            "status": "WAITING",
            "flow": "publish-post",
            "verdict": "stops",
            "why": WHY,
            "difference": {
                "frame": "",
                "position": 0,
                "recorded": {"name": "draft", **place},
                "flow": {"name": "write", **place},
            },
        }
    ]
    (found,) = handrail.fine("runs", "--check", f"{FLOWS}:app", "--json").data
    assert (found["verdict"], found["why"], found["difference"]) == ("goes on", None, None)


def test_runs_that_have_ended_are_checked_when_they_are_asked_for(handrail: CommandLine) -> None:
    waiting(handrail, "a", "b")
    handrail.fine("cancel", "a")
    assert "1 would stop" in handrail("runs", "--check", f"{FLOWS}:renamed_app").out
    (request,) = handrail.fine("requests", "--status", "OPEN", "--json").data
    handrail.fine("decide", request["id"], "approve")
    handrail.work(command_line_flows.renamed_app, "b", lambda status: status == "NEEDS_ATTENTION")
    assert handrail.fine("runs", "--check", f"{FLOWS}:renamed_app").out.startswith("no runs (of 0 checked")
    stopped = ("--status", "needs_attention")
    assert handrail("runs", "--check", f"{FLOWS}:renamed_app", *stopped).code == 1
    assert handrail("runs", "--check", f"{FLOWS}:app", *stopped).code == 0


def test_a_flow_that_the_app_does_not_know_is_told(handrail: CommandLine) -> None:
    waiting(handrail, "a")
    handrail.fine("start", f"{FLOWS}:app", "tone", TOPIC, "--run-id", "t")
    ended = handrail("runs", "--check", f"{FLOWS}:renamed_app", "--flow", "tone")
    assert ended.code == 1
    assert "unknown  the app doesn't know flow 'tone'; it knows publish-post" in ended.out
    assert "1 of flows that the app doesn't know (of 1 checked" in ended.out
    assert (
        handrail("runs", "--check", f"{FLOWS}:renamed_app")
        .out.splitlines()[-3]
        .startswith("1 would stop as NEEDS_ATTENTION, 1 of flows that the app doesn't know (of 2 checked")
    )


def test_a_flow_that_nobody_knows_is_5(handrail: CommandLine) -> None:
    waiting(handrail, "a")
    ended = handrail("runs", "--check", f"{FLOWS}:app", "--flow", "nope", "--json")
    assert (ended.code, ended.data) == (5, [])
    assert "there is no flow 'nope': the app knows block, linger, publish-post, tone" in ended.err
    assert f"no run in {handrail.database} has it" in ended.err
    assert handrail.fine("runs", "--check", f"{FLOWS}:app", "--flow", "tone").out.startswith("no runs")


def test_what_would_fail_says_with_what(handrail: CommandLine) -> None:
    handrail.fine("start", f"{FLOWS}:app", "tone", TOPIC, "--run-id", "t")
    handrail.work(command_line_flows.app, "t", lambda status: status == "WAITING")
    ended = handrail("runs", "--check", f"{FLOWS}:other_words_app")
    _, found, _, ways = ended.out.splitlines()
    assert ended.code == 1
    assert "fails" in found
    assert "(InvalidInput: " in found
    assert "takes subject" in found
    assert ways.startswith("what fails: mend the code")


def test_what_only_its_caller_executes_is_no_reason_to_wait_with_the_deploy(handrail: CommandLine) -> None:
    async def left(app: App) -> None:
        node = FunctionNode(lambda x: x)
        await app.runs.create(app._draft(node, {}, "mine", None, "run:mine", "alice"))

    handrail.inside(left)
    ended = handrail.fine("runs", "--check", f"{FLOWS}:app")
    assert "mine  PENDING" in ended.out
    assert "only whoever executes it with its run id goes on with it" in ended.out


def test_what_the_app_prints_is_no_part_of_the_answer(
    handrail: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(handrail, "a")

    async def told(app: App, run: object) -> object:
        print("a line")
        return await found(app, run)  # type: ignore[arg-type]

    found = check._finding
    monkeypatch.setattr(check, "_finding", told)
    ended = handrail.fine("runs", "--check", f"{FLOWS}:app", "--json")
    assert [item["id"] for item in ended.data] == ["a"]
    assert "a line" in ended.err


def test_where_nothing_has_run_yet_nothing_would_stop(handrail: CommandLine) -> None:
    assert handrail.fine("runs", "--check", f"{FLOWS}:app").out.startswith("no runs (of 0 checked")
    assert not handrail.database.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--check",), 2, "requires an argument"),
        (("--check", "app"), 4, "MODULE:NAME"),
        (("--check", f"{FLOWS}:publish"), 4, "is a flow, not an app"),
        (("--check", "nowhere:app"), 5, "no module"),
        (("--check", f"{FLOWS}:app", "--status", "lost"), 4, "is no status"),
        (("--check", f"{FLOWS}:app", "--store", "memory://"), 4, "name a file"),
    ],
)
def test_wrong_usage(handrail: CommandLine, arguments: tuple[str, ...], code: int, told: str) -> None:
    ended = handrail("runs", *arguments)
    assert (ended.code, told in ended.err) == (code, True), ended


def test_a_file_that_is_no_store_of_ours_is_named(handrail: CommandLine) -> None:
    handrail.database.write_bytes(b"no database at all, and long enough to be looked at" * 100)
    ended = handrail("runs", "--check", f"{FLOWS}:app")
    assert ended.code == 1
    assert str(handrail.database) in ended.err
