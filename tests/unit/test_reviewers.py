"""Simulated reviewers: they decide what waits for them as people do, on any store, and are bound as people are."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import handrail.testing.desk
from handrail import (
    Actor,
    App,
    FunctionNode,
    HumanApprovalNode,
    InvalidDecision,
    InvalidInput,
    Strength,
    Verb,
    ask,
    at_least,
    escalation,
)
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.requests.request import HumanRequest
from handrail.requests.schema import problems
from handrail.stores.memory import MemoryStore
from handrail.testing import RandomReviewer, ScriptedReviewer, SlowReviewer, TurnableClock, reviewing
from handrail.testing.mistake import mistaken
from handrail.testing.specimen import specimen
from tests.support.requests_desk import Desk, desk, draft, pure_request, until

Data = dict[str, Any]
DAY = 86_400


async def ended(opened: Desk, *requests: HumanRequest) -> list[HumanRequest]:
    """Wait until these requests have ended; returns them as they are then."""

    async def all_ended() -> bool:
        return all([(await opened.stored(request)).ended for request in requests])

    await until(all_ended)
    return [await opened.stored(request) for request in requests]


def verdict(request: HumanRequest) -> tuple[str, Any, str | None, tuple[str, ...]]:
    assert request.outcome is not None
    return request.outcome.verb.value, request.outcome.payload, request.outcome.comment, request.outcome.by


# -- scripts ---------------------------------------------------------------------------------------------


async def test_without_a_script_everything_is_approved_also_what_waits_already() -> None:
    async with desk() as opened:
        before = await opened.open()
        async with reviewing(opened.app, ScriptedReviewer("alice")):
            after = await opened.open()
            decided = await ended(opened, before, after)
    assert [verdict(request) for request in decided] == [("approve", None, None, ("alice",))] * 2
    [decision] = decided[0].decisions
    assert (decision.strength, decision.channel) == (Strength.SESSION, "simulated")


async def test_a_list_is_taken_in_the_order_in_which_requests_come() -> None:
    answers = ["reject", ("request_changes", "shorter"), ("edit", {"content": "x"}), ("answer", [1])]
    async with desk() as opened, reviewing(opened.app, ScriptedReviewer("alice", answers)):
        decided = await ended(opened, *[await opened.open() for _ in answers])
    assert [verdict(request)[:3] for request in decided] == [
        ("reject", None, None),
        ("request_changes", None, "shorter"),
        ("edit", {"content": "x"}, None),
        ("answer", [1], None),
    ]


async def test_a_dict_goes_by_address_then_title_then_kind() -> None:
    async def write(topic: str) -> Data:
        tone = await ask("Which tone?", choices=["dry", "warm"], name="tone")
        length = await ask("How long?", schema=int)
        return {"tone": tone, "length": length, **await HumanApprovalNode().execute({"content": topic})}

    app = App(store="memory://")
    app.flow("write", write)
    async with app:
        run = await app.start("write", {"topic": "AI"})

        async def asked() -> bool:
            return bool(await views.requests(app.store, ["OPEN"]))

        await until(asked)
        [waiting] = await views.requests(app.store, ["OPEN"])
        script = {
            str(waiting.address): ("answer", "warm"),
            "Which tone?": ("answer", "dry"),
            "question": ("answer", 7),
            "approval": ("reject", "no"),
        }
        async with reviewing(app, ScriptedReviewer("alice", script)):
            result = await run.result(timeout=20)
    assert (result["tone"], result["length"], result["comment"]) == ("warm", 7, "no")


async def test_none_leaves_it_to_others() -> None:
    def only_large(request: HumanRequest) -> str | None:
        return "reject" if request.draft.proposal["content"] > 10 else None

    async with desk() as opened:
        small, large = [await opened.open({"content": content}) for content in (1, 100)]
        alice = ScriptedReviewer("alice", only_large)
        async with reviewing(opened.app, alice, ScriptedReviewer("bob", {"Publish?": None})):
            await ended(opened, large)
            assert not (await opened.stored(small)).ended
        async with reviewing(opened.app, alice, ScriptedReviewer("bob")):
            await ended(opened, small)
        assert [verdict(await opened.stored(each))[3] for each in (small, large)] == [("bob",), ("alice",)]


async def test_nothing_is_decided_after_the_block() -> None:
    async with desk() as opened:
        async with reviewing(opened.app, ScriptedReviewer("alice")):
            await ended(opened, await opened.open())
        later = await opened.open()
        async with reviewing(opened.app, ScriptedReviewer("bob", {"Publish?": None, "other": "reject"})):
            await ended(opened, await opened.inbox.open(replace(draft(), title="other")))
        assert (await opened.stored(later)).status == "OPEN"


# -- the simplest answer ---------------------------------------------------------------------------------

SCHEMAS: list[tuple[Data, Any]] = [
    ({}, "ok"),
    ({"enum": ["dry", "warm"]}, "dry"),
    ({"const": 3}, 3),
    ({"type": "string", "default": "as before"}, "as before"),
    ({"type": "string", "default": ""} | {"minLength": 3}, "oko"),
    ({"type": "string", "maxLength": 1}, "o"),
    ({"type": "string", "format": "date"}, "2026-01-01"),
    ({"type": "boolean"}, True),
    ({"type": "number", "minimum": 0, "maximum": 1}, 1),
    ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, 0.25),
    ({"type": "integer", "minimum": 3}, 3),
    ({"type": "integer", "multipleOf": 4, "maximum": 11}, 8),
    ({"type": ["null", "integer"]}, None),
    ({"type": "array", "items": {"type": "integer"}}, []),
    ({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True}, ["a", "b"]),
    ({"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]}, 5),
    (
        {"allOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {"const": 1}}},
        {"a": 1, "b": "ok"},
    ),
    (
        {
            "type": "object",
            "properties": {"score": {"$ref": "#/$defs/score"}, "comment": {"type": "string"}},
            "required": ["score"],
            "$defs": {"score": {"type": "number", "minimum": 0, "maximum": 1}},
        },
        {"score": 1},
    ),
    ({"type": "object", "properties": {"a": {"type": "integer"}}, "minProperties": 1}, {"a": 1}),
]


@pytest.mark.parametrize(("schema", "expected"), SCHEMAS, ids=[str(number) for number in range(len(SCHEMAS))])
def test_the_simplest_answer_fits(schema: Data, expected: Any) -> None:
    found = specimen(schema)
    assert found == expected
    assert not problems(schema, found)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"not": {}},
        {
            "$ref": "#/$defs/n",
            "$defs": {"n": {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/n"}}}},
        },
    ],
)
def test_no_answer_is_made_up_that_does_not_fit(schema: Data) -> None:
    with pytest.raises(InvalidInput, match="no simple answer"):
        specimen(schema)


async def test_a_question_is_answered_simply_or_not_at_all() -> None:
    answer_only = {"verbs": [Verb.ANSWER]}
    async with desk() as opened:
        async with reviewing(opened.app, ScriptedReviewer("alice")):
            asked = await opened.open(response_schema={"enum": ["dry", "warm"]}, **answer_only)
            assert verdict((await ended(opened, asked))[0])[:2] == ("answer", "dry")
        await opened.open(response_schema={"type": "string", "pattern": "^[A-Z]+$"}, **answer_only)
        with pytest.raises(InvalidInput, match=r"'alice' has no answer .*; pass one with answers="):
            async with reviewing(opened.app, ScriptedReviewer("alice")):
                await asyncio.Event().wait()


# -- bound like anybody ----------------------------------------------------------------------------------


async def test_a_reviewer_outside_the_audience_never_decides() -> None:
    asked_of: list[str] = []

    def noted(name: str) -> Callable[[HumanRequest], str]:
        return lambda request: asked_of.append(name) or "approve"

    async with desk(groups={"legal": ["carol"]}) as opened:
        people = [ScriptedReviewer(name, noted(name)) for name in ("mallory", "alice", "carol")]
        async with reviewing(opened.app, *people):
            decided = await ended(
                opened,
                await opened.open(audience="alice"),
                await opened.open(audience="group:legal"),
                await opened.open(audience=["carol", "alice"], quorum="all"),
            )
    assert [sorted(vote.actor for vote in request.decisions) for request in decided] == [
        ["alice"],
        ["carol"],
        ["alice", "carol"],
    ]
    assert "mallory" not in asked_of


async def test_a_weak_identity_does_not_do_where_a_session_is_needed() -> None:
    async with desk() as opened:
        weak = ScriptedReviewer("alice", strength=Strength.LINK)
        async with reviewing(opened.app, weak, ScriptedReviewer("bob")):
            [decided] = await ended(opened, await opened.open(require="session"))
    assert verdict(decided)[3] == ("bob",)


async def test_a_quorum_is_reached_by_several_each_once() -> None:
    async with desk() as opened:
        people = [ScriptedReviewer(name) for name in ("alice", "bob", "carol", "dave")]
        async with reviewing(opened.app, ScriptedReviewer("eve", ["reject"]), *people):
            asked = await opened.open(audience=["alice", "bob", "carol", "dave", "eve"], quorum=at_least(3))
            [decided] = await ended(opened, asked)
    assert verdict(decided)[3] == ("alice", "bob", "carol")
    assert [vote.actor for vote in decided.decisions] == ["eve", "alice", "bob", "carol"]


async def test_what_comes_to_a_reviewer_later_is_decided_then() -> None:
    async with desk() as opened, reviewing(opened.app, ScriptedReviewer("bob")):
        claimed = await opened.open()
        reassigned, escalated = [
            await opened.open(audience="alice", escalations=[escalation(DAY, "bob")]) for _ in range(2)
        ]
        assert [verdict(each)[3] for each in await ended(opened, claimed)] == [("bob",)]
        await opened.inbox.reassign(reassigned.id, "bob", actor=Actor("alice"))
        await opened.inbox.escalate(escalated.id, actor=Actor("alice"))
        await ended(opened, reassigned, escalated)


async def test_a_released_request_is_taken_up() -> None:
    async with desk() as opened:
        claimed = await opened.open()
        await opened.inbox.claim(claimed.id, actor=Actor("alice"))
        async with reviewing(opened.app, ScriptedReviewer("bob")):
            await ended(opened, await opened.open())
            assert (await opened.stored(claimed)).status == "CLAIMED"
            await opened.inbox.release(claimed.id, actor=Actor("alice"))
            await ended(opened, claimed)


async def test_an_edit_where_votes_are_counted_is_voted_on_anew() -> None:
    def improve(request: HumanRequest) -> Any:
        return ("edit", {"content": "better"}) if request.revision == 1 else "approve"

    async with desk() as opened:
        people = [ScriptedReviewer("alice", improve), ScriptedReviewer("bob")]
        async with reviewing(opened.app, *people):
            asked = await opened.open(audience=["alice", "bob"], quorum="all")
            [first] = await ended(opened, asked)
            assert first.superseded_by is not None
            [second] = await ended(opened, await views.request(opened.app.store, first.superseded_by))
    assert second.draft.proposal == {"content": "better"}
    assert sorted(verdict(second)[3]) == ["alice", "bob"]


async def test_who_is_too_late_goes_on_with_the_next() -> None:
    def overtaken(request: HumanRequest) -> str:
        if request.draft.proposal["content"] % 2:  # bob decides between alice's look and her answer
            thread.submit(asyncio.run, opened.decide(request, "bob", "reject")).result()
        return "approve"

    with ThreadPoolExecutor(1) as thread:
        async with desk() as opened, reviewing(opened.app, ScriptedReviewer("alice", overtaken)):
            decided = await ended(opened, *[await opened.open({"content": number}) for number in range(10)])
    assert [verdict(request)[3] for request in decided] == [("alice",), ("bob",)] * 5
    assert all(len(request.decisions) == 1 for request in decided)


async def test_who_is_not_asked_any_more_goes_on_with_the_next() -> None:
    def taken_away(request: HumanRequest) -> str:
        if request.draft.proposal["content"] == 0:
            move = opened.inbox.reassign(request.id, "bob", actor=Actor("boss"))
            thread.submit(asyncio.run, move).result()
        return "approve"

    with ThreadPoolExecutor(1) as thread:
        people = [ScriptedReviewer("alice", taken_away), ScriptedReviewer("bob", {"Publish?": "reject"})]
        async with desk() as opened, reviewing(opened.app, *people):
            decided = await ended(
                opened, *[await opened.open({"content": number}, audience="alice") for number in range(2)]
            )
    assert [verdict(request)[3] for request in decided] == [("bob",), ("alice",)]


# -- mistakes in scripts ---------------------------------------------------------------------------------


async def test_an_error_in_a_script_ends_the_block_and_is_raised() -> None:
    def broken(request: HumanRequest) -> str:
        raise LookupError("no such key")

    async def endless() -> None:
        async with reviewing(opened.app, ScriptedReviewer("alice", broken)):
            await opened.open()
            await asyncio.Event().wait()

    async with desk() as opened:
        with pytest.raises(LookupError, match="no such key") as caught:
            await endless()
        assert caught.value.__notes__[0].startswith("while 'alice' reviewed req_")
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0, "the task goes on as if nothing had been cancelled"


async def test_an_error_is_raised_also_where_the_block_ended_by_itself() -> None:
    failed = asyncio.Event()

    def broken(request: HumanRequest) -> str:
        failed.set()
        raise LookupError("no such key")

    async def entered_elsewhere() -> Any:
        manager = reviewing(opened.app, ScriptedReviewer("alice", broken))
        await manager.__aenter__()
        return manager

    async with desk() as opened:
        # As in an async fixture: the task that entered the block has ended, there is nothing left to cancel.
        manager = await asyncio.create_task(entered_elsewhere())
        await opened.open()
        await failed.wait()
        with pytest.raises(LookupError, match="no such key"):
            await manager.__aexit__(None, None, None)


async def test_a_cancellation_from_outside_stays_one() -> None:
    async with desk() as opened:
        entered = asyncio.Event()

        async def block() -> None:
            async with reviewing(opened.app, ScriptedReviewer("alice")):
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(block())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_the_block_raises_comes_out() -> None:
    async with desk() as opened:
        with pytest.raises(ZeroDivisionError):
            async with reviewing(opened.app, ScriptedReviewer("alice")):
                raise ZeroDivisionError


@pytest.mark.parametrize(
    ("answers", "error", "match"),
    [
        ([], InvalidInput, "come to its end"),
        ({"Review?": "approve"}, InvalidInput, "neither its address nor its title nor its kind"),
        (lambda request: ("answer", "c"), InvalidDecision, "must be one of"),
        (lambda request: "publish", InvalidDecision, "takes"),
        (lambda request: 1, InvalidInput, "an answer is a verb"),
        (lambda request: ("reject", 1), InvalidInput, "a comment is a text"),
    ],
)
async def test_a_wrong_script_is_told(answers: Any, error: type[Exception], match: str) -> None:
    async with desk() as opened:
        await opened.open(response_schema={"enum": ["a", "b"]})
        with pytest.raises(error, match=match):
            async with reviewing(opened.app, ScriptedReviewer("alice", answers)):
                await asyncio.Event().wait()


async def test_what_can_not_be_meant_is_refused_at_once() -> None:
    alice = ScriptedReviewer("alice")
    for wrong in (
        lambda: ScriptedReviewer(" "),
        lambda: ScriptedReviewer("alice", "approve"),
        lambda: RandomReviewer("bob", lambda request: "approve", skill=1.1),
        lambda: RandomReviewer("bob", lambda request: "approve", skill=True),
        lambda: RandomReviewer("bob", "approve"),  # type: ignore[arg-type]
        lambda: SlowReviewer(alice, -1),
        lambda: SlowReviewer(alice, float("nan")),
    ):
        with pytest.raises(InvalidInput):
            wrong()
    async with desk() as opened:
        for people in ((), (alice, ScriptedReviewer("alice"))):
            with pytest.raises(InvalidInput, match="at least one reviewer, and each under a name"):
                async with reviewing(opened.app, *people):
                    pass
    with pytest.raises(InvalidInput, match="pass the app"):
        async with reviewing("memory://", alice):
            pass


# -- random ----------------------------------------------------------------------------------------------

MANY = 400


async def judged(
    skill: float, order: Sequence[int], *, seed: int | None = 1, same: bool = False
) -> dict[int, str]:
    """Return what was decided on numbered requests, opened in this order; even ones ought to be approved."""

    def truth(request: HumanRequest) -> str:
        return "reject" if request.draft.proposal.get("number", 0) % 2 else "approve"

    async with desk() as opened, reviewing(opened.app, RandomReviewer("bob", truth, skill=skill, seed=seed)):
        asked = [await opened.open({"number": 0 if same else number}) for number in order]
        decided = await ended(opened, *asked)
    return {number: verdict(request)[0] for number, request in zip(order, decided, strict=True)}


def right(decided: dict[int, str]) -> int:
    return sum(verb == ("reject" if number % 2 else "approve") for number, verb in decided.items())


async def test_skill_is_how_often_they_are_right() -> None:
    order = range(MANY)
    assert right(await judged(1.0, order)) == MANY
    assert right(await judged(0.0, order)) == 0
    # The seed is fixed, so this can't fail by chance; 5 standard deviations are 50.
    assert abs(right(await judged(0.5, order)) - MANY / 2) < 50
    equal = Counter((await judged(0.5, order, same=True)).values())
    assert abs(equal["approve"] - MANY / 2) < 50, "equal requests are decided each for itself"


async def test_the_same_seed_decides_the_same_in_any_order_of_arrival() -> None:
    order = list(range(100))
    first = await judged(0.5, order)
    random.Random(3).shuffle(order)
    assert await judged(0.5, order) == first
    assert await judged(0.5, order, seed=2) != first
    assert await judged(0.5, order, seed=None) != await judged(0.5, order, seed=None)


async def test_runs_with_ids_of_their_own_are_decided_the_same_again_and_others_each_for_itself() -> None:
    async def approvals(ids: Sequence[str | None]) -> list[bool]:
        app = App(store="memory://")
        app.flow("check", HumanApprovalNode())
        reviewer = RandomReviewer("bob", lambda request: "approve", skill=0.5, seed=5)
        async with app, reviewing(app, reviewer):
            runs = [await app.start("check", {"content": "the same"}, run_id) for run_id in ids]
            return [(await run.result(timeout=20))["approved"] for run in runs]

    ids = [f"post-{number}" for number in range(40)]
    there = await approvals(ids)
    assert (await approvals(ids[::-1]))[::-1] == there
    assert set(there) == {True, False}
    unnamed = await approvals([None] * 40)
    assert Counter(unnamed) == Counter(await approvals([None] * 40))
    assert set(unnamed) == {True, False}


WRONG: list[tuple[Any, Data]] = [
    ("dry", {"enum": ["dry", "warm", "cold"]}),
    (0.8, {"type": "number", "minimum": 0, "maximum": 1}),
    (3, {"type": "integer", "minimum": 1, "maximum": 5}),
    (10, {"type": "integer", "multipleOf": 5}),
    (0.5, {}),
    (True, {"type": "boolean"}),
    ("yes", {"type": "string"}),
    (["a", "b"], {"type": "array", "items": {"enum": ["a", "b", "c"]}}),
    (
        {"score": 1, "comment": "good"},
        {"properties": {"score": {"type": "number", "maximum": 1, "minimum": 0}}},
    ),
    (4, {"anyOf": [{"type": "integer", "minimum": 4, "maximum": 5}, {"type": "null"}]}),
    ("a", {"oneOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]}),
    (
        {"tone": "dry"},
        {"$ref": "#/$defs/T", "$defs": {"T": {"properties": {"tone": {"enum": ["dry", "warm"]}}}}},
    ),
]


@pytest.mark.parametrize(("value", "schema"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_a_wrong_answer_is_another_one_that_is_valid(value: Any, schema: Data) -> None:
    request = pure_request(["bob"], [], response_schema=schema)
    for seed in range(50):
        verb, wrong = mistaken(("answer", value), request, random.Random(seed))
        assert (verb, problems(schema, wrong)) == ("answer", [])
        assert wrong != value


def test_a_score_is_off_by_at_least_a_fifth_of_its_range() -> None:
    schema = {"type": "number", "minimum": 0, "maximum": 10}
    request = pure_request(["bob"], [], response_schema=schema)
    wrong = [mistaken(("answer", 5.0), request, random.Random(seed))[1] for seed in range(100)]
    assert all(2 <= abs(score - 5.0) <= 5 for score in wrong)
    assert min(wrong) < 5 < max(wrong)


def test_a_yes_becomes_a_no_and_everything_else_a_yes() -> None:
    chance = random.Random(1)
    everything = pure_request(["bob"], [])
    assert mistaken(("approve", "good"), everything, chance) == "reject"
    for verb in ("reject", ("request_changes", "shorter"), ("edit", {"content": "x"})):
        assert mistaken(verb, everything, chance) == "approve"
    loop = pure_request(["bob"], [], verbs=[Verb.APPROVE, Verb.REQUEST_CHANGES])
    assert mistaken("approve", loop, chance)[0] == "request_changes"


@pytest.mark.parametrize("schema", [{"const": 1}, {"enum": ["only"]}, {"type": "null"}])
def test_where_nothing_is_wrong_there_is_no_wrong_answer(schema: Data) -> None:
    request = pure_request(["bob"], [], verbs=[Verb.ANSWER], response_schema=schema)
    with pytest.raises(InvalidInput, match="no room for a wrong answer"):
        mistaken(("answer", specimen(schema)), request, random.Random(1))


def test_a_seed_that_was_drawn_is_told() -> None:
    reviewer = RandomReviewer("bob", lambda request: "approve")
    assert f"seed={reviewer.seed}" in repr(reviewer)


# -- slow ------------------------------------------------------------------------------------------------


async def test_a_month_passes_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        handrail.testing.desk, "POLL", 3600
    )  # it hears of the turn, it doesn't happen to look
    clock = TurnableClock()
    app = App(store="memory://", clock=clock)
    app.flow("ask", HumanApprovalNode(timeout=60 * DAY) | FunctionNode(lambda x: x))
    async with app, reviewing(app, SlowReviewer(ScriptedReviewer("alice"), 30 * DAY)):
        run = await app.start("ask", {"content": "hello"})

        async def waiting() -> bool:
            return (await app.runs.get(run.id)).status == "WAITING"

        await until(waiting)
        clock.turn(30 * DAY)
        result = await run.result(timeout=20)
    assert (result["approved"], result["timestamp"]) == (True, "2026-01-31T12:00:00Z")


async def test_the_slow_answer_no_moment_before_their_time() -> None:
    def per_request(request: HumanRequest) -> float:
        return float(request.draft.proposal["content"])

    async with desk() as opened:
        slow = SlowReviewer(SlowReviewer(ScriptedReviewer("bob"), per_request), 10)
        async with reviewing(opened.app, slow, ScriptedReviewer("alice")):
            asked = [await opened.open({"content": wait}, audience="bob") for wait in (50, 100, 5)]
            for turn, count in ((9.999, 0), (0.001, 1), (40, 2), (49, 2), (1, 3)):
                opened.clock.turn(turn)
                await ended(opened, await opened.open(audience="alice"))  # a round has passed
                decided = [await opened.stored(request) for request in asked]
                assert sum(request.ended for request in decided) == count
    assert [(each.ended_at or each.opened_at) - each.opened_at for each in decided] == [
        timedelta(seconds=seconds) for seconds in (50, 100, 10)
    ]


async def test_the_slow_answer_once_whatever_happened_meanwhile() -> None:
    async with desk() as opened:
        slow = SlowReviewer(ScriptedReviewer("bob"), DAY)
        async with reviewing(opened.app, slow, ScriptedReviewer("alice", {"other": "approve"})):
            asked = await opened.open(
                audience=["bob", "carol"], quorum="all", escalations=[escalation(9 * DAY, "dave")]
            )
            await ended(opened, await opened.inbox.open(replace(draft(audience="alice"), title="other")))
            await opened.inbox.escalate(asked.id, actor=Actor("carol"))
            await ended(opened, await opened.inbox.open(replace(draft(audience="alice"), title="other")))
            opened.clock.turn(DAY)

            async def decided() -> bool:
                return bool((await opened.stored(asked)).decisions)

            await until(decided)
        assert (await opened.kinds(asked)).count("decided") == 1


async def test_the_slow_are_spared_what_others_have_decided() -> None:
    looked: list[str] = []
    async with desk() as opened:
        slow = SlowReviewer(ScriptedReviewer("bob", lambda request: looked.append(request.id)), DAY)
        async with reviewing(opened.app, slow, ScriptedReviewer("alice")):
            asked = await opened.open()
            await ended(opened, asked)
            opened.clock.turn(2 * DAY)
            await ended(opened, await opened.open(audience="alice"))
    assert looked == []


async def test_with_the_real_clock_they_are_really_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handrail.testing.desk, "POLL", 3600)
    app = App(store="memory://")
    async with app.connect(), reviewing(app, SlowReviewer(ScriptedReviewer("bob"), 0.2)):
        asked = await app.inbox.open(draft())

        async def is_ended() -> bool:
            return (await views.request(app.store, asked.id)).ended

        await until(is_ended)
        decided = await views.request(app.store, asked.id)
    assert decided.ended_at is not None
    assert decided.ended_at - asked.opened_at >= timedelta(seconds=0.2)


# -- many, and elsewhere ---------------------------------------------------------------------------------


async def test_two_thousand_requests_in_one_go(store: MemoryStore) -> None:
    app = App(store=store)
    async with app.connect():
        before = await asyncio.gather(*(app.inbox.open(draft({"n": n})) for n in range(1000)))
        async with reviewing(app, ScriptedReviewer("alice")):
            after = await asyncio.gather(*(app.inbox.open(draft({"n": n})) for n in range(1000)))

            async def none_is_left() -> bool:
                return not await views.requests(app.store, ["OPEN"], limit=1)

            await until(none_is_left)
        decided = await views.requests(app.store, ["RESOLVED"], limit=5000)
        assert {request.id for request in decided} == {request.id for request in [*before, *after]}
        assert all(len(request.decisions) == 1 for request in decided)
        assert (await verify(app.store)).ok


async def test_no_line_of_the_log_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes it linear, whatever the number of signals."""
    from handrail.stores.inbox_rows import InboxRows

    read: list[int] = []
    log = InboxRows.log

    def counted(self: InboxRows, after: int, limit: int) -> Any:
        lines = log(self, after, limit)
        read.extend(line.sequence for line in lines)
        return lines

    async with desk() as opened:
        earlier = await opened.open()
        with monkeypatch.context() as patched:
            patched.setattr(InboxRows, "log", counted)
            async with reviewing(opened.app, ScriptedReviewer("alice")):
                await ended(opened, earlier, *[await opened.open() for _ in range(50)])
    assert len(read) == len(set(read))
    assert min(read) > 1, "what happened before is not read at all"


SCRIPT = """
import asyncio
from handrail import ask

async def main():
    tone = await ask("Which tone?", choices=["dry", "warm"], audience="alice")
    print(tone, flush=True)

asyncio.run(main())
"""


@pytest.mark.journey
async def test_a_script_in_another_process_is_reviewed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    people = [ScriptedReviewer("mallory"), ScriptedReviewer("alice", {"Which tone?": ("answer", "warm")})]
    async with reviewing(url, *people):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            script,
            cwd=tmp_path,
            env={**os.environ, "HANDRAIL_STORE": url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, output.decode()) == (0, "warm\n"), errors.decode()
    async with reviewing(tmp_path / "x.db", *people):
        pass
