"""How requests and events are written down as JSON, and read back. The keys are persisted: a test pins them."""

import json
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter

from handrail.requests.decision import Decision, Strength, Verb
from handrail.requests.lifecycle import Move, Opened
from handrail.requests.outcome import Outcome
from handrail.requests.policy import All, AtLeast, Audience, First, Fraction, Policy, Quorum
from handrail.requests.request import HumanRequest, RequestDraft, Status

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


def read_outline(state: str, facts: str, title: str, priority: int) -> HumanRequest:
    """Return a request without what it shows, for lists and for the rules: in a fraction of the time.

    `facts` are those that lists need of the draft, as JSON: kind, quorum, strength, blind, timeout, confidence. The
    confidence is all that the context has then; the proposal is empty, and so are payloads.
    """
    kind, quorum, require, blind, timeout, confidence = json.loads(facts)
    data = json.loads(state)
    who = data["audience"]
    strength = Strength(require or 0)
    policy = Policy(quorum=_read_quorum(quorum), timeout=timeout, require=strength, blind=bool(blind))
    context = {} if confidence is None else {"confidence": confidence}
    asked = data["asked"]
    return HumanRequest(
        id=data["id"],
        draft=RequestDraft(kind, title, {}, policy=policy, context=context, priority=priority),
        content_hash=data["content_hash"],
        thread=data["thread"],
        revision=data["revision"],
        opened_at=datetime.fromisoformat(data["opened_at"]),
        audience=Audience(
            tuple(who["users"]), tuple(who["groups"]), tuple(who["excluded"]), who["not_initiator"]
        ),
        asked=None if asked is None else tuple(asked),
        deadline=_read_moment(data["deadline"]),
        run_id=data["run_id"],
        flow=data["flow"],
        address=data["address"],
        initiator=data["initiator"],
        status=Status(data["status"]),
        version=data["version"],
        claimed_by=data["claimed_by"],
        decisions=tuple(_read_vote(vote) for vote in data["decisions"]),
        outcome=_read_result(data["outcome"]),
        escalated=data["escalated"],
        superseded_by=data["superseded_by"],
        ended_at=_read_moment(data["ended_at"]),
        ended_by=data["ended_by"],
        worker=data.get("worker"),
        in_line=data.get("in_line", False),
    )


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _read_quorum(data: dict[str, Any] | None) -> Quorum:
    match data:
        case {"kind": "all"}:
            return All()
        case {"kind": "at_least", "count": count}:
            return AtLeast(count)
        case {"kind": "fraction", "share": share}:
            return Fraction(share)
    return First()


def _read_vote(data: dict[str, Any]) -> Decision:
    at = datetime.fromisoformat(data["at"])
    return Decision(Verb(data["verb"]), data["actor"], at, None, data["comment"], Strength(data["strength"]))


def _read_result(data: dict[str, Any] | None) -> Outcome | None:
    if data is None:
        return None
    at = datetime.fromisoformat(data["at"])
    return Outcome(Verb(data["verb"]), at, tuple(data["by"]), None, data["comment"], data["cause"])


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
        "effect": shown["effect"],
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
