"""What an error means to whoever asked: a status, a title and what to do next. API and pages both tell it from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from handrail.requests.errors import (
    Conflict,
    FieldProblem,
    HandrailError,
    InvalidDecision,
    InvalidInput,
    NotAllowed,
    PayloadTooLarge,
    Repeated,
    RunMismatch,
    StoreBusy,
    StoreError,
    UnknownId,
)


class Stranger(HandrailError):
    """Nobody is logged in, and no valid key was sent."""


class Refused(HandrailError):
    """The way it was asked is refused: a foreign host or origin, a form without its token, a body too large."""

    def __init__(self, message: str, *, status: int, rule: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.rule = rule


class Misfit(HandrailError):
    """The body, or a parameter beside it, doesn't have the form that the operation takes. `fields` says where."""

    def __init__(self, part: Literal["body", "parameter"], fields: Sequence[FieldProblem]) -> None:
        super().__init__("what was sent doesn't fit; see the fields")
        self.part = part
        self.fields = tuple(fields)


class Throttled(HandrailError):
    """Too many attempts. `wait` is how many seconds nothing more is tried."""

    def __init__(self, message: str, *, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, told. `kind` is a stable word for programs; `fields` says where something doesn't fit."""

    status: int
    kind: str
    title: str
    detail: str
    rule: str | None = None
    winner: str | None = None
    fields: tuple[FieldProblem, ...] = ()
    wait: float | None = None


CONFLICTS = {
    "late": ("conflict", "Somebody was faster"),
    "content": ("content-changed", "Something else was shown than it holds"),
    "key": ("key-reused", "This key means something else already"),
    "taken": ("taken", "This is taken"),
    "state": ("not-now", "This can't be done as things are"),
}
"""a conflict, by what it is about: its kind and title"""
TOO_LARGE = ("too-large", "Too large")
YOURS = "You have decided this already"
"""the title where nobody else was faster"""


def failure(error: Exception, reader: str | None = None) -> Failure:
    """Return what an error means to `reader`; what nobody foresaw is a 500 that tells nothing of its insides."""
    told = str(error)
    match error:
        case Stranger() | Refused() | Throttled() | Misfit():
            return _at_the_door(error, told)
        case NotAllowed():
            return Failure(403, "not-allowed", "Not yours to do", told, rule=error.rule)
        case UnknownId():
            return Failure(404, "unknown", "There is no such thing", told)
        case InvalidDecision():
            return Failure(422, "invalid-decision", "The decision doesn't fit", told, fields=error.fields)
        case Conflict():
            kind, title = CONFLICTS[error.about]
            title = YOURS if error.about == "late" and reader and error.winner == reader else title
            return Failure(409, kind, title, told, winner=error.winner)
        case Repeated():
            return Failure(409, "repeated", "This was received before", told)
        case RunMismatch():
            return Failure(409, "run-mismatch", "This run id means something else", told)
        case PayloadTooLarge():
            return Failure(413, *TOO_LARGE, told)
        case InvalidInput():
            return Failure(422, "invalid-input", "This can't be used", told, fields=error.fields)
        case StoreBusy():
            return Failure(503, "busy", "The store is busy", told, wait=1)
        case StoreError():
            return Failure(503, "store", "The store can't do that now", told, wait=5)
    return Failure(
        500, "fault", "Our fault", "This was not finished. Look at how things stand before you try again."
    )


def _at_the_door(error: Stranger | Refused | Throttled | Misfit, told: str) -> Failure:
    """Return what it means that somebody came no further than the server itself."""
    match error:
        case Stranger():
            return Failure(401, "stranger", "Sign in first", told)
        case Refused(status=413):
            return Failure(413, *TOO_LARGE, told)
        case Refused():
            return Failure(error.status, "refused", "Refused", told, rule=error.rule)
        case Throttled():
            return Failure(429, "throttled", "Too many attempts", told, wait=error.wait)
        case Misfit():
            title = f"The {error.part} doesn't fit"
            return Failure(422, f"invalid-{error.part}", title, told, fields=error.fields)


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
