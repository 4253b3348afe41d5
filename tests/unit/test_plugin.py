"""The fixtures for pytest, and what `handrail.testing` hands out: tried in a pytest, and a Python, of their own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "test-a-flow.md"

TESTS = """
import asyncio

from handrail import App, HumanApprovalNode
from handrail.testing import ScriptedReviewer, TurnableClock, reviewing


def test_the_app_is_not_open_and_tells_the_time_of_the_clock(handrail_app, handrail_clock):
    assert isinstance(handrail_app, App) and isinstance(handrail_clock, TurnableClock)
    assert handrail_app.clock is handrail_clock
    assert handrail_app.configured_store == "memory://"

    async def test():
        handrail_app.flow("check", HumanApprovalNode())
        async with handrail_app, reviewing(handrail_app, ScriptedReviewer("alice")):
            run = await handrail_app.start("check", {"content": "x"})
            return await run.result(timeout=20)

    result = asyncio.run(test())
    assert (result["decided_by"], result["timestamp"]) == ("alice", "2026-01-01T12:00:00Z")


def test_each_test_has_its_own(handrail_app):
    assert handrail_app.flows == {}
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    ours = ("-W", "error", "-p", "no:cacheprovider", f"--basetemp={folder / 'kept'}")
    return run(folder, "-m", "pytest", "-q", *ours, *options)


@pytest.mark.slow
def test_the_fixtures_need_no_other_plugin(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    done = run_pytest(tmp_path, "-p", "handrail_pytest", "-p", "no:asyncio")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_who_does_not_use_them_imports_nothing_of_ours(tmp_path: Path) -> None:
    code = "import sys, handrail_pytest; print([name for name in sys.modules if name.split('.')[0] == 'handrail'])"
    assert run(tmp_path, "-c", code).stdout == "[]\n"


def test_replay_is_the_function_however_it_is_imported(tmp_path: Path) -> None:
    lines = [
        "from handrail.testing.replay import replay as one",
        "from handrail.testing import replay as two",
        "from handrail.testing import RandomReviewer, Reviewer, ScriptedReviewer, SlowReviewer",
        "from handrail.testing import TurnableClock, reviewing",
        "import sys",
        "assert one is two and callable(one)",
        "assert not {'pytest', 'hypothesis', 'handrail.testing.store_contract'} & set(sys.modules)",
        "from handrail.testing import StoreContract",
        "from handrail.testing.store_contract import StoreContract as Same",
        "assert StoreContract is Same",
        "import handrail.testing",
        "assert not hasattr(handrail.testing, 'nothing')",
    ]
    for order in (lines, [lines[1], lines[0], *lines[2:]]):
        done = run(tmp_path, "-c", "\n".join(order))
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_tests_in_the_documentation_pass(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    for number, block in enumerate(blocks):
        (tmp_path / f"test_block_{number}.py").write_text(block)
    functions = sum(len(re.findall(r"^(?:async )?def test_", block, re.MULTILINE)) for block in blocks)
    scope = "asyncio_default_fixture_loop_scope=function"
    done = run_pytest(tmp_path, "-p", "handrail_pytest", "-o", "asyncio_mode=auto", "-o", scope)
    assert functions > 4
    assert f"{functions} passed" in done.stdout, done.stdout + done.stderr
