"""Teams for the tests of boards: agents whose models wait until a test lets them answer, and say what it wants."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from playwright.async_api import Locator, Page

from handrail import Agent, App, Task, Team
from handrail.requests.decision import Actor
from handrail.runs.run import RunStatus, StoredRun
from handrail.teams.desk import begin
from handrail.teams.ports import TeamTransaction
from tests.support.web_browser import PATIENCE

Answer = str | dict[str, Any]


class Minds:
    """Models by the names of agents: each call takes the next answer, once it is given."""

    def __init__(self) -> None:
        self._answers: dict[str, asyncio.Queue[Answer]] = defaultdict(asyncio.Queue)
        self.heard: dict[str, list[str]] = defaultdict(list)

    def of(self, name: str) -> Callable[[list[dict[str, Any]]], Any]:
        """Return the model of an agent."""

        async def answer(messages: list[dict[str, Any]]) -> Answer:
            self.heard[name].append(str(messages))
            return await self._answers[name].get()

        return answer

    def say(self, name: str, *answers: Answer) -> None:
        """Let an agent answer, now or as soon as it is asked."""
        for answer in answers:
            self._answers[name].put_nowait(answer)


def spec_team(minds: Minds, name: str = "spec") -> Team:
    """Return a team of two: ann drafts, which people validate; will writes what is delivered."""
    ann = Agent("ann", "Analyst", model=minds.of("ann"))
    will = Agent("will", "Writer", model=minds.of("will"))
    return Team(
        name,
        [ann, will],
        [
            Task("Draft it for {market}", ann, title="Draft", external_validation_required=True),
            Task("Write up {taskResult:task1}", will, title="Write up", is_deliverable=True),
        ],
        inputs={"market": "bees"},
    )


async def started(app: App, team: Team, run_id: str = "spec-1", initiator: str = "alice") -> str:
    """Start a run of a team."""
    app.team(team)
    await app.start(team.name, {}, run_id, initiator=initiator)
    return run_id


async def until(app: App, run_id: str, task: str, status: str) -> None:
    """Return once a task has a status."""
    async with asyncio.timeout(PATIENCE / 1000):
        while await app.store.read(_status, run_id=run_id, task=task) != status:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_team(app: App, run_id: str, status: str) -> None:
    """Return once a team has a status."""
    async with asyncio.timeout(PATIENCE / 1000):
        while await app.store.read(_team, run_id=run_id) != status:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _status(tx: TeamTransaction, *, run_id: str, task: str) -> str | None:
    card = tx.card(run_id, task)
    return card.status.value if card else None


def _team(tx: TeamTransaction, *, run_id: str) -> str | None:
    team = tx.team(run_id)
    return team.status.value if team else None


def card_in(page: Page, column: str, title: str) -> Locator:
    """Return a card in one of the columns of a board."""
    return page.locator(f"#{column} .card", has_text=title)


def by(name: str) -> Actor:
    """Return somebody who acts from code."""
    return Actor(name)


def lay_out(tx: Any, *, now: datetime, initiator: str, run_id: str = "r1", flow: str = "spec") -> None:
    """Lay the board of a run out, on which nobody works."""
    run = StoredRun(run_id, flow, flow, {}, RunStatus.WAITING, now, now, initiator=initiator)
    tx.insert_run(run)
    tasks = spec_team(Minds()).flow.tasks
    begin(
        tx, run_id=run_id, name="spec", tasks=tasks, inputs={"market": "bees"}, now=now, actor=initiator
    ).close()
