"""Asks in the terminal what the runs of this process ask, one request after the other, while somebody waits for them.

Without a terminal, or for people who are not asked, it says once what waits and how to decide it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from handrail.channels.terminal.bell import Bell
from handrail.channels.terminal.progress import aside
from handrail.inbox import views
from handrail.inbox.inbox import Inbox
from handrail.inbox.moves import PENDING
from handrail.inbox.ports import Clock, Filter, InboxTransaction, Store
from handrail.requests.decision import Actor
from handrail.requests.errors import HandrailError, NotAllowed, StoreError
from handrail.requests.request import HumanRequest
from handrail.requests.routing import check_may_act, check_not_claimed
from handrail.runs.run import StoredRun
from handrail.runs.runs import find

Pending = list[tuple[HumanRequest, str | None]]
"""Requests that wait, each with why this person may not decide it, if so."""


async def attend(
    inbox: Inbox, store: Store, clock: Clock, person: str, attended: Callable[[], list[str]]
) -> None:
    """Ask here, until cancelled, what the runs ask that `attended` names; answers are those of `person`."""
    attendant = _Attendant(inbox, store, clock, Actor(person, channel="terminal"), attended)
    with Bell().listening(store) as bell:
        while True:
            if runs := attended():
                await attendant.round(runs)
            await bell.wait()


def _pending(tx: InboxTransaction, *, runs: Sequence[str], actor: Actor) -> Pending:
    found = [request for run in runs for request in tx.requests(Filter(PENDING, run_id=run))]
    return [(request, _why_not(tx, request, actor)) for request in found]


def _why_not(tx: InboxTransaction, request: HumanRequest, actor: Actor) -> str | None:
    if any(vote.actor == actor.name for vote in request.decisions):
        return "your decision is stored; the others are still to decide"
    try:
        check_may_act(request, actor, tx.members)
        check_not_claimed(request, actor)
    except NotAllowed as error:
        return str(error)
    return None


class _Attendant:
    def __init__(
        self, inbox: Inbox, store: Store, clock: Clock, actor: Actor, attended: Callable[[], list[str]]
    ) -> None:
        self._inbox, self._store, self._clock, self._actor, self._attended = (
            inbox,
            store,
            clock,
            actor,
            attended,
        )
        self._told: set[tuple[str, str | None]] = set()
        self._skipped: set[str] = set()
        self._asks = True
        self._desk: Any = None

    async def round(self, runs: Sequence[str]) -> None:
        """Ask or tell what waits now. A store that can't be read at the moment is looked at again later."""
        while True:
            try:
                pending = await self._store.read(_pending, runs=runs, actor=self._actor)
            except StoreError:
                return
            request = self._tell(pending)
            if request is None or not runs:
                return
            with aside():
                await self._ask(request)
            runs = self._attended()

    def _tell(self, pending: Pending) -> HumanRequest | None:
        """Tell what can't be asked here, each once, and return the first request that can."""
        for request, why_not in pending:
            key = (request.id, why_not)
            if key in self._told or request.id in self._skipped:
                continue
            if why_not is None and self._asks and self._get_desk().screen.keyboard.usable:
                return request
            self._told.add(key)
            self._explain(request, why_not)
        return None

    def _get_desk(self) -> Any:
        # rich takes a tenth of a second to import: only processes that ask pay for it.
        if self._desk is None:
            from handrail.channels.terminal.conversation import Desk
            from handrail.channels.terminal.screen import Screen

            self._desk = Desk(Screen(), self._inbox, self._store, self._clock, self._actor)
        return self._desk

    def _explain(self, request: HumanRequest, why_not: str | None) -> None:
        from handrail.channels.terminal.escape import one_line
        from handrail.channels.terminal.hints import how_to_decide

        reason = f" ({why_not})" if why_not else ""
        title, command = one_line(request.draft.title, 100), how_to_decide(request, self._store)
        self._get_desk().screen.command(f"Waiting for a decision: {title}{reason}. Decide it with: {command}")

    async def _ask(self, request: HumanRequest) -> None:
        from handrail.channels.terminal.review import Ended, review

        run = await self._store.read(find, run_id=str(request.run_id))
        screen = self._get_desk().screen
        try:
            ended = await review(self._get_desk(), request)
        except asyncio.CancelledError:
            screen.end_line()
            screen.command(await self._farewell(request, run))
            raise
        match ended:
            case Ended.SKIPPED:
                self._skipped.add(request.id)
                self._explain(request, "skipped here")
            case Ended.QUIT:
                self._asks = False
                screen.note("Nothing more is asked here; the run goes on waiting, Ctrl-C ends this process.")

    async def _farewell(self, request: HumanRequest, run: StoredRun) -> str:
        """Say how it stands when this process is stopped, or has its result, while the prompt is still open."""
        from handrail.channels.terminal.hints import how_to_decide
        from handrail.channels.terminal.render import ending

        with suppress(HandrailError, TimeoutError):
            async with asyncio.timeout(1):
                if (latest := await views.request(self._store, request.id)).ended:
                    return f"Decided meanwhile: {ending(latest)}."
        if run.home is not None:
            return (
                "Nothing was decided. The run ends with this process: only one with a run_id can go on later."
            )
        return (
            f"Nothing was decided; run {run.id} goes on waiting. Execute it again with the same run_id, "
            f"or decide with: {how_to_decide(request, self._store)}"
        )
