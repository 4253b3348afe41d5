"""Watching a board: it is drawn when something has changed, told by the store's bell and looked for besides."""

import sys
from collections.abc import Callable
from typing import Any

from handrail.app import App
from handrail.channels.terminal.bell import Bell
from handrail.cli.printing import note
from handrail.requests.errors import UnknownId
from handrail.teams import desk, record
from handrail.teams.ports import TeamTransaction
from handrail.teams.status import WorkflowStatus

Item = dict[str, Any]
TOPICS = frozenset({"team", "run", "request", "elsewhere"})
POLL = 1.0
"""seconds between two looks when nothing rings"""
ENDED = (WorkflowStatus.FINISHED, WorkflowStatus.STOPPED)
REST = 4
"""lines that the head of a board and what is below it take"""
A_CARD = 5


def _look(tx: TeamTransaction, *, run_id: str) -> Item | None:
    """Return a board; None for one that is to come."""
    return None if desk.is_to_come(tx, run_id=run_id) else record.board(tx, run_id=run_id)


async def watched(app: App, run_id: str, show: Callable[[Item], None]) -> str:
    """Show a board whenever it changes until the team has ended; returns its status then. Raises `UnknownId`.

    `show` prints it where that is no terminal.
    """
    with Bell(TOPICS).listening(app.store) as bell:
        if await app.store.read(_look, run_id=run_id) is None:
            note(f"{run_id} waits for a worker that knows its team; Ctrl-C ends this")
        while (found := await app.store.read(_look, run_id=run_id)) is None:
            await _still_there(app, run_id)
            await bell.wait(POLL)
        if sys.stdout.isatty():
            return await _drawn(app, bell, found)
        return await _printed(app, bell, found, show)


async def _still_there(app: App, run_id: str) -> None:
    if (run := await app.runs.get(run_id)).settled:
        raise UnknownId(f"run {run_id!r} is {run.status} and never had a board: `handrail show {run_id}`")


async def _printed(app: App, bell: Bell, found: Item, show: Callable[[Item], None]) -> str:
    """Print the board again and again, as for a file."""
    show(found)
    sys.stdout.flush()
    while found["status"] not in ENDED:
        await bell.wait(POLL)
        before, found = found, await app.store.read(record.board, run_id=found["run_id"])
        if found != before:
            print()
            show(found)
            sys.stdout.flush()
    return str(found["status"])


async def _drawn(app: App, bell: Bell, found: Item) -> str:
    """Draw the board in place; the last one stays."""
    from rich.console import Console
    from rich.live import Live

    from handrail.cli.columns import drawn

    console = Console(highlight=False, markup=False, emoji=False)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            room = max(1, (console.height - REST) // A_CARD)
            live.update(drawn(found, app.clock.now(), console.width, room), refresh=True)
            if found["status"] in ENDED:
                return str(found["status"])
            await bell.wait(POLL)
            found = await app.store.read(record.board, run_id=found["run_id"])
