"""Whether the store is what its log says: the chain, every request, and how every run began and ended."""

from handrail.inbox import log
from handrail.inbox.log import Verification
from handrail.inbox.ports import Store
from handrail.runs.ports import RunTransaction
from handrail.runs.run import RunStatus, StoredRun

PAGE = 1000
UNSETTLED = (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING)


def _log_of_runs(tx: RunTransaction, *, after: int) -> tuple[int, list[tuple[str, str]]]:
    entries = tx.log(after, PAGE)
    last = entries[-1].sequence if entries else 0
    return last, [
        (entry.run_id, entry.kind) for entry in entries if entry.run_id and entry.kind.startswith("run_")
    ]


def _runs(tx: RunTransaction, *, after: str | None) -> list[StoredRun]:
    return tx.runs((), None, after, PAGE)


def _log_of_run(tx: RunTransaction, *, run_id: str) -> tuple[StoredRun | None, str | None]:
    kinds = [entry.kind for entry in tx.log_of_run(run_id) if entry.kind.startswith("run_")]
    return tx.run(run_id), kinds[-1] if kinds else None


async def verify(store: Store) -> Verification:
    """Check the chain of the log, every request against its events, and every run against how the log ends it."""
    found = await log.verify(store)
    last: dict[str, str] = {}
    after = 0
    while (page := await store.read(_log_of_runs, after=after))[0]:
        after = page[0]
        last.update(page[1])
    previous: str | None = None
    while runs := await store.read(_runs, after=previous):
        previous = runs[-1].id
        for run in runs:
            # A run may have moved on since its log was read: one that differs is looked at again, both at once.
            if not _fits(run, last.pop(run.id, None)):
                now, kind = await store.read(_log_of_run, run_id=run.id)
                if now is None or not _fits(now, kind):
                    found.problems.append(f"run {run.id} is {run.status}, which is not how the log leaves it")
    found.problems += [f"run {run_id} is in the log and not in the store" for run_id in last]
    return found


def _fits(run: StoredRun, kind: str | None) -> bool:
    """Whether the last line about a run leaves it in its state."""
    if run.status in UNSETTLED:
        return kind in ("run_started", "run_retried", "run_migrated", "run_resumed")
    return kind == f"run_{run.status.lower()}"
