"""Whether every board is what its events make of it, beside all that is checked of runs and requests.

One board after the other is rebuilt, so that no more than one is in memory; its rows are compared one by one.
"""

from collections.abc import Iterator
from datetime import datetime

from handrail.inbox.log import Verification
from handrail.inbox.ports import Store
from handrail.requests.errors import HandrailError
from handrail.runs import verification
from handrail.teams.board import Board
from handrail.teams.event import Begun, read
from handrail.teams.ports import StoredTeam, TeamTransaction

PAGE = 500
Place = tuple[datetime, str]


async def verify(store: Store) -> Verification:
    """Check the whole store."""
    found = await verification.verify(store)
    begun = await _begun(store)
    before: Place | None = None
    while teams := await store.read(_teams, before=before):
        for team in teams:
            begun.discard(team.run_id)
            found.problems += await _check(store, team.run_id)
        before = teams[-1].begun_at, teams[-1].run_id
    for run_id in sorted(begun):
        found.problems += await _check(store, run_id)
    return found


async def _begun(store: Store) -> set[str]:
    """Return the runs whose boards the log says were laid out."""
    found: set[str] = set()
    after = 0
    while (page := await store.read(_begun_behind, after=after))[0]:
        after = page[0]
        found.update(page[1])
    return found


def _begun_behind(tx: TeamTransaction, *, after: int) -> tuple[int, list[str]]:
    entries = tx.log(after, PAGE)
    last = entries[-1].sequence if entries else 0
    return last, [entry.run_id for entry in entries if entry.run_id and entry.kind == Begun.kind]


def _teams(tx: TeamTransaction, *, before: Place | None) -> list[StoredTeam]:
    return tx.teams((), None, before, PAGE)


async def _check(store: Store, run_id: str) -> list[str]:
    """Return what is wrong with a board."""
    board = Board()
    try:
        while await store.read(_apply, board=board, run_id=run_id) == PAGE:
            pass
        # What has happened since is applied in the transaction that compares: the board may be at work.
        return await store.read(_compare, board=board, run_id=run_id)
    except (HandrailError, ValueError, KeyError, TypeError, IndexError) as error:
        return [f"the events of the board of {run_id} don't fit each other: {type(error).__name__}"]


def _apply(tx: TeamTransaction, *, board: Board, run_id: str) -> int:
    """Apply the next events; returns how many lines were read."""
    lines = tx.team_log(run_id, board.sequence, PAGE)
    for line in lines:
        if (event := read(line)) is not None:
            board.apply(event)
        board.sequence = line.sequence
    return len(lines)


def _compare(tx: TeamTransaction, *, board: Board, run_id: str) -> list[str]:
    while _apply(tx, board=board, run_id=run_id) == PAGE:
        pass
    return [f"{what} is not what its events make of it" for what in _differences(tx, board, run_id)]


def _differences(tx: TeamTransaction, board: Board, run_id: str) -> Iterator[str]:
    """Give what differs between a board and its rows."""
    team = tx.team(run_id)
    if team is None or _facts(team) != (board.team, board.status, board.inputs, board.error, board.begun_at):
        yield f"the board of {run_id}"
    if [card.id for card in tx.outlines_of_cards(run_id)] != list(board.cards):
        yield f"the list of tasks of {run_id}"
    for task, card in board.cards.items():
        if tx.card(run_id, task) != card:
            yield f"task {task} of {run_id}"
        if tuple(tx.feedback(run_id, task)) != board.feedback_on(task):
            yield f"the feedback on task {task} of {run_id}"


def _facts(team: StoredTeam) -> tuple[object, ...]:
    return team.name, team.status, team.inputs, team.error, team.begun_at
