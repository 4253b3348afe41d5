"""One node for each item of a list, each item durable in a branch of its own."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, overload

from handrail.flows.durable import check_limit, step
from handrail.flows.execution import Data, inside
from handrail.flows.function import as_node
from handrail.flows.node import ChainableNode
from handrail.requests.content import JSON, isolated
from handrail.requests.errors import InvalidFlow, InvalidInput, StepFailed

Over = str | Callable[[Data], Any]


class MapNode(ChainableNode):
    """Execute a node for each item of a list in the data.

    Every item waits and wakes alone; those that wait are rows, not memory, so there may be tens of thousands. An item
    that is a dict is the node's input itself, anything else arrives as `{"item": ...}`.

    Args:
        node: the node, or a function `dict -> dict`.
        over: the key of the list in the data, or a function of the data that returns a list.
        limit: how many items may be under way at once, those that wait for people included; no limit by default. At
            most 100 are executed at the same time in any case. A retry executes at most so many of the failed ones
            at once.
        into: the key of the result's list.
        on_failure: `"fail"`: all items come to their end, then the first failure in order is raised, and a retry
            executes only the failed ones. `"keep"`: an item that failed gives `{"error": {"step", "kind", "message"}}`
            and the flow goes on.

    The result is the data with `results`, a list in the order of the items. Fails with `InvalidInput` if there is
    nothing to map over: no such key, no list, an empty one.

    >>> from handrail import HumanApprovalNode
    >>> flow = MapNode(HumanApprovalNode(), over="drafts", limit=20)
    """

    def __init__(
        self,
        node: ChainableNode | Callable[[Data], Any],
        over: Over,
        *,
        limit: int | None = None,
        into: str = "results",
        on_failure: Literal["fail", "keep"] = "fail",
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.node = as_node(node, "MapNode")
        if not callable(over) and not (isinstance(over, str) and over):
            raise InvalidFlow("MapNode needs over=..., the key of a list or a function that returns one")
        check_limit(limit)
        if not isinstance(into, str) or not into:
            raise InvalidFlow(f"into={into!r}: give the key of the results")
        if on_failure not in ("fail", "keep"):
            raise InvalidFlow(f"on_failure={on_failure!r}: use 'fail' or 'keep'")
        self.over, self.limit, self.into, self.on_failure = over, limit, into, on_failure

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Execute the node for each item."""
        branches = _Branches(self._one, await self._items(data))
        return {**data, self.into: await inside("MapNode").gather(branches, self.limit)}

    def check_input(self, data: Data) -> None:
        """Raise `InvalidInput` if the data has no items under the key that is mapped over."""
        if not callable(self.over) and type(self).execute is MapNode.execute:
            _items_under(data, self.over)

    async def _items(self, data: Data) -> list[JSON]:
        if not callable(self.over):
            return _items_under(data, self.over)
        return _checked(await step("items", self.over, isolated(data)), "what over(data) returned")

    async def _one(self, item: JSON) -> Data:
        try:
            return await self.node.execute(item if isinstance(item, dict) else {"item": item})
        except StepFailed as error:
            if self.on_failure == "fail":
                raise
            return {"error": {"step": error.name, "kind": error.kind, "message": error.message}}

    def signature(self) -> list[str]:
        return [self.name or self.kind, *self.node.signature()]


class _Branches(Sequence[Callable[[], Awaitable[JSON]]]):
    """The branches of a list, each made when it is executed."""

    def __init__(self, execute: Callable[[JSON], Awaitable[JSON]], items: list[JSON]) -> None:
        self._execute = execute
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> Callable[[], Awaitable[JSON]]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Callable[[], Awaitable[JSON]]]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return _Branches(self._execute, self._items[place])
        return lambda: self._execute(self._items[place])


def _items_under(data: Data, key: str) -> list[JSON]:
    if key not in data:
        raise InvalidInput(f"there is nothing to map over: the data has no {key!r}")
    return _checked(data[key], repr(key))


def _checked(items: Any, what: str) -> list[JSON]:
    if not isinstance(items, list):
        raise InvalidInput(f"there is nothing to map over: {what} is {type(items).__name__}, not a list")
    if not items:
        raise InvalidInput(
            f"there is nothing to map over: {what} is empty; put Branch(...) in front if that may be"
        )
    return items
