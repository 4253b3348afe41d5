"""What is done with runs from outside: start, look, wait, cancel, retry."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from handrail import killpoints
from handrail.inbox.ports import Clock, Store
from handrail.requests.content import encode, isolated
from handrail.requests.errors import (
    Conflict,
    IllegalMove,
    InvalidInput,
    RunAbandoned,
    RunCancelled,
    RunMismatch,
    RunNeedsAttention,
    StepFailed,
    UnknownId,
)
from handrail.runs import units
from handrail.runs.ports import RunTransaction
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.runner import Runner


def find(tx: RunTransaction, *, run_id: str) -> StoredRun:
    """Return the stored run or raise `UnknownId`."""
    if (run := tx.run(run_id)) is None:
        raise UnknownId(f"there is no run {run_id!r} in this store; `handrail runs` lists them")
    return run


def check_run_id(run_id: str) -> str:
    """Return a run id given by a user, or raise `InvalidInput`."""
    if not isinstance(run_id, str) or not run_id.strip() or len(run_id) > 200 or not run_id.isprintable():
        raise InvalidInput("a run_id is a printable text of at most 200 characters")
    if run_id in (".", ".."):
        raise InvalidInput(f"{run_id!r} can't be a run_id: no address of a page can name it, choose another")
    return run_id


def check_same(existing: StoredRun, wanted: StoredRun) -> None:
    """Raise `RunMismatch` if a run id is used again with other input or for another flow."""
    run_id = existing.id
    if existing.input != wanted.input:
        raise RunMismatch(
            f"run {run_id!r} was started with other input; use another run_id for this one", run_id=run_id
        )
    if existing.flow is not None or wanted.flow is not None:
        same = existing.flow == wanted.flow
    elif existing.status is RunStatus.FINISHED:
        same = existing.signature == wanted.signature
    else:  # a changed flow may go on; whether its past matches is seen when it is replayed
        same = existing.signature[:1] == wanted.signature[:1]
    if not same:
        raise RunMismatch(
            f"run {run_id!r} is one of another flow ({existing.flow or ' | '.join(existing.signature)}); "
            "use another run_id",
            run_id=run_id,
        )


def _listed(
    tx: RunTransaction, *, statuses: Collection[RunStatus], flow: str | None, after: str | None, limit: int
) -> list[StoredRun]:
    return tx.runs(statuses, flow, after, limit)


class Runs:
    """The runs of a store, for those who start and watch them."""

    def __init__(
        self, store: Store, clock: Clock, *, cancel: Callable[..., StoredRun | None] = units.cancel
    ) -> None:
        self._store = store
        self._clock = clock
        self._cancel = cancel
        """the unit that cancels a run and what belongs to it"""

    async def get(self, run_id: str) -> StoredRun:
        """Return a run or raise `UnknownId`."""
        return await self._store.read(find, run_id=run_id)

    async def list(
        self,
        statuses: Collection[RunStatus] = (),
        *,
        flow: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> list[StoredRun]:
        """Return runs, oldest first."""
        return await self._store.read(_listed, statuses=statuses, flow=flow, after=after, limit=limit)

    async def create(self, run: StoredRun) -> tuple[StoredRun, bool]:
        """Store a run; returns it and whether it is new. Raises `RunMismatch` for an id that means something else."""
        encode(run.input, "the input")
        killpoints.reach("create:before")
        existing = await self._store.do(units.create, run=run)
        killpoints.reach("create:after")
        if existing is None:
            return run, True
        check_same(existing, run)
        return existing, False

    async def cancel(self, run_id: str, *, actor: str) -> StoredRun:
        """Cancel a run and withdraw its requests. Raises `Conflict` if it has ended otherwise."""
        run = await self._store.do(self._cancel, run_id=run_id, now=self._clock.now(), actor=actor)
        killpoints.reach("cancel:after")
        if run is None:
            raise UnknownId(f"there is no run {run_id!r} in this store; `handrail runs` lists them")
        if run.status is not RunStatus.CANCELLED:
            raise Conflict(f"run {run_id} is already {run.status}", winner=None)
        return run

    async def retry(self, run_id: str, *, actor: str) -> StoredRun:
        """Let a FAILED run go on at the step that failed, or one that NEEDS_ATTENTION try its flow again."""
        return await self._store.do(_retry, run_id=run_id, now=self._clock.now(), actor=actor)

    async def wait(self, runner: Runner, run_id: str, timeout: float | None = None) -> StoredRun:
        """Return the run once it has settled. Raises `TimeoutError` after `timeout` seconds; the run goes on."""
        future = runner.watch(run_id)
        try:
            if not runner.executes(run_id) and (run := await self.get(run_id)).settled:
                return run
            if timeout is None:
                return await future
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise TimeoutError(f"run {run_id} has not ended within {timeout:g} s; it goes on") from None
        finally:
            runner.unwatch(run_id, future)


def _retry(tx: RunTransaction, *, run_id: str, now: Any, actor: str) -> StoredRun:
    run = find(tx, run_id=run_id)
    if run.status not in (RunStatus.FAILED, RunStatus.NEEDS_ATTENTION):
        raise IllegalMove(
            f"run {run_id} is {run.status}: only FAILED and NEEDS_ATTENTION can be tried again", winner=None
        )
    check_alone(run)
    if run.status is RunStatus.FAILED:
        units.reopen(tx, run_id, "")
    units.log(tx, run, "retried", now, actor)
    return units.revive(tx, run, now)


def check_alone(run: StoredRun) -> None:
    """Raise `IllegalMove` for a settled run that another one has begun: that one has gone on without it."""
    if run.parent is not None and run.settled:
        raise IllegalMove(
            f"run {run.id} did a part of run {run.parent}, which has gone on without it: unblock its task on that "
            "board",
            winner=None,
        )


def result_of(run: StoredRun) -> dict[str, Any]:
    """Return the result of a settled run, or raise what it came to."""
    error = run.error or {}
    match run.status:
        case RunStatus.FINISHED:
            return isolated(run.result)  # type: ignore[no-any-return]
        case RunStatus.FAILED:
            raise StepFailed(error["name"], error["kind"], error["message"], run_id=run.id)
        case RunStatus.CANCELLED:
            raise RunCancelled(f"run {run.id} was cancelled", run_id=run.id)
        case RunStatus.ABANDONED:
            raise RunAbandoned(
                f"run {run.id} ended with its process; pass a run_id to execute(...) to be able to go on",
                run_id=run.id,
            )
        case RunStatus.NEEDS_ATTENTION:
            message = f"{error.get('message')} (then `handrail migrate {run.id} --map OLD=NEW`, or cancel it)"
            raise RunNeedsAttention(message, run_id=run.id, difference=error.get("difference"))
    raise InvalidInput(f"run {run.id} is {run.status}: it has no result yet")
