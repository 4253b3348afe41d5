"""Plain functions as nodes, and async functions as whole flows."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import Any, Literal

from handrail.flows.execution import Data
from handrail.flows.node import ChainableNode
from handrail.requests.errors import InvalidFlow, InvalidInput


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=64, thread_name_prefix="handrail-function")


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling `function` gives an awaitable."""
    if inspect.iscoroutinefunction(function):
        return True
    call = getattr(function, "__call__", None)  # noqa: B004 - an object whose call is async counts too
    return inspect.iscoroutinefunction(inspect.unwrap(function)) or inspect.iscoroutinefunction(call)


async def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call an async function here, and a sync one in a thread, so that it doesn't hold up other runs."""
    if is_async(function):
        return await function(*args, **kwargs)
    work = partial(copy_context().run, partial(_sync, function, *args, **kwargs))
    result = await asyncio.get_running_loop().run_in_executor(_threads(), work)
    return await result if inspect.isawaitable(result) else result


def _sync(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except StopIteration as error:  # a future can't carry it: whoever waits would wait for ever
        raise RuntimeError(f"{name_of(function)} raised StopIteration") from error


def refuse_timeout(function: Callable[..., Any], attempt_timeout: float | None) -> None:
    """Raise `InvalidInput` for a time limit on a sync function: a thread can't be stopped."""
    if attempt_timeout is not None and not is_async(function):
        raise InvalidInput(
            "attempt_timeout needs an async function: a sync one runs in a thread, which can't be stopped"
        )


def name_of(function: Callable[..., Any]) -> str:
    """Return what people call a function."""
    return getattr(function, "__name__", type(function).__name__)


class FunctionNode(ChainableNode):
    """A function `dict -> dict` as a node; a sync one runs in a thread.

    Args:
        function: gets the data and returns the result, sync or async.

    >>> node = FunctionNode(lambda x: {"id": "post_1", "content": x["content"]}, name="shape")
    >>> node.name
    'shape'
    """

    def __init__(
        self,
        function: Callable[[Data], Data | Awaitable[Data]],
        *,
        name: str | None = None,
        retries: int = 0,
        backoff: float = 1.0,
        attempt_timeout: float | None = None,
        on_interrupt: Literal["retry", "ask"] = "retry",
    ) -> None:
        super().__init__(
            name=name,
            retries=retries,
            backoff=backoff,
            attempt_timeout=attempt_timeout,
            on_interrupt=on_interrupt,
        )
        if not callable(function):
            raise InvalidFlow(f"FunctionNode needs a function, not {type(function).__name__}")
        refuse_timeout(function, attempt_timeout)
        self.function = function

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Call the function with the data."""
        result: Data = await call(self.function, data)
        return result

    def signature(self) -> list[str]:
        return [self.name or f"{self.kind}({name_of(self.function)})"]


class FunctionFlow(ChainableNode):
    """An async function over nodes as a flow: what it awaits are the steps.

    It gets the input's keys as parameters; a sole parameter `data` gets the whole dict.
    """

    def __init__(self, function: Callable[..., Awaitable[Data]], *, name: str | None = None) -> None:
        super().__init__(name=name)
        if not is_async(function):
            raise InvalidFlow(
                f"a flow is a node or an async function, not {name_of(function)!r}: write async def"
            )
        self.function = function
        parameters = inspect.signature(function).parameters
        self._whole = list(parameters) == ["data"]

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Call the function with the input's keys."""
        return await (self.function(data) if self._whole else self.function(**data))

    def __call__(self, *args: Any, **kwargs: Any) -> Awaitable[Data]:
        """Call the function itself, as if it were no flow."""
        return self.function(*args, **kwargs)

    def check_input(self, data: Data) -> None:
        if self._whole:
            return
        try:
            inspect.signature(self.function).bind(**data)
        except TypeError as error:
            takes = ", ".join(inspect.signature(self.function).parameters) or "nothing"
            raise InvalidInput(
                f"flow {name_of(self.function)!r} takes {takes} as keys of its input: {error}"
            ) from error

    def signature(self) -> list[str]:
        return [self.name or f"async def {name_of(self.function)}"]


def as_node(value: Any, where: str) -> ChainableNode:
    """Return a node for a node or a function `dict -> dict`; raises `InvalidFlow` naming `where` for anything else.

    >>> as_node(lambda x: {"n": x["n"] + 1}, "Loop(body)").kind
    'FunctionNode'
    """
    if isinstance(value, ChainableNode):
        return value
    if isinstance(value, type):
        raise InvalidFlow(
            f"{where}: {value.__name__} is a class; give an instance of it, {value.__name__}(...)"
        )
    if not callable(value):
        raise InvalidFlow(f"{where} takes a node or a function, not {type(value).__name__}")
    return FunctionNode(value)


def as_flow(flow: ChainableNode | Callable[..., Awaitable[Data]]) -> ChainableNode:
    """Return a flow for a node or an async function over nodes."""
    if isinstance(flow, ChainableNode):
        return flow
    if isinstance(flow, type):
        raise InvalidFlow(f"{flow.__name__} is a class: register an instance of it, {flow.__name__}(...)")
    if not callable(flow):
        raise InvalidFlow(f"a flow is a node or an async function, not {type(flow).__name__}")
    function: Callable[..., Awaitable[Data]] = flow
    return FunctionFlow(function)
