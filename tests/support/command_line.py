"""The command line for tests: called in this process, in a folder of its own, and what it printed."""

import asyncio
import io
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from handrail import App
from handrail.cli import main
from handrail.requests.decision import Verb
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft
from tests.support import command_line_flows

R = TypeVar("R")

FLOWS = "tests.support.command_line_flows"
PATIENCE = 60.0
"""seconds until a condition that is waited for counts as missed"""


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> list[dict[str, Any]]:
        """What was printed with `--json`."""
        found = json.loads(self.out)
        assert isinstance(found, list)
        return found


class CommandLine:
    """Calls commands in a folder, with `handrail.db` there as the store."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.database = folder / "handrail.db"
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: str = "") -> Ended:
        """Call a command."""
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ending:
            main(list(arguments))
        printed = self._capsys.readouterr()
        code = ending.value.code
        return Ended(code if isinstance(code, int) else 0, printed.out, printed.err)

    def fine(self, *arguments: str, stdin: str = "") -> Ended:
        """Call a command that must succeed."""
        ended = self(*arguments, stdin=stdin)
        assert ended.code == 0, ended
        return ended

    def inside(self, work: Callable[[App], Awaitable[R]]) -> R:
        """Do something with the store, without the command line."""

        async def opened() -> R:
            async with App().connect() as app:
                return await work(app)

        return asyncio.run(opened())

    def ask(self, **changes: Any) -> HumanRequest:
        """Open a request; `policy_...` are arguments of its policy."""
        given = {
            key.removeprefix("policy_"): changes.pop(key)
            for key in list(changes)
            if key.startswith("policy_")
        }
        draft = RequestDraft(
            **{
                "kind": "approval",
                "title": "Approve post_1",
                "proposal": {"content": "first line\nsecond line"},
                "verbs": (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT),
                "policy": policy(**given),
                **changes,
            }
        )
        return self.inside(lambda app: app.inbox.open(draft))

    def work(self, app: App, run_id: str, until: Callable[[str], bool]) -> None:
        """Let an app work on the store until the status of a run satisfies a condition."""

        async def working() -> None:
            async with app.work(), asyncio.timeout(PATIENCE):
                while not until((await app.runs.get(run_id)).status):  # noqa: ASYNC110 - what is waited for is stored
                    await asyncio.sleep(0.01)

        asyncio.run(working())


@pytest.fixture
def handrail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """The command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HANDRAIL_STORE", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    command_line_flows.CALLS.clear()
    return CommandLine(tmp_path, capsys, monkeypatch)
