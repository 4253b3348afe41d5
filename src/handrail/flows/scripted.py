"""A function as a language model, for tests and demos: it gets the messages and returns the answer.

It needs no further package. A sync function runs in a thread; an async generator function streams what it
yields.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from handrail.flows.answer import Answer, Listener, Message, Shape
from handrail.flows.function import call, name_of
from handrail.requests.errors import InvalidInput

Reply = str | dict[str, Any]
ModelFunction = Callable[[list[Message]], Reply | Awaitable[Reply] | AsyncIterator[str]]


def streams(function: Callable[..., Any]) -> bool:
    """Whether the function yields its answer in pieces."""
    call_method = getattr(function, "__call__", None)  # noqa: B004 - an object whose call yields counts too
    return inspect.isasyncgenfunction(inspect.unwrap(function)) or inspect.isasyncgenfunction(call_method)


async def answer(
    function: ModelFunction, messages: list[Message], shape: Shape, listener: Listener
) -> Answer:
    """Return what the function makes of the messages."""
    reply = await (_collect if streams(function) else _whole)(function, messages, shape, listener)
    return Answer(shape.fit(reply), name_of(function))


async def _whole(function: ModelFunction, messages: list[Message], shape: Shape, listener: Listener) -> Reply:
    reply: Reply = await call(function, messages)
    if not isinstance(reply, str | dict):
        raise InvalidInput(
            f"model function {name_of(function)!r} returned {type(reply).__name__}; "
            "it returns a str or a dict"
        )
    if shape.plain and isinstance(reply, str):
        await listener.chunk(reply)
    return reply


async def _collect(function: Any, messages: list[Message], shape: Shape, listener: Listener) -> str:
    pieces: list[str] = []
    async with aclosing(function(messages)) as stream:
        async for piece in stream:
            if not isinstance(piece, str):
                raise InvalidInput(
                    f"model function {name_of(function)!r} yielded {type(piece).__name__}; it yields str"
                )
            pieces.append(piece)
            if shape.plain:
                await listener.chunk(piece)
    return "".join(pieces)
