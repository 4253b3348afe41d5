"""What is written down reads back the same, also in a later version: the persisted names are pinned here.

A test that fails here means that a stored database would no longer be read: rename nothing, migrate instead.
"""

import json
from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from handrail.requests.decision import Decision, Strength, Verb
from handrail.requests.lifecycle import (
    Assigned,
    Claimed,
    Commented,
    Decided,
    Escalated,
    Expired,
    Move,
    Opened,
    Reassigned,
    Released,
    Reminded,
    Resolved,
    Withdrawn,
)
from handrail.requests.outcome import GivenOutcome, Outcome
from handrail.requests.policy import Audience, at_least, escalation, fraction, policy
from handrail.requests.pool import Pool
from handrail.requests.record import public, read_move, read_request, write_draft, write_move, write_state
from handrail.requests.request import HumanRequest, RequestDraft, Status
from tests.support.requests_desk import NOW, pure_request

WHO = Audience(("ann", "bob"), ("legal",), ("zoe",), True)
WHO_TEXT = {"users": ["ann", "bob"], "groups": ["legal"], "excluded": ["zoe"], "not_initiator": True}
VOTE = Decision(Verb.EDIT, "ann", NOW, {"content": [1, None, "ü"]}, "better", Strength.SESSION, "web")
VOTE_TEXT = {
    "verb": "edit",
    "actor": "ann",
    "at": "2026-01-01T12:00:00Z",
    "payload": {"content": [1, None, "ü"]},
    "comment": "better",
    "strength": 3,
    "channel": "web",
}
RESULT = Outcome(Verb.EDIT, NOW, ("ann",), {"content": 1}, "better", "decision", 1, 2)
RESULT_TEXT = {
    "verb": "edit",
    "at": "2026-01-01T12:00:00Z",
    "by": ["ann"],
    "payload": {"content": 1},
    "comment": "better",
    "cause": "decision",
    "approvals": 1,
    "asked": 2,
}

MOVES: list[tuple[Move, dict[str, Any]]] = [
    (Claimed("ann"), {"by": "ann", "kind": "claimed"}),
    (Released("ann"), {"by": "ann", "kind": "released"}),
    (Decided(VOTE), {"decision": VOTE_TEXT, "kind": "decided"}),
    (Resolved(RESULT, "req_2"), {"outcome": RESULT_TEXT, "superseded_by": "req_2", "kind": "resolved"}),
    (Expired(), {"kind": "expired"}),
    (Withdrawn("ann", "why"), {"by": "ann", "reason": "why", "superseded_by": None, "kind": "withdrawn"}),
    (
        Reassigned("ann", WHO, ("ann", "bob"), "holiday"),
        {
            "by": "ann",
            "audience": WHO_TEXT,
            "asked": ["ann", "bob"],
            "comment": "holiday",
            "kind": "reassigned",
        },
    ),
    (
        Escalated("handrail", WHO, None, 1, NOW),
        {
            "by": "handrail",
            "audience": WHO_TEXT,
            "asked": None,
            "rung": 1,
            "deadline": "2026-01-01T12:00:00Z",
            "kind": "escalated",
        },
    ),
    (Assigned("handrail", "ann"), {"by": "handrail", "worker": "ann", "kind": "assigned"}),
    (Reminded("handrail", 2), {"by": "handrail", "passed": 2, "kind": "reminded"}),
    (Commented("ann", "hm"), {"by": "ann", "text": "hm", "kind": "commented"}),
]


def full_request() -> HumanRequest:
    rules = policy(
        audience=WHO,
        quorum=at_least(2),
        timeout=60,
        on_timeout=GivenOutcome(Verb.ANSWER, ["a"], "so be it"),
        escalations=[escalation(30, "group:press")],
        reminders=[10, 20],
        require="link",
        blind=True,
    )
    draft = RequestDraft(
        "approval",
        "Publish?",
        {"content": "hello", "n": 1.5},
        (Verb.APPROVE, Verb.EDIT),
        rules,
        {"why": "because"},
        "be kind",
        {"type": "integer"},
        {"type": "object"},
        ("slack",),
        3,
        "req_0",
        "tasks/1",
        Pool(("ann", "bob"), 2, "round_robin"),
        "Publishes it.",
    )
    return HumanRequest(
        "req_1", draft, "hash", "req_0", 2, NOW, WHO, ("ann", "bob"), NOW + timedelta(60), NOW + timedelta(10),
        "run_1", "flow", "1/0", "zoe", Status.RESOLVED, 7, "ann", (VOTE,), RESULT, "req_2", 1, 1, NOW, "ann",
        "bob", True,
    )  # fmt: skip


@pytest.mark.parametrize(("move", "text"), MOVES, ids=[move.kind for move, _ in MOVES])
def test_moves_are_written_as_they_always_were(move: Move, text: dict[str, Any]) -> None:
    assert json.loads(write_move(move)) == text
    assert read_move(json.dumps(text)) == move


def test_every_move_is_pinned() -> None:
    assert {type(move) for move, _ in MOVES} | {Opened} == set(get_args(Move))


def test_an_opening_carries_the_whole_request() -> None:
    opened = Opened(full_request())
    text = json.loads(write_move(opened))
    assert set(text) == {"request", "kind"}
    assert read_move(write_move(opened)) == opened


def test_a_withdrawal_of_an_earlier_version_is_still_read() -> None:
    assert read_move('{"by":"ann","reason":null,"kind":"withdrawn"}') == Withdrawn("ann")


def test_drafts_are_written_as_they_always_were() -> None:
    written = json.loads(write_draft(full_request().draft))
    assert written == {
        "kind": "approval",
        "title": "Publish?",
        "proposal": {"content": "hello", "n": 1.5},
        "verbs": ["approve", "edit"],
        "policy": {
            "audience": WHO_TEXT,
            "quorum": {"count": 2, "kind": "at_least"},
            "timeout": 60.0,
            "on_timeout": {"verb": "answer", "payload": ["a"], "comment": "so be it"},
            "escalations": [
                {
                    "after": 30.0,
                    "to": {"users": [], "groups": ["press"], "excluded": [], "not_initiator": False},
                }
            ],
            "reminders": [10.0, 20.0],
            "require": 1,
            "blind": True,
            "within": None,
        },
        "context": {"why": "because"},
        "guideline": "be kind",
        "response_schema": {"type": "integer"},
        "proposal_schema": {"type": "object"},
        "channels": ["slack"],
        "priority": 3,
        "previous": "req_0",
        "key": "tasks/1",
        "pool": {"workers": ["ann", "bob"], "capacity": 2, "assign": "round_robin"},
        "effect": "Publishes it.",
    }


def test_states_are_written_as_they_always_were() -> None:
    assert json.loads(write_state(full_request())) == {
        "id": "req_1",
        "content_hash": "hash",
        "thread": "req_0",
        "revision": 2,
        "opened_at": "2026-01-01T12:00:00Z",
        "audience": WHO_TEXT,
        "asked": ["ann", "bob"],
        "deadline": "2026-03-02T12:00:00Z",
        "due_at": "2026-01-11T12:00:00Z",
        "run_id": "run_1",
        "flow": "flow",
        "address": "1/0",
        "initiator": "zoe",
        "status": "RESOLVED",
        "version": 7,
        "claimed_by": "ann",
        "decisions": [VOTE_TEXT],
        "outcome": RESULT_TEXT,
        "superseded_by": "req_2",
        "reminded": 1,
        "escalated": 1,
        "ended_at": "2026-01-01T12:00:00Z",
        "ended_by": "ann",
        "worker": "bob",
        "in_line": True,
    }


def test_requests_of_an_earlier_version_are_still_read() -> None:
    request = full_request()
    draft, state = json.loads(write_draft(request.draft)), json.loads(write_state(request))
    for added in ("key", "pool"):
        del draft[added]
    for added in ("worker", "in_line"):
        del state[added]
    before = replace(request, draft=replace(request.draft, key=None, pool=None), worker=None, in_line=False)
    assert read_request(json.dumps(draft), json.dumps(state)) == before


@pytest.mark.parametrize("quorum", ["first", "all", at_least(2), fraction(0.66)])
@pytest.mark.parametrize("on_timeout", ["reject", "approve", None, GivenOutcome(Verb.APPROVE)])
def test_requests_read_back_the_same(quorum: Any, on_timeout: Any) -> None:
    request = full_request()
    rules = policy(audience=WHO, quorum=quorum, on_timeout=on_timeout)
    request = replace(request, draft=replace(request.draft, policy=rules))
    assert read_request(write_draft(request.draft), write_state(request)) == request


def test_the_words_that_are_stored() -> None:
    assert [str(status) for status in Status] == ["OPEN", "CLAIMED", "RESOLVED", "EXPIRED", "WITHDRAWN"]
    assert [str(verb) for verb in Verb] == [
        "approve",
        "edit",
        "request_changes",
        "reject",
        "answer",
        "abstain",
    ]
    assert [(strength.name, strength.value) for strength in Strength] == [
        ("ASSERTED", 0),
        ("LINK", 1),
        ("CHANNEL", 2),
        ("SESSION", 3),
    ]


def test_the_keys_that_faces_show() -> None:
    shown = public(full_request())
    assert set(shown) == {
        "id", "status", "kind", "title", "flow", "run_id", "thread", "revision", "opened_at", "due_at", "next_due_at",
        "audience", "proposal", "context", "guideline", "effect", "verbs", "response_schema", "quorum", "on_timeout",
        "decisions", "outcome", "channels", "priority", "previous", "proposal_schema", "content_hash", "asked",
        "address", "initiator", "version", "claimed_by", "superseded_by", "reminded", "escalated", "ended_at",
        "ended_by", "worker", "in_line",
    }  # fmt: skip
    assert json.loads(json.dumps(shown)) == shown
    assert shown["quorum"] == "at_least(2)"
    assert shown["outcome"]["approved"] is True
    assert shown["decisions"] == [{**VOTE_TEXT, "strength": "session"}]
    assert shown["due_at"] == "2026-03-02T12:00:00Z"
    assert shown["verbs"] == ["approve", "edit", "abstain"]


def test_quorums_are_shown_in_words() -> None:
    shown = [
        public(pure_request(("ann", "bob"), [], quorum=q))["quorum"] for q in ("first", "all", fraction(0.5))
    ]
    assert shown == ["first", "all", "fraction(0.5)"]


def test_who_is_asked_blind_sees_others_after_deciding() -> None:
    request = pure_request(("ann", "bob", "cem"), [("ann", Verb.APPROVE)], quorum="all", blind=True)
    assert [len(public(request, viewer)["decisions"]) for viewer in ("ann", "bob", None)] == [1, 0, 1]
    ended = replace(request, status=Status.WITHDRAWN)
    assert len(public(ended, "bob")["decisions"]) == 1
    seeing = pure_request(("ann", "bob"), [("ann", Verb.APPROVE)], quorum="all")
    assert len(public(seeing, "bob")["decisions"]) == 1


def _full_request() -> HumanRequest:
    given = policy(audience=WHO, quorum=at_least(2), timeout=60, escalations=[escalation(after=9, to="dave")])
    request = pure_request(["ann", "bob"], [("ann", Verb.APPROVE)])
    draft = replace(request.draft, policy=given, pool=Pool(("ann", "bob"), 2, "round_robin"))
    return replace(request, draft=draft, decisions=(VOTE,), outcome=RESULT, status=Status.RESOLVED)


def _without_each_default(cls: Any, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for field in fields(cls):
        if field.default is not MISSING or field.default_factory is not MISSING:
            yield {key: value for key, value in data.items() if key != field.name}


def test_what_an_older_version_did_not_write_has_its_default() -> None:
    """What waits was written by whichever version was there then: each later key of a record has a default."""
    request = _full_request()
    draft, state = json.loads(write_draft(request.draft)), json.loads(write_state(request))
    for older in _without_each_default(RequestDraft, draft):
        assert read_request(json.dumps(older), json.dumps(state)).id == request.id
    for older in _without_each_default(HumanRequest, state):
        assert read_request(json.dumps(draft), json.dumps(older)).draft == request.draft


def test_what_a_newer_version_wrote_besides_is_passed_over() -> None:
    kept = {"proposal", "context", "response_schema", "proposal_schema", "payload"}

    def more(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                **{key: inner if key in kept else more(inner) for key, inner in value.items()},
                "later": 1,
            }
        return [more(inner) for inner in value] if isinstance(value, list) else value

    request = _full_request()
    draft, state = json.loads(write_draft(request.draft)), json.loads(write_state(request))
    assert read_request(json.dumps(more(draft)), json.dumps(more(state))) == request
