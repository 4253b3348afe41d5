"""One round of an agent in a flow of its own: what a board would tell and hear, and models with a script."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from handrail import App, step
from handrail.teams.agent import Agent
from handrail.teams.conversation import converse
from handrail.teams.round import CallUsage, RoundEnd
from tests.support.journey_runs import working

Message = dict[str, Any]


def brief(**more: Any) -> dict[str, Any]:
    """Return what `work.brief` tells of a task."""
    return {
        "title": "Research bees",
        "description": "Research bees",
        "expected_output": None,
        "output_schema": None,
        "context": [],
        "messages": [],
        "earlier_feedback": [],
        "result": None,
        "agent": "Alice",
        "processed": 0,
        **more,
    }


class Script:
    """A model that says one thing after the other, whatever it is told; `heard` are the messages of each call.

    What is said may be an error, which is raised, or a function of the messages.
    """

    def __init__(self, *says: Any) -> None:
        self._says = list(says)
        self.heard: list[list[Message]] = []

    async def __call__(self, messages: list[Message]) -> Any:
        """Say the next thing."""
        self.heard.append(messages)
        said = self._says.pop(0)
        if isinstance(said, Exception):
            raise said
        return said(messages) if callable(said) else said

    @property
    def calls(self) -> int:
        """How often it was called."""
        return len(self.heard)


class Round:
    """A flow that does one round; `given` is the feedback that there is, `told` what the board heard each time."""

    def __init__(self, agent: Agent, **told: Any) -> None:
        self.agent = agent
        self.brief = brief(**told)
        self.given: list[dict[str, Any]] = []
        self.told: list[tuple[int, int, int]] = []

    def feedback(self, content: str) -> None:
        """Give feedback."""
        self.given.append({"number": self.brief["processed"] + len(self.given) + 1, "content": content})

    async def consult(self, heard: int, worked_in: int, usage: Sequence[CallUsage]) -> list[dict[str, Any]]:
        """Tell what is new."""

        def look() -> list[dict[str, Any]]:
            self.told.append((heard, worked_in, len(usage)))
            return [each for each in self.given if each["number"] > heard]

        found: list[dict[str, Any]] = await step("notes", look)
        return found

    async def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        """Do the round."""
        return (await converse(self.agent, self.brief, self.consult)).write()

    async def end(self, **options: Any) -> RoundEnd:
        """Do the round in a run of its own and return how it ended."""
        async with working(self.flow(), **options) as app:
            run = await app.start("flow", {}, "r")
            return RoundEnd.read(await run.result(30))

    def flow(self) -> Callable[..., Any]:
        """Return it as a flow."""

        async def flow(data: dict[str, Any]) -> dict[str, Any]:
            return await self(data)

        return flow


def agent(model: Any, **options: Any) -> Agent:
    """Return Alice with a model."""
    return Agent("Alice", "Researcher", model=model, **{"backoff": 0.01, **options})


def said_to(model: Script, call: int = -1) -> str:
    """Return all texts that a model heard in one of its calls."""
    return "\n".join(message["content"] for message in model.heard[call])


async def _work(folder: Path) -> None:
    """Do a round on a store in a folder, as far as this process comes; each call is a line of the file `calls`."""

    def note(what: str) -> None:
        with (folder / "calls").open("a") as calls:
            calls.write(f"{what}\n")

    def search(query: str) -> str:
        note("search")
        return query

    async def charge(amount: int) -> int:
        note("charge")
        return amount

    def model(messages: list[Message]) -> Any:
        answered = sum(message["role"] == "tool" for message in messages)
        note(f"model-{answered}")
        find = {"tool": "search", "arguments": {"query": "a"}}
        return {0: {"tools": [find, {"tool": "charge", "arguments": {"amount": 5}}]}, 2: find}.get(
            answered, "done"
        )

    app = App(store=f"sqlite:///{folder / 'round.db'}")
    app.flow("flow", Round(agent(model, tools=[search, charge])).flow())
    async with app.work():
        run = await app.start("flow", {}, "r")
        assert RoundEnd.read(await run.result(30)).result == "done"


if __name__ == "__main__":
    asyncio.run(_work(Path(sys.argv[1])))
