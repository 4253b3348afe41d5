"""Everything in one SQLite file: a thread that writes, a thread that reads, and a look for other processes' commits.

handrail.db             the data            handrail.db-wal, -shm   SQLite's own
handrail.db-writers.lock  the queue of writers      handrail.db-<worker>.lock   a living worker
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from handrail.inbox.ports import Listener
from handrail.requests.errors import StoreClosed
from handrail.runs.ports import Liveness
from handrail.stores.filelock import NoWorkerLocks, WorkerLocks, WriterLock
from handrail.stores.lane import Lane
from handrail.stores.migration import upgrade

P = ParamSpec("P")
R = TypeVar("R")

POLL = 0.005
"""seconds between two looks for other processes' commits"""
BUSY_MILLISECONDS = 10_000
"""how long to wait for programs that don't know our queue of writers"""


class SQLiteStore:
    """A store in one SQLite file, or in memory without a path.

    Args:
        path: of the database file; its folder must exist.

    Raises a `StoreError` on `open` if the file is damaged, newer, locked or not ours.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.path = None if path is None else Path(path).absolute()
        self.where = str(self.path) if self.path else "the store in memory"
        self.liveness: Liveness = NoWorkerLocks() if self.path is None else WorkerLocks(self.path)
        self.upgraded: tuple[int, int] = (0, 0)
        self._listeners: dict[int, tuple[asyncio.AbstractEventLoop, Listener]] = {}
        self._version = 0
        self._users = 0
        self._process: int | None = None
        self._lock: WriterLock | None = None
        self._writer: Lane | None = None
        self._reader: Lane | None = None

    async def open(self) -> "SQLiteStore":
        """Open the file, create or upgrade it, and start the threads. Each `open` wants a `close`."""
        if not self._users:
            await asyncio.get_running_loop().run_in_executor(None, self._open)
        self._users += 1
        return self

    def _open(self) -> None:
        self._process = os.getpid()
        if self.path is None:
            self._writer = self._reader = Lane("memory", self.where, self._connect, "BEGIN", watch=self)
            self._writer.start()
            return
        if not self.path.parent.is_dir():
            raise StoreClosed(f"the folder of {self.path} doesn't exist: create it, or name another file")
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._lock = WriterLock(self.path.with_name(self.path.name + "-writers.lock"))
        except OSError as error:
            raise StoreClosed(
                f"{self.path} can't be opened: {error.strerror}; check the path and its permissions"
            ) from error
        try:
            self._writer = Lane(
                "writer", self.where, self._connect, "BEGIN IMMEDIATE", self._lock, self, POLL
            )
            self._writer.start()
            self._reader = Lane("reader", self.where, self._connect_reader, "BEGIN")
            self._reader.start()
        except BaseException:
            self.close_now()
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = _connection(self.path or ":memory:")
        try:
            if self.path is not None:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA wal_autocheckpoint = 200")
            self.upgraded = upgrade(connection, self.where)
            self._version = _version(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_reader(self) -> sqlite3.Connection:
        connection = _connection(self.path or ":memory:")
        connection.execute("PRAGMA query_only = ON")
        return connection

    async def do(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work; returns its result once it is committed, durably."""
        result: R = await self._lane(self._writer).put(unit, args, kwargs)
        return result

    async def read(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work that only reads; it sees one moment, and everything committed before the call."""
        result: R = await self._lane(self._reader).put(unit, args, kwargs)
        return result

    def read_now(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Like `read`, for code that can't await; it blocks the caller for about a millisecond."""
        result: R = self._lane(self._reader).call(unit, args, kwargs)
        return result

    def _lane(self, lane: Lane | None) -> Lane:
        if lane is None:
            raise StoreClosed(f"{self.where} is not open: use `async with app`")
        if self._process != os.getpid():
            raise StoreClosed(
                f"{self.where} was opened before a fork: open a store of its own in the child process"
            )
        return lane

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on this event loop after commits that rang; returns what ends it."""
        key = id(listener)
        self._listeners[key] = (asyncio.get_running_loop(), listener)
        return lambda: self._listeners.pop(key, None) and None

    def committed(self, signals: Sequence[tuple[str, str]]) -> None:
        """Ring for what this process has committed (called by the writing thread)."""
        for loop, listener in list(self._listeners.values()):
            try:
                loop.call_soon_threadsafe(listener, tuple(signals))
            except RuntimeError:  # that loop was closed
                continue

    def idle(self, connection: sqlite3.Connection) -> None:
        """Look whether another process has committed something, and ring if so (called by the writing thread)."""
        if self.path is not None and (version := _version(connection)) != self._version:
            self._version = version
            self.committed([("elsewhere", "")])

    async def close(self) -> None:
        """Finish what is queued and close the file, if nobody else has it open."""
        self._users -= 1
        if self._users:
            return
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        """Like `close`, for where no event loop runs any more."""
        lanes = list(dict.fromkeys(id(lane) for lane in (self._reader, self._writer) if lane))
        for lane in (self._reader, self._writer):
            if lane is not None and id(lane) in lanes:
                lanes.remove(id(lane))
                lane.stop()
        self._reader = self._writer = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _connection(path: str | Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
