"""All that is needed to judge one request, read in one moment, and nothing that the reader may not see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.inbox.similar import Similar, similar_to
from handrail.inbox.viewer import Viewer
from handrail.people.rights import Caller, Right, includes, may_for_request
from handrail.requests.decision import Verb
from handrail.requests.errors import UnknownId
from handrail.requests.lifecycle import Commented, Decided, Event
from handrail.requests.policy import First
from handrail.requests.record import is_blind
from handrail.requests.request import HumanRequest
from handrail.requests.routing import may_see
from handrail.runs.history import read_steps
from handrail.runs.run import StoredRun

MOVES = (Right.REASSIGN, Right.ESCALATE, Right.REMIND, Right.WITHDRAW)


@dataclass(frozen=True)
class Remark:
    """Something a person said: a comment, or the words of a decision."""

    by: str
    at: datetime
    text: str
    verb: Verb | None = None
    revision: int = 1


@dataclass(frozen=True)
class Sheet:
    """A request with what surrounds it, for one reader."""

    request: HumanRequest
    previous: HumanRequest | None
    latest: HumanRequest
    remarks: tuple[Remark, ...]
    run: StoredRun | None
    steps: tuple[dict[str, Any], ...]
    similar: tuple[Similar, ...]
    moves: frozenset[Right]
    is_asked: bool
    """whether the reader's decision would count: the audience includes them"""
    blind: bool

    @property
    def needs_answer(self) -> bool:
        """Whether it is a form: it can't be decided with a button alone."""
        return Verb.ANSWER in self.request.draft.verbs

    @property
    def counts_votes(self) -> bool:
        """Whether several people decide."""
        return not isinstance(self.request.policy.quorum, First)


def read(tx: Any, *, request_id: str, caller: Caller) -> Sheet:
    """Return the sheet of a request. Raises `UnknownId` if there is none that the reader may see."""
    request = visible(tx, request_id=request_id, caller=caller)
    previous = tx.request(request.draft.previous) if request.draft.previous else None
    run = tx.run(request.run_id) if request.run_id else None
    blind = is_blind(request, caller.name)
    viewer = Viewer(caller.name, tuple(tx.groups_of(caller.name)), caller.is_admin)
    return Sheet(
        request=request,
        previous=previous,
        latest=newest(tx, request=request),
        remarks=tuple(_remarks(tx, request, caller.name)),
        run=run,
        steps=tuple(read_steps(tx, run_id=run.id)) if run else (),
        similar=tuple(similar_to(tx, request_id=request.id, viewer=viewer, most=3)),
        moves=frozenset(right for right in MOVES if may_for_request(caller, right, request, tx.members)),
        is_asked=includes(request, caller.name, tx.members),
        blind=blind,
    )


def visible(tx: Any, *, request_id: str, caller: Caller) -> HumanRequest:
    """Return a request. Raises `UnknownId` if there is none that the reader may see: it doesn't tell which."""
    request: HumanRequest | None = tx.request(request_id)
    if request is not None and (caller.is_admin or may_see(request, caller.name, tx.groups_of(caller.name))):
        return request
    raise UnknownId(f"there is no request {request_id!r:.60} that you may see")


def newest(tx: Any, *, request: HumanRequest) -> HumanRequest:
    """Return the revision that counts now."""
    seen = {request.id}
    while request.superseded_by and request.superseded_by not in seen:
        seen.add(request.superseded_by)
        if (newer := tx.request(request.superseded_by)) is None:
            break
        request = newer
    return request


def _remarks(tx: Any, request: HumanRequest, viewer: str) -> list[Remark]:
    """Return what was said about a request and the revisions before it, oldest first."""
    found: list[Remark] = []
    at: HumanRequest | None = request
    for _ in range(50):  # rounds of one thread that are read back
        if at is None:
            break
        found = [*_said(tx.events(at.id), at, viewer), *found]
        at = tx.request(at.draft.previous) if at.draft.previous else None
    return found


def _said(events: list[Event], request: HumanRequest, viewer: str) -> list[Remark]:
    hidden = is_blind(request, viewer)
    found = []
    for event in events:
        match event.move:
            case Commented(by, text):
                found.append(Remark(by, event.at, text, None, request.revision))
            case Decided(decision) if (decision.comment or "").strip() and not hidden:
                said = decision.comment or ""
                found.append(Remark(decision.actor, event.at, said, decision.verb, request.revision))
    return found
