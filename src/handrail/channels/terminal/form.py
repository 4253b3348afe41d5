"""An answer in the shape that a JSON Schema asks for: field by field, each checked at once and asked again if wrong."""

import json
import math
import re
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any

from handrail.channels.terminal.difference import as_text
from handrail.channels.terminal.escape import one_line, visible
from handrail.channels.terminal.screen import Ask, Screen
from handrail.channels.terminal.shape import (
    Anything,
    Choice,
    Fields,
    Line,
    Number,
    OneOf,
    Schema,
    Several,
    Simple,
    Switch,
    complaints,
    nullable,
    questions,
    resolve,
    shape_of,
    without_null,
)
from handrail.requests.content import JSON

Write = Callable[[str, str], Awaitable[str | None]]
"""Opens the editor on a text, with the suffix of its file; None if nothing came of it."""

EDITOR = "/e"
_YES, _NO = frozenset({"y", "yes", "true"}), frozenset({"n", "no", "false"})


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""No answer: the field is left out."""


class Form:
    """Asks for one answer.

    Args:
        screen: where it is shown.
        ask: prompts and returns the line.
        write: opens the editor.
        schema: of the whole answer.
    """

    def __init__(self, screen: Screen, ask: Ask, write: Write, schema: Schema) -> None:
        self._screen, self._ask, self._write, self._root = screen, ask, write, schema

    async def fill(self, known: JSON = MISSING, wrong: Collection[str] = ()) -> JSON:
        """Return an answer.

        `known` is an earlier one, which Enter keeps; only the fields named in `wrong` are asked for again, or all of
        them without any.
        """
        root = resolve(self._root, self._root)
        if isinstance(shape_of(root, self._root), Fields):
            return await self._object(root, known if isinstance(known, dict) else {}, wrong, "")
        return await self._value(root, visible(str(root.get("title") or "Your answer")), True, known, "")

    # -- one value ----------------------------------------------------------------------------------------------------

    async def _value(self, schema: Schema, label: str, required: bool, known: JSON, indent: str) -> JSON:
        whole, part = schema, without_null(schema, self._root)
        if description := part.get("description"):
            self._screen.note(f"{indent}{description}")
        match shape_of(part, self._root):
            case Choice() | Switch() | Number() | Line() as shape:
                return await self._simple(shape, whole, label, required, known, indent)
            case Several(items):
                return await self._several(items, whole, label, required, known, indent)
            case Fields():
                return await self._nested(part, label, required, known, indent)
            case OneOf(alternatives):
                return await self._one_of(alternatives, whole, label, required, known, indent)
            case Anything():
                return await self._json(whole, label, required, known, indent)

    async def _simple(
        self, shape: Simple, schema: Schema, label: str, required: bool, known: JSON, indent: str
    ) -> JSON:
        if isinstance(shape, Choice):
            self._offer(shape, indent)
        prompt = f"{indent}{label}{_hint(shape, schema)}{_kept(schema, known, required)}: "
        while True:
            line = (await self._ask(prompt)).strip()
            if not line:
                kept = self._unsaid(schema, known, required)
                if kept is MISSING and required:
                    self._screen.warn(f"{indent}An answer is needed.")
                    continue
                return kept
            if line == EDITOR and isinstance(shape, Line):
                written = await self._write(as_text(known) if isinstance(known, str) else "", ".md")
                if written is None:
                    continue
                value: JSON = written
            else:
                value = _parse(shape, line)
            if value is MISSING:
                self._screen.warn(f"{indent}{_wanted(shape)}")
            elif found := complaints(schema, value, self._root):
                self._screen.warn(f"{indent}It {'; it '.join(found)}.")
            else:
                return value

    def _offer(self, shape: Choice, indent: str) -> None:
        for number, words in enumerate(shape.labels, 1):
            self._screen.show(f"{indent}  {number:>2}  {words}" if _numbered(shape) else f"{indent}  {words}")

    def _unsaid(self, schema: Schema, known: JSON, required: bool) -> JSON:
        """Return what an empty line means: what was said before, the default, null, or no answer at all."""
        if known is not MISSING:
            return known
        if "default" in schema:
            return schema["default"]
        return None if required and nullable(schema, self._root) else MISSING

    # -- several values -----------------------------------------------------------------------------------------------

    async def _several(
        self, items: Schema, schema: Schema, label: str, required: bool, known: JSON, indent: str
    ) -> JSON:
        shape = shape_of(items, self._root)
        kept = known if known is not MISSING else schema.get("default")
        told = _kept(schema, known, required) if kept else "" if required else " (optional)"
        self._screen.show(f"{indent}{label}{told}, one per line; an empty line ends:")
        if isinstance(shape, Choice):
            self._offer(shape, indent)
        found: list[JSON] = []
        while True:
            line = (await self._ask(f"{indent}  {len(found) + 1}: ")).strip()
            if line:
                value = _parse(shape, line) if isinstance(shape, Simple) else MISSING
                if value is MISSING:
                    self._screen.warn(f"{indent}  {_wanted(shape)}")
                elif wrong := complaints(items, value, self._root):
                    self._screen.warn(f"{indent}  It {'; it '.join(wrong)}.")
                else:
                    found.append(value)
                continue
            kept = self._unsaid(schema, known, required)
            value = found if found or (kept is MISSING and required) else kept
            if (
                value is not MISSING
                and value is not None
                and (wrong := complaints(schema, value, self._root))
            ):
                self._screen.warn(f"{indent}It {'; it '.join(wrong)} entries.")
                continue
            return value

    # -- objects ------------------------------------------------------------------------------------------------------

    async def _object(
        self, schema: Schema, known: dict[str, JSON], wrong: Collection[str], indent: str
    ) -> dict[str, JSON]:
        answers: dict[str, JSON] = {}
        for name, part, required in questions(schema, self._root, answers):
            if wrong and name not in wrong and name in known:
                answers[name] = known[name]
                continue
            label = visible(str(part.get("title") or name))
            value = await self._value(part, label, required, known.get(name, MISSING), indent)
            if value is not MISSING:
                answers[name] = value
        return answers

    async def _nested(self, schema: Schema, label: str, required: bool, known: JSON, indent: str) -> JSON:
        if not required and known is MISSING:
            wants = await self._ask(f"{indent}{label} (optional): fill it in? [y/N] ")
            if wants.strip().lower() not in _YES:
                return schema.get("default", MISSING)
        self._screen.show(f"{indent}{label}:")
        return await self._object(schema, known if isinstance(known, dict) else {}, (), f"{indent}  ")

    async def _one_of(
        self,
        alternatives: tuple[Schema, ...],
        schema: Schema,
        label: str,
        required: bool,
        known: JSON,
        indent: str,
    ) -> JSON:
        names = tuple(str(each.get("title") or each.get("type") or "JSON") for each in alternatives)
        shape = Choice(names, names)
        bare = {key: schema[key] for key in ("default",) if key in schema}
        kinds = await self._simple(shape, bare, f"{label}: which kind", required, MISSING, indent)
        if kinds not in names:
            return kinds
        return await self._value(alternatives[names.index(kinds)], label, True, known, indent)

    # -- anything else ------------------------------------------------------------------------------------------------

    async def _json(self, schema: Schema, label: str, required: bool, known: JSON, indent: str) -> JSON:
        text = "" if known is MISSING else as_text(known) if not isinstance(known, str) else json.dumps(known)
        anything = not schema
        kind = "text, or JSON in one line" if anything else "JSON in one line"
        what = f"{EDITOR} for the editor" if "JSON" in label else f"{kind}, {EDITOR} for the editor"
        prompt = f"{indent}{label} ({what}){_kept(schema, known, required)}: "
        while True:
            line = (await self._ask(prompt)).strip()
            if not line:
                kept = self._unsaid(schema, known, required)
                if kept is not MISSING or not required:
                    return kept
                self._screen.warn(f"{indent}An answer is needed.")
                continue
            if line == EDITOR:
                written = await self._write(text or "{}" if schema.get("type") == "object" else text, ".json")
                if written is None:
                    continue
                line = text = written
            try:
                value = parse_json(line)
            except ValueError as error:
                if anything and line[0] not in '{["':  # whoever writes a sentence means it as it stands
                    return line
                self._screen.warn(f"{indent}That is not JSON: {error}.")
                continue
            if found := complaints(schema, value, self._root):
                self._screen.warn(f"{indent}It {'; it '.join(found)}.")
                continue
            return value


def parse_json(text: str) -> JSON:
    """Return the value that a text holds as JSON. Raises `ValueError` saying where it is wrong, without the text."""

    def refuse(name: str) -> JSON:
        raise ValueError(f"{name} is not a JSON number")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise ValueError(f"{error.msg} at {place}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _numbered(shape: Choice) -> bool:
    """Whether choices are offered with numbers: not where they are, or read like, numbers themselves."""
    return not any(_number(as_text(value)) is not MISSING for value in shape.values)


def _parse(shape: Simple, line: str) -> JSON:
    """Return the value that a line stands for, or MISSING."""
    match shape:
        case Choice(values):
            for value, words in zip(values, shape.labels, strict=True):
                if line in (as_text(value), words) or line.lower() == as_text(value).lower():
                    return value
            if _numbered(shape) and line.isascii() and line.isdigit() and 1 <= int(line) <= len(values):
                return values[int(line) - 1]
            return MISSING
        case Switch():
            return True if line.lower() in _YES else False if line.lower() in _NO else MISSING
        case Number(whole=True):
            return int(line) if re.fullmatch(r"[+-]?[0-9]{1,300}", line) else MISSING
        case Number():
            return _number(line)
        case Line():
            return "" if line == '""' else line


def _number(line: str) -> JSON:
    if not re.fullmatch(r"[+-]?([0-9]{1,300}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", line):
        return MISSING
    value = int(line) if line.lstrip("+-").isdigit() else float(line)
    return value if math.isfinite(value) else MISSING


def _wanted(shape: object) -> str:
    match shape:
        case Choice() as choice if _numbered(choice):
            return f"Please type a number from 1 to {len(choice.values)}, or the words of a choice."
        case Choice(values):
            return f"Please type one of {', '.join(as_text(value) for value in values)}."
        case Switch():
            return "Please type y or n."
        case Number(whole=True):
            return "Please type a whole number."
        case Number():
            return "Please type a number, such as 0.5."
    return "Please type a text."


def _hint(shape: Simple, schema: Schema) -> str:
    parts = list(_limits(schema))
    match shape:
        case Choice() as choice:
            parts = [f"1-{len(choice.values)}"] if _numbered(choice) else []
        case Switch():
            parts = ["y/n"]
        case Line() if schema.get("format"):
            parts = [str(schema["format"]), *parts]
    return f" ({', '.join(map(visible, parts))})" if parts else ""


def _limits(schema: Schema) -> Iterator[str]:
    match schema:
        case {"minimum": low, "maximum": high}:
            yield f"{low} to {high}"
        case {"minimum": low}:
            yield f"at least {low}"
        case {"maximum": high}:
            yield f"at most {high}"


def _kept(schema: Schema, known: JSON, required: bool) -> str:
    """Say what an empty line means, if it means something."""
    if known is not MISSING or schema.get("default") is not None:
        value = known if known is not MISSING else schema["default"]
        return f" [{one_line(as_text(value), 60)}]"
    return "" if required else " (optional)"
