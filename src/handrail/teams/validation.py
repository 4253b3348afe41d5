"""A task that awaits validation is a request: what people are shown, and what an edit makes of the result."""

from collections.abc import Iterator
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
SHARED = ("$schema", "$id", "$defs", "definitions")
WITHIN = ("#/$defs/", "#/definitions/")
SHOWN = 100_000
"""characters of a text of the task that are shown beside the result; its card has all of it"""


def question(team: StoredTeam, card: Card) -> RequestDraft:
    """Return what people are asked about the result of a task."""
    task = card.planned
    expected = _cut(shown(task.expected_output or "", team.inputs))
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
            "description": _cut(shown(task.description, team.inputs)),
            **({"expected_output": expected} if expected else {}),
        },
        proposal_schema=_schema_of(card),
        previous=card.request,
    )


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def proposal_of(card: Card) -> dict[str, Any]:
    """Return what is judged: structured results under their own keys, others as `content`."""
    return card.result if _is_data(card.result) else {"content": card.result}


def result_of(card: Card, proposal: dict[str, Any]) -> JSON:
    """Return the result that an edited proposal stands for."""
    return proposal if _is_data(card.result) else proposal["content"]


def _schema_of(card: Card) -> dict[str, Any] | None:
    """Return what an edited proposal has to fit, so that the result stays what the task says."""
    schema = card.planned.output_schema
    if _is_data(card.result):
        return schema
    own = {key: value for key, value in (schema or {"type": "string"}).items() if key not in SHARED}
    if not all(ref.startswith(WITHIN) for ref in _refs(own)):
        return None  # it means the whole schema by them, which is another one then
    if own.get("type") == "string":
        own = {"contentMediaType": "text/plain"} | own
    shared = {key: value for key, value in (schema or {}).items() if key in SHARED}
    return {"type": "object", "properties": {"content": own}, "required": ["content"], **shared}


def _refs(schema: JSON) -> Iterator[str]:
    match schema:
        case dict():
            if isinstance(schema.get("$ref"), str):
                yield schema["$ref"]
            for value in schema.values():
                yield from _refs(value)
        case list():
            for value in schema:
                yield from _refs(value)


def _is_data(result: JSON) -> bool:
    return isinstance(result, dict) and bool(result)
