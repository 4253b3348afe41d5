"""All that is needed to judge one request, read in one moment, and nothing that the reader may not see.

What the reader may do with it is found by the checks of the acts themselves, so that no page promises more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.inbox import deciders
from handrail.inbox.ports import Filter
from handrail.inbox.similar import Similar, similar_to
from handrail.inbox.viewer import Viewer
from handrail.people import access
from handrail.people.rights import TABLE, Caller, Right, includes
from handrail.requests.decision import Verb
from handrail.requests.errors import NotAllowed, UnknownId
from handrail.requests.lifecycle import Commented, Decided, Event
from handrail.requests.policy import First
from handrail.requests.record import is_blind
from handrail.requests.request import HumanRequest
from handrail.requests.routing import may_see
from handrail.runs.listing import sees_run
from handrail.runs.run import StoredRun
from handrail.runs.timeline import Post, read_latest
from handrail.web.pages import messages
from handrail.web.pages.choices import choices

MOVES = (Right.CLAIM, Right.COMMENT, Right.REASSIGN, Right.ESCALATE, Right.REMIND, Right.WITHDRAW)
STEPS = 13
"""of the run that asks, the latest of its own: the one that asks, and twelve before"""
NOTHING_TOLD = messages.Told()
REVISIONS = 100
"""of one thread, those that are looked at to find the newest"""


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
    steps: tuple[Post, ...]
    earlier: int
    """how many steps of the run came before these"""
    similar: tuple[Similar, ...]
    moves: frozenset[Right]
    """what the reader may do with it while it is open, beside deciding"""
    refused: NotAllowed | None
    """why a decision of the reader would be refused; None if it wouldn't"""
    is_asked: bool
    """whether the audience includes the reader now"""
    unable: Mapping[str, str]
    """who is asked by name and may not decide all the same, and what they are"""
    blind: bool
    shortage: str | None = None
    """why those asked can't come to an outcome, for admins"""
    choices: tuple[str, ...] = ()
    """whom it may be reassigned to, where that is asked"""
    told: messages.Told = NOTHING_TOLD
    """what is told through channels, for whom it concerns"""
    card: tuple[str, str] | None = None
    """the run of a team and its task, if it is about one whose board the reader may see"""

    @property
    def needs_answer(self) -> bool:
        """Whether it is a form: it can't be decided with a button alone."""
        return Verb.ANSWER in self.request.draft.verbs

    @property
    def counts_votes(self) -> bool:
        """Whether several people decide."""
        return not isinstance(self.request.policy.quorum, First)


def read(tx: Any, *, request_id: str, caller: Caller, ask: str = "") -> Sheet:
    """Return the sheet of a request, and for the move `ask` what that needs.

    Raises `UnknownId` if there is none that the reader may see.
    """
    request = visible(tx, request_id=request_id, caller=caller)
    previous = tx.request(request.draft.previous) if request.draft.previous else None
    run = tx.run(request.run_id) if request.run_id else None
    blind = is_blind(request, caller.name)
    viewer = Viewer(caller.name, tuple(tx.groups_of(caller.name)), caller.is_admin)
    steps, earlier = read_latest(tx, run_id=run.id, most=STEPS) if run else ((), 0)
    return Sheet(
        request=request,
        previous=previous,
        latest=newest(tx, request=request, caller=caller),
        remarks=tuple(_remarks(tx, request, caller.name)),
        run=run,
        steps=steps,
        earlier=earlier,
        similar=tuple(similar_to(tx, request_id=request.id, viewer=viewer, most=3)),
        moves=frozenset(right for right in MOVES if _refusal(tx, caller, right, request) is None),
        refused=_refusal(tx, caller, Right.DECIDE, request),
        is_asked=includes(request, caller.name, tx.members),
        unable=_unable(tx, request),
        blind=blind,
        shortage=deciders.shortage(tx, request) if caller.is_admin else None,
        choices=choices(tx, request, caller) if ask == "reassign" else (),
        told=messages.read(tx, request, caller),
        card=_card(tx, request, run, viewer),
    )


def _refusal(tx: Any, caller: Caller, right: Right, request: HumanRequest) -> NotAllowed | None:
    return access.refusal(tx, caller=caller, right=right, request=request)


def _unable(tx: Any, request: HumanRequest) -> dict[str, str]:
    """Return who is asked by name and may not decide, by the table of rights; whom nobody has added isn't known."""
    found = {}
    for name in dict.fromkeys((*request.audience.users, *(request.asked or ()))):
        if (person := tx.person(name)) is None:
            continue
        if not person.active:
            found[name] = "switched off"
        elif person.role not in TABLE[Right.DECIDE][0]:
            found[name] = f"a {person.role}"
    return found


def _card(tx: Any, request: HumanRequest, run: StoredRun | None, viewer: Viewer) -> tuple[str, str] | None:
    """Return which card of a board a request is about: a result to validate, or what an agent may do."""
    if run is None:
        return None
    of_agent = run.parent is not None
    team = tx.run(run.parent) if of_agent else run
    task = run.input.get("task") if of_agent else request.address
    if (
        team is None
        or not isinstance(task, str)
        or tx.team(team.id) is None
        or not sees_run(tx, viewer, team)
    ):
        return None
    return team.id, task


def visible(tx: Any, *, request_id: str, caller: Caller) -> HumanRequest:
    """Return a request. Raises `UnknownId` if there is none that the reader may see: it doesn't tell which."""
    request: HumanRequest | None = tx.request(request_id)
    if request is not None and (caller.is_admin or may_see(request, caller.name, tx.groups_of(caller.name))):
        return request
    raise UnknownId(f"there is no request {request_id!r:.60} that you may see")


def newest(tx: Any, *, request: HumanRequest, caller: Caller) -> HumanRequest:
    """Return the latest revision that the reader may see, whether people replaced the others or a run asked anew."""
    later = tx.requests(Filter(thread=request.thread, after=request.id, limit=REVISIONS))
    groups = tx.groups_of(caller.name) if later else ()
    seen = [each for each in later if caller.is_admin or may_see(each, caller.name, groups)]
    latest: HumanRequest = max([request, *seen], key=lambda each: each.revision)
    return latest


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
