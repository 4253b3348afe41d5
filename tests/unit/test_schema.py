"""Answers against their schema: from Python types or as JSON Schema, checked without any download."""

import socket
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AnyUrl, BaseModel, Field

from handrail.requests import dialect
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.schema import problems, schema_of


class Tone(Enum):
    DRY = "dry"
    WARM = "warm"


class Author(BaseModel):
    name: Annotated[str, Field(min_length=1)]
    email: str | None = None


class Review(BaseModel):
    score: Annotated[int, Field(ge=1, le=5)]
    tone: Tone
    author: Author
    tags: list[str] = []


GOOD = {"score": 3, "tone": "dry", "author": {"name": "ann"}}


def told(schema: Any, value: Any) -> dict[str, str]:
    return {problem.path: problem.message for problem in problems(schema_of(schema), value)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {}),
        ({"score": 9}, {"score": "must be at most 5"}),
        ({"score": 0}, {"score": "must be at least 1"}),
        ({"score": "3"}, {"score": "must be of type integer"}),
        ({"tone": "loud"}, {"tone": 'must be one of "dry", "warm"'}),
        ({"author": {}}, {"author.name": "is required"}),
        ({"author": {"name": ""}}, {"author.name": "must have at least 1"}),
        (
            {"author": {"name": "ann", "email": 3}},
            {"author.email": "must be of type string or must be of type null"},
        ),
        (
            {"tags": ["a", 1, "b", None]},
            {"tags.1": "must be of type string", "tags.3": "must be of type string"},
        ),
        ({"score": 9, "author": {}}, {"score": "must be at most 5", "author.name": "is required"}),
    ],
)
def test_a_model_says_which_fields_are_wrong(change: dict[str, Any], expected: dict[str, str]) -> None:
    assert told(Review, {**GOOD, **change}) == expected


def test_every_missing_key_is_named_once() -> None:
    found = problems(schema_of(Review), {})
    assert [problem.path for problem in found] == ["score", "tone", "author"]


@pytest.mark.parametrize(
    ("source", "good", "bad"),
    [
        (int, 3, "3"),
        (str, "x", 3),
        (bool, True, 1),
        (float, 1, "1"),
        (list[int], [1], [1.5]),
        (dict[str, int], {"a": 1}, {"a": "1"}),
        (Literal["a", "b"], "a", "c"),
        (int | None, None, "x"),
        (Tone, "warm", "cold"),
        (date, "2026-02-28", "2026-02-30"),
        (datetime, "2026-02-28T12:00:00Z", "yesterday"),
        (time, "12:30:00", "25:00:00"),
        (timedelta, "P1DT2H", "a while"),
        (UUID, "12345678-1234-5678-1234-567812345678", "1234"),
        (AnyUrl, "https://example.org/x?y=1", "not an address"),
        ({"enum": ["a", 1, None]}, None, "None"),
        ({"const": {"a": 1}}, {"a": 1}, {"a": 2}),
    ],
)
def test_types_and_schemas(source: Any, good: Any, bad: Any) -> None:
    schema = schema_of(source)
    assert problems(schema, good) == []
    assert problems(schema, bad) != []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("email", ["ann@example.org"], ["ann", "example.org"]),
        ("date", ["2024-02-29"], ["2026-02-29", "28.02.2026", "2026-2-3"]),
        (
            "date-time",
            ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.123456+02:00", "2026-12-31 23:59:59-08:00"],
            [
                "2026-01-01",
                "2026-01-01T00:00:00",
                "2026-13-01T00:00:00Z",
                "2026-01-01T25:00:00Z",
                "20260101T000000Z",
            ],
        ),
        (
            "time",
            ["12:00:00", "12:00:00.5", "12:00:00Z", "12:00:00+01:00"],
            ["12", "24:01:00", "noon", "120000.00"],
        ),
        (
            "uri",
            ["https://example.org", "mailto:ann@example.org", "urn:isbn:1"],
            ["example", "/a/b", "http://", "a b:c"],
        ),
        ("duration", ["P1D", "PT0.5S", "P2W", "P1Y2M3DT4H5M6S"], ["P", "PT", "1D", "P1S", "P1DT"]),
        ("uuid", ["12345678-1234-5678-1234-567812345678"], ["12345678"]),
        ("ipv4", ["127.0.0.1"], ["127.0.0.256", "localhost"]),
        ("ipv6", ["::1"], ["::g"]),
        ("regex", ["a+"], ["("]),
    ],
)
def test_formats_are_checked(name: str, good: list[str], bad: list[str]) -> None:
    schema = schema_of({"type": "string", "format": name})
    assert [text for text in good if problems(schema, text)] == []
    assert [text for text in bad if not problems(schema, text)] == []
    assert problems(schema, bad[0])[0].message == f"must be a {name}"


def test_a_format_says_nothing_about_what_isnt_text() -> None:
    for name in ("date-time", "uri", "time", "duration", "email"):
        assert problems(schema_of({"format": name}), 3) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"type": 5},
        {"properties": []},
        {"required": "name"},
        {"pattern": "("},
        {"minimum": "1"},
        {"$ref": "#/$defs/missing"},
        {"properties": {"a": {"items": {"$ref": "#/$defs/missing"}}}},
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"const": float("nan")},
        {"$schema": 5},
        {"$schema": []},
        {"$id": 5},
        {"$ref": 5},
    ],
)
def test_a_schema_that_cant_work_is_refused_when_it_is_made(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        schema_of(schema)


@pytest.mark.parametrize("source", ["a text", 3, True, ["a"], ...])
def test_what_is_no_type_is_refused(source: Any) -> None:
    with pytest.raises(InvalidInput):
        schema_of(source)


def test_references_inside_the_schema_work() -> None:
    tree = {"$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["id"]}},
            "$ref": "#/$defs/node"}  # fmt: skip
    assert problems(schema_of(tree), {"id": 1, "next": {"id": 2}}) == []
    assert [
        problem.path for problem in problems(schema_of(tree), {"id": 1, "next": {"next": {"id": 3}}})
    ] == ["next.id"]
    anchored = {"$defs": {"n": {"$anchor": "count", "type": "integer"}}, "items": {"$ref": "#count"}}
    assert [problem.path for problem in problems(schema_of(anchored), [1, "2"])] == ["1"]


def test_a_key_named_like_a_keyword_is_a_key() -> None:
    schema = {
        "properties": {"$ref": {"type": "integer"}},
        "enum": [{"$ref": "http://nowhere.invalid"}, {"$ref": 1}],
    }
    assert problems(schema_of(schema), {"$ref": 1}) == []


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:9/x.json", "https://example.org/x.json", "file:///etc/hosts", "x.json"]
)
def test_nothing_is_ever_fetched(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for schema in ({"$ref": place}, {"properties": {"a": {"$ref": place + "#/$defs/b"}}}):
        with pytest.raises(InvalidInput, match="never fetched"):
            schema_of(schema)
        # A draft may be made by hand, past the first check.
        with pytest.raises(InvalidInput, match="never fetched"):
            problems(schema, {"a": 1})


def test_a_value_nested_too_deeply_is_a_problem_of_the_answer() -> None:
    tree = {"$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"}
    value: list[Any] = []
    for _ in range(500):
        value = [value]
    assert [problem.message for problem in problems(schema_of(tree), value)] in ([], ["is nested too deeply"])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"enum": ["a"]},
        {"const": 1},
        {"pattern": "^[0-9]+$"},
        {"maxLength": 3},
        {"format": "date"},
        {"not": {"type": "string"}},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"oneOf": [{"type": "integer"}, {"minLength": 50}]},
        {"allOf": [{"maxLength": 2}]},
        {"if": True, "then": {"type": "null"}},
        False,
    ],
)
def test_the_value_is_never_in_the_message(schema: Any) -> None:
    wrapped = {"properties": {"field": schema}}
    found = problems(schema_of(wrapped), {"field": "hunter2 is my password"})
    assert len(found) == 1
    assert "hunter2" not in found[0].message


def test_keys_that_arent_allowed_are_told_without_naming_the_value() -> None:
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        schema = {"type": "object", "properties": {"a": {}}, keyword: False}
        assert all(
            "hunter2" not in problem.message for problem in problems(schema_of(schema), {"b": "hunter2"})
        )
        assert problems(schema_of(schema), {"b": "hunter2"})


def test_a_pattern_that_takes_minutes_elsewhere_is_matched_at_once() -> None:
    schema = schema_of({"type": "string", "pattern": "(a+)+$"})
    assert problems(schema, "a" * 100_000 + "b") == [FieldProblem("", "must match (a+)+$")]
    assert problems(schema, "ba") == []
    keys = schema_of({"patternProperties": {"^(x+)+$": {"type": "integer"}}, "additionalProperties": False})
    assert problems(keys, {"xx": 1}) == []
    assert problems(keys, {"xx": "1"}) == [FieldProblem("xx", "must be of type integer")]
    assert problems(keys, {"x" * 5000 + "y": 1}) == [FieldProblem("", "has keys that are not allowed")]


def test_patterns_of_a_flow_may_look_ahead() -> None:
    schema = schema_of({"pattern": r"^(?=.*\d)\w+$"})
    assert (problems(schema, "abc1"), len(problems(schema, "abc"))) == ([], 1)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"pattern": "(?=x)"}, "looks ahead"),
        ({"properties": {"a": {"pattern": r"(a)\1"}}}, "looks ahead"),
        ({"patternProperties": {"(?<!x)y": {}}}, "looks ahead"),
        ({"default": {"pattern": "(?=x)"}, "$ref": "#/default"}, "looks ahead"),
        ({"pattern": ".{8000}x"}, "repeats too much"),
        ({"pattern": "x" * 1001}, "over 1000 characters"),
        ({"patternProperties": {"x": {}}, "unevaluatedProperties": False}, "not both"),
        ({"items": {"$schema": "http://json-schema.org/draft-07/schema#"}}, "once, at the top"),
    ],
)
def test_what_may_take_long_is_refused_from_outside(schema: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        schema_of(schema, outside=True)


def test_every_dialect_is_bounded_also_where_it_refers_to_itself() -> None:
    schema = schema_of(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": {"next": {"$ref": "#"}, "name": {"pattern": "^(a+)+$"}},
        }
    )
    assert len(problems(schema, {"next": {"next": {"name": "a" * 50_000 + "b"}}})) == 1


def test_a_schema_that_doubles_its_work_with_each_part_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "MOST", 20_000)
    parts = {f"p{n}": {"allOf": [{"$ref": f"#/$defs/p{n + 1}"}] * 2} for n in range(40)}
    schema = {"$defs": {**parts, "p40": {"type": "string"}}, "$ref": "#/$defs/p0"}
    (told,) = problems(schema, "fits")
    assert "too much" in told.message
    assert problems(schema, 1) == [FieldProblem("", "must be of type string")], "said once"
    with pytest.raises(InvalidInput, match="without end"):
        schema_of({**schema, "$defs": {**parts, "p40": {}}}, outside=True)


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (0.07, True),
        (19.99, True),
        (-1.1, True),
        (5, True),
        (1e22, True),
        (10**400, True),
        (0.075, False),
        (1e-300, False),
    ],
)
def test_a_multiple_is_counted_as_it_is_written(value: float, fits: int) -> None:
    found = problems({"type": "number", "multipleOf": 0.01}, value)
    assert found == ([] if fits else [FieldProblem("", "must be a multiple of 0.01")])


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_what_is_no_number_can_not_be_counted(value: float) -> None:
    found = problems({"type": "number", "multipleOf": 0.01}, value)
    assert found == [FieldProblem("", "has a number that is too large to be checked")]


def test_what_is_referred_to_costs_more_than_a_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "MOST", 1000)
    schema = {"$defs": {"text": {"type": "string"}}, "allOf": [{"$ref": "#/$defs/text"}] * 300}
    (told,) = problems(schema, "x")
    assert "too much" in told.message
    assert problems({"allOf": [{"type": "string"}] * 300}, "x") == []
