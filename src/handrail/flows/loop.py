"""Again and again, until it is right or the rounds are used up."""

from handrail.flows.branch import Part
from handrail.flows.condition import Condition, check_condition, holds
from handrail.flows.execution import Data
from handrail.flows.feedback import check_iterations
from handrail.flows.function import as_node, name_of
from handrail.flows.node import ChainableNode

USED_UP = "max_iterations_reached"


class Loop(ChainableNode):
    """Execute `body` on its own result until a condition is true of it; at least once.

    Args:
        body: a node or a function: one round.
        until: `(data) -> bool`, sync or async, asked after each round; a replay remembers what it said.
        max_iterations: how many rounds there are at most.

    The result is the data of the last round with `iterations`, how often the body was executed; if `until` never came
    true also `status`: `"max_iterations_reached"`. A round that fails fails the loop; an `until` that raises fails the
    step `until` of this node. Raises `InvalidFlow` for parts that are no nodes or functions, `InvalidInput` for a bad
    `max_iterations`.

    >>> double = Loop(lambda x: {"n": x["n"] * 2}, until=lambda x: x["n"] > 100, name="double")
    >>> double.max_iterations
    10
    """

    repeatable = True

    def __init__(
        self, body: Part, until: Condition, max_iterations: int = 10, *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.body = as_node(body, "Loop(body)")
        self.until = check_condition(until, "Loop(until)")
        self.max_iterations = check_iterations(max_iterations)

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Do rounds."""
        for iterations in range(1, self.max_iterations + 1):
            data = await self.body.execute(data)
            if await holds("until", self.until, data):
                return {**_without_earlier(data), "iterations": iterations}
        return {**data, "iterations": self.max_iterations, "status": USED_UP}

    def check_input(self, data: Data) -> None:
        self.body.check_input(data)

    def signature(self) -> list[str]:
        head = self.name or f"{self.kind}({name_of(self.until)})"
        return [head, *(f"body {part}" for part in self.body.signature())]


def _without_earlier(data: Data) -> Data:
    """Return the data without what an earlier loop said of itself."""
    return {key: value for key, value in data.items() if (key, value) != ("status", USED_UP)}
