"""What a journey does with processes and with their store: start, kill, wait for a condition, look at what is left."""

import asyncio
import inspect
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TextIO

from tests.support import journey_effects

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""seconds until a condition that is waited for counts as missed, also on a loaded machine"""


class Site:
    """A folder with one store and one file of side effects, and the processes that work there."""

    def __init__(self, folder: Path, module: str) -> None:
        self.database = folder / "handrail.db"
        self.effects_file = folder / "effects.jsonl"
        self.module = module
        self.store = f"sqlite:///{self.database}"
        self._processes: list[subprocess.Popen[str]] = []

    def worker(
        self,
        *,
        start: tuple[str, dict[str, Any], str] | None = None,
        answer: bool = False,
        until: str | None = None,
        **environment: str,
    ) -> subprocess.Popen[str]:
        """Start a worker process; see `journey_worker`."""
        command = [sys.executable, "-m", "tests.support.journey_worker", self.module, self.store]
        if start is not None:
            command += ["--start", start[0], json.dumps(start[1]), start[2]]
        command += ["--answer"] if answer else []
        command += ["--until", until] if until else []
        return self.process(command, **environment)

    def process(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        """Start any process in this folder, with the repository importable."""
        clean = {
            key: value for key, value in os.environ.items() if not key.startswith(("HANDRAIL_", "JOURNEY_"))
        }
        with (self.database.parent / "stderr.txt").open("a") as complaints:
            started = self._started(command, clean | environment, complaints)
        self._processes.append(started)
        return started

    def _started(
        self, command: list[str], environment: dict[str, str], complaints: TextIO
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.database.parent,
            env={
                **environment,
                "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
                "PYTHONFAULTHANDLER": "1",
                journey_effects.FILE: str(self.effects_file),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )

    def close(self) -> None:
        """End every process that is left."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.communicate()

    def stderr(self) -> str:
        """Return what the processes complained about."""
        path = self.database.parent / "stderr.txt"
        return path.read_text() if path.exists() else ""

    def effects(self) -> list[dict[str, Any]]:
        """Return the side effects so far."""
        return journey_effects.read(self.effects_file)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the database as it lies there, past all our code; nothing if nobody has made it yet."""
        if not self.database.exists():
            return []
        connection = sqlite3.connect(self.database, timeout=30)
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            connection.close()

    def recorded(self) -> set[str]:
        """Return the idempotency keys of all steps whose results are stored."""
        rows = self.rows(
            "SELECT run_id, frame, label FROM journal WHERE state IN ('done', 'failed', 'stopped')"
        )
        return {
            f"{run_id}/{frame}{'/' if frame and not label.startswith('[') else ''}{label}"
            for run_id, frame, label in rows
        }

    def status(self, run_id: str) -> str | None:
        """Return the status of a run as it lies there."""
        found = self.rows("SELECT status FROM run WHERE id = ?", run_id)
        return found[0][0] if found else None


def ended(process: subprocess.Popen[str]) -> int:
    """Wait for the end of a process and return its code; -9 is SIGKILL."""
    process.communicate(timeout=PATIENCE)
    return process.returncode


def ready(process: subprocess.Popen[str]) -> None:
    """Wait until a worker works."""
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Wait until a condition holds, in a test without an event loop; returns its value."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)
    return value


async def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until a condition (sync or async) holds; returns its value."""
    deadline = time.monotonic() + patience
    while not (value := await _awaited(condition())):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        await asyncio.sleep(0.005)
    return value


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def repeated(effects: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return the keys of side effects that happened more than once, and how often."""
    counts: dict[str, int] = {}
    for line in effects:
        counts[line["key"]] = counts.get(line["key"], 0) + 1
    return {key: count for key, count in counts.items() if count > 1}
