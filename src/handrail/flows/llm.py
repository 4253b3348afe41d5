"""A language model as a node."""

from collections.abc import Awaitable, Callable
from typing import Any

from handrail.flows.execution import Data
from handrail.flows.node import ChainableNode

Model = str | Callable[..., Awaitable[str]] | Any


class LLMNode(ChainableNode):
    """A language model as a node."""

    def __init__(self, model: Model | None = None, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.model = model

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Call it."""
        return {"content": await self.model(data["prompt"])}
