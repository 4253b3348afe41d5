"""A team whose journey passes every state of a task: feedback, a tool that needs approval, an obstacle, a report."""

import asyncio
import re
from pathlib import Path
from typing import Any

from handrail import Agent, App, Task, Team, approval_required
from tests.support.journey_effects import effect

RUN = "journey"
RESULT = "report of booked LH 1 and paid with 7"


@approval_required
async def book(flight: str) -> str:
    """Book a flight."""
    effect("book")
    return f"booked {flight}"


async def model(messages: list[dict[str, Any]]) -> Any:
    """Say what a model would say; while there is a file `hold`, it takes its time."""
    effect("model")
    while Path("hold").exists():  # noqa: ASYNC110, ASYNC240 - another process takes it away
        await asyncio.sleep(0.01)
    told = "\n".join(str(message["content"]) for message in messages)
    match re.findall(r"TASK-[A-Z]", told)[0]:
        case "TASK-A":
            return "short analysis" if "shorter" in told else "analysis"
        case "TASK-B":
            answers = [message["content"] for message in messages if message["role"] == "tool"]
            return answers[0] if answers else {"tool": "book", "arguments": {"flight": "LH 1"}}
        case "TASK-C":
            keys = re.findall(r"the key is (\d)", told)
            return f"paid with {keys[0]}" if keys else {"block": "there is no key"}
        case "TASK-D":
            return "report of " + re.findall(r"TASK-D: (.*?)!", told)[0]
    return "done"


def make_team() -> Team:
    """Return the team."""
    ann, will = Agent("ann", "Analyst", model=model), Agent("will", "Writer", model=model, tools=[book])
    return Team(
        "travel",
        [ann, will],
        [
            Task("TASK-A: analyse", ann, external_validation_required=True),
            Task("TASK-B: book after {taskResult:task1}", will, allow_parallel_execution=True),
            Task("TASK-C: pay", ann, dependencies=["task1"], allow_parallel_execution=True),
            Task("TASK-D: {taskResult:task2} and {taskResult:task3}!", will, is_deliverable=True),
        ],
    )


def make_wide_team() -> Team:
    """Return a team that would do twelve things at once."""
    ann = Agent("ann", "Analyst", model=model)
    return Team("wide", [ann], [Task(f"TASK-E {n}", ann, allow_parallel_execution=True) for n in range(12)])


def make_app(store: str) -> App:
    """Return an app that knows both teams."""
    app = App(store=store)
    app.team(make_team())
    app.team(make_wide_team())
    return app


app = make_app("sqlite:///handrail.db")
