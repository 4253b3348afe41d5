"""A card opened: its texts, what its rounds came to, what people said, and what has happened to it.

What may grow without end is bounded: the latest rounds, and the log a page at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handrail.requests.content import JSON, encode
from handrail.teams import plan
from handrail.teams.card import Card, Feedback
from handrail.teams.desk import find_card
from handrail.teams.event import TeamEvent, read
from handrail.teams.overview import Overview
from handrail.teams.plan import PLACEHOLDER
from handrail.teams.ports import TeamTransaction
from handrail.teams.rounds import Round, rounds_of
from handrail.teams.status import TaskStatus

ROUNDS = 20
"""rounds that are shown, the latest ones"""
FEEDBACK = 200
"""pieces of feedback that are shown, the latest ones"""
LINES = 30
"""lines of the log on one page"""
LOOKED_AT = 2000
"""lines of the team's log that are looked at for them"""


@dataclass(frozen=True, slots=True)
class Revision:
    """A result, as an agent gave it or as people have changed it."""

    number: int
    round: int
    at: datetime
    result: JSON
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything about one task."""

    card: Card
    description: str
    """with its placeholders filled as far as that is known"""
    expected_output: str
    rounds: tuple[Round, ...]
    feedback: tuple[Feedback, ...]
    log: tuple[TeamEvent, ...]
    """a page of it, in order"""
    older: int | None
    """the sequence before which the page before begins"""

    @property
    def revisions(self) -> list[Revision]:
        """The results of its rounds, and the present one where people have changed it."""
        found = [
            Revision(place, each.round, each.at, each.result) for place, each in enumerate(self._given(), 1)
        ]
        if self.card.status is TaskStatus.DONE and found and found[-1].result != self.card.result:
            found.append(
                Revision(len(found) + 1, self.card.round, self.card.moved_at, self.card.result, edited=True)
            )
        return found

    def _given(self) -> list[Revision]:
        return [
            Revision(0, each.number, each.ended_at or each.began_at, each.result)
            for each in self.rounds
            if each.has_result
        ]


def inspect(tx: TeamTransaction, *, board: Overview, task: str, before: int | None = None) -> Inspection:
    """Return a card opened; `before` is where the page of its log ends. Raises `UnknownId`."""
    run_id = board.team.run_id
    if tx.team(run_id) is None and (card := _planned(board, task)) is not None:
        return Inspection(
            card, card.planned.description, card.planned.expected_output or "", (), (), (), None
        )
    card = find_card(tx, run_id=run_id, task=task)
    values = _values(tx, board, card)
    lines, older = tx.latest_task_log(run_id, task, before, LINES, LOOKED_AT)
    return Inspection(
        card,
        _filled(card.planned.description, values),
        _filled(card.planned.expected_output or "", values),
        tuple(rounds_of(tx, run_id=run_id, card=card, most=ROUNDS)),
        tuple(tx.feedback(run_id, task, max(0, card.feedback - FEEDBACK))),
        tuple(event for line in reversed(lines) if (event := read(line)) is not None),
        older,
    )


def _planned(board: Overview, task: str) -> Card | None:
    return next((card for card in board.cards if card.id == task), None)


def _values(tx: TeamTransaction, board: Overview, card: Card) -> dict[str, JSON]:
    """Return what placeholders stand for: inputs, and the results that there are."""
    values: dict[str, JSON] = dict(board.team.inputs)
    for name, meant in plan.results_meant(card.planned, [each.id for each in board.cards]).items():
        found = tx.card(board.team.run_id, meant)
        if found is not None and found.status is TaskStatus.DONE:
            values[name] = found.result
    return values


def _filled(text: str, values: Mapping[str, JSON]) -> str:
    """Return a text with its placeholders filled; one whose value isn't known stays as it is written."""
    return PLACEHOLDER.sub(
        lambda match: (
            match[0][0] if match[1] is None else _told(values[match[1]]) if match[1] in values else match[0]
        ),
        text,
    )


def _told(value: JSON) -> str:
    return value if isinstance(value, str) else encode(value)
