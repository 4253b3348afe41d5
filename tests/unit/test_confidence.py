"""`SmartHITLNode`: nobody is asked where it is sure, a person where it isn't; result keys as on the reference page."""

import random
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from handrail import Actor, App, InvalidInput, SmartHITLNode, at_least, fraction, outcome
from handrail.inbox import views
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from handrail.testing.replay import replay
from tests.support.journey_runs import asked, say, working

Data = dict[str, Any]
HUMAN = {"decided_by", "timestamp", "comment", "request_id"}
UNSURE = {"content": "technology", "confidence": 0.42, "text": "news"}


async def checked(verb: str, data: Data = UNSURE, **said: Any) -> tuple[Data, HumanRequest]:
    async with working(SmartHITLNode()) as app:
        run = await app.start("flow", data)
        request = await say(app, verb, **said)
        return await run.result(60), request


@pytest.mark.parametrize(("confidence", "threshold"), [(0.7, 0.7), (1, 0.7), (1.0, 1), (0, 0), (0.71, 0.7)])
async def test_sure_enough_passes_and_nobody_is_asked(confidence: float, threshold: float) -> None:
    data = {"content": "x", "confidence": confidence}
    async with working(SmartHITLNode(threshold)) as app:
        run = await app.start("flow", data)
        assert await run.result(60) == {**data, "auto_approved": True}
        assert await views.requests(app.store) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"confidence": 0.42}, "confidence 0.42 is under 0.7"),
        ({"confidence": 0.6999999999}, "confidence 0.6999999999 is under 0.7"),
        ({"confidence": 0}, "confidence 0 is under 0.7"),
        ({}, "there is no confidence"),
        ({"confidence": None}, "there is no confidence"),
        *(
            ({"confidence": value}, "the confidence is no number from 0 to 1")
            for value in ("high", "0.9", True, False, 7, -0.1, 1.0001, [0.9], {})
        ),
    ],
)
async def test_whoever_is_not_sure_asks_and_says_why(data: Data, why: str) -> None:
    result, request = await checked("approve", {"content": "x", **data})
    assert request.draft.context == {**data, "threshold": 0.7, "why": why}
    assert request.draft.proposal == {"content": "x"}
    assert [str(verb) for verb in request.draft.verbs] == ["approve", "edit", "reject"]
    assert result.keys() == {"content", "confidence", "human_approved"} | HUMAN
    assert (result["confidence"], result["human_approved"]) == (1.0, True)


async def test_approved() -> None:
    result, request = await checked("approve", comment="fine")
    expected = {**UNSURE, "confidence": 1.0, "human_approved": True}
    assert {key: value for key, value in result.items() if key not in HUMAN} == expected
    assert (result["decided_by"], result["comment"], result["request_id"]) == ("bob", "fine", request.id)


async def test_corrected() -> None:
    result, _ = await checked("edit", payload={"content": "science"})
    expected = {**UNSURE, "content": "science", "confidence": 1.0, "human_corrected": True}
    assert {key: value for key, value in result.items() if key not in HUMAN} == expected
    assert result.keys() == expected.keys() | HUMAN


async def test_rejected() -> None:
    result, _ = await checked("reject", comment="nonsense")
    expected = {**UNSURE, "rejected": True, "human_reviewed": True, "reason": "nonsense"}
    assert {key: value for key, value in result.items() if key not in HUMAN} == expected
    assert result.keys() == expected.keys() | HUMAN


async def test_a_correction_of_the_whole_data_is_sure_of_itself() -> None:
    result, _ = await checked(
        "edit", {"label": "a", "confidence": 0.1}, payload={"label": "b", "confidence": 0.2}
    )
    assert (result["label"], result["confidence"], result["human_corrected"]) == ("b", 1.0, True)


async def silence(on_timeout: Any) -> Data:
    clock = TurnableClock()
    async with working(SmartHITLNode(timeout=60, on_timeout=on_timeout), clock=clock) as app:
        run = await app.start("flow", UNSURE)
        await asked(app)
        clock.turn(60)
        result = await run.result(60)
    assert result.keys() >= HUMAN | UNSURE.keys()
    assert result["decided_by"] is None
    return {key: value for key, value in result.items() if key not in HUMAN}


async def test_silence_is_a_rejection_by_nobody() -> None:
    expected = {"rejected": True, "human_reviewed": False, "reason": "timeout", "timeout_seconds": 60}
    assert await silence("reject") == {**UNSURE, **expected}


async def test_silence_that_approves_makes_nobody_surer() -> None:
    expected = {"auto_approved": True, "human_reviewed": False, "reason": "timeout", "timeout_seconds": 60}
    assert await silence("approve") == {**UNSURE, **expected}
    given = outcome("edit", {"content": "unknown"})
    assert await silence(given) == {**UNSURE, "content": "unknown", **expected}


async def test_expired_withdrawn_and_abstained_are_rejections_by_nobody() -> None:
    assert await silence(None) == {**UNSURE, "rejected": True, "human_reviewed": False, "reason": "expired"}
    async with working(SmartHITLNode(audience="bob")) as app:
        first, second = await app.start("flow", UNSURE), await app.start("flow", UNSURE)
        await say(app, "abstain", run_id=first.id)
        result = await first.result(60)
        assert (result["rejected"], result["human_reviewed"], result["reason"]) == (True, False, "abstained")
        (request,) = await asked(app, run_id=second.id)
        await app.inbox.withdraw(request.id, actor=Actor("ops"))
        result = await second.result(60)
        assert (result["rejected"], result["human_reviewed"], result["reason"]) == (True, False, "withdrawn")


Move = tuple[str, str, str | None]
"""who, which verb, and the new content of an edit"""


def judged(moves: list[Move], must: Fraction) -> tuple[int, Data] | None:
    """A judge of its own: after how many moves it ends, and with what; None if it doesn't."""
    people, content, votes = 2, "technology", {}
    for count, (who, verb, text) in enumerate(moves, 1):
        if verb == "edit":
            content, votes = text, {}
            continue
        votes[who] = verb
        yes, silent = list(votes.values()).count("approve"), people - len(votes)
        if Fraction(yes, people) >= must:
            corrected = content != "technology"
            flag = "human_corrected" if corrected else "human_approved"
            return count, {**UNSURE, "content": content, "confidence": 1.0, flag: True}
        if Fraction(yes + silent, people) < must:
            by_people = "reject" in votes.values()
            return count, {**UNSURE, "rejected": True, "human_reviewed": by_people}
    return None


QUORUMS = [
    ("all", Fraction(1)),
    (at_least(2), Fraction(1)),
    (fraction(0.5), Fraction(1, 2)),
    (at_least(1), Fraction(1, 2)),
]


@pytest.mark.parametrize(("quorum", "must"), QUORUMS, ids=["all", "at_least(2)", "half", "at_least(1)"])
async def test_with_a_quorum_every_order_comes_to_what_a_judge_of_its_own_says(
    quorum: Any, must: Fraction
) -> None:
    node = SmartHITLNode(audience=["ann", "bob"], quorum=quorum)
    choices = [
        ("approve", None),
        ("reject", None),
        ("abstain", None),
        ("edit", "science"),
        ("edit", "technology"),
    ]
    every: list[Move] = [(who, verb, text) for who, (verb, text) in product(("ann", "bob"), choices)]
    picks, weights = random.Random(1), [5, 1, 1, 2, 1] * 2
    ways = [*product(every, repeat=2), *(picks.choices(every, weights, k=6) for _ in range(40))]
    ended = set()
    async with working(node) as app:
        for way in ways:
            ended.add(await follow(app, list(way), must))
    assert ended >= {"human_approved", "human_corrected", "rejected", None}


async def follow(app: App, way: list[Move], must: Fraction) -> str | None:
    """Make the moves and compare; returns what came out."""
    expected = judged(way, must)
    run = await app.start("flow", UNSURE)
    (request,) = await asked(app, run_id=run.id)
    for count, (who, verb, text) in enumerate(way, 1):
        payload = {"content": text} if verb == "edit" else None
        request = await app.inbox.decide(request.id, verb, actor=Actor(who), payload=payload)
        assert request.ended is (expected is not None and expected[0] == count), (way, count)
        if request.ended and expected is not None:
            result = await run.result(60)
            assert {key: value for key, value in result.items() if key not in HUMAN | {"reason"}} == expected[
                1
            ]
            return next(key for key in ("human_approved", "human_corrected", "rejected") if key in result)
    await run.cancel()
    return None


@pytest.mark.parametrize("answer", ["approve", ("edit", {"content": "science"}), ("reject", "no")])
async def test_it_can_be_replayed(answer: Any) -> None:
    result = await replay(SmartHITLNode(), UNSURE, answers=[answer])
    verb = answer if isinstance(answer, str) else answer[0]
    assert (
        result[{"approve": "human_approved", "edit": "human_corrected", "reject": "rejected"}[verb]] is True
    )


async def test_titles() -> None:
    _, request = await checked("approve", {**UNSURE, "id": 7})
    assert request.draft.title == "Check 7"
    _, request = await checked("approve")
    assert request.draft.title == "Check this result"


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan"), True, "0.7", None])
def test_a_threshold_is_a_number_from_0_to_1(threshold: Any) -> None:
    with pytest.raises(InvalidInput, match="confidence_threshold"):
        SmartHITLNode(threshold)
