"""One board at a glance: its cards without their texts, and what each of them waits for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from handrail.inbox.ports import Filter
from handrail.requests.request import HumanRequest, Status
from handrail.runs.run import StoredRun
from handrail.teams.card import Card, Usage
from handrail.teams.plan import Planned, titled
from handrail.teams.ports import StoredTeam, TeamTransaction
from handrail.teams.status import TaskStatus, WorkflowStatus

OPEN = (Status.OPEN, Status.CLAIMED)


@dataclass(frozen=True, slots=True)
class Overview:
    """A board as it stands."""

    team: StoredTeam
    cards: tuple[Card, ...]
    """in order, without descriptions and results"""
    requests: Mapping[str, HumanRequest] = field(default_factory=dict)
    """task: the open request that it waits for"""
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """task that is TODO: those that it depends on and that aren't done, with the nearest of those before it"""
    ahead: Mapping[str, int] = field(default_factory=dict)
    """task that is TODO: how many have to be done first"""

    @property
    def usage(self) -> Usage:
        """What all tasks have used together."""
        return sum((card.usage for card in self.cards), Usage())

    def count(self, *statuses: TaskStatus) -> int:
        """Return how many tasks have one of these statuses."""
        return sum(card.status in statuses for card in self.cards)

    def held_up_by(self, task: str) -> list[Card]:
        """Return the cards that wait for a task."""
        return [card for card in self.cards if task in self.needs.get(card.id, ())]


def overview(tx: TeamTransaction, *, team: StoredTeam) -> Overview:
    """Return the board of a team."""
    cards = tuple(tx.outlines_of_cards(team.run_id))
    return Overview(team, cards, _requests(tx, cards), *_needs(cards, tx.unmet(team.run_id)))


def before_it_begins(run: StoredRun, name: str, tasks: Sequence[Planned]) -> Overview:
    """Return the board of a run that nobody has taken up yet."""
    team = StoredTeam(run.id, name, WorkflowStatus.INITIAL, dict(run.input), run.created_at, run.created_at)
    cards = [Card(titled(task, team.inputs), place, run.created_at) for place, task in enumerate(tasks)]
    unmet = [(card.id, needed) for card in cards for needed in card.planned.dependencies]
    return Overview(team, tuple(cards), {}, *_needs(cards, unmet))


def _requests(tx: TeamTransaction, cards: Sequence[Card]) -> dict[str, HumanRequest]:
    asked = {
        card.request: card.id
        for card in cards
        if card.status is TaskStatus.AWAITING_VALIDATION and card.request is not None
    }
    found = {asked[one]: request for one, request in tx.outlines(asked).items() if not request.ended}
    for card in cards:
        if card.status in (TaskStatus.DOING, TaskStatus.PAUSED) and card.run is not None:
            for request in tx.requests(Filter(OPEN, run_id=card.run, limit=1)):
                found[card.id] = request
    return found


def _needs(
    cards: Sequence[Card], unmet: Sequence[tuple[str, str]]
) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return what each TODO card waits for, and how many that are; one that isn't parallel waits for all before it."""
    found, ahead = defaultdict[str, list[str]](list), dict[str, int]()
    for task, needed in unmet:
        found[task].append(needed)
        ahead[task] = len(found[task])
    undone: list[str] = []
    for card in cards:
        if card.status is TaskStatus.TODO and not card.planned.parallel and undone:
            ahead[card.id] = max(len(undone), ahead.get(card.id, 0))
            if undone[-1] not in found[card.id]:
                found[card.id].append(undone[-1])
        if card.status is not TaskStatus.DONE:
            undone.append(card.id)
    return found, ahead
