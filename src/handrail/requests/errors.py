"""All errors of Handrail, one tree. Each message says what to do next and carries ids, never content.

HandrailError
├── InvalidInput            what was handed in can't be used (also a ValueError); `fields` may say where
│   ├── NotJSON             data that JSON can't carry
│   ├── PayloadTooLarge     over 1 MiB
│   ├── InvalidFlow         nodes that don't fit together: two equal names, no node at all
│   ├── InvalidTeam         agents and tasks that don't fit together
│   ├── Unreadable          a mail that can't be read (in `channels.email`)
│   └── InvalidItem         one of many items that a flow can't begin with; `index`
├── UnknownId               no such request, run or flow (also a LookupError)
├── NotAllowed              the person may not do this; `rule` says why
├── InvalidDecision         the decision doesn't fit the request; `fields` says where
├── Conflict                somebody was faster, or something is taken or changed: `about`; `winner` says who
│   └── IllegalMove         the lifecycle has no such move from this state
├── RunError                a run can't give its result; `run_id`
│   ├── StepFailed          a step failed for good: `name`, `kind`, `message`
│   ├── RunCancelled
│   ├── RunAbandoned        its process ended and nobody else may go on with it
│   ├── RunNeedsAttention   its past doesn't match its flow; `difference`
│   ├── TeamErrored         something broke in a team that is no obstacle of a task
│   └── RunMismatch         a run id used again with other input or for another flow
├── ProgrammingError        the flow's own code breaks a rule of durable execution
│   ├── ForeignTask         a step or an ask from another asyncio task
│   └── NonDeterministicNode  a replay went another way than the first time
├── Rejected                a person said no where the code can't go on without a yes
├── ModelError              a language model didn't answer; `retry_after`
│   └── ModelRefused        it won't answer however often it is asked: no key, no such model, a bad request
├── ChannelError            a message could not be delivered now; it is tried again
│   ├── ChannelDown         nothing can be delivered through this channel now
│   └── RateLimited         the other side asks us to wait; `retry_after`
├── Repeated                what a channel received has been received before
└── StoreError              the database
    ├── StoreBusy           locked by another process for too long
    ├── StoreFull           the disk is full
    ├── StoreCorrupt        not a database of ours, or a damaged one
    ├── StoreTooNew         written by a newer Handrail
    └── StoreClosed         used after it was closed, or after a fork
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


class HandrailError(Exception):
    """The root of every error that Handrail raises on purpose."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with what was handed in: where (`score`, `address.street`, `` for all of it) and what."""

    path: str
    message: str


class InvalidInput(HandrailError, ValueError):
    """What was handed in can't be used. `fields` says where, if that can be named."""

    def __init__(self, message: str = "", *, fields: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.fields = tuple(fields)


class NotJSON(InvalidInput):
    """Data that JSON can't carry."""


class PayloadTooLarge(InvalidInput):
    """Data over 1 MiB as JSON."""


class InvalidFlow(InvalidInput):
    """Nodes that don't fit together."""


class InvalidTeam(InvalidInput):
    """Agents and tasks that don't fit together."""


class InvalidItem(InvalidInput):
    """One of many items that the flow can't begin with. `index` counts from 0, `reason` says what is wrong with it."""

    def __init__(self, message: str, *, index: int, reason: str) -> None:
        super().__init__(message)
        self.index = index
        self.reason = reason


class UnknownId(HandrailError, LookupError):
    """There is no request, run or flow of that name."""


class NotAllowed(HandrailError):
    """The person may not do this. `rule` names the rule that forbids it."""

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


class InvalidDecision(HandrailError):
    """The decision doesn't fit the request, which stays open. `fields` says where."""

    def __init__(self, message: str, *, fields: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.fields = tuple(fields)


_About = Literal["late", "content", "key", "taken", "state"]
"""what a conflict is about: somebody was faster; other content was shown; a key of one's own stands for something
else; a name or an id is another's; things are such that it can't be done"""


class Conflict(HandrailError):
    """Too late, or taken: `about` says which. `winner` names who or what ended a request, if known."""

    def __init__(self, message: str, *, winner: str | None = None, about: _About = "late") -> None:
        super().__init__(message)
        self.winner = winner
        self.about = about


class IllegalMove(Conflict):
    """The table of the lifecycle has no such move from the present state."""

    def __init__(self, message: str, *, winner: str | None = None) -> None:
        super().__init__(message, winner=winner, about="state")


class RunError(HandrailError):
    """A run can't give its result."""

    def __init__(self, message: str, *, run_id: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id


class StepFailed(RunError):
    """A step failed for good.

    `name` is its address in the flow, `kind` the type of the original error (`"ValueError"`) and
    `message` its text. It is the same error the first time and on every replay.
    """

    def __init__(
        self, name: str, kind: str, message: str, *, run_id: str | None = None, final: bool = False
    ) -> None:
        super().__init__(f"step {name!r} failed: {kind}: {message}", run_id=run_id)
        self.final = final
        self.name = name
        self.kind = kind
        self.message = message


class RunCancelled(RunError):
    """The run was cancelled."""


class RunAbandoned(RunError):
    """The process of a run without a `run_id` ended; pass a `run_id` to be able to go on."""


class RunNeedsAttention(RunError):
    """The past of the run doesn't match its flow. `difference` shows where, `migrate` maps old names to new."""

    def __init__(
        self, message: str, *, run_id: str | None = None, difference: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message, run_id=run_id)
        self.difference = difference or {}


class TeamErrored(RunError):
    """Something broke in a team that is no obstacle of a task: mend it, then resume the team."""


class RunMismatch(RunError):
    """A run id was used again with other input or for another flow."""


class ProgrammingError(HandrailError):
    """The code of a flow breaks a rule of durable execution."""


class ForeignTask(ProgrammingError):
    """A step or an ask came from an asyncio task that the run doesn't know."""


class NonDeterministicNode(ProgrammingError):
    """A replay went another way than the first time. `difference` shows what was recorded and what came now."""

    def __init__(self, message: str, *, difference: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.difference = difference or {}


class Rejected(HandrailError):
    """A person said no. `reason` is the comment, `request_id` where it was said."""

    def __init__(self, message: str, *, reason: str | None, request_id: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.request_id = request_id


class ModelError(HandrailError):
    """A language model didn't answer: unreachable, overloaded, rate-limited, or its answer can't be used.

    `retry_after` is how many seconds its server asked us to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelRefused(ModelError):
    """Another attempt won't help: no key, a wrong one, no such model, a request it can't take, a missing package."""


class ChannelError(HandrailError):
    """A message could not be delivered now; it is tried again with growing pauses.

    The text is shown to whoever looks after the messages: it carries names and ids, never content or a secret.
    """


class ChannelDown(ChannelError):
    """Nothing can be delivered through this channel now: it can't be reached, or takes nothing of ours at all."""


class RateLimited(ChannelError):
    """The other side takes no more for a while: `retry_after` is how many seconds it asked us to wait."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Repeated(HandrailError):
    """What a channel received has been received before; nothing was changed."""


class StoreError(HandrailError):
    """The database can't do what was asked."""


class StoreBusy(StoreError):
    """Another process holds the database's lock."""


class StoreFull(StoreError):
    """There is no room left on the disk."""


class StoreCorrupt(StoreError):
    """The file is damaged, or isn't a Handrail database."""


class StoreTooNew(StoreError):
    """The database was written by a newer version of Handrail."""


class StoreClosed(StoreError):
    """The store was closed, or is used in a forked process."""
