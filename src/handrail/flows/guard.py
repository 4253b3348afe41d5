"""A person before any function: its arguments are shown and can be edited, a rejection raises with the reason."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Literal, ParamSpec, TypeVar, Unpack, get_type_hints, overload
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_jsonable_python
from typing_extensions import TypedDict

from handrail.flows.approval import approval_result
from handrail.flows.durable import step
from handrail.flows.execution import Data, StepOptions
from handrail.flows.function import call, name_of
from handrail.flows.human import Asking, HumanNode, Title, ask_people
from handrail.requests.content import as_stored
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput, NotJSON, Rejected
from handrail.requests.policy import OnTimeout

P = ParamSpec("P")
R = TypeVar("R")


class GuardedCall(HumanNode):
    """Ask for approval of a call, then do it; the node behind `@approval_required`."""

    def __init__(
        self, function: Callable[..., Any], on_interrupt: Literal["retry", "ask"], **options: Any
    ) -> None:
        super().__init__(**options)
        self.function = function
        self.call_options = StepOptions(on_interrupt=on_interrupt)
        self.signature_of = inspect.signature(function)
        self._types = types_of(function)

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Return `{"result": ...}` of the call, or `{"rejected": reason, "request_id": ...}`."""
        title = self.title_for(data["arguments"], f"Call {name_of(self.function)}?")
        draft = self.draft(
            "tool",
            title,
            data["arguments"] or {"arguments": "none"},
            (Verb.APPROVE, Verb.EDIT, Verb.REJECT) if data["arguments"] else (Verb.APPROVE, Verb.REJECT),
            context={"function": name_of(self.function), "description": inspect.getdoc(self.function)},
            proposal_schema=self._schema() if data["arguments"] else None,
        )
        decided = approval_result(await ask_people(draft))
        if not decided["approved"]:
            return {"rejected": decided["reason"], "request_id": decided["request_id"]}
        arguments = {name: decided.get(name, value) for name, value in data["arguments"].items()}
        name = name_of(self.function).strip("<>")
        return {
            "result": await step(
                name, lambda: self._call(arguments), on_interrupt=self.call_options.on_interrupt
            )
        }

    def dump(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Data:
        """Return the arguments of a call as JSON, by name."""
        bound = self.signature_of.bind(*args, **kwargs)
        bound.apply_defaults()
        what = f"the arguments of {name_of(self.function)}"
        try:
            dumped = {
                name: self._type(name).dump_python(value, mode="json")
                for name, value in bound.arguments.items()
            }
        except PydanticSerializationError as error:
            raise NotJSON(f"{what} can't be stored as JSON: {error}. Pass a reference instead.") from error
        return as_stored(dumped, what)  # type: ignore[no-any-return]

    async def _call(self, arguments: Data) -> Any:
        bound = self.signature_of.bind_partial()
        for name, value in arguments.items():
            bound.arguments[name] = self._type(name).validate_python(value)
        return as_json(await call(self.function, *bound.args, **bound.kwargs))

    def _type(self, name: str) -> TypeAdapter[Any]:
        return TypeAdapter(self._types[name])

    def _schema(self) -> Data:
        # Not a model: its fields can't be called `schema`, `copy` or `_private`, as arguments can.
        return TypeAdapter(TypedDict("Arguments", self._types)).json_schema()  # type: ignore[operator]


def as_json(result: Any) -> Any:
    """Return what a call gave with the types that pydantic knows as JSON."""
    try:
        return to_jsonable_python(result)
    except ValueError:
        return result  # whoever stores it says where it can't be


def types_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of a function's arguments by name."""
    hints = get_type_hints(function, include_extras=True)
    types: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        kind = hints.get(name, Any)
        match parameter.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                types[name] = tuple[kind, ...]  # type: ignore[valid-type]
            case inspect.Parameter.VAR_KEYWORD:
                types[name] = dict[str, kind]  # type: ignore[valid-type]
            case _:
                types[name] = kind
    return types


@overload
def approval_required(function: Callable[P, Awaitable[R]], /) -> Callable[P, Awaitable[R]]: ...
@overload
def approval_required(function: Callable[P, R], /) -> Callable[P, Awaitable[R]]: ...
@overload
def approval_required(
    *,
    title: Title | None = None,
    timeout: float | None = None,
    on_timeout: OnTimeout = "reject",
    on_interrupt: Literal["retry", "ask"] = "retry",
    **asking: Unpack[Asking],
) -> Callable[[Callable[P, Any]], Callable[P, Awaitable[Any]]]: ...


def approval_required(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Put a person before a function: nobody calls it without approval, which may change its arguments.

    Args:
        title: what people see as the question; a function of the arguments may make it.
        timeout, on_timeout: seconds, and what silence comes to.
        on_interrupt: `"ask"` asks before the call is repeated after its process died in the middle of it.
        audience, quorum, escalations, reminders, require, guideline, effect, channels, priority: see `Asking`.

    The function becomes async if it wasn't; its arguments and its result have to be JSON, or of types that pydantic
    turns into JSON. Raises `Rejected` with the `reason` if a person says no.

    >>> @approval_required(audience="group:finance", timeout=3600)
    ... async def refund(order: str, amount: int) -> str:
    ...     return f"refunded {amount} for {order}"
    """
    if function is None:
        return lambda wrapped: approval_required(wrapped, **options)
    if not callable(function):
        raise InvalidInput("approval_required goes before a function")
    node = GuardedCall(function, options.pop("on_interrupt", "retry"), **options)

    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        result = await node.execute({"arguments": node.dump(args, kwargs)})
        if "rejected" in result:
            reason = result["rejected"]
            raise Rejected(
                f"{name_of(function)} was not approved: {reason or 'no reason given'}",
                reason=reason,
                request_id=result["request_id"],
            )
        return result["result"]

    # Whoever looks for the original behind `wraps` would find a sync function and call this one in a thread.
    del guarded.__wrapped__
    guarded.__signature__ = node.signature_of  # type: ignore[attr-defined]
    _guards[guarded] = node
    return guarded


_guards: "WeakKeyDictionary[Callable[..., Any], GuardedCall]" = WeakKeyDictionary()


def guard_of(function: Callable[..., Any]) -> GuardedCall | None:
    """Return the node behind a function that waits for approval, None for any other function."""
    return _guards.get(function) if inspect.isfunction(function) else None
