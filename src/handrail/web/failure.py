"""What an error means to whoever asked: a status, a title and what to do next. API and pages both tell it from here."""

from dataclasses import dataclass
from typing import Any

from handrail.requests.errors import (
    Conflict,
    FieldProblem,
    HandrailError,
    InvalidDecision,
    InvalidInput,
    NotAllowed,
    PayloadTooLarge,
    RunMismatch,
    StoreBusy,
    StoreError,
    UnknownId,
)


class Stranger(HandrailError):
    """Nobody is logged in, and no valid key was sent."""


class Refused(HandrailError):
    """The way it was asked is refused: a foreign host or origin, a form without its token, a body too large."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class Throttled(HandrailError):
    """Too many attempts. `wait` is how many seconds nothing more is tried."""

    def __init__(self, message: str, *, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, told. `kind` is a stable word for programs; `fields` says where a decision doesn't fit."""

    status: int
    kind: str
    title: str
    detail: str
    rule: str | None = None
    winner: str | None = None
    fields: tuple[FieldProblem, ...] = ()
    wait: float | None = None


def failure(error: Exception) -> Failure:
    """Return what an error means; what nobody foresaw is a 500 that tells nothing of its insides."""
    told = str(error)
    match error:
        case Stranger():
            return Failure(401, "stranger", "Sign in first", told)
        case Refused():
            return Failure(error.status, "refused", "Refused", told)
        case Throttled():
            return Failure(429, "throttled", "Too many attempts", told, wait=error.wait)
        case NotAllowed():
            return Failure(403, "not-allowed", "Not yours to do", told, rule=error.rule)
        case UnknownId():
            return Failure(404, "unknown", "There is no such thing", told)
        case InvalidDecision():
            return Failure(422, "invalid-decision", "The decision doesn't fit", told, fields=error.fields)
        case Conflict():
            return Failure(409, "conflict", "Somebody was faster", told, winner=error.winner)
        case RunMismatch():
            return Failure(409, "run-mismatch", "This run id means something else", told)
        case PayloadTooLarge():
            return Failure(413, "too-large", "Too large", told)
        case InvalidInput():
            return Failure(422, "invalid-input", "This can't be used", told)
        case StoreBusy():
            return Failure(503, "busy", "The store is busy", told, wait=1)
        case StoreError():
            return Failure(503, "store", "The store can't do that now", told, wait=5)
    return Failure(
        500, "fault", "Our fault", "This was not finished. Look at how things stand before you try again."
    )


def as_problem(told: Failure, *, instance: str, reference: str) -> dict[str, Any]:
    """Return a failure as a problem document (RFC 9457); `reference` is what the server's log calls it."""
    problem: dict[str, Any] = {
        "type": f"urn:handrail:{told.kind}",
        "title": told.title,
        "status": told.status,
        "detail": told.detail,
        "instance": instance,
        "reference": reference,
    }
    more = {"rule": told.rule, "winner": told.winner, "retry_after": told.wait}
    problem |= {key: value for key, value in more.items() if value is not None}
    if told.fields:
        problem["fields"] = [{"path": field.path, "message": field.message} for field in told.fields]
    return problem
