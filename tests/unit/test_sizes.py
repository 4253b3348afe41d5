"""A step may hand on what it was given and add 1 MiB; inputs, questions and answers stay within 1 MiB each."""

from typing import Any

import pytest

from handrail import FunctionNode, HumanApprovalNode, InvalidDecision, InvalidInput, StepFailed
from handrail.requests.content import LIMIT
from tests.support.journey_runs import BOB, asked, say, working

Data = dict[str, Any]
ALMOST = "x" * (LIMIT - 200)


async def test_an_edit_of_almost_the_limit_does_not_fail_its_node() -> None:
    async with working(HumanApprovalNode()) as app:
        run = await app.start("flow", {"content": "short", "note": "y" * 1000})
        await say(app, "edit", {"content": ALMOST})
        assert (await run.result(60))["content"] == ALMOST


async def test_each_step_may_add_a_mebibyte_and_not_more() -> None:
    flow = FunctionNode(lambda x: {**x, "a": ALMOST}) | FunctionNode(lambda x: {**x, "b": ALMOST})
    async with working(flow | FunctionNode(lambda x: {"all": x})) as app:
        run = await app.start("flow", {"n": 1})
        assert len((await run.result(60))["all"]["b"]) == len(ALMOST)
    async with working(FunctionNode(lambda x: {"a": ALMOST, "b": ALMOST}, name="greedy")) as app:
        run = await app.start("flow", {"n": 1})
        with pytest.raises(StepFailed, match="the limit is 1,048,576") as caught:
            await run.result(60)
    assert (caught.value.name, caught.value.kind) == ("greedy", "PayloadTooLarge")


async def test_inputs_questions_and_answers_have_the_limit() -> None:
    grows = FunctionNode(lambda x: {"content": [ALMOST, x["n"]]}) | FunctionNode(
        lambda x: {"content": [*x["content"], "z" * 1000]}
    )
    async with working(grows | HumanApprovalNode(name="asks")) as app:
        with pytest.raises(InvalidInput):
            await app.start("flow", {"n": "x" * LIMIT})
        run = await app.start("flow", {"n": 1})
        with pytest.raises(StepFailed, match="what people are shown") as caught:
            await run.result(60)
        assert caught.value.name == "asks"
    async with working(HumanApprovalNode()) as app:
        await app.start("flow", {"content": "short"})
        (request,) = await asked(app)
        with pytest.raises(InvalidDecision):
            await app.inbox.decide(request.id, "edit", actor=BOB, payload={"content": "x" * LIMIT})
