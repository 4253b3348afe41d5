"""MODULE:ATTRIBUTE: found from the working directory, and a helpful error when it isn't what is wanted."""

from pathlib import Path

import pytest

from tests.support.command_line import FLOWS, CommandLine

DATA = "{}"


@pytest.mark.parametrize(
    ("target", "code", "told"),
    [
        ("app", 4, "MODULE:NAME"),
        (":app", 4, "MODULE:NAME"),
        ("app:", 4, "MODULE:NAME"),
        ("folder/flows.py:app", 4, "folder.flows:app"),
        ("no_such_module_here:app", 5, "no_such_module_here"),
        (f"{FLOWS}.nothing:app", 5, f"{FLOWS}.nothing"),
        (f"{FLOWS}:nothing", 5, "nothing"),
        (f"{FLOWS}:Shelf.nothing", 5, "Shelf.nothing"),
    ],
)
def test_what_is_not_there(handrail: CommandLine, target: str, code: int, told: str) -> None:
    for command in (("run", target, DATA), ("start", target, "publish-post", DATA), ("worker", target)):
        ended = handrail(*command)
        assert (ended.code, ended.out) == (code, "")
        assert told in ended.err
        assert "Traceback" not in ended.err
    assert not handrail.database.exists()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("run", f"{FLOWS}:app", DATA), f"handrail start {FLOWS}:app FLOW JSON"),
        (("run", f"{FLOWS}:not_a_flow", DATA), "async def"),
        (("run", f"{FLOWS}:FLOWS", DATA), None),
        (("run", f"{FLOWS}:HumanApprovalNode", DATA), "instance"),
        (("start", f"{FLOWS}:publish", "publish-post", DATA), f"handrail run {FLOWS}:publish JSON"),
        (("start", f"{FLOWS}:greet", "publish-post", DATA), f"handrail run {FLOWS}:greet JSON"),
        (("start", f"{FLOWS}:CALLS", "publish-post", DATA), "list"),
        (("worker", f"{FLOWS}:publish"), "not an app"),
    ],
)
def test_what_is_of_another_kind(handrail: CommandLine, command: tuple[str, ...], told: str | None) -> None:
    ended = handrail(*command)
    assert ended.code == (4 if told else 5)
    assert (told or "FLOWS") in ended.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("import no_such_library\n", "no_such_library"),
        ("\n1 / 0\n", "line 2"),
        ("import sys\nsys.exit('stop')\n", "SystemExit"),
        ("from handrail import App, FunctionNode\nFunctionNode(3)\n", "FunctionNode"),
    ],
)
def test_a_module_that_fails_is_4(
    handrail: CommandLine, tmp_path: Path, request: pytest.FixtureRequest, text: str, told: str
) -> None:
    name = f"broken_module_{abs(hash(text))}"
    (tmp_path / f"{name}.py").write_text(text)
    ended = handrail("run", f"{name}:flow", DATA, "--json")
    assert (ended.code, ended.data) == (4, [])
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_the_working_directory_is_importable(handrail: CommandLine, tmp_path: Path) -> None:
    package = tmp_path / "cli_test_package"
    package.mkdir()
    (package / "flows.py").write_text("async def double(number):\n    return {'number': number * 2}\n")
    assert handrail.fine("run", "cli_test_package.flows:double", '{"number": 2}').out == '{"number": 4}\n'
