"""Teams for tests: agents whose model is a function of the test, and an app that works for a team."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from handrail import Agent, App, Task, Team
from handrail.stores.memory import MemoryStore
from tests.support.journey_process import until

Messages = list[dict[str, Any]]


def words(messages: Messages) -> str:
    """Return all that a model was told and has said."""
    return "\n".join(str(message["content"]) for message in messages)


class Scripted:
    """A model that says what it is given, one after the other, then the number of the call; it keeps what it heard.

    What it is given may be an error, which is raised.
    """

    def __init__(self, *replies: Any) -> None:
        self.heard: list[str] = []
        self._replies = list(replies)

    async def __call__(self, messages: Messages) -> Any:
        self.heard.append(words(messages))
        reply = self._replies.pop(0) if self._replies else f"result {len(self.heard)}"
        if isinstance(reply, Exception):
            raise reply
        return reply


class Held:
    """A model that answers when it is told to."""

    def __init__(self) -> None:
        self.called = 0
        self.go = asyncio.Event()

    async def __call__(self, messages: Messages) -> str:
        self.called += 1
        await self.go.wait()
        return f"result {self.called}"


def ann(model: Callable[..., Any] | None = None, **options: Any) -> Agent:
    """Return an agent."""
    return Agent("ann", "Analyst", model=model or Scripted(), **options)


def team_of(*tasks: Task, model: Callable[..., Any] | None = None, **options: Any) -> Team:
    """Return a team of ann alone; without tasks of one that is validated and one that needs its result."""
    chosen = tasks or (
        Task("Analyse bees", "ann", external_validation_required=True),
        Task("Write about {taskResult:task1}", "ann"),
    )
    return Team("notes", [ann(model)], chosen, **options)


@asynccontextmanager
async def at_work(*teams: Team, store: MemoryStore | str = "memory://") -> AsyncIterator[App]:
    """An app that works for some teams."""
    app = App(store=store)
    for team in teams:
        app.team(team)
    async with app:
        try:
            yield app
        finally:
            for team in teams:
                team.close()


async def comes_to(team: Team, status: str) -> None:
    """Wait until the workflow has a status, as far as this object has seen."""
    await until(lambda: team.get_workflow_status() == status, f"the team is {status}", 20)


async def is_task(team: Team, task: str, status: str) -> None:
    """Wait until a task has a status, as far as this object has seen."""
    await until(
        lambda: any(one.id == task for one in team.get_tasks_by_status(status)), f"{task} is {status}", 20
    )
