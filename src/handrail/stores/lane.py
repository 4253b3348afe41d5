"""One thread that owns one connection and runs units of work on it, in batches.

The writing lane drains its queue, takes the lock of writers, and commits all units at once; that makes durable writes
cheap. Nobody is left waiting: if the thread ends, whatever the reason, every unit that is queued or comes later fails.
"""

import asyncio
import concurrent.futures
import sqlite3
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from handrail import killpoints
from handrail.inbox.ports import Follower
from handrail.requests.errors import StoreBusy, StoreClosed, StoreError
from handrail.stores import batch, filelock
from handrail.stores.bell import Bell
from handrail.stores.failures import translate
from handrail.stores.filelock import WriterLock
from handrail.stores.following import Following
from handrail.stores.job import Job, resolve
from handrail.stores.place import Place
from handrail.stores.transaction import Transaction

BATCH = 512


@dataclass
class Lane:
    """Runs units of work on the connection that `connect` gives, in a thread of its own.

    A lane that writes has a `bell`, rung after each commit; one that shares its file with other processes has a `lock`,
    and the `place` of that file.
    """

    name: str
    where: str
    connect: Callable[[], sqlite3.Connection]
    begin: str
    bell: Bell | None = None
    lock: WriterLock | None = None
    place: Place | None = None
    queue: SimpleQueue[Job | None] = field(default_factory=SimpleQueue)
    ended: str | None = None
    """why the thread has ended"""

    def __post_init__(self) -> None:
        self._followers: list[tuple[asyncio.AbstractEventLoop, Follower]] = []

    def start(self) -> None:
        """Open the connection in the thread; raises what that raises, as an error of ours."""
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
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue(Job(unit, args, kwargs, future, loop))
        return future

    def call(self, unit: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a unit while the caller's thread waits. Raises `StoreBusy` if that takes too long."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._queue(Job(unit, args, kwargs, future, None))
        if not concurrent.futures.wait([future], filelock.PATIENCE).done:
            future.cancel()
            raise StoreBusy(
                f"{self.where} didn't answer for {filelock.PATIENCE:g} s: do it again when less is going on"
            )
        return future.result()

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Let `follower` go on with what is woken, for an app on this event loop; returns what ends it."""
        entry = (asyncio.get_running_loop(), follower)
        self._followers.append(entry)
        return lambda: self._followers.remove(entry)

    def stop(self) -> None:
        """Finish what is queued and close the connection."""
        self.queue.put(None)
        self.thread.join()

    def _queue(self, job: Job) -> None:
        if self.ended is not None:
            raise self._closed()
        self.queue.put(job)
        if self.ended is not None:  # it ended meanwhile, and may have missed this job
            self._fail_the_rest()

    def _run(self, opened: SimpleQueue[BaseException | None]) -> None:
        try:
            connection = self.connect()
        except BaseException as error:
            self.ended = "it could not be opened"
            opened.put(translate(error, self.where) if isinstance(error, sqlite3.Error) else error)
            return
        opened.put(None)
        reason = "it was closed"
        try:
            self._serve(connection)
        except BaseException as error:
            reason = f"its {self.name} was ended by {type(error).__name__}; close the store and open it again"
        finally:
            self.ended = reason
            self._fail_the_rest()
            connection.close()

    def _serve(self, connection: sqlite3.Connection) -> None:
        stopping = False
        while not stopping:
            jobs, stopping = self._next_jobs()
            if jobs:
                self._execute(connection, jobs)
            if self.bell is not None:
                self.bell.look(connection, busy=bool(jobs))

    def _next_jobs(self) -> tuple[list[Job], bool]:
        """Wait for a job (at most until the next look around), then take what else is queued."""
        try:
            job = self.queue.get(timeout=self.bell.pause() if self.bell is not None else None)
        except Empty:
            return [], False
        if job is None:
            return [], True
        jobs = [job]
        self._take_queued(jobs)
        return jobs, False

    def _take_queued(self, jobs: list[Job]) -> None:
        """Add what is queued, up to a whole batch."""
        with suppress(Empty):
            while len(jobs) < BATCH:
                if (job := self.queue.get_nowait()) is None:
                    self.queue.put(None)  # to be met again, with nothing else to do
                    return
                jobs.append(job)

    def _execute(self, connection: sqlite3.Connection, jobs: list[Job]) -> None:
        """Run the jobs in one transaction and tell those who wait."""
        signals: list[tuple[str, str]] = []
        try:
            signals = self._commit(Transaction(connection, reading=self.bell is None), jobs)
        except sqlite3.Error as error:
            for job in jobs:  # each gets an error of its own, which gathers a traceback of its own
                job.fail(translate(error, self.where))
        except StoreError as error:
            for job in jobs:
                job.fail(type(error)(*error.args))
        except BaseException as error:
            for job in jobs:
                job.fail(StoreClosed(f"{self.where}: its {self.name} was ended by {type(error).__name__}"))
            raise
        finally:
            resolve(jobs)  # before the bell: who did it is further ahead than those who only hear of it
        if self.bell is not None and signals:
            self.bell.ring(signals)

    def _commit(self, transaction: Transaction, jobs: list[Job]) -> list[tuple[str, str]]:
        following = Following(transaction, self._followers)
        try:
            with self.lock.held(self.where) if self.lock is not None else nullcontext():
                if self.place is not None:
                    self.place.check()
                self._take_queued(jobs)  # while others wrote, more has come
                batch.commit(
                    transaction,
                    jobs,
                    begin=self.begin,
                    where=self.where,
                    then=following.take,
                    written=lambda: self._reach("before"),
                )
        except BaseException:
            following.tell(committed=False)
            raise
        self._reach("after")
        following.tell(committed=True)
        return transaction.signals

    def _reach(self, moment: str) -> None:
        if self.bell is not None:
            killpoints.reach(f"commit:{moment}")

    def _fail_the_rest(self) -> None:
        jobs = []
        while True:
            try:
                job = self.queue.get_nowait()
            except Empty:
                break
            if job is not None:
                job.fail(self._closed())
                jobs.append(job)
        resolve(jobs)

    def _closed(self) -> StoreClosed:
        return StoreClosed(f"{self.where} can't be used any more: {self.ended}")
