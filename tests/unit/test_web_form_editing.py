"""Edit and approve: the proposal as a form, and only what has changed is sent."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from handrail.requests.errors import FieldProblem
from handrail.requests.schema import schema_of
from handrail.web.form import NOTHING, Form, build, edit_form, read_edit
from handrail.web.form.fields import Group
from tests.support.web_forms import Page, put

PROPOSAL: dict[str, Any] = {
    "title": "Hello",
    "body": "First\r\nsecond\nthird " * 10,
    "score": 3,
    "share": 0.5,
    "publish": True,
    "empty": "",
    "nothing": None,
    "none": [],
    "tags": ["a", "b"],
    "mixed": [1, "a", None],
    "author": {"name": "Alice", "age": 30},
    "lines": [{"name": "a"}, {"name": "b", "note": "n"}],
    "a.b/c": "odd",
}


def test_an_untouched_form_changes_nothing() -> None:
    assert read_edit(PROPOSAL, Page(edit_form(PROPOSAL)).pairs).value == {}


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=100),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), values, max_size=4)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(objects)
def test_whatever_is_proposed_stays_if_nobody_touches_it(proposal: dict[str, Any]) -> None:
    posted = read_edit(proposal, Page(edit_form(proposal)).pairs)
    assert (posted.value, posted.problems) == ({}, ())


@pytest.mark.parametrize(
    ("texts", "changed"),
    [
        ({"edit/title": "Bye"}, {"title": "Bye"}),
        ({"edit/title": ""}, {"title": ""}),
        ({"edit/body": "one\r\ntwo"}, {"body": "one\ntwo"}),
        ({"edit/score": "3.5"}, {"score": 3.5}),
        ({"edit/publish": "1"}, {"publish": False}),
        ({"edit/nothing": "now a text"}, {"nothing": "now a text"}),
        ({"edit/none": "[1]"}, {"none": [1]}),
        ({"edit/tags[1]": "c"}, {"tags": ["a", "c"]}),
        ({"edit/author/age": "31"}, {"author": {"name": "Alice", "age": 31}}),
        ({"edit/lines[0]/note": "x"}, {"lines": [{"name": "a", "note": "x"}, {"name": "b", "note": "n"}]}),
        ({"edit/a.b%2Fc": "odder"}, {"a.b/c": "odder"}),
        ({"edit/strange": "x", "edit/title": "Bye"}, {"title": "Bye"}),
    ],
)
def test_only_what_has_changed_is_sent(texts: dict[str, str], changed: dict[str, Any]) -> None:
    assert read_edit(PROPOSAL, put(Page(edit_form(PROPOSAL)).pairs, texts)).value == changed


def test_long_texts_have_room() -> None:
    page = Page(edit_form(PROPOSAL))
    assert page.all("textarea", name="edit/body")
    assert page.all("input", name="edit/title")


def test_what_does_not_read_is_shown_again() -> None:
    posted = read_edit(PROPOSAL, put(Page(edit_form(PROPOSAL)).pairs, {"edit/score": "three"}))
    assert posted.problems == (FieldProblem("score", "Write a number, such as 0.5."),)
    assert posted.value is NOTHING
    again = Page(edit_form(PROPOSAL, draft=posted.draft, problems=posted.problems))
    assert again.all("input", name="edit/score")[0]["value"] == "three"


class Post(BaseModel):
    title: str = Field(max_length=10)
    stars: int | None = None
    unsaid: str = "not in the proposal"


def test_a_schema_says_what_the_edited_proposal_must_look_like() -> None:
    proposal, schema = {"title": "Hello", "stars": 3, "more": "x"}, schema_of(Post)
    page = Page(edit_form(proposal, schema))
    assert [name for name, _ in page.pairs if not name.endswith("!")] == [
        "edit/title",
        "edit/stars",
        "edit/more",
    ]
    assert read_edit(proposal, put(page.pairs, {"edit/stars": ""}), schema).value == {"stars": None}
    posted = read_edit(proposal, put(page.pairs, {"edit/title": "Hello, hello"}), schema)
    assert posted.problems == (FieldProblem("title", "It must have at most 10 characters."),)


def test_an_edit_that_is_too_large_is_refused() -> None:
    posted = read_edit(PROPOSAL, put(Page(edit_form(PROPOSAL)).pairs, {"edit/title": "x" * (1024 * 1024)}))
    assert "the limit is 1,048,576" in posted.problems[0].message


@pytest.mark.parametrize("key", ["content", "output"])
def test_what_is_judged_may_get_a_paragraph_more_however_short_it_is(key: str) -> None:
    assert kinds(edit_form({key: "hello", "title": "hello"})) == [
        "prose",
        "line",
    ]
    assert read_edit({key: "hello"}, [(f"edit/{key}", "hello\n\nworld")]).value == {key: "hello\n\nworld"}


def test_a_schema_that_says_what_the_content_is_is_followed() -> None:
    schema = {"properties": {"content": {"enum": ["fault", "billing"]}}}
    assert kinds(edit_form({"content": "fault"}, schema)) == ["choice"]


def test_choices_that_the_model_was_not_sure_of_are_left_to_who_edits() -> None:
    proposal = {"content": "hello", "urgent": True, "parts": [{"kind": "a", "ready": False}]}
    sure, unsure = (str(edit_form(proposal, unsure=each)).count("chosen=True") for each in (False, True))
    assert (sure, unsure) == (2, 0)


def kinds(form: Form) -> list[str]:
    assert isinstance(form.root, Group)
    return [field.kind for field in form.root.fields]


def test_a_schema_that_joins_itself_over_and_over_is_asked_for_as_json() -> None:
    """Each of twelve levels joins eight of the next: what a form shows of it can't be found out in anybody's time."""
    levels = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 8} for n in range(12)}
    form = build({"$defs": {**levels, "d12": {"type": "string"}}, "$ref": "#/$defs/d0"})
    assert form.root.kind == "json"
