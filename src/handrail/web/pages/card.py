"""An open card in the words and the markup of its page: what was asked, what came of it, what can be done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.people.rights import Caller, Right, may
from handrail.requests.content import JSON
from handrail.requests.request import HumanRequest
from handrail.requests.wording import count
from handrail.teams.card import Card
from handrail.teams.inspection import Inspection, Revision
from handrail.teams.plan import PLACEHOLDER
from handrail.teams.status import TaskStatus, WorkflowStatus
from handrail.web.content.comparison import compared
from handrail.web.content.difference import inline_difference
from handrail.web.content.markdown import prose_html
from handrail.web.content.rendered import Rendered
from handrail.web.content.value import proposal_html
from handrail.web.face import Face
from handrail.web.pages import telling
from handrail.web.pages.address import of_task, queried
from handrail.web.pages.board_sight import Asked, Sight
from handrail.web.pages.board_status import TASKS
from handrail.web.pages.card_log import entries
from handrail.web.pages.columns import cost, waits_for
from handrail.web.pages.mind import model_of
from handrail.web.pages.status import STATUSES

TEXT = 20_000
"""characters of a description that are shown"""
WHOLE = 1 << 20
"""characters of a result that are shown when all of it is asked for"""


@dataclass(frozen=True)
class Result:
    """One result of a task as it is shown: itself, or what has changed since the one before."""

    revision: Revision
    body: Rendered
    previous: Revision | None
    changes: int | None
    """passages that have changed, if that is what is shown"""
    latest: bool


def address(run_id: str, task: str, **more: Any) -> str:
    """Return where a card is open."""
    return queried(of_task(run_id, task).partition("?")[0], {"task": task}, **more)


def values(sight: Sight, caller: Caller, asked: Asked, now: datetime, face: Face) -> dict[str, Any]:
    """Return what the template of an open card is given."""
    opened, board = sight.opened, sight.board
    assert opened is not None
    card = opened.card
    request = board.requests.get(card.id)
    sees = request is not None and sight.viewer.sees(request)
    decides = request is not None and may(caller, Right.DECIDE) and sight.viewer.works_on(request)
    over = board.team.status in (WorkflowStatus.STOPPING, WorkflowStatus.STOPPED)
    awaiting = card.status is TaskStatus.AWAITING_VALIDATION
    feeds = Right.FEEDBACK in sight.rights and not over and board.team.status is not WorkflowStatus.INITIAL
    held = board.held_up_by(card.id)
    titles = {each.id: each.planned.title for each in board.cards}
    return {
        "card": card,
        "told": TASKS[card.status],
        "model": model_of(face, sight.run.flow, card.planned.agent),
        "description": prose_html(opened.description, limit=TEXT),
        "expected": prose_html(opened.expected_output, limit=TEXT) if opened.expected_output else "",
        "unfilled": _unfilled(card, opened),
        "result": _result(opened, asked),
        "revisions": opened.revisions,
        "rounds": opened.rounds[::-1],
        "runs": STATUSES,
        "feedback": opened.feedback,
        "more_feedback": card.feedback - len(opened.feedback),
        "log": entries(opened.log),
        "older": address(board.team.run_id, card.id, before=opened.older) if opened.older else None,
        "paged": asked.before is not None,
        "cost": cost(card.usage),
        "tokens": card.usage.input_tokens + card.usage.output_tokens,
        "request": request if sees else None,
        "line": waits_for(request, sight.viewer if decides else None) if request is not None else None,
        "ahead": board.ahead.get(card.id, 0),
        "needs": [(one, titles.get(one, one)) for one in board.needs.get(card.id, ())],
        "held": [(each.id, each.planned.title) for each in held],
        "at": lambda **more: address(board.team.run_id, card.id, **more),
        "may_validate": awaiting and decides and not over,
        "may_unblock": card.status is TaskStatus.BLOCKED and feeds and not card.ready,
        "may_feedback": feeds and (decides or not awaiting),
        "why_not": _why_not(sight, caller, card, request, decides=decides, over=over),
        "effect": _effect(card, len(held)),
        "round": card.round if awaiting else None,
        "state": f"{card.status} {card.round} {board.team.status}",
    }


def _unfilled(card: Card, opened: Inspection) -> list[str]:
    """Return the placeholders of a description that nobody has filled yet."""
    text = f"{card.planned.description} {card.planned.expected_output or ''}"
    shown = f"{opened.description} {opened.expected_output}"
    return [name for name in dict.fromkeys(PLACEHOLDER.findall(text)) if name and f"{{{name}}}" in shown]


def _result(opened: Inspection, asked: Asked) -> Result | None:
    """Return the result that is asked for: by default the latest, awaiting validation with what has changed in it."""
    revisions = opened.revisions
    if not revisions:
        return None
    number = min(asked.revision or len(revisions), len(revisions))
    revision = revisions[number - 1]
    previous = revisions[number - 2] if number > 1 else None
    judged = opened.card.status is TaskStatus.AWAITING_VALIDATION and asked.revision is None
    latest = number == len(revisions)
    if previous is not None and (asked.show == "changes" or (judged and not asked.show)):
        found = compared(_proposal(previous.result), _proposal(revision.result))
        return Result(revision, inline_difference(found), previous, found.changes, latest)
    whole = WHOLE if asked.show == "whole" else None
    body = proposal_html(_proposal(revision.result), **({"limit": whole} if whole else {}))
    return Result(revision, body, previous, None, latest)


def _proposal(result: JSON) -> dict[str, JSON]:
    """Return a result as what is proposed: data under their own keys, a text alone."""
    return result if isinstance(result, dict) and result else {"content": result}


def _effect(card: Card, held: int) -> str:
    """Return in words what the acts come to."""
    agent = card.planned.agent
    waits = f"{count(held, 'task waits', 'tasks wait')} for it" if held else "no task waits for it"
    match card.status:
        case TaskStatus.AWAITING_VALIDATION:
            return f"Validating finishes it; {waits}. Feedback sends it back to {agent}."
        case TaskStatus.BLOCKED if card.ready:
            return "Its obstacle is removed: it goes on as soon as there is room."
        case TaskStatus.BLOCKED:
            return f"Unblocking lets {agent} go on with your note. Feedback lets {agent} revise it."
        case TaskStatus.DONE:
            return "Feedback opens it again; what was built on it is done again, too."
        case TaskStatus.TODO:
            return f"Feedback waits until {agent} takes it up."
    return f"Feedback reaches {agent} before the next call of its model."


def _why_not(
    sight: Sight, caller: Caller, card: Card, request: HumanRequest | None, *, decides: bool, over: bool
) -> str:
    """Return why the reader can't act on a card, and who can; nothing where they can."""
    if over:
        return f"The team is {sight.board.team.status.lower()}: start another run."
    if not may(caller, Right.FEEDBACK):
        return f"You are here to look: a {caller.role} doesn’t decide."
    if request is None or decides or card.status is not TaskStatus.AWAITING_VALIDATION:
        return ""
    if request.claimed_by not in (None, caller.name):
        return f"{request.claimed_by} has claimed it and can release it."
    if request.audience.not_initiator and caller.name == request.initiator:
        return "You started this run, and its own work is for others to approve."
    return f"This asks {telling.names(request.audience)}, not you."
