"""What is asked of people: as drafted by a node, and as stored. The content of a request never changes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from handrail.requests.content import content_hash, isolated
from handrail.requests.decision import Decision, Verb
from handrail.requests.facts import changed
from handrail.requests.outcome import Outcome
from handrail.requests.policy import Audience, Policy
from handrail.requests.pool import Pool


class Status(StrEnum):
    """The states of a request; the table of moves is in `lifecycle`."""

    OPEN = "OPEN"
    CLAIMED = "CLAIMED"
    RESOLVED = "RESOLVED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


ENDED = frozenset({Status.RESOLVED, Status.EXPIRED, Status.WITHDRAWN})


@dataclass(frozen=True)
class RequestDraft:
    """A request before it is asked.

    `proposal` is what is judged, under its own keys; `edit` changes those. `context` is shown beside it and can't be
    edited. `response_schema` (JSON Schema) says what an `answer` must look like, `proposal_schema` what an edited
    proposal must look like. `previous` is the request whose next revision this is.
    """

    kind: str
    title: str
    proposal: dict[str, Any]
    verbs: tuple[Verb, ...] = (Verb.APPROVE, Verb.EDIT, Verb.REJECT)
    policy: Policy = field(default_factory=Policy)
    context: dict[str, Any] = field(default_factory=dict)
    guideline: str | None = None
    response_schema: dict[str, Any] | None = None
    proposal_schema: dict[str, Any] | None = None
    channels: tuple[str, ...] = ()
    priority: int = 0
    previous: str | None = None
    key: str | None = None
    """what a task of a queue is known by; unique in the store"""
    pool: Pool | None = None
    """whose task it is to be; the one it is assigned to is the audience"""
    effect: str | None = None
    """what happens at once if it is approved or answered, in words"""

    @property
    def shown(self) -> dict[str, Any]:
        """All that a person sees, and so all that a decision is bound to."""
        return {
            "kind": self.kind,
            "title": self.title,
            "proposal": self.proposal,
            "context": self.context,
            "guideline": self.guideline,
            "verbs": [str(verb) for verb in self.verbs],
            "response_schema": self.response_schema,
            **({"effect": self.effect} if self.effect else {}),
        }

    @property
    def question_hash(self) -> str:
        """The hash by which a replay recognises its question: what is judged, not how it is asked."""
        return content_hash({"kind": self.kind, "title": self.title, "proposal": self.proposal})

    def parts_unlike(self, other: "RequestDraft") -> list[str]:
        """Return in which of `kind`, `title` and `proposal` another question differs from this one."""
        return [part for part in ("kind", "title", "proposal") if getattr(self, part) != getattr(other, part)]


_MUTABLE = ("proposal", "context", "response_schema", "proposal_schema")


@dataclass(frozen=True)
class HumanRequest:
    """Something asked of people, as stored. Only the inbox makes a new version of it."""

    id: str
    draft: RequestDraft
    content_hash: str
    thread: str
    revision: int
    opened_at: datetime
    audience: Audience
    asked: tuple[str, ...] | None = None
    """the people asked, where they can be named"""
    deadline: datetime | None = None
    due_at: datetime | None = None
    """when the clock moves this request next: a reminder, an escalation or the deadline"""
    run_id: str | None = None
    flow: str | None = None
    address: str | None = None
    initiator: str | None = None
    status: Status = Status.OPEN
    version: int = 1
    claimed_by: str | None = None
    decisions: tuple[Decision, ...] = ()
    outcome: Outcome | None = None
    superseded_by: str | None = None
    reminded: int = 0
    escalated: int = 0
    ended_at: datetime | None = None
    ended_by: str | None = None
    worker: str | None = None
    """the one of its pool whom it is assigned to"""
    in_line: bool = False
    """whether it waits for somebody of its pool to have room"""

    def apart(self) -> "HumanRequest":
        """Return a copy that shares nothing that can be changed."""
        draft, outcome = self.draft, self.outcome
        mine = {name: isolated(value) for name in _MUTABLE if (value := getattr(draft, name))}
        own: dict[str, Any] = {"draft": changed(draft, **mine)}
        if outcome is not None and outcome.payload is not None:
            own["outcome"] = replace(outcome, payload=isolated(outcome.payload))
        if any(each.payload is not None for each in self.decisions):
            own["decisions"] = tuple(replace(each, payload=isolated(each.payload)) for each in self.decisions)
        return changed(self, **own)

    @property
    def ended(self) -> bool:
        """Whether nothing can be decided any more."""
        return self.status in ENDED

    @property
    def policy(self) -> Policy:
        """The policy it was opened with; `audience` may have grown since."""
        return self.draft.policy

    @property
    def due(self) -> datetime | None:
        """By when it was to be decided: the first deadline, also where an escalation has given it a later one."""
        timeout = self.policy.timeout
        if not self.escalated or timeout is None or self.deadline is None:
            return self.deadline
        return min(self.opened_at + timedelta(seconds=timeout), self.deadline)

    @property
    def winner(self) -> str | None:
        """Who or what ended it."""
        return ", ".join(self.outcome.by) if self.outcome and self.outcome.by else self.ended_by
