"""Tasks from inside a run: given to people without waiting at once, and waited for later.

A task is a request that is known by a key. Giving it and waiting for it are two entries of the journal; whoever waits
watches the request, whoever asked it.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from handrail import killpoints
from handrail.inbox.ports import InboxTransaction
from handrail.requests.content import SEPARATOR
from handrail.requests.errors import UnknownId
from handrail.requests.facts import changed
from handrail.requests.identifier import new_id, parse_time
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.runs.journal import State, place_of
from handrail.runs.units import Question

if TYPE_CHECKING:
    from handrail.runs.scope import Scope


async def submit(scope: "Scope", draft: RequestDraft, own: bool) -> str:
    """Open a task, or join the one that has its key; returns the key, which is the same after a step was renamed.

    `own` says whether the task ends with this run.
    """
    entry, recorded = scope.take(None, "task")
    if recorded and entry.request_id is not None:
        asked, _, key = (entry.value or "").partition(SEPARATOR)
        scope.check_question(changed(entry, value=asked), draft)
        return key
    activation = scope.activation
    question = Question(
        new_id("req", scope.now()), draft, activation.flow, entry.address, activation.initiator, own
    )
    killpoints.reach("ask:before")
    known = f"{draft.question_hash}{SEPARATOR}{draft.key}"
    given = changed(entry, state=State.DONE, value=known, request_id=question.request_id)
    async with scope.refusals_kept(entry):
        await scope.write(given, question=question)
    killpoints.reach("ask:after")
    return draft.key or ""


async def wait_for(scope: "Scope", key: str, timeout: float | None) -> HumanRequest | None:
    """Return the task once it is done, or None if that took longer than `timeout` seconds."""
    entry, recorded = scope.take(None, "wait")
    waited = entry.state is not State.FAILED and entry.value is not None
    until, _, known = (entry.value or "").partition(SEPARATOR)
    if recorded and waited and known != key:
        scope.differs(entry.ordinal, {**place_of(entry), "task": known}, {**place_of(entry), "task": key})
    if recorded and entry.state is State.DONE:
        return None
    if recorded and entry.request_id is not None:
        request = scope.strand.requests[entry.request_id]
    else:
        async with scope.refusals_kept(entry):
            request = await _task(scope, key)
        until = (scope.now() + timedelta(seconds=timeout)).isoformat() if timeout is not None else ""
        entry = changed(entry, state=State.WAITING, value=f"{until}{SEPARATOR}{key}", request_id=request.id)
        if request.ended:
            await scope.write(entry)
    if request.ended:
        return request
    deadline = parse_time(until) if until else None
    if deadline is not None and deadline <= scope.now():
        await scope.write(changed(entry, state=State.DONE))
        return None
    await scope.park(entry, watch=request.id, wake_at=deadline)


async def _task(scope: "Scope", key: str) -> HumanRequest:
    request = await scope.activation.store.read(_keyed, key=key)
    if request is None:
        raise UnknownId("there is no such task: submit it before waiting for its result")
    return request


def _keyed(tx: InboxTransaction, *, key: str) -> HumanRequest | None:
    return tx.keyed(key)


async def wait_until_done(scope: "Scope", key_prefix: str) -> None:
    """Return once no task is left whose key begins so."""
    entry, recorded = scope.take(None, "drain")
    if recorded and entry.value != key_prefix:
        scope.differs(
            entry.ordinal, {**place_of(entry), "tasks": entry.value}, {**place_of(entry), "tasks": key_prefix}
        )
    entry = changed(entry, value=key_prefix)
    if recorded and entry.state is State.DONE:
        return
    # The youngest: people mostly take the oldest first, so that this run is woken when about all are done.
    last = await scope.activation.store.read(last_pending, key_prefix=key_prefix)
    if last is None:
        await scope.write(changed(entry, state=State.DONE))
        return
    await scope.park(changed(entry, state=State.WAITING), watch=last)


def last_pending(tx: InboxTransaction, *, key_prefix: str) -> str | None:
    """Return the youngest task that is not done, of those whose key begins so."""
    return tx.last_pending(key_prefix)
