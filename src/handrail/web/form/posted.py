"""What a form was posted with: the answer, or what is wrong with it, or a change of the form that was asked for.

Nothing that was typed is lost: `form` shows it again. Strange names are ignored, and there are bounds to everything.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from handrail.requests.content import JSON, encode
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.reading import NOTHING
from handrail.requests.reference import Schema
from handrail.requests.schema import problems as problems_of
from handrail.web.form import names
from handrail.web.form.answer import Reading
from handrail.web.form.build import planted, with_problems
from handrail.web.form.fields import Entries, Field, Form, Group, Kinds
from handrail.web.form.names import Draft
from handrail.web.form.placing import By, placed, walk
from handrail.web.form.typed import problems_in

Check = Callable[[JSON], list[FieldProblem]]
_NO_KIND = frozenset({"does not satisfy anyOf", "does not satisfy oneOf"})
TOO_LARGE = (
    f"The form has more than {names.MOST_PAIRS:,} fields or is larger than 2 MiB; what was beyond is missing."
)


@dataclass(frozen=True)
class Posted:
    """A post that was read.

    `action` is what a button of the form asked for ("add", "remove", "switch" or "stay"): then show `form` again and
    decide nothing. `value` is the answer where there are neither `problems` nor an `action`, else `NOTHING`. `draft`
    is what was typed, for `build`.
    """

    value: JSON
    problems: tuple[FieldProblem, ...]
    action: str | None
    draft: Draft
    form: Form


def read(schema: Schema, items: Iterable[tuple[str, object]], prefix: str = "answer") -> Posted:
    """Return the answer that was posted, or what is wrong with it.

    Args:
        schema: the same that the form was built from.
        items: names and texts, as Starlette's `form.multi_items()` has them; those of other names are ignored.
        prefix: that of the form.

    >>> read({"type": "integer"}, [("answer", "12")]).value
    12
    """
    return read_checked(schema, items, prefix, lambda value: _problems(schema, value))


def read_checked(
    schema: Schema, items: Iterable[tuple[str, object]], prefix: str, check: Check, *, blank: bool = False
) -> Posted:
    """Read a post whose answer is judged by `check` once all of its texts can be read."""
    draft, is_whole = names.draft_of(items, prefix)
    asked_for = names.text(draft, names.doing(prefix))
    draft = names.without(draft, names.doing(prefix))
    draft, action = _acted(draft, asked_for or "")
    form, draft = planted(schema, draft, prefix, blank=blank)
    if action is None and _is_switched(form.root):
        action = "switch"
    if not is_whole:
        form = with_problems(form, {}, (TOO_LARGE,))
        return Posted(NOTHING, (FieldProblem("", TOO_LARGE),), None, draft, form)
    if action is not None:
        return Posted(NOTHING, (), action, draft, form)
    reading = Reading()
    value = reading.value(form.root)
    by, whole = _found(form.root, schema, reading, value, check)
    if not by and not whole:
        return Posted(value, (), None, draft, form)
    form = with_problems(form, by, whole)
    return Posted(NOTHING, tuple(_by_path(form.root, by, whole)), None, draft, form)


def _problems(schema: Schema, value: JSON) -> list[FieldProblem]:
    try:
        encode(value, "the answer")
        return problems_of(schema, value)
    except InvalidInput as error:
        return [FieldProblem("", f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.")]


def _acted(draft: Draft, asked_for: str) -> tuple[Draft, str | None]:
    """Return the draft as a button changes it, and what it was that the button did."""
    action, _, name = asked_for.partition(" ")
    match action:
        case "add":
            numbers = names.numbers(draft, name)
            if len(numbers) < names.MOST_ENTRIES:
                number = next(each for each in range(len(numbers) + 1) if each not in numbers)
                draft = names.without(draft, names.entry(name, number))
                listed = tuple(map(str, [*numbers, number]))
                draft |= {names.entries(name): listed}
                draft |= {names.state(names.entry(name, number)): (names.NEW,)}
        case "include":
            return {**draft, names.state(name): (names.NEW,)}, "add"
        case "exclude":
            return names.without(draft, name), "remove"
        case "remove":
            draft = _removed(draft, name)
        case "switch" | "stay":
            pass
        case "":
            return draft, None
        case _:
            return draft, "stay"
    return draft, action


def _removed(draft: Draft, name: str) -> Draft:
    """Return the draft without an entry of a list."""
    around, _, number = name.rpartition("[")
    listed = draft.get(names.entries(around), ())
    left = {names.entries(around): tuple(each for each in listed if f"{each}]" != number)}
    return {**names.without(draft, name), **left} if listed else draft


def _is_switched(root: Field) -> bool:
    """Whether a kind was chosen whose fields weren't there yet."""
    for field in walk(root):
        if isinstance(field, Kinds) and field.field is not None and _has_inputs(field.field):
            chosen = next(option.token for option in field.options if option.chosen)
            if chosen != field.shown:
                return True
    return False


def _has_inputs(field: Field) -> bool:
    match field:
        case Group(fields=fields, extra=extra):
            return bool(extra) or any(_has_inputs(each) for each in fields)
        case Entries(entries=entries, can_add=can_add):
            return can_add or any(_has_inputs(entry.field) for entry in entries)
    return field.kind != "fixed"


def _found(
    root: Field, schema: Schema, reading: Reading, value: JSON, check: Check
) -> tuple[By, tuple[str, ...]]:
    """Return what is wrong: what doesn't read, and of the rest what the check says about it."""
    by: By = {}
    for name, message in reading.wrong:
        by[name] = (*by.get(name, ()), message)
    if value is NOTHING:
        return by, ()
    unread = [".".join(map(str, field.path)) for field in walk(root) if field.name in by]
    found = [each for each in check(value) if not any(_touches(each.path, path) for path in unread)]
    fields = {".".join(map(str, field.path)): field for field in walk(root)}
    told = [each for problem in found for each in _narrowed(problem, fields, schema, reading)]
    placed_by, whole = placed(root, told)
    return {**placed_by, **by}, whole


def _narrowed(
    problem: FieldProblem, fields: dict[str, Field], schema: Schema, reading: Reading
) -> Iterable[FieldProblem]:
    """Yield what is wrong by the kind that was chosen, where the schema only says that none of them fits."""
    field = fields.get(problem.path)
    if field is None or problem.message not in _NO_KIND or {"anyOf", "oneOf"} & field.schema.keys():
        yield problem
        return
    inner = problems_in(field.schema, reading.values.get(field.name), schema)
    for each in inner or [problem]:
        path = f"{problem.path}.{each.path}".strip(".")
        if each is problem or path == problem.path:
            yield FieldProblem(problem.path, each.message)
        else:
            yield from _narrowed(FieldProblem(path, each.message), fields, schema, reading)


def _touches(path: str, other: str) -> bool:
    """Whether one place is the other, in it or around it."""
    return path == other or not path or path.startswith(f"{other}.") or other.startswith(f"{path}.")


def _by_path(root: Field, by: By, whole: tuple[str, ...]) -> Iterable[FieldProblem]:
    yield from (FieldProblem("", message) for message in whole)
    paths = {field.name: ".".join(map(str, field.path)) for field in walk(root)}
    for name, messages in by.items():
        path = paths.get(name.removesuffix(":key"), "")
        yield from (FieldProblem(path, message) for message in messages)
