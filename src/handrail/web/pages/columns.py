"""The columns of a board, and its cards as they are shown: title, agent, age, cost, feedback, what each waits for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from handrail.inbox.viewer import Viewer
from handrail.requests.identifier import utc_text
from handrail.requests.request import HumanRequest
from handrail.requests.wording import count, lasting
from handrail.teams.card import Card, Usage
from handrail.teams.overview import Overview
from handrail.teams.status import TaskStatus
from handrail.web.content.text import plain
from handrail.web.pages import telling
from handrail.web.pages.address import of_task
from handrail.web.pages.board_status import TASKS
from handrail.web.pages.status import Told

ORDER: dict[str, tuple[TaskStatus, ...]] = {
    "todo": (TaskStatus.TODO,),
    "doing": (TaskStatus.DOING, TaskStatus.PAUSED, TaskStatus.RESUMED),
    "blocked": (TaskStatus.BLOCKED,),
    "revise": (TaskStatus.REVISE,),
    "awaiting": (TaskStatus.AWAITING_VALIDATION,),
    "done": (TaskStatus.DONE, TaskStatus.VALIDATED),
    "aborted": (TaskStatus.ABORTED,),
}
"""the columns in order, each named as the status of its first kind of card; the last is seen if it has any"""
_OF = {status: name for name, statuses in ORDER.items() for status in statuses}
HELD_BY = 60
"""characters of a title that a card waits for"""


@dataclass(frozen=True, slots=True)
class Line:
    """What a card waits for, or what became of it; `look` is a status, `mine` whether it waits for the reader."""

    icon: str
    text: str
    look: str = ""
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """A card as it lies on the board."""

    id: str
    run_id: str
    address: str
    title: str
    agent: str
    status: Told
    since: str
    age: str
    cost: str
    feedback: int
    line: Line | None
    team: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column with its cards."""

    name: str
    told: Told
    cards: tuple[Face, ...]


def columns(
    boards: Iterable[Overview], viewer: Viewer, now: datetime, *, decides: bool, labelled: bool = False
) -> list[Column]:
    """Return the cards of boards in their columns; `decides` is whether the reader's role lets them decide."""
    held: dict[str, list[Face]] = {name: [] for name in ORDER}
    for board in boards:
        titles = {card.id: card.planned.title for card in board.cards}
        for card in board.cards:
            line = _line(board, card, titles, viewer if decides else None)
            face = _face(board, card, line, now, board.team.name if labelled else "")
            held[_OF[card.status]].append(face)
    return [Column(name, TASKS[statuses[0]], tuple(held[name])) for name, statuses in ORDER.items()]


def _face(board: Overview, card: Card, line: Line | None, now: datetime, team: str) -> Face:
    return Face(
        card.id,
        board.team.run_id,
        of_task(board.team.run_id, card.id),
        plain(card.planned.title, 160),
        plain(card.planned.agent, 60),
        TASKS[card.status],
        utc_text(card.moved_at),
        lasting((now - card.moved_at).total_seconds()),
        cost(card.usage),
        card.feedback,
        line,
        team,
    )


def _line(board: Overview, card: Card, titles: dict[str, str], viewer: Viewer | None) -> Line | None:
    request = board.requests.get(card.id)
    match card.status:
        case TaskStatus.TODO:
            return _after(board.needs.get(card.id, ()), board.ahead.get(card.id, 0), titles)
        case TaskStatus.BLOCKED if card.ready:
            return Line("doing", "Goes on as soon as there is room", "doing")
        case TaskStatus.BLOCKED:
            return Line("blocked", plain(card.reason or "", 120), "blocked")
        case TaskStatus.REVISE:
            return Line("revise", f"Feedback pending, next for {plain(card.planned.agent, 40)}", "revise")
        case TaskStatus.PAUSED | TaskStatus.VALIDATED:
            told = TASKS[card.status]
            return Line(told.icon, told.word, told.colour)
        case TaskStatus.DONE if card.reason == "validated":
            return Line("check", "Validated", "done")
    return None if request is None else waits_for(request, viewer)


def _after(needed: Sequence[str], ahead: int, titles: dict[str, str]) -> Line | None:
    if ahead == 1 and needed:
        return Line("clock", f"After {plain(titles.get(needed[0], needed[0]), HELD_BY)}")
    return Line("clock", f"After {count(ahead, 'task')}") if ahead else None


def waits_for(request: HumanRequest, viewer: Viewer | None) -> Line:
    """Return whom a request waits for; `viewer` is the reader, if their role lets them decide."""
    if viewer is not None and viewer.works_on(request):
        return Line("user", "Waits for you", "awaiting", mine=True)
    if request.claimed_by is not None:
        return Line("user", f"Claimed by {plain(request.claimed_by, 60)}")
    return Line("user", f"Waits for {plain(telling.names(request.audience), 80)}")


def cost(usage: Usage) -> str:
    """Return what something has cost, as far as that is known; nothing for what no model has worked on.

    >>> cost(Usage(2, 10, 5, Decimal("0.834"))), cost(Usage(1, 1, 1, Decimal("0.0002"))), cost(Usage())
    ('$0.83', '$0.0002', '')
    """
    if not usage.calls or usage.unpriced == usage.calls:
        return ""
    known = money(usage.cost)
    return f"over {known}" if usage.unpriced else known


def money(amount: Decimal) -> str:
    """Return dollars.

    >>> money(Decimal("1234.5")), money(Decimal("0.004")), money(Decimal("0.00001"))
    ('$1,234.50', '$0.004', 'under $0.0001')
    """
    if amount >= Decimal("0.01") or not amount:
        return f"${amount:,.2f}"
    return f"${amount:.4f}".rstrip("0") if amount >= Decimal("0.0001") else "under $0.0001"
