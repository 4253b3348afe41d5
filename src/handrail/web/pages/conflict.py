"""Somebody was faster: who, with what, when; what became of the reader's words; where to go on."""

from datetime import datetime
from typing import Any

from handrail.people.rights import Caller
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict
from handrail.requests.request import HumanRequest
from handrail.web.face import Face
from handrail.web.pages import sheet, telling
from handrail.web.pages.listed import Query
from handrail.web.pages.shown import Problem
from handrail.web.pages.words import ago

YOURS = {
    Verb.APPROVE: "Your approval was not counted.",
    Verb.EDIT: "Your version was not counted.",
    Verb.REQUEST_CHANGES: "Your request for changes was not counted.",
    Verb.REJECT: "Your rejection was not counted.",
    Verb.ANSWER: "Your answer was not counted.",
    Verb.ABSTAIN: "Your abstention was not counted.",
}


def _both(tx: Any, *, request_id: str, caller: Caller) -> tuple[HumanRequest, HumanRequest]:
    request = sheet.visible(tx, request_id=request_id, caller=caller)
    return request, sheet.newest(tx, request=request, caller=caller)


async def problem(
    face: Face, request_id: str, verb: str, error: Conflict, at: Query, caller: Caller
) -> Problem:
    """Return what a lost race is told as."""
    request, newest = await face.store.read(_both, request_id=request_id, caller=caller)
    lost = (
        YOURS.get(Verb(verb), "Yours was not counted.") if verb in tuple(Verb) else "Yours was not counted."
    )
    onward = (at.address(), "Next request")
    if newest.id != request.id:
        title = f"Revision {newest.revision} arrived while you were reading {request.revision}"
        told = "A decision counts only for what you saw. Your words are kept."
        return Problem(
            title, told, "soon", "revise", next=((at.open(newest.id), "Show what changed"), onward)
        )
    title, said = settled(request, face.clock.now())
    if not title:
        return Problem("Your decision was not counted", str(error), "soon", "users")
    if request.outcome and caller.name in request.outcome.by:
        lost = "That is yours already; it counts once."
    return Problem(title, f"{said} {lost}".strip(), "soon", "users", next=(onward,))


def settled(request: HumanRequest, now: datetime) -> tuple[str, str]:
    """Return who settled a request, how and when, and with what words; nothing of one that is open."""
    ended, outcome = telling.ending(request), request.outcome
    if ended is None or request.ended_at is None:
        return "", ""
    said = outcome.comment if outcome and outcome.cause == "decision" else None
    return f"{ended[2]} {ago(request.ended_at, now)}", f"“{said[:500]}”" if said else ""
