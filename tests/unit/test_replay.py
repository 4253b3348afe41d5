"""`handrail.testing.replay`: what would strand a run months later is an error in the test of its flow."""

import itertools
from typing import Any

import pytest

from handrail import (
    FeedbackLoop,
    FunctionNode,
    HumanApprovalNode,
    InvalidInput,
    NonDeterministicNode,
    StepFailed,
    ask,
    gather,
    now,
    sleep,
    step,
    uuid,
)
from handrail.requests.request import HumanRequest
from handrail.testing.replay import replay

Data = dict[str, Any]


async def test_answers_in_order_lead_to_the_result() -> None:
    async def write(topic: str) -> Data:
        tone = await ask("Which tone?", choices=["dry", "warm"])
        length = await ask("How long?", schema=int)
        return {"topic": topic, "tone": tone, "length": length}

    result = await replay(write, {"topic": "AI"}, answers=[("answer", "dry"), ("answer", 3)])

    assert result == {"topic": "AI", "tone": "dry", "length": 3}


async def test_everything_is_approved_by_default() -> None:
    result = await replay(HumanApprovalNode(audience="carol"), {"content": "x"})
    assert (result["approved"], result["decided_by"]) == (True, "carol")


async def test_answers_may_be_a_function_of_the_request() -> None:
    def answers(request: HumanRequest) -> tuple[str, Any]:
        return ("request_changes", "shorter") if request.revision == 1 else ("approve", "good")

    loop = FeedbackLoop(FunctionNode(lambda x: {**x, "output": x["output"][:3]}))
    result = await replay(loop, {"output": "draft"}, answers=answers)
    assert (result["final_output"], result["iterations"], result["comment"]) == ("dra", 2, "good")


async def test_everybody_says_it_where_all_are_asked() -> None:
    node = HumanApprovalNode(audience="group:legal", quorum="all")
    result = await replay(node, {"content": "x"}, groups={"legal": ["carol", "dave"]})
    assert result["decided_by"] == "carol, dave"


async def test_a_month_of_sleep_takes_no_time() -> None:
    async def patient(data: Data) -> Data:
        before = await now()
        await sleep(30 * 86_400)
        return {"days": ((await now()) - before).days, "id": str(await uuid())}

    assert (await replay(patient, {}, timeout=20))["days"] == 30


async def test_branches_are_answered_in_order() -> None:
    async def both(data: Data) -> Data:
        return {"answers": await gather(lambda: ask("left?"), lambda: ask("right?"))}

    result = await replay(both, {}, answers=[("answer", "l"), ("answer", "r")])
    assert result == {"answers": ["l", "r"]}


async def test_another_way_on_a_replay_is_an_error() -> None:
    executions = itertools.count()

    async def unsteady(data: Data) -> Data:
        if next(executions) % 2:
            await step("sometimes", str)
        return {"answer": await ask("Well?")}

    with pytest.raises(NonDeterministicNode, match="use step") as caught:
        await replay(unsteady, {}, answers=[("answer", "yes")])
    assert caught.value.difference["flow"] == {"name": "sometimes", "kind": "step"}


async def test_a_question_that_changes_is_an_error() -> None:
    executions = itertools.count()

    async def unsteady(data: Data) -> Data:
        return {"answer": await ask(f"Question {next(executions)}?")}

    with pytest.raises(NonDeterministicNode, match="asking something else"):
        await replay(unsteady, {}, answers=lambda request: ("answer", "yes"))


async def test_another_result_on_a_replay_is_an_error_even_where_nobody_is_asked() -> None:
    executions = itertools.count()

    async def unsteady(data: Data) -> Data:
        return {"count": next(executions)}

    with pytest.raises(NonDeterministicNode, match="another result") as caught:
        await replay(unsteady, {})
    assert caught.value.difference == {"recorded": {"count": 0}, "flow": {"count": 1}}


async def test_a_step_makes_it_steady() -> None:
    executions = itertools.count()

    async def steady(data: Data) -> Data:
        return {"count": await step("count", lambda: next(executions)), "answer": await ask("Well?")}

    assert await replay(steady, {}, answers=[("answer", "yes")]) == {"count": 0, "answer": "yes"}


async def test_a_missing_answer_says_what_is_asked() -> None:
    async def curious(data: Data) -> Data:
        return {"answer": await ask("Well?")}

    with pytest.raises(InvalidInput, match="there is no answer for it: it takes answer"):
        await replay(curious, {})
    with pytest.raises(InvalidInput, match="there is no answer"):
        await replay(curious, {}, answers=[])


async def test_a_failure_of_the_flow_is_raised() -> None:
    def fail(data: Data) -> Data:
        raise ValueError("no")

    with pytest.raises(StepFailed, match="ValueError: no"):
        await replay(FunctionNode(fail), {})


async def test_the_flow_is_left_as_it_was() -> None:
    flow = FunctionNode(lambda x: x)
    await replay(flow, {"a": 1})
    assert flow.registered_as is None
