"""Answers in the shape of a schema, line by line."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from handrail.channels.terminal.form import MISSING, Form, parse_json
from handrail.channels.terminal.screen import Screen
from handrail.requests.schema import problems, schema_of
from handrail.runs.interruption import NODE_SCHEMA


class Typist:
    """Types lines, and remembers what it was asked."""

    def __init__(self, *lines: str, written: str = "") -> None:
        self.lines = list(lines)
        self.asked: list[str] = []
        self.written = written

    async def ask(self, prompt: Any) -> str:
        self.asked.append(str(prompt))
        return self.lines.pop(0)

    async def write(self, text: str, suffix: str) -> str | None:
        return self.written


async def fill(
    schema: Any, *lines: str, known: Any = MISSING, wrong: tuple[str, ...] = (), written: str = ""
) -> Any:
    typist = Typist(*lines, written=written)
    schema = schema_of(schema)
    answer = await Form(Screen(), typist.ask, typist.write, schema).fill(known, wrong)
    assert not typist.lines, f"not asked for: {typist.lines}"
    assert not problems(schema, answer)
    return answer


@pytest.mark.parametrize(
    ("schema", "lines", "answer"),
    [
        ({"enum": ["dry", "warm"]}, ["3", "cold", "2"], "warm"),
        ({"enum": ["dry", "warm"]}, ["DRY"], "dry"),
        ({"enum": [10, 20, 2]}, ["1", "2"], 2),
        ({"enum": [None, True, {"a": 1}]}, ["3"], {"a": 1}),
        ({"oneOf": [{"const": "a", "title": "Apple"}, {"const": "b", "title": "Bean"}]}, ["2"], "b"),
        ({"const": "only"}, ["1"], "only"),
        ({}, ["Hello, how are you?"], "Hello, how are you?"),
        ({}, ['{"a": ', '{"a": 1}'], {"a": 1}),
        ({}, ["", "7"], 7),
        ({}, ['"7"'], "7"),
        (bool, ["maybe", "y"], True),
        (bool, ["no"], False),
        (int, ["x", "1.5", "", "-7"], -7),
        ({"type": "integer", "minimum": 1, "maximum": 5}, ["9", "3"], 3),
        (float, ["nan", "1e999", "0.5"], 0.5),
        (float, ["2"], 2),
        (str, ["", "hello"], "hello"),
        (str, ['""'], ""),
        ({"type": "string", "minLength": 3}, ["ab", "abc"], "abc"),
        ({"type": "string", "format": "date"}, ["tomorrow", "2026-03-01"], "2026-03-01"),
        ({"type": "string", "default": "dflt"}, [""], "dflt"),
        (int | None, [""], None),
        (list[int], ["1", "x", "2", ""], [1, 2]),
        (list[str], [""], []),
        ({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1}, ["", "2", ""], ["b"]),
        (dict[str, int], ["{", '{"a": "b"}', '{"a": 1}'], {"a": 1}),
        ({}, ["[NaN]", "[1, 2]"], [1, 2]),
        (list[dict[str, int]], ['[{"a": 1}]'], [{"a": 1}]),
        (int | str, ["2", "text"], "text"),
    ],
)
async def test_one_value(schema: Any, lines: list[str], answer: Any) -> None:
    assert await fill(schema, *lines) == answer


class Address(BaseModel):
    street: str
    number: int = Field(ge=1)


class Order(BaseModel):
    name: str = Field(description="as on the invoice")
    priority: Literal["low", "high"] = "low"
    address: Address
    second: Address | None = None
    tags: list[str] = []
    note: str | None = None


async def test_an_object_is_asked_for_field_by_field() -> None:
    answer = await fill(Order, "Alice", "2", "Main St", "0", "5", "n", "a", "b", "", "")
    assert answer == {
        "name": "Alice", "priority": "high", "address": {"street": "Main St", "number": 5}, "second": None,
        "tags": ["a", "b"], "note": None,
    }  # fmt: skip


async def test_an_optional_object_is_asked_for_only_if_wanted() -> None:
    answer = await fill(Order, "Alice", "", "Main St", "5", "y", "Side St", "7", "", "hello")
    assert answer["second"] == {"street": "Side St", "number": 7}
    assert answer["priority"] == "low"
    assert answer["tags"] == []
    assert answer["note"] == "hello"


async def test_a_field_that_only_some_answers_need_is_asked_for_only_then() -> None:
    assert await fill(NODE_SCHEMA, "2") == {"what": "run_again"}
    assert await fill(NODE_SCHEMA, "happened", "", "[1]", '{"sent": true}') == {
        "what": "happened", "result": {"sent": True},
    }  # fmt: skip


async def test_then_and_else_bring_their_own_fields() -> None:
    schema = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "if": {"properties": {"ok": {"const": True}}},
        "then": {"properties": {"score": {"type": "integer"}}, "required": ["score"]},
        "else": {"properties": {"why": {"type": "string"}}, "required": ["why"]},
    }
    assert await fill(schema, "y", "3") == {"ok": True, "score": 3}
    assert await fill(schema, "n", "bad") == {"ok": False, "why": "bad"}


async def test_asking_again_keeps_what_was_right() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    }
    known = {"name": "Alice", "age": 5}
    assert await fill(schema, "6", known=known, wrong=("age",)) == {"name": "Alice", "age": 6}
    assert await fill(schema, "", "6", known=known) == {"name": "Alice", "age": 6}


async def test_a_long_answer_comes_from_the_editor() -> None:
    assert await fill(str, "/e", written="two\nlines") == "two\nlines"
    assert await fill(dict[str, int], "/e", written='{"a":\n1}') == {"a": 1}


class Tree(BaseModel):
    name: str
    child: "Tree | None" = None


async def test_a_schema_that_contains_itself_ends_where_the_person_does() -> None:
    answer = await fill(Tree, "root", "y", "leaf", "n")
    assert answer == {"name": "root", "child": {"name": "leaf", "child": None}}


async def test_texts_of_the_schema_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    typist = Typist("1", "")
    schema = {
        "type": "object",
        "properties": {
            "\x1b[2Ja": {"enum": ["\x1b[31mred"], "title": "\x1b[2J", "description": "\x1b[1m"},
            "b": {"type": "string", "default": "\x1b[0m", "format": "\x1b[5m"},
        },
    }
    await Form(Screen(), typist.ask, typist.write, schema).fill()
    assert "\x1b" not in capsys.readouterr().err
    assert "\x1b" not in "".join(typist.asked)


def test_bad_json_is_named_by_its_place_without_its_content() -> None:
    with pytest.raises(ValueError, match="line 2, column 7") as caught:
        parse_json('{\n "a": secret}')
    assert "secret" not in str(caught.value)
