"""What an agent is told in words: who it is, its task, what it builds on, and what people want to be different."""

from collections.abc import Sequence
from typing import Any

from handrail.requests.content import JSON, encode
from handrail.teams.agent import Agent
from handrail.teams.plan import names_in
from handrail.teams.scripted import BLOCK_TASK
from handrail.teams.turn import Manual, Message

RULES = (
    "You work in a team, on one task at a time. When it is done, answer with the result alone: it is kept as it is, "
    "without questions or remarks around it. Feedback may come at any time: then answer with the whole result again, "
    f"with the feedback worked in. If you can't go on without a person, call {BLOCK_TASK} and say what you need."
)

BLOCK = Manual(
    BLOCK_TASK,
    "Stop working on the task until a person has removed an obstacle that you can't get around.",
    {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "description": "What the obstacle is, and what you need."}
        },
        "required": ["reason"],
        "additionalProperties": False,
    },
)

UNBLOCKED = "A person has removed the obstacle. Go on with the task."
SKIPPED = "Not done: the task was blocked before. Call it again if that is still needed."
GO_ON = "Go on with the task, and answer with the result."


def opening(agent: Agent, brief: dict[str, Any]) -> list[Message]:
    """Return how a conversation begins."""
    who = [f"You are {agent.name}, {agent.role}."]
    if agent.goal:
        who.append(f"Your goal: {agent.goal}")
    if agent.background:
        who.append(agent.background)
    return [{"role": "system", "content": "\n\n".join([*who, RULES])}, user(task(brief))]


def task(brief: dict[str, Any]) -> str:
    """Return a task in words, with the results that it builds on."""
    title, description = brief["title"], brief["description"]
    # By default it is the description's first line; there results aren't put in.
    told = description.startswith(title.removesuffix("…")) or names_in(title)
    parts = [] if told else [f"# {title}"]
    parts.append(description)
    if brief["expected_output"]:
        parts.append(f"Expected result: {brief['expected_output']}")
    parts += [
        f"## Result of {each['task']}: {each['title']}\n\n{data(each['result'])}" for each in brief["context"]
    ]
    if brief["earlier_feedback"]:
        parts.append(earlier(brief))
    return "\n\n".join(parts)


def earlier(brief: dict[str, Any]) -> str:
    """Return the feedback that earlier results had, in words."""
    return "\n\n".join(["## Feedback that earlier results had", *brief["earlier_feedback"]])


def data(value: JSON) -> str:
    """Return a result as an agent is shown it: texts as they are, anything else as a block of JSON."""
    return value if isinstance(value, str) else f"```json\n{encode(value)}\n```"


def feedback(news: Sequence[dict[str, Any]]) -> list[Message]:
    """Return feedback as messages."""
    return [user(f"Feedback on your work:\n\n{each['content']}") for each in news]


def edited(result: JSON) -> Message:
    """Return the message that a person has changed the result."""
    return user(f"A person has changed your result. It is now:\n\n{data(result)}")


def user(content: str) -> Message:
    """Return a message to the model."""
    return {"role": "user", "content": content}
