"""Locks on files, which the operating system gives back whenever a process ends, however it ends.

One sidecar file puts the writers of all processes in a queue; one file for each worker shows that it is alive.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handrail.requests.errors import StoreBusy

try:
    import fcntl
except ImportError:  # Windows: SQLite's own lock with its busy timeout has to do
    fcntl = None  # type: ignore[assignment]

PATIENCE = 30.0
"""seconds to wait for another process's write"""

_open_descriptors: set[int] = set()


def _close_after_fork() -> None:
    """A lock belongs to the process that took it: a forked child must not keep it held."""
    for descriptor in list(_open_descriptors):
        os.close(descriptor)
    _open_descriptors.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_after_fork)


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    _open_descriptors.add(descriptor)
    return descriptor


def _close(descriptor: int) -> None:
    if descriptor in _open_descriptors:
        _open_descriptors.discard(descriptor)
        os.close(descriptor)


class WriterLock:
    """The queue of writers, across processes. Waiting in the kernel's queue is fair beside a flooding neighbour."""

    def __init__(self, path: Path) -> None:
        self._descriptor = _open(path)
        self._turn: _Turn | None = None

    @contextmanager
    def held(self, where: str) -> Iterator[None]:
        """Hold the lock of the store at `where`. Raises `StoreBusy` if another process keeps it for `PATIENCE`."""
        if not self.acquire(PATIENCE):
            raise StoreBusy(
                f"another process has kept {where} locked for {PATIENCE:g} s: is it suspended? Let it go on or end it, "
                "then do it again; nothing was changed"
            )
        try:
            yield
        finally:
            self.release()

    def acquire(self, timeout: float) -> bool:
        """Take the lock within `timeout` seconds; False if another process kept it."""
        if fcntl is None:
            return True
        end = time.monotonic() + timeout
        while True:
            if self._turn is None or self._turn.is_over:
                try:
                    fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._turn = _Turn(self._descriptor)
                else:
                    self._turn = None
                    return True
            if self._turn.take(max(0.0, end - time.monotonic())):
                self._turn = None
                return True
            if not self._turn.is_over:  # else it was passed on in this very moment: try anew
                return False

    def release(self) -> None:
        """Let the next writer go on."""
        if fcntl is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back."""
        if self._turn is None or not self._turn.leave_the_file_to_it():
            _close(self._descriptor)


class _Turn:
    """A place in the kernel's queue. `flock` has no timeout, so a thread stands there.

    Whoever gave up waiting may come back to the same place; a turn that comes while nobody wants it is passed on.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._wanted = True
        self._taken = False
        self._closing = False
        self.is_over = False
        threading.Thread(target=self._stand, name="handrail-lock", daemon=True).start()

    def take(self, timeout: float) -> bool:
        """Wait for the turn; False after `timeout` seconds, or if it has just been passed on."""
        with self._changed:
            self._wanted = True
            self._changed.wait_for(lambda: self._taken or self.is_over, timeout)
            self._wanted = False
            return self._taken

    def leave_the_file_to_it(self) -> bool:
        """Let the thread close the file, which it uses; False if it doesn't any more."""
        with self._changed:
            self._closing = not self.is_over and not self._taken
            return self._closing

    def _stand(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        finally:
            with self._changed:
                self._taken = self._wanted
                if self._closing:
                    _close(self._descriptor)
                elif not self._taken:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
                # Only now: who sees that it is over locks the same open file, which unlocking would take away again.
                self.is_over = not self._taken
                self._changed.notify_all()


class WorkerLocks:
    """Shows and tells which workers are alive: each holds the lock of a file of its own beside the database."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._held: dict[str, int] = {}
        self._process = os.getpid()

    def hold(self, worker_id: str) -> None:
        """Show that this worker is alive until `release` or the death of the process."""
        self._forget_the_parent()
        descriptor = _open(self._path_of(worker_id))
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _close(descriptor)
            raise
        self._held[worker_id] = descriptor

    def release(self, worker_id: str) -> None:
        """Take the sign of life away, on a clean end."""
        self._forget_the_parent()
        if (descriptor := self._held.pop(worker_id, None)) is not None:
            self._path_of(worker_id).unlink(missing_ok=True)
            _close(descriptor)

    def is_dead(self, worker_id: str) -> bool:
        """Whether nobody holds the worker's lock any more; its file is then removed."""
        self._forget_the_parent()
        if worker_id in self._held:
            return False
        path = self._path_of(worker_id)
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            if fcntl is None:
                return False
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return True
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)

    def _path_of(self, worker_id: str) -> Path:
        return self._database.with_name(f"{self._database.name}-{worker_id}.lock")

    def _forget_the_parent(self) -> None:
        # In a forked child the workers are the parent's: its files must stay.
        if self._process != os.getpid():
            self._process = os.getpid()
            self._held.clear()


class NoWorkerLocks:
    """For a store that lives in one process: a worker is alive until it says otherwise."""

    def __init__(self) -> None:
        self._alive: set[str] = set()

    def hold(self, worker_id: str) -> None:
        """Show that this worker is alive."""
        self._alive.add(worker_id)

    def release(self, worker_id: str) -> None:
        """Take the sign of life away."""
        self._alive.discard(worker_id)

    def is_dead(self, worker_id: str) -> bool:
        """Whether the worker has been released."""
        return worker_id not in self._alive
