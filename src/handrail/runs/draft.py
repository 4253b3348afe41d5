"""A run that is about to begin: its input is checked, and what tells its flow from others is noted."""

from datetime import datetime
from typing import Any

from handrail.flows.node import ChainableNode
from handrail.requests.content import as_stored
from handrail.requests.errors import InvalidInput
from handrail.runs.run import RunStatus, StoredRun


def draft(
    flow: ChainableNode,
    data: dict[str, Any],
    *,
    run_id: str,
    name: str | None,
    queue: str,
    initiator: str,
    now: datetime,
) -> StoredRun:
    """Return a run of `flow` that is free to be executed. Raises `InvalidInput` for what can't be its input."""
    if not isinstance(data, dict):
        raise InvalidInput(f"a flow takes a dict, not {type(data).__name__}")
    data = as_stored(data, "the input")
    flow.check_input(data)
    return StoredRun(
        id=run_id,
        flow=name,
        queue=queue,
        input=data,
        status=RunStatus.PENDING,
        created_at=now,
        updated_at=now,
        initiator=initiator,
        signature=tuple(flow.signature()),
    )
