"""The desk at which simulated reviewers sit: what waits for them they decide, at once or when its time has come.

The log is what tells them: each line is read once, so many requests take a linear time, and those of other processes
are in it too. Everything else is as for real people: the inbox is the door, the audience binds, others may be faster.
"""

import asyncio
import heapq
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from handrail.app import App
from handrail.inbox.clock import on_turn
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, NotAllowed
from handrail.requests.request import HumanRequest
from handrail.testing.answers import spoken
from handrail.testing.reviewers import Reviewer
from handrail.testing.work import PAGE, Work, again, end_of_log, news, pending

POLL = 1.0
"""seconds between two looks when nothing rings"""


class Desk:
    """Some reviewers and the inbox of an open app."""

    def __init__(self, app: App, reviewers: Sequence[Reviewer]) -> None:
        self._inbox, self._store, self._clock = app.inbox, app.store, app.clock
        self._reviewers = reviewers
        self._actors = [Actor(each.name, each.strength, "simulated") for each in reviewers]
        self.failure: Exception | None = None
        """the first thing that went wrong with an answer, known at once"""
        self._bell = asyncio.Event()
        self._read = 0
        self._later: list[tuple[datetime, str, int]] = []
        """a heap: when which request is answered by whom"""
        self._planned: set[tuple[str, int]] = set()

    async def begin(self) -> None:
        """Look at what waits already, oldest first; what is opened meanwhile is in the log behind its present end."""
        self._read = await self._store.read(end_of_log)
        after: str | None = None
        while page := await self._store.read(pending, after=after, actors=self._actors):
            after = page[-1][0].id
            await self._take(sorted(page, key=_age))

    async def work(self) -> None:
        """Decide whatever comes, until cancelled."""
        loop = asyncio.get_running_loop()
        silence = self._store.listen(self._heard)
        forget_clock = on_turn(self._clock, lambda: loop.call_soon_threadsafe(self._bell.set))
        try:
            while True:
                await self._look_at_news()
                await self._look_at_what_is_due()
                await self._rest()
        finally:
            silence()
            forget_clock()

    def _heard(self, signals: Sequence[tuple[str, str]]) -> None:
        if any(topic in ("request", "elsewhere") for topic, _ in signals):
            self._bell.set()

    async def _rest(self) -> None:
        pause = POLL
        if self._later:
            pause = min(pause, max(0.0, (self._later[0][0] - self._clock.now()).total_seconds()))
        try:
            async with asyncio.timeout(pause):
                await self._bell.wait()
        except TimeoutError:
            return
        self._bell.clear()

    async def _look_at_news(self) -> None:
        """Look at what the log tells since the last time."""
        while True:
            lines, page = await self._store.read(news, after=self._read, actors=self._actors)
            self._read += lines
            await self._take(page)
            if lines < PAGE:
                return

    async def _look_at_what_is_due(self) -> None:
        """Look again at what slow reviewers answer by now."""
        while True:
            due: dict[str, list[int]] = {}
            now = self._clock.now()
            while self._later and self._later[0][0] <= now and len(due) < PAGE:
                _, request_id, number = heapq.heappop(self._later)
                self._planned.discard((request_id, number))
                due.setdefault(request_id, []).append(number)
            if not due:
                return
            page = await self._store.read(again, request_ids=list(due), actors=self._actors)
            await self._answer_all(
                [(request, tuple(n for n in due[request.id] if n in whose)) for request, whose in page]
            )

    async def _take(self, work: Work) -> None:
        """Answer what can be answered now, and plan the rest."""
        now = self._clock.now()
        ready: Work = []
        for request, whose in work:
            waits = {number: moment for number in whose if (moment := self._moment(request, number)) > now}
            for number, moment in waits.items():
                if (request.id, number) not in self._planned:
                    self._planned.add((request.id, number))
                    heapq.heappush(self._later, (moment, request.id, number))
            ready.append((request, tuple(number for number in whose if number not in waits)))
        await self._answer_all(ready)

    def _moment(self, request: HumanRequest, number: int) -> datetime:
        return request.opened_at + timedelta(seconds=self._reviewers[number].delay(request))

    async def _answer_all(self, work: Work) -> None:
        """Answer all at once, so that they share commits; one that fails leaves none half done."""
        await asyncio.gather(
            *(self._answer(request, whose) for request, whose in work if whose), return_exceptions=True
        )
        if self.failure is not None:
            raise self.failure

    async def _answer(self, request: HumanRequest, whose: Iterable[int]) -> None:
        """Let one after the other answer, until the request has ended."""
        for number in whose:
            if request.ended:
                return
            try:
                request = await self._decided(request, number)
            except Conflict:
                return
            except NotAllowed:  # it was reassigned or claimed since it was read
                continue
            except Exception as error:
                error.add_note(f"while {self._actors[number].name!r} reviewed {request.id}")
                self.failure = self.failure or error
                raise

    async def _decided(self, request: HumanRequest, number: int) -> HumanRequest:
        answer = self._reviewers[number].answer(request)
        if answer is None:
            return request
        verb, payload, comment = spoken(answer)
        return await self._inbox.decide(
            request.id,
            verb,
            actor=self._actors[number],
            payload=payload,
            comment=comment,
            seen_hash=request.content_hash,
        )


def _age(waiting: tuple[HumanRequest, object]) -> tuple[datetime, str]:
    """Sort by age; what branches asked at the same moment by its place, which is the same in each execution."""
    request, _ = waiting
    return request.opened_at, request.address or ""
