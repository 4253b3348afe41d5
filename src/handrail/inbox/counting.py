"""How much there is in the lists of one person, up to a thousand each: nobody reads further, and it costs no more."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from handrail.inbox.filing import Lot, lot_of, lots_aside
from handrail.inbox.ports import InboxTransaction, Sought, Store
from handrail.inbox.viewer import Viewer
from handrail.requests.request import HumanRequest

MOST = 1000
LOOKED_AT = 250
"""requests that have to be looked at, of those that are counted"""


@dataclass(frozen=True, slots=True)
class Count:
    """A number; `more` says that it is at least that."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        """Return it as it is shown.

        >>> str(Count(7)), str(Count(999, more=True))
        ('7', '999+')
        """
        return f"{self.number}+" if self.more else str(self.number)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is for one person; `flows` are the open ones of each flow, None for those without."""

    mine: Count
    open: Count
    overdue: Count
    unclaimed: Count
    flows: Mapping[str | None, Count]


async def counts(store: Store, viewer: Viewer, *, now: datetime) -> Counts:
    """Return how much there is for a person."""
    return await store.read(counts_of, viewer=viewer, now=now)


def counts_of(tx: InboxTransaction, *, viewer: Viewer, now: datetime) -> Counts:
    """Return how much there is for a person, as a unit of work."""
    own = tx.lots(viewer.keys)
    seen, cut = _looked_at(tx, own)
    visible = [request for request in seen if viewer.sees(request)]
    mine = sum(viewer.works_on(request) for request in visible)
    plain = [lot for lot in own if not lot.careful]
    numbers = {flow: _number(tx, lots) for flow, lots in _by_flow(plain).items()}
    number = sum(numbers.values())
    if viewer.everything:
        return _of_everything(tx, _count(number + mine, cut), now)
    late = sum(request.due is not None and request.due <= now for request in visible)
    flows = {
        flow: _count(numbers.get(flow, 0) + sum(request.flow == flow for request in visible), cut)
        for flow in _by_flow(own)
    }
    return Counts(
        _count(number + mine, cut),
        _count(number + len(visible), cut),
        _count(_number(tx, plain, now) + late, cut),
        _count(number + sum(request.claimed_by is None for request in visible), cut),
        {flow: count for flow, count in flows.items() if count.number or count.more},
    )


def _of_everything(tx: InboxTransaction, mine: Count, now: datetime) -> Counts:
    """Return the counts of who sees everything: only what may be claimed has to be looked at."""
    lots = tx.lots(None)
    numbers = {flow: _number(tx, some) for flow, some in _by_flow(lots).items()}
    flows = {flow: _count(number) for flow, number in numbers.items()}
    late = _count(_number(tx, lots, now))
    free = _number(tx, [replace(lot, careful=False) for lot in lots if not lot.careful])
    cut = False
    if free < MOST:
        some, cut = _looked_at(tx, [replace(lot, careful=True) for lot in lots if lot.careful is not False])
        free += sum(request.claimed_by is None for request in some)
    return Counts(mine, _count(sum(numbers.values())), late, _count(free, cut), flows)


def _looked_at(tx: InboxTransaction, lots: Collection[Lot]) -> tuple[list[HumanRequest], bool]:
    """Return the requests that have to be looked at and are counted nowhere else; and whether there are more."""
    careful = [lot for lot in lots if lot.careful]
    plain = {lot.name for lot in lots if not lot.careful}
    places = tx.places(careful, Sought(), LOOKED_AT + 1) if careful else []
    found = tx.outlines([place.id for place in places[:LOOKED_AT]]).values()
    return [
        request for request in found if not plain.intersection((lot_of(request), *lots_aside(request)))
    ], len(places) > LOOKED_AT


def _number(tx: InboxTransaction, lots: Iterable[Lot], until: datetime | None = None) -> int:
    return tx.count_places(list(lots), Sought(until=until), MOST)


def _by_flow(lots: Iterable[Lot]) -> dict[str | None, list[Lot]]:
    found: dict[str | None, list[Lot]] = {}
    for lot in lots:
        found.setdefault(lot.flow, []).append(lot)
    return found


def _count(number: int, cut: bool = False) -> Count:
    return Count(min(number, MOST - 1), cut or number >= MOST)
