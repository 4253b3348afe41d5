"""Nodes at once on the same data: what their results become, how they fail, and answers in every order."""

import asyncio
import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail import (
    ChainableNode,
    FunctionNode,
    HumanApprovalNode,
    InvalidFlow,
    LLMNode,
    MapNode,
    Parallel,
    StepFailed,
    ask,
    step,
)
from handrail.flows.parallel import merged_keys
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.requests.errors import InvalidInput
from handrail.requests.request import HumanRequest
from handrail.stores.memory import MemoryStore
from handrail.testing.replay import replay
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, journal, reached, working

Data = dict[str, Any]


def adds(name: str, **keys: Any) -> FunctionNode:
    """A node that adds keys to the data."""
    return FunctionNode(lambda x: {**x, **keys}, name=name)


async def result_of(flow: ChainableNode, data: Data) -> Any:
    async with working(flow) as app:
        return await (await app.start("flow", data)).result(60)


class Asks(ChainableNode):
    """Works, asks twice and works again; counts what it does."""

    def __init__(self, name: str, counts: Counter[str]) -> None:
        super().__init__(name=name)
        self.counts = counts

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        self.counts[f"{self.name} executed"] += 1
        said = []
        for part in "ab":
            await step("work", self.counts.update, [f"{self.name} {part} worked"])
            said.append(await ask(f"{self.name}{part}?"))
        await step("work", self.counts.update, [f"{self.name} ended"])
        return {**data, f"said to {self.name}": said}


async def open_one(app: Any, title: str) -> HumanRequest:
    """Wait for an open request, whether the run waits or is executed."""

    async def found() -> list[HumanRequest]:
        return [r for r in await views.requests(app.store, PENDING) if r.draft.title == title]

    (request,) = await until(found, f"{title} is asked", 20)
    return request  # type: ignore[no-any-return]


async def answer(app: Any, title: str) -> None:
    request = await open_one(app, title)
    await app.inbox.decide(request.id, "answer", actor=BOB, payload=title.rstrip("?"))


# -- merging ----------------------------------------------------------------------------------------


async def test_keys_that_were_added_and_changed_are_merged() -> None:
    flow = Parallel(adds("a", left=1, shared={"n": [1, 2], "m": 0}), adds("b", right=2), adds("c", kept=9))
    assert await result_of(flow, {"kept": 0, "other": "x"}) == {
        **{"kept": 9, "other": "x"},
        **{"left": 1, "right": 2, "shared": {"n": [1, 2], "m": 0}},
    }


async def test_a_key_that_a_node_leaves_out_stays() -> None:
    flow = Parallel(FunctionNode(lambda x: {"only": 1}), FunctionNode(lambda x: {}))
    assert await result_of(flow, {"kept": 0}) == {"kept": 0, "only": 1}


async def test_two_nodes_may_make_the_same_of_a_key_in_whatever_order_its_keys_are() -> None:
    flow = Parallel(adds("a", x={"m": 1, "n": 2}), adds("b", x={"n": 2, "m": 1}))
    assert await result_of(flow, {"x": 0}) == {"x": {"m": 1, "n": 2}}


@pytest.mark.parametrize(
    ("left", "right"), [(1, 2), (1, True), (1, 1.0), ([], {}), (None, 0), ({"n": 1}, {})]
)
async def test_two_nodes_that_disagree_are_named_with_the_key(left: Any, right: Any) -> None:
    flow = Parallel(adds("first", verdict=left), adds("second", verdict=right))
    with pytest.raises(StepFailed, match="'first' and 'second' both changed 'verdict'") as caught:
        await result_of(flow, {})
    assert caught.value.kind == "InvalidInput"


async def test_nodes_without_names_that_disagree_are_named_by_their_places() -> None:
    flow = Parallel(lambda x: x, lambda x: {"n": 1}, lambda x: {"n": 2})
    with pytest.raises(StepFailed, match="'1' and '2' both changed 'n'"):
        await result_of(flow, {"n": 0})


async def test_a_node_that_changes_a_key_back_to_what_it_was_has_not_changed_it() -> None:
    assert merged_keys({"n": 1}, [{"n": 2}, {"n": 1}], ["a", "b"]) == {"n": 2}
    with pytest.raises(InvalidInput, match="'a' and 'c'"):
        merged_keys({"n": 1}, [{"n": 2}, {"n": 1}, {"n": True}], ["a", "b", "c"])


async def test_results_may_come_under_the_names_of_their_nodes() -> None:
    flow = Parallel(adds("a", n=1), lambda x: {"n": 2}, merge="names")
    assert await result_of(flow, {"x": 0}) == {"x": 0, "a": {"x": 0, "n": 1}, "1": {"n": 2}}


async def of_results(results: list[Data]) -> Data:
    return {"sum": sum(result["n"] for result in results)}


def of_both(data: Data, results: list[Data]) -> Data:
    data["n"] = "a change that nobody sees"
    return {"sum": data["start"] + sum(result["n"] for result in results)}


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        (lambda results: {"sum": sum(result["n"] for result in results)}, 3),
        (of_results, 3),
        (of_both, 13),
        (lambda data, results, *, more=100: {"sum": more + data["start"]}, 110),
        (lambda results, more=7: {"sum": more + len(results)}, 9),
    ],
)
async def test_a_function_merges_once(merge: Any, expected: int) -> None:
    counts: Counter[str] = Counter()
    flow = Parallel(adds("a", n=1), adds("b", n=2), merge=merge, name="both") | Asks("later", counts)
    async with working(flow) as app:
        run = await app.start("flow", {"start": 10})
        await answer(app, "latera?")
        await answer(app, "laterb?")
        assert (await run.result(60))["sum"] == expected


async def test_a_merge_is_not_executed_again_on_a_replay() -> None:
    counts: Counter[str] = Counter()

    def merge(results: list[Data]) -> Data:
        counts["merged"] += 1
        return {"n": len(results)}

    class Outer(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            counts["outer"] += 1
            both = await Parallel(adds("a"), adds("b"), merge=merge).execute(data)
            return {**both, "said": await ask("Well?")}

    async with working(Outer()) as app:
        run = await app.start("flow", {})
        await answer(app, "Well?")
        assert await run.result(60) == {"n": 2, "said": "Well"}
    assert counts == {"outer": 2, "merged": 1}


async def test_a_merge_that_raises_fails_its_step_and_a_retry_merges_again_alone() -> None:
    counts: Counter[str] = Counter()

    def merge(results: list[Data]) -> Data:
        counts["merged"] += 1
        if counts["merged"] == 1:
            raise ValueError("not like that")
        return results[0]

    flow = Parallel(FunctionNode(lambda x: counts.update(["a"]) or {"n": 1}), merge=merge, name="both")
    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="ValueError: not like that") as caught:
            await run.result(60)
        assert caught.value.name == "both/merge"
        await run.retry()
        assert await run.result(60) == {"n": 1}
    assert counts == {"a": 1, "merged": 2}


async def test_a_merge_that_returns_no_dict_is_a_clear_failure() -> None:
    with pytest.raises(StepFailed, match=r"node 'both' \(Parallel\) returned list"):
        await result_of(Parallel(adds("a"), merge=lambda results: results, name="both"), {})


# -- what can't be meant ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "merge", "words"),
    [
        ((), "keys", "at least one node"),
        ((adds("a"), adds("a")), "keys", "two nodes are named 'a'"),
        ((adds("a"), "b"), "keys", "takes a node or a function, not str"),
        ((FunctionNode,), "keys", "is a class"),
        ((adds("a"),), "values", "use 'keys', 'names' or a function"),
        ((adds("a"),), None, "use 'keys', 'names' or a function"),
        ((adds("a"),), lambda: {}, "of the list of results, or of the data and the list"),
        ((adds("a"),), lambda a, b, c: {}, "of the list of results, or of the data and the list"),
        ((HumanApprovalNode(name="a"), HumanApprovalNode(name="b")), "keys", "merge='names'"),
        ((HumanApprovalNode(), adds("x") | HumanApprovalNode()), "keys", "merge='names'"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_built(nodes: Any, merge: Any, words: str) -> None:
    with pytest.raises(InvalidFlow, match=words):
        Parallel(*nodes, merge=merge)


def test_people_side_by_side_are_fine_where_their_results_are_kept_apart() -> None:
    people = HumanApprovalNode(name="a"), HumanApprovalNode(name="b")
    assert Parallel(*people, merge="names").signature() == ["Parallel", "a", "b"]
    Parallel(*people, merge=lambda results: results[0])
    Parallel(people[0], people[1] | FunctionNode(lambda x: {"b": x["approved"]}))


async def test_what_no_node_can_begin_with_is_refused_before_any_is_executed() -> None:
    counts: Counter[str] = Counter()
    flow = Parallel(lambda x: counts.update(["executed"]) or x, LLMNode(model=lambda messages: "text"))
    with pytest.raises(InvalidInput, match="prompt"):
        await result_of(flow, {"topic": "AI"})
    assert not counts


async def test_what_one_node_does_to_its_input_is_not_seen_by_the_others() -> None:
    def spoils(data: Data) -> Data:
        data["list"].append(1)
        return {"length": len(data["list"])}

    flow = Parallel(spoils, FunctionNode(spoils), merge="names")
    assert await result_of(flow, {"list": []}) == {"list": [], "0": {"length": 1}, "1": {"length": 1}}


# -- failing ----------------------------------------------------------------------------------------


async def test_all_come_to_their_end_the_first_failure_counts_and_a_retry_executes_only_the_failed() -> None:
    counts: Counter[str] = Counter()
    mended = False

    def node(name: str, fails: bool = False) -> FunctionNode:
        def work(data: Data) -> Data:
            counts[name] += 1
            if fails and not mended:
                raise ValueError(name)
            return {name: counts[name]}

        return FunctionNode(work, name=name)

    flow = Parallel(node("fine"), node("first", True), Asks("person", counts), node("second", True))
    async with working(flow) as app:
        run = await app.start("flow", {})
        await asked(app)
        assert (run.status, counts["second"]) == ("WAITING", 1)
        await answer(app, "persona?")
        await answer(app, "personb?")
        with pytest.raises(StepFailed, match="ValueError: first") as caught:
            await run.result(60)
        assert caught.value.name == "0/0[1]/first"
        mended = True
        await run.retry()
        assert await run.result(60) == {
            **{"fine": 1, "first": 2, "second": 2},
            "said to person": ["persona", "personb"],
        }
        assert len(await views.requests(app.store)) == 2, "nobody is asked again"
    assert (counts["fine"], counts["person executed"], counts["person ended"]) == (1, 3, 1)


async def test_retries_inside_a_branch_let_the_others_alone() -> None:
    counts: Counter[str] = Counter()

    def shaky(data: Data) -> Data:
        counts["shaky"] += 1
        if counts["shaky"] < 3:
            raise ValueError("not yet")
        return {"shaky": counts["shaky"]}

    flow = Parallel(
        FunctionNode(shaky, retries=2, backoff=0.01),
        FunctionNode(lambda x: counts.update(["fine"]) or {"fine": True}),
    )
    assert await result_of(flow, {}) == {"shaky": 3, "fine": True}
    assert counts["fine"] == 1


async def test_a_rejection_may_end_the_run_and_withdraws_what_the_others_asked() -> None:
    counts: Counter[str] = Counter()
    inner = Parallel(HumanApprovalNode(on_reject="stop", title="Stop?"), Asks("inner", counts))
    flow = Parallel(Asks("outer", counts), inner, merge="names") | adds("never", never=True)
    async with working(flow) as app:
        run = await app.start("flow", {"content": "x"})
        await asked(app, 3)
        request = await open_one(app, "Stop?")
        await app.inbox.decide(request.id, "reject", actor=BOB, comment="enough")
        result = await run.result(60)
        assert (result["approved"], result["reason"], "never" in result) == (False, "enough", False)
        statuses = {r.draft.title: r.status for r in await views.requests(app.store)}
    assert statuses == {"Stop?": "RESOLVED", "outera?": "WITHDRAWN", "innera?": "WITHDRAWN"}


# -- nesting and order ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_parallel_in_parallel_in_map_is_answered_in_any_order(seed: int) -> None:
    counts: Counter[str] = Counter()

    def leaf(name: str) -> ChainableNode:
        class Leaf(ChainableNode):
            async def execute(self, data: Data) -> Data:  # type: ignore[override]
                counts[f"{data['item']}{name}"] += 1
                return {name: await ask(f"{data['item']}{name}?")}

        return Leaf(name=name)

    inner = Parallel(leaf("b"), leaf("c"), name="inner")
    flow = MapNode(Parallel(leaf("a"), inner), over="items")
    titles = [f"{item}{part}?" for item in "xyz" for part in "abc"]
    order = list(titles)
    while seed and order == titles:
        order = [titles[(place * (1, 2, 4, 7)[seed] + seed) % 9] for place in range(9)]
    async with working(flow) as app:
        run = await app.start("flow", {"items": list("xyz")})
        await asked(app, 9)
        for title in order:
            await answer(app, title)
        result = await run.result(20)
    assert result["results"] == [
        {"item": item, **{part: f"{item}{part}" for part in "abc"}} for item in "xyz"
    ]
    assert counts == Counter({title.rstrip("?"): 2 for title in titles})


NAMES = ("x", "y", "z")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations([*NAMES, *NAMES, "slow goes on", "slow goes on"]))
def test_in_whatever_order_answers_come_between_whatever_is_executed_the_result_is_the_same(
    order: list[str],
) -> None:
    asyncio.run(_in_order(order))


async def _in_order(order: list[str]) -> None:
    counts: Counter[str] = Counter()
    gates = [asyncio.Event(), asyncio.Event()]
    closed = iter(gates)

    class Slow(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            counts["slow executed"] += 1
            for gate in gates:
                await step("wait", gate.wait)
                await step("work", counts.update, ["slow worked"])
            return {**data, "slow": True}

    flow = Parallel(*(Asks(name, counts) for name in NAMES), Slow(name="slow"))
    parts = {name: iter("ab") for name in NAMES}
    async with working(flow) as app:
        run = await app.start("flow", {"n": 1})
        for name in order:
            if name in parts:
                await answer(app, f"{name}{next(parts[name])}?")
            else:
                next(closed).set()
        result = await run.result(20)
    said = {f"said to {name}": [f"{name}a", f"{name}b"] for name in NAMES}
    assert result == {"n": 1, "slow": True, **said}
    assert counts == Counter(
        {f"{name} executed": 3 for name in NAMES}
        | {f"{name} {part}": 1 for name in NAMES for part in ("a worked", "b worked", "ended")}
        | {"slow executed": 1, "slow worked": 2}
    )


@pytest.mark.parametrize("order", list(itertools.permutations(NAMES)))
async def test_several_workers_of_one_store_share_the_branches_of_a_run(
    order: tuple[str, ...], store: MemoryStore
) -> None:
    counts: Counter[str] = Counter()
    flow = Parallel(*(Asks(name, counts) for name in NAMES))
    async with working(flow, store=store) as first, working(flow, store=store) as second:
        run = await first.start("flow", {}, "r")
        workers = itertools.cycle([first, second])
        for part, names in (("a", order), ("b", order[::-1])):
            for name in names:
                await answer(next(workers), f"{name}{part}?")
        assert await run.result(20) == {f"said to {name}": [f"{name}a", f"{name}b"] for name in NAMES}
    assert {counts[f"{name} executed"] for name in NAMES} == {3}
    assert {counts[f"{name} ended"] for name in NAMES} == {1}


async def test_it_can_be_replayed() -> None:
    counts: Counter[str] = Counter()
    flow = Parallel(
        Asks("x", counts), Asks("y", counts) | adds("more", more=1), MapNode(Asks("z", counts), over="items")
    )

    def said(request: HumanRequest) -> tuple[str, Any]:
        return "answer", request.address

    result = await replay(flow, {"items": [1, {"two": 2}]}, answers=said)
    assert result["said to x"] == ["0/0[0]/x/1/0", "0/0[0]/x/3/0"]
    said_to_z = [item["said to z"][0] for item in result["results"]]
    assert said_to_z == ["0/0[2]/0/0[0]/z/1/0", "0/0[2]/0/0[1]/z/1/0"]


async def test_outside_a_run_it_starts_one_that_asks() -> None:
    flow = Parallel(adds("a", left=1), adds("b", right=2))
    assert await flow.execute({"n": 0}) == {"n": 0, "left": 1, "right": 2}


async def test_a_run_waits_once_every_branch_has_asked_or_ended() -> None:
    counts: Counter[str] = Counter()
    flow = Parallel(Asks("x", counts), adds("a", n=1), name="both")
    async with working(flow) as app:
        run = await app.start("flow", {})
        await reached(app, run, "WAITING")
        assert ("both/0[1]", "branch", "done") in journal(app, run.id)
        assert ("both/0[0]", "branch", "waiting") in journal(app, run.id)
        await run.cancel()
