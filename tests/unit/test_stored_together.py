"""What is stored with what comes next, and what has to be stored before anything else is done."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from handrail import App, Branch, ChainableNode, FeedbackNode, FunctionNode, HumanApprovalNode, Loop, step
from handrail.flows.node import Chain
from handrail.inbox import views
from handrail.stores.memory import MemoryStore
from tests.support.journey_process import until
from tests.support.journey_runs import asked, journal, reached, say, working

Data = dict[str, Any]


class Own(HumanApprovalNode):
    """A user's node with code of its own around the question."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        return await super().execute(data)


class Renamed(HumanApprovalNode):
    """A user's node without any."""


class Titled(HumanApprovalNode):
    """A user's node with code of its own that the question calls."""

    def title_for(self, data: Data, default: str) -> str:
        return default


class Mixin:
    async def execute(self, data: Data) -> Data:
        return data


class Mixed(Mixin, HumanApprovalNode):  # type: ignore[misc]
    """Whose code is that of the mixin."""


def test_only_whose_code_is_known_to_be_repeatable_is() -> None:
    keep = FunctionNode(lambda x: x)
    flow = keep | HumanApprovalNode()
    assert isinstance(flow, Chain)
    for node in (
        flow,
        HumanApprovalNode(),
        FeedbackNode(),
        Loop(keep, until=lambda data: True, max_iterations=2),
        Branch(lambda data: True, keep),
        Renamed(),
    ):
        assert node.repeatable, node
    for node in (keep, Own(), Mixed(), Titled(), HumanApprovalNode(title=lambda data: "Sure?")):
        assert not node.repeatable, node


def states(app: App, run_id: str) -> dict[str, str]:
    """Return the states of the run's direct steps."""
    return {address: state for address, _, state in journal(app, run_id) if "/" not in address}


@pytest.mark.parametrize("asking", [HumanApprovalNode(name="ask"), Own(name="ask")])
async def test_before_a_step_is_executed_the_steps_before_it_are_stored(asking: ChainableNode) -> None:
    seen: dict[str, dict[str, str]] = {}

    def looking(name: str) -> FunctionNode:
        async def look(data: Data) -> Data:
            seen[name] = states(app, data["run"])
            return data

        return FunctionNode(look, name=name)

    async with working(looking("a") | looking("b") | asking | looking("c") | looking("d")) as app:
        run = await app.start("flow", {"run": "r"}, "r")
        await asked(app)
        assert states(app, "r") == {"a": "done", "b": "done", "ask": "open"}
        await say(app, "approve")
        await reached(app, run, "FINISHED")
        assert seen["a"] == {}
        assert seen["b"] == {"a": "done"}
        assert {name: seen["c"][name] for name in "ab"} == {"a": "done", "b": "done"}
        assert seen["d"] == {"a": "done", "b": "done", "ask": "done", "c": "done"}
        assert set((states(app, "r")).values()) == {"done"}


async def test_a_step_within_a_node_is_stored_before_the_node_goes_on() -> None:
    seen = []

    class Node(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            await step("first", lambda: 1)
            seen.append([(address, state) for address, _, state in journal(app, "r") if "/" in address])
            return data

    async with working(Node()) as app:
        await (await app.start("flow", {}, "r")).result(20)
    assert seen == [[("0/first", "done")]]


async def test_a_step_within_a_flow_that_is_a_chain_of_a_users_own_is_stored_before_its_code_goes_on() -> (
    None
):
    seen = []

    class Own(Chain):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            data = await self.nodes[0].execute(data)
            seen.append(states(app, "r"))
            return await self.nodes[1].execute(data)

    keep = FunctionNode(lambda x: x, name="keep")
    async with working(Own([keep, FunctionNode(lambda x: x)])) as app:
        await (await app.start("flow", {"x": 1}, "r")).result(20)
    assert seen == [{"keep": "done"}]


async def test_a_worker_that_stops_behind_an_approval_asks_nobody_again(store: MemoryStore) -> None:
    calls: Counter[str] = Counter()
    stuck = True

    async def publish(data: Data) -> Data:
        calls["publish"] += 1
        if stuck:
            here.append(states(app, "r"))
            await asyncio.sleep(3600)
        return {"published": data["approved"], "by": data["decided_by"]}

    async def draft(data: Data) -> Data:
        calls["draft"] += 1
        return {"content": "a post"}

    here: list[dict[str, str]] = []
    flow = FunctionNode(draft) | HumanApprovalNode() | FunctionNode(publish)
    async with working(flow, store=store) as app:
        await app.start("flow", {}, "r")
        await say(app, "approve")
        await until(lambda: here, "the step is being executed", 20)
    assert here[0]["0"] == "done"
    stuck = False
    async with working(flow, store=store) as app:
        assert await (await app.run("r")).result(20) == {"published": True, "by": "bob"}
        assert len(await views.requests(app.store)) == 1
    assert calls == {"draft": 1, "publish": 2}


async def test_a_cycle_is_four_transactions_of_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start; result and question; decision, and the worker takes the run; results and end."""
    units: Counter[str] = Counter()
    async with working(FunctionNode(lambda x: x) | HumanApprovalNode() | FunctionNode(lambda x: x)) as app:
        do = type(app.store).do

        async def counted(self: Any, unit: Any, *args: Any, **kwargs: Any) -> Any:
            units[unit.__name__] += 1
            return await do(self, unit, *args, **kwargs)

        monkeypatch.setattr(type(app.store), "do", counted)
        run = await app.start("flow", {"content": "a post"})
        await say(app, "approve")
        await run.result(20)
    assert {name: units[name] for name in ("create", "record", "decide", "finish")} == {
        "create": 1,
        "record": 1,
        "decide": 1,
        "finish": 1,
    }
    assert units["claim"] == 0


async def test_behind_a_decision_a_step_may_take_long_and_the_question_may_change(store: MemoryStore) -> None:
    stuck = True

    async def publish(data: Data) -> Data:
        if stuck:
            await asyncio.sleep(3600)
        return {"published": data["approved"]}

    async with working(HumanApprovalNode(title="Old") | FunctionNode(publish), store=store) as app:
        await app.start("flow", {"content": "a post"}, "r")
        await say(app, "approve")
        await until(lambda: states(app, "r").get("0") == "done", "the approval is stored as done", 20)
    stuck = False
    async with working(HumanApprovalNode(title="New") | FunctionNode(publish), store=store) as app:
        assert await (await app.run("r")).result(20) == {"published": True}
