"""What fits a request and what doesn't, with the names of the fields."""

import math
from dataclasses import replace
from typing import Any

import pytest

from handrail.requests.content import LIMIT
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict, InvalidDecision
from handrail.requests.request import HumanRequest
from handrail.requests.validation import check_decision, check_seen, merged, parse_verb
from tests.support.requests_desk import pure_request

FORM = {"type": "object", "properties": {"score": {"type": "integer", "maximum": 5}}, "required": ["score"]}
SHAPE = {"type": "object", "properties": {"title": {"maxLength": 5}, "body": {"type": "string"}}}


def request(**parts: Any) -> HumanRequest:
    made = pure_request(None, [])
    return replace(made, draft=replace(made.draft, proposal={"title": "t", "body": "b"}, **parts))


@pytest.mark.parametrize(
    ("verb", "payload", "comment"),
    [
        (Verb.APPROVE, None, None),
        (Verb.APPROVE, None, "well done"),
        (Verb.REJECT, None, ""),
        (Verb.ABSTAIN, None, None),
        (Verb.REQUEST_CHANGES, None, "shorter"),
        (Verb.EDIT, {"title": "short"}, None),
        (Verb.EDIT, {"title": "a", "body": "c"}, "both"),
        (Verb.ANSWER, {"score": 5}, None),
        (Verb.ANSWER, {"score": 5, "more": [1]}, None),
    ],
)
def test_what_fits(verb: Verb, payload: Any, comment: str | None) -> None:
    check_decision(request(response_schema=FORM, proposal_schema=SHAPE), verb, payload, comment)


@pytest.mark.parametrize(
    ("verb", "payload", "comment", "fields"),
    [
        (Verb.REQUEST_CHANGES, None, None, ["comment"]),
        (Verb.REQUEST_CHANGES, None, "  \n", ["comment"]),
        (Verb.REQUEST_CHANGES, {"title": "x"}, "shorter", ["payload"]),
        (Verb.APPROVE, {"title": "x"}, None, ["payload"]),
        (Verb.APPROVE, {}, None, ["payload"]),
        (Verb.APPROVE, False, None, ["payload"]),
        (Verb.REJECT, "no", None, ["payload"]),
        (Verb.ABSTAIN, 0, None, ["payload"]),
        (Verb.EDIT, None, None, ["payload"]),
        (Verb.EDIT, {}, None, ["payload"]),
        (Verb.EDIT, ["title"], None, ["payload"]),
        (Verb.EDIT, {"titel": "x", "boddy": "y", "body": "z"}, None, ["titel", "boddy"]),
        (Verb.EDIT, {"title": "too long"}, None, ["title"]),
        (Verb.EDIT, {"body": 3, "title": "too long"}, None, ["body", "title"]),
        (Verb.ANSWER, None, None, [""]),
        (Verb.ANSWER, {}, None, ["score"]),
        (Verb.ANSWER, {"score": 6}, None, ["score"]),
        (Verb.ANSWER, {"score": "5"}, None, ["score"]),
        (Verb.ANSWER, {"score": math.nan}, None, ["payload"]),
        (Verb.ANSWER, {"score": object()}, None, ["payload"]),
        (Verb.ANSWER, "x" * LIMIT, None, ["payload"]),
        (Verb.ANSWER, {"score": 1}, "x" * LIMIT, ["comment"]),
        (Verb.APPROVE, None, "\ud800", ["comment"]),
        (Verb.APPROVE, None, 5, ["comment"]),
        (Verb.REQUEST_CHANGES, None, ["shorter"], ["comment"]),
    ],
)
def test_what_doesnt_fit_names_its_fields(verb: Verb, payload: Any, comment: Any, fields: list[str]) -> None:
    with pytest.raises(InvalidDecision) as caught:
        check_decision(request(response_schema=FORM, proposal_schema=SHAPE), verb, payload, comment)
    assert [problem.path for problem in caught.value.fields] == fields
    assert len(str(caught.value)) < 1000


def test_an_answer_without_a_schema_is_whatever_json_carries() -> None:
    for payload in (None, "text", 3.5, [{"a": None}]):
        check_decision(request(), Verb.ANSWER, payload, None)


def test_messages_name_the_request_and_never_the_answer() -> None:
    with pytest.raises(InvalidDecision, match="req_1") as caught:
        check_decision(request(response_schema={"type": "integer"}), Verb.ANSWER, "hunter2", None)
    assert "hunter2" not in str(caught.value)


def test_only_verbs_of_the_request_and_abstaining_are_taken() -> None:
    narrow = request(verbs=(Verb.APPROVE, Verb.REJECT))
    assert [parse_verb(verb, narrow) for verb in ("approve", Verb.REJECT, "abstain")] == [
        Verb.APPROVE,
        Verb.REJECT,
        Verb.ABSTAIN,
    ]
    verb: Any
    for verb in ("edit", "answer", "APPROVE", "", "x" * 1000, None, ["approve"]):
        with pytest.raises(InvalidDecision, match="takes approve, reject, abstain") as caught:
            parse_verb(verb, narrow)
        assert [problem.path for problem in caught.value.fields] == ["verb"]
        assert len(str(caught.value)) < 200


def test_a_decision_on_other_content_than_was_shown_is_a_conflict() -> None:
    asked = request()
    check_seen(asked, None)
    check_seen(asked, asked.content_hash)
    with pytest.raises(Conflict, match="look at it again"):
        check_seen(asked, "0" * 64)


def test_an_edit_replaces_keys_as_a_whole() -> None:
    proposal = {"a": {"deep": 1, "more": 2}, "b": 3}
    assert merged(proposal, {"a": {"deep": 9}}) == {"a": {"deep": 9}, "b": 3}
    assert proposal == {"a": {"deep": 1, "more": 2}, "b": 3}
