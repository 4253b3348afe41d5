"""What runs need of a store and of an engine."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handrail.inbox.ports import InboxTransaction, LogEntry
from handrail.runs.journal import Entry, State
from handrail.runs.run import RunStatus, StoredRun


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that executes runs; alive as long as it holds its lock."""

    id: str
    pid: int
    host: str
    started_at: datetime
    flows: tuple[str, ...] = ()
    """the flows it knows"""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a face wants to see."""

    statuses: tuple[RunStatus, ...] = ()
    flow: str | None = None
    text: str | None = None
    """what the id holds, whatever the case of its letters"""
    initiator: str | None = None
    parent: str | None = None
    """only those that this run has begun; without it, only those that no run has"""


class RunTransaction(InboxTransaction, Protocol):
    """One transaction, as runs see it: runs, journals and wakeups beside the requests."""

    def log_of_run(self, run_id: str) -> list[LogEntry]:
        """Return the lines of the log about a run itself, not about its requests, in order."""
        ...

    def insert_run(self, run: StoredRun) -> bool:
        """Store a new run; False, and nothing is changed, if there is one with its id."""
        ...

    def run(self, run_id: str) -> StoredRun | None: ...
    def runs(
        self, statuses: Collection[RunStatus], flow: str | None, after: str | None, limit: int
    ) -> list[StoredRun]: ...
    def newest_runs(
        self, which: RunFilter, before: tuple[datetime, str] | None, limit: int
    ) -> list[StoredRun]:
        """Return runs without input, result and signature, the newest first, of those created before one."""
        ...

    def requests_of_run(self, run_id: str, limit: int) -> list[str]:
        """Return the latest requests of a run."""
        ...

    def standing(self, run_ids: Collection[str]) -> list[tuple[str, RunStatus, bool]]:
        """Return how these runs stand, in no order: id, status, and whether it is unsettled and waits for people."""
        ...

    def settled(self, run_ids: Collection[str]) -> list[str]:
        """Return those of the runs that have settled."""
        ...

    def update_run(self, run: StoredRun, held: int | None = None) -> bool:
        """Store a run; with `held` only if that token is still the run's and it is RUNNING. False if not."""
        ...

    def holds(self, run_id: str, token: int) -> bool:
        """Whether `token` is still the run's and the run is RUNNING; the run stays locked until the commit."""
        ...

    def take_waiting(self, run_id: str, token: int, worker: str, now: datetime) -> bool:
        """Let a worker have a run that waits with this token, which then is the next one; False if it doesn't."""
        ...

    def set_waiting(self, run_id: str, token: int, now: datetime) -> bool:
        """Let a run wait if `token` is still its own and it is RUNNING; False if not."""
        ...

    def write_entries(self, run_id: str, entries: Sequence[Entry], at: datetime | None = None) -> None:
        """Insert entries, or replace those at the same place; without `at` each keeps its own."""
        ...

    def entries(self, run_id: str, frame: str) -> list[Entry]: ...
    def latest_entries(self, run_id: str, frame: str, limit: int) -> list[Entry]:
        """Return the last entries of a frame, in their order."""
        ...

    def entry(self, run_id: str, frame: str, ordinal: int) -> Entry | None: ...
    def asked(self, run_id: str) -> list[str]:
        """Return the requests that the journal of a run names."""
        ...

    def open_branches(self, run_id: str) -> None:
        """Let every branch of a run that waits look again for what it waits for."""
        ...

    def branches(self, run_id: str, frame: str, state: State | None, limit: int | None = None) -> list[Entry]:
        """Return the branches (of one state, at most `limit`) of the gather at `frame`, in order."""
        ...

    def branches_begun(self, run_id: str, frame: str) -> int:
        """Return how many branches of the gather at `frame` have begun: they do that in order."""
        ...

    def delete_entries(self, run_id: str, frame: str) -> None:
        """Delete everything under an address, and nothing beside it."""
        ...

    def move_entries(self, run_id: str, entries: Sequence[Entry], frame: str) -> None:
        """Make `entries` the whole content of `frame`; what lies under a renamed one moves with it."""
        ...

    def wakeups(self, queues: Collection[str], now: datetime, limit: int) -> list[str]:
        """Return the ids of runs that may go on now, the longest due first."""
        ...

    def next_wakeup(self, queues: Collection[str]) -> datetime | None: ...
    def has_wakeup(self, run_id: str, now: datetime) -> bool: ...
    def take_wakeups(self, run_id: str, now: datetime) -> list[str]:
        """Delete the due wakeups of a run and return the branches they are for."""
        ...

    def branches_due(self, run_ids: Collection[str], now: datetime) -> list[str]:
        """Return those of the runs that have due wakeups for branches."""
        ...

    def next_branch_wakeup(self, run_ids: Collection[str], now: datetime) -> datetime | None:
        """Return when the next branch of one of the runs is due after `now`."""
        ...

    def take_branch_wakeups(self, run_id: str, now: datetime) -> list[str]:
        """Delete the due wakeups of a run that are for branches and return the branches."""
        ...

    def is_awaited(self, run_id: str) -> bool:
        """Whether anything can still wake a run: a wakeup, a watched task, an open request."""
        ...

    def delete_wakeups(self, run_id: str) -> None: ...
    def insert_worker(self, worker: Worker) -> None: ...
    def delete_worker(self, worker_id: str) -> None: ...
    def workers(self) -> list[Worker]: ...
    def runs_of_worker(self, worker_id: str) -> list[StoredRun]:
        """Return the unsettled runs that a worker executes or that live with it."""
        ...


class Liveness(Protocol):
    """Tells which workers are alive."""

    def hold(self, worker_id: str) -> None:
        """Show that this worker is alive until `release` or the death of the process."""
        ...

    def release(self, worker_id: str) -> None: ...
    def is_dead(self, worker_id: str) -> bool: ...


class Engine(Protocol):
    """What makes runs advance."""

    def wake(self, run_id: str, not_before: datetime | None = None) -> None: ...
    async def serve(self) -> None: ...
