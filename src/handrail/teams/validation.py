"""A task that awaits validation is a request: what people are shown, and what an edit makes of the result."""

from typing import Any

from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.policy import Policy
from handrail.requests.request import RequestDraft
from handrail.teams.card import Card
from handrail.teams.plan import shown
from handrail.teams.ports import StoredTeam

VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES)
KIND = "validation"


def question(team: StoredTeam, card: Card) -> RequestDraft:
    """Return what people are asked about the result of a task."""
    task = card.planned
    expected = shown(task.expected_output or "", team.inputs)
    return RequestDraft(
        kind=KIND,
        title=task.title[:500],
        proposal=proposal_of(card),
        verbs=VERBS,
        policy=Policy(),
        context={
            "team": team.name,
            "task": task.id,
            "agent": task.agent,
            "round": card.round,
            "description": shown(task.description, team.inputs),
            **({"expected_output": expected} if expected else {}),
        },
        proposal_schema=task.output_schema if _is_data(card.result) else None,
        previous=card.request,
    )


def proposal_of(card: Card) -> dict[str, Any]:
    """Return what is judged: structured results under their own keys, others as `content`."""
    return card.result if _is_data(card.result) else {"content": card.result}


def result_of(card: Card, proposal: dict[str, Any]) -> JSON:
    """Return the result that an edited proposal stands for."""
    return proposal if _is_data(card.result) else proposal["content"]


def _is_data(result: JSON) -> bool:
    return isinstance(result, dict) and bool(result)
