"""A round of an agent: brief, model, tools, feedback, until there is a result or an obstacle."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from handrail.teams.agent import Agent
from handrail.teams.round import CallUsage, RoundEnd

Consult = Callable[[int, int, Sequence[CallUsage]], Awaitable[list[dict[str, Any]]]]
"""`consult(heard, worked_in, usage)`: see `work.consult`; returns feedback (`number`, `content`) that is new"""


async def converse(agent: Agent, brief: dict[str, Any], consult: Consult) -> RoundEnd:
    """Let an agent work on a task for one round."""
    raise NotImplementedError
