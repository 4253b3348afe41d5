"""What people type, what buttons do, and what nobody would type."""

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from handrail.requests.errors import FieldProblem
from handrail.requests.schema import schema_of
from handrail.runs.interruption import NODE_SCHEMA
from handrail.web.form import NOTHING, Posted, build, read
from handrail.web.form.names import MOST_ENTRIES, MOST_PAIRS
from tests.support.web_forms import Page, put


class Item(BaseModel):
    name: str
    euros: float = Field(ge=0)


class Claim(BaseModel):
    verdict: Literal["pay", "reduce", "refuse"]
    sure: bool
    wear: int | None = Field(None, ge=0, le=60, multiple_of=5, description="Floors lose 4 % a year.")
    items: list[Item] = Field([], max_length=3)
    pay_to: "Payee | None" = None


class Payee(BaseModel):
    name: str
    city: str = "Berlin"


CLAIM = schema_of(Claim)


def fresh(schema: dict[str, Any]) -> Page:
    return Page(build(schema))


def messages(posted: Posted) -> dict[str, str]:
    return {problem.path: problem.message for problem in posted.problems}


def test_nothing_is_preselected_in_a_fresh_form() -> None:
    page = fresh(CLAIM)
    assert not [given for _, given in page.tags if "checked" in given or "selected" in given]
    posted = read(CLAIM, page.pairs)
    assert messages(posted) == {"verdict": "Choose one.", "sure": "Choose one."}
    assert posted.value is NOTHING


def test_a_default_is_preselected() -> None:
    page = fresh({"enum": ["a", "b"], "default": "b"})
    assert [each["value"] for each in page.all("input", type="radio") if "checked" in each] == ["1"]


def test_optional_fields_left_empty_are_absent() -> None:
    posted = read(CLAIM, put(fresh(CLAIM).pairs, {"answer/verdict": "0", "answer/sure": "1"}))
    assert posted.value == {"verdict": "pay", "sure": False, "items": []}


def test_limits_are_said_in_words() -> None:
    page = fresh(CLAIM)
    assert "0 to 60, in steps of 5. Floors lose 4 % a year." in page.html
    (wear,) = page.all("input", name="answer/wear")
    assert (wear["type"], wear["inputmode"]) == ("text", "numeric"), (
        "a browser sends what it can't read as nothing"
    )
    assert "At most 3 entries." in page.html


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("75", "It must be at most 60."),
        ("7", "It must be a multiple of 5."),
        ("abc", "Write a whole number, such as 12."),
        ("1,5", "Write the number with a point and without commas, such as 1234.5."),
        ("NaN", "Write a whole number, such as 12."),
        ("1e400", "This number is too large."),
        ("1" * 5000, "Use at most 300 digits."),
        ("٣", "Write a whole number, such as 12."),
    ],
)
def test_what_does_not_fit_is_shown_again_with_its_message(text: str, message: str) -> None:
    pairs = put(fresh(CLAIM).pairs, {"answer/verdict": "0", "answer/sure": "0", "answer/wear": text})
    posted = read(CLAIM, pairs)
    assert messages(posted) == {"wear": message}
    page = Page(posted.form)
    (wear,) = page.all("input", name="answer/wear")
    assert (wear["value"], wear["aria-invalid"]) == (text, "true")
    assert wear["aria-describedby"].split() == ["answer/wear:hint", "answer/wear:error"]
    assert page.all("a", href=f"#{wear['id']}")
    assert dict(page.pairs)["answer/wear"] == text
    assert page.all("input", name="answer/verdict", value="0")[0].keys() >= {"checked"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("-0", 0),
        ("+7", 7),
        ("0.1", 0.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        (" 2 ", 2),
        ("9" * 40, int("9" * 40)),
    ],
)
def test_numbers_are_exact(text: str, number: float) -> None:
    found = read({"type": "number"}, [("answer", text)]).value
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "NaN", "Infinity", "0x10", "1_000", "", "0.1234567890123456789"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert read({"type": "number"}, [("answer", text)]).problems


def test_entries_are_added_and_removed_with_what_was_typed() -> None:
    posted = read(CLAIM, fresh(CLAIM).press("add answer/items"))
    assert (posted.action, posted.problems) == ("add", ())
    page = Page(posted.form)
    pairs = put(page.pairs, {"answer/items[0]/name": "Floor", "answer/items[0]/euros": "twelve"})
    page = Page(read(CLAIM, [*pairs, ("answer:do", "add answer/items")]).form)
    pairs = put(page.pairs, {"answer/items[1]/name": "Unit", "answer/items[1]/euros": "740.00"})
    assert dict(pairs)["answer/items[0]/euros"] == "twelve"
    posted = read(CLAIM, [*pairs, ("answer:do", "remove answer/items[0]")])
    assert posted.action == "remove"
    pairs = put(Page(posted.form).pairs, {"answer/verdict": "1", "answer/sure": "0"})
    assert read(CLAIM, pairs).value == {
        "verdict": "reduce", "sure": True, "items": [{"name": "Unit", "euros": 740.0}],
    }  # fmt: skip


def test_no_more_entries_can_be_added_than_fit() -> None:
    value = {"verdict": "pay", "sure": True, "items": [{"name": "a", "euros": 1}] * 3}
    page = Page(build(CLAIM, value))
    assert not [each for each in page.all("button") if each["value"] == "add answer/items"]
    least = {"type": "array", "items": {"type": "string"}, "minItems": 2}
    page = fresh(least)
    assert len(page.all("input", name="answer[]")) == 2
    assert not [each for each in page.all("button") if each["value"].startswith("remove")]


def test_an_optional_part_is_added_with_its_defaults_and_left_out() -> None:
    page = Page(read(CLAIM, fresh(CLAIM).press("include answer/pay_to")).form)
    assert dict(page.pairs)["answer/pay_to/city"] == "Berlin"
    pairs = put(page.pairs, {"answer/verdict": "0", "answer/sure": "0", "answer/pay_to/name": "Alice"})
    assert read(CLAIM, pairs).value["pay_to"] == {"name": "Alice", "city": "Berlin"}
    posted = read(CLAIM, [*pairs, ("answer:do", "exclude answer/pay_to")])
    assert "pay_to" not in read(CLAIM, Page(posted.form).pairs).value


KINDS = {
    "oneOf": [
        {"type": "object", "title": "Cat",
            "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer", "default": 9}},
            "required": ["kind", "lives"]},
        {"type": "object", "title": "Dog", "properties": {"kind": {"const": "dog"}, "name": {"type": "string"}},
            "required": ["kind", "name"]},
    ]
}  # fmt: skip


def test_a_kind_is_chosen_by_a_button_and_keeps_what_was_typed_for_the_others() -> None:
    assert messages(read(KINDS, fresh(KINDS).pairs)) == {"": "Choose one."}
    page = Page(read(KINDS, put(fresh(KINDS).press("switch"), {"answer:kind": "0"})).form)
    assert dict(page.pairs)["answer@0/lives"] == "9"
    assert read(KINDS, page.pairs).value == {"kind": "cat", "lives": 9}
    other = read(KINDS, put(page.pairs, {"answer@0/lives": "7", "answer:kind": "1"}))
    assert other.action == "switch", "the fields of the other kind weren't there to be filled in"
    page = Page(other.form)
    assert read(KINDS, put(page.pairs, {"answer@1/name": "Rex"})).value == {"kind": "dog", "name": "Rex"}
    back = Page(read(KINDS, put(page.pairs, {"answer:kind": "0"})).form)
    assert read(KINDS, back.pairs).value == {"kind": "cat", "lives": 7}


def test_what_is_wrong_inside_of_a_kind_is_said_at_its_field() -> None:
    page = Page(build(KINDS, {"kind": "cat", "lives": 9}))
    assert messages(read(KINDS, put(page.pairs, {"answer@0/lives": "7.5"}))) == {
        "lives": "Write a whole number, such as 12."
    }
    schema = schema_of(list[Item] | None)
    page = Page(build(schema, [{"name": "a", "euros": 1}]))
    posted = read(schema, put(page.pairs, {"answer[0]/euros": "-1"}))
    assert messages(posted) == {"0.euros": "It must be at least 0."}


def test_names_of_free_entries_must_be_there_and_differ() -> None:
    schema = schema_of(dict[str, int])
    page = Page(build(schema, {"a": 1, "b": 2}))
    twice = read(schema, put(page.pairs, {"answer[1]:key": "a"}))
    assert messages(twice) == {"a": "This name is used already."}
    assert Page(twice.form).all("input", name="answer[1]:key")[0]["aria-invalid"] == "true"
    assert [each.message for each in read(schema, put(page.pairs, {"answer[0]:key": ""})).problems] == [
        "Give it a name, or remove it."
    ]


def test_a_field_that_only_some_answers_need_can_be_left_empty() -> None:
    page = fresh(NODE_SCHEMA)
    assert read(NODE_SCHEMA, put(page.pairs, {"answer/what": "1"})).value == {"what": "run_again"}
    assert messages(read(NODE_SCHEMA, put(page.pairs, {"answer/what": "0"}))) == {"result": "Fill this in."}


def test_json_that_is_wrong_is_shown_again() -> None:
    schema = {"type": "object", "patternProperties": {"a": {}, "b": {}}}
    posted = read(schema, [("answer", '{"a": NaN}')])
    assert posted.problems == (FieldProblem("", "NaN is not a JSON number."),)
    assert "{&#34;a&#34;: NaN}" in Page(posted.form).html
    for text in (
        "[" * 100_000,
        '{"a": 1, "a": 2}',
        '{"a": 1e999}',
        "{",
        '{"a": ' + "1" * 5000 + "}",
        '"\\ud800"',
    ):
        assert read(schema, [("answer", text)]).problems
    assert read({}, [("answer", "Hello, how are you?")]).value == "Hello, how are you?"
    assert read({}, [("answer", '"\\ud800"')]).problems


def test_problems_stand_beside_the_field_they_are_about() -> None:
    value = {"verdict": "pay", "sure": True, "items": [{"name": "a", "euros": 1}, {"name": "b", "euros": 2}]}
    problems = [
        FieldProblem("items.1.euros", "must be at least 5"),
        FieldProblem("items.7.name", "is required"),
        FieldProblem("elsewhere", "is strange"),
    ]
    form = build(CLAIM, value, problems)
    page = Page(form)
    assert page.all("input", name="answer/items[1]/euros")[0]["aria-invalid"] == "true"
    assert [each.target for each in form.wrong] == ["answer", "answer/items", "answer/items[1]/euros"]
    assert form.problems == ("elsewhere: is strange.",)
    ids = {given["id"] for _, given in page.tags if "id" in given}
    assert {each["href"].removeprefix("#") for each in page.all("a")} <= ids


def test_keys_of_any_kind_have_names_of_their_own() -> None:
    keys = ["a.b", "a", "a/b", "a[0]", "a[]", "", " ", "ü", "%61", "a!", "a:kind", "a@0", "\u202ex", "answer"]
    schema = {"type": "object", "properties": {key: {"type": "integer"} for key in keys}, "required": keys}
    value = {key: number for number, key in enumerate(keys)}
    page = Page(build(schema, value))
    assert len({name for name, _ in page.pairs}) == len(keys)
    assert read(schema, page.pairs).value == value
    assert "\u202e" not in page.html, "a title can't turn what stands beside it"


def test_ids_are_unique_and_each_input_has_a_label() -> None:
    for schema, value in (
        (CLAIM, {"verdict": "pay", "sure": True, "items": [{"name": "a", "euros": 1}] * 2}),
        (KINDS, {"kind": "cat", "lives": 1}),
    ):
        page = Page(build(schema, value))
        ids = [given["id"] for _, given in page.tags if "id" in given]
        assert len(ids) == len(set(ids))
        labelled = {given["for"] for _, given in page.tags if "for" in given}
        for tag, given in page.tags:
            if tag in ("textarea", "select") or (
                tag == "input" and given.get("type") not in ("hidden", "radio", "checkbox")
            ):
                assert given.get("id") in labelled or given.get("aria-label")
                assert given["autocomplete"] == "off"
            assert not {"style", "onclick", "placeholder"} & given.keys()
            assert not set(given.get("aria-describedby", "").split()) - set(ids)


def test_texts_of_schema_and_value_are_escaped() -> None:
    bad = "<script>alert(1)</script>\"'><img src=x>"
    schema = {
        "type": "object",
        "title": bad,
        "properties": {
            bad: {"enum": [bad, "b"], "title": bad, "description": bad},
            "t": {"type": "string", "title": bad},
        },
    }
    page = Page(build(schema, {bad: bad, "t": bad + "\n</textarea>"}, [FieldProblem("t", bad)]))
    assert {tag for tag, _ in page.tags} <= {
        "form", "div", "svg", "use", "h3", "ul", "li", "a", "button", "fieldset", "legend", "label", "input", "span",
        "p", "textarea",
    }  # fmt: skip
    assert read(schema, page.pairs).value == {bad: bad, "t": bad + "\n</textarea>"}


HOSTILE: list[list[tuple[str, Any]]] = [
    [("answer/items[]", str(number)) for number in range(10_000)],
    [("answer/items[]", text) for text in ("-1", "9" * 30, "٣", "1.5", "", "\0", "999999", "0x1", "00")],
    [(f"answer/items[{'[0]' * 500}", "x")],
    [("answer" + "/x" * 50_000, "x")],
    [("answer" + "@0" * 4_000, "x"), ("answer:kind", "0")],
    [("answer/verdict", text) for text in ("99", "-1", "pay", "1e5")],
    [("answer/items[]", "0"), ("answer/items[0]!", "json"), ("answer/items[0]", "[" * 100_000)],
    [("answer/items[0]!", "new")] * 3,
    [("answer!", "new"), ("answer!", "json"), ("answer!", "evil")],
    [("answer:do", "add answer/items[0]/name")],
    [("answer:do", "add " + "x" * 100_000)],
    [("answer:do", "remove ")], [("answer:do", "remove [")], [("answer:do", "remove answer")],
    [("answer:do", "include answer")], [("answer:do", "exclude answer")], [("answer:do", "explode")],
    [("answer/pay_to!", "on"), ("answer/pay_to!", "json"), ("answer/pay_to", "{}")],
    [("answer/verdict", object()), ("strange", "x"), ("answerx", "x"), ("", "x")],
    [("answer:kind", "9" * 5000), ("answer:kind", "²")],
    [("answer/wear", "\ud800"), ("answer/items[0]/name", "\ud800"), ("answer/items[]", "0")],
]  # fmt: skip


@pytest.mark.parametrize("pairs", HOSTILE)
@pytest.mark.parametrize("schema", [CLAIM, KINDS, {}, {"type": "string"}, schema_of(list[int])], ids=str)
def test_what_nobody_would_post_is_ignored_or_refused(
    schema: dict[str, Any], pairs: list[tuple[str, Any]]
) -> None:
    posted = read(schema, pairs)
    Page(posted.form)
    if posted.value is not NOTHING:
        json.dumps(posted.value)
    if len(pairs) > MOST_PAIRS:
        assert "more than 5,000 fields" in posted.problems[0].message


def test_a_list_takes_so_many_entries_and_not_more() -> None:
    schema = schema_of(list[int])
    pairs = [
        pair for number in range(400) for pair in (("answer[]", str(number)), (f"answer[{number}]", "1"))
    ]
    posted = read(schema, [*pairs, ("answer:do", "add answer")])
    assert len(Page(posted.form).all("input", name="answer[]")) == MOST_ENTRIES


def test_a_schema_that_asks_for_itself_without_end_is_bounded() -> None:
    node = {
        "type": "object",
        "properties": {name: {"$ref": "#"} for name in "abcdef"},
        "required": list("abcdef"),
    }
    page = fresh(node)
    assert page.all("textarea", name="answer")
    deep: Any = "x"
    for _ in range(30):
        deep = [deep]
    schema = {
        "$ref": "#/$defs/l",
        "$defs": {"l": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/l"}}]}},
    }
    assert read(schema, Page(build(schema, deep)).pairs).value == deep


def test_other_inputs_of_the_page_are_left_alone() -> None:
    pairs = [("comment", "7"), ("verb", "answer"), ("answer", "12"), ("answer2", "13")]
    assert read({"type": "integer"}, pairs).value == 12


def test_enter_in_a_field_changes_nothing() -> None:
    first = fresh(CLAIM).all("button")[0]
    posted = read(CLAIM, [*fresh(CLAIM).pairs, (first["name"], first["value"])])
    assert (posted.action, posted.problems, posted.value) == ("stay", (), NOTHING)
