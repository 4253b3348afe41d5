"""Who did what: the log as people read it, the newest first, and all of it for export. Whoever calls checks that the
reader may.

By person, request or run an index finds the lines. By kind alone, or for Handrail itself, the log is read along, in
stretches of bounded length: a page may be short, and even empty, while it says where to go on.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from handrail.inbox.ports import InboxTransaction, LogEntry, LogFilter, Store
from handrail.requests.decision import SYSTEM
from handrail.requests.errors import InvalidInput

MOST = 1000
"""lines of a page"""
STRETCH = 20_000
"""lines of the log that are read for one page"""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of the log, and the sequence behind which to go on; None at the end."""

    lines: tuple[LogEntry, ...]
    next: int | None


async def audit(store: Store, which: LogFilter, *, before: int | None = None, limit: int = 100) -> LogPage:
    """Return lines of the log, the newest first; `before` is the `next` of the page above."""
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"limit={limit!r}: use 1 to {MOST}")
    return await store.read(page_of, which=which, after=before, limit=limit, ascending=False)


async def export(store: Store, which: LogFilter, *, page: int = MOST) -> AsyncIterator[tuple[LogEntry, ...]]:
    """Give the lines in their order, as they are when the last is read, in pages that are one moment each."""
    after: int | None = 0
    while after is not None:
        found = await store.read(page_of, which=which, after=after, limit=page, ascending=True)
        if found.lines:
            yield found.lines
        after = found.next


async def timeline(store: Store, run_id: str, *, limit: int = MOST) -> tuple[LogEntry, ...]:
    """Return what happened to a run and to its requests, in order: the first `limit` lines."""
    found = await store.read(page_of, which=LogFilter(run_id=run_id), after=0, limit=limit, ascending=True)
    return found.lines


def page_of(
    tx: InboxTransaction, *, which: LogFilter, after: int | None, limit: int, ascending: bool
) -> LogPage:
    """Return a page of the log, as a unit of work."""
    low = 1 if which.since is None else tx.sequence_at(which.since)
    high = tx.end_of_log() if which.until is None else tx.sequence_at(which.until) - 1
    by_index = (which.actor or SYSTEM.name, which.request_id, which.run_id) != (SYSTEM.name, None, None)
    if ascending:
        low = max(low, (after or 0) + 1)
        end = high if by_index else min(high, low + STRETCH)
        lines = tx.lines(which, low, end, limit, ascending=True)
        behind = end if end < high else None
    else:
        high = high if after is None else min(high, after - 1)
        end = low if by_index else max(low, high - STRETCH)
        lines = tx.lines(which, end, high, limit, ascending=False)
        behind = end if end > low else None
    return LogPage(tuple(lines), lines[-1].sequence if len(lines) == limit else behind)
