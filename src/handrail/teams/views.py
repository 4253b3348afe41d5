"""Reads of boards, for every face."""

from typing import Any

from handrail.inbox.ports import Filter
from handrail.requests.request import Status
from handrail.teams.card import Card
from handrail.teams.ports import TeamTransaction
from handrail.teams.status import TaskStatus

WHY = {
    TaskStatus.AWAITING_VALIDATION: "somebody has to say whether its result is good",
    TaskStatus.DOING: "somebody has to approve what its agent is about to do",
}
"""what people are needed for, where the task itself doesn't say it"""
NEEDS_PEOPLE = (TaskStatus.AWAITING_VALIDATION, TaskStatus.BLOCKED, TaskStatus.DOING)


def waiting_on(tx: TeamTransaction, *, run_id: str) -> list[dict[str, Any]]:
    """Return what needs a person: for each such task which, why, and by which request if there is one."""
    found = []
    for card in tx.outlines_of_cards(run_id):
        if card.status not in NEEDS_PEOPLE:
            continue
        request_id = request_of(tx, card)
        if request_id is not None or card.status is TaskStatus.BLOCKED:
            found.append(
                {
                    "task": card.id,
                    "title": card.planned.title,
                    "status": card.status,
                    "reason": WHY.get(card.status, card.reason),
                    "request_id": request_id,
                }
            )
    return found


def request_of(tx: TeamTransaction, card: Card) -> str | None:
    """Return the request that a task waits for: whether its result is good, or what its agent may do."""
    match card.status:
        case TaskStatus.AWAITING_VALIDATION:
            return card.request
        case TaskStatus.DOING | TaskStatus.PAUSED if card.run is not None:
            pending = tx.requests(Filter((Status.OPEN, Status.CLAIMED), run_id=card.run, limit=1))
            return pending[0].id if pending else None
    return None
