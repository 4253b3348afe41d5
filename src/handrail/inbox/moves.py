"""Every change of a request, as units of work: load, let table and policy judge, compare-and-set, log, ring.

These functions are the only writers of requests. A unit that has moved something before it has to refuse returns the
refusal instead of raising it, so that what it moved is kept.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from handrail.inbox import deciders, outbox
from handrail.inbox.ports import Filter, InboxTransaction
from handrail.requests.channels import check_channels
from handrail.requests.content import JSON, as_stored, content_hash, encode
from handrail.requests.decision import SYSTEM, Actor, Decision, Verb
from handrail.requests.errors import Conflict, IllegalMove, InvalidInput, UnknownId
from handrail.requests.facts import changed
from handrail.requests.identifier import new_id
from handrail.requests.judgement import escalated, judge, overdue_move
from handrail.requests.lifecycle import (
    Assigned,
    Claimed,
    Commented,
    Decided,
    Escalated,
    Event,
    Move,
    Reassigned,
    Released,
    Reminded,
    Resolved,
    Withdrawn,
    apply,
    next_due,
    refusal,
    target,
)
from handrail.requests.outcome import Outcome
from handrail.requests.policy import Audience, First
from handrail.requests.pool import choose
from handrail.requests.record import write_move, write_opening, write_request
from handrail.requests.request import HumanRequest, RequestDraft, Status
from handrail.requests.routing import (
    check_may_act,
    check_not_claimed,
    check_reachable,
    check_within,
    people_asked,
)
from handrail.requests.validation import check_decision, check_seen, merged, parse_verb

PENDING = (Status.OPEN, Status.CLAIMED)
SHOWN = frozenset({"claimed", "released", "decided"})
"""moves after which what channels have sent isn't how things stand any more"""


class LostRace(Exception):
    """Somebody else wrote a newer version between our reading and our writing. Run the unit again."""


def strand_of(address: str | None) -> str:
    """Return the branch that an address lies in (`2/all[5]` of `2/all[5]/1/0`); the empty one is the run itself."""
    return address[: address.rfind("]") + 1] if address else ""


def open_request(
    tx: InboxTransaction,
    draft: RequestDraft,
    *,
    now: datetime,
    request_id: str,
    run_id: str | None = None,
    flow: str | None = None,
    address: str | None = None,
    initiator: str | None = None,
) -> HumanRequest:
    """Open a request: the next revision of `draft.previous`, else the first of its own thread."""
    previous = _previous(tx, draft, run_id)
    draft = _as_stored(draft, previous)
    if draft.guideline is None and flow is not None:
        draft = changed(draft, guideline=tx.guideline_text(flow))
    check_within(draft.policy, tx.members, initiator)
    audience = _by_names(tx, draft.policy.audience)
    worker = choose(draft.pool, tx.load, tx.last_task) if draft.pool else None
    if draft.pool is not None:
        audience = replace(audience, users=(worker,) if worker else draft.pool.workers)
    asked = people_asked(audience, tx.members, initiator)
    check_reachable(draft.policy, asked)
    timeout = draft.policy.timeout
    request = HumanRequest(
        id=request_id,
        draft=draft,
        content_hash=content_hash(draft.shown),
        thread=previous.thread if previous else request_id,
        revision=previous.revision + 1 if previous else 1,
        opened_at=now,
        audience=audience,
        asked=asked,
        worker=worker,
        in_line=draft.pool is not None and worker is None,
        deadline=now + timedelta(seconds=timeout) if timeout else None,
        run_id=run_id,
        flow=flow,
        address=address,
        initiator=initiator,
    )
    if (due_at := next_due(request)) is not None:
        request = changed(request, due_at=due_at)
    written = write_request(request)
    tx.insert_request(request, written)
    tx.append_event(
        "opened",
        write_opening(written),
        at=now,
        actor=initiator or SYSTEM.name,
        request_id=request.id,
        run_id=run_id,
    )
    if not request.in_line:  # else it is told to whom it is assigned
        outbox.tell(tx, request, "opened", now)
    tx.signal("request", request.id)
    if request.due_at is not None:
        tx.signal("timer", request.due_at.isoformat())
    if previous is not None and not previous.ended and run_id is None:
        by = initiator or SYSTEM.name
        _advance(tx, previous, by, now, Withdrawn(by, "replaced by its next revision", request.id))
    return request


def submit(
    tx: InboxTransaction, draft: RequestDraft, *, now: datetime, request_id: str, **place: Any
) -> HumanRequest:
    """Open a task, or return the one that has its key already. Raises `Conflict` if that is another one."""
    existing = tx.keyed(draft.key) if draft.key else None
    if existing is not None and existing.status is Status.WITHDRAWN:
        tx.release_key(existing.id)  # nobody did it: it may be given again
        existing = None
    if existing is None:
        return open_request(tx, draft, now=now, request_id=request_id, **place)
    if _what_is_asked(existing.draft) != _what_is_asked(_as_stored(draft, None)):
        raise Conflict(
            f"there is another task with this id already, request {existing.id}: use another task_id, or give the "
            "queue a name of its own",
            winner=existing.winner,
            about="key",
        )
    return existing


def _what_is_asked(draft: RequestDraft) -> tuple[object, ...]:
    """Return by what a task is told from another one with the same id."""
    return (
        draft.kind,
        draft.proposal,
        draft.context,
        draft.response_schema,
        draft.policy.audience,
        draft.title,
    )


def _assign_next(tx: InboxTransaction, worker: str, now: datetime) -> None:
    """Give a worker who may have room what waits in line: the most urgent first, then the oldest."""
    for request_id in tx.in_line(worker):
        request = find(tx, request_id)
        if request.draft.pool is not None and tx.load(worker) < request.draft.pool.capacity:
            request = _advance(tx, request, SYSTEM.name, now, Assigned(SYSTEM.name, worker))
            outbox.tell(tx, request, "opened", now)
            _assign_next(tx, worker, now)
            return


def _by_names(tx: InboxTransaction, audience: Audience) -> Audience:
    """Return an audience with the names of people who are named by their email."""
    if not any("@" in user for user in audience.users):
        return audience
    users = ((tx.name_of(user) or user) if "@" in user else user for user in audience.users)
    return replace(audience, users=tuple(dict.fromkeys(users)))


def _previous(tx: InboxTransaction, draft: RequestDraft, run_id: str | None) -> HumanRequest | None:
    """Return the revision before; not a request of somebody else, whose id the data of a run may carry."""
    previous = tx.request(draft.previous) if draft.previous else None
    return previous if previous is not None and previous.run_id == run_id else None


def _as_stored(draft: RequestDraft, previous: HumanRequest | None) -> RequestDraft:
    """Return the draft as it reads after a crash. Raises `InvalidInput` if there is nothing to show."""
    if not draft.proposal:
        raise InvalidInput("there is nothing to show to people: the proposal is empty")
    return changed(
        draft,
        proposal=as_stored(draft.proposal, "the proposal"),
        context=as_stored(draft.context, "the context") if draft.context else {},
        verbs=tuple(verb if isinstance(verb, Verb) else Verb(verb) for verb in draft.verbs),
        channels=check_channels(draft.channels),
        previous=previous.id if previous else None,
    )


def find(tx: InboxTransaction, request_id: str) -> HumanRequest:
    """Return the stored request or raise `UnknownId`."""
    if (request := tx.request(request_id)) is None:
        raise UnknownId(f"there is no request {request_id!r} in this store; `handrail requests` lists them")
    return request


def _log(tx: InboxTransaction, event: Event, request: HumanRequest) -> None:
    move = event.move
    tx.append_event(
        move.kind,
        write_move(move),
        at=event.at,
        actor=event.actor,
        request_id=event.request_id,
        run_id=request.run_id,
    )


def _advance(
    tx: InboxTransaction, request: HumanRequest, actor: str, now: datetime, *moves: Move
) -> HumanRequest:
    """Apply moves, and write what they come to."""
    events = [Event(request.id, now, actor, move) for move in moves]
    return _write(tx, request.version, reduce(apply, events, request), events)


def _write(tx: InboxTransaction, since: int, request: HumanRequest, events: list[Event]) -> HumanRequest:
    """Store a request as events have made it from the version `since`, log them, and wake the run if it has ended."""
    now = events[-1].at
    if not tx.update_request(request, since):
        raise LostRace(request.id)
    for event in events:
        _log(tx, event, request)
        if event.move.kind in SHOWN and not request.ended:
            outbox.tell(tx, request, event.move.kind, now)
    if request.ended:
        outbox.tell(tx, request, "ended", now)
        waiting = tx.take_watchers(request.id) if request.draft.key else []  # only tasks are watched
        if request.run_id and not request.superseded_by and not request.draft.key:
            waiting.append((request.run_id, strand_of(request.address)))
        for run_id, strand in waiting:
            tx.add_wakeup(run_id, strand, now)
            tx.signal("wakeup", run_id)
        if request.worker:
            _assign_next(tx, request.worker, now)
    tx.signal("request", request.id)
    return request


def pass_time(tx: InboxTransaction, request: HumanRequest, now: datetime) -> HumanRequest:
    """Apply every move that time has made due."""
    while (move := overdue_move(request, now, tx.members)) is not None:
        request = _advance(tx, request, SYSTEM.name, now, move)
        if not request.ended:
            outbox.tell(tx, request, move.kind, now)
    return request


def sweep_request(tx: InboxTransaction, *, request_id: str, now: datetime) -> HumanRequest:
    """Apply what is overdue on one request."""
    return pass_time(tx, find(tx, request_id), now)


def decide(
    tx: InboxTransaction,
    *,
    request_id: str,
    verb: Verb | str,
    actor: Actor,
    now: datetime,
    payload: JSON = None,
    comment: str | None = None,
    seen_hash: str | None = None,
) -> HumanRequest | Conflict:
    """Add a person's decision; the policy says whether that is the outcome."""
    request = pass_time(tx, find(tx, request_id), now)
    # An outsider learns nothing about it, not even that it has ended; what is overdue is left to the sweep.
    check_may_act(request, actor, tx.members)
    try:
        target(request, Decided)
        check_seen(request, seen_hash)
    except Conflict as error:
        return error
    check_not_claimed(request, actor)
    meant = parse_verb(verb, request)
    check_decision(request, meant, payload, comment)
    decision = Decision(meant, actor.name, now, payload, comment, actor.strength, actor.channel)
    if meant is Verb.EDIT and not isinstance(request.policy.quorum, First):
        return _edit_for_all(tx, request, decision, actor, now)
    decided = Event(request.id, now, actor.name, Decided(decision))
    if (outcome := judge(voted := apply(request, decided), now)) is None:
        return _write(tx, request.version, voted, [decided])
    resolved = Event(request.id, now, actor.name, Resolved(outcome))
    return _write(tx, request.version, apply(voted, resolved), [decided, resolved])


def _edit_for_all(
    tx: InboxTransaction, request: HumanRequest, decision: Decision, actor: Actor, now: datetime
) -> HumanRequest:
    """Open the next revision, on which everybody votes anew: nobody approves what they haven't seen."""
    draft = replace(
        request.draft,
        proposal=merged(request.draft.proposal, decision.payload),
        previous=request.id,
        # It may have been reassigned or escalated to people who are not `within`: they have a say all the same.
        policy=replace(request.policy, audience=request.audience, within=None),
    )
    following = new_id("req", now)
    outcome = Outcome(Verb.EDIT, now, (actor.name,), decision.payload, decision.comment)
    _advance(tx, request, actor.name, now, Decided(decision), Resolved(outcome, superseded_by=following))
    return open_request(
        tx,
        draft,
        now=now,
        request_id=following,
        run_id=request.run_id,
        flow=request.flow,
        address=request.address,
        initiator=request.initiator,
    )


def _found_for(tx: InboxTransaction, request_id: str, actor: Actor, now: datetime) -> HumanRequest:
    """Return a request as it is now, if it asks this person: claims, releases and comments belong to those asked."""
    request = pass_time(tx, find(tx, request_id), now)
    check_may_act(request, actor, tx.members)
    return request


def claim(tx: InboxTransaction, *, request_id: str, actor: Actor, now: datetime) -> HumanRequest | Conflict:
    """Reserve a request for one person; only where a single decision is the outcome."""
    request = _found_for(tx, request_id, actor, now)
    if request.status is Status.CLAIMED and request.claimed_by == actor.name:
        return request
    if not request.ended and not isinstance(request.policy.quorum, First):
        return IllegalMove(
            f"request {request.id} asks several people: nobody can claim it, everybody decides", winner=None
        )
    return _move(tx, request, actor, now, Claimed(actor.name))


def release(tx: InboxTransaction, *, request_id: str, actor: Actor, now: datetime) -> HumanRequest | Conflict:
    """Give a claimed request back."""
    request = _found_for(tx, request_id, actor, now)
    if request.status is Status.CLAIMED:
        check_not_claimed(request, actor)
    return _move(tx, request, actor, now, Released(actor.name))


def comment(
    tx: InboxTransaction, *, request_id: str, actor: Actor, text: str, now: datetime, place: str | None = None
) -> HumanRequest | Conflict:
    """Say something about an open request; `place` is where on a channel it was said, and is told no more."""
    if not text.strip():
        raise InvalidInput("a comment needs a text")
    encode(text, "the comment")
    request = _found_for(tx, request_id, actor, now)
    moved = _move(tx, request, actor, now, Commented(actor.name, text))
    return _told(tx, moved, "commented", now, {"by": actor.name, "text": text, "of": place}, by=actor.name)


def reassign(
    tx: InboxTransaction,
    *,
    request_id: str,
    actor: Actor,
    to: Audience,
    now: datetime,
    reason: str | None = None,
) -> HumanRequest | Conflict:
    """Ask other people instead. Who was excluded stays excluded; votes of people no longer asked don't count.

    Once people have accounts, raises `InvalidInput`, with the field `to`, for whoever can't decide.
    """
    request = pass_time(tx, find(tx, request_id), now)
    if request.ended:
        return refusal(request, Reassigned)
    deciders.check_named(tx, to, "to")
    audience = Audience(to.users, to.groups, request.audience.excluded, request.audience.not_initiator)
    asked = people_asked(audience, tx.members, request.initiator)
    if not isinstance(request.policy.quorum, First) and asked is None:
        raise InvalidInput("a request that counts votes needs to know who is asked: name people or groups")
    check_reachable(request.policy, asked)
    voted = [decision.actor for decision in request.decisions]
    deciders.check_enough(tx, request.policy.quorum, asked, voted, "to")
    moved = _move(tx, request, actor, now, Reassigned(actor.name, audience, asked, reason))
    if request.worker:
        _assign_next(tx, request.worker, now)
    return _told(tx, _settled(tx, moved, now), "reassigned", now, by=actor.name)


def escalate(
    tx: InboxTransaction, *, request_id: str, actor: Actor, now: datetime
) -> HumanRequest | Conflict:
    """Take the next rung of the ladder now."""
    request = pass_time(tx, find(tx, request_id), now)
    if request.ended:
        return refusal(request, Escalated)
    if request.escalated >= len(request.policy.escalations):
        return IllegalMove(
            f"request {request.id} has no further rung to escalate to; reassign it instead", winner=None
        )
    move = escalated(request, tx.members, by=actor.name, deadline=request.deadline)
    return _told(tx, _move(tx, request, actor, now, move), "escalated", now, by=actor.name)


def remind(tx: InboxTransaction, *, request_id: str, actor: Actor, now: datetime) -> HumanRequest | Conflict:
    """Remind the people asked now, beside the planned reminders."""
    request = pass_time(tx, find(tx, request_id), now)
    moved = _move(tx, request, actor, now, Reminded(actor.name, request.reminded))
    return _told(tx, moved, "reminded", now, by=actor.name)


def withdraw(
    tx: InboxTransaction, *, request_id: str, actor: Actor, now: datetime, reason: str | None = None
) -> HumanRequest | Conflict:
    """Take a request back: nobody can decide it any more."""
    request = pass_time(tx, find(tx, request_id), now)
    return _move(tx, request, actor, now, Withdrawn(actor.name, reason))


def withdraw_all(tx: InboxTransaction, *, run_id: str, actor: str, now: datetime, reason: str) -> int:
    """Take back every request of a run that has ended itself."""
    return _withdraw_each(
        tx, tx.requests(Filter(PENDING, run_id=run_id, limit=1_000_000)), actor, now, reason
    )


def withdraw_tasks(tx: InboxTransaction, *, key_prefix: str, now: datetime, reason: str) -> None:
    """Take back the tasks whose keys begin so."""
    found = tx.requests(Filter(PENDING, key_prefix=key_prefix, limit=1_000_000))
    _withdraw_each(tx, found, SYSTEM.name, now, reason)


def _withdraw_each(
    tx: InboxTransaction, requests: list[HumanRequest], actor: str, now: datetime, reason: str
) -> int:
    """Take requests back: those in line first, or they would be given to whom the others have freed."""
    for request in sorted(requests, key=lambda request: not request.in_line):
        _advance(tx, request, actor, now, Withdrawn(actor, reason))
    return len(requests)


def _move(
    tx: InboxTransaction, request: HumanRequest, actor: Actor, now: datetime, move: Move
) -> HumanRequest | Conflict:
    try:
        target(request, type(move))
    except Conflict as error:
        return error
    return _advance(tx, request, actor.name, now, move)


def _settled(
    tx: InboxTransaction, request: HumanRequest | Conflict, now: datetime
) -> HumanRequest | Conflict:
    """Judge again: with other people asked, the given votes may be enough."""
    if isinstance(request, Conflict) or (outcome := judge(request, now)) is None:
        return request
    return _advance(tx, request, SYSTEM.name, now, Resolved(outcome))


def _told(
    tx: InboxTransaction,
    request: HumanRequest | Conflict,
    occasion: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
    *,
    by: str,
) -> HumanRequest | Conflict:
    if not isinstance(request, Conflict) and not request.ended:
        outbox.tell(tx, request, occasion, now, detail, by)
    return request


def latest(tx: InboxTransaction, request_id: str) -> HumanRequest:
    """Return the request, or the revision that replaced it while it was open."""
    request = find(tx, request_id)
    while request.superseded_by:
        request = find(tx, request.superseded_by)
    return request
