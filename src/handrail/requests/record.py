"""How requests and events are written down as JSON, and read back. The keys are persisted: a test pins them."""

from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter

from handrail.requests.decision import Verb
from handrail.requests.lifecycle import Move, Opened
from handrail.requests.request import HumanRequest, RequestDraft

_DRAFT = {"draft"}

# Adapters take milliseconds to build: on first use, not on import.


@cache
def _draft() -> TypeAdapter[RequestDraft]:
    return TypeAdapter(RequestDraft)


@cache
def _request() -> TypeAdapter[HumanRequest]:
    return TypeAdapter(HumanRequest)


@cache
def _move() -> TypeAdapter[Move]:
    return TypeAdapter(Annotated[Move, Field(discriminator="kind")])


class Written(NamedTuple):
    """A request as JSON, in two parts: what never changes, and what moves change."""

    draft: str
    state: str


def write_request(request: HumanRequest) -> Written:
    """Return a request as it is stored."""
    return Written(write_draft(request.draft), write_state(request))


def write_opening(written: Written) -> str:
    """Return the move that opens a request, as the log keeps it."""
    return f'{{"request":{{"draft":{written.draft},{written.state[1:]},"kind":"opened"}}'


def write_draft(draft: RequestDraft) -> str:
    """Return the part of a request that never changes."""
    return _draft().serializer.to_json(draft).decode()


def write_state(request: HumanRequest) -> str:
    """Return the part of a request that moves change."""
    return _request().serializer.to_json(request, exclude=_DRAFT).decode()


def read_request(draft: str, state: str) -> HumanRequest:
    """Return the request that was written in two parts."""
    found: HumanRequest = _request().validator.validate_json(f'{{"draft":{draft},{state[1:]}')
    return found


def write_move(move: Move) -> str:
    """Return a move as the log keeps it."""
    if isinstance(move, Opened):
        return write_opening(write_request(move.request))
    return _move().serializer.to_json(move).decode()


def read_move(text: str) -> Move:
    """Return the move that the log keeps."""
    found: Move = _move().validator.validate_json(text)
    return found


def public(request: HumanRequest, viewer: str | None = None) -> dict[str, Any]:
    """Return a request as every face shows it: plain JSON, with the words of the documentation as keys.

    A `viewer` who is asked blind sees the decisions of others once they have decided themselves, or it has ended.
    """
    draft, policy = request.draft, request.policy
    data: dict[str, Any] = _request().dump_python(request, mode="json", exclude={"draft": {"policy"}})
    shown = data.pop("draft")
    outcome = data.pop("outcome")
    if outcome is not None and request.outcome is not None:
        outcome["approved"] = request.outcome.approved
    return {
        "id": data.pop("id"),
        "status": data.pop("status"),
        "kind": shown["kind"],
        "title": shown["title"],
        "flow": data.pop("flow"),
        "run_id": data.pop("run_id"),
        "thread": data.pop("thread"),
        "revision": data.pop("revision"),
        "opened_at": data.pop("opened_at"),
        "due_at": data.pop("deadline"),
        "next_due_at": data.pop("due_at"),
        "audience": data.pop("audience"),
        "proposal": shown["proposal"],
        "context": shown["context"],
        "guideline": shown["guideline"],
        "verbs": list(dict.fromkeys([*shown["verbs"], Verb.ABSTAIN.value])),
        "response_schema": shown["response_schema"],
        "quorum": _quorum_text(policy),
        "on_timeout": policy.on_timeout if isinstance(policy.on_timeout, str) else _plain(policy.on_timeout),
        "decisions": [
            {**decision, "strength": made.strength.name.lower()}
            for decision, made in zip(data.pop("decisions"), request.decisions, strict=True)
            if not is_blind(request, viewer)
        ],
        "outcome": outcome,
        "channels": shown["channels"],
        "priority": shown["priority"],
        "previous": shown["previous"],
        "proposal_schema": draft.proposal_schema,
        **data,
    }


def is_blind(request: HumanRequest, viewer: str | None) -> bool:
    """Whether `viewer` may not see yet what others have decided."""
    return (
        viewer is not None
        and request.policy.blind
        and not request.ended
        and all(decision.actor != viewer for decision in request.decisions)
    )


def _quorum_text(policy: Any) -> str:
    match policy.quorum:
        case object(kind=kind, count=count):
            return f"{kind}({count})"
        case object(kind=kind, share=share):
            return f"{kind}({share})"
        case object(kind=kind):
            return str(kind)
    raise AssertionError("a quorum has a kind")


def _plain(value: Any) -> Any:
    return TypeAdapter(type(value)).dump_python(value, mode="json")
