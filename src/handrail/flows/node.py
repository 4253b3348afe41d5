"""A node is one step: `async execute(data: dict) -> dict`. `a | b` composes a chain.

`execute` is wrapped in every subclass: inside a run it is a step of that run, outside it starts one.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from handrail.flows import execution
from handrail.flows.execution import Data, StepOptions
from handrail.requests.content import isolated
from handrail.requests.errors import InvalidFlow, InvalidInput

FORBIDDEN_IN_NAMES = "/[]!~="


def _as_step(body: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Data]]:
    @functools.wraps(body)
    async def execute(self: "ChainableNode", data: Data, *, run_id: str | None = None) -> Data:
        if not isinstance(data, dict):
            raise InvalidInput(f"{type(self).__name__} takes a dict, not {type(data).__name__}")
        run = execution.current()
        if run is None:
            return await execution.start_run(self, data, run_id)
        if run_id is not None:
            raise InvalidInput("run_id names a whole run: pass it to the outermost execute only")
        if run.node is self:  # the body of a subclass calls the one it overrides
            return await body(self, data)  # type: ignore[no-any-return]
        # A copy: what the node does to its input must not reach its caller, on a replay it wouldn't.
        return await run.run_node(self, lambda: body(self, isolated(data)))

    execute.__handrail_body__ = body  # type: ignore[attr-defined]
    return execute


class ChainableNode:
    """One step of a flow. Subclass it and write `async def execute(self, data: dict) -> dict`.

    Args:
        name: a name that is unique in its flow; without one the node is known by its position.
        retries, backoff: how often a failed attempt is repeated, after how many seconds (they double).
        attempt_timeout: seconds that one attempt may take.
        on_interrupt: `"retry"` executes a step again whose process died in its middle, `"ask"` asks a person first.

    >>> class Shout(ChainableNode):
    ...     async def execute(self, data):
    ...         return {**data, "content": data["content"].upper()}
    >>> flow = Shout(name="shout") | Shout(name="again")
    >>> [node.name for node in flow.nodes]
    ['shout', 'again']
    """

    name: str | None = None
    registered_as: str | None = None
    """the name that an app has given this flow"""
    options: StepOptions = StepOptions()
    repeatable: bool = False
    """Whether its own code does nothing but ask and execute steps, and comes to the same each time: then its result
    is stored with what comes next, because a replay would come to it again. It counts for the class that says it."""

    def __init__(
        self,
        *,
        name: str | None = None,
        retries: int = 0,
        backoff: float = 1.0,
        attempt_timeout: float | None = None,
        on_interrupt: Literal["retry", "ask"] = "retry",
    ) -> None:
        self.name = check_name(name)
        self.options = StepOptions(retries, backoff, attempt_timeout, on_interrupt)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        place = next(place for place, each in enumerate(cls.__mro__) if "execute" in vars(each))
        added = {name for each in cls.__mro__[:place] for name in vars(each) if not name.startswith("__")}
        said = vars(cls.__mro__[place]).get("repeatable", False)
        # A method that a subclass adds may be called by that code, and do anything.
        cls.repeatable = bool(said) and added <= {"repeatable"}
        body = cls.execute  # its own, or that of a mixin
        if not hasattr(body, "__handrail_body__") and body is not ChainableNode.execute:
            if inspect.isfunction(body) and not inspect.iscoroutinefunction(inspect.unwrap(body)):
                raise InvalidFlow(f"{cls.__name__}.execute has to be async: async def execute(self, data)")
            cls.execute = _as_step(body)  # type: ignore[assignment,method-assign]

    async def execute(self, data: Data, *, run_id: str | None = None) -> Data:
        """Do this node's work on `data` and return the result; `run_id` (only outside a run) makes it resumable.

        Raises `StepFailed` if a step failed for good, and `RunMismatch`, `RunCancelled`, `RunNeedsAttention` for a
        `run_id` that was used before.
        """
        raise NotImplementedError(f"{type(self).__name__} has to define: async def execute(self, data)")

    def check_input(self, data: Data) -> None:
        """Raise `InvalidInput` if a run of this flow can't begin with `data`."""

    @property
    def kind(self) -> str:
        """What the journal calls this node beside its address."""
        return type(self).__name__

    def signature(self) -> list[str]:
        """What tells this flow from another one: the names (or kinds) of its steps."""
        return [self.name or self.kind]

    def __or__(self, other: "ChainableNode") -> "Chain":
        if not isinstance(other, ChainableNode):
            return NotImplemented
        return Chain([*_parts(self), *_parts(other)])


def check_name(name: str | None) -> str | None:
    """Return `name` or raise `InvalidFlow` if it can't be part of an address."""
    if name is None:
        return None
    if (
        not isinstance(name, str)
        or not name.strip()
        or any(c in FORBIDDEN_IN_NAMES for c in name)
        or name.isdigit()
    ):
        raise InvalidFlow(
            f"{name!r} can't be a name: use text without {' '.join(FORBIDDEN_IN_NAMES)} that is no number"
        )
    return name


def check_unique(names: Sequence[str | None]) -> None:
    """Raise `InvalidFlow` if two nodes have the same name."""
    given = [name for name in names if name]
    if twice := {name for name in given if given.count(name) > 1}:
        raise InvalidFlow(f"two nodes are named {sorted(twice)[0]!r}: names in a flow are unique")


class Chain(ChainableNode):
    """Nodes that are executed one after the other, each with the result of the one before. Made by `|`."""

    repeatable = True

    def __init__(self, nodes: Sequence[ChainableNode], *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.nodes = tuple(nodes)
        if not self.nodes:
            raise InvalidFlow("a chain needs at least one node")
        if strangers := [type(node).__name__ for node in self.nodes if not isinstance(node, ChainableNode)]:
            raise InvalidFlow(
                f"a chain is made of nodes, not of {strangers[0]}; wrap a function in FunctionNode(...)"
            )
        check_unique([node.name for node in self.nodes])

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Execute the nodes in order."""
        for node in self.nodes:
            data = await node.execute(data)
        return data

    def check_input(self, data: Data) -> None:
        self.nodes[0].check_input(data)

    def signature(self) -> list[str]:
        return [part for node in self.nodes for part in node.signature()]


def _parts(node: ChainableNode) -> tuple[ChainableNode, ...]:
    """A chain without a name dissolves into the one it is joined to; a named one stays one step."""
    return node.nodes if isinstance(node, Chain) and node.name is None else (node,)


def body_of(node: ChainableNode) -> Callable[[Data], Awaitable[Any]]:
    """Return a node's own `execute`, without the wrapping: a runner calls it for the flow it executes."""
    body = getattr(type(node).execute, "__handrail_body__", None)
    if body is None:
        raise InvalidFlow(
            f"{type(node).__name__} has no execute of its own: define async def execute(self, data)"
        )
    return functools.partial(body, node)
