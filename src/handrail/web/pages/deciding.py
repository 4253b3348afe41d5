"""What people do with a request: decide, and every other move. Forms post here and lead to the next request."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.rights import Caller, Right, check, check_request
from handrail.requests.decision import Verb
from handrail.requests.errors import (
    Conflict,
    InvalidDecision,
    InvalidInput,
    NotAllowed,
    PayloadTooLarge,
    UnknownId,
)
from handrail.requests.request import HumanRequest
from handrail.web import acts
from handrail.web.auth.door import face_of
from handrail.web.failure import failure
from handrail.web.pages import conflict, posting, sheet
from handrail.web.pages.inbox import At, Known, beside, open_page
from handrail.web.pages.listed import Query as Asked
from handrail.web.pages.notice import Notice, leave
from handrail.web.pages.posting import Posting
from handrail.web.pages.shown import FieldLink, Problem, Typed
from handrail.web.pages.telling import DONE, LOOKS
from handrail.web.pages.visit import form_of

router = APIRouter()


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
    links = tuple(FieldLink(target, word) for target, word, _ in given.problems)
    if number == 1:
        _, word, message = given.problems[0]
        return Problem("One answer needs a change before this counts", f"{word}: {message}", links=links)
    return Problem(f"{number} answers need a change before this counts", "", links=links)


def _told(asked: HumanRequest, decided: HumanRequest, verb: str, at: Asked) -> Notice:
    """Return what the next page says about it: only what the server knows."""
    title = asked.draft.title[:200]
    look, icon = LOOKS[Verb(verb)]
    if decided.id != asked.id:
        return Notice(
            "Your version is the next revision.", title, "revise", "pencil", at.open(decided.id), "Open it"
        )
    said = f"{DONE[Verb(verb)].capitalize()}."
    if not decided.ended:
        said = "Your vote is counted."
    return Notice(said, title, look.removeprefix("is-"), icon, at.open(asked.id), "See it")


@router.post("/requests/{request_id}/claim")
async def claim(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Reserve a request."""
    await form_of(request)
    check(caller, Right.CLAIM)
    visit = Visit(request, caller, at, request_id)
    await visit.shown()
    return await _moved(
        visit, face_of(request).inbox.claim(request_id, actor=caller.actor), "Claimed.", Typed()
    )


@router.post("/requests/{request_id}/release")
async def release(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Give a claimed request back."""
    await form_of(request)
    check(caller, Right.CLAIM)
    visit = Visit(request, caller, at, request_id)
    await visit.shown()
    return await _moved(
        visit, face_of(request).inbox.release(request_id, actor=caller.actor), "Released.", Typed()
    )


@router.post("/requests/{request_id}/comment")
async def comment(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Say something without deciding."""
    form = await form_of(request)
    check(caller, Right.COMMENT)
    text = posting.text(form, "text")
    visit = Visit(request, caller, at, request_id)
    await visit.shown()
    moving = face_of(request).inbox.comment(request_id, text, actor=caller.actor)
    return await _moved(visit, moving, "Comment added.", Typed(text=text))


@router.post("/requests/{request_id}/remind")
async def remind(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Remind those asked."""
    await form_of(request)
    visit = await _permitted(request, caller, at, request_id, Right.REMIND)
    return await _moved(
        visit, face_of(request).inbox.remind(request_id, actor=caller.actor), "Reminded.", Typed()
    )


@router.post("/requests/{request_id}/escalate")
async def escalate(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Take the next rung of the ladder now."""
    await form_of(request)
    visit = await _permitted(request, caller, at, request_id, Right.ESCALATE)
    moving = face_of(request).inbox.escalate(request_id, actor=caller.actor)
    return await _moved(visit, moving, "Escalated.", Typed())


@router.post("/requests/{request_id}/reassign")
async def reassign(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Ask other people instead."""
    form = await form_of(request)
    visit = await _permitted(request, caller, at, request_id, Right.REASSIGN)
    to, reason = posting.text(form, "to"), posting.text(form, "reason")
    who = [name.strip() for name in to.split(",") if name.strip()]
    typed = Typed(fields={"to": to, "reason": reason})
    if not who:
        problem = Problem("Nobody is named", "Name who should decide; nothing was changed.")
        return await visit.page(422, problem, typed, ask="reassign")
    moving = face_of(request).inbox.reassign(request_id, who, actor=caller.actor, reason=reason or None)
    return await _moved(visit, moving, "Reassigned.", typed, ask="reassign")


@router.post("/requests/{request_id}/withdraw")
async def withdraw(request: Request, caller: Known, at: At, request_id: str) -> Response:
    """Take a request back."""
    form = await form_of(request)
    visit = await _permitted(request, caller, at, request_id, Right.WITHDRAW)
    reason = posting.text(form, "reason")
    moving = face_of(request).inbox.withdraw(request_id, actor=caller.actor, reason=reason or None)
    return await _moved(visit, moving, "Withdrawn.", Typed(fields={"reason": reason}), ask="withdraw")


def _rights(tx: Any, *, caller: Caller, right: Right, request_id: str) -> None:
    check_request(caller, right, sheet.visible(tx, request_id=request_id, caller=caller), tx.members)


async def _permitted(request: Request, caller: Caller, at: Asked, request_id: str, right: Right) -> Visit:
    """Return the visit. Raises `NotAllowed` if this isn't theirs to do."""
    await face_of(request).store.read(_rights, caller=caller, right=right, request_id=request_id)
    return Visit(request, caller, at, request_id)


async def _moved(
    visit: Visit, moving: Awaitable[HumanRequest], said: str, typed: Typed, *, ask: str = ""
) -> Response:
    """Make a move and show the request again; what is in the way is said there, with what was written."""
    try:
        moved = await moving
    except (Conflict, NotAllowed, InvalidInput, InvalidDecision, PayloadTooLarge) as error:
        status = failure(error).status
        problem = Problem("Nothing was changed", str(error))
        try:
            return await visit.page(status, problem, typed, ask=ask)
        except UnknownId:
            raise error from None
    where = visit.at.open(moved.id)
    try:
        await visit.shown()
    except UnknownId:  # it asks others now
        where = visit.at.address()
    notice = Notice(said, moved.draft.title[:200])
    return leave(visit.request, where, notice)
