"""`Loop`: rounds on their own results, until it is right or they are used up; a replay counts the same rounds."""

from typing import Any

import pytest

from handrail import FunctionNode, HumanApprovalNode, InvalidFlow, InvalidInput, Loop, StepFailed
from handrail.testing.replay import replay
from tests.support.journey_runs import asked, journal, say, working

Data = dict[str, Any]


def more(data: Data) -> Data:
    return {**data, "n": data["n"] + 1}


async def test_rounds_are_done_until_it_is_right() -> None:
    assert await replay(Loop(more, lambda x: x["n"] >= 3), {"n": 0}) == {"n": 3, "iterations": 3}


async def test_there_is_always_a_first_round() -> None:
    assert await replay(Loop(more, lambda x: True), {"n": 7}) == {"n": 8, "iterations": 1}


async def test_used_up_rounds_are_said() -> None:
    expected = {"n": 2, "iterations": 2, "status": "max_iterations_reached"}
    assert await replay(Loop(more, lambda x: False, max_iterations=2), {"n": 0}) == expected
    assert (await replay(Loop(more, lambda x: False), {"n": 0}))["iterations"] == 10


async def test_right_in_the_last_round_is_right() -> None:
    assert await replay(Loop(more, lambda x: x["n"] == 2, 2), {"n": 0}) == {"n": 2, "iterations": 2}


async def test_until_may_be_async_and_is_asked_once_a_round() -> None:
    seen = []

    async def approved(data: Data) -> bool:
        seen.append(data["approved"])
        return bool(data["approved"])

    async with working(Loop(HumanApprovalNode(name="approve"), approved, name="again")) as app:
        run = await app.start("flow", {"content": "x"})
        await say(app, "reject", comment="no")
        await asked(app)
        assert ("again/until", "step", "done") in journal(app, run.id)
        await say(app, "reject", comment="no")
        await say(app, "approve")
        result = await run.result(60)
        assert ("again/until~3", "step", "done") in journal(app, run.id)
    assert (result["approved"], result["iterations"], seen) == (True, 3, [False, False, True])


async def test_a_round_may_ask_and_be_replayed() -> None:
    answers = ["reject", "reject", "approve"]
    loop = Loop(HumanApprovalNode() | FunctionNode(more), lambda x: x["approved"])
    result = await replay(loop, {"content": "x", "n": 0}, answers=answers)
    assert (result["n"], result["iterations"], "status" in result) == (3, 3, False)


async def test_failures_name_their_place() -> None:
    with pytest.raises(StepFailed) as caught:
        await replay(Loop(more, lambda x: x["missing"], name="again"), {"n": 0})
    assert (caught.value.name, caught.value.kind) == ("again/until", "KeyError")
    with pytest.raises(StepFailed) as caught:
        await replay(Loop(FunctionNode(more, name="more"), lambda x: True, name="again"), {})
    assert (caught.value.name, caught.value.kind) == ("again/more", "KeyError")


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3", None])
def test_there_is_at_least_one_round(count: Any) -> None:
    with pytest.raises(InvalidInput, match="max_iterations"):
        Loop(more, lambda x: True, count)


def test_what_does_not_fit_is_refused_when_built() -> None:
    with pytest.raises(InvalidFlow, match=r"Loop\(body\) takes a node or a function, not str"):
        Loop("more", lambda x: True)  # type: ignore[arg-type]
    with pytest.raises(InvalidFlow, match=r"Loop\(until\) takes a function of the data, not int"):
        Loop(more, 3)  # type: ignore[arg-type]


def test_the_signature_tells_of_the_body() -> None:
    def done(data: Data) -> bool:
        return True

    assert Loop(FunctionNode(more, name="more"), done).signature() == ["Loop(done)", "body more"]
