"""Asks in the terminal what the runs of this process ask, one request after the other, while somebody waits for them.

Without a terminal, or for people who are not asked, it says once what waits and how to decide it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

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


MOST = 200
"""requests that are looked at each time: the oldest"""


FEW = 20
"""requests that are told one by one when they can't be asked here"""


class Attended(NamedTuple):
    """What somebody in this process waits for: runs, and tasks by how their keys begin."""

    runs: list[str]
    tasks: list[str]


async def attend(
    inbox: Inbox, store: Store, clock: Clock, person: str, attended: Callable[[], Attended]
) -> None:
    """Ask here, until cancelled, what is asked by whatever `attended` names; answers are those of `person`."""
    attendant = _Attendant(inbox, store, clock, Actor(person, channel="terminal"), attended)
    with Bell().listening(store) as bell:
        while True:
            if any(waiting := attended()):
                await attendant.round(waiting)
            await bell.wait()


def _pending(tx: InboxTransaction, *, waiting: Attended, actor: Actor) -> Pending:
    filters = [Filter(PENDING, key_prefix=prefix, limit=MOST) for prefix in waiting.tasks[:MOST]]
    if waiting.runs:
        filters.append(Filter(PENDING, awaited_by=tuple(waiting.runs), limit=MOST))
    found = {request.id: request for which in filters for request in tx.requests(which)}
    return [(found[key], _why_not(tx, found[key], actor)) for key in sorted(found)]


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
        self, inbox: Inbox, store: Store, clock: Clock, actor: Actor, attended: Callable[[], Attended]
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
        self._many = False
        """whether it has been said that many wait"""
        self._asks = True
        self._desk: Any = None

    async def round(self, waiting: Attended) -> None:
        """Ask or tell what waits now. A store that can't be read at the moment is looked at again later."""
        while True:
            try:
                pending = await self._store.read(_pending, waiting=waiting, actor=self._actor)
            except StoreError:
                return
            request = self._tell(pending)
            if request is None or not any(waiting):
                return
            with aside():
                await self._ask(request)
            waiting = self._attended()

    def _tell(self, pending: Pending) -> HumanRequest | None:
        """Tell what can't be asked here, each once, and return the first request that can."""
        for request, why_not in pending:
            key = (request.id, why_not)
            if key in self._told or request.id in self._skipped:
                continue
            if why_not is None and self._asks and self._get_desk().screen.keyboard.usable:
                return request
            if len(pending) > FEW:
                self._tell_many()
                continue
            self._told.add(key)
            self._explain(request, why_not)
        self._many = self._many and len(pending) > FEW
        return None

    def _tell_many(self) -> None:
        """Nobody reads hundreds of lines: say once that there is much to decide."""
        if not self._many:
            from handrail.channels.terminal.hints import open_inbox

            self._many = True
            command = open_inbox(self._store) or "its store is in memory: only this process can decide it"
            self._get_desk().screen.command(
                f"More than {FEW} requests are waiting for decisions. Decide them with: {command}"
            )

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
        end = "" if f"{title}{reason}"[-1:] in "?!." else "."
        self._get_desk().screen.command(
            f"Waiting for a decision: {title}{reason}{end} Decide it with: {command}"
        )

    async def _ask(self, request: HumanRequest) -> None:
        from handrail.channels.terminal.review import Ended, review

        run = await self._store.read(find, run_id=request.run_id) if request.run_id else None
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

    async def _farewell(self, request: HumanRequest, run: StoredRun | None) -> str:
        """Say how it stands when this process is stopped, or has its result, while the prompt is still open."""
        from handrail.channels.terminal.hints import how_to_decide
        from handrail.channels.terminal.render import ending

        with suppress(HandrailError, TimeoutError):
            async with asyncio.timeout(1):
                if (latest := await views.request(self._store, request.id)).ended:
                    return f"Decided meanwhile: {ending(latest)}."
        if run is None:
            return f"Nothing was decided; decide later with: {how_to_decide(request, self._store)}"
        if run.home is not None:
            return (
                "Nothing was decided. The run ends with this process: only one with a run_id can go on later."
            )
        return (
            f"Nothing was decided; run {run.id} goes on waiting. Execute it again with the same run_id, "
            f"or decide with: {how_to_decide(request, self._store)}"
        )
