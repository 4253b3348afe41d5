"""The sweep: one indexed moment for each request serves deadlines, reminders and escalations.

Whatever fell due while nobody was there is applied after a restart, once.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from handrail import killpoints
from handrail.inbox import moves
from handrail.inbox.ports import Clock, InboxTransaction, Store
from handrail.requests.errors import StoreCorrupt, StoreError

logger = logging.getLogger(__name__)


class SystemClock:
    """The time of this machine, in UTC."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


def on_turn(clock: Clock, listener: Callable[[], object]) -> Callable[[], None]:
    """Call `listener` whenever a clock is turned by hand, which a real one never is; returns what ends it."""
    listen = getattr(clock, "listen", None)
    forget: Callable[[], None] = listen(listener) if listen is not None else lambda: None
    return forget


def _due(tx: InboxTransaction, *, now: datetime, limit: int) -> list[str]:
    return tx.due_requests(now, limit)


def _next(tx: InboxTransaction) -> datetime | None:
    return tx.next_request_due()


async def sweep(store: Store, clock: Clock, limit: int = 200) -> int:
    """Apply every move that time has made due; return how many requests were moved."""
    total = 0
    while due := await store.read(_due, now=clock.now(), limit=limit):
        killpoints.reach("sweep:before")
        # Together, so that they share a commit: after a long night there may be thousands.
        moved = sum(await asyncio.gather(*(_move(store, clock, request_id) for request_id in due)))
        total += moved
        if len(due) < limit or not moved:
            break
    return total


async def _move(store: Store, clock: Clock, request_id: str) -> bool:
    """Move one request on; one that can't be moved holds up no other."""
    try:
        await store.do(moves.sweep_request, request_id=request_id, now=clock.now())
    except moves.LostRace:
        return False
    except Exception as error:
        if isinstance(error, StoreError) and not isinstance(error, StoreCorrupt):
            raise  # nothing can be moved now; a damaged row concerns one request only
        logger.error("request %s is overdue and can't be moved: %s", request_id, type(error).__name__)
        return False
    killpoints.reach("sweep:after")
    return True


async def next_sweep(store: Store) -> datetime | None:
    """Return when the next sweep has something to do."""
    return await store.read(_next)
