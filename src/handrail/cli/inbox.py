"""`handrail inbox`: what waits for one person, asked one after the other, then what comes in.

It decides and nothing more: runs go on in the processes that execute them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from handrail import settings
from handrail.app import App
from handrail.channels.terminal.bell import Bell
from handrail.channels.terminal.conversation import Desk
from handrail.channels.terminal.deadline import due
from handrail.channels.terminal.escape import one_line
from handrail.channels.terminal.hints import how_to_decide, open_inbox
from handrail.channels.terminal.review import Ended, review
from handrail.channels.terminal.screen import Screen
from handrail.cli.opening import connected, read_list
from handrail.cli.printing import print_json
from handrail.inbox import views
from handrail.inbox.clock import sweep
from handrail.requests.decision import Actor
from handrail.requests.errors import StoreError
from handrail.requests.record import public
from handrail.requests.request import HumanRequest

SWEEP = 1.0
"""seconds between two looks for deadlines that have passed"""
CALM_POLL = 2.0
"""seconds between two looks for work while nothing rings"""


def list_inbox(store: str | None, person: str | None) -> None:
    """Print what waits for a person as JSON, most urgent first."""
    print_json(asyncio.run(read_list(store, lambda app: _waiting_for(app, person or settings.os_user()))))


async def _waiting_for(app: App, person: str) -> list[dict[str, Any]]:
    await sweep(app.store, app.clock)
    mine = await views.open_for(app.store, Actor(person), now=app.clock.now(), limit=1000)
    return [public(request, person) for request in mine]


def inbox_command(store: str | None, person: str | None, once: bool = False) -> None:
    """Ask what waits for a person; without `once`, wait for more.

    Args:
        store: a store's URL or path; by default `HANDRAIL_STORE` or `handrail.db`.
        person: whose inbox it is; by default the user of the operating system.
        once: end when nothing is left.

    Raises a `HandrailError` if the store can't be used.
    """
    # Ctrl-C is how an inbox is left.
    with suppress(KeyboardInterrupt):
        asyncio.run(_open(store, person or settings.os_user(), once))


async def _open(url: str | None, person: str, once: bool) -> None:
    async with connected(url) as app:
        desk = Desk(Screen(), app.inbox, app.store, app.clock, Actor(person, channel="terminal"))
        if not desk.screen.keyboard.usable:
            await sweep(app.store, app.clock)
            await _print_list(desk, app.store.where)
            return
        sweeping = asyncio.create_task(_sweep(app))
        try:
            await _Inbox(desk, app.store.where, once).run()
        finally:
            sweeping.cancel()


async def _sweep(app: App) -> None:
    """Let time move requests, also where no worker does."""
    while True:
        with suppress(StoreError):
            await sweep(app.store, app.clock)
        await asyncio.sleep(SWEEP)


async def _waiting(desk: Desk) -> list[HumanRequest]:
    return await views.open_for(desk.store, desk.actor, now=desk.clock.now())


async def _print_list(desk: Desk, where: str) -> None:
    """Print what waits and how to decide it: here nobody can be asked."""
    requests = await _waiting(desk)
    if not requests:
        print(f"Nothing waits for {desk.actor.name} in {where}.")
    for request in requests:
        print("\n".join(_listed(desk, request)))
    if requests:
        desk.screen.note("The inbox asks in a terminal. Here, use the commands above.")


def _listed(desk: Desk, request: HumanRequest) -> Iterator[str]:
    facts = [f"round {request.revision}"] if request.revision > 1 else []
    if request.deadline is not None:
        facts.append(due(request.deadline, desk.clock.now()))
    told = f" ({', '.join(facts)})" if facts else ""
    yield f"{one_line(request.draft.title)}{told}"
    yield f"    {how_to_decide(request, desk.store, _named(desk))}"


def _named(desk: Desk) -> str | None:
    """Return the name that commands need, if it is not that of the user."""
    return None if desk.actor.name == settings.os_user() else desk.actor.name


class _Inbox:
    """The inbox of one person while it is open."""

    def __init__(self, desk: Desk, where: str, once: bool) -> None:
        self._desk, self._screen, self._where, self._once = desk, desk.screen, where, once
        self._skipped: dict[str, None] = {}
        self._last: str | None = None

    async def run(self) -> None:
        """Ask until nothing is left or the person has enough."""
        with Bell().listening(self._desk.store) as bell:
            while True:
                left = [each for each in await _waiting(self._desk) if each.id not in self._skipped]
                if left:
                    self._last = None
                    match await review(self._desk, left[0]):
                        case Ended.SKIPPED:
                            self._skipped[left[0].id] = None
                        case Ended.QUIT:
                            self._say_goodbye()
                            return
                elif self._once or not await self._wait(bell):
                    return

    async def _wait(self, bell: Bell) -> bool:
        """Wait for work; False if the person has enough. Enter brings back what was skipped."""
        try:
            open_still = {each.id for each in await _waiting(self._desk)}
            skipped = [each for each in self._skipped if each in open_still]
            self._say_waiting(len(skipped))
            typing = asyncio.create_task(self._screen.keyboard.line())
            try:
                while not typing.done():
                    ringing: asyncio.Task[Any] = asyncio.create_task(bell.wait(CALM_POLL))
                    await asyncio.wait({typing, ringing}, return_when=asyncio.FIRST_COMPLETED)
                    ringing.cancel()
                    if any(each.id not in self._skipped for each in await _waiting(self._desk)):
                        return True
                line = typing.result().strip().lower()
            finally:
                typing.cancel()
        except EOFError:
            return False
        if line in ("q", "quit", "exit"):
            return False
        self._skipped.clear()
        return True

    def _say_waiting(self, skipped: int) -> None:
        told = f"Nothing more waits for {self._desk.actor.name} in {self._where}."
        if skipped:
            told = f"{skipped} skipped; Enter shows {'it' if skipped == 1 else 'them'} again."
        if told != self._last:
            self._screen.note(f"{told} Waiting for work, Ctrl-C to stop.")
            self._last = told

    def _say_goodbye(self) -> None:
        if command := open_inbox(self._desk.store, _named(self._desk)):
            self._screen.note(f"Whatever is open stays open; go on with: {command}")
