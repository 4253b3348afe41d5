"""A folder where an app is deployed: its code is a file that changes, its processes are real ones."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.support.journey_process import PATIENCE, wait_for

PROGRAM = [sys.executable, "-c", "from handrail.cli import main; main()"]
HEAD = '''
import os
from handrail import *

app = App(store="sqlite:///handrail.db")


def done(what):
    with open("effects.txt", "a") as file:
        file.write(f"{idempotency_key()} {what}\\n")


class Node(ChainableNode):
    """Does something, in a step of its own."""

    def __init__(self, mark, name=None):
        super().__init__(name=name)
        self.mark = mark

    async def execute(self, data):
        await step("inner", done, self.mark)
        return {**data, "path": [*data.get("path", []), self.mark]}


class Other(Node):
    """The same by another name."""


def node(name):
    return Node(name, name)


def person(name="human"):
    return HumanApprovalNode(name=name, title=f"Approve {name}")

'''


class Deployed:
    """The app, its store, and the command line beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clean = {key: value for key, value in os.environ.items() if not key.startswith("HANDRAIL_")}
        # Code that changes within a second must not be taken for what was compiled before.
        self.environment = clean | {"PYTHONDONTWRITEBYTECODE": "1"}

    def write(self, code: str, name: str = "app") -> None:
        """Put code in place."""
        (self.folder / f"{name}.py").write_text(code)

    def deploy(self, flows: dict[str, str], head: str = HEAD) -> None:
        """Put an app in place whose flows are these expressions."""
        self.write(head + "".join(f"app.flow({name!r}, {flow})\n" for name, flow in flows.items()))

    def call(self, *arguments: str) -> tuple[int, str, str]:
        """Call a command; returns its code and what it printed."""
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr

    def fine(self, *arguments: str) -> str:
        """Call a command that must succeed, and return what it printed."""
        code, out, err = self.call(*arguments)
        assert code == 0, (arguments, out, err)
        return out

    def data(self, *arguments: str) -> list[dict[str, Any]]:
        """Return what a command prints as JSON, whatever its code."""
        found: list[dict[str, Any]] = json.loads(self.call(*arguments, "--json")[1])
        return found

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker with the code as it is now, until the block ends."""
        with (self.folder / "worker.txt").open("a") as log:
            process = subprocess.Popen(
                [*PROGRAM, "worker", "app:app"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                yield
                assert process.poll() is None, (self.folder / "worker.txt").read_text()
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE)

    def wait(self, run_ids: list[str], *statuses: str) -> None:
        """Wait until all of these runs stand so."""

        def elsewhere() -> dict[str, str | None]:
            found = self.stands()
            return {run_id: found.get(run_id) for run_id in run_ids if found.get(run_id) not in statuses}

        wait_for(lambda: not elsewhere(), f"{run_ids} are {statuses}")

    def stands(self) -> dict[str, str]:
        """Return the status of each run, as it lies in the file."""
        with closing(sqlite3.connect(self.folder / "handrail.db", timeout=30)) as connection:
            return dict(connection.execute("SELECT id, status FROM run"))

    def result(self, run_id: str) -> dict[str, Any]:
        """Return the result of a run."""
        found: dict[str, Any] = self.data("show", run_id)[0]["result"]
        return found

    def effects(self) -> list[str]:
        """Return what was done, each with the key of its step."""
        path = self.folder / "effects.txt"
        return path.read_text().splitlines() if path.exists() else []
