"""Whether a decision fits its request: checked before it counts, so a bad one leaves the request open."""

from typing import Any

from handrail.requests.content import JSON, encode
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict, FieldProblem, InvalidDecision, InvalidInput
from handrail.requests.request import HumanRequest
from handrail.requests.schema import problems


def parse_verb(verb: Verb | str, request: HumanRequest) -> Verb:
    """Return the verb if the request allows it, else raise `InvalidDecision` naming those it does."""
    allowed = tuple(dict.fromkeys((*request.draft.verbs, Verb.ABSTAIN)))
    if verb in allowed:
        return Verb(verb)
    names = ", ".join(allowed)
    problem = FieldProblem("verb", f"must be one of {names}")
    raise InvalidDecision(f"request {request.id} takes {names}, not {str(verb)[:40]!r}", fields=[problem])


def check_seen(request: HumanRequest, seen_hash: str | None) -> None:
    """Raise `Conflict` if the person saw other content than the request has."""
    if seen_hash is not None and seen_hash != request.content_hash:
        raise Conflict(
            f"what was shown for request {request.id} is not what it holds; look at it again", about="content"
        )


def check_storable(value: JSON, field: str) -> None:
    """Raise `InvalidDecision`, naming the field, for what JSON can't carry and for what is too large."""
    try:
        encode(value, f"the {field}")
    except InvalidInput as error:
        raise InvalidDecision(str(error), fields=[FieldProblem(field, str(error))]) from error


def check_decision(request: HumanRequest, verb: Verb, payload: JSON, comment: str | None) -> None:
    """Raise `InvalidDecision`, naming the fields, unless payload and comment fit the verb and the request."""
    for field, value in (("payload", payload), ("comment", comment)):
        if value is not None:
            check_storable(value, field)
    if comment is not None and not isinstance(comment, str):
        raise InvalidDecision(
            "the comment must be a text", fields=[FieldProblem("comment", "must be a text")]
        )
    if found := _problems(request, verb, payload, comment):
        told = "; ".join(f"{problem.path or 'payload'} {problem.message}" for problem in found[:5])
        raise InvalidDecision(f"this {verb} doesn't fit request {request.id}: {told}", fields=found)


def _problems(request: HumanRequest, verb: Verb, payload: JSON, comment: str | None) -> list[FieldProblem]:
    match verb:
        case Verb.REQUEST_CHANGES if not (comment or "").strip():
            return [FieldProblem("comment", "is required: it is the feedback for the next round")]
        case Verb.EDIT:
            return _edit_problems(request, payload)
        case Verb.ANSWER if request.draft.response_schema is not None:
            return problems(request.draft.response_schema, payload)
        case Verb.APPROVE | Verb.REJECT | Verb.REQUEST_CHANGES | Verb.ABSTAIN if payload is not None:
            return [FieldProblem("payload", f"must be empty with {verb}; only edit and answer carry one")]
    return []


def _edit_problems(request: HumanRequest, payload: JSON) -> list[FieldProblem]:
    proposal = request.draft.proposal
    if not isinstance(payload, dict) or not payload:
        return [FieldProblem("payload", f"must be an object of changed keys, out of {', '.join(proposal)}")]
    if unknown := [key for key in payload if key not in proposal]:
        return [
            FieldProblem(key, f"is not part of the proposal, which has {', '.join(proposal)}")
            for key in unknown
        ]
    edited = merged(proposal, payload)
    try:
        encode(edited, "the edited proposal")
    except InvalidInput as error:
        return [FieldProblem("payload", str(error))]
    return [] if request.draft.proposal_schema is None else problems(request.draft.proposal_schema, edited)


def merged(proposal: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """Return the proposal with its edited keys replaced."""
    return {**proposal, **edits}
