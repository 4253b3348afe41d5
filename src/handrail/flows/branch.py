"""One way or the other: the data decides, once."""

from collections.abc import Awaitable, Callable

from handrail.flows.condition import Condition, check_condition, holds
from handrail.flows.execution import Data
from handrail.flows.function import as_node, name_of
from handrail.flows.node import ChainableNode, check_unique

Part = ChainableNode | Callable[[Data], Data | Awaitable[Data]]
"""what a flow is made of: a node, or a function `dict -> dict`"""


class Branch(ChainableNode):
    """Execute `then` if a condition is true of the data, else `otherwise`.

    Args:
        condition: `(data) -> bool`, sync or async; whatever is true counts. It is asked once per run, a replay
            remembers what it said.
        then: a node or a function.
        otherwise: a node or a function; without it the data passes unchanged.

    The result is that of what was executed. A condition that raises fails the step `condition` of this node. Raises
    `InvalidFlow` for a condition that is no function, and for parts that are no nodes or have the same name.

    >>> from handrail import HumanApprovalNode
    >>> gate = Branch(lambda x: x["amount"] > 100, HumanApprovalNode(name="approve"), name="gate")
    >>> gate.signature()
    ['gate', 'then approve']
    """

    repeatable = True

    def __init__(
        self, condition: Condition, then: Part, otherwise: Part | None = None, *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.condition = check_condition(condition, "Branch(condition)")
        self.then = as_node(then, "Branch(then)")
        self.otherwise = None if otherwise is None else as_node(otherwise, "Branch(otherwise)")
        if self.otherwise is not self.then:
            check_unique([self.then.name, self.otherwise.name if self.otherwise else None])

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Decide, and execute what was chosen."""
        chosen = self.then if await holds("condition", self.condition, data) else self.otherwise
        return data if chosen is None else await chosen.execute(data)

    def signature(self) -> list[str]:
        return [
            self.name or f"{self.kind}({name_of(self.condition)})",
            *(f"then {part}" for part in self.then.signature()),
            *(f"otherwise {part}" for part in (self.otherwise.signature() if self.otherwise else ())),
        ]
