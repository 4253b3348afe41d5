"""The tools of an agent: what its model is told of them, and how they are called, each call once.

A call is a step of the run, except that of a function under `@approval_required`, which asks and makes its own.
Whatever the model can mend by itself (arguments that don't fit, a tool that isn't there, `ModelRetry`) and what a
person refused is its answer; anything else that goes wrong is an obstacle.
"""

import inspect
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NotRequired, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from typing_extensions import TypedDict

from handrail.flows.answer import complaint
from handrail.flows.durable import step
from handrail.flows.function import call, name_of
from handrail.flows.guard import approval_required, as_json, guard_of, types_of
from handrail.requests.content import JSON, encode
from handrail.requests.errors import InvalidTeam, ProgrammingError, Rejected, StepFailed, StoreError
from handrail.requests.schema import problems
from handrail.teams.scripted import BLOCK_TASK
from handrail.teams.turn import STEP, Manual

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
RESERVED = (BLOCK_TASK, "final_result")
TOLD = ("ModelRetry", "Rejected")
"""errors out of a step that are for the model"""


class Obstacle(Exception):
    """What keeps an agent from going on; its text is the reason."""


class Unfit(Exception):
    """Arguments that a tool can't take."""


@dataclass(frozen=True)
class Tool:
    """A function that a model may call."""

    manual: Manual
    function: Callable[..., Any]
    arguments: TypeAdapter[dict[str, Any]]
    schema: dict[str, Any] | None = None
    """what the arguments have to fit beside the types of the function"""

    @property
    def guarded(self) -> bool:
        """Whether a person has to approve each call."""
        return guard_of(self.function) is not None

    def fit(self, arguments: JSON) -> dict[str, Any]:
        """Return the arguments as the function takes them; raises `Unfit`."""
        if not isinstance(arguments, dict):
            raise Unfit("the arguments are no JSON object")
        if self.schema and (found := problems(self.schema, arguments)):
            raise Unfit("; ".join(f"{one.path or 'they'} {one.message}" for one in found[:5]))
        try:
            return self.arguments.validate_python(arguments)
        except ValidationError as error:
            raise Unfit(complaint(error)) from None


class Toolbox:
    """The tools of one agent, by name.

    Raises `InvalidTeam` for what can't be a tool, and for two of one name.
    """

    def __init__(self, tools: Sequence[Any]) -> None:
        self._tools: dict[str, Tool] = {}
        for given in tools:
            tool = tool_of(given)
            name = tool.manual.name
            if name in self._tools:
                raise InvalidTeam(f"two tools are called {name!r}: give one of them another name")
            if name in RESERVED:
                raise InvalidTeam(f"a tool can't be called {name!r}, every agent has one: rename it")
            self._tools[name] = tool

    @property
    def manuals(self) -> list[Manual]:
        """What the model is told of them."""
        return [tool.manual for tool in self._tools.values()]

    async def call(self, name: str, arguments: JSON) -> str:
        """Return what the model is told of a call. Raises `Obstacle` if it fails."""
        tool = self._tools.get(name)
        try:
            if tool is not None and tool.guarded:
                result = await tool.function(**tool.fit(arguments))
            else:
                result = await step(
                    name if NAME.fullmatch(name) and not name.isdigit() and name != STEP else "tool",
                    partial(self._called, tool, name, arguments),
                )
        except (ProgrammingError, StoreError):
            raise
        except Unfit as unfit:
            return _unfit(name, unfit)
        except Rejected as refused:
            return str(refused)
        except Exception as error:
            kind, message = _told(error)
            if kind in TOLD:
                return message
            raise Obstacle(f"the tool {name!r} failed: {kind}: {message}") from error
        return result if isinstance(result, str) else encode(result, f"the result of {name}")

    async def _called(self, tool: Tool | None, name: str, arguments: JSON) -> JSON:
        """Call a tool; what the model did wrong is kept, too, so that a replay needs no tool at all."""
        if tool is None:
            known = ", ".join([*self._tools, BLOCK_TASK])
            return f"There is no tool {name!r}. There are: {known}."
        try:
            fitting = tool.fit(arguments)
        except Unfit as unfit:
            return _unfit(name, unfit)
        return as_json(await call(partial(tool.function, **fitting)))


def _unfit(name: str, unfit: Unfit) -> str:
    return f"{name} was not called, its arguments don't fit: {unfit}. Call it again with others."


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, StepFailed):
        return error.kind, error.message
    return type(error).__name__, str(error)


def tool_of(given: Any) -> Tool:
    """Return the tool that a function or a tool of pydantic-ai is; raises `InvalidTeam`."""
    tools = sys.modules.get("pydantic_ai.tools")  # not imported: then it can't be one of its tools
    if tools is not None and isinstance(given, tools.Tool):
        return _foreign(given)
    if not (inspect.isfunction(given) or inspect.ismethod(given)):
        raise InvalidTeam(f"{given!r:.80} is no tool: give a function (def), or a Tool of pydantic-ai")
    if not NAME.fullmatch(given.__name__):
        raise InvalidTeam(f"a tool can't be called {given.__name__!r}: write a function with def")
    arguments = _arguments(given)
    schema = {key: value for key, value in _schema(given, arguments).items() if key != "title"}
    return Tool(Manual(given.__name__, inspect.getdoc(given) or "", schema), given, arguments)


def _foreign(given: Any) -> Tool:
    if given.takes_ctx or given.prepare is not None or given.args_validator is not None:
        raise InvalidTeam(
            f"tool {given.name!r} needs a RunContext of pydantic-ai, and there is none here: use one without"
        )
    if not NAME.fullmatch(given.name):
        raise InvalidTeam(f"a tool can't be called {given.name!r}: use letters, digits, dashes, underscores")
    function = given.function
    if given.requires_approval and guard_of(function) is None:
        function = approval_required(function)
    schema = dict(given.tool_def.parameters_json_schema)
    return Tool(Manual(given.name, given.description or "", schema), function, _arguments(function), schema)


def _arguments(function: Callable[..., Any]) -> TypeAdapter[dict[str, Any]]:
    """Return what the arguments of a function have to fit, by name."""
    guard = guard_of(function)
    try:
        types = types_of(guard.function if guard else function)
    except (NameError, TypeError) as error:
        raise InvalidTeam(f"the type hints of tool {name_of(function)!r} can't be read: {error}") from error
    fields: dict[str, Any] = {}
    open_ended = False
    for name, parameter in inspect.signature(function).parameters.items():
        match parameter.kind:
            case inspect.Parameter.VAR_KEYWORD:
                open_ended = True
            case inspect.Parameter.POSITIONAL_ONLY | inspect.Parameter.VAR_POSITIONAL:
                raise InvalidTeam(f"tool {name_of(function)!r} takes {name!r} by place: name every argument")
            case _:
                required = parameter.default is inspect.Parameter.empty
                fields[name] = types[name] if required else NotRequired[types[name]]
    # Not a model: its fields can't be called `schema`, `copy` or `_private`, as arguments can.
    shape = cast(Any, TypedDict)("Arguments", fields)
    shape.__pydantic_config__ = ConfigDict(extra="allow" if open_ended else "forbid")
    try:
        return TypeAdapter(shape)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise _no_json(function, error) from error


def _schema(function: Callable[..., Any], arguments: TypeAdapter[dict[str, Any]]) -> dict[str, Any]:
    try:
        return arguments.json_schema()
    except PydanticUserError as error:
        raise _no_json(function, error) from error


def _no_json(function: Callable[..., Any], error: Exception) -> InvalidTeam:
    return InvalidTeam(
        f"tool {name_of(function)!r} has an argument that JSON can't carry: give it another type ({error})"
    )
