"""The command `board`: all boards, one of them as it stands or as it changes, or one task of it."""

import asyncio
import shlex
import sys
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

import typer

from handrail.app import App
from handrail.cli.card import show_card
from handrail.cli.columns import price
from handrail.cli.ending import end
from handrail.cli.opening import opened, option, read_list, where
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import print_items, print_json, print_table, say
from handrail.teams import record
from handrail.teams.ports import TeamTransaction
from handrail.teams.status import TaskStatus

Item = dict[str, Any]
PAGE = 500
ANSWERED = 5
"""tasks whose commands are shown below a board"""
OF_TASK = {
    TaskStatus.BLOCKED: ("unblock", " --note TEXT"),
    TaskStatus.AWAITING_VALIDATION: ("validate", ""),
}
"""the command that people answer with, and what it takes"""


def board(
    run_id: Annotated[
        str | None,
        typer.Argument(metavar="[RUN_ID]", help="A run of a team; without it, all.", show_default=False),
    ] = None,
    task: Annotated[
        str | None, typer.Argument(metavar="[TASK]", help="One of its tasks.", show_default=False)
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Draw it again when it changes, until it is FINISHED or STOPPED.")
    ] = False,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Show the boards of teams, one of them, or one of its tasks."""
    if watch and (run_id is None or task is not None or as_json):
        raise typer.BadParameter(
            "--watch draws one whole board: handrail board RUN_ID --watch, without TASK and --json"
        )
    if watch:
        end(lambda: _watch(store, run_id or ""))
    elif run_id is None:
        end(lambda: asyncio.run(_list(store, as_json)), as_json=as_json)
    else:
        end(lambda: asyncio.run(_show(store, run_id, task, as_json)), as_json=as_json)


async def _list(store: str | None, as_json: bool) -> None:
    async def read(app: App) -> list[Item]:
        return await every_board(app)

    columns = {
        "run_id": lambda board: board["run_id"],
        "team": lambda board: board["team"],
        "status": lambda board: board["status"],
        "done": _done,
        "cost": lambda board: price(board["usage"]),
        "waits for people": lambda board: ", ".join(each["task"] for each in board["waiting_on"]),
    }
    found = await read_list(store, read)
    print_items(found, columns, as_json=as_json, empty=f"no boards in {where(store)}", spare=("cost",))


def _done(board: Item) -> str:
    return f"{board['counts'].get(TaskStatus.DONE, 0)}/{sum(board['counts'].values())}"


async def every_board(app: App) -> list[Item]:
    """Return all boards as lists show them, those that began first first."""
    found: list[Item] = []
    before: tuple[datetime, str] | None = None
    while True:
        page, before = await app.store.read(_page, before=before)
        found += page
        if before is None:
            return found[::-1]


def _page(
    tx: TeamTransaction, *, before: tuple[datetime, str] | None
) -> tuple[list[Item], tuple[datetime, str] | None]:
    teams = tx.teams((), None, before, PAGE)
    last = (teams[-1].begun_at, teams[-1].run_id) if len(teams) == PAGE else None
    return [record.outline(tx, each) for each in teams], last


async def _show(store: str | None, run_id: str, task: str | None, as_json: bool) -> None:
    async with opened(store, f"run {run_id!r}") as app:
        if task is not None:
            await show_card(app, run_id, task, store, as_json)
            return
        found = await app.store.read(record.board, run_id=run_id)
        now = app.clock.now()
    if as_json:
        print_json([found])
    else:
        print_board(found, now, store)


def _watch(store: str | None, run_id: str) -> None:
    async def watch() -> None:
        from handrail.cli.watching import watched

        async with opened(store, f"run {run_id!r}") as app:
            status = await watched(app, run_id, lambda board: print_lines(board, store))
            say(f"the team is {status}")

    with suppress(KeyboardInterrupt):  # Ctrl-C is how watching is ended
        asyncio.run(watch())


def print_board(found: Item, now: datetime, store: str | None) -> None:
    """Print a board: drawn on a terminal, anywhere else as lines."""
    if sys.stdout.isatty():
        from rich.console import Console

        from handrail.cli.columns import drawn

        console = Console(highlight=False, markup=False, emoji=False)
        console.print(drawn(found, now, console.width))
        _print_answers(found, store)
    else:
        print_lines(found, store)


def print_lines(found: Item, store: str | None) -> None:
    """Print a board as lines, for whatever isn't a terminal."""
    say(f"{found['team']} of {found['run_id']} is {found['status']}")
    if found["error"]:
        say(found["error"])
    rows = [
        [task["id"], task["status"], task["agent"], task["title"], task["request_id"] or task["reason"] or ""]
        for task in found["tasks"]
    ]
    print_table(["task", "status", "agent", "title", "waits for, or why"], rows)
    _print_answers(found, store)


def _print_answers(found: Item, store: str | None) -> None:
    for line in answers(found, store):
        say(line)


def answers(found: Item, store: str | None) -> list[str]:
    """Return the commands by which people answer what a board waits for."""
    if not found["waiting_on"]:
        return []
    run_id, where_ = shlex.quote(found["run_id"]), option(store)
    lines = ["waits for people; answer with"]
    for each in found["waiting_on"][:ANSWERED]:
        verb, more = OF_TASK.get(TaskStatus(each["status"]), ("", ""))
        if verb:
            lines.append(f"  handrail {verb} {run_id} {each['task']}{more}{where_}")
            lines.append(f"  handrail feedback {run_id} {each['task']} TEXT{where_}")
        else:
            lines.append(f"  handrail show {each['request_id']}{where_}")
    if len(found["waiting_on"]) > ANSWERED:
        lines.append(f"  and {len(found['waiting_on']) - ANSWERED} more")
    return lines
