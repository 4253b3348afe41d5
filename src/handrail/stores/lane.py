"""One thread that owns one connection and runs units of work on it, in batches.

The writing lane drains its queue, takes the lock of writers, and commits all units at once; that makes durable writes
cheap. A unit that fails before it wrote fails alone. After it wrote, the batch is rolled back and replayed with a
savepoint around each unit: units are safe to run twice.
"""

import asyncio
import concurrent.futures
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from handrail import killpoints
from handrail.requests.errors import StoreBusy, StoreClosed, StoreError
from handrail.stores.failures import translate
from handrail.stores.filelock import WriterLock
from handrail.stores.transaction import Transaction

BATCH = 512
PATIENCE = 30.0
"""seconds to wait for another process's write"""


@dataclass(slots=True)
class Job:
    """A unit of work and who waits for it."""

    unit: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: "asyncio.Future[Any] | concurrent.futures.Future[Any]"
    loop: asyncio.AbstractEventLoop | None
    """None for a caller that blocks"""
    result: Any = None
    error: BaseException | None = None

    def run(self, transaction: Transaction) -> None:
        """Run the unit, possibly for the second time."""
        self.result = self.error = None
        self.result = self.unit(transaction, *self.args, **self.kwargs)


class Watch(Protocol):
    """Is told what happened after a commit, and when the lane idles, in the lane's thread."""

    def committed(self, signals: list[tuple[str, str]]) -> None: ...
    def idle(self, connection: sqlite3.Connection) -> None: ...


@dataclass
class Lane:
    """Runs units of work on the connection that `connect` gives, in a thread of its own."""

    name: str
    where: str
    connect: Callable[[], sqlite3.Connection]
    begin: str
    lock: WriterLock | None = None
    watch: Watch | None = None
    poll: float | None = None
    queue: SimpleQueue[Job | None] = field(default_factory=SimpleQueue)
    broken: BaseException | None = None

    def start(self) -> None:
        """Open the connection in the thread; raises what that raises."""
        opened: SimpleQueue[BaseException | None] = SimpleQueue()
        self.thread = threading.Thread(
            target=self._run, args=(opened,), name=f"handrail-{self.name}", daemon=True
        )
        self.thread.start()
        if (error := opened.get()) is not None:
            raise error

    def put(
        self, unit: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> "asyncio.Future[Any]":
        """Queue a unit; the future resolves after the commit."""
        if self.broken is not None:
            raise StoreClosed(f"{self.where} can't be used any more: {self.broken}") from self.broken
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self.queue.put(Job(unit, args, kwargs, future, loop))
        return future

    def call(self, unit: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a unit while the caller's thread waits."""
        if self.broken is not None:
            raise StoreClosed(f"{self.where} can't be used any more: {self.broken}") from self.broken
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self.queue.put(Job(unit, args, kwargs, future, None))
        return future.result(PATIENCE)

    def stop(self) -> None:
        """Finish what is queued and close the connection."""
        self.queue.put(None)
        self.thread.join()

    def _run(self, opened: SimpleQueue[BaseException | None]) -> None:
        try:
            connection = self.connect()
        except BaseException as error:
            self.broken = error
            opened.put(translate(error, self.where) if isinstance(error, sqlite3.Error) else error)
            return
        opened.put(None)
        try:
            self._serve(connection)
            self.broken = StoreClosed("it was closed")
        except BaseException as error:  # a lane that dies must not leave anybody waiting
            self.broken = error
        finally:
            connection.close()
            self._fail_the_rest()

    def _serve(self, connection: sqlite3.Connection) -> None:
        while True:
            jobs, stopping = self._next_jobs()
            if jobs:
                self._execute(connection, jobs)
            if stopping:
                return
            if self.watch is not None:
                self.watch.idle(connection)

    def _next_jobs(self) -> tuple[list[Job], bool]:
        """Wait for a job (at most until the next poll), then take what else is queued."""
        jobs: list[Job] = []
        try:
            job = self.queue.get(timeout=self.poll)
            while job is not None:
                jobs.append(job)
                if len(jobs) == BATCH:
                    return jobs, False
                job = self.queue.get_nowait()
        except Empty:
            return jobs, False
        return jobs, True

    def _execute(self, connection: sqlite3.Connection, jobs: list[Job]) -> None:
        """Run the jobs in one transaction and tell those who wait."""
        transaction = Transaction(connection)
        try:
            with self._locked():
                self._attempt(transaction, jobs)
        except (sqlite3.Error, StoreError) as error:
            failure = translate(error, self.where) if isinstance(error, sqlite3.Error) else error
            for job in jobs:
                job.result, job.error = None, failure
            transaction.signals.clear()
        killpoints.reach("commit:after")
        if self.watch is not None and transaction.signals:
            self.watch.committed(transaction.signals)
        _resolve(jobs)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self.lock is None:
            yield
            return
        if not self.lock.acquire(PATIENCE):
            raise StoreBusy(
                f"another process has kept {self.where} locked for {PATIENCE:g} s: is it suspended?"
            )
        try:
            yield
        finally:
            self.lock.release()

    def _attempt(self, transaction: Transaction, jobs: list[Job]) -> None:
        connection = transaction.connection
        connection.execute(self.begin)
        try:
            if not _run_together(transaction, jobs):
                connection.execute("ROLLBACK")
                transaction.forget()
                connection.execute(self.begin)
                _run_apart(transaction, jobs)
            killpoints.reach("commit:before")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _fail_the_rest(self) -> None:
        jobs = []
        while not self.queue.empty():
            if (job := self.queue.get_nowait()) is not None:
                job.error = StoreClosed(f"{self.where} can't be used any more: {self.broken}")
                jobs.append(job)
        _resolve(jobs)


def _run_together(transaction: Transaction, jobs: list[Job]) -> bool:
    """Run all jobs; False if one failed after it had written."""
    for job in jobs:
        before = transaction.connection.total_changes
        try:
            job.run(transaction)
        except sqlite3.Error:
            raise
        except Exception as error:
            job.error = error
            if transaction.connection.total_changes != before:
                return False
    return True


def _run_apart(transaction: Transaction, jobs: list[Job]) -> None:
    """Run each job in a savepoint of its own, so that a failing one takes nothing else with it."""
    for job in jobs:
        transaction.connection.execute("SAVEPOINT unit")
        mark = transaction.mark()
        try:
            job.run(transaction)
        except sqlite3.Error:
            raise
        except Exception as error:
            job.error = error
            transaction.connection.execute("ROLLBACK TO unit")
            transaction.forget(mark)
        transaction.connection.execute("RELEASE unit")


def _resolve(jobs: list[Job]) -> None:
    """Wake each event loop once for all of its jobs."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        if job.loop is None:
            _settle([job])
        else:
            loops.setdefault(job.loop, []).append(job)
    for loop, done in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, done)
        except RuntimeError:  # the loop was closed: nobody waits any more
            continue


def _settle(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
