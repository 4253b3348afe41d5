"""Every change of a run, as units of work. Writes of an execution are fenced: a stale token changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handrail.inbox import moves
from handrail.requests.content import SEPARATOR, encode
from handrail.requests.decision import SYSTEM
from handrail.requests.facts import changed
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.runs.journal import Entry, State
from handrail.runs.ports import RunTransaction, Worker
from handrail.runs.run import RunStatus, StoredRun

FREE = (RunStatus.PENDING, RunStatus.WAITING)
STAYS_ASKED = (RunStatus.NEEDS_ATTENTION, RunStatus.FAILED)
"""A run that can go on once somebody has mended it keeps its open requests: nobody is asked twice for that."""
NOTHING: Mapping[str, Any] = {}
MIGRATED = "~migrated"
"""the frame of the mark that steps of a run have moved; no step can have this name"""


Frames = dict[str, list[Entry]]
"""entries by the frame they are in"""
Requests = dict[str, HumanRequest]
"""requests by their ids"""


@dataclass(frozen=True)
class Claimed:
    """A run that this worker may execute, with the part of its past that is not behind a completed step."""

    run: StoredRun
    frames: Frames = field(default_factory=dict)
    requests: Requests = field(default_factory=dict)


@dataclass(frozen=True)
class OpenBranch:
    """A branch that can go on, with the part of its past that is not behind a completed step."""

    entry: Entry
    frames: Frames = field(default_factory=dict)
    requests: Requests = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A request to open together with the journal entry that waits for it."""

    request_id: str
    draft: RequestDraft
    flow: str | None
    address: str
    initiator: str | None
    own: bool = True
    """whether it is withdrawn with the run; a task of a named queue is not"""


def log(
    tx: RunTransaction, run: StoredRun, kind: str, now: datetime, actor: str | None = None, **data: Any
) -> None:
    """Write a line about a run to the log."""
    tx.append_event(
        f"run_{kind}", encode(data), at=now, actor=actor or run.initiator or SYSTEM.name, run_id=run.id
    )


def create(tx: RunTransaction, *, run: StoredRun) -> StoredRun | None:
    """Store a new run; None if it is new, else the run that has its id already."""
    if not tx.insert_run(run):
        return tx.run(run.id)
    log(tx, run, "started", run.created_at, flow=run.flow)
    if run.status is RunStatus.PENDING:
        tx.add_wakeup(run.id, "", run.created_at)
        tx.signal("wakeup", run.id)
    return None


def claim(
    tx: RunTransaction,
    *,
    run_ids: Sequence[str],
    queues: Collection[str],
    worker: str,
    now: datetime,
    known: Mapping[str, Claimed] = NOTHING,
) -> list[Claimed]:
    """Take the runs that may go on and whose flows this worker knows; of `known` ones not even the past is read."""
    found = (
        _claim_known(tx, known[run_id], worker, now)
        if run_id in known and known[run_id].run.queue in queues
        else _claim_one(tx, run_id, queues, worker, now)
        for run_id in run_ids
    )
    return [claimed for claimed in found if claimed is not None]


def _claim_known(tx: RunTransaction, known: Claimed, worker: str, now: datetime) -> Claimed | None:
    """Take a run if it is still as this worker has left it."""
    run = known.run
    if not tx.has_wakeup(run.id, now):
        return None
    if not tx.take_waiting(run.id, run.token, worker, now):
        return _claim_one(tx, run.id, (run.queue,), worker, now)
    tx.take_wakeups(run.id, now)
    wake(tx, run.parent, now)
    run = changed(run, worker=worker, token=run.token + 1, updated_at=now)
    return Claimed(run, known.frames, _asked(tx, known.frames))


def _claim_one(
    tx: RunTransaction, run_id: str, queues: Collection[str], worker: str, now: datetime
) -> Claimed | None:
    run = tx.run(run_id)
    if run is None or run.status not in FREE or run.queue not in queues:
        return None
    strands = tx.take_wakeups(run_id, now)
    if not strands:
        return None
    if any(strands) and tx.entry(run_id, MIGRATED, 0) is not None:
        tx.open_branches(
            run_id
        )  # what waits still has the addresses of before: every branch looks for itself
    for strand in strands:
        _open_strand(tx, run_id, strand)
    run = changed(run, status=RunStatus.RUNNING, worker=worker, token=run.token + 1, updated_at=now)
    tx.update_run(run)
    wake(tx, run.parent, now)
    return Claimed(run, *load(tx, run_id, ""))


def wake(tx: RunTransaction, run_id: str | None, now: datetime) -> None:
    """Wake a run, if one is named: the one that has begun another may have something to do now."""
    if run_id is not None:
        tx.add_wakeup(run_id, "", now)
        tx.signal("wakeup", run_id)


def _open_strand(tx: RunTransaction, run_id: str, strand: str) -> Entry | None:
    """Let a branch, and the branches it lies in, be executed again; returns the outermost that waited."""
    outermost: Entry | None = None
    end = strand.find("]")
    while end >= 0:
        frame, _, index = strand[:end].rpartition("[")
        branch = tx.entry(run_id, frame, int(index))
        if branch is not None and branch.state is State.WAITING:
            tx.write_entries(run_id, [changed(branch, state=State.OPEN)])
            outermost = outermost or branch
        end = strand.find("]", end + 1)
    return outermost


def take_up(tx: RunTransaction, *, run_id: str, token: int, now: datetime) -> list[Entry]:
    """Open the branches of a run that is being executed whose answers have come, and return them.

    Of branches in branches it is the outermost one that waited. An answer for a branch that doesn't wait stays: it may
    have been read before the answer came, and then it waits for it.
    """
    if not tx.holds(run_id, token) or tx.entry(run_id, MIGRATED, 0) is not None:
        return []  # what was asked before steps have moved is found by the next execution, which looks everywhere
    opened: list[Entry] = []
    for strand in tx.take_branch_wakeups(run_id, now):
        if _is_open(tx, run_id, strand):
            tx.add_wakeup(run_id, strand, now)
        elif (branch := _open_strand(tx, run_id, strand)) is not None:
            opened.append(branch)
    return opened


def _is_open(tx: RunTransaction, run_id: str, strand: str) -> bool:
    frame, _, index = strand[:-1].rpartition("[")
    branch = tx.entry(run_id, frame, int(index))
    return branch is not None and branch.state is State.OPEN


def load(tx: RunTransaction, run_id: str, frame: str) -> tuple[Frames, Requests]:
    """Read the part of the journal that a replay needs: the insides of completed steps, and branches, are not read."""
    frames: Frames = {}
    pending = [frame]
    while pending:
        frame = pending.pop()
        entries = frames[frame] = tx.entries(run_id, frame)
        for entry in entries:
            if entry.kind == "gather":
                continue
            if entry.state is State.OPEN:
                pending.append(entry.address)
            elif entry.state is State.BEGUN:
                pending += [entry.address, entry.address + "!"]
    return frames, _asked(tx, frames)


def _asked(tx: RunTransaction, frames: Frames) -> Requests:
    """Return the requests that these frames wait for."""
    asked = [
        entry.request_id
        for entries in frames.values()
        for entry in entries
        if entry.request_id and entry.state is not State.DONE
    ]
    return {request_id: moves.latest(tx, request_id) for request_id in asked}


def open_branches(
    tx: RunTransaction, *, run_id: str, frame: str, skip: Collection[int], limit: int
) -> tuple[list[OpenBranch], int]:
    """Return branches of a gather that can go on, without those to `skip`, and how many have begun."""
    found = tx.branches(run_id, frame, State.OPEN, limit + len(skip))
    wanted = [branch for branch in found if branch.ordinal not in skip][:limit]
    loaded = [OpenBranch(branch, *load(tx, run_id, branch.address)) for branch in wanted]
    return loaded, tx.branches_begun(run_id, frame)


def record(
    tx: RunTransaction,
    *,
    run_id: str,
    token: int,
    now: datetime,
    entries: Sequence[Entry],
    question: Question | None = None,
    watch: str | None = None,
    strand: str = "",
    wake_at: datetime | None = None,
    again: str | None = None,
    park: bool = False,
    parent: str | None = None,
) -> bool:
    """Write journal entries, open a request, set a timer, let the run wait: what belongs together, at once.

    `again` is a frame that will be executed again because it failed, `watch` a request that is waited for. Returns
    False, and changes nothing, if the run belongs to somebody else by now.
    """
    held = tx.set_waiting(run_id, token, now) if park and not strand else tx.holds(run_id, token)
    if not held:
        return False
    if question is not None:
        asked = _ask(tx, run_id, question, now)
        entries = [
            changed(entry, request_id=asked) if entry.request_id == question.request_id else entry
            for entry in entries
        ]
    tx.write_entries(run_id, entries, now)
    if again is not None:
        reopen(tx, run_id, again)
    if watch is not None:
        _watch(tx, run_id, strand, watch, now)
    if wake_at is not None:
        tx.add_wakeup(run_id, strand, wake_at)
        tx.signal("timer", wake_at.isoformat())
    if park:
        wake(tx, parent, now)
        if tx.has_wakeup(run_id, now):  # what woke it meanwhile wakes it at once
            tx.signal("wakeup", run_id)
    return True


def _ask(tx: RunTransaction, run_id: str, question: Question, now: datetime) -> str:
    """Open a request, or join the task that is there already; returns its id."""
    return moves.submit(
        tx,
        question.draft,
        now=now,
        request_id=question.request_id,
        run_id=run_id if question.own else None,
        flow=question.flow,
        address=question.address if question.own else None,
        initiator=question.initiator,
    ).id


def _watch(tx: RunTransaction, run_id: str, strand: str, request_id: str, now: datetime) -> None:
    """Let a branch of a run be woken when a request ends; at once, if it has ended meanwhile."""
    request = moves.latest(tx, request_id)
    if request.ended:
        tx.add_wakeup(run_id, strand, now)
        tx.signal("wakeup", run_id)
    else:
        tx.add_watch(request.id, run_id, strand)


def reopen(tx: RunTransaction, run_id: str, frame: str) -> None:
    """Open the last step of a frame again if it failed, and what failed inside it; what is completed is kept.

    A failure that the flow's code has caught and gone on from is not the last step: it stays remembered.
    """
    last = next(reversed(tx.entries(run_id, frame)), None)
    if last is None or last.state is not State.FAILED:
        return
    if last.kind != "gather":
        tx.write_entries(run_id, [changed(last, state=State.OPEN, value=None, attempt=0)])
        reopen(tx, run_id, last.address)
        return
    branches = tx.branches(run_id, last.address, None)
    failed = [branch for branch in branches if branch.state is State.FAILED]
    # A gather's value is the number of its branches; the failure has overwritten it.
    count = encode(len(branches))
    tx.write_entries(run_id, [changed(last, state=State.OPEN, value=count, attempt=len(failed))])
    for branch in failed:
        tx.write_entries(run_id, [changed(branch, state=State.OPEN, value=None)])
        reopen(tx, run_id, branch.address)


def end_branch(
    tx: RunTransaction,
    *,
    run_id: str,
    token: int,
    gather: Entry,
    branch: Entry,
    entries: Sequence[Entry] = (),
    now: datetime | None = None,
) -> int | None:
    """Store how a branch ended, and its last `entries`.

    Returns how many branches of the gather haven't ended, or None for a stale token.
    """
    if not tx.holds(run_id, token):
        return None
    tx.write_entries(run_id, entries, now)
    joined = tx.entry(run_id, gather.frame, gather.ordinal)
    before = tx.entry(run_id, branch.frame, branch.ordinal)
    if joined is None:
        return None
    if before is None or before.state not in (State.DONE, State.FAILED):
        joined = changed(joined, attempt=joined.attempt - 1)
        tx.write_entries(run_id, [joined, branch], now)
    return joined.attempt


def branch_results(tx: RunTransaction, *, run_id: str, frame: str) -> list[Entry]:
    """Return how the branches of a gather ended, in order."""
    return tx.branches(run_id, frame, None)


def finish(
    tx: RunTransaction,
    *,
    run: StoredRun,
    now: datetime,
    status: RunStatus,
    entries: Sequence[Entry] = (),
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> StoredRun | None:
    """Store the end of a run as it was taken, or that it needs attention; None if it is somebody else's by now."""
    ended = changed(
        run, status=status, worker=None, token=run.token + 1, updated_at=now, result=result, error=error
    )
    if not tx.update_run(ended, held=run.token):
        return None
    tx.write_entries(run.id, entries, now)
    _clear(tx, ended, now, None)
    return ended


def _settle(
    tx: RunTransaction, run: StoredRun, status: RunStatus, now: datetime, actor: str | None
) -> StoredRun:
    run = changed(run, status=status, worker=None, token=run.token + 1, updated_at=now)
    tx.update_run(run)
    _clear(tx, run, now, actor)
    return run


def _clear(tx: RunTransaction, run: StoredRun, now: datetime, actor: str | None) -> None:
    """Nothing wakes a run that has settled, nobody is asked for it any more, and everybody may know."""
    if tx.is_awaited(run.id):
        tx.delete_wakeups(run.id)
        tx.delete_watches(run.id)
        if run.status not in STAYS_ASKED or run.home is not None:
            reason = f"the run is {run.status}"
            moves.withdraw_all(tx, run_id=run.id, actor=actor or SYSTEM.name, now=now, reason=reason)
    failed_in = {"step": run.error["name"]} if run.error and "name" in run.error else {}
    log(tx, run, run.status.lower(), now, actor, **failed_in)
    tx.signal("run", run.id)
    wake(tx, run.parent, now)


def cancel(tx: RunTransaction, *, run_id: str, now: datetime, actor: str) -> StoredRun | None:
    """Cancel a run and withdraw its requests; an ended one stays as it is. None if there is no such run."""
    run = tx.run(run_id)
    if run is None or (run.settled and run.status not in STAYS_ASKED):
        return run
    return _settle(tx, run, RunStatus.CANCELLED, now, actor)


def abandon(tx: RunTransaction, *, run_id: str, now: datetime) -> None:
    """End a run that lived with a process which has ended."""
    run = tx.run(run_id)
    if run is not None and not run.settled:
        _settle(tx, run, RunStatus.ABANDONED, now, None)


def revive(tx: RunTransaction, run: StoredRun, now: datetime) -> StoredRun:
    """Make a run that had settled free to be executed again, with everything in it that waits looking again."""
    tx.open_branches(run.id)
    return _set_free(tx, run, now)


def _set_free(tx: RunTransaction, run: StoredRun, now: datetime) -> StoredRun:
    run = changed(run, status=RunStatus.PENDING, worker=None, token=run.token + 1, error=None, updated_at=now)
    tx.update_run(run)
    tx.add_wakeup(run.id, "", now)
    tx.signal("wakeup", run.id)
    return run


def release(tx: RunTransaction, *, run_id: str, worker: str, now: datetime) -> None:
    """Give a run back that this worker could not go on with."""
    run = tx.run(run_id)
    if run is not None and run.status is RunStatus.RUNNING and run.worker == worker:
        _set_free(tx, run, now)


def scope_prefix(scope: str) -> str:
    """Return how the keys of all tasks begin that belong to a run, or to a process."""
    return f"own{SEPARATOR}{scope}{SEPARATOR}"


def register(tx: RunTransaction, *, worker: Worker) -> None:
    """Make a worker known."""
    tx.insert_worker(worker)


def bury(tx: RunTransaction, *, worker_id: str, now: datetime) -> int:
    """Free the runs of a dead worker; those that lived with it are ABANDONED. Returns how many there were."""
    runs = tx.runs_of_worker(worker_id)
    for run in runs:
        if run.home == worker_id:
            _settle(tx, run, RunStatus.ABANDONED, now, None)
        elif run.status is RunStatus.RUNNING and run.worker == worker_id:
            _set_free(tx, run, now)
    tx.delete_worker(worker_id)
    moves.withdraw_tasks(
        tx, key_prefix=scope_prefix(worker_id), now=now, reason="the process that gave it has ended"
    )
    return len(runs)
