"""What the tests of the SQLite store share: units that leave a whole history, damage to files, other processes."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from handrail.inbox.log import Verification, verify
from handrail.requests.lifecycle import Claimed, Event, Opened, apply
from handrail.requests.record import write_move
from handrail.stores.sqlite import SQLiteStore
from handrail.testing.store_samples import NOW, request

ROOT = Path(__file__).parents[2]
PAGE = 4096


def open_one(tx: Any, *, number: int, prefix: str = "req") -> str:
    """Store a request, the event of its opening, and its claim: three rows that belong together."""
    opened = replace(request(number), id=f"{prefix}_{number:06d}", thread=f"{prefix}_{number:06d}")
    tx.insert_request(opened)
    _log(tx, opened.id, Opened(opened))
    move = Claimed("alice")
    tx.update_request(apply(opened, Event(opened.id, NOW, "alice", move)), opened.version)
    _log(tx, opened.id, move)
    return opened.id


def _log(tx: Any, request_id: str, move: Any) -> None:
    tx.append_event(move.kind, write_move(move), at=NOW, actor="alice", request_id=request_id)


async def filled(path: Path, count: int = 20) -> None:
    """Make a database with so many requests."""
    store = await SQLiteStore(path).open()
    await asyncio.gather(*(store.do(open_one, number=number) for number in range(count)))
    await store.close()


async def verified(path: Path) -> Verification:
    """Open a database and check it."""
    store = await SQLiteStore(path).open()
    try:
        return await verify(store)
    finally:
        await store.close()


def sql(path: Path, statement: str, *values: Any) -> list[Any]:
    """Run a statement behind the store's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def overwrite(path: Path, offset: int, data: bytes) -> None:
    """Put bytes into the middle of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


class Process:
    """A process of `tests.support.store_process`: told what to do by lines, tells what it did by lines."""

    def __init__(self, *arguments: object, **environment: str) -> None:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("HANDRAIL_")}
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.support.store_process", *map(str, arguments)],
            env={**clean, "PYTHONPATH": paths, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def hear(self) -> str:
        """Return the next line; empty when the process has ended."""
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().strip()

    def expect(self, line: str) -> None:
        """Wait for this line."""
        assert (heard := self.hear()) == line, f"expected {line!r}, heard {heard!r}"

    def data(self) -> Any:
        """Return the next line, read as JSON."""
        return json.loads(self.hear())

    def tell(self, line: str = "go") -> None:
        """Send a line."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(line + "\n")

    def rest(self) -> list[str]:
        """Wait for the end and return the whole lines that were not heard yet."""
        assert self.popen.stdout is not None
        text = self.popen.stdout.read()
        self.popen.wait()
        return text[: text.rfind("\n") + 1].splitlines()

    def end(self) -> None:
        """Kill it, if it is still there, and forget it."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout):
            with suppress(OSError):  # what was still to be sent has nobody to go to
                assert stream is not None
                stream.close()


@contextmanager
def processes(*commands: Sequence[object], **environment: str) -> Iterator[list[Process]]:
    """Start a process for each command; they are gone when the block ends."""
    started: list[Process] = []
    try:
        for command in commands:
            started.append(Process(*command, **environment))
        yield started
    finally:
        for process in started:
            process.end()
