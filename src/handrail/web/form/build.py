"""A whole form: fresh, filled with a value, or with what was typed before, and with what is wrong beside its fields."""

from collections.abc import Iterable
from dataclasses import replace

from handrail.requests import labels as words
from handrail.requests.content import JSON
from handrail.requests.errors import FieldProblem
from handrail.requests.reading import NOTHING
from handrail.requests.reference import Schema, resolve
from handrail.web.form import names
from handrail.web.form.fields import UNTITLED, Form, Json
from handrail.web.form.names import Draft
from handrail.web.form.placing import By, placed, shown_with, summary
from handrail.web.form.tree import Place, TooManyFields, Tree
from handrail.web.form.typed import typed


def build(
    schema: Schema,
    value: JSON = NOTHING,
    problems: Iterable[FieldProblem] = (),
    prefix: str = "answer",
    *,
    draft: Draft | None = None,
    blank: bool = False,
) -> Form:
    """Return the form of a schema.

    Args:
        schema: JSON Schema of the answer, checked by `schema_of`.
        value: what it is filled with; without one, its defaults.
        problems: what is wrong, by path; each is shown beside the nearest field.
        prefix: begins the names of all inputs; others on the page must not begin with it.
        draft: what was typed before, from `Posted`; then `value` is not looked at.
        blank: whether a text that is emptied is an empty one instead of a missing one.

    >>> build({"type": "integer", "title": "Score"}, 3).root.text
    '3'
    """
    if draft is None:
        draft = begun(schema, value, prefix, blank=blank)
    form, _ = planted(schema, draft, prefix, blank=blank)
    by, whole = placed(form.root, problems)
    return with_problems(form, by, whole)


def begun(schema: Schema, value: JSON, prefix: str, *, blank: bool = False) -> Draft:
    """Return what a form with a value, or a fresh one, is posted as."""
    if value is NOTHING:
        return {names.state(prefix): (names.NEW,)}
    return typed(schema, schema, value, prefix, blank=blank)


def planted(schema: Schema, draft: Draft, prefix: str, *, blank: bool = False) -> tuple[Form, Draft]:
    """Return the form of what was typed, and that completed by the defaults of what is new."""
    title = words.title(resolve(schema, schema), "")
    title = UNTITLED if title == "(no name)" else title
    tree = Tree(schema, draft, blank=blank)
    try:
        root = tree.field(schema, Place(prefix, (), title, True, 0))
    except TooManyFields:
        return _as_json(draft, prefix, title)
    return Form(prefix, root), tree.draft


def _as_json(draft: Draft, prefix: str, title: str) -> tuple[Form, Draft]:
    """Return a form of one text: this schema asks for more fields than a page can show."""
    kept: Draft = {names.state(prefix): (names.JSON_STATE,), prefix: (names.text(draft, prefix) or "",)}
    limits = "Given as JSON: it has too many fields for a form."
    root = Json(
        name=prefix,
        path=(),
        title=title,
        limits=limits,
        text=kept[prefix][0],
        state=names.JSON_STATE,
        rows=16,
    )
    return Form(prefix, root), kept


def with_problems(form: Form, by: By, whole: Iterable[str]) -> Form:
    """Return the form with messages beside its fields, and those of the whole."""
    whole = tuple(whole)
    root = shown_with(form.root, by)
    return replace(form, root=root, problems=whole, wrong=summary(root, whole))
