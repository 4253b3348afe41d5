"""The figures of a board: how much is done, what it has cost, how long it took, and what waits for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handrail.requests.content import encode
from handrail.requests.wording import count
from handrail.teams.overview import Overview
from handrail.teams.status import TaskStatus, WorkflowStatus
from handrail.web.content.text import plain
from handrail.web.pages.columns import cost

ENDED = frozenset({WorkflowStatus.FINISHED, WorkflowStatus.STOPPED})
MOST_INPUTS = 5
BRIEF = 200
"""characters of inputs that are shown in short"""


def asks(board: Overview) -> str:
    """Return in words what waits for people."""
    validation = board.count(TaskStatus.AWAITING_VALIDATION)
    blocked = board.count(TaskStatus.BLOCKED)
    agents = len(board.requests) - sum(
        card.id in board.requests for card in board.cards if card.status is TaskStatus.AWAITING_VALIDATION
    )
    parts = [
        f"{count(validation, 'task waits', 'tasks wait')} for validation" if validation else "",
        f"{count(agents, 'agent asks', 'agents ask')} before going on" if agents else "",
        f"{blocked} {'is' if blocked == 1 else 'are'} blocked" if blocked and (validation or agents) else "",
        f"{count(blocked, 'task is', 'tasks are')} blocked" if blocked and not (validation or agents) else "",
    ]
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures of a board."""

    agents: int
    tasks: int
    done: int
    aborted: int
    cost: str
    tokens: int
    unpriced: int
    elapsed: timedelta


def facts(board: Overview, now: datetime) -> Facts:
    """Return the figures of a board; one that has ended took as long as it did."""
    usage, team = board.usage, board.team
    end = team.moved_at if team.status in ENDED else now
    return Facts(
        len({card.planned.agent for card in board.cards}),
        len(board.cards),
        board.count(TaskStatus.DONE),
        board.count(TaskStatus.ABORTED),
        cost(usage),
        usage.input_tokens + usage.output_tokens,
        usage.unpriced,
        end - team.begun_at,
    )


def brief(inputs: Mapping[str, Any]) -> str:
    """Return in short what a run was given.

    >>> brief({"market": "bees", "sizes": [1, 2]})
    'market: bees, sizes: [1,2]'
    """
    told = ", ".join(
        f"{name}: {value if isinstance(value, str) else encode(value)}"
        for name, value in list(inputs.items())[:MOST_INPUTS]
    )
    return plain(" ".join(told.split()), BRIEF)
