"""`Branch`: the data decides once which way a run goes; a replay goes the same way, whatever would be said now."""

from typing import Any

import pytest

from handrail import Branch, FunctionNode, HumanApprovalNode, InvalidFlow, StepFailed, ask
from handrail.testing.replay import replay
from tests.support.journey_runs import asked, journal, say, working

Data = dict[str, Any]


def mark(word: str) -> Any:
    return lambda data: {**data, "went": word}


@pytest.mark.parametrize(
    ("value", "way"), [(1, "then"), ([0], "then"), ("", "otherwise"), (None, "otherwise")]
)
async def test_whatever_is_true_counts(value: Any, way: str) -> None:
    flow = Branch(lambda x: x["value"], mark("then"), mark("otherwise"))
    assert await replay(flow, {"value": value}) == {"value": value, "went": way}


async def test_a_condition_may_be_async() -> None:
    async def large(data: Data) -> bool:
        return bool(data["n"] > 1)

    assert (await replay(Branch(large, mark("then")), {"n": 2}))["went"] == "then"
    assert await replay(Branch(large, mark("then")), {"n": 1}) == {"n": 1}


async def test_without_otherwise_the_data_passes_unchanged() -> None:
    flow = Branch(lambda x: False, mark("then")) | FunctionNode(lambda x: {**x, "after": True})
    assert await replay(flow, {"n": 1}) == {"n": 1, "after": True}


async def test_the_choice_is_journaled_and_the_condition_never_asked_again() -> None:
    answers = iter([True, False, False])
    asked_so_often = []

    def fickle(data: Data) -> bool:
        asked_so_often.append(data)
        return next(answers)

    async with working(Branch(fickle, HumanApprovalNode(name="approve"), name="gate")) as app:
        run = await app.start("flow", {"content": "x"})
        await asked(app)
        assert ("gate/condition", "step", "done") in journal(app, run.id)
        await say(app, "approve")
        assert (await run.result(60))["approved"] is True
    assert len(asked_so_often) == 1


async def test_a_condition_that_changes_its_data_changes_nothing() -> None:
    def greedy(data: Data) -> bool:
        data.clear()
        return True

    result = await replay(Branch(greedy, HumanApprovalNode()), {"content": "x"})
    assert (result["content"], result["approved"]) == ("x", True)


async def test_a_condition_that_raises_fails_the_step_of_its_node() -> None:
    flow = FunctionNode(lambda x: x) | Branch(lambda x: x["missing"], mark("then"), name="gate")
    with pytest.raises(StepFailed) as caught:
        await replay(flow, {})
    assert (caught.value.name, caught.value.kind) == ("gate/condition", "KeyError")
    with pytest.raises(StepFailed) as caught:
        await replay(FunctionNode(lambda x: x) | Branch(lambda x: x["missing"], mark("then")), {})
    assert caught.value.name == "1/condition"


async def test_a_condition_may_ask_people() -> None:
    async def wanted(data: Data) -> bool:
        return bool(await ask("Do it?", schema=bool))

    result = await replay(Branch(wanted, mark("then")), {}, answers=[("answer", True)])
    assert result == {"went": "then"}


def test_the_signature_tells_of_the_inner_parts() -> None:
    def large(data: Data) -> bool:
        return bool(data)

    inner = FunctionNode(mark("a"), name="a") | FunctionNode(mark("b"), name="b")
    other = FunctionNode(mark("c"), name="c")
    expected = ["Branch(large)", "then a", "then b", "otherwise c"]
    assert Branch(large, inner, other).signature() == expected
    assert Branch(large, inner, name="gate").signature() == ["gate", "then a", "then b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", print), r"Branch\(condition\) takes a function of the data, not str"),
        ((bool, print), r"Branch\(condition\) .* the class bool"),
        ((FunctionNode(print), print), r"Branch\(condition\) .* FunctionNode"),
        ((print, None), r"Branch\(then\) takes a node or a function, not NoneType"),
        ((print, print, 7), r"Branch\(otherwise\) takes a node or a function, not int"),
        ((print, FunctionNode), r"Branch\(then\): FunctionNode is a class; give an instance"),
        ((print, FunctionNode(print, name="a"), FunctionNode(print, name="a")), "two nodes are named 'a'"),
    ],
)
def test_what_does_not_fit_is_refused_when_built(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidFlow, match=message):
        Branch(*arguments)


async def test_both_ways_may_be_the_same_node() -> None:
    node = FunctionNode(mark("here"), name="here")
    assert await replay(Branch(lambda x: False, node, node), {}) == {"went": "here"}
