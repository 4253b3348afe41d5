"""What people do with a request: decide, and every other move. Forms post here and lead to the next request."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.inbox import moves, retrying
from handrail.people.rights import Caller, Right, check
from handrail.requests.decision import Verb
from handrail.requests.errors import (
    Conflict,
    FieldProblem,
    InvalidDecision,
    InvalidInput,
    NotAllowed,
    PayloadTooLarge,
    UnknownId,
)
from handrail.requests.policy import audience
from handrail.requests.request import HumanRequest
from handrail.web import acts
from handrail.web.auth.door import face_of
from handrail.web.failure import failure
from handrail.web.pages import asking, conflict, posting, sheet
from handrail.web.pages.inbox import At, Known, beside, open_page
from handrail.web.pages.listed import Query as Asked
from handrail.web.pages.notice import Notice, leave
from handrail.web.pages.posting import Posting
from handrail.web.pages.shown import FieldLink, Problem, Typed
from handrail.web.pages.telling import DONE, LOOKS
from handrail.web.pages.visit import form_of
from handrail.web.pages.words import sentence

router = APIRouter()
UNCHANGED = "Nothing was changed"
ASKED_FIRST = frozenset({Right.REASSIGN, Right.WITHDRAW})
"""moves whose question is shown again, with what was typed into it"""


@dataclass(frozen=True)
class Visit:
    """One post: who, about what, and where they were in their list."""

    request: Request
    caller: Caller
    at: Asked
    request_id: str

    async def shown(self) -> HumanRequest:
        """Return the request. Raises `UnknownId` if there is none that they may see."""
        store = face_of(self.request).store
        return await store.read(sheet.visible, request_id=self.request_id, caller=self.caller)

    async def page(
        self, status: int, problem: Problem | None, typed: Typed, *, edit: bool = False, ask: str = ""
    ) -> Response:
        """Return the page again, with what was written."""
        return await open_page(
            self.request,
            self.caller,
            self.at,
            self.request_id,
            status=status,
            problem=problem,
            typed=typed,
            edit=edit,
            ask=ask,
        )


@router.post("/requests/{request_id}/decide")
async def decide(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Decide, and go to the next request."""
    form = await form_of(request)
    check(caller, Right.DECIDE)
    visit = Visit(request, caller, at, request_id)
    asked = await visit.shown()
    given = posting.read(asked, form)
    if given.again:  # an entry was added or taken out: nothing is sent yet
        return await visit.page(200, None, given.typed, edit=given.is_edit)
    if given.problems:
        return await visit.page(422, _fields(given), given.typed, edit=given.is_edit)
    if given.seen is None:  # a decision is bound to what was shown
        problem = Problem(
            "Your decision was not counted", "It didn’t say what was shown. Look, and decide again."
        )
        return await visit.page(409, problem, given.typed, edit=given.is_edit)
    near = await beside(request, caller, at, request_id)
    try:
        decided = await acts.decide(
            face_of(request),
            caller,
            request_id,
            given.verb,
            payload=given.payload,
            comment=given.comment,
            seen_hash=given.seen,
        )
    except InvalidDecision as error:
        told = posting.misfit(asked, given, error)
        return await visit.page(422, _fields(told), told.typed, edit=given.is_edit)
    except (InvalidInput, PayloadTooLarge) as error:
        problem = Problem("Nothing was decided", str(error))
        return await visit.page(failure(error).status, problem, given.typed, edit=given.is_edit)
    except Conflict as error:
        problem = await conflict.problem(face_of(request), visit.request_id, given.verb, error, at, caller)
        return await visit.page(409, problem, given.typed, edit=given.is_edit)
    except NotAllowed as error:
        problem = Problem("Not yours to decide", str(error), "ended", "user")
        return await visit.page(403, problem, given.typed, edit=given.is_edit)
    follow = near.next or near.previous
    where = at.open(follow) if follow else at.address()
    return leave(request, where, _told(asked, decided, given.verb, at))


def _fields(given: Posting) -> Problem:
    """Return what is at fault, with links to the fields."""
    number = len(given.problems)
    links = tuple(FieldLink(target, word, message) for target, word, message in given.problems)
    if number == 1:
        _, word, message = given.problems[0]
        return Problem("One answer needs a change before this counts", f"{word}: {message}", links=links)
    return Problem(f"{number} answers need a change before this counts", "", links=links)


def _told(asked: HumanRequest, decided: HumanRequest, verb: str, at: Asked) -> Notice:
    """Return what the next page says about it: only what the server knows."""
    title = named(asked)
    look, icon = LOOKS[Verb(verb)]
    if decided.id != asked.id:
        return Notice(
            "Your version is the next revision.", title, "revise", "pencil", at.open(decided.id), "Open it"
        )
    said = f"{DONE[Verb(verb)].capitalize()}."
    if not decided.ended:
        said = "Your vote is counted."
    return Notice(said, title, look.removeprefix("is-"), icon, at.open(asked.id), "See it")


def named(request: HumanRequest) -> str:
    """Return what tells a request from others that are called the same: its title, and whose it is."""
    return " · ".join(each for each in (request.draft.title[:200], (request.run_id or "")[:60]) if each)


@router.post("/requests/{request_id}/claim")
async def claim(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Reserve a request."""
    await form_of(request)
    return await _moved(Visit(request, caller, at, request_id), Right.CLAIM, moves.claim, "Claimed.")


@router.post("/requests/{request_id}/release")
async def release(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Give a claimed request back."""
    await form_of(request)
    return await _moved(Visit(request, caller, at, request_id), Right.CLAIM, moves.release, "Released.")


@router.post("/requests/{request_id}/comment")
async def comment(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Say something without deciding."""
    text = posting.text(await form_of(request), "text")
    visit = Visit(request, caller, at, request_id)
    if not text.strip():
        told = "write what you want to say"
        problem = Problem(UNCHANGED, sentence(told), links=(FieldLink("comment", "Your comment", told),))
        return await visit.page(422, problem, Typed())
    return await _moved(
        visit, Right.COMMENT, moves.comment, "Comment added.", typed=Typed(text=text), text=text
    )


@router.post("/requests/{request_id}/remind")
async def remind(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Remind those asked."""
    await form_of(request)
    return await _moved(Visit(request, caller, at, request_id), Right.REMIND, moves.remind, "Reminded.")


@router.post("/requests/{request_id}/escalate")
async def escalate(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Take the next rung of the ladder now."""
    await form_of(request)
    return await _moved(Visit(request, caller, at, request_id), Right.ESCALATE, moves.escalate, "Escalated.")


@router.post("/requests/{request_id}/reassign")
async def reassign(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Ask other people instead."""
    form = await form_of(request)
    to, reason = posting.text(form, "to"), posting.text(form, "reason")
    who = [name.strip() for name in to.split(",") if name.strip()]
    typed = Typed(fields={"to": to, "reason": reason})
    visit = Visit(request, caller, at, request_id)
    if not who:
        fault = FieldProblem("to", "Name who should decide.")
        return await visit.page(422, *_misnamed(visit.caller, typed, fault), ask="reassign")
    try:
        named = audience(who)
    except InvalidInput as error:
        return await visit.page(422, Problem(UNCHANGED, str(error)), typed, ask="reassign")
    return await _moved(
        visit, Right.REASSIGN, moves.reassign, "Reassigned.", typed=typed, to=named, reason=reason or None
    )


@router.post("/requests/{request_id}/withdraw")
async def withdraw(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Take a request back."""
    reason = posting.text(await form_of(request), "reason")
    typed = Typed(fields={"reason": reason})
    visit = Visit(request, caller, at, request_id)
    return await _moved(
        visit, Right.WITHDRAW, moves.withdraw, "Withdrawn.", typed=typed, reason=reason or None
    )


@router.post("/requests/{request_id}/retry")
async def retry(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Have a message of the request tried again."""
    message_id = posting.text(await form_of(request), "message")
    check(caller, Right.OUTBOX)
    visit, face = Visit(request, caller, at, request_id), face_of(request)
    await visit.shown()
    now = face.clock.now()
    try:
        again = await face.store.do(retrying.retry, message_id=message_id, actor=caller.actor, now=now)
    except Conflict as error:
        return await visit.page(409, Problem(UNCHANGED, str(error)), Typed())
    said = "The message is tried now." if again.due_at == now else "The message is tried within two minutes."
    return leave(request, at.open(request_id), Notice(said, f"{again.channel} {again.to}".strip()))


def _misnamed(caller: Caller, typed: Typed, fault: FieldProblem) -> tuple[Problem, Typed]:
    """Return what is said above the page and beside the field of whoever is named wrongly."""
    link = FieldLink(f"ask-{fault.path}", asking.TO)
    told = f"{sentence(fault.message)} Name somebody else{', or change that under People' if caller.is_admin else ''}."
    onward = (("/settings/people", "People"),) if caller.is_admin else ()
    problem = Problem(UNCHANGED, told, links=(link,), next=onward)
    return problem, replace(typed, faults={fault.path: fault.message})


async def _moved(
    visit: Visit,
    right: Right,
    unit: Callable[..., HumanRequest | Conflict],
    said: str,
    *,
    typed: Typed | None = None,
    **arguments: Any,
) -> Response:
    """Make a move and show the request again; what is in the way is said there, with what was written."""
    face = face_of(visit.request)
    try:
        moved = await acts.move(face, visit.caller, right, unit, visit.request_id, **arguments)
    except (Conflict, NotAllowed, InvalidInput, InvalidDecision, PayloadTooLarge) as error:
        problem = Problem(UNCHANGED, str(error))
        ask = unit.__name__ if right in ASKED_FIRST else ""
        if isinstance(error, InvalidInput) and ask and error.fields:
            problem, typed = _misnamed(visit.caller, typed or Typed(), error.fields[0])
        try:
            return await visit.page(failure(error).status, problem, typed or Typed(), ask=ask)
        except UnknownId:
            raise error from None
    where = visit.at.open(moved.id)
    try:
        await visit.shown()
    except UnknownId:  # it asks others now
        where = visit.at.address()
    notice = Notice(said, named(moved))
    return leave(visit.request, where, notice)
