"""A form that is shown with a value and sent untouched gives this value, whatever the schema."""

import json
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter

from handrail.requests.schema import problems, schema_of
from handrail.web.form import build, read
from tests.support.web_forms import Page

Drawn = tuple[dict[str, Any], Any]

keys = st.sampled_from(["a", "b.c", "d/e", "f[0]", "g h", "ü", "", "@1", "%41", "A", "kind", "0"])
texts = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=12
) | st.sampled_from(["\nx", "a\nb", "<script>", "</textarea>", '"', "&amp;", " x ", "7", "null", "[1"])
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | floats | texts
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def simple(draw: st.DrawFn) -> Drawn:
    match draw(st.integers(0, 6)):
        case 0:
            return {"type": "string"}, draw(texts)
        case 1:
            return {"type": "integer"}, draw(st.integers(-(10**30), 10**30))
        case 2:
            return {"type": "number"}, draw(floats | st.integers())
        case 3:
            return {"type": "boolean"}, draw(st.booleans())
        case 4:
            values = draw(st.lists(anything, min_size=1, max_size=9, unique_by=json.dumps))
            return {"enum": values}, draw(st.sampled_from(values))
        case 5:
            return {"type": "string", "maxLength": 500}, draw(texts)
    return {}, draw(anything)


@st.composite
def lists(draw: st.DrawFn, inner: st.SearchStrategy[Drawn]) -> Drawn:
    schema, one = draw(inner)
    count = draw(st.integers(0, 3))
    if draw(st.booleans()):
        others = [draw(inner) for _ in range(count)]
        first = [each for each, _ in others]
        return {"type": "array", "prefixItems": first, "items": False, "minItems": count}, [
            each for _, each in others
        ]
    return {"type": "array", "items": schema}, [one] * count


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Drawn]) -> Drawn:
    if draw(st.integers(0, 3)) == 0:
        schema, one = draw(inner)
        found = draw(st.lists(texts, max_size=3, unique=True))
        return {"type": "object", "additionalProperties": schema}, {key: one for key in found}
    names = draw(st.lists(keys, max_size=4, unique=True))
    properties, value, required = {}, {}, []
    for name in names:
        properties[name], each = draw(inner)
        if draw(st.booleans()):
            required.append(name)
        if name in required or draw(st.booleans()):
            value[name] = each
    return {"type": "object", "properties": properties, "required": required}, value


@st.composite
def nullable(draw: st.DrawFn, inner: st.SearchStrategy[Drawn]) -> Drawn:
    schema, value = draw(inner)
    return {"anyOf": [schema, {"type": "null"}]}, draw(st.sampled_from([value, None]))


@st.composite
def unions(draw: st.DrawFn, inner: st.SearchStrategy[Drawn]) -> Drawn:
    found = draw(st.lists(inner, min_size=2, max_size=3))
    return {"anyOf": [each for each, _ in found]}, draw(st.sampled_from(found))[1]


drawn = st.recursive(
    simple(), lambda inner: lists(inner) | objects(inner) | nullable(inner) | unions(inner), max_leaves=6
)


def told(value: Any) -> str:
    """Return a value so that equal ones are told alike: in JSON 0 and 0.0 are one number."""

    def plain(each: Any) -> Any:
        match each:
            case float() if each.is_integer():
                return int(each)
            case list():
                return [plain(inner) for inner in each]
            case dict():
                return {key: plain(inner) for key, inner in each.items()}
        return each

    return json.dumps(plain(value), sort_keys=True)


def sent_untouched(schema: dict[str, Any], value: Any) -> Any:
    posted = read(schema, Page(build(schema, value)).pairs)
    assert (posted.problems, posted.action) == ((), None)
    return posted.value


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(drawn)
def test_what_is_sent_untouched_is_what_was_shown(pair: Drawn) -> None:
    schema, value = pair
    if problems(schema, value):
        return
    again = sent_untouched(schema, value)
    assert told(again) == told(value)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn, anything)
def test_a_form_shown_with_any_value_can_be_read(pair: Drawn, value: Any) -> None:
    posted = read(pair[0], Page(build(pair[0], value)).pairs)
    assert posted.action is None
    if not problems(pair[0], value):
        assert told(posted.value) == told(value)


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Address(BaseModel):
    """Where somebody lives."""

    street: str = Field(description="with its number")
    number: int = Field(ge=1)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = []


class Tree(BaseModel):
    name: str
    child: "Tree | None" = None
    others: "list[Tree]" = []


class Everything(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str
    colour: Colour
    priority: Literal["low", "high"] = "low"
    address: Address
    second: Address | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    either: int | str
    day: date
    at: datetime
    clock: time
    home: HttpUrl | None = None
    key: UUID
    price: Decimal = Decimal("1.5")
    score: float = Field(ge=0, le=1)
    tags: list[str] = []
    colours: set[Colour] = set()
    pair: tuple[int, str] = (1, "a")
    counts: dict[str, int] = {}
    free: dict[str, Any] = {}
    tree: Tree
    note: str | None = None


EVERYTHING = {
    "name": "Alice", "colour": "green", "priority": "high", "address": {"street": "Main St", "number": 5},
    "second": {"street": "Side St", "number": 7}, "pet": {"kind": "dog", "tricks": ["sit", "roll\nover"]},
    "either": "7", "day": "2026-03-01", "at": "2026-03-01T12:00:00+05:30", "clock": "12:30:00",
    "home": "https://example.org/",
    "key": "00000000-0000-4000-8000-000000000000", "price": 2.5, "score": 0.1, "tags": ["a", "", "b"],
    "colours": ["red", "green"], "pair": [3, "x"], "counts": {"a.b": 1, "": 2},
    "free": {"x": {"y": [1, None]}, "t": "text"},
    "tree": {"name": "root", "child": {"name": "leaf", "child": None}, "others": [{"name": "other", "others": []}]},
    "note": None, "extra": {"more": True},
}  # fmt: skip


def test_a_model_of_all_kinds() -> None:
    assert not problems(schema_of(Everything), EVERYTHING)
    assert sent_untouched(schema_of(Everything), EVERYTHING) == EVERYTHING


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (bool, False),
        (int, 10**40),
        (float, 1e-7),
        (float, 1e300),
        (str, ""),
        (str, "\n\nx\n"),
        (Colour, "red"),
        (Literal["a", 1, True, None], True),
        (Literal["a", 1, True, None], 1),
        (Literal["only"], "only"),
        (int | None, None),
        (int | None, 0),
        (list[Literal["a", "b", "c"]], ["a", "c"]),
        (list[Literal["a", "b", "c"]], ["c", "a", "a"]),
        (list[bool], [True, False]),
        (list[list[int]], [[1], [], [2, 3]]),
        (Address | None, None),
        (Address | None, {"street": "a", "number": 1}),
        (list[Address | None], [None, {"street": "a", "number": 1}]),
        (Cat | Dog, {"kind": "cat", "lives": 9}),
        (int | str | None, None),
        (int | str | None, "7"),
        (dict[str, Address], {"x y": {"street": "a", "number": 1}}),
        (dict[Literal["a", "b"], int], {"a": 1}),
        (Tree, {"name": "a", "child": {"name": "b", "child": {"name": "c"}}}),
        ({"enum": [1, 1.5, "1", None, {"a": [1]}, [], "", True]}, {"a": [1]}),
        ({"enum": list(range(20))}, 19),
        ({"oneOf": [{"const": 1, "title": "One"}, {"const": 2, "title": "Two"}]}, 2),
        ({"type": ["string", "integer"]}, 7),
        ({"type": "array"}, [1, "a", None]),
        ({"type": "object"}, {"a": {"b": 1}}),
        ({"type": "object", "patternProperties": {"^x": {"type": "integer"}}}, {"x1": 1}),
        ({"type": "object", "properties": {"a": {}}, "patternProperties": {"^x": {}}}, {"x1": 1}),
        ({"type": "array", "items": {"type": "integer"}}, list(range(150))),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}, {"required": ["x"]}]},
                "b": {"type": "object", "properties": {"x": {"type": "integer"}}}}},
            {"x": 1},
        ),
        (
            {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"],
                "if": {"properties": {"ok": {"const": True}}},
                "then": {"properties": {"score": {"type": "integer"}}, "required": ["score"]},
                "else": {"properties": {"why": {"type": "string"}}, "required": ["why"]}},
            {"ok": False, "why": "bad"},
        ),
    ],
)  # fmt: skip
def test_one_value(source: Any, value: Any) -> None:
    schema = schema_of(source)
    again = sent_untouched(schema, value)
    assert (again, json.dumps(again)) == (value, json.dumps(value))


@pytest.mark.parametrize(
    ("form", "value", "kind"),
    [
        ("date", "2026-03-01", "date"),
        ("time", "12:30:15", "time"),
        ("time", "12:30:00", "time"),
        ("time", "12:30:00Z", "text"),
        ("date-time", "2026-03-01T12:00:00Z", "datetime-local"),
        ("date-time", "2026-03-01T12:00:59-03:30", "datetime-local"),
        ("date-time", "2026-03-01T12:00:00.25Z", "text"),
        ("date-time", "2026-03-01T12:00:00.123456Z", "text"),
        ("email", "alice@example.org", "email"),
        ("uri", "https://example.org/a?b=c#d", "url"),
        ("uuid", "00000000-0000-4000-8000-000000000000", "text"),
        ("duration", "P1DT12H", "text"),
        ("ipv4", "192.0.2.1", "text"),
        ("ipv6", "2001:db8::1", "text"),
        ("hostname", "example.org", "text"),
        ("regex", "^a|b$", "text"),
        ("password", "hunter 2", "password"),
        ("of-our-own", "text", "text"),
    ],
)
def test_each_format_has_its_input(form: str, value: str, kind: str) -> None:
    schema = {"type": "string", "format": form}
    assert sent_untouched(schema, value) == value
    assert [each["type"] for each in Page(build(schema, value)).all("input") if each.get("id")] == [kind]


@pytest.mark.parametrize(
    "extra", [{"format": "markdown"}, {"contentMediaType": "text/markdown"}, {"maxLength": 4000}]
)
def test_long_texts_have_a_text_area(extra: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string", **extra}}}
    assert Page(build(schema)).all("textarea", name="answer/text")


def test_every_model_can_be_shown_fresh() -> None:
    for model in (Everything, Tree, Cat | Dog, Address | None):
        assert Page(build(TypeAdapter(model).json_schema())).all("button")
