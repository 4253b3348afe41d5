"""What is told in the terminal while a team works there: tasks that move, and what to do about one that is stuck."""

import shlex
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from handrail.app import App
from handrail.channels.terminal.escape import one_line
from handrail.channels.terminal.hints import store_option
from handrail.channels.terminal.telling import tell
from handrail.teams.board import Board
from handrail.teams.event import Fact, TaskMoved, WorkflowMoved
from handrail.teams.following import Following
from handrail.teams.status import TaskStatus, WorkflowStatus

TOLD = (
    TaskStatus.DOING,
    TaskStatus.BLOCKED,
    TaskStatus.REVISE,
    TaskStatus.AWAITING_VALIDATION,
    TaskStatus.DONE,
)
WIDTH = max(map(len, TOLD))


@asynccontextmanager
async def told(app: App, run_id: str) -> AsyncIterator[None]:
    """Tell what happens on the board of a run until the block ends."""
    option = store_option(app.store) or ""

    def lines(board: Board, fact: Fact) -> Sequence[Callable[[], Any]]:
        match fact:
            case TaskMoved(task=task, to=to) if to in TOLD:
                card = board.cards[task]
                title, reason = one_line(card.planned.title, 60), one_line(card.reason or "", 200)
                return [lambda: tell(f"{to:<{WIDTH}}  {title} ({reason})")]
            case WorkflowMoved(to=WorkflowStatus.BLOCKED):
                stuck = board.in_status(TaskStatus.BLOCKED)
                return [lambda card=card: tell(_way_out(run_id, card.id, option)) for card in stuck]  # type: ignore[misc]
            case WorkflowMoved(to=WorkflowStatus.PAUSED):
                return [
                    lambda: tell(f"PAUSED; go on with: handrail team resume {shlex.quote(run_id)}{option}")
                ]
            case WorkflowMoved(to=WorkflowStatus.STOPPED):
                return [lambda: tell("STOPPED: no agent works any more")]
        return []

    following = Following(app.store, run_id, lines)
    await following.begin()
    try:
        yield
        await following.catch_up()
        await following.told()
    finally:
        following.close()


def _way_out(run_id: str, task: str, option: str) -> str:
    return f"Remove the obstacle, then: handrail unblock {shlex.quote(run_id)} {task} [--note TEXT]{option}"
