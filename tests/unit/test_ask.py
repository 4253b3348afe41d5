"""`ask`: a question from anywhere, and an answer as the type that was asked for."""

import datetime
import subprocess
import sys
from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from handrail import (
    Actor,
    ChainableNode,
    InvalidDecision,
    InvalidInput,
    Rejected,
    StepFailed,
    ask,
    at_least,
    outcome,
)
from handrail.inbox import views
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import TurnableClock
from tests.support.journey_runs import BOB, asked, say, working

Data = dict[str, Any]


def asking(*args: Any, **options: Any) -> Any:
    """A flow that asks, and remembers the Python value it got."""

    async def flow(data: Data) -> Data:
        try:
            got.append(await ask(*args, **options))
        except Rejected as error:
            return {"rejected": error.reason, "request_id": error.request_id}
        return {}

    got: list[Any] = []
    flow.got = got  # type: ignore[attr-defined]
    return flow


async def answered(flow: Any, payload: Any) -> Any:
    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", payload)
        assert await run.result(60) == {}
    return flow.got[-1]


async def refused(flow: Any, payload: Any) -> str:
    """Give a bad answer; returns what is wrong with it. The request stays open."""
    async with working(flow) as app:
        await app.start("flow", {})
        (request,) = await asked(app)
        with pytest.raises(InvalidDecision) as caught:
            await app.inbox.decide(request.id, "answer", actor=BOB, payload=payload)
        assert (await views.request(app.store, request.id)).status == "OPEN"
    return str(caught.value)


async def test_a_text_by_default() -> None:
    assert await answered(asking("Which title?"), "Rain") == "Rain"
    assert "must have at least 1" in await refused(asking("Which title?"), "")
    assert "must be of type string" in await refused(asking("Which title?"), 7)


async def test_one_of_the_choices() -> None:
    assert await answered(asking("Which?", choices=["dry", 2, None]), 2) == 2
    assert 'must be one of "dry", 2, null' in await refused(asking("Which?", choices=["dry", 2, None]), "wet")


class Tone(StrEnum):
    DRY = "dry"
    WARM = "warm"


@pytest.mark.parametrize(
    ("schema", "payload", "expected"),
    [
        (int, 3, 3),
        (bool, False, False),
        (list[int], [1, 2], [1, 2]),
        (tuple[int, str], [1, "a"], (1, "a")),
        (datetime.date, "2026-05-01", datetime.date(2026, 5, 1)),
        (Tone, "dry", Tone.DRY),
        (Literal["a", "b"], "b", "b"),
        (int | None, None, None),
        ({"type": "object", "required": ["score"]}, {"score": 1}, {"score": 1}),
    ],
)
async def test_any_type(schema: Any, payload: Any, expected: Any) -> None:
    got = await answered(asking("How?", schema=schema), payload)
    assert (got, type(got)) == (expected, type(expected))


class Review(BaseModel):
    score: int = Field(ge=1, le=5)
    words: str

    @field_validator("words")
    @classmethod
    def kind(cls, words: str) -> str:
        if "stupid" in words:
            raise ValueError("be kind")
        return words.strip()


async def test_a_model_comes_back_as_an_instance() -> None:
    got = await answered(asking("How was it?", schema=Review), {"score": 4, "words": " fine "})
    assert got == Review(score=4, words="fine")


async def test_an_answer_that_does_not_fit_the_schema_names_the_fields() -> None:
    problem = await refused(asking("How was it?", schema=Review), {"score": 9})
    assert "score must be at most 5" in problem
    assert "words is required" in problem


async def test_what_only_the_type_knows_is_asked_for_again_saying_why() -> None:
    flow = asking("How was it?", schema=Review, context={"article": "Rain"})
    async with working(flow) as app:
        run = await app.start("flow", {})
        first = await say(app, "answer", {"score": 4, "words": "stupid"})
        second = await say(app, "answer", {"score": 4, "words": "so so"})
        assert await run.result(60) == {}
    assert flow.got == [Review(score=4, words="so so")]
    assert first.draft.context == {"article": "Rain"}
    assert second.draft.context == {"article": "Rain", "problem": "words: Value error, be kind"}
    assert (second.thread, second.revision, second.draft.previous) == (first.thread, 2, first.id)


async def test_several_people_give_several_answers() -> None:
    flow = asking("How many?", schema=int, audience=["alice", "bob", "carol"], quorum=at_least(2))
    async with working(flow) as app:
        run = await app.start("flow", {})
        (request,) = await asked(app)
        await app.inbox.decide(request.id, "answer", actor=BOB, payload=3)
        await app.inbox.decide(request.id, "answer", actor=Actor("carol"), payload=5)
        await run.result(60)
    assert flow.got == [[3, 5]]


async def test_nobody_answers() -> None:
    clock = TurnableClock()
    async with working(asking("Well?", timeout=60), clock=clock) as app:
        run = await app.start("flow", {})
        (request,) = await asked(app)
        clock.turn(60)
        assert await run.result(60) == {"rejected": "timeout", "request_id": request.id}


async def test_silence_is_an_answer_if_that_was_said_beforehand() -> None:
    clock = TurnableClock()
    flow = asking("Which tone?", choices=["dry", "warm"], timeout=60, on_timeout=outcome("answer", "dry"))
    async with working(flow, clock=clock) as app:
        run = await app.start("flow", {})
        await asked(app)
        clock.turn(60)
        assert await run.result(60) == {}
    assert flow.got == ["dry"]


async def test_a_withdrawn_question_has_no_answer() -> None:
    async with working(asking("Well?")) as app:
        run = await app.start("flow", {})
        (request,) = await asked(app)
        await app.inbox.withdraw(request.id, actor=BOB)
        assert await run.result(60) == {"rejected": "withdrawn", "request_id": request.id}


async def test_a_rejection_that_nobody_catches_fails_the_step_for_good() -> None:
    class Asking(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            return {"answer": await ask("Well?")}

    async with working(Asking(retries=3)) as app:
        run = await app.start("flow", {})
        (request,) = await asked(app)
        await app.inbox.withdraw(request.id, actor=BOB)
        with pytest.raises(StepFailed) as caught:
            await run.result(60)
    assert (caught.value.name, caught.value.kind) == ("0", "Rejected")
    assert request.id in caught.value.message


async def test_two_equal_questions_are_two_requests() -> None:
    async def flow(data: Data) -> Data:
        return {"all": [await ask("Well?"), await ask("Well?")]}

    async with working(flow) as app:
        run = await app.start("flow", {})
        first = await say(app, "answer", "one")
        second = await say(app, "answer", "two")
        assert await run.result(60) == {"all": ["one", "two"]}
    assert first.id != second.id
    assert first.thread != second.thread


async def test_a_named_question_has_its_name_as_its_place() -> None:
    async with working(asking("Well?", name="well")) as app:
        run = await app.start("flow", {})
        request = await say(app, "answer", "x")
        await run.result(60)
    assert (request.address or "").startswith("well")


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (("",), {}, "needs a question"),
        ((7,), {}, "needs a question"),
        (("Well?",), {"choices": ["a"], "schema": int}, "not both"),
        (("Well?",), {"choices": []}, "at least one choice"),
        (("Well?",), {"schema": {"type": "no such type"}}, "not a valid JSON Schema"),
        (("Well?",), {"schema": object()}, "can't be made into a JSON Schema"),
        (("Well?",), {"choices": [{1}]}, "can't be stored as JSON"),
        (("Well?",), {"context": {"x": object()}}, "can't be stored as JSON"),
        (("Well?",), {"timeout": -1}, "timeout"),
        (("Well?",), {"audiance": "bob"}, "there is no option"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_anybody_is(
    args: Any, options: Any, message: str
) -> None:
    async with working(asking(*args, **options)) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match=message):
            await run.result(60)
        assert await views.requests(app.store) == []
    with pytest.raises(InvalidInput, match=message):
        await ask(*args, **options)


FIRST_CHECKS = """
import sys, threading
from handrail.requests.schema import problems, schema_of

sys.setswitchinterval(1e-6)
barrier, failed = threading.Barrier(6), []

def check(number):
    barrier.wait()
    try:
        problems({"type": "object"}, {}) if number % 2 else schema_of({"type": "object"})
    except BaseException as error:
        failed.append(error)

threads = [threading.Thread(target=check, args=(number,)) for number in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(repr(failed) if failed else 0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(3))
def test_the_first_checks_of_a_process_may_come_from_several_threads(attempt: int) -> None:
    # A decision is checked in the thread of the store, while a flow makes its next question in the event loop.
    done = subprocess.run(
        [sys.executable, "-c", FIRST_CHECKS], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("quorum", ["first", "all"])
async def test_an_answer_given_to_other_choices_is_asked_for_again(quorum: str, store: MemoryStore) -> None:
    def flow(choices: list[str]) -> Any:
        async def flow(data: Data) -> Data:
            asked_for = await ask("Which tone?", choices=choices, quorum=quorum, audience=["bob"])
            return {"tone": asked_for}

        return flow

    async with working(flow(["dry", "warm"]), store=store) as app:
        await app.start("flow", {}, "r")
        (old,) = await asked(app)
    async with working(flow(["dry", "cold"]), store=store) as app:
        await app.inbox.decide(old.id, "answer", actor=BOB, payload="warm")
        new = await say(app, "answer", "cold")
        result = await (await app.run("r")).result(60)
    assert (new.thread, new.revision) == (old.thread, 2)
    assert new.draft.context == {"problem": 'answer: must be one of "dry", "cold"'}
    assert result == {"tone": "cold" if quorum == "first" else ["cold"]}
