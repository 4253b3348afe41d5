"""Everything in one SQLite file: a thread that writes, a thread that reads, and a look for other processes' commits.

handrail.db             the data            handrail.db-wal, -shm   SQLite's own
handrail.db-writers.lock  the queue of writers      handrail.db-<worker>.lock   a living worker
handrail.db.url         where its pages are served
"""

import asyncio
import errno
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from handrail.inbox.ports import Follower, Listener
from handrail.requests.errors import StoreClosed, StoreError, StoreFull
from handrail.runs.ports import Liveness
from handrail.stores.bell import Bell
from handrail.stores.failures import translate
from handrail.stores.filelock import NoWorkerLocks, WorkerLocks, WriterLock
from handrail.stores.lane import Lane
from handrail.stores.migration import check, upgrade
from handrail.stores.place import Place
from handrail.stores.served import Served
from handrail.stores.transaction import Transaction

P = ParamSpec("P")
R = TypeVar("R")

BUSY_MILLISECONDS = 10_000
"""how long to wait for programs that don't know our queue of writers"""


class SQLiteStore:
    """A store in one SQLite file, or in memory without a path.

    Args:
        path: of the database file; its folder must exist.

    Raises a `StoreError` on `open` if the file is damaged, newer, locked or not ours.
    """

    def __init__(self, path: str | Path | None) -> None:
        # The real path: a worker's lock lies beside the file, and everybody has to look in the same place.
        self.path = None if path is None else Path(os.path.realpath(path))
        self.where = str(self.path) if self.path else "the store in memory"
        self.liveness: Liveness = NoWorkerLocks() if self.path is None else WorkerLocks(self.path)
        self.upgraded: tuple[int, int] = (0, 0)
        self.served = Served(self.path)
        self._bell = Bell(alone=self.path is None)
        self._opening = threading.Lock()
        self._users = 0
        self._process: int | None = None
        self._lock: WriterLock | None = None
        self._writer: Lane | None = None
        self._reader: Lane | None = None

    async def open(self) -> "SQLiteStore":
        """Open the file, create or upgrade it, and start the threads. Each `open` wants a `close`."""
        await asyncio.get_running_loop().run_in_executor(None, self._enter)
        return self

    def _enter(self) -> None:
        with self._opening:
            if not self._users:
                try:
                    self._open()
                except BaseException:
                    self._shut()
                    raise
            self._users += 1

    def _open(self) -> None:
        self._process = os.getpid()
        if self.path is None:
            self._writer = Lane("memory", self.where, self._connect_in_memory, "BEGIN", self._bell)
            self._writer.start()
            return
        self._lock = _prepare(self.path)
        place = Place(self.path)
        self._writer = Lane(
            "writer", self.where, self._connect_writer, "BEGIN IMMEDIATE", self._bell, self._lock, place
        )
        self._writer.start()
        self._reader = Lane("reader", self.where, self._connect_reader, "BEGIN")
        self._reader.start()

    def _connect_in_memory(self) -> sqlite3.Connection:
        connection = _connection(":memory:")
        self.upgraded = upgrade(connection, self.where)
        return connection

    def _connect_writer(self) -> sqlite3.Connection:
        connection = _connection(self.where)
        try:
            # Two processes that change the journal's mode at once don't wait for each other, they fail.
            with self._lock.held(self.where) if self._lock else nullcontext():
                _set_log(connection, self.where)
                self.upgraded = upgrade(connection, self.where)
            self._bell.attach(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_reader(self) -> sqlite3.Connection:
        connection = _connection(self.where)
        connection.execute("PRAGMA query_only = ON")
        return connection

    async def do(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work; returns its result once it is committed, durably."""
        result: R = await self._lane(self._writer).put(unit, args, kwargs)
        return result

    async def read(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work that only reads; it sees one moment, and everything committed before the call."""
        if self.path is None:
            return await self.do(_only_read, unit, args, kwargs)
        result: R = await self._lane(self._reader).put(unit, args, kwargs)
        return result

    def read_now(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Like `read`, for code that can't await; it blocks the caller for about a millisecond."""
        result: R
        if self.path is None:
            result = self._lane(self._writer).call(_only_read, (unit, args, kwargs), {})
        else:
            result = self._lane(self._reader).call(unit, args, kwargs)
        return result

    def _lane(self, lane: Lane | None) -> Lane:
        if lane is None:
            raise StoreClosed(f"{self.where} is not open: use `async with app`")
        if self._process != os.getpid():
            raise StoreClosed(
                f"{self.where} was opened before a fork: open a store of its own in the child process"
            )
        return lane

    @property
    def web_url(self) -> str | None:
        """Where people reach its pages, as far as that is known."""
        return self.served.url

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Let `follower` go on, in the same transaction, with what units of this process wake; returns what ends it."""
        return self._lane(self._writer).follow(follower)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on this event loop after commits that rang; returns what ends it."""
        return self._bell.listen(listener)

    async def close(self) -> None:
        """Finish what is queued and close the file, if nobody else has it open."""
        await asyncio.get_running_loop().run_in_executor(None, self._leave)

    def _leave(self) -> None:
        with self._opening:
            self._users = max(0, self._users - 1)
            if not self._users:
                self._shut()

    def close_now(self) -> None:
        """Close the file whoever has it open, where no event loop runs any more."""
        with self._opening:
            self._users = 0
            self._shut()

    def _shut(self) -> None:
        if self._process == os.getpid():  # in a forked child the threads and the file are the parent's
            for lane in (self._reader, self._writer):
                if lane is not None:
                    lane.stop()
            if self._lock is not None:
                self._lock.close()
        self._reader = self._writer = self._lock = None


def _prepare(path: Path) -> WriterLock:
    """Create the file unless it is there, refuse it unless it is ours, and only then write beside it."""
    if not path.parent.is_dir():
        raise StoreError(f"the folder of {path} doesn't exist: create it, or name another file")
    try:
        _create(path)
        # What a killed process wrote to the log and didn't sync is read from now on: closing, alone, makes it sure.
        with closing(_connection(path)) as connection:
            check(connection, str(path))
        return WriterLock(path.with_name(path.name + "-writers.lock"))
    except sqlite3.Error as error:
        raise translate(error, str(path)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(f"there is no room left for {path}: free some space, then go on") from error
        raise StoreError(
            f"{path} can't be opened: {error.strerror}; check the path and its permissions"
        ) from error


def _create(path: Path) -> None:
    """Create an empty file that only its owner can read. One that is there is never opened here.

    Closing it again would take from this process all locks that its other stores hold on it. Another process would
    then think itself alone and remove the log beneath them, with what was acknowledged.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


def _connection(path: str | Path) -> sqlite3.Connection:
    """Open a connection that is durable also where it only ends: the last one moves the log into the file."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        connection.execute("PRAGMA synchronous = FULL")
        # macOS flushes the drive only when asked; elsewhere it changes nothing.
        connection.execute("PRAGMA fullfsync = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_log(connection: sqlite3.Connection, where: str) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(
            f"{where} can't have a write-ahead log (is it in a network folder?): use a local disk"
        )
    connection.execute("PRAGMA wal_autocheckpoint = 200")


def _only_read(tx: Transaction, unit: Callable[..., R], args: Any, kwargs: Any) -> R:
    """Run a unit on a connection that else writes, and let it write nothing."""
    mark = tx.mark()
    tx.write_held()  # of the units before in its batch
    tx.connection.execute("PRAGMA query_only = ON")
    tx.reading = True
    try:
        return unit(tx, *args, **kwargs)
    finally:
        tx.connection.execute("PRAGMA query_only = OFF")
        tx.reading = False
        tx.forget(mark)
