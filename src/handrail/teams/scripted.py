"""A function as the model of an agent, for tests and demos: it gets the messages and returns what the model says.

`f(messages) -> str | dict`, sync (then it runs in a thread) or async. Messages are dicts with `role` (system, user,
assistant, tool) and `content`; the assistant's may have `calls` (`id`, `tool`, `arguments`), a tool's have `name` and
`id`. The function may return

* a text: the result (with an `output_schema` its JSON), or `{"content": ...}`,
* `{"tool": name, "arguments": {...}}`, or `{"tools": [{"tool": ..., "arguments": ...}, ...]}`: calls of tools,
* `{"block": reason}`: what the agent can't go on without,
* with an `output_schema` any other dict: the result itself.

Beside these keys a dict may have `content` (what is said with the calls), `usage` (`{"input_tokens": 12,
"output_tokens": 3}`) and `cost` in dollars, a text (`"0.0012"`) or a `Decimal`.
"""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from handrail.flows.function import call, name_of
from handrail.requests.content import JSON, encode, isolated
from handrail.requests.errors import InvalidInput
from handrail.teams.round import CallUsage
from handrail.teams.turn import Message, Turn, said

BLOCK_TASK = "block_task"
"""The tool by which an agent blocks its own task."""

ANSWERS = {"content", "tool", "tools", "block"}
KEYS = ANSWERS | {"arguments", "usage", "cost"}

Reply = str | dict[str, Any]
ModelFunction = Callable[[list[Message]], Reply | Awaitable[Reply]]


async def turn(function: ModelFunction, messages: Sequence[Message], schema: dict[str, Any] | None) -> Turn:
    """Return what the function says to the messages. Raises `InvalidInput` for what can't be read."""
    shown = [{key: message[key] for key in message if key != "native"} for message in messages]
    reply: Reply = await call(function, isolated(shown))
    match reply:
        case str():
            return Turn(said(reply), _usage(function, {}))
        case dict() if schema is not None and not (reply.keys() & ANSWERS and reply.keys() <= KEYS):
            return Turn(said(encode(reply, "the result")), _usage(function, {}))
        case dict() if reply.keys() & ANSWERS and reply.keys() <= KEYS:
            before = sum(len(message.get("calls", ())) for message in messages)
            return Turn(
                said(_content(function, reply, schema), _calls(function, reply, before)),
                _usage(function, reply),
            )
    _refuse(function, type(reply).__name__ if not isinstance(reply, dict) else f"a dict of {sorted(reply)}")


def _content(function: ModelFunction, reply: dict[str, Any], schema: dict[str, Any] | None) -> str:
    content = reply.get("content", "")
    if isinstance(content, str):
        return content
    if schema is None:
        _refuse(function, f"content of type {type(content).__name__}")
    return encode(content, "the content")


def _calls(function: ModelFunction, reply: dict[str, Any], before: int) -> list[dict[str, Any]]:
    match reply:
        case {"block": reason}:
            wanted: list[Any] = [
                {"tool": BLOCK_TASK, "arguments": {"reason": "" if reason is None else str(reason)}}
            ]
        case {"tools": list(calls)}:
            wanted = calls
        case {"tool": name}:
            wanted = [{"tool": name, "arguments": reply.get("arguments", {})}]
        case _:
            wanted = []
    return [_call(function, one, f"call_{place}") for place, one in enumerate(wanted, before + 1)]


def _call(function: ModelFunction, wanted: Any, number: str) -> dict[str, JSON]:
    match wanted:
        case {"tool": str(name)}:
            return {"id": number, "tool": name, "arguments": wanted.get("arguments", {})}
    _refuse(function, "a call without a tool")


def _usage(function: ModelFunction, reply: dict[str, Any]) -> CallUsage:
    usage = reply.get("usage", {})
    if not isinstance(usage, dict):
        _refuse(function, "usage that is no dict")
    tokens = {name: usage.get(name, 0) for name in ("input_tokens", "output_tokens")}
    if any(type(count) is not int or count < 0 for count in tokens.values()):
        _refuse(function, "usage that is no count of tokens")
    return CallUsage(**tokens, cost=_cost(function, reply.get("cost")), model=name_of(function))


def _cost(function: ModelFunction, cost: Any) -> str | None:
    if cost is None:
        return None
    try:
        price = Decimal(cost) if isinstance(cost, str | Decimal) else Decimal("NaN")
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        _refuse(function, 'a cost that is neither a Decimal nor a text such as "0.0012"')
    return str(price)


def _refuse(function: ModelFunction, what: str) -> NoReturn:
    raise InvalidInput(
        f"model function {name_of(function)!r} returned {what}; it returns a text, or a dict with "
        f"one of {', '.join(sorted(ANSWERS))}"
    )
