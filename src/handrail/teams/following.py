"""A local picture of one run of a team: the events of its log, applied in order as they come, told in order.

The picture is brought up to date at once, whoever asks; callbacks are called one after the other behind it. It is not
durable: whoever attaches anew learns how things stand, not what happened while nobody listened.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any

from handrail.inbox.ports import Store
from handrail.requests.errors import StoreClosed
from handrail.runs.activation import being_cancelled
from handrail.teams.board import Board
from handrail.teams.event import Fact, WorkflowMoved, read
from handrail.teams.ports import TeamTransaction
from handrail.teams.status import WorkflowStatus

logger = logging.getLogger(__name__)

PAGE = 1000
"""events that are read at once"""

Told = Callable[[Board, Fact], Sequence[Callable[[], Any]]]
"""Gives the calls by which it is told what has happened to a board, applied to it by then."""


class Following:
    """Follows one run of a team on the present event loop until it is closed."""

    def __init__(self, store: Store, run_id: str, told: Told) -> None:
        self.run_id = run_id
        self.board = Board()
        self.store = store
        self._told = told
        self._reading = asyncio.Lock()
        self._look = asyncio.Event()
        self._bell = asyncio.Event()
        self._calls: asyncio.Queue[Callable[[], Any]] = asyncio.Queue()
        self._calling = False
        self.closed = False
        self._unlisten = store.listen(self._heard)
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._keep_up(), name=f"handrail board of {run_id}"),
            loop.create_task(self._call(), name=f"handrail callbacks of {run_id}"),
        ]

    async def begin(self) -> None:
        """Learn how things stand; only the present status is told."""
        await self.catch_up(silently=True)
        if self.board.status is not WorkflowStatus.INITIAL:
            self._tell(WorkflowMoved(self.board.status, self.board.error))

    async def catch_up(self, *, silently: bool = False) -> None:
        """Apply every event that is stored by now."""
        async with self._reading:
            while lines := await self.store.read(
                _log, run_id=self.run_id, after=self.board.sequence, limit=PAGE
            ):
                for line in lines:
                    event = read(line)
                    if event is None:
                        self.board.sequence = line.sequence
                        continue
                    self.board.apply(event)
                    if not silently:
                        self._tell(event.fact)
                    self.ring()

    def _tell(self, fact: Fact) -> None:
        for call in self._told(self.board, fact):
            self._calls.put_nowait(call)

    @property
    def all_told(self) -> bool:
        """Whether no callback is under way, and none will be."""
        return not self._calling and (self._calls.empty() or self.closed)

    async def told(self) -> None:
        """Return once every callback has been called."""
        while not self.all_told:
            await self.next_change().wait()

    @property
    def calls_now(self) -> bool:
        """Whether this is asked from within a callback."""
        return self._calling and asyncio.current_task() is self._tasks[1]

    def next_change(self) -> "asyncio.Event":
        """Return what is set as soon as anything happens from now on."""
        return self._bell

    def ring(self) -> None:
        """Tell everybody who waits for it that something has happened."""
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    def _heard(self, signals: Sequence[tuple[str, str]]) -> None:
        if any(topic == "elsewhere" or (topic == "team" and one == self.run_id) for topic, one in signals):
            self._look.set()

    async def _keep_up(self) -> None:
        while True:
            await self._look.wait()
            self._look.clear()
            try:
                await self.catch_up()
            except StoreClosed:
                return
            except Exception:
                logger.exception("the board of run %s can't be followed; it is tried again", self.run_id)

    async def _call(self) -> None:
        while not self.closed:
            call = await self._calls.get()
            self._calling = True
            try:
                result = call()
                if inspect.isawaitable(result):
                    await result
            except (Exception, asyncio.CancelledError):
                if being_cancelled():
                    raise
                logger.exception("a callback of the team of run %s failed", self.run_id)
            finally:
                self._calling = False
                self.ring()

    def close(self) -> None:
        """Follow no more. A callback that is under way goes on: it may be what closes this, to start another run."""
        self.closed = True
        self._unlisten()
        keeping_up, calling = self._tasks
        keeping_up.cancel()
        if not self._calling:
            calling.cancel()
        self.ring()


def _log(tx: TeamTransaction, *, run_id: str, after: int, limit: int) -> list[Any]:
    return tx.team_log(run_id, after, limit)


async def either(news: asyncio.Event, settled: "asyncio.Future[Any]") -> None:
    """Return once there are news, or a run has settled if it hadn't before."""
    heard = asyncio.ensure_future(news.wait())
    others = [] if settled.done() else [settled]
    try:
        await asyncio.wait([heard, *others], return_when=asyncio.FIRST_COMPLETED)
    finally:
        heard.cancel()
