"""What people do on a board: validate, give feedback, unblock; start, pause, resume and stop a team.

Forms post here and lead back to the card or the board. Rights are looked at in the transaction that acts.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.rights import Caller, Right
from handrail.requests.decision import Verb
from handrail.requests.errors import (
    Conflict,
    IllegalMove,
    InvalidDecision,
    InvalidInput,
    NotAllowed,
    PayloadTooLarge,
    UnknownId,
)
from handrail.requests.request import HumanRequest
from handrail.teams import moves
from handrail.teams.ports import TeamTransaction
from handrail.web import acts
from handrail.web.auth.door import face_of
from handrail.web.failure import failure
from handrail.web.pages import board, boards, team_start, words
from handrail.web.pages.address import of_board
from handrail.web.pages.board_sight import Asked
from handrail.web.pages.posting import text
from handrail.web.pages.shown import Problem
from handrail.web.pages.visit import go, posted, text_of

router = APIRouter()
NOT_COUNTED = {
    "validate": "Your validation was not counted.",
    "feedback": "Your feedback was not given; your words are kept.",
    "unblock": "Nothing was unblocked; your words are kept.",
}

DONE_BY_YOU: dict[Verb | None, tuple[str, str]] = {
    Verb.APPROVE: ("validate", "You have validated it already"),
    Verb.EDIT: ("validate", "You have edited and validated it already"),
    Verb.REQUEST_CHANGES: ("feedback", "You have given feedback on it already"),
}
"""verb: the act that it is on a board, and how somebody is told that it was theirs"""


@dataclass(frozen=True)
class Act:
    """One post: who, on which board and card, with which words."""

    request: Request
    caller: Caller
    name: str
    run_id: str
    task: str
    opened: str
    """the card that was open"""
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> Asked:
        """What the reader was looking at."""
        return Asked(self.task or self.opened)

    async def steer(self, right: Right, unit: Callable[..., Any], **arguments: Any) -> Any:
        """Act by a unit of `teams.moves`."""
        of_task = {"task": self.task} if self.task else {}
        face = face_of(self.request)
        return await acts.steer(face, self.caller, right, unit, self.run_id, **of_task, **arguments)

    async def come_to(self, acting: Awaitable[Any], told: str) -> Response:
        """Act, and lead back; what is in the way is said on the page, with what was written."""
        try:
            await acting
        except (Conflict, NotAllowed, InvalidInput, InvalidDecision, PayloadTooLarge) as error:
            return await self.refused(error)
        return go(self.request, board.here(self.run_id, self.asked), told)

    async def refused(self, error: Exception) -> Response:
        """Return the page again, with what was written."""
        status = failure(error).status
        try:
            return await board.page(
                self.request,
                self.caller,
                self.run_id,
                self.asked,
                status,
                problem=await self._problem(error),
                typed={"act": self.name, **self.typed},
            )
        except UnknownId:  # the board isn't theirs to see
            raise error from None

    async def _problem(self, error: Exception) -> Problem:
        lost = NOT_COUNTED.get(self.name, "Nothing was changed.")
        match error:
            case Conflict(winner=self.caller.name):
                return await self._own(lost)
            case Conflict(winner=str(winner)):
                return Problem(
                    f"{winner} was faster", f"What you were shown is decided. {lost}", "soon", "users"
                )
            case Conflict() if not isinstance(error, IllegalMove) and self.typed.get("round"):
                return Problem(
                    "Another round is here", f"You were shown one before it. {lost}", "soon", "revise"
                )
            case Conflict():
                return Problem("This has moved on", f"{_sentence(error)} {lost}", "soon", "users")
            case NotAllowed():
                return Problem("Not yours to do", f"{_sentence(error)} {lost}", "ended", "user")
        return Problem("Nothing was changed", _sentence(error))

    async def _own(self, lost: str) -> Problem:
        """Return what somebody is told who was faster themselves, in another tab or with the key before."""
        face = face_of(self.request)
        request = await face.store.read(_decided, run_id=self.run_id, task=self.task)
        verb = request.outcome.verb if request is not None and request.outcome is not None else None
        ago = words.ago(request.ended_at, face.clock.now()) if request and request.ended_at else ""
        act, title = DONE_BY_YOU.get(verb, ("", "You have decided it already"))
        text = (
            "It counts once." if act == self.name == "validate" else f"What you were shown is decided. {lost}"
        )
        return Problem(f"{title}, {ago}" if ago else title, text, "soon", "users")


def _decided(tx: TeamTransaction, *, run_id: str, task: str) -> HumanRequest | None:
    card = tx.card(run_id, task)
    return tx.request(card.request) if card is not None and card.request else None


def _sentence(error: Exception) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith('.') else '.'}"


async def _act(request: Request, name: str) -> tuple[Act, FormData]:
    caller, form = await posted(request)
    run_id, task, opened = (text_of(form, each) for each in ("run", "task", "open"))
    typed = {"round": text_of(form, "round")}
    return Act(request, caller, name, run_id, task, opened, typed), form


def _round(form: FormData) -> int | None:
    given = text_of(form, "round")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


@router.post("/board/validate")
async def validate(request: Request) -> Response:
    """Approve the result of the round that was shown."""
    act, form = await _act(request, "validate")
    if (number := _round(form)) is None:  # it is bound to what was shown
        return await act.refused(Conflict("it didn’t say which round was shown: look, and validate again"))
    acting = act.steer(Right.DECIDE, moves.validate, round=number)
    return await act.come_to(acting, "Validated.")


@router.post("/board/feedback")
async def feedback(request: Request) -> Response:
    """Say what is to be different; bound to the round that was shown, if it awaited validation."""
    act, form = await _act(request, "feedback")
    content = text(form, "content")
    act.typed["content"] = content
    acting = act.steer(Right.FEEDBACK, moves.give_feedback, content=content, round=_round(form))
    return await act.come_to(acting, "Feedback given.")


@router.post("/board/unblock")
async def unblock(request: Request) -> Response:
    """Say that the obstacle is removed."""
    act, form = await _act(request, "unblock")
    note = text(form, "note")
    act.typed["note"] = note
    acting = act.steer(Right.FEEDBACK, moves.unblock, note=note or None)
    return await act.come_to(acting, "Unblocked.")


@router.post("/board/pause")
async def pause(request: Request) -> Response:
    """Let agents end the call they are in, and begin no other."""
    act, _ = await _act(request, "pause")
    return await act.come_to(
        act.steer(Right.STEER, moves.pause), "Paused. Calls that are under way end first."
    )


@router.post("/board/resume")
async def resume(request: Request) -> Response:
    """Let the work go on."""
    act, _ = await _act(request, "resume")
    return await act.come_to(act.steer(Right.STEER, moves.resume), "Resumed.")


@router.post("/board/stop")
async def stop(request: Request) -> Response:
    """End the work for good."""
    act, _ = await _act(request, "stop")
    return await act.come_to(act.steer(Right.STEER, moves.stop), "Stopped. Nobody is asked any more.")


@router.post("/board/start")
async def start(request: Request) -> Response:
    """Start a run of a team that this app knows."""
    caller, form = await posted(request, Right.START)
    face, name = face_of(request), text(form, "team")
    if (flow := team_start.known_teams(face).get(name)) is None:
        raise UnknownId(f"this app knows no team {name[:80]!r}; the list of teams shows those it does")
    given = team_start.typed(flow, form)
    try:
        run = await face.start(name, team_start.inputs(given), None, initiator=caller.name)
    except (InvalidInput, PayloadTooLarge) as error:
        query = {"view": "", "status": "", "team": name}
        problem = Problem("Nothing was started", _sentence(error))
        return await boards.page(
            request, caller, query, failure(error).status, start=True, problem=problem, form=given
        )
    return go(request, of_board(run.id), "Started.")
