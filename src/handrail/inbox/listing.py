"""The lists of the inbox: what one person may read, in pages, with what a row shows and no more.

Candidates come in order from the store, the rules sort out those that have to be looked at. A page looks at a bounded
number of requests: it may be short, and even empty, while it names what is next. Requests of a group that somebody was
asked with and has left since are theirs to read, and are not listed.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from handrail.inbox import cursor
from handrail.inbox.filing import Lot, Place, place_of
from handrail.inbox.ports import InboxTransaction, Order, Sought, Store
from handrail.inbox.viewer import Viewer
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import needed
from handrail.requests.request import ENDED, HumanRequest, Status

View = Literal["mine", "open", "overdue", "unclaimed", "decided_by_me", "ended", "all"]
VIEWS: tuple[View, ...] = ("mine", "open", "overdue", "unclaimed", "decided_by_me", "ended", "all")
PENDING_VIEWS = frozenset({"mine", "open", "overdue", "unclaimed"})
ORDERS: tuple[Order, ...] = ("due", "urgent", "oldest")
MOST = 200
"""rows of a page"""
LOOKED_AT = 400
"""requests that are looked at for one page"""
SEARCHED = 12_000
"""rows in which a text is looked for, for one page of pending requests"""
NEAR = 500
"""requests among which a position is counted"""

Found = tuple[Place, HumanRequest | None]
"""where a request is, and the request where it was looked at"""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which requests are listed, and in which order.

    `order` is that of pending requests: `due` (the deadline, none last), `urgent` (the priority, then due) or `oldest`.
    What has ended comes with the latest first, `all` with the youngest. `text` is looked for in title, flow and run id.
    `statuses` leaves those of a view that are in one of them; none means all.
    """

    view: View = "mine"
    order: Order = "due"
    flow: str | None = None
    text: str | None = None
    statuses: frozenset[Status] = frozenset()

    @property
    def shown(self) -> frozenset[Status]:
        """The statuses that its requests may have."""
        return self.statuses or frozenset(Status)


@dataclass(frozen=True, slots=True)
class Row:
    """What a list shows of a request."""

    id: str
    title: str
    """at most 200 characters of it"""
    kind: str
    flow: str | None
    run_id: str | None
    status: Status
    claimed_by: str | None
    deadline: datetime | None
    """by when it was to be decided; an escalation gives more time, and leaves it late"""
    priority: int
    revision: int
    version: int
    opened_at: datetime
    ended_at: datetime | None
    outcome: str | None
    """the verb that came out"""
    given: int
    """decisions so far"""
    needed: int
    """approvals that it takes"""
    asked: int | None
    """people asked, None for everybody"""
    confidence: float | None
    initiator: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursor of what follows them; None at the end."""

    rows: tuple[Row, ...]
    next: str | None
    near: "Near | None" = None
    """what was asked for to tell what lies beside a request"""


@dataclass(frozen=True, slots=True)
class Near:
    """The ids of a page and of what follows it, 500 at most; `more` says that there are others behind them."""

    ids: tuple[str, ...]
    more: bool
    later: bool
    """whether the page isn't the first"""

    def around(self, request_id: str) -> "Neighbours | None":
        """Return what is beside a request, None for one that isn't here.

        >>> Near(("a", "b"), more=False, later=False).around("b")
        Neighbours(position=2, total=2, more=False, previous='a', next=None)
        """
        if request_id not in self.ids[:NEAR]:
            return None
        place = self.ids.index(request_id)
        beside = self.ids[place + 1] if place + 1 < len(self.ids) else None
        previous = self.ids[place - 1] if place else None
        position = None if self.later else place + 1
        return Neighbours(position, min(len(self.ids), NEAR), self.more, previous, beside)

    def without(self, following: str | None) -> "Neighbours":
        """Return what is beside a request that isn't here."""
        return Neighbours(None, min(len(self.ids), NEAR), self.more, None, following)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a request is in a list, counted from 1, and what is beside it.

    `position` is None for one that isn't in the list (any more), or lies behind the first 500; `more` says that there
    are more than `total`.
    """

    position: int | None
    total: int
    more: bool
    previous: str | None
    next: str | None


def view_of(statuses: Collection[Status]) -> View:
    """Return the view that has all requests in some of these statuses, and as few others as can be.

    >>> view_of([Status.CLAIMED]), view_of([Status.EXPIRED]), view_of([Status.OPEN, Status.RESOLVED])
    ('open', 'ended', 'all')
    """
    if ENDED.isdisjoint(statuses):
        return "open"
    return "ended" if ENDED.issuperset(statuses) else "all"


def check(listing: Listing, limit: int) -> None:
    """Raise `InvalidInput` for a view, an order or a limit that doesn't exist."""
    if listing.view not in VIEWS:
        raise InvalidInput(f"view={listing.view!r}: use {', '.join(VIEWS)}")
    if listing.order not in ORDERS:
        raise InvalidInput(f"order={listing.order!r}: use {', '.join(ORDERS)}")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST:
        raise InvalidInput(f"limit={limit!r}: use 1 to {MOST}")


async def page(
    store: Store,
    viewer: Viewer,
    listing: Listing,
    *,
    now: datetime,
    after: str | None = None,
    limit: int = 50,
    near: bool = False,
) -> Page:
    """Return the rows behind the cursor `after`. Raises `InvalidInput` for one that isn't of this list.

    With `near` the page can tell, without reading anew, what lies beside its requests.
    """
    check(listing, limit)
    begin = None if after is None else cursor.read(after, _kind(listing))
    return await store.read(
        page_of, viewer=viewer, listing=listing, now=now, after=begin, limit=limit, near=near
    )


async def neighbours(
    store: Store,
    viewer: Viewer,
    listing: Listing,
    request_id: str,
    *,
    now: datetime,
    page: Page | None = None,
) -> Neighbours:
    """Return where a request is in a list; `page` is the part of it that was read with `near`, if one was.

    Where a text is searched, a later page tells what is beside its requests, and not their position.
    """
    check(listing, 1)
    near = None if page is None else page.near
    if near is not None and (listing.text or not near.later):
        if (found := near.around(request_id)) is not None:
            return found
        following = await store.read(
            following_of, viewer=viewer, listing=listing, request_id=request_id, now=now
        )
        return near.without(following)
    return await store.read(neighbours_of, viewer=viewer, listing=listing, request_id=request_id, now=now)


def page_of(
    tx: InboxTransaction,
    *,
    viewer: Viewer,
    listing: Listing,
    now: datetime,
    after: Place | None,
    limit: int,
    near: bool = False,
) -> Page:
    """Return a page, as a unit of work."""
    source = Source(tx, viewer, listing, now)
    wanted = max(limit, NEAR if near else 0) + 1
    found = list(islice(source.found(after, wanted), wanted))
    rows = tuple(row_of(request or tx.outlines([place.id])[place.id]) for place, request in found[:limit])
    last = found[limit - 1][0] if len(found) > limit else source.reached
    following = cursor.write(last, _kind(listing))
    return Page(rows, following, _near(found, source, later=after is not None) if near else None)


def _near(found: list[Found], source: "Source", *, later: bool) -> Near:
    ids = tuple(place.id for place, _ in found)
    return Near(ids, more=len(ids) > NEAR or source.reached is not None, later=later)


def neighbours_of(
    tx: InboxTransaction, *, viewer: Viewer, listing: Listing, request_id: str, now: datetime
) -> Neighbours:
    """Return where a request is in a list, as a unit of work."""
    source = Source(tx, viewer, listing, now)
    near = _near(list(islice(source.found(None, NEAR + 1), NEAR + 1)), source, later=False)
    if (found := near.around(request_id)) is not None:
        return found
    following = following_of(tx, viewer=viewer, listing=listing, request_id=request_id, now=now)
    return near.without(following)


def following_of(
    tx: InboxTransaction, *, viewer: Viewer, listing: Listing, request_id: str, now: datetime
) -> str | None:
    """Return what comes behind the place that a request has, or had before it ended, as a unit of work."""
    found = tx.outlines([request_id])
    if listing.view not in PENDING_VIEWS or not found:
        return None
    source = Source(tx, viewer, listing, now, rows=SEARCHED // 4)
    place = place_of(found[request_id])
    return next((beside.id for beside, _ in source.found(place, 2)), None)


class Source:
    """What one list gives, place by place, as far as it may be looked for."""

    def __init__(
        self,
        tx: InboxTransaction,
        viewer: Viewer,
        listing: Listing,
        now: datetime,
        lots: list[Lot] | None = None,
        patience: int | None = LOOKED_AT,
        rows: int = SEARCHED,
    ) -> None:
        self.listing = listing
        self.reached: Place | None = None
        """where the looking was ended before the end of the list"""
        self._tx = tx
        self._viewer = viewer
        self._now = now
        self._patience = patience
        self._rows = rows
        if lots is None:
            lots = lots_of(tx, viewer, listing) if listing.view in PENDING_VIEWS else []
        self._lots = lots

    def found(self, after: Place | None, wanted: int) -> Iterator[Found]:
        """Give the places behind one, with the request where it was looked at."""
        self.reached = None
        looked, size = 0, min(wanted, NEAR + 1)
        while True:
            batch = self._read(after, size)
            careful = [place.id for place in batch if place.careful]
            seen = self._tx.outlines(careful)
            looked += len(careful) if self._plain else len(batch)
            for place in batch:
                request = seen.get(place.id)
                if request is None and not self._plain:
                    continue
                if request is None or self._belongs(request):
                    yield place, request
            if len(batch) < size:
                return
            after = batch[-1]
            if self._rows <= 0 or (self._patience is not None and looked >= self._patience):
                self.reached = after
                return

    def _read(self, after: Place | None, size: int) -> list[Place]:
        listing, tx = self.listing, self._tx
        match listing.view:
            case "ended" if ENDED.isdisjoint(listing.shown):
                return []
            case "ended":
                return tx.ended_places(listing.flow, after, size)
            case "decided_by_me":
                return tx.decided_places(self._viewer.name, after, size)
            case "all":
                return tx.youngest_places(after, size)
        until = self._now if listing.view == "overdue" else None
        sought = Sought(listing.order, after, until)
        places = (
            self._searched(sought, listing.text, size)
            if listing.text
            else tx.places(self._lots, sought, size)
        )
        if not self._viewer.everything or listing.view == "mine":
            return places
        # Whoever sees everything has to look at what may be claimed, and at nothing else.
        looks = listing.view == "unclaimed" or bool(listing.statuses)
        return [Place(*place[:3], place.careful and looks) for place in places]

    @property
    def _plain(self) -> bool:
        """Whether what needn't be looked at belongs to the list: nobody has claimed it, and it is open."""
        return Status.OPEN in self.listing.shown

    def _searched(self, sought: Sought, text: str, size: int) -> list[Place]:
        found = self._tx.search(self._lots, sought, text, size, self._rows)
        self._rows -= found.rows
        self.reached = found.reached
        return found.places

    def _belongs(self, request: HumanRequest) -> bool:
        listing, viewer = self.listing, self._viewer
        if request.status not in listing.shown:
            return False
        match listing.view:
            case "mine":
                return viewer.works_on(request) and viewer.sees(request)
            case "open" | "overdue":
                return viewer.sees(request)
            case "unclaimed":
                return request.claimed_by is None and viewer.sees(request)
        return (
            listing.flow in (None, request.flow)
            and (not listing.text or _has_text(request, listing.text))
            and viewer.sees(request)
        )


def lots_of(tx: InboxTransaction, viewer: Viewer, listing: Listing) -> list[Lot]:
    """Return the lots in which a list of pending requests lies."""
    if not listing.shown - ENDED:
        return []
    lots = tx.lots(None if viewer.everything and listing.view != "mine" else viewer.keys)
    plain = Status.OPEN in listing.shown
    return [lot for lot in lots if listing.flow in (None, lot.flow) and (plain or lot.careful is not False)]


def _has_text(request: HumanRequest, text: str) -> bool:
    held = (request.draft.title, request.flow, request.run_id)
    return any(text.lower() in part.lower() for part in held if part)


def _kind(listing: Listing) -> str:
    """Return what a cursor belongs to: one of another order would lead anywhere."""
    return listing.order if listing.view in PENDING_VIEWS else listing.view


def row_of(request: HumanRequest) -> Row:
    """Return what a list shows of a request."""
    draft, asked = request.draft, request.asked
    confidence = draft.context.get("confidence")
    return Row(
        id=request.id,
        title=draft.title,
        kind=draft.kind,
        flow=request.flow,
        run_id=request.run_id,
        status=request.status,
        claimed_by=request.claimed_by,
        deadline=request.due,
        priority=draft.priority,
        revision=request.revision,
        version=request.version,
        opened_at=request.opened_at,
        ended_at=request.ended_at,
        outcome=None if request.outcome is None else request.outcome.verb.value,
        given=len(request.decisions),
        needed=needed(draft.policy.quorum, len(asked or ())),
        asked=None if asked is None else len(asked),
        confidence=confidence if type(confidence) in (int, float) else None,
        initiator=request.initiator,
    )
