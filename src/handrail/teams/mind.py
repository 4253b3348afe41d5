"""One turn of an agent's model, whichever it is: a function that stands in for one, or a real one.

A real one is called through pydantic-ai, which is imported only then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from handrail.flows.llm import default_model, further_packages, is_function
from handrail.teams import scripted
from handrail.teams.agent import Agent
from handrail.teams.scripted import ModelFunction
from handrail.teams.turn import Manual, Message, Turn


async def think(
    agent: Agent, messages: Sequence[Message], manuals: Sequence[Manual], schema: dict[str, Any] | None
) -> Turn:
    """Return what the model of an agent answers; `schema` is what its result has to fit if that isn't text.

    Raises `ModelError`, or `ModelRefused` where another attempt won't help, and whatever a function raises.
    """
    if is_function(agent.model):
        return await scripted.turn(cast(ModelFunction, agent.model), messages, schema)
    # Importing takes most of a second: in a thread it doesn't hold up the runs beside this one.
    ask = await asyncio.to_thread(_load)
    return await ask(agent.model or default_model(), messages, manuals, schema, agent.settings)


def _load() -> Callable[..., Awaitable[Turn]]:
    with further_packages():
        from handrail.teams.provider import turn
    return turn
