"""One person's answer to a request, and who that person is."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from handrail.requests.content import JSON


class Verb(StrEnum):
    """What a person may answer."""

    APPROVE = "approve"
    EDIT = "edit"
    """approve with changes: the payload holds the changed keys of the proposal"""
    REQUEST_CHANGES = "request_changes"
    """feedback for another round: the comment holds it"""
    REJECT = "reject"
    ANSWER = "answer"
    """a choice, a form, a score: the payload is the answer itself"""
    ABSTAIN = "abstain"


YES = frozenset({Verb.APPROVE, Verb.EDIT, Verb.ANSWER})
"""The verbs that count for the quorum."""


class Strength(IntEnum):
    """How sure we are that a person is who they say, weakest first. A policy may demand a strength."""

    ASSERTED = 0
    """somebody with access to the store says so: the command line"""
    LINK = 1
    """a signed link, sent to the person"""
    CHANNEL = 2
    """the verified identity of a channel, such as a Slack user"""
    SESSION = 3
    """logged in"""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and how we know. The name comes from the session, the link or the channel, never from a body."""

    name: str
    strength: Strength = Strength.ASSERTED
    channel: str = "code"


SYSTEM = Actor("handrail", Strength.SESSION, "handrail")
"""Handrail itself: its clock and its runner."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's answer: a verb, a payload, a comment."""

    verb: Verb
    actor: str
    at: datetime
    payload: JSON = None
    comment: str | None = None
    strength: Strength = Strength.ASSERTED
    channel: str = "code"
