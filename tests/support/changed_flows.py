"""Flows made out of words, so that a change of a flow is a change of a word."""

from collections import Counter
from typing import Any

from handrail import Chain, ChainableNode, HumanApprovalNode, gather, step

Data = dict[str, Any]


class Mark(ChainableNode):
    """Leaves its mark, with a step inside, and counts."""

    def __init__(self, mark: str, counts: Counter[str], name: str | None = None) -> None:
        super().__init__(name=name)
        self.mark = mark
        self.counts = counts

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        await step("inner", lambda: self.counts.update([self.mark]))
        return {**data, "path": [*data.get("path", []), self.mark]}


class Other(Mark):
    """The same under another class."""


class Flows:
    """Makes flows out of words: a capital letter is a named node, a small one an unnamed one, `?` asks."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def chain(self, nodes: str) -> ChainableNode:
        return Chain([self._node(letter) for letter in nodes])

    def function(self, nodes: str) -> Any:
        async def flow(data: Data) -> Data:
            for letter in nodes:
                data = await self._node(letter).execute(data)
            return data

        return flow

    def nested(self, nodes: str) -> ChainableNode:
        return Mark("before", self.counts) | Chain([self._node(letter) for letter in nodes], name="outer")

    def branch(self, nodes: str) -> Any:
        async def branch(data: Data) -> Data:
            for letter in nodes:
                data = await self._node(letter).execute(data)
            return data

        async def flow(data: Data) -> Data:
            result, _ = await gather(lambda: branch(data), lambda: step("other", str))
            return dict(result)

        return flow

    def _node(self, letter: str) -> ChainableNode:
        if letter == "?":
            return HumanApprovalNode(name="human")
        if letter == "!":
            return HumanApprovalNode()
        kind = Other if letter in "oO" else Mark
        return kind(letter, self.counts, name=letter if letter.isupper() else None)


FRAMES = {"chain": "", "function": "", "nested": "outer/", "branch": "0[0]/"}

CHANGES = [
    # named nodes. The one that waits is executed again, with what comes before it now; completed ones are not
    ("AB?C", "ANB?C", 1, "B", "N", ["=N"], "ABC", "N"),
    ("AB?C", "NAB?C", 0, "A", "N", ["=N"], "ABC", "N"),
    ("AB?C", "ABN?C", 2, "human", "N", ["=N"], "ABNC", "N"),
    ("AB?C", "A?C", 1, "B", "human", ["B="], "AC", ""),
    ("AB?C", "B?C", 0, "A", "B", ["A="], "ABC", ""),
    ("AB?C", "AX?C", 1, "B", "X", ["B=X"], "ABC", ""),
    ("AB?C", "XY?C", 0, "A", "X", ["A=X", "B=Y"], "ABC", ""),
    ("AB?C", "AO?C", 1, "B", "O", ["B=O"], "ABC", ""),
    # unnamed nodes, known by their position
    ("ao!c", "ano!c", 1, "1", "1", ["1=2"], "aoc", "n"),
    ("ao!c", "ano!c", 1, "1", "1", ["=1"], "aoc", "n"),
    ("ao!c", "a!c", 1, "1", "1", ["1="], "ac", ""),
    ("ao!c", "a!c", 1, "1", "1", ["2=1"], "ac", ""),
    ("aa!c", "aao!c", 2, "2", "2", ["2=3"], "aaoc", "o"),
    ("ab!c", "ao!c", 1, "1", "1", ["1=1"], "abc", ""),
    # both
    ("aB!c", "aNB!c", 1, "B", "N", ["=N"], "aBc", "N"),
    ("aB!c", "aX!c", 1, "B", "X", ["B=X"], "aBc", ""),
    ("aB!c", "a!c", 1, "B", "1", ["B="], "ac", ""),
]
"""before, after, position, what is recorded there, what the flow has there, mapping, path, what is new"""
