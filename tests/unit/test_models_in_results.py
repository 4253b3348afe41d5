"""Models of pydantic and dataclasses in results: written as JSON, and handed on as that reads, the first time too."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from handrail import FunctionNode, NotJSON, StepFailed, ask, gather, step
from handrail.requests.content import as_stored, content_hash, encode
from handrail.testing.replay import replay
from tests.support.journey_runs import working

Data = dict[str, Any]


class Assessment(BaseModel):
    score: int
    on: date


@dataclass(frozen=True)
class Note:
    text: str
    about: Assessment


ASSESSED = Assessment(score=4, on=date(2026, 3, 1))
NOTE = Note("fine", ASSESSED)
PLAIN = {"score": 4, "on": "2026-03-01"}


async def test_an_answer_is_the_result_of_a_flow() -> None:
    async def flow(data: Data) -> Data:
        answer = await ask("Assess the claim", schema=Assessment, name="assess")
        assert isinstance(answer, Assessment)
        return {"answer": answer}

    assert await replay(flow, {}, answers=[("answer", PLAIN)]) == {"answer": PLAIN}


async def test_every_step_hands_on_json_the_first_time_as_on_a_replay() -> None:
    seen: list[Any] = []

    async def flow(data: Data) -> Data:
        made = await step("make", lambda: NOTE)
        both = await gather(step("left", lambda: ASSESSED), step("right", lambda: [NOTE]))
        await ask("Go on?", name="wait")
        seen.append((made, both))
        return {"made": made, "both": both, "note": NOTE}

    note = {"text": "fine", "about": PLAIN}
    found = await replay(FunctionNode(lambda x: {"n": NOTE}) | flow_of(flow), {}, answers=[("answer", "yes")])
    assert found == {"made": note, "both": [PLAIN, [note]], "note": note}
    assert seen == [(note, [PLAIN, [note]])] * len(seen)


def flow_of(function: Any) -> FunctionNode:
    return FunctionNode(function, name="asks")


async def test_a_model_may_be_the_whole_result() -> None:
    async def flow(data: Data) -> Any:
        return ASSESSED

    assert await replay(flow, {}) == PLAIN
    assert await replay(FunctionNode(lambda x: ASSESSED) | FunctionNode(lambda x: {"got": x}), {}) == {
        "got": PLAIN
    }


def test_models_are_stored_and_compared_as_their_json() -> None:
    assert as_stored({"a": ASSESSED, "b": (NOTE,)}) == {"a": PLAIN, "b": [{"text": "fine", "about": PLAIN}]}
    assert content_hash({"a": ASSESSED}) == content_hash({"a": PLAIN})


@dataclass
class Holds:
    what: Any


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": ASSESSED, "b": object()}, "at 'b': a object"),
        ({"a": Holds(object())}, "at 'a': a Holds that holds what JSON can't carry"),
        ({"a": Holds(float("nan"))}, "at 'a.what': nan is not a JSON number"),
        ({"a": Assessment}, "at 'a': a ModelMetaclass"),
    ],
)
def test_what_json_cannot_carry_is_named(value: Any, told: str) -> None:
    with pytest.raises(NotJSON) as caught:
        encode(value)
    assert told in str(caught.value)


def test_a_secret_is_not_written() -> None:
    class Login(BaseModel):
        password: SecretStr

    assert "hunter2" not in encode({"login": Login(password=SecretStr("hunter2"))})


async def test_a_list_as_the_whole_result_is_refused_still() -> None:
    async with working(FunctionNode(lambda x: [ASSESSED], name="list")) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="returned list"):
            await run.result(60)
