"""What faces read: requests as plain JSON, with the words of the documentation as keys."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from handrail.inbox import moves
from handrail.inbox.filing import EVERYBODY
from handrail.inbox.listing import Listing, Source
from handrail.inbox.ports import Filter, InboxTransaction, Store
from handrail.inbox.viewer import Viewer, is_work
from handrail.requests.decision import Actor
from handrail.requests.identifier import utc_text
from handrail.requests.lifecycle import Commented, Decided, Event
from handrail.requests.record import is_blind, public
from handrail.requests.request import HumanRequest, Status


def _listed(tx: InboxTransaction, *, which: Filter) -> list[HumanRequest]:
    return tx.requests(which)


async def requests(
    store: Store,
    statuses: Iterable[Status | str] = (),
    *,
    run_id: str | None = None,
    thread: str | None = None,
    flow: str | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> list[HumanRequest]:
    """Return requests, oldest first; `after` is the id of the last one already seen."""
    which = Filter(tuple(Status(status) for status in statuses), run_id, thread, flow, after, limit)
    return await store.read(_listed, which=which)


def _found(tx: InboxTransaction, *, request_id: str) -> HumanRequest:
    return moves.find(tx, request_id)


async def request(store: Store, request_id: str) -> HumanRequest:
    """Return one request or raise `UnknownId`."""
    return await store.read(_found, request_id=request_id)


def _open_for(
    tx: InboxTransaction, *, actor: Actor, run_id: str | None, now: datetime, limit: int
) -> list[HumanRequest]:
    found = _work_of_run(tx, run_id, actor) if run_id else _work(tx, actor, now, limit)
    return sorted(
        found,
        key=lambda request: (
            -request.draft.priority,
            request.asked is None,  # what asks this person comes before what anybody may do
            request.deadline or datetime.max.replace(tzinfo=now.tzinfo),
        ),
    )[:limit]


def _work_of_run(tx: InboxTransaction, run_id: str, actor: Actor) -> list[HumanRequest]:
    pending = tx.requests(Filter(moves.PENDING, run_id=run_id, limit=1_000_000))
    return [request for request in pending if is_work_of(tx, request, actor)]


def _work(tx: InboxTransaction, actor: Actor, now: datetime, limit: int) -> list[HumanRequest]:
    """Return what waits for a person: the most urgent of what asks them, and of what asks everybody."""
    viewer = Viewer(actor.name, tx.groups_of(actor.name), strength=actor.strength)
    lots = tx.lots(viewer.keys)
    found: dict[str, HumanRequest] = {}
    for open_to_all in (False, True):
        some = [lot for lot in lots if (lot.key == EVERYBODY) is open_to_all]
        source = Source(tx, viewer, Listing("mine", "urgent"), now, some, patience=None)
        for place, _ in islice(source.found(None, limit), limit):
            if (request := tx.request(place.id)) is not None:
                found[request.id] = request
    return list(found.values())


def is_work_of(tx: InboxTransaction, request: HumanRequest, actor: Actor) -> bool:
    """Whether it is this person's to decide now: they are asked, have not decided, and nobody else has claimed it."""
    return is_work(request, actor, tx.members)


async def open_for(
    store: Store, actor: Actor, *, now: datetime, run_id: str | None = None, limit: int = 100
) -> list[HumanRequest]:
    """Return what waits for this person: most urgent first, without what they have decided already."""
    return await store.read(_open_for, actor=actor, run_id=run_id, now=now, limit=limit)


def _history(
    tx: InboxTransaction, *, request_id: str
) -> tuple[HumanRequest, list[Event], HumanRequest | None]:
    found = moves.find(tx, request_id)
    previous = tx.request(found.draft.previous) if found.draft.previous else None
    return found, tx.events(request_id), previous


async def detail(store: Store, request_id: str, *, viewer: str | None = None) -> dict[str, Any]:
    """Return one request with its comments, its log and the proposal of the revision before it.

    A `viewer` who is asked blind sees the decisions of others only after their own.
    """
    found, events, previous = await store.read(_history, request_id=request_id)
    if is_blind(found, viewer):
        events = [event for event in events if not isinstance(event.move, Decided)]
    return {
        **public(found, viewer),
        "previous_proposal": previous.draft.proposal if previous else None,
        "comments": [
            {"by": event.move.by, "text": event.move.text, "at": utc_text(event.at)}
            for event in events
            if isinstance(event.move, Commented)
        ],
        "log": [
            {"at": utc_text(event.at), "actor": event.actor, "move": event.move.kind} for event in events
        ],
    }


async def previous_proposal(store: Store, request: HumanRequest) -> dict[str, Any] | None:
    """Return what the revision before this one proposed, if there is one."""
    if request.draft.previous is None:
        return None
    return (await store.read(_found, request_id=request.draft.previous)).draft.proposal
