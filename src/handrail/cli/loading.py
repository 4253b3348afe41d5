"""What users hand in by name: `MODULE:ATTRIBUTE`, found from the working directory, and input as JSON."""

import importlib
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from handrail.app import App
from handrail.cli.opening import working_directory
from handrail.flows.function import as_flow, is_async
from handrail.flows.node import ChainableNode
from handrail.requests.content import JSON
from handrail.requests.errors import HandrailError, InvalidInput, UnknownId
from handrail.teams.team import Team


def load(target: str) -> Any:
    """Return what `MODULE:ATTRIBUTE` names; the attribute may be dotted.

    Raises `InvalidInput` for another form or a module that fails, and `UnknownId` for what isn't there.
    """
    module_name, colon, attribute = target.partition(":")
    if not (module_name and colon and attribute):
        raise InvalidInput(f"{target!r} names nothing: write MODULE:NAME, such as app:app")
    if module_name.endswith(".py") or "/" in module_name:
        dotted = module_name.removesuffix(".py").strip("./").replace("/", ".")
        raise InvalidInput(f"{module_name!r} is a file: write the module's name, {dotted}:{attribute}")
    found = _import(module_name)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise UnknownId(
                f"module {module_name!r} has no {attribute!r}; check the name after the colon"
            ) from None
    return found


def _import(name: str) -> Any:
    if (here := working_directory()) not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except HandrailError:
        raise
    except (Exception, SystemExit) as error:  # whatever the module does when it is imported
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise UnknownId(
                f"there is no module {name!r} in {here} or on the Python path; go to its folder, or install it"
            ) from error
        raise InvalidInput(f"module {name!r} can't be imported: {_told(error)}") from error


def _told(error: BaseException) -> str:
    """Say what went wrong and in which line of the user's code."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}, line {frame.lineno})"


def load_app(target: str) -> App:
    """Return the app that `MODULE:APP` names."""
    found = load(target)
    if isinstance(found, App):
        return found
    if isinstance(found, ChainableNode) or (callable(found) and is_async(found)):
        raise InvalidInput(
            f"{target} is a flow, not an app: execute it with `handrail run {target} JSON`, "
            "or register it with app.flow(NAME, flow) and name the app"
        )
    raise InvalidInput(f"{target} is of type {type(found).__name__}, not an app: name what App(...) made")


def load_flow(target: str) -> ChainableNode:
    """Return the flow that `MODULE:FLOW` names: a node, or an async function over nodes."""
    match load(target):
        case App() as app:
            names = ", ".join(sorted(app.flows)) or "none yet"
            raise InvalidInput(
                f"{target} is an app: start one of its flows ({names}) with `handrail start {target} FLOW JSON`"
            )
        case Team() as team:
            return team.flow
        case found:
            return as_flow(found)


def read_text(given: str, what: str) -> str:
    """Return a text given as such, from stdin (`-`) or from a file (`@FILE`)."""
    try:
        if given == "-":
            return sys.stdin.read()
        if given.startswith("@"):
            return Path(given[1:]).read_text("utf-8")
    except OSError as error:
        raise InvalidInput(f"{what} can't be read from {given[1:]}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{what} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    return given


def parse_json(given: str, what: str, example: str) -> JSON:
    """Return the value of JSON text (see `read_text`). Raises `InvalidInput` with the position and an example."""
    text = read_text(given, what)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput(
            f"{what} is not JSON: {error.msg} at {place}. Write it like this: {example}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise InvalidInput(
            f"{what} is not JSON that can be read: it is nested too deeply, or a number is too long"
        ) from error


def parse_input(given: str) -> dict[str, Any]:
    """Return the input of a flow: a JSON object."""
    example = """'{"prompt": "Write about rivers"}'"""
    data = parse_json(given, "the input", example)
    if not isinstance(data, dict):
        kind = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(
            type(data), "a number"
        )
        raise InvalidInput(f"the input is {kind}; a flow takes an object, like this: {example}")
    return data
