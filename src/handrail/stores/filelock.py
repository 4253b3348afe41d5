"""Locks on files, which the operating system gives back whenever a process ends, however it ends.

One sidecar file puts the writers of all processes in a queue; one file for each worker shows that it is alive.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: SQLite's own lock with its busy timeout has to do
    fcntl = None  # type: ignore[assignment]

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
        self._path = path
        self._descriptor = _open(path)
        self._waiting: threading.Thread | None = None

    def acquire(self, timeout: float) -> bool:
        """Take the lock within `timeout` seconds; False if another process kept it."""
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._wait(timeout)
        return True

    def _wait(self, timeout: float) -> bool:
        # flock has no timeout: a thread waits for it, and gives the lock back if it comes too late.
        state = {"taken": False, "late": False}
        guard = threading.Lock()
        done = threading.Event()

        def wait() -> None:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            with guard:
                state["taken"] = True
                if state["late"]:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            done.set()

        if self._waiting is not None and self._waiting.is_alive():
            self._waiting.join(timeout)
            if self._waiting.is_alive():
                return False
        self._waiting = threading.Thread(target=wait, name="handrail-lock", daemon=True)
        self._waiting.start()
        done.wait(timeout)
        with guard:
            state["late"] = not state["taken"]
            return state["taken"]

    def release(self) -> None:
        """Let the next writer go on."""
        if fcntl is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back."""
        _close(self._descriptor)


class WorkerLocks:
    """Shows and tells which workers are alive: each holds the lock of a file of its own beside the database."""

    def __init__(self, database: Path) -> None:
        self._path_of: Callable[[str], Path] = lambda worker: database.with_name(
            f"{database.name}-{worker}.lock"
        )
        self._held: dict[str, int] = {}

    def hold(self, worker_id: str) -> None:
        """Show that this worker is alive until `release` or the death of the process."""
        descriptor = _open(self._path_of(worker_id))
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._held[worker_id] = descriptor

    def release(self, worker_id: str) -> None:
        """Take the sign of life away, on a clean end."""
        if (descriptor := self._held.pop(worker_id, None)) is not None:
            self._path_of(worker_id).unlink(missing_ok=True)
            _close(descriptor)

    def is_dead(self, worker_id: str) -> bool:
        """Whether nobody holds the worker's lock any more; its file is then removed."""
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
