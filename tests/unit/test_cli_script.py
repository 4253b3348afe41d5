"""A flow as a program of its own: `handrail.main(flow, data)` takes the options of `handrail run` and ends like it."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import handrail
from handrail import FunctionNode, InvalidFlow, Rejected, ask

greet = FunctionNode(lambda x: {"greeting": f"Hello {x['name']}"}, name="greet")


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call `handrail.main` as a script would that got these arguments; returns its code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HANDRAIL_STORE", raising=False)

    def called(flow: Any, data: Any, *arguments: str) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["folder/greeting.py", *arguments])
        with pytest.raises(SystemExit) as ending:
            handrail.main(flow, data)
        printed = capsys.readouterr()
        return ending.value.code, printed.out, printed.err

    return called


def test_it_executes_the_flow_and_prints_the_result(script: Any) -> None:
    assert script(greet, {"name": "alice"}) == (0, '{"greeting": "Hello alice"}\n', "")


def test_json_on_the_command_line_replaces_the_default(script: Any) -> None:
    assert script(greet, {"name": "alice"}, '{"name": "bob"}')[1] == '{"greeting": "Hello bob"}\n'
    assert script(greet, None, '{"name": "bob"}')[1] == '{"greeting": "Hello bob"}\n'


def test_an_async_function_is_a_flow(script: Any) -> None:
    async def flow(name: str) -> dict[str, Any]:
        return {"name": name}

    assert script(flow, {"name": "alice"})[:2] == (0, '{"name": "alice"}\n')


def test_a_run_with_an_id_is_kept_in_the_store_that_was_named(script: Any, tmp_path: Path) -> None:
    command = ("--run-id", "g-1", "--store", "sqlite:///other.db", "--as", "carol", "--json")
    code, out, _ = script(greet, {"name": "alice"}, *command)
    (run,) = json.loads(out)
    assert (code, run["id"], run["flow"], run["initiator"]) == (0, "g-1", "greeting", "carol")
    assert (tmp_path / "other.db").exists()
    assert script(greet, {"name": "alice"}, *command)[1] == out
    code, _, err = script(greet, {"name": "bob"}, "--run-id", "g-1", "--store", "sqlite:///other.db")
    assert code == 4
    assert "other input" in err


def test_a_failed_run_is_1_and_says_how_to_go_on(script: Any) -> None:
    def broken(data: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("no way")

    code, out, err = script(FunctionNode(broken, name="broken"), {"a": 1}, "--run-id", "b-1")
    assert (code, out) == (1, "")
    assert "ValueError: no way" in err
    assert "handrail retry b-1" in err


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "post.py").write_text(
        "import handrail\nhandrail.main(handrail.HumanApprovalNode(audience='alice'), {'content': 'Hello'})\n"
    )
    command = [sys.executable, "post.py", "--run-id", "p 1", "--as", "alice", "--store", "sqlite:///my.db"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "Waiting for a decision" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    again = "`python post.py --run-id 'p 1' --as alice --store sqlite:///my.db`"
    assert err == f"interrupted: run p 1 is kept; it goes on with the same input and {again}\n"


@pytest.mark.parametrize(
    ("arguments", "code"), [(("--nothing",), 2), (("[1]",), 4), (("{",), 4), (("@missing.json",), 4)]
)
def test_wrong_arguments_have_the_codes_of_the_command_line(
    script: Any, arguments: tuple[str, ...], code: int
) -> None:
    assert script(greet, {"name": "alice"}, *arguments)[:2] == (code, "")


def test_without_a_default_the_input_is_needed(script: Any) -> None:
    code, _, err = script(greet, None)
    assert code == 2
    assert "give the input as JSON" in err
    assert script(greet, None, "--json")[:2] == (2, "[]\n")


def test_help_shows_what_the_script_says_of_itself(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys.modules["__main__"], "__doc__", "Greets.\n\n    python greeting.py --run-id g\n\nOnce."
    )
    code, out, _ = script(greet, {"name": "alice"}, "--help")
    assert code == 0
    assert out.startswith("Usage: python folder/greeting.py [OPTIONS] [JSON]\n")
    assert "  Greets.\n\n      python greeting.py --run-id g\n\n  Once.\n" in out


@pytest.mark.parametrize("flow", [None, 7, FunctionNode, lambda x: x, handrail.App()])
def test_what_is_no_flow_is_refused_at_once(flow: Any) -> None:
    with pytest.raises(InvalidFlow):
        handrail.main(flow, {})


async def test_the_person_named_is_who_started_the_run(tmp_path: Path) -> None:
    from handrail.host import execute_here

    async def flow(name: str) -> dict[str, Any]:
        try:
            return {"tone": await ask("Which tone?", audience="alice", timeout=0.01)}
        except Rejected as no:
            return {"reason": no.reason}

    url = f"sqlite:///{tmp_path}/people.db"
    run = await execute_here(handrail.App().flow("tone", flow), {"name": "x"}, url=url, person="bob")
    assert (run.initiator, run.result) == ("bob", {"reason": "timeout"})


def test_importing_handrail_loads_nothing_that_only_a_program_needs() -> None:
    script = (
        "import sys, handrail\n"
        "handrail.main\n"
        "sys.exit(', '.join({'typer', 'rich', 'jsonschema', 'handrail.cli.execution'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
