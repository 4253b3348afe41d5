"""What somebody does with a request or a run: whether they may is looked at in the transaction that does it.

What a caller may not read doesn't exist for them: `UnknownId`, in the same words as for an id that nobody has.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from handrail.inbox import moves
from handrail.people import rights
from handrail.people.access import moved, unknown, viewer_of
from handrail.people.rights import Caller, Right
from handrail.requests.content import JSON, as_stored
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict
from handrail.requests.request import HumanRequest
from handrail.runs.ports import RunTransaction
from handrail.runs.run import StoredRun
from handrail.web.face import Face

MOST_ASKED = 2000
"""requests of a run that are looked at"""


async def move(
    face: Face,
    caller: Caller,
    right: Right,
    unit: Callable[..., HumanRequest | Conflict],
    request_id: str,
    **arguments: Any,
) -> HumanRequest:
    """Let a caller move a request by a unit of `inbox.moves`, and return it as it is afterwards.

    Raises `UnknownId`, `NotAllowed` (naming the rule), `InvalidInput`, `InvalidDecision` or `Conflict`.
    """
    arguments["now"] = face.clock.now()
    return await face.inbox.do(
        moved, unit, caller=caller, right=right, request_id=request_id, arguments=arguments
    )


async def decide(
    face: Face,
    caller: Caller,
    request_id: str,
    verb: Verb | str,
    *,
    payload: JSON = None,
    comment: str | None = None,
    seen_hash: str | None = None,
) -> HumanRequest:
    """Let a caller decide; arguments as of `Inbox.decide`. Raises `PayloadTooLarge`, too, and as `move` does."""
    if payload is not None:
        payload = as_stored(payload, "the payload")
    return await move(
        face,
        caller,
        Right.DECIDE,
        moves.decide,
        request_id,
        verb=verb,
        payload=payload,
        comment=comment,
        seen_hash=seen_hash,
    )


def readable_run(
    tx: RunTransaction, *, caller: Caller, run_id: str, right: Right = Right.READ_RUNS
) -> StoredRun:
    """Return a run that the caller reads, and has this right for.

    Raises `UnknownId`, and `NotAllowed` for a key without the scope or a run that others have started.
    """
    rights.check(caller, right)
    run = _readable_run(tx, caller, run_id)
    rights.check_run(caller, right, run.initiator, asked=True)
    return run


def _readable_run(tx: RunTransaction, caller: Caller, run_id: str) -> StoredRun:
    run = tx.run(run_id)
    if run is None or not _reads_run(tx, caller, run):
        raise unknown("run", run_id)
    return run


def _reads_run(tx: RunTransaction, caller: Caller, run: StoredRun) -> bool:
    """Whether a person reads a run: they started it, or read one of its requests."""
    viewer = viewer_of(tx, caller)
    if viewer.everything or caller.name == run.initiator:
        return True
    outlines = tx.outlines(tx.requests_of_run(run.id, MOST_ASKED))
    return any(viewer.sees(request) for request in outlines.values())


def own_run(tx: RunTransaction, *, caller: Caller, run_id: str) -> StoredRun:
    """Return a run that a caller has started, or reads. Raises `Conflict` for the id of somebody else's run."""
    run = tx.run(run_id)
    if run is None or not _reads_run(tx, caller, run):
        raise Conflict(f"the run id {run_id[:80]!r} is taken: choose another one", about="taken")
    return run


async def steer(
    face: Face, caller: Caller, right: Right, unit: Callable[..., Any], run_id: str, **arguments: Any
) -> Any:
    """Let a caller act on the board of a run by a unit of `teams.moves`; returns what the unit does.

    Raises `UnknownId`, `NotAllowed` (naming the rule), `InvalidInput` or `Conflict`.
    """
    return await face.teams.do(
        _steered, act=unit, caller=caller, right=right, run_id=run_id, arguments=arguments
    )


def _steered(
    tx: RunTransaction,
    *,
    act: Callable[..., Any],
    caller: Caller,
    right: Right,
    run_id: str,
    arguments: dict[str, Any],
    now: datetime,
) -> Any:
    rights.check(caller, right)
    run = _readable_run(tx, caller, run_id)
    if right is not Right.DECIDE:  # who may decide, the request says
        rights.check_run(caller, right, run.initiator, asked=True)
    return act(tx, run_id=run_id, actor=caller.actor, now=now, **arguments)
