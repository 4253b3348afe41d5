"""A draft, what a person says about it, a revision: result keys as on the reference page, one thread of revisions."""

from typing import Any

import pytest

from handrail import (
    App,
    FeedbackLoop,
    FeedbackNode,
    FunctionNode,
    InvalidInput,
    LLMNode,
    RevisionNode,
    StepFailed,
)
from handrail.inbox import views
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from tests.support.journey_runs import asked, say, working

Data = dict[str, Any]
HUMAN = {"decided_by", "timestamp", "comment", "request_id"}


async def verdict(
    data: Data, verb: str, node: FeedbackNode | None = None, **said: Any
) -> tuple[Data, HumanRequest]:
    async with working(node or FeedbackNode()) as app:
        run = await app.start("flow", data)
        request = await say(app, verb, **said)
        return await run.result(60), request


async def test_approved() -> None:
    result, request = await verdict({"output": "draft", "n": 1}, "approve", comment="good")
    assert result.keys() == {"output", "n", "final_output", "status", "iterations"} | HUMAN
    assert (result["status"], result["final_output"], result["iterations"]) == ("approved", "draft", 1)
    assert (result["decided_by"], result["comment"], result["request_id"]) == ("bob", "good", request.id)
    assert request.draft.proposal == {"output": "draft"}
    assert request.draft.title == "Review the draft (round 1 of 3)"


async def test_edited_is_approved_with_the_edit() -> None:
    result, _ = await verdict({"output": "draft"}, "edit", payload={"output": "better"})
    assert (result["status"], result["final_output"], result["output"]) == ("approved", "better", "better")


async def test_changes_are_requested() -> None:
    result, _ = await verdict({"output": "draft", "iteration": 1}, "request_changes", comment="shorter")
    assert result.keys() == {"output", "feedback", "iteration", "status"} | HUMAN
    assert (result["status"], result["feedback"], result["iteration"]) == ("needs_revision", "shorter", 2)


async def test_rejected() -> None:
    result, _ = await verdict({"output": "draft"}, "reject", comment="no")
    assert result.keys() == {"output", "status", "reason", "iterations"} | HUMAN
    assert (result["status"], result["reason"], result["iterations"]) == ("rejected", "no", 1)


async def test_silence_is_a_rejection() -> None:
    clock = TurnableClock()
    async with working(FeedbackNode(timeout=60), clock=clock) as app:
        run = await app.start("flow", {"output": "draft"})
        await asked(app)
        clock.turn(60)
        result = await run.result(60)
    assert (result["status"], result["reason"], result["decided_by"]) == ("rejected", "timeout", None)


async def test_used_up_rounds_ask_nobody() -> None:
    async with working(FeedbackNode(max_iterations=2)) as app:
        run = await app.start("flow", {"output": "draft", "iteration": 2})
        assert await run.result(60) == {
            "output": "draft",
            "iteration": 2,
            "final_output": "draft",
            "iterations": 2,
            "status": "max_iterations_reached",
        }
        assert await views.requests(app.store) == []


async def test_content_is_reviewed_where_there_is_no_output() -> None:
    result, request = await verdict({"content": "draft"}, "approve")
    assert (request.draft.proposal, result["final_output"]) == ({"content": "draft"}, "draft")
    result, request = await verdict({"a": 1, "b": 2}, "approve")
    assert (request.draft.proposal, result["final_output"]) == ({"a": 1, "b": 2}, {"a": 1, "b": 2})


@pytest.mark.parametrize("iteration", [-1, "1", True, 1.5])
async def test_a_round_is_a_whole_number(iteration: Any) -> None:
    async with working(FeedbackNode()) as app:
        run = await app.start("flow", {"output": "draft", "iteration": iteration})
        with pytest.raises(StepFailed, match="iteration is the number of rounds"):
            await run.result(60)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3"])
def test_there_is_at_least_one_round(count: Any) -> None:
    for kind in (FeedbackNode, FeedbackLoop):
        with pytest.raises(InvalidInput, match="max_iterations"):
            kind(max_iterations=count)


class Model:
    """A scripted model that keeps what it was given."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    async def __call__(self, prompt: Any) -> str:
        self.prompts.append(str(prompt))
        return f"version {len(self.prompts)}"


async def test_the_model_gets_the_original_and_the_feedback() -> None:
    model = Model()
    data = {"output": "the original", "feedback": "much shorter", "status": "needs_revision", "iteration": 1}
    async with working(RevisionNode(model)) as app:
        run = await app.start("flow", data)
        result = await run.result(60)
    assert result == {**data, "output": "version 1", "previous_version": "the original"}
    (prompt,) = model.prompts
    assert "the original" in prompt
    assert "much shorter" in prompt


@pytest.mark.parametrize("status", ["approved", "rejected", None])
async def test_what_needs_no_revision_passes_unchanged(status: str | None) -> None:
    model = Model()
    async with working(RevisionNode(LLMNode(model=model))) as app:
        run = await app.start("flow", {"output": "x", "status": status})
        assert await run.result(60) == {"output": "x", "status": status}
    assert model.prompts == []


async def rounds(app: App, *verdicts: tuple[str, str | None]) -> list[HumanRequest]:
    return [await say(app, verb, comment=comment) for verb, comment in verdicts]


async def test_a_loop_is_one_thread_of_revisions() -> None:
    model = Model()
    async with working(FeedbackLoop(llm=model)) as app:
        run = await app.start("flow", {"output": "version 0"})
        asked_for = await rounds(
            app, ("request_changes", "one"), ("request_changes", "two"), ("approve", None)
        )
        result = await run.result(60)
        assert [await views.previous_proposal(app.store, request) for request in asked_for] == [
            None,
            {"output": "version 0"},
            {"output": "version 1"},
        ]
    assert (result["status"], result["final_output"], result["iterations"]) == ("approved", "version 2", 3)
    assert result["previous_version"] == "version 1"
    assert [request.revision for request in asked_for] == [1, 2, 3]
    assert {request.thread for request in asked_for} == {asked_for[0].id}
    assert [request.draft.previous for request in asked_for] == [None, asked_for[0].id, asked_for[1].id]
    assert [request.draft.proposal["output"] for request in asked_for] == [
        "version 0",
        "version 1",
        "version 2",
    ]
    assert [request.draft.context for request in asked_for] == [
        {},
        {"previous_feedback": "one"},
        {"previous_feedback": "two"},
    ]
    assert len(model.prompts) == 2


async def test_a_loop_ends_when_its_rounds_are_used_up() -> None:
    async with working(FeedbackLoop(llm=Model(), max_iterations=2)) as app:
        run = await app.start("flow", {"output": "version 0"})
        await rounds(app, ("request_changes", "one"), ("request_changes", "two"))
        result = await run.result(60)
    assert (result["status"], result["iterations"], result["final_output"]) == (
        "max_iterations_reached",
        2,
        "version 2",
    )


async def test_a_loop_ends_with_a_rejection() -> None:
    async with working(FeedbackLoop(llm=Model())) as app:
        run = await app.start("flow", {"output": "version 0"})
        await rounds(app, ("request_changes", "one"), ("reject", "never mind"))
        result = await run.result(60)
    assert (result["status"], result["reason"], result["iterations"]) == ("rejected", "never mind", 2)


async def test_a_loop_may_revise_in_its_own_way() -> None:
    def shorten(data: Data) -> Data:
        return {**data, "output": data["output"][:3], "noted": data["feedback"]}

    async with working(FeedbackLoop(FunctionNode(shorten), title="Short enough?")) as app:
        run = await app.start("flow", {"output": "a long text"})
        first, second = await rounds(app, ("request_changes", "shorter"), ("approve", None))
        result = await run.result(60)
    assert (first.draft.title, second.draft.proposal) == ("Short enough?", {"output": "a l"})
    assert (result["final_output"], result["noted"]) == ("a l", "shorter")


async def test_two_loops_in_one_run_are_two_threads() -> None:
    flow = (
        FeedbackLoop(llm=Model(), name="first")
        | FunctionNode(_anew)
        | FeedbackLoop(llm=Model(), name="second")
    )
    async with working(flow) as app:
        run = await app.start("flow", {"output": "x"})
        found = await rounds(app, ("request_changes", "one"), ("approve", None), ("approve", None))
        await run.result(60)
    assert [request.revision for request in found] == [1, 2, 1]
    assert found[0].thread == found[1].thread != found[2].thread


def _anew(data: Data) -> Data:
    return {"output": data["final_output"]}


def test_a_loop_takes_one_way_to_revise() -> None:
    with pytest.raises(InvalidInput, match="not both"):
        FeedbackLoop(FunctionNode(_anew), llm=Model())
    with pytest.raises(InvalidInput, match="there is no option"):
        FeedbackLoop(llm=Model(), audiance="bob")
