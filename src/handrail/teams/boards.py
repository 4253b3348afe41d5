"""The boards that one person may see, those that began last first, in pages.

A page looks at a bounded number of boards: it may be short, and even empty, while it names what is next.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from handrail.inbox import cursor
from handrail.inbox.filing import Place
from handrail.inbox.viewer import Viewer
from handrail.runs.listing import LOOKED_AT, sees_run
from handrail.teams.ports import TeamTransaction
from handrail.teams.record import outline
from handrail.teams.status import WorkflowStatus

KIND = "boards"
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Boards as lists show them, and the cursor of what follows them; None at the end."""

    boards: tuple[dict[str, Any], ...]
    next: str | None


def page_of(
    tx: TeamTransaction,
    *,
    viewer: Viewer,
    statuses: Collection[WorkflowStatus] = (),
    team: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> BoardPage:
    """Return the boards behind the cursor `after`. Raises `InvalidInput` for one that isn't of this list."""
    before = None if after is None else _place(after)
    found: list[dict[str, Any]] = []
    looked = 0
    while looked < LOOKED_AT:
        batch = tx.teams(statuses, team, before, limit + 1)
        for each in batch:
            if len(found) == limit:
                return BoardPage(tuple(found), _cursor(before))
            looked += 1
            before = each.begun_at, each.run_id
            run = tx.run(each.run_id)
            if run is not None and sees_run(tx, viewer, run):
                found.append(outline(tx, each))
        if len(batch) <= limit:
            return BoardPage(tuple(found), None)
    return BoardPage(tuple(found), _cursor(before))


def _place(text: str) -> tuple[datetime, str]:
    place = cursor.read(text, KIND)
    try:
        return _EPOCH + place.moment * _MICROSECOND, place.id
    except OverflowError:
        raise cursor.refused() from None


def _cursor(place: tuple[datetime, str] | None) -> str | None:
    if place is None:
        return None
    return cursor.write(Place(place[1], 0, (place[0] - _EPOCH) // _MICROSECOND), KIND)
