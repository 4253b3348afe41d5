"""A question about the data that decides which way a flow goes.

It is asked once: its answer is a step, so that a replay goes the way the run went and not the one it would go today.
"""

from collections.abc import Callable
from typing import Any

from handrail.flows.durable import step
from handrail.flows.execution import Data
from handrail.flows.function import call
from handrail.flows.node import ChainableNode
from handrail.requests.content import isolated
from handrail.requests.errors import InvalidFlow

Condition = Callable[[Data], Any]
"""`(data) -> anything`, sync or async; whether it is true counts"""


def check_condition(condition: Any, where: str) -> Condition:
    """Return the condition or raise `InvalidFlow` naming `where`."""
    if isinstance(condition, ChainableNode | type) or not callable(condition):
        raise InvalidFlow(f"{where} takes a function of the data, not {_told(condition)}")
    function: Condition = condition
    return function


def _told(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


async def holds(name: str, condition: Condition, data: Data) -> bool:
    """Return whether a condition is true of the data, as the step `name`: the same on every replay."""

    async def judge() -> bool:
        # A copy: what the condition does to the data wouldn't be done again on a replay.
        return bool(await call(condition, isolated(data)))

    return bool(await step(name, judge))
