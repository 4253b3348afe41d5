"""Tasks from outside a run: what a queue does in a script. They end with the process, unless the queue has a name.

All who wait share one look at the store, made when something has been decided and once a second in any case.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from handrail.inbox import moves
from handrail.inbox.ports import Clock, InboxTransaction, Store
from handrail.requests.identifier import new_id
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.runs.tasks import last_pending

POLL = 1.0
"""seconds between two looks when nothing rings"""
REST = 4
"""how many times as long as the last look took is waited before the next one"""


class ProcessTasks:
    """Gives tasks to people and waits for them, for code outside a run."""

    def __init__(self, store: Store, clock: Clock, scope: str, initiator: str) -> None:
        self._store = store
        self._clock = clock
        self._initiator = initiator
        self.task_scope = scope
        self.awaited: dict[str, int] = {}
        """the beginnings of the keys of tasks that somebody waits for here, each with how many do"""
        self._waiting: dict[str, set[asyncio.Future[HumanRequest]]] = {}
        self._watcher: asyncio.Task[None] | None = None
        self._rung = asyncio.Event()

    async def submit(self, draft: RequestDraft, own: bool) -> str:
        """Open a task, or join the one that has its key; returns the key. Raises `Conflict` if that is another one."""
        await self._store.do(_submit, draft=draft, now=self._clock.now(), initiator=self._initiator)
        return draft.key or ""

    async def wait_for(self, key: str, timeout: float | None) -> HumanRequest | None:
        """Return the task once it is done, or None if that took longer than `timeout` seconds."""
        if done := await self._store.read(_ended, keys=[key]):
            return done[0]
        future: asyncio.Future[HumanRequest] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(future)
        self._rung.set()
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch(), name="handrail tasks")
        try:
            with self._attended(key):
                async with asyncio.timeout(timeout):
                    return await future
        except TimeoutError:
            return None
        finally:
            self._waiting.get(key, set()).discard(future)
            if not self._waiting.get(key):
                self._waiting.pop(key, None)

    async def wait_until_done(self, key_prefix: str) -> None:
        """Return once no task is left whose key begins so."""
        with self._attended(key_prefix):
            while (last := await self._store.read(last_pending, key_prefix=key_prefix)) is not None:
                key = await self._store.read(_key_of, request_id=last)
                await self.wait_for(key, None)

    @contextmanager
    def _attended(self, key_prefix: str) -> Iterator[None]:
        self.awaited[key_prefix] = self.awaited.get(key_prefix, 0) + 1
        try:
            yield
        finally:
            self.awaited[key_prefix] -= 1
            if not self.awaited[key_prefix]:
                del self.awaited[key_prefix]

    async def _watch(self) -> None:
        """Look for the ends of tasks while somebody waits for one."""
        silence = self._store.listen(self._heard)
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._rung.wait()
                self._rung.clear()
                began = loop.time()
                await self._look()
                await asyncio.sleep(REST * (loop.time() - began))
        except Exception as error:
            for future in [future for futures in self._waiting.values() for future in futures]:
                if not future.done():
                    future.set_exception(error)
        finally:
            silence()

    def _heard(self, signals: Sequence[tuple[str, str]]) -> None:
        if any(topic in ("request", "elsewhere") for topic, _ in signals):
            self._rung.set()

    async def _look(self) -> None:
        for request in await self._store.read(_ended, keys=list(self._waiting)):
            for future in self._waiting.pop(request.draft.key or "", ()):
                if not future.done():
                    future.set_result(request)


def _submit(tx: InboxTransaction, *, draft: RequestDraft, now: datetime, initiator: str) -> HumanRequest:
    return moves.submit(tx, draft, now=now, request_id=new_id("req", now), initiator=initiator)


def _key_of(tx: InboxTransaction, *, request_id: str) -> str:
    return moves.find(tx, request_id).draft.key or ""


def _ended(tx: InboxTransaction, *, keys: Collection[str]) -> list[HumanRequest]:
    return tx.ended_tasks(keys)
