"""`handrail start --many`: a run for each line of a file."""

from pathlib import Path

import pytest

from handrail import settings
from tests.support import command_line_flows
from tests.support.command_line import FLOWS, CommandLine

MANY = ("start", f"{FLOWS}:app", "tone", "--many")
LINES = '{"topic": "rivers"}\n\n{"topic": "lakes"}\n{"topic": "rivers"}\n'


def write(text: str) -> str:
    Path("items.jsonl").write_text(text)
    return "items.jsonl"


def test_each_line_starts_a_run_and_counts_are_printed(handrail: CommandLine) -> None:
    ended = handrail.fine(*MANY, write(LINES))
    assert ended.out == "3 runs of tone: 3 PENDING\n"
    assert f"handrail worker {FLOWS}:app" in ended.err
    found = handrail.fine("runs", "--json").data
    assert sorted(run["input"]["topic"] for run in found) == ["lakes", "rivers", "rivers"]
    assert {(run["flow"], run["initiator"]) for run in found} == {("tone", settings.os_user())}


def test_ids_are_listed_as_json_in_the_order_of_the_lines(handrail: CommandLine) -> None:
    first = handrail.fine(*MANY, write(LINES), "--json", "--as", "alice").data
    assert [run["status"] for run in first] == ["PENDING"] * 3
    assert first[2]["id"] == first[0]["id"] + "-2"
    assert all(run["id"].startswith("tone-") for run in first)
    found = {run["id"]: run for run in handrail.fine("runs", "--json").data}
    assert [found[run["id"]]["input"]["topic"] for run in first] == ["rivers", "lakes", "rivers"]
    assert found[first[0]["id"]]["initiator"] == "alice"


def test_standard_input_a_batch_and_the_same_again(handrail: CommandLine) -> None:
    first = handrail.fine(*MANY, "-", "--json", stdin=LINES).data
    assert handrail.fine(*MANY, write(LINES), "--json").data == first
    named = handrail.fine(*MANY, "-", "--batch", "week-47", "--json", stdin=LINES).data
    assert [run["id"].replace("week-47-", "tone-") for run in named] == [run["id"] for run in first]
    assert len(handrail.fine("runs", "--json").data) == 6
    assert handrail.fine(*MANY, "-", stdin="\n").out == "0 runs of tone\n"
    assert handrail.fine(*MANY, "-", "--json", stdin="").data == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 4 is not JSON: "),
        ("[]", "line 4 is not an object"),
        ('{"topics": "x"}', "line 4: flow 'tone' takes topic"),
        ('{"topic": NaN}', "line 4: the input can't be stored as JSON"),
        ("[" * 100_000, "line 4 is nested too deeply"),
    ],
)
def test_a_bad_line_is_named_by_its_number(handrail: CommandLine, line: str, told: str) -> None:
    ended = handrail(*MANY, write(f'{{"topic": "a"}}\n\n  \n{line}\n{{"topic": "b"}}\n\n'), "--json")
    assert (ended.code, ended.data) == (4, [])
    assert told in ended.err
    assert len(ended.err) < 1000
    assert handrail.fine("runs", "--json").data == []


def test_files_that_cannot_be_read(handrail: CommandLine) -> None:
    ended = handrail(*MANY, "missing.jsonl")
    assert (ended.code, "missing.jsonl: No such file" in ended.err) == (1, True)
    Path("binary.jsonl").write_bytes(b'{"topic": "\xff"}\n')
    ended = handrail(*MANY, "binary.jsonl")
    assert (ended.code, "binary.jsonl is not UTF-8" in ended.err) == (4, True)


def test_an_unknown_flow_and_a_store_in_memory(handrail: CommandLine) -> None:
    ended = handrail("start", f"{FLOWS}:app", "tune", "--many", write(LINES), "--json")
    assert (ended.code, ended.data) == (5, [])
    assert "this app knows: " in ended.err
    assert "worker" not in ended.err
    assert handrail(*MANY, write(LINES), "--store", "memory://").code == 4


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("{}", "--wait"),
        ("{}", "--batch", "b"),
        ("{}", "--many", "items.jsonl"),
        ("--many", "items.jsonl", "--run-id", "r"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(handrail: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = handrail("start", f"{FLOWS}:app", "tone", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "--many" in ended.err
    assert not handrail.database.exists()


def test_waiting_tells_how_they_ended_and_is_1_unless_all_have_finished(handrail: CommandLine) -> None:
    command = ("start", f"{FLOWS}:app", "tone", "--many", write(LINES))
    first, second, third = (run["id"] for run in handrail.fine(*command, "--json").data)
    for run_id in (first, second):
        handrail.fine("cancel", run_id)
    handrail.work(command_line_flows.app, third, lambda status: status == "WAITING")
    (request,) = handrail.fine("requests", "--json").data
    handrail.fine("decide", request["id"], "answer", "--payload", '"dry"')
    handrail.work(command_line_flows.app, third, lambda status: status == "FINISHED")
    ended = handrail(*command, "--wait")
    assert (ended.code, ended.out) == (1, "3 runs of tone: 1 FINISHED, 2 CANCELLED\n")
    assert handrail.fine(*command).out == ended.out, "1 is for those who wait"
    statuses = [run["status"] for run in handrail(*command, "--wait", "--json").data]
    assert statuses == ["CANCELLED", "CANCELLED", "FINISHED"]
