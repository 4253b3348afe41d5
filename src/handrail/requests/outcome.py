"""What the policy made of the decisions: the result of a request.

Rejections and timeouts are values, not exceptions.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail.requests.content import JSON, as_stored
from handrail.requests.decision import YES, Verb
from handrail.requests.errors import InvalidInput

Cause = Literal["decision", "timeout", "abstained"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a request.

    `verb` is what came out, `by` who made it so (nobody, if it was the clock), `payload` the edited keys or the
    answer (a list of answers where several people had to answer), `comment` what they said.
    """

    verb: Verb
    at: datetime
    by: tuple[str, ...] = ()
    payload: JSON = None
    comment: str | None = None
    cause: Cause = "decision"
    approvals: int = 0
    asked: int | None = None

    @property
    def approved(self) -> bool:
        """Whether the work may go on as proposed or as edited."""
        return self.verb in YES


@dataclass(frozen=True, slots=True)
class GivenOutcome:
    """What a request comes to if nobody decides in time, said in words beforehand."""

    verb: Verb
    payload: JSON = None
    comment: str | None = None


def outcome(verb: Verb | str, payload: JSON = None, comment: str | None = None) -> GivenOutcome:
    """Say what a request comes to if nobody decides in time.

    Raises `InvalidInput` for a verb that doesn't exist or a payload that JSON can't carry.

    >>> outcome("answer", "dry").payload
    'dry'
    """
    if verb not in tuple(Verb):
        raise InvalidInput(f"{verb!r} is no verb; use {', '.join(Verb)}")
    return GivenOutcome(Verb(verb), as_stored(payload, "the payload of the outcome"), comment)
