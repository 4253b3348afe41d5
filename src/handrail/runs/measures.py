"""What is measured of a store: how much is open, how old the oldest is, what the outbox holds, what has happened since.

Each look costs a bounded time: numbers come from indexes, and the log is counted from where the last look ended.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handrail.inbox.ports import Store
from handrail.runs.ports import RunTransaction

YOUNGEST = 10_000
"""runs that are looked at"""
MOST_MESSAGES = 100_000
"""of each channel"""
MOST_LINES = 50_000
"""lines of the log that one look counts; the next one goes on"""

Tally = Counter[tuple[str, str | None]]
"""how often something happened: a kind of line, and the verb of a decision"""


class MeasuredTransaction(RunTransaction, Protocol):
    """One transaction, as measuring sees it."""

    def open_by_flow(self) -> dict[str, int]:
        """Return how many requests are pending of each flow, the most first; "" are those without one."""
        ...

    def oldest_open(self) -> str | None:
        """Return the pending request that was opened first."""
        ...

    def youngest_runs(self, limit: int) -> dict[str, int]:
        """Return how many of the youngest runs have each status."""
        ...

    def moves_between(self, after: int, until: int) -> list[tuple[str, str | None, int]]:
        """Return what happened in a part of the log: kind, verb of a decision, how often."""
        ...


@dataclass(frozen=True, slots=True)
class Measures:
    """What a store holds at one moment."""

    open: Mapping[str, int]
    oldest_open: datetime | None
    runs: Mapping[str, int]
    pending_messages: Mapping[str, int]
    """by channel, as are the failed ones"""
    failed_messages: Mapping[str, int]
    end: int
    moves: list[tuple[str, str | None, int]]


def measures(tx: MeasuredTransaction, *, since: int | None) -> Measures:
    """Return what a store holds, and what its log says from `since` on; None: nothing yet."""
    last = tx.end_of_log()
    begin = last if since is None else since
    end = min(last, begin + MOST_LINES)
    oldest = tx.oldest_open()
    request = tx.request(oldest) if oldest is not None else None
    return Measures(
        open=tx.open_by_flow(),
        oldest_open=request.opened_at if request is not None else None,
        runs=tx.youngest_runs(YOUNGEST),
        pending_messages=tx.count_messages("pending", MOST_MESSAGES),
        failed_messages=tx.count_messages("failed", MOST_MESSAGES),
        end=end,
        moves=tx.moves_between(begin, end) if end > begin else [],
    )


class Measuring:
    """Looks at a store again and again, and counts what has happened since it began.

    It begins with the first look at the latest: what was before that isn't counted, as counters of any process begin
    with it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: int | None = None
        self._looking = asyncio.Lock()  # two at once would count the same lines
        self.tally: Tally = Counter()

    async def look(self) -> Measures:
        """Return what the store holds now."""
        async with self._looking:
            found = await self._store.read(measures, since=self._seen)
            for kind, verb, number in found.moves:
                self.tally[kind, verb] += number
            self._seen = found.end
        return found
