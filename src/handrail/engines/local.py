"""The default engine: an asyncio loop in this process. Notified for speed, polling for truth.

Signals from the store say where to look; after anything another process did, and once a second, the engine looks for
itself: at what is due, at dead workers, and at the ends somebody here waits for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice

from handrail.engines.collector import seldom_collected
from handrail.inbox.clock import on_turn, sweep
from handrail.inbox.outbox import Outbox
from handrail.inbox.ports import Clock, Store
from handrail.requests.errors import HandrailError, StoreClosed
from handrail.requests.identifier import parse_time
from handrail.runs import units
from handrail.runs.ports import Liveness, RunTransaction
from handrail.runs.run import StoredRun
from handrail.runs.runner import Runner

logger = logging.getLogger(__name__)

HOUSEKEEPING = 1.0
"""seconds between two looks at everything"""
FEW, OFTEN = 100, 0.25
"""So many runs whose end is waited for are looked at each time; with more of them, only so often (seconds)."""
READY = 1000
"""runs that are remembered as ready; what is beyond waits in the store until there is room"""
STOPPING = 3.0
"""seconds in which what is done beside may end, once it is told to stop"""
COALESCE = 0.002
"""seconds in which signals from other processes count as one"""


class LocalEngine:
    """Makes the runs of one store advance in this process, and moves time and messages on."""

    def __init__(
        self, runner: Runner, store: Store, clock: Clock, liveness: Liveness, outbox: Outbox
    ) -> None:
        self._runner = runner
        self._store = store
        self._clock = clock
        self._liveness = liveness
        self._outbox = outbox
        self._bell = asyncio.Event()
        self._ready: dict[str, None] = {}
        self._look = True
        self._elsewhere = True
        """whether another process may have ended runs that somebody here waits for"""
        self._more = False
        """whether runs were left in the store because there was no room for them"""
        self._next: datetime | None = None
        self._settled: dict[str, None] = {}
        self._checked = 0.0
        self._told = 0.0
        self._chores: dict[str, asyncio.Task[None]] = {}

    def wake(self, run_id: str, not_before: datetime | None = None) -> None:
        """Let a run go on, now or at a moment."""
        if not_before is not None and not_before > self._clock.now():
            self._set_timer(not_before)
            return
        self._ready[run_id] = None
        self._bell.set()

    def look(self) -> None:
        """Look at the store itself at the next opportunity."""
        self._look = True
        self._bell.set()

    async def serve(self) -> None:
        """Work until cancelled."""
        unlisten, unfollow = self._store.listen(self._heard), self._store.follow(self._runner)
        self._runner.behind = lambda: bool(self._ready) or self._more
        self._runner.ended, self._runner.wake = self._bell, self.wake
        loop = asyncio.get_running_loop()
        forget_clock = on_turn(self._clock, lambda: loop.call_soon_threadsafe(self.look))
        try:
            with seldom_collected():
                await self._turn()
        finally:
            unlisten()
            unfollow()
            forget_clock()
            await self._chores_stopped()

    async def _turn(self) -> None:
        """Go round and round, until the store is closed."""
        while True:
            try:
                await self._round()
            except StoreClosed as error:
                logger.error("the engine stops: %s", error)
                self._runner.give_up(error)
                return
            except Exception as error:  # whatever went wrong once: runs that wait must not wait for ever
                logger.error(
                    "the engine goes on after: %s", error, exc_info=not isinstance(error, HandrailError)
                )
                await asyncio.sleep(HOUSEKEEPING)
                self._look = True
            await self._rest()

    def _heard(self, signals: Sequence[tuple[str, str]]) -> None:
        for topic, subject in signals:
            match topic:
                case "wakeup" if len(self._ready) < READY:
                    self._ready[subject] = None
                case "wakeup":
                    self._more = True
                case "timer":
                    self._set_timer(parse_time(subject))
                case "run":
                    self._settled[subject] = None
                case "elsewhere":
                    self._look = self._elsewhere = True
                case "message":
                    self._look = True
        if self._ready or self._look or self._settled:
            self._bell.set()

    def _set_timer(self, moment: datetime) -> None:
        if self._next is None or moment < self._next:
            self._next = moment
            self._bell.set()

    async def _rest(self) -> None:
        pause = HOUSEKEEPING
        if self._next is not None:
            pause = min(pause, max(0.0, (self._next - self._clock.now()).total_seconds()))
        try:
            async with asyncio.timeout(pause):
                await self._bell.wait()
        except TimeoutError:
            return
        self._bell.clear()

    async def _round(self) -> None:
        if self._settled:
            settled, self._settled = self._settled, {}
            # Somebody may have let the run go on since: only an execution that has lost it is dropped.
            live = {run_id: token for run_id, token in self._runner.live.items() if run_id in settled}
            if live:
                self._runner.drop(await self._store.read(_lost, live=live))
            await self._tell(settled)
        if self._ready:
            self._ready = dict.fromkeys(self._runner.take_up(self._ready))
        if self._ready and self._runner.room > 0:
            ready = list(islice(self._ready, self._runner.room))
            for run_id in ready:
                del self._ready[run_id]
            await self._runner.claim(ready)
            if self._ready:  # there was no room for these, or more than a batch of them
                self._bell.set()
        if loop_time() - self._checked >= HOUSEKEEPING:
            self._checked = loop_time()
            self._look = self._elsewhere = True
            await self._keep_house()
        if self._more and self._runner.room > 0:
            self._look = True
        if self._look or (self._next is not None and self._next <= self._clock.now()):
            await self._look_around()

    async def _look_around(self) -> None:
        """Look at the store itself: what is due now, and when something will be."""
        self._look, self._next = False, None
        now, room = self._clock.now(), max(self._runner.room, 0)
        due, following, gathering = await self._store.read(
            _look,
            queues=self._runner.flows.keys(),
            channels=self._outbox.channels.keys(),
            now=now,
            limit=room,
            gathering=self._runner.gathering,
        )
        self._runner.take_up(gathering)
        self._more = len(due) >= room
        now_ready = due[: max(self._runner.room, 0)]
        for run_id in now_ready:
            self._ready.pop(run_id, None)
        # Room that was there when the store was asked may be taken by now: the others come next.
        self._ready.update(dict.fromkeys(due[len(now_ready) :]))
        if await self._runner.claim(now_ready):
            self._bell.set()
        if any(moment <= now for moment in following.sweeps):
            self._beside("sweep", lambda: sweep(self._store, self._clock))
        for name, moment in following.messages.items():
            if moment <= now:  # each channel by itself: a slow one holds up no other
                self._beside(f"deliveries to {name}", partial(self._outbox.deliver_due, only=name))
        for moment in following:
            if moment > now:
                self._set_timer(moment)
        often = len(self._runner.watched) <= FEW or loop_time() - self._told >= OFTEN
        if self._elsewhere and often:
            self._told, self._elsewhere = loop_time(), False
            await self._tell(self._runner.watched)
        await asyncio.sleep(COALESCE)

    def _beside(self, what: str, work: Callable[[], Awaitable[int]]) -> None:
        """Do something beside everything else, unless it is being done: neither holds the other up."""
        if what not in self._chores:
            task = asyncio.create_task(self._chore(what, work), name=f"handrail {what}")
            self._chores[what] = task
            task.add_done_callback(lambda _: self._chores.pop(what, None))

    async def _chores_stopped(self) -> None:
        """End what is being done beside: it gives back what it has taken, before the store is closed."""
        chores = set(self._chores.values())
        for chore in chores:
            chore.cancel()
        if chores:
            await asyncio.wait(chores, timeout=STOPPING)

    async def _chore(self, what: str, work: Callable[[], Awaitable[int]]) -> None:
        """Do it, and look again whether there is more."""
        try:
            if not await work():
                return  # what can't be moved now must not keep the engine turning
        except Exception as error:  # one thing that is wrong must not end it for good
            known = isinstance(error, HandrailError)
            logger.error(
                "%s go on later: %s", what, error if known else type(error).__name__, exc_info=not known
            )
            await asyncio.sleep(HOUSEKEEPING)
        self.look()

    async def _tell(self, run_ids: Collection[str]) -> None:
        """Tell those who wait here for the end of one of these runs."""
        watched = set(self._runner.watched).intersection(run_ids)
        if watched:
            for run in await self._store.read(_settled_runs, run_ids=watched):
                self._runner.tell(run)

    async def _keep_house(self) -> None:
        """Free the runs of dead workers, drop runs that were taken away, give back those that couldn't be stored."""
        await bury_the_dead(self._store, self._liveness, self._clock, self._runner.worker_id)
        if live := self._runner.live:
            self._runner.drop(await self._store.read(_lost, live=live))
        for run_id in list(self._runner.failed):
            await self._store.do(
                units.release, run_id=run_id, worker=self._runner.worker_id, now=self._clock.now()
            )
            self._runner.failed.pop(run_id, None)


class _Following(list[datetime]):
    """The moments at which something is due, by what it is; those of messages by their channel."""

    def __init__(
        self, wakeup: datetime | None, sweep_at: datetime | None, messages: Mapping[str, datetime | None]
    ) -> None:
        self.sweeps = [sweep_at] if sweep_at else []
        self.messages = {name: moment for name, moment in messages.items() if moment is not None}
        super().__init__([*([wakeup] if wakeup else []), *self.sweeps, *self.messages.values()])


def _look(
    tx: RunTransaction,
    *,
    queues: Collection[str],
    channels: Collection[str],
    now: datetime,
    limit: int,
    gathering: Collection[str],
) -> tuple[list[str], _Following, list[str]]:
    messages = {name: tx.next_message_due([name]) for name in channels}
    following = _Following(tx.next_wakeup(queues), tx.next_request_due(), messages)
    if not gathering:
        return tx.wakeups(queues, now, limit), following, []
    if (moment := tx.next_branch_wakeup(gathering, now)) is not None:
        following.append(moment)
    return tx.wakeups(queues, now, limit), following, tx.branches_due(gathering, now)


def loop_time() -> float:
    """Return the event loop's own time, in seconds."""
    return asyncio.get_running_loop().time()


def _settled_runs(tx: RunTransaction, *, run_ids: Collection[str]) -> list[StoredRun]:
    return [run for run_id in tx.settled(run_ids) if (run := tx.run(run_id)) is not None]


def _lost(tx: RunTransaction, *, live: Mapping[str, int]) -> dict[str, int]:
    return {run_id: token for run_id, token in live.items() if not tx.holds(run_id, token)}


def _workers(tx: RunTransaction) -> list[str]:
    return [worker.id for worker in tx.workers()]


async def bury_the_dead(store: Store, liveness: Liveness, clock: Clock, myself: str) -> int:
    """Free the runs of workers that have died; returns how many workers there were."""
    dead = [worker for worker in await store.read(_workers) if worker != myself and liveness.is_dead(worker)]
    for worker in dead:
        freed = await store.do(units.bury, worker_id=worker, now=clock.now())
        if freed:
            logger.info("worker %s has died; %d runs go on or were abandoned", worker, freed)
    return len(dead)
