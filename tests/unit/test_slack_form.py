"""Modals for Slack: made from a schema or a proposal, and what was typed is read back as it was meant."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from handrail.channels.slack.answer import Faults, Payload, answer_of, comment_of, edit_of
from handrail.channels.slack.field import DoesNotFit
from handrail.channels.slack.form import answer_form, fits
from handrail.channels.slack.inputs import input_block
from handrail.channels.slack.modal import Meant, View, decided, meant, modal, refused, replaced
from handrail.channels.slack.picker import read_seconds
from handrail.channels.slack.press import Press, pressed
from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.errors import NotAllowed
from handrail.requests.facts import changed
from handrail.requests.outcome import Outcome
from handrail.requests.request import HumanRequest, Status
from handrail.requests.schema import problems
from handrail.requests.shape import same
from tests.support.requests_desk import NOW, pure_request
from tests.support.slack_limits import buttons, check_view, filled, shown

Schema = dict[str, Any]
States = dict[str, dict[str, dict[str, Any]]]
LINK = "https://inbox.example/requests/req_1"


def asks(proposal: dict[str, Any] | None = None, **options: Any) -> HumanRequest:
    return pure_request(["alice"], [], proposal=proposal, **options)


def opened(request: HumanRequest, verb: Verb) -> View:
    view = modal(request, verb, channel="C1", ts="1700000000.000100")
    assert view is not None
    check_view(view)
    return view


def answering(schema: Schema) -> View:
    return opened(asks(response_schema=schema), Verb.ANSWER)


def inputs(view: View) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def element(schema: Schema) -> dict[str, Any]:
    found: dict[str, Any] = inputs(answering(schema))["answer"]["element"]
    return found


def typed(text: str | None, block: str = "answer") -> States:
    return {block: {"value": {"type": "plain_text_input", "value": text}}}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "plain_text_input"),
        ({"type": "string", "format": "email"}, "email_text_input"),
        ({"type": "string", "format": "uri"}, "url_text_input"),
        ({"type": "string", "format": "date"}, "datepicker"),
        ({"type": "string", "format": "date-time"}, "datetimepicker"),
        ({"type": "string", "format": "time"}, "plain_text_input"),
        ({"type": "number"}, "number_input"),
        ({"type": "boolean"}, "radio_buttons"),
        ({"enum": list("abcdefghij")}, "radio_buttons"),
        ({"enum": list("abcdefghijk")}, "static_select"),
        ({"type": "array", "items": {"enum": list("abc")}}, "checkboxes"),
        ({"type": "array", "items": {"enum": list("abcdefghijk")}}, "multi_static_select"),
        ({"type": "array", "items": {"type": "string"}}, "plain_text_input"),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, "plain_text_input"),
        ({}, "plain_text_input"),
    ],
)
def test_each_kind_of_value_has_its_input(schema: Schema, kind: str) -> None:
    assert element(schema)["type"] == kind


def test_numbers_and_texts_have_the_bounds_of_their_schema() -> None:
    assert element({"type": "integer", "minimum": 1, "exclusiveMaximum": 5}) == {
        "type": "number_input",
        "is_decimal_allowed": False,
        "min_value": "1",
        "max_value": "4",
        "action_id": "value",
    }
    assert element({"type": "number", "maximum": 0.5})["is_decimal_allowed"] is True
    text = element({"type": "string", "minLength": 2, "maxLength": 40})
    assert (text["min_length"], text["max_length"], text["multiline"]) == (2, 40, False)
    assert element({"type": "string"})["multiline"] is True


def test_titles_descriptions_and_defaults_are_shown() -> None:
    view = answering(
        {
            "type": "object",
            "properties": {
                "score": {"type": "integer", "title": "How good?", "description": "Honestly", "default": 3},
                "pay_to": {"type": "string"},
                "bad": {"type": "integer", "default": "no number"},
            },
            "required": ["score"],
        }
    )
    found = inputs(view)
    score = found["answer/score"]
    assert (score["label"]["text"], score["hint"]["text"]) == ("How good?", "Honestly A whole number.")
    assert (score["element"]["initial_value"], score["optional"]) == ("3", False)
    assert (found["answer/pay_to"]["label"]["text"], found["answer/pay_to"]["optional"]) == ("Pay to", True)
    assert "initial_value" not in found["answer/bad"]["element"]


def test_objects_within_are_fields_of_their_own() -> None:
    street: Schema = {"type": "object", "properties": {"street": {"type": "string"}}, "required": ["street"]}
    schema: Schema = {"type": "object", "properties": {"home": street, "work": street}, "required": ["home"]}
    found = inputs(answering(schema))
    assert list(found) == ["answer/home/street", "answer/work/street"]
    assert found["answer/home/street"]["label"]["text"] == "Home: Street"
    assert [block["optional"] for block in found.values()] == [False, True]
    read = answer_of(schema, typed("Elm", "answer/home/street"))
    assert read == Payload({"home": {"street": "Elm"}})


def test_a_required_object_without_values_is_there() -> None:
    schema: Schema = {
        "properties": {"home": {"type": "object", "properties": {"street": {"type": "string"}}}},
        "required": ["home"],
    }
    assert answer_of(schema, {}) == Payload({"home": {}})


def test_more_than_a_hundred_choices_are_grouped() -> None:
    found = element({"enum": [f"value {number}" for number in range(250)]})
    assert [len(group["options"]) for group in found["option_groups"]] == [100, 100, 50]
    assert found["option_groups"][1]["label"]["text"] == "101–200"


def test_an_optional_choice_can_be_left_and_a_null_chosen() -> None:
    schema: Schema = {
        "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": ["boolean", "null"]}},
        "required": ["b"],
    }
    found = inputs(answering(schema))
    names = {
        name: [option["text"]["text"] for option in block["element"]["options"]]
        for name, block in found.items()
    }
    assert names == {"answer/a": ["x", "y", "No answer"], "answer/b": ["Yes", "No", "None"]}
    chosen: States = {
        "answer/a": {"value": {"selected_option": {"value": "2"}}},
        "answer/b": {"value": {"selected_option": {"value": "2"}}},
    }
    assert answer_of(schema, chosen) == Payload({"b": None})


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": ["x" * 76, "y"]},
        {"enum": ["a b", "a  b"]},
        {"enum": list(range(1001))},
        {"type": "string", "minLength": 3001},
        {"type": "string", "default": "x" * 3001},
        {"type": "string", "default": "turned\u202e"},
        {"type": "string", "title": "x" * 2001},
        {"type": "string", "description": "x" * 2001},
        {"type": "object", "properties": {"x" * 260: {"type": "string"}}},
        {"type": "object", "properties": {f"key{number}": {"type": "string"} for number in range(91)}},
    ],
)
def test_what_would_be_cut_or_hidden_makes_no_modal(schema: Schema) -> None:
    request = asks(response_schema=schema)
    assert modal(request, Verb.ANSWER) is None
    assert not fits(request, Verb.ANSWER)


@pytest.mark.parametrize("content", ["x" * 3001, "turned\u202e", ["x" * 3001]])
def test_a_proposal_that_no_input_holds_is_not_edited_here(content: JSON) -> None:
    assert modal(asks({"content": content}), Verb.EDIT) is None


def test_ninety_fields_fit() -> None:
    answering({"type": "object", "properties": {f"key{number}": {"type": "string"} for number in range(90)}})


def test_what_does_not_fit_is_said_beside_its_field() -> None:
    schema: Schema = {
        "type": "object",
        "properties": {
            "score": {"type": "integer", "maximum": 5},
            "a.b": {"type": "string", "pattern": "^x"},
        },
        "required": ["score", "a.b"],
    }
    states = typed("9", "answer/score") | typed("y", "answer/a.b")
    found = answer_of(schema, states)
    assert found == Faults({"answer/score": "Must be at most 5.", "answer/a.b": "Must match ^x."})
    assert found.response == {"response_action": "errors", "errors": found.errors}
    assert answer_of(schema, typed("9.5", "answer/score")) == Faults(
        {"answer/score": "Write a whole number, such as 12.", "answer/a.b": "Fill this in."}
    )


def test_what_is_wrong_within_json_or_with_the_whole_is_said_beside_the_nearest_field() -> None:
    schema: Schema = {
        "type": "object",
        "properties": {"first": {"type": "string"}, "rows": {"type": "array", "items": {"type": "integer"}}},
        "minProperties": 2,
    }
    assert answer_of(schema, typed('[1, "x"]', "answer/rows") | typed("a", "answer/first")) == Faults(
        {"answer/rows": "Must be of type integer."}
    )
    assert answer_of(schema, typed("[1]", "answer/rows")) == Faults({"answer/first": "Must have at least 2."})
    assert isinstance(answer_of(schema, typed("[1,", "answer/rows")), Faults)


def test_a_missing_choice_is_asked_for() -> None:
    assert answer_of({"type": "boolean"}, {}) == Faults({"answer": "Choose one."})


def test_an_option_that_was_never_offered_is_none() -> None:
    for value in ("7", "-1", "x", 3):
        states = {"answer": {"value": {"selected_option": {"value": value}}}}
        assert answer_of({"type": "boolean"}, states) == Faults({"answer": "Choose one."})


def test_a_bare_text_is_an_answer_where_anything_is() -> None:
    assert answer_of({}, typed("hello")) == Payload("hello")
    assert answer_of({}, typed("[1]")) == Payload([1])
    assert "Given as JSON" not in str(answering({}))


EDITED = {"content": "Hello", "n": 1.5, "live": True, "tags": ["a"], "note": None, "empty": ""}


def test_a_proposal_is_edited_by_its_keys() -> None:
    view = opened(asks(EDITED), Verb.EDIT)
    kinds = {name: block["element"]["type"] for name, block in inputs(view).items()}
    assert kinds == {
        "edit/content": "plain_text_input",
        "edit/n": "number_input",
        "edit/live": "radio_buttons",
        "edit/tags": "plain_text_input",
        "edit/note": "plain_text_input",
        "edit/empty": "plain_text_input",
    }
    assert inputs(view)["edit/content"]["element"]["initial_value"] == "Hello"
    assert view["title"]["text"] == "Edit and approve"


def test_only_what_was_changed_is_sent() -> None:
    request = asks(EDITED)
    states = filled(opened(request, Verb.EDIT))
    assert edit_of(request, states) == Faults({"edit/content": "Change something, or approve it as it is."})
    states |= typed("Bye", "edit/content") | typed('["b"]', "edit/tags")
    assert edit_of(request, states) == Payload({"content": "Bye", "tags": ["b"]})
    assert edit_of(request, states | typed(None, "edit/content")) == Payload({"content": "", "tags": ["b"]})


def test_line_ends_and_blanks_that_slack_changes_are_no_edit() -> None:
    request = asks({"content": "one\r\ntwo\n", "other": "x"})
    states = filled(opened(request, Verb.EDIT)) | typed("one\ntwo", "edit/content") | typed("y", "edit/other")
    assert edit_of(request, states) == Payload({"other": "y"})


def test_an_edit_is_checked_as_a_decision_is() -> None:
    schema: Schema = {"properties": {"content": {"type": "string", "maxLength": 5}}}
    request = asks({"content": "Hello"}, proposal_schema=schema)
    states = typed("too long", "edit/content")
    assert edit_of(request, states) == Faults({"edit/content": "Must have at most 5."})


def test_the_schema_of_a_proposal_says_how_it_is_edited() -> None:
    schema: Schema = {
        "$defs": {"day": {"type": "string", "format": "date"}},
        "properties": {"size": {"enum": ["s", "m"]}, "day": {"$ref": "#/$defs/day"}, "odd": {"enum": ["s"]}},
    }
    request = asks({"size": "m", "day": "2026-03-01", "odd": "x"}, proposal_schema=schema)
    found = inputs(opened(request, Verb.EDIT))
    assert found["edit/size"]["element"]["initial_option"]["text"]["text"] == "m"
    assert found["edit/day"]["element"]["initial_date"] == "2026-03-01"
    assert found["edit/odd"]["element"]["type"] == "plain_text_input"


def test_a_choice_that_the_machine_was_not_sure_of_is_left_to_who_edits() -> None:
    schema: Schema = {"properties": {"size": {"enum": ["s", "m"]}}}
    context = {"confidence": 0.4, "threshold": 0.8}
    view = opened(asks({"size": "m"}, proposal_schema=schema, context=context), Verb.EDIT)
    assert "initial_option" not in inputs(view)["edit/size"]["element"]


@pytest.mark.parametrize(
    ("verb", "ask"), [(Verb.REQUEST_CHANGES, "What should change?"), (Verb.REJECT, "Why is it")]
)
def test_words_are_required_where_somebody_gets_them(verb: Verb, ask: str) -> None:
    block = inputs(opened(asks(), verb))["comment"]
    assert block["label"]["text"].startswith(ask)
    assert block["optional"] is False
    assert comment_of(typed("shorter", "comment")) == Payload("shorter")
    assert comment_of(typed("  ", "comment")) == comment_of({}) == Faults({"comment": "Fill this in."})


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.ABSTAIN])
def test_what_needs_no_words_has_no_modal(verb: Verb) -> None:
    assert modal(asks(), verb) is None


def test_a_modal_knows_what_it_is_about_and_where_it_was_opened() -> None:
    request = asks()
    view = opened(request, Verb.REJECT)
    found = Meant(Verb.REJECT, "req_1", request.content_hash, "C1", "1700000000.000100")
    assert meant(view["private_metadata"]) == found
    assert view["callback_id"] == "handrail:reject"


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '["publish","a","b","c","d"]', '["reject","a","b","c"]', "[1,2,3,4,5]"]
)
def test_another_modal_is_none_of_ours(text: str) -> None:
    assert meant(text) is None


def test_a_request_that_was_replaced_shows_the_later_revision_with_its_own_buttons() -> None:
    newer = changed(asks({"content": "second"}), id="req_2", revision=2)
    view = replaced(newer, link=LINK)
    check_view(view)
    assert "replaced by revision 2" in shown(view["blocks"])
    assert "second" in shown(view["blocks"])
    rows = [each for block in view["blocks"] if block["type"] == "actions" for each in block["elements"]]
    assert pressed(rows[0]) == Press(Verb.APPROVE, "req_2", newer.content_hash)


def test_a_long_later_revision_is_opened_not_approved() -> None:
    newer = changed(asks({"content": "x" * 5000}), id="req_2", revision=2)
    assert "Approve" not in buttons(replaced(newer, link=LINK))


def test_a_request_that_was_decided_says_by_whom_and_when() -> None:
    outcome = Outcome(Verb.APPROVE, NOW, ("bob",))
    view = decided(changed(asks(), status=Status.RESOLVED, outcome=outcome, ended_at=NOW), link=LINK)
    check_view(view)
    assert "bob approved this" in shown(view["blocks"])
    assert f"<!date^{int(NOW.timestamp())}" in shown(view["blocks"])
    assert buttons(view) == ["Open"]


def test_who_may_not_decide_is_told_in_the_modal() -> None:
    view = refused(asks(), NotAllowed("", rule="audience"), link=None)
    check_view(view)
    assert "This asks alice, not you." in shown(view["blocks"])


# Round trips

keys = st.sampled_from(["a", "b.c", "d/e", "f[0]", "g h", "ü", "", "@1", "%41", "A", "kind", "0"])
texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"]), max_size=12
) | st.sampled_from(["a\nb", "<!channel>", "&amp;", "7", "null", "[1", "`*_~", "👩\u200d💻"])
numbers: st.SearchStrategy[Any] = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
moments = st.integers(10**9, 4 * 10**9).map(read_seconds)
Drawn = tuple[Schema, Any]


@st.composite
def simple(draw: st.DrawFn) -> Drawn:
    match draw(st.integers(0, 9)):
        case 0:
            return {"type": "string"}, draw(texts)
        case 1:
            return {"type": "integer"}, draw(st.integers(-(10**30), 10**30))
        case 2:
            return {"type": "number"}, draw(numbers)
        case 3:
            return {"type": ["boolean", "null"]}, draw(st.none() | st.booleans())
        case 4 | 5 as kind:
            values = draw(st.lists(texts, min_size=1, max_size=130 if kind == 4 else 9, unique_by=str.strip))
            if kind == 4:
                return {"enum": values}, draw(st.sampled_from(values))
            chosen = [each for each in values if draw(st.booleans())]
            return {"type": "array", "items": {"enum": values}}, chosen
        case 6:
            return {"type": "string", "format": "date"}, draw(st.dates()).isoformat()
        case 7:
            return {"type": "string", "format": "date-time"}, draw(moments)
        case 8:
            return {"type": "array", "items": {"type": "integer"}}, draw(st.lists(st.integers(), max_size=3))
    return {}, draw(anything)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Drawn]) -> Drawn:
    names = draw(st.lists(keys, max_size=4, unique=True))
    properties, value, required = {}, {}, []
    for name in names:
        properties[name], each = draw(inner)
        if draw(st.booleans()):
            required.append(name)
        if name in required or draw(st.booleans()):
            value[name] = each
    return {"type": "object", "properties": properties, "required": required}, value


drawn = st.recursive(simple(), objects, max_leaves=6)


def is_carried(value: JSON, *, inside: bool = False) -> bool:
    """Whether an input can say this value: Slack has no empty text, list or object that is left empty but there."""
    match value:
        case dict():
            return bool(value) and all(is_carried(each) for each in value.values())
        case "" | []:
            return False
    return True


@given(drawn)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
def test_a_value_filled_into_the_modal_of_its_schema_is_read_back(found: Drawn) -> None:
    schema, value = found
    assume(is_carried(value))
    assume(not problems(schema, value))
    filled_in = {**schema, "default": value}
    view = modal(asks(response_schema=filled_in), Verb.ANSWER)
    assume(view is not None)
    assert view is not None
    check_view(view)
    read = answer_of(filled_in, filled(view))
    assert isinstance(read, Payload), read
    assert same(read.value, value)


@given(st.dictionaries(keys, anything | texts, min_size=1, max_size=4), st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_edit_of_one_key_is_this_key(proposal: dict[str, Any], data: st.DataObject) -> None:
    request = asks(proposal)
    view = modal(request, Verb.EDIT)
    assume(view is not None)
    assert view is not None
    check_view(view)
    states = filled(view)
    assert isinstance(edit_of(request, states), Faults)
    key = data.draw(st.sampled_from([*proposal]))
    other = replace(
        request.draft, proposal={**proposal, key: "changed" if isinstance(proposal[key], str) else 7}
    )
    assume(not same(other.proposal[key], proposal[key]) and not isinstance(proposal[key], bool))
    assume(proposal[key] != "changed")
    block = f"edit/{quote(key, safe='')}"
    states[block] = {"value": {"value": "changed" if isinstance(proposal[key], str) else "7"}}
    assert edit_of(request, states) == Payload({key: other.proposal[key]})


@given(st.recursive(simple(), objects, max_leaves=4), st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_slack_sends_is_read_or_refused_beside_a_field_of_the_modal(
    found: Drawn, data: st.DataObject
) -> None:
    schema, _ = found
    try:
        form = answer_form(schema)
    except DoesNotFit:
        return
    assume(form.fields)
    junk = st.dictionaries(
        st.sampled_from(
            ["value", "selected_option", "selected_options", "selected_date", "selected_date_time"]
        ),
        st.none() | texts | st.integers(0, 10**12) | st.just({"value": "1"}) | st.just([{"value": "0"}]),
    )
    states = {field.block_id: {"value": data.draw(junk)} for field in form.fields}
    read = answer_of(schema, states)
    if isinstance(read, Faults):
        assert read.errors.keys() <= {input_block(field)["block_id"] for field in form.fields}
        assert all(0 < len(text) <= 300 for text in read.errors.values())
    else:
        assert not problems(schema, read.value)
        json.dumps(read.value)
