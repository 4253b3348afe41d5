"""Which channels a flow's questions name, as far as its nodes say so before anybody is asked.

What a function asks when it is called isn't known beforehand; the nodes within nodes are found wherever they keep them.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from handrail.flows.node import ChainableNode

MOST = 1000
"""values of one list that are looked at"""


def named_channels(flow: ChainableNode) -> frozenset[str]:
    """Return the channels that questions of a flow name, without whom or where to.

    >>> from handrail import HumanApprovalNode
    >>> flow = HumanApprovalNode(name="a", channels="slack:#deploys") | HumanApprovalNode(channels=["email"])
    >>> sorted(named_channels(flow))
    ['email', 'slack']
    """
    named: list[Any] = []
    for node in _nodes(flow, set()):
        asking = vars(node).get("asking")
        channels = asking.get("channels", ()) if isinstance(asking, dict) else ()
        named += [channels] if isinstance(channels, str) else channels
    return frozenset(name.partition(":")[0] for name in named if isinstance(name, str))


def uncarried(flows: Mapping[str, ChainableNode], carried: Collection[str]) -> dict[str, list[str]]:
    """Return the channels that flows name and that aren't carried, by the flow's name."""
    missing = {name: sorted(named_channels(flow).difference(carried)) for name, flow in flows.items()}
    return {name: channels for name, channels in missing.items() if channels}


def _nodes(node: ChainableNode, seen: set[int]) -> Iterator[ChainableNode]:
    """Find a node and those that it keeps, itself or in a list or dict of its own."""
    if id(node) in seen:
        return
    seen.add(id(node))
    yield node
    for kept in list(vars(node).values()):
        within = (
            kept if isinstance(kept, list | tuple) else kept.values() if isinstance(kept, dict) else (kept,)
        )
        for each in islice(within, MOST):  # what else a node of the user's keeps may be large
            if isinstance(each, ChainableNode):
                yield from _nodes(each, seen)
