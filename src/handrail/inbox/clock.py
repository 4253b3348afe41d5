"""The sweep: one indexed moment for each request serves deadlines, reminders and escalations, after any restart, once."""

from datetime import UTC, datetime

from handrail import killpoints
from handrail.inbox import moves
from handrail.inbox.ports import Clock, InboxTransaction, Store


class SystemClock:
    """The time of this machine, in UTC."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


def _due(tx: InboxTransaction, *, now: datetime, limit: int) -> list[str]:
    return tx.due_requests(now, limit)


def _next(tx: InboxTransaction) -> datetime | None:
    return tx.next_request_due()


async def sweep(store: Store, clock: Clock, limit: int = 200) -> int:
    """Apply every move that time has made due; return how many requests were moved."""
    moved = 0
    while due := await store.read(_due, now=clock.now(), limit=limit):
        killpoints.reach("sweep:before")
        for request_id in due:
            try:
                await store.do(moves.sweep_request, request_id=request_id, now=clock.now())
            except moves.LostRace:
                continue
            killpoints.reach("sweep:after")
            moved += 1
        if len(due) < limit:
            break
    return moved


async def next_sweep(store: Store) -> datetime | None:
    """Return when the next sweep has something to do."""
    return await store.read(_next)
