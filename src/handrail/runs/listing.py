"""The runs that one person may see, the newest first, in pages: those they started, and those with a request that they
may read. A page looks at a bounded number of runs: it may be short, and even empty, while it names what is next.
"""

from dataclasses import dataclass
from datetime import datetime

from handrail.inbox import cursor
from handrail.inbox.ports import Store
from handrail.inbox.viewer import Viewer
from handrail.requests.errors import InvalidInput
from handrail.runs.ports import RunFilter, RunTransaction
from handrail.runs.run import StoredRun

MOST = 200
"""runs of a page"""
LOOKED_AT = 300
"""runs of which the requests are looked at for one page"""
REQUESTS = 20
"""requests of a run that are looked at, the latest ones"""
KIND = "runs"


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs without input and result, and the cursor of what follows them; None at the end."""

    runs: tuple[StoredRun, ...]
    next: str | None


async def page(
    store: Store, viewer: Viewer, which: RunFilter, *, after: str | None = None, limit: int = 50
) -> RunPage:
    """Return the runs behind the cursor `after`. Raises `InvalidInput` for one that isn't of this list."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST:
        raise InvalidInput(f"limit={limit!r}: use 1 to {MOST}")
    begin = cursor.read_moment(after, KIND)
    return await store.read(page_of, viewer=viewer, which=which, before=begin, limit=limit)


def page_of(
    tx: RunTransaction, *, viewer: Viewer, which: RunFilter, before: tuple[datetime, str] | None, limit: int
) -> RunPage:
    """Return a page, as a unit of work."""
    found: list[StoredRun] = []
    looked = 0
    while looked < LOOKED_AT:
        batch = tx.newest_runs(which, before, limit + 1)
        for run in batch:
            if len(found) == limit:
                return RunPage(tuple(found), cursor.write_moment(before, KIND))
            looked += 1
            before = run.created_at, run.id
            if sees_run(tx, viewer, run):
                found.append(run)
        if len(batch) <= limit:
            return RunPage(tuple(found), None)
    return RunPage(tuple(found), cursor.write_moment(before, KIND))


def sees_run(tx: RunTransaction, viewer: Viewer, run: StoredRun) -> bool:
    """Whether a person may see a run: they started it, or may read one of its latest requests."""
    if viewer.everything or run.initiator == viewer.name:
        return True
    outlines = tx.outlines(tx.requests_of_run(run.id, REQUESTS))
    return any(viewer.sees(request) for request in outlines.values())
