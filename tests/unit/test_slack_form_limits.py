"""Modals that Slack would refuse are never made, whatever a schema or a proposal says."""

from typing import Any

import pytest

from handrail.channels.slack.form import fits
from handrail.channels.slack.modal import modal
from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest
from tests.support.requests_desk import pure_request


def asks(proposal: dict[str, Any] | None = None, **options: Any) -> HumanRequest:
    return pure_request(["alice"], [], proposal=proposal, **options)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "minimum": 0.5, "maximum": 3.5}, {"min_value": "1", "max_value": "3"}),
        ({"type": "integer", "exclusiveMinimum": 0.5, "exclusiveMaximum": 3.5}, {"min_value": "1", "max_value": "3"}),
        ({"type": "integer", "minimum": 2, "exclusiveMinimum": 2, "maximum": 9, "exclusiveMaximum": 8},
         {"min_value": "3", "max_value": "7"}),
        ({"type": "integer", "minimum": 3.2, "maximum": 3.8}, {}),
    ],
)  # fmt: skip
def test_bounds_of_whole_numbers_are_whole(schema: dict[str, Any], expected: dict[str, str]) -> None:
    view = modal(asks(response_schema=schema), Verb.ANSWER)
    assert view is not None
    element = view["blocks"][-1]["element"]
    assert {name: element[name] for name in ("min_value", "max_value") if name in element} == expected
    assert element["is_decimal_allowed"] is False


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        (50, {"type": "integer", "maximum": 10}, {"initial_value": "50", "is_decimal_allowed": False}),
        (-3.5, {"type": "number", "minimum": 0}, {"initial_value": "-3.5", "is_decimal_allowed": True}),
        (3.0, {"type": "integer"}, {"initial_value": "3.0", "is_decimal_allowed": True}),
        (3.5, {"type": "integer"}, {"initial_value": "3.5", "is_decimal_allowed": True}),
        ("x" * 50, {"type": "string", "maxLength": 10},
         {"initial_value": "x" * 50, "multiline": False, "max_length": 3000}),
        ("one\ntwo", {"type": "string", "maxLength": 10},
         {"initial_value": "one\ntwo", "multiline": True, "max_length": 10}),
    ],
)  # fmt: skip
def test_an_input_takes_its_first_value_whatever_its_schema_says(
    value: Any, schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    request = asks({"it": value}, proposal_schema={"properties": {"it": schema}})
    view = modal(request, Verb.EDIT)
    assert view is not None
    element = view["blocks"][-1]["element"]
    assert {name: each for name, each in element.items() if name not in ("type", "action_id")} == expected


def test_a_text_that_can_have_no_length_has_no_least_length() -> None:
    schema = {"properties": {"it": {"type": "string", "minLength": 5, "maxLength": 1}}, "required": ["it"]}
    view = modal(asks(response_schema=schema), Verb.ANSWER)
    assert view is not None
    assert "min_length" not in view["blocks"][-1]["element"]


def test_a_modal_that_is_larger_than_slack_takes_is_none() -> None:
    long = {"enum": [f"{number} {'x' * 70}" for number in range(900)]}
    one, two = ({"properties": dict.fromkeys(names, long)} for names in ("a", "abc"))
    assert modal(asks(response_schema=one), Verb.ANSWER) is not None
    assert not fits(asks(response_schema=two), Verb.ANSWER)
    assert modal(asks(response_schema=two), Verb.ANSWER) is None
