"""Several nodes at once on the same data, each durable in a branch of its own, and one result made of theirs."""

import inspect
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Literal

from handrail.flows.durable import gather, step
from handrail.flows.execution import Data
from handrail.flows.function import as_node
from handrail.flows.human import HumanNode
from handrail.flows.node import Chain, ChainableNode, check_unique
from handrail.requests.errors import InvalidFlow, InvalidInput

Merge = Literal["keys", "names"] | Callable[..., Data | Awaitable[Data]]


class Parallel(ChainableNode):
    """Execute nodes at once, each with the same data.

    Each node waits and wakes alone: people may answer in any order, and an answer lets its branch go on while others
    wait or are executed. When all have ended their results are merged; if some failed, the first failure in order is
    raised instead, and a retry executes only the failed ones. A node that ends the whole run
    (`on_reject="stop"`) ends it at once, and what the others had asked is withdrawn.

    Args:
        nodes: nodes, or functions `dict -> dict`.
        merge: what their results become. `"keys"`: the data with every key that a node added or changed; two nodes
            that make different things of one key are an error. `"names"`: the data with each node's whole result
            under its name (or its position, `"0"`, `"1"`). A function of the list of results, or of the data and the
            list, is executed once as the step `merge`.

    Raises `InvalidFlow` for no nodes, equal names, a merge that can't be one, or human nodes side by side under
    `"keys"`: each of them says `decided_by`.

    >>> from handrail import FunctionNode
    >>> counts = FunctionNode(lambda x: {**x, "words": len(x["content"].split())}, name="counts")
    >>> shouts = FunctionNode(lambda x: {**x, "loud": x["content"].upper()}, name="shouts")
    >>> flow = Parallel(counts, shouts)
    """

    def __init__(
        self,
        *nodes: ChainableNode | Callable[[Data], Any],
        merge: Merge = "keys",
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not nodes:
            raise InvalidFlow("Parallel needs at least one node")
        self.nodes = tuple(as_node(node, "Parallel") for node in nodes)
        check_unique([node.name for node in self.nodes])
        if not callable(merge) and merge not in ("keys", "names"):
            raise InvalidFlow(f"merge={merge!r}: use 'keys', 'names' or a function of the list of results")
        self._whole = callable(merge) and _takes_data(merge)
        people = [node for node in self.nodes if _asks_last(node)]
        if merge == "keys" and len(people) > 1:
            raise InvalidFlow(
                "two of the nodes in Parallel ask people, so both say `decided_by`, `comment` and the like: "
                "pass merge='names' to have each result under its node's name, or a function of the results"
            )
        self.merge: Merge = merge

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Execute all nodes and merge their results."""
        results = await gather(*(partial(node.execute, data) for node in self.nodes))
        names = [node.name or str(place) for place, node in enumerate(self.nodes)]
        match self.merge:
            case "keys":
                return merged_keys(data, results, names)
            case "names":
                return {**data, **dict(zip(names, results, strict=True))}
            case merge:
                merged: Data = await step("merge", merge, *((data, results) if self._whole else (results,)))
                return merged

    def check_input(self, data: Data) -> None:
        for node in self.nodes:
            node.check_input(data)

    def signature(self) -> list[str]:
        return [self.name or self.kind, *(part for node in self.nodes for part in node.signature())]


def merged_keys(data: Data, results: Sequence[Data], names: Sequence[str]) -> Data:
    """Return the data with what each node added or changed. Raises `InvalidInput` where two of them disagree."""
    merged, changed_by = dict(data), dict[str, str]()
    for name, result in zip(names, results, strict=True):
        for key, value in result.items():
            if key in data and _same(data[key], value):
                continue
            if key in changed_by and not _same(merged[key], value):
                raise InvalidInput(
                    f"nodes {changed_by[key]!r} and {name!r} both changed {key!r}, to different things: "
                    "pass merge='names', or a function of the results"
                )
            merged[key], changed_by[key] = value, name
    return merged


def _same(left: Any, right: Any) -> bool:
    # Python takes True for 1 and 1 for 1.0, JSON doesn't.
    return bool(left == right) and json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _takes_data(merge: Callable[..., Any]) -> bool:
    """Whether a merge takes the data before the results. Raises `InvalidFlow` if it takes neither one nor two."""
    try:
        parameters = inspect.signature(merge)
    except (TypeError, ValueError):  # of some built-in functions nobody knows what they take
        return False
    for arguments in (("results",), ("data", "results")):
        try:
            parameters.bind(*arguments)
        except TypeError:
            continue
        return len(arguments) == 2
    raise InvalidFlow("merge is a function of the list of results, or of the data and the list")


def _asks_last(node: ChainableNode) -> bool:
    """Whether what a node returns surely says who decided."""
    return _asks_last(node.nodes[-1]) if isinstance(node, Chain) else isinstance(node, HumanNode)
