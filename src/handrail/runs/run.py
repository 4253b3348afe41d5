"""One execution of a flow, as stored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from handrail.requests.identifier import utc_text


class RunStatus(StrEnum):
    """The states of a run."""

    PENDING = "PENDING"
    """free to be taken by a worker that knows the flow"""
    RUNNING = "RUNNING"
    """a process executes it"""
    WAITING = "WAITING"
    """for people or for a time; no process holds it"""
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"
    """its past doesn't match its flow; an operator has to say how to go on"""
    ABANDONED = "ABANDONED"
    """its process ended, and it lived with that process"""


ENDED_RUNS = frozenset({RunStatus.FINISHED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.ABANDONED})
SETTLED_RUNS = ENDED_RUNS | {RunStatus.NEEDS_ATTENTION}
"""No process will go on with such a run by itself."""


@dataclass(frozen=True)
class StoredRun:
    """A run, as the store keeps it.

    `flow` is the registered name, if it has one; `queue` is what its wakeups are filed under: the flow's name, or the
    run's own id if only its caller knows the flow. `home` is the worker it lives and dies with. `token` grows each
    time a worker takes it: whoever holds an older one can't write any more.
    """

    id: str
    flow: str | None
    queue: str
    input: dict[str, Any]
    status: RunStatus
    created_at: datetime
    updated_at: datetime
    initiator: str | None = None
    signature: tuple[str, ...] = ()
    home: str | None = None
    worker: str | None = None
    token: int = 0
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    """`name`, `kind` and `message` of a failure, or the `difference` that needs attention"""
    parent: str | None = None
    """the run that has begun this one, and is woken whenever this one is taken up, comes to a wait or ends"""

    @property
    def settled(self) -> bool:
        """Whether nothing happens any more without a person."""
        return self.status in SETTLED_RUNS


def public(run: StoredRun) -> dict[str, Any]:
    """Return a run as every face shows it."""
    return {
        "id": run.id,
        "status": run.status.value,
        "flow": run.flow,
        "created_at": utc_text(run.created_at),
        "updated_at": utc_text(run.updated_at),
        "initiator": run.initiator,
        "input": run.input,
        "result": run.result,
        "error": run.error,
        "worker": run.worker,
        "parent": run.parent,
    }
