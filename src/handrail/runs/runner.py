"""Executes runs: takes those that may go on and whose flow this process knows, replays their journal, goes on.

A run is in memory only while it is executed. When it waits it is forgotten here; a wakeup in the store brings it back,
in this process or in another one.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from handrail import killpoints
from handrail.flows.execution import Parked, Stopped, _current
from handrail.flows.function import FunctionFlow
from handrail.flows.node import Chain, ChainableNode, body_of
from handrail.inbox.ports import Clock, Store
from handrail.requests.content import as_stored, encode, isolated, plain
from handrail.requests.errors import InvalidInput, NonDeterministicNode, StoreCorrupt, StoreError
from handrail.runs import units
from handrail.runs.activation import Activation, Cancelled, Fenced, Strand, cut_off, is_failure
from handrail.runs.journal import as_failure
from handrail.runs.ports import RunTransaction
from handrail.runs.recent import Recent
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.scope import Scope
from handrail.runs.units import Claimed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class End:
    """How an execution ended."""

    status: RunStatus
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class Runner:
    """Executes runs for one worker.

    Args:
        flows: by the queue their runs are in: registered names, and ids of runs that only this process knows.
        concurrency: how many runs are in memory at once.
    """

    def __init__(self, store: Store, clock: Clock, worker_id: str, concurrency: int) -> None:
        self.store = store
        self.clock = clock
        self.worker_id = worker_id
        self.concurrency = concurrency
        self.flows: dict[str, ChainableNode] = {}
        self.ended: asyncio.Event = asyncio.Event()
        """set whenever an execution has ended and so made room"""
        self.failed: dict[str, StoreError] = {}
        """runs that could not be stored, to be given back when the store works again"""
        self.wake: Callable[[str], None] = lambda run_id: None
        """tells the engine that a run may go on"""
        self._reserved = 0
        self._tasks: dict[str, tuple[int, asyncio.Task[None]]] = {}
        self.halted: Callable[[], bool] = lambda: False
        """tells whether this worker has stopped, or is being stopped with its event loop"""
        self._endings: set[asyncio.Task[None]] = set()
        self._dropped: set[str] = set()
        """runs whose execution was told to stop"""
        self._waiting: dict[str, set[asyncio.Future[StoredRun]]] = {}
        self._activations: dict[str, Activation] = {}
        self._recent = Recent()
        self._coming: set[str] = set()
        """runs that were taken by the thread of the store, and that the loop has not heard of yet"""
        self.behind: Callable[[], bool] = lambda: False
        """tells whether runs wait for room here: they come before others"""
        self._taking_up: set[asyncio.Task[None]] = set()

    # -- taking runs ------------------------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """How many more runs may be executed now."""
        return max(self.concurrency - len(self._tasks) - self._reserved - len(self._coming), 0)

    @contextmanager
    def reserved(self, count: int) -> Iterator[None]:
        """Keep room for runs that are just being taken."""
        self._reserved += count
        try:
            yield
        finally:
            self._reserved -= count

    @property
    def live(self) -> dict[str, int]:
        """The runs that are executed here, with their tokens."""
        return {run_id: token for run_id, (token, _) in self._tasks.items()}

    def executes(self, run_id: str) -> bool:
        """Whether the run is executed here."""
        return (held := self._tasks.get(run_id)) is not None and not held[1].done()

    async def claim(self, run_ids: Iterable[str]) -> int:
        """Take those of the runs that may go on, and execute them; returns how many. There has to be room for all."""
        wanted = list(dict.fromkeys(run_ids))
        if not wanted:
            return 0
        killpoints.reach("claim:before")
        with self.reserved(len(wanted)):
            try:
                claimed = await self._take(wanted)
            except StoreCorrupt:
                claimed = await self._take_one_by_one(wanted)
        for one in claimed:
            self.execute(one)
        return len(claimed)

    def take(self, tx: RunTransaction, run_ids: Sequence[str]) -> dict[str, Claimed]:
        """Take runs in the transaction that wakes them (see `Follower`): the thread of the store calls this."""
        room = self.room
        if room <= 0 or self.behind() or self.halted():
            return {}
        killpoints.reach("claim:before")
        wanted = [run_id for run_id in run_ids if run_id not in self._coming][:room]
        self._coming.update(wanted)  # from here on: the loop may take others meanwhile
        found: dict[str, Claimed] = {}
        try:
            claimed = units.claim(
                tx,
                run_ids=wanted,
                queues=self.flows.keys(),
                worker=self.worker_id,
                now=self.clock.now(),
                known=self._recent.take(wanted),
            )
            found = {one.run.id: one for one in claimed}
        finally:
            self._coming.difference_update(run_id for run_id in wanted if run_id not in found)
        return found

    def taken(self, found: Mapping[str, Claimed], committed: bool) -> None:
        """Execute what was taken so."""
        self._coming.difference_update(found)
        for claimed in found.values():
            if committed and not self.halted():  # else it is free again, or will be with this worker
                self.execute(claimed)
        if not committed:
            self.ended.set()  # there is room again

    async def _take(self, run_ids: list[str]) -> list[Claimed]:
        return await self.store.do(
            units.claim,
            run_ids=run_ids,
            queues=self.flows.keys(),
            worker=self.worker_id,
            now=self.clock.now(),
            known=self._recent.take(run_ids),
        )

    async def _take_one_by_one(self, run_ids: list[str]) -> list[Claimed]:
        """A damaged row concerns one run only; the others go on."""
        claimed = []
        for run_id in run_ids:
            try:
                claimed += await self._take([run_id])
            except StoreCorrupt as error:
                logger.error("run %s can't be taken: %s", run_id, error)
        return claimed

    def execute(self, claimed: Claimed) -> None:
        """Execute a run that this worker has taken."""
        run = claimed.run
        if run.queue not in self.flows:  # forgotten since it was taken: whoever knows the flow may have it
            self.failed[run.id] = StoreError(f"the flow of run {run.id} is not known here any more")
            return
        task = asyncio.create_task(self._execute(claimed), name=f"handrail {run.id}")
        self._tasks[run.id] = (run.token, task)
        task.add_done_callback(lambda ended: self._forget(run, ended))

    @property
    def gathering(self) -> list[str]:
        """The runs of which branches are being executed here, so that others of their branches may go on."""
        return [run_id for run_id, activation in self._activations.items() if activation.gathers]

    def take_up(self, run_ids: Iterable[str]) -> list[str]:
        """Let branches go on whose answers have come while other branches of their run are executed here.

        Returns the other runs.
        """
        others = []
        for run_id in run_ids:
            if (activation := self._activations.get(run_id)) is None or not activation.gathers:
                others.append(run_id)
                continue
            task = asyncio.create_task(self._take_up(activation), name=f"handrail answers of {run_id}")
            self._taking_up.add(task)
            task.add_done_callback(self._taking_up.discard)
        return others

    async def _take_up(self, activation: Activation) -> None:
        try:
            if not await activation.take_up():
                self.wake(activation.run_id)  # it came to its wait meanwhile
        except StoreError as error:  # the answers stay where they are: they are looked for again
            logger.warning("answers for run %s are taken up later: %s", activation.run_id, error)

    def _forget(self, run: StoredRun, task: "asyncio.Task[None]") -> None:
        run_id = run.id
        if task.cancelled():
            if run_id not in self._dropped and not self.halted():
                # By its own code: nobody stopped it, so nobody would take it up again.
                self._endings.add(ending := asyncio.create_task(self._end_cancelled(run)))
                ending.add_done_callback(self._endings.discard)
        elif (error := task.exception()) is not None:
            logger.error("run %s can't be executed here", run_id, exc_info=error)
            self._tell_error(run_id, error)
        self._dropped.discard(run_id)
        if (held := self._tasks.get(run_id)) is not None and held[0] == run.token:
            del self._tasks[run_id]
        self.ended.set()

    async def _end_cancelled(self, run: StoredRun) -> None:
        """Store the failure of a run whose code has cancelled the task that executes it."""
        failure = {
            "name": "flow",
            "kind": "CancelledError",
            "message": "the flow's code cancelled its own asyncio task, or kept a cancellation from going on",
        }
        try:
            stored = await self.store.do(
                units.finish,
                run=run,
                now=self.clock.now(),
                status=RunStatus.FAILED,
                error=failure,
            )
        except StoreError as error:
            self.failed[run.id] = error
        else:
            if stored is not None:
                self.tell(stored)

    # -- executing ----------------------------------------------------------------------------------------------------

    async def _execute(self, claimed: Claimed) -> None:
        run = claimed.run
        killpoints.reach("claim:after")
        activation = Activation(
            run.id,
            run.token,
            run.flow,
            run.initiator,
            self.store,
            self.clock,
            lambda: len(encode(run.input)),
            whole=self.flows[run.queue],
            home=run.home,
            parent=run.parent,
        )
        self._activations[run.id] = activation
        strand = Strand("", asyncio.current_task(), frames=claimed.frames, requests=claimed.requests)
        try:
            end = await self._to_its_end(self.flows[run.queue], run, activation, strand)
            if end is None:
                if strand.parked and activation.doom is None:
                    self._recent.keep(run, strand)
                return
            killpoints.reach("finish:before")
            stored = await activation.insist(
                units.finish,
                run=run,
                now=self.clock.now(),
                status=end.status,
                entries=strand.last_entries(),
                result=end.result,
                error=end.error,
            )
            killpoints.reach("finish:after")
            if stored is not None:
                self.tell(stored)
        except StoreError as error:
            logger.error("run %s was interrupted: %s", run.id, error)
            self.failed[run.id] = error
            self._tell_error(run.id, error)
        finally:
            strand.end()
            if self._activations.get(run.id) is activation:
                del self._activations[run.id]

    async def _to_its_end(
        self, flow: ChainableNode, run: StoredRun, activation: Activation, strand: Strand
    ) -> End | None:
        """Execute until the run waits (None) or ends."""
        whole = isinstance(flow, Chain | FunctionFlow)  # else it is a step of a chain of one
        scope = Scope(activation, strand, repeatable=flow.repeatable if whole else True)
        _current.set(scope)
        try:
            result = await execute_whole(flow, run)
            scope.close()
            return _finished(result, scope)
        except Stopped as stop:
            return _finished(stop.result, scope)
        except (Parked, Fenced):
            return None
        except Cancelled as cancelled:
            await self.store.do(units.cancel, run_id=run.id, now=self.clock.now(), actor=cancelled.by)
            return None
        except BaseException as error:
            if not is_failure(error):
                cut_off(error)
                raise
            return self._failed(error, strand, run, activation)

    def _failed(
        self, error: BaseException, strand: Strand, run: StoredRun, activation: Activation
    ) -> End | None:
        match activation.doom or error:
            case NonDeterministicNode() as different:
                logger.warning(
                    "run %s needs attention: its past doesn't match its flow; see `handrail show %s`",
                    run.id,
                    run.id,
                )
                return End(
                    RunStatus.NEEDS_ATTENTION,
                    error={"message": str(different), "difference": different.difference},
                )
            case StoreError() as broken if activation.doom is not None:
                raise broken
            case Fenced() | Cancelled():
                return None
        if strand.parked:
            return None
        failure = as_failure(run.flow or "flow", error)
        logger.info(
            "run %s failed in step %s (%s): see `handrail show %s`, mend the cause, then `handrail retry %s`",
            run.id,
            failure["name"],
            failure["kind"],
            run.id,
            run.id,
        )
        return End(RunStatus.FAILED, error={key: failure[key] for key in ("name", "kind", "message")})

    # -- waiting for ends ---------------------------------------------------------------------------------------------

    def watch(self, run_id: str) -> "asyncio.Future[StoredRun]":
        """Return a future of the run once it has settled; `watched` has to be called when nobody waits any more."""
        future: asyncio.Future[StoredRun] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run_id, set()).add(future)
        return future

    def unwatch(self, run_id: str, future: "asyncio.Future[StoredRun]") -> None:
        """Nobody waits for this future any more."""
        if (futures := self._waiting.get(run_id)) is not None:
            futures.discard(future)
            if not futures:
                del self._waiting[run_id]

    @property
    def watched(self) -> list[str]:
        """The runs whose end somebody here waits for."""
        return list(self._waiting)

    def tell(self, run: StoredRun) -> None:
        """Tell those who wait for the end of a run."""
        for future in self._waiting.pop(run.id, ()):
            if not future.done():
                future.set_result(run)

    def _tell_error(self, run_id: str, error: BaseException) -> None:
        for future in self._waiting.pop(run_id, ()):
            if not future.done():
                future.set_exception(error)

    def give_up(self, error: Exception) -> None:
        """Tell everybody who waits that no run goes on here any more."""
        for run_id in self.watched:
            self._tell_error(run_id, error)

    # -- stopping -----------------------------------------------------------------------------------------------------

    def drop(self, lost: Mapping[str, int]) -> None:
        """Stop executing runs that belong to somebody else or were cancelled, if it is still with these tokens.

        Whoever looked saw how it was: a run may have come to its wait and have been taken again since.
        """
        for run_id, token in lost.items():
            if (held := self._tasks.get(run_id)) is not None and held[0] == token:
                self._dropped.add(run_id)
                held[1].cancel()

    async def stop(self) -> None:
        """Stop all executions; the runs stay where they are and are freed with this worker."""
        tasks = [task for _, task in self._tasks.values()]
        self.drop(self.live)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


async def execute_whole(flow: ChainableNode, run: StoredRun) -> Any:
    """Execute a flow with the input of a run, in the scope that is current."""
    # A flow that is a single node is a chain of one: its step is recorded, retried and asked about like any other.
    whole = flow if isinstance(flow, Chain | FunctionFlow) else Chain([flow])
    flow.check_input(run.input)
    # A copy, unless the nodes make theirs: what the flow does to its input must not reach the next replay.
    return await body_of(whole)(run.input if type(whole) is Chain else isolated(run.input))


def _finished(result: Any, scope: Scope) -> End:
    if not isinstance(result := plain(result), dict):
        raise InvalidInput(f"the flow returned {type(result).__name__}; a flow returns a dict")
    return End(RunStatus.FINISHED, result=as_stored(result, "the result of the flow", scope.given))
