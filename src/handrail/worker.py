"""A worker: alive while it holds its lock, known to others by its row, executing runs of the flows that it knows."""

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress

from handrail.engines.local import LocalEngine, bury_the_dead
from handrail.flows.node import ChainableNode
from handrail.inbox.outbox import Outbox
from handrail.inbox.ports import Clock
from handrail.requests.errors import StoreClosed
from handrail.requests.identifier import new_id
from handrail.runs import units
from handrail.runs.ports import Worker
from handrail.runs.runner import Runner
from handrail.stores.sqlite import SQLiteStore
from handrail.webhooks.delivering import Deliverer


class Work:
    """A worker of an app: alive while it holds its lock, known to others by its row."""

    def __init__(
        self,
        store: SQLiteStore,
        clock: Clock,
        flows: Mapping[str, ChainableNode],
        outbox: Outbox,
        webhooks: Deliverer,
        concurrency: int,
    ) -> None:
        now = clock.now()
        self.outbox = outbox
        self.webhooks = webhooks
        self._store = store
        self._clock = clock
        self.worker = Worker(new_id("worker", now), os.getpid(), socket.gethostname(), now, tuple(flows))
        self.runner = Runner(store, clock, self.worker.id, concurrency)
        self.runner.flows.update(flows)
        self.engine = LocalEngine(self.runner, store, clock, store.liveness, outbox)
        self.attended: dict[str, int] = {}
        """runs that somebody in this process waits for at this moment"""

    async def start(self) -> None:
        """Show that this worker is alive, free what dead ones held, and begin to work."""
        self._store.liveness.hold(self.worker.id)
        await self._store.do(units.register, worker=self.worker)
        await bury_the_dead(self._store, self._store.liveness, self._clock, self.worker.id)
        self._delivering = asyncio.create_task(self.webhooks.serve(), name="handrail webhooks")
        serving = self._serving = asyncio.create_task(self.engine.serve(), name="handrail engine")
        self.runner.halted = lambda: serving.done() or serving.cancelling() > 0

    async def stop(self) -> None:
        """Stop working: runs that were being executed are free for other workers."""
        for task in (self._serving, self._delivering):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.runner.stop()
        self.runner.give_up(StoreClosed("the app was closed; the run goes on where a worker knows its flow"))
        try:
            await self._store.do(units.bury, worker_id=self.worker.id, now=self._clock.now())
        finally:  # if the store can't be written now, others find this worker dead and bury it
            self._store.liveness.release(self.worker.id)

    @property
    def works(self) -> bool:
        """Whether it goes on with runs at this moment."""
        return not self._serving.done()

    def attend(self, run_id: str) -> None:
        """Somebody in this process waits for this run."""
        self.attended[run_id] = self.attended.get(run_id, 0) + 1

    def forget(self, queue: str) -> None:
        """Forget the flow of a run that has settled, unless it is known by a name."""
        if queue.startswith("run:"):
            self.runner.flows.pop(queue, None)

    def disown(self, run_id: str) -> None:
        """Nobody waits here any more; a run that hasn't settled goes on without its caller."""
        self.attended[run_id] -= 1
        if not self.attended[run_id]:
            del self.attended[run_id]
