"""The commands about runs, and those that execute flows."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handrail import settings
from handrail.runs.history import suggestions
from handrail.runs.run import RunStatus, StoredRun
from tests.support import command_line_flows
from tests.support.command_line import FLOWS, CommandLine

KEYS = {
    *(
        "id",
        "status",
        "flow",
        "created_at",
        "updated_at",
        "initiator",
        "input",
        "result",
        "error",
        "worker",
        "parent",
    ),
}
TOPIC = '{"topic": "rivers"}'


def start(handrail: CommandLine, run_id: str = "post-1") -> str:
    return handrail.fine("start", f"{FLOWS}:app", "publish-post", TOPIC, "--run-id", run_id).out.strip()


def waiting(handrail: CommandLine) -> str:
    """Start a run, let it ask, and return the request's id."""
    run_id = start(handrail)
    handrail.work(command_line_flows.app, run_id, lambda status: status == "WAITING")
    (request,) = handrail.fine("requests", "--json").data
    return str(request["id"])


# -- run --------------------------------------------------------------------------------------------------------------


def test_run_prints_the_result(handrail: CommandLine) -> None:
    ended = handrail.fine("run", f"{FLOWS}:shout", '{"content": "grün\\u001b"}')
    assert ended.out == '{"content": "GRÜN\\u001b"}\n'
    assert handrail.fine("run", f"{FLOWS}:greet", '{"name": "bob"}').out == '{"greeting": "Hello bob"}\n'
    assert (
        handrail.fine("run", f"{FLOWS}:Shelf.greet", '{"name": "bob"}').out == '{"greeting": "Hello bob"}\n'
    )
    assert handrail.database.exists()


def test_run_as_json_names_the_run(handrail: CommandLine) -> None:
    (found,) = handrail.fine("run", f"{FLOWS}:shout", '{"content": "a"}', "--run-id", "r1", "--json").data
    assert (found["id"], found["run_id"], found["flow"]) == ("r1", "r1", f"{FLOWS}:shout")
    assert (found["status"], found["result"], found["error"]) == ("FINISHED", {"content": "A"}, None)
    (stored,) = handrail.fine("runs", "--json").data
    assert (stored["id"], stored["flow"]) == ("r1", f"{FLOWS}:shout")


def test_run_again_returns_the_stored_result(handrail: CommandLine) -> None:
    command = ("run", f"{FLOWS}:fragile", '{"a": 1}', "--run-id", "r1")
    assert handrail.fine(*command).out == handrail.fine(*command).out == '{"a": 1}\n'
    assert command_line_flows.CALLS == ["fragile"]
    assert handrail("run", f"{FLOWS}:fragile", '{"a": 2}', "--run-id", "r1").code == 4
    assert handrail("run", f"{FLOWS}:shout", '{"content": "a"}', "--run-id", "r1").code == 4


def test_a_failed_run_is_1_and_goes_on_after_retry(handrail: CommandLine) -> None:
    command_line_flows.CALLS.append("broken")
    command = ("run", f"{FLOWS}:fragile", '{"a": 1}', "--run-id", "r1")
    failed = handrail(*command)
    assert (failed.code, failed.out) == (1, "")
    assert "failed: ValueError: no way \\x1b[31mred\n" in failed.err
    assert "handrail retry r1" in failed.err
    failed = handrail(*command, "--json")
    (found,) = failed.data
    assert (failed.code, found["run_id"], found["status"], found["result"]) == (1, "r1", "FAILED", None)
    assert found["error"]["kind"] == "ValueError"
    shown = handrail.fine("show", "r1").out
    assert "ValueError" in shown
    assert "\x1b" not in shown
    _, ways = shown.split("\ngo on with one of\n")
    again, over, *_ = ways.splitlines()
    assert again.startswith("  handrail retry r1   # once the cause is mended")
    assert over.startswith("  handrail cancel r1   #")
    named = handrail.fine("show", "r1", "--store", "sqlite:///handrail.db").out
    assert "  handrail retry r1 --store sqlite:///handrail.db   # " in named
    command_line_flows.CALLS.remove("broken")
    assert handrail.fine("retry", "r1", "--json").data[0]["status"] == "PENDING"
    assert handrail.fine(*command).out == '{"a": 1}\n'
    assert handrail("retry", "r1").code == 4


def test_input_comes_from_the_line_a_file_or_stdin(handrail: CommandLine) -> None:
    given = '{"content": "é"}'
    Path("input.json").write_text(given, "utf-8")
    for data in (given, "@input.json", "-"):
        assert handrail.fine("run", f"{FLOWS}:shout", data, stdin=given).out == '{"content": "É"}\n'


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ('{"content":', "line 1, column 12"),
        ('{"content": "a"}\n}', "line 2, column 1"),
        ("[]", "a list"),
        ("3", "a number"),
        ('"text"', "a text"),
        ("null", "null"),
        ("true", "true or false"),
        ("[" * 100_000, "nested too deeply"),
        ("@missing.json", "missing.json"),
        ("@binary.json", "not UTF-8"),
        ('{"content": NaN}', "JSON"),
        (json.dumps({"content": "x" * 1_100_000}), "1,048,576"),
    ],
)
def test_bad_input_is_4_and_nothing_is_made(handrail: CommandLine, data: str, told: str) -> None:
    Path("binary.json").write_bytes(b'{"content": "\xff"}')
    Path("large.json").write_text(data)
    given = "@large.json" if len(data) > 100_000 else data
    for command in (("run", f"{FLOWS}:shout"), ("start", f"{FLOWS}:app", "publish-post")):
        ended = handrail(*command, given, "--json")
        assert (ended.code, ended.data) == (4, []), ended.err
        assert told in ended.err
        assert len(ended.err) < 1000
    assert handrail.fine("runs", "--json").data == []


def test_keys_of_the_input_must_fit_the_flow(handrail: CommandLine) -> None:
    ended = handrail("run", f"{FLOWS}:greet", '{"nme": "bob"}')
    assert ended.code == 4
    assert "name" in ended.err


# -- start ------------------------------------------------------------------------------------------------------------


def test_start_prints_the_id_and_says_that_nobody_knows_the_flow(handrail: CommandLine) -> None:
    ended = handrail.fine("start", f"{FLOWS}:app", "publish-post", TOPIC)
    assert re.fullmatch(r"run_[0-9a-f]+\n", ended.out)
    assert "publish-post" in ended.err
    assert f"handrail worker {FLOWS}:app" in ended.err
    (found,) = handrail.fine("runs", "--json").data
    assert set(found) == KEYS
    assert (found["id"], found["status"], found["input"]) == (
        ended.out.strip(),
        "PENDING",
        {"topic": "rivers"},
    )
    assert found["initiator"] == settings.os_user()
    assert command_line_flows.CALLS == []


def test_start_again_is_the_same_run(handrail: CommandLine) -> None:
    assert start(handrail) == start(handrail) == "post-1"
    ended = handrail(
        "start", f"{FLOWS}:app", "publish-post", '{"topic": "lakes"}', "--run-id", "post-1", "--json"
    )
    assert (ended.code, ended.data) == (4, [])
    (found,) = handrail.fine(
        "start", f"{FLOWS}:app", "publish-post", TOPIC, "--run-id", "post-1", "--as", "bob", "--json"
    ).data
    assert set(found) == KEYS
    assert len(handrail.fine("runs", "--json").data) == 1


def test_a_store_named_by_the_app(handrail: CommandLine, tmp_path: Path) -> None:
    lines = ("from handrail import App", "from tests.support.command_line_flows import renamed")
    (tmp_path / "cli_test_store.py").write_text(
        "\n".join([*lines, "app = App(store='sqlite:///apps.db')", "app.flow('post', renamed)"])
    )
    command = ("start", "cli_test_store:app", "post", TOPIC)
    handrail.fine(*command)
    assert (tmp_path / "apps.db").exists()
    assert not handrail.database.exists()
    ended = handrail.fine(*command, "--store", "sqlite:///handrail.db")
    assert "--store sqlite:///handrail.db" in ended.err
    assert len(handrail.fine("runs", "--json").data) == 1
    ended = handrail(*command, "--store", "memory://")
    assert (ended.code, ended.out) == (4, "")


def test_an_unknown_flow_is_5_and_names_those_there_are(handrail: CommandLine) -> None:
    ended = handrail("start", f"{FLOWS}:app", "publish", TOPIC, "--json")
    assert (ended.code, ended.data) == (5, [])
    assert "publish-post, tone" in ended.err


# -- runs, show, cancel -----------------------------------------------------------------------------------------------


def test_runs_are_chosen_by_status_and_flow(handrail: CommandLine) -> None:
    assert str(handrail.database) in handrail.fine("runs").out
    for run_id in ("z", "a", "m"):
        start(handrail, run_id)
    handrail.fine("run", f"{FLOWS}:shout", '{"content": "a"}', "--run-id", "b")
    handrail.fine("cancel", "a")

    def listed(*options: str) -> list[str]:
        return [run["id"] for run in handrail.fine("runs", "--json", *options).data]

    assert listed() == ["z", "a", "m", "b"]
    assert listed("--status", "pending") == ["z", "m"]
    assert listed("--status", "FINISHED,CANCELLED") == ["a", "b"]
    assert listed("--flow", "publish-post") == ["z", "a", "m"]
    assert listed("--limit", "1") == ["b"]
    assert handrail("runs", "--status", "OPEN").code == 4
    table = handrail.fine("runs").out.splitlines()
    assert [line.split()[0] for line in table] == ["id", "z", "a", "m", "b"]


def test_pages_of_runs_lose_none(handrail: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handrail.cli.runs.PAGE", 2)
    ids = ["z", "y", "a", "x", "b"]
    for run_id in ids:
        start(handrail, run_id)
    assert [run["id"] for run in handrail.fine("runs", "--json").data] == ids


def test_cancel_withdraws_the_requests(handrail: CommandLine) -> None:
    request_id = waiting(handrail)
    assert handrail.fine("cancel", "post-1").out == "run post-1 is CANCELLED\n"
    assert handrail.fine("show", request_id, "--json").data[0]["status"] == "WITHDRAWN"
    assert handrail("decide", request_id, "approve").code == 3
    (found,) = handrail.fine("cancel", "post-1", "--json").data
    assert found["status"] == "CANCELLED"


def test_cancelling_what_has_ended_is_3(handrail: CommandLine) -> None:
    handrail.fine("run", f"{FLOWS}:shout", '{"content": "a"}', "--run-id", "r1")
    assert handrail("cancel", "r1").code == 3


def test_show_tells_what_a_run_has_done(handrail: CommandLine) -> None:
    request_id = waiting(handrail)
    (found,) = handrail.fine("show", "post-1", "--json").data
    assert set(found) == KEYS | {"steps", "requests", "migrate"}
    steps = {step["address"]: (step["kind"], step["state"]) for step in found["steps"]}
    assert steps["draft"] == ("FunctionNode", "done")
    assert steps["approve"] == ("HumanApprovalNode", "open")
    assert [request["id"] for request in found["requests"]] == [request_id]
    out = handrail.fine("show", "post-1").out
    for text in (
        "post-1",
        "WAITING",
        "publish-post",
        "topic: rivers",
        "draft",
        "HumanApprovalNode",
        request_id,
    ):
        assert text in out
    handrail.fine("decide", request_id, "approve", "--as", "bob")
    handrail.work(command_line_flows.app, "post-1", lambda status: status == "FINISHED")
    (found,) = handrail.fine("show", "post-1", "--json").data
    assert found["result"] == {"published": True, "content": "About rivers"}
    assert "published: true" in handrail.fine("show", "post-1").out
    assert command_line_flows.CALLS == ["draft"]


def test_no_run_of_a_flow_says_so(handrail: CommandLine) -> None:
    start(handrail)
    where = f"in {handrail.database}\n"
    assert handrail.fine("runs", "--flow", "nope").out == f"no runs of flow 'nope' {where}"
    assert handrail.fine("runs", "--status", "failed").out == f"no FAILED runs {where}"
    both = handrail.fine("runs", "--status", "failed,cancelled", "--flow", "publish-post").out
    assert both == f"no FAILED or CANCELLED runs of flow 'publish-post' {where}"


@pytest.mark.parametrize("level", ["DEBUG", "debug", "Warning"])
def test_a_worker_takes_a_level_in_any_case(handrail: CommandLine, level: str) -> None:
    ended = handrail("worker", "nowhere:app", "--log-level", level)
    assert (ended.code, "no module" in ended.err) == (5, True), ended


# -- migrate ----------------------------------------------------------------------------------------------------------


def test_show_says_how_a_changed_flow_goes_on_and_that_works(handrail: CommandLine) -> None:
    request_id = waiting(handrail)
    handrail.fine("decide", request_id, "approve")
    changed = command_line_flows.renamed_app
    handrail.work(changed, "post-1", lambda status: status == "NEEDS_ATTENTION")
    shown = handrail.fine("show", "post-1").out
    assert "recorded: draft (FunctionNode)" in shown
    assert "the flow has: write (FunctionNode)" in shown
    command = "handrail migrate post-1 --map draft=write "
    assert command in shown
    assert handrail.fine("doctor", "--json", "--store", "memory://").code == 0
    ended = handrail("doctor")
    assert ended.code == 1
    assert "1 need attention" in ended.out
    assert handrail.fine(*command.split()[1:], "--json").data[0]["status"] == "PENDING"
    handrail.work(changed, "post-1", lambda status: status == "FINISHED")
    assert command_line_flows.CALLS == ["draft"]
    assert handrail("migrate", "post-1", "--map", "write=draft").code == 4


@pytest.mark.parametrize(
    ("mapping", "code"), [("draft", 4), ("=", 4), ("nothing=else", 4), ("draft=write", 0), ("draft=", 0)]
)
def test_mappings_are_checked(handrail: CommandLine, mapping: str, code: int) -> None:
    waiting(handrail)
    ended = handrail("migrate", "post-1", "--map", mapping, "--json")
    assert ended.code == code
    assert bool(ended.data) == (code == 0)


@pytest.mark.parametrize(
    ("frame", "recorded", "flow", "mappings"),
    [
        ("", "draft", "write", ["draft=write", "draft=", "=write"]),
        ("2", "draft", "write", ["2/draft=2/write", "2/draft=", "=2/write"]),
        ("", "1", "1", ["1=2", "1="]),
        ("", "draft", None, ["draft="]),
        ("", None, "draft", ["=draft"]),
        ("map/0[7]", "each", None, ["map/0[*]/each=", "map/0[7]/each="]),
        ("a/0[1]/0[2]/x", "p", None, ["a/0[*]/0[*]/x/p=", "a/0[1]/0[2]/x/p="]),
    ],
)
def test_suggestions(frame: str, recorded: str | None, flow: str | None, mappings: list[str]) -> None:
    def place(name: str | None) -> dict[str, str] | None:
        return {"name": name, "kind": "FunctionNode"} if name else None

    difference = {"frame": frame, "position": 1, "recorded": place(recorded), "flow": place(flow)}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    run = StoredRun(
        "r", "f", "f", {}, RunStatus.NEEDS_ATTENTION, moment, moment, error={"difference": difference}
    )
    assert [suggestion.mapping for suggestion in suggestions(run)] == mappings


def test_show_says_what_of_a_question_has_changed(handrail: CommandLine) -> None:
    places = [{"name": "0", "kind": "ask", "question": text, "title": text} for text in ("Old?", "New?")]
    difference = {
        "frame": "tone",
        "position": 0,
        "recorded": places[0],
        "flow": {**places[1], "part": ["title", "proposal"]},
    }
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    error = {"message": "it doesn't match", "difference": difference}
    run = StoredRun("r", "f", "f", {}, RunStatus.NEEDS_ATTENTION, moment, moment, error=error)
    handrail.inside(lambda app: app.store.do(lambda tx: tx.insert_run(run)))
    shown = handrail.fine("show", "r").out
    assert "changed: its title was 'Old?' and is 'New?' now, what is shown differs" in shown
    assert "handrail migrate r --map tone/0=" in shown
