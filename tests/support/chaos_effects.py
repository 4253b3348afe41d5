"""What the processes of the chaos test share: a folder in which they leave lines, a clock that is jumped, side effects.

Every line is one write to a file opened for appending, so that whatever was written before a SIGKILL is there. The
folder's `control.json` says how far the clock is ahead, what phase it is (chaos, drain or stop), and whether the number
of the store's pages is limited.
"""

import asyncio
import json
import os
import random
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from handrail import idempotency_key

PARENT = os.getppid()
FOLDER, DATABASE = "CHAOS_FOLDER", "CHAOS_DATABASE"


def folder() -> Path:
    """Return where the lines are left."""
    return Path(os.environ[FOLDER])


def database() -> Path:
    """Return where the store is."""
    return Path(os.environ[DATABASE])


def write(name: str, line: dict[str, Any]) -> None:
    """Append a line to `NAME.jsonl`."""
    descriptor = os.open(folder() / f"{name}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, (json.dumps(line) + "\n").encode())
    finally:
        os.close(descriptor)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file, none if nobody has written one."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def control() -> dict[str, Any]:
    """Return what the conductor says at this moment."""
    found: dict[str, Any] = json.loads((folder() / "control.json").read_bytes())
    return found


def phase() -> str:
    """Return chaos, drain or stop; stop as well if the conductor is gone."""
    return str(control()["phase"]) if os.getppid() == PARENT else "stop"


class JumpedClock:
    """The time of this machine, as far ahead as the conductor says."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC) + timedelta(seconds=control()["ahead"])


def fresh() -> str:
    """Return a text that nobody else has made."""
    return uuid4().hex[:12]


@cache
def _log() -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database()}?mode=ro", uri=True, check_same_thread=False, timeout=5)


def log_length() -> int:
    """Return how many lines of the log are committed now; read past all our code."""
    try:
        (length,) = _log().execute("SELECT max(sequence) FROM event").fetchone()
    except sqlite3.OperationalError:
        return 0  # then this line proves less, and nothing that isn't so
    return length or 0


async def act(
    what: str,
    tokens: dict[str, str],
    heard: dict[str, Any],
    careful: bool = False,
    fails: float = 0.0,
) -> str:
    """Be a side effect: leave a line before and one after, and return what tells this execution from any other.

    `tokens` are what the steps before returned, `heard` what people said: whoever has them proves that they were
    recorded. `careful` steps must not be repeated unless a person says so; `fails` is how often this one does.
    """
    token, key = fresh(), idempotency_key()
    line = {"run": key.partition("/")[0], "what": what, "key": key, "token": token, "pid": os.getpid()}
    before = {"log": log_length(), "clock": JumpedClock().now().isoformat(), "careful": careful}
    write("effects", {"did": "begin", **line, **before, "tokens": tokens, "heard": heard})
    await asyncio.sleep(random.uniform(0.0, 0.4 if careful else 0.02))
    if random.random() < fails:
        write("effects", {"did": "failed", **line})
        raise RuntimeError("this attempt fails")
    write("effects", {"did": "done", **line})
    return token
