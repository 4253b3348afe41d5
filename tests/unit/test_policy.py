"""Policies say what they mean, or say what is wrong."""

import math
from typing import Any

import pytest

from handrail.requests.decision import Strength, Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.outcome import outcome
from handrail.requests.policy import (
    AtLeast,
    Audience,
    Fraction,
    at_least,
    audience,
    escalation,
    fraction,
    policy,
)


@pytest.mark.parametrize(
    "options",
    [
        {"quorum": "most"},
        {"quorum": "all"},
        {"quorum": fraction(0.5)},
        {"quorum": at_least(3), "audience": ["ann", "bob"]},
        {"quorum": AtLeast(0)},
        {"quorum": Fraction(1.5), "audience": "ann"},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": math.nan},
        {"timeout": math.inf},
        {"timeout": True},
        {"timeout": "60"},
        {"timeout": 4e9},
        {"on_timeout": "ask again"},
        {"on_timeout": "escalate"},
        {"reminders": [0]},
        {"require": "passport"},
        {"require": 9},
        {"audience": [""]},
        {"audience": ["group:"]},
        {"audience": [3]},
    ],
)
def test_what_cant_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        policy(**options)


@pytest.mark.parametrize("count", [0, -1, 1.0, True, "2"])
def test_at_least_takes_whole_numbers_from_one(count: Any) -> None:
    with pytest.raises(InvalidInput):
        at_least(count)


@pytest.mark.parametrize("share", [0, -0.1, 1.01, math.nan, True, "0.5"])
def test_fraction_takes_a_share(share: Any) -> None:
    with pytest.raises(InvalidInput):
        fraction(share)


def test_an_escalation_names_somebody() -> None:
    with pytest.raises(InvalidInput, match="whom"):
        escalation(10, [])
    with pytest.raises(InvalidInput, match="after"):
        escalation(0, "ann")


def test_a_given_outcome_is_json_and_has_a_verb() -> None:
    assert outcome("answer", ("a", 1)).payload == ["a", 1]
    for verb, payload in (("agree", None), ("answer", math.nan), ("answer", object())):
        with pytest.raises(InvalidInput):
            outcome(verb, payload)


def test_ladders_and_reminders_are_in_order_of_time() -> None:
    made = policy(escalations=[escalation(20, "bob"), escalation(10, "ann")], reminders=[9, 3, 6])
    assert [rung.after for rung in made.escalations] == [10, 20]
    assert made.reminders == (3, 6, 9)


def test_silence_is_a_rejection_unless_said_otherwise() -> None:
    made = policy()
    assert (made.on_timeout, made.timeout, made.require) == ("reject", None, Strength.ASSERTED)
    assert policy(require="session").require is Strength.SESSION
    assert outcome(Verb.APPROVE).verb is Verb.APPROVE


def test_an_audience_names_people_and_groups_once() -> None:
    assert audience(["ann", "group:legal", "ann", "group:legal"]) == Audience(("ann",), ("legal",))
    assert audience("ann") == Audience(("ann",))
    assert audience(None).is_open
    assert Audience(excluded=("ann",)).is_open


def test_a_widened_audience_keeps_its_exclusions_and_an_open_one_stays_open() -> None:
    wide = Audience(("ann",), (), ("zoe",), True).widened(Audience(("bob", "ann"), ("legal",), ("cem",)))
    assert wide == Audience(("ann", "bob"), ("legal",), ("zoe",), True)
    assert Audience().widened(Audience(("bob",))) == Audience()
