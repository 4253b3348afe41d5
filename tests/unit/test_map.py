"""One node for each item of a list: what items are, limits, failures, and what thousands of them cost."""

import asyncio
import functools
import gc
import random
from collections import Counter
from typing import Any

import pytest

from handrail import (
    App,
    Branch,
    ChainableNode,
    FunctionNode,
    HumanApprovalNode,
    InvalidFlow,
    InvalidInput,
    Loop,
    MapNode,
    StepFailed,
    ask,
    step,
)
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.requests.request import HumanRequest
from handrail.runs import branches, units
from handrail.runs.activation import Activation, Strand
from handrail.runs.branches import WINDOW, Gather
from handrail.runs.scope import Scope
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, journal, reached, working

Data = dict[str, Any]


async def result_of(flow: ChainableNode, data: Data) -> Any:
    async with working(flow) as app:
        return await (await app.start("flow", data)).result(20)


class Asks(ChainableNode):
    """Works, asks and works again; counts what it does."""

    def __init__(self, counts: Counter[str]) -> None:
        super().__init__()
        self.counts = counts

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        item = data["item"]
        self.counts[f"{item} executed"] += 1
        await step("before", self.counts.update, [f"{item} before"])
        said = await ask(f"Question {item}?")
        await step("after", self.counts.update, [f"{item} after"])
        return {"item": item, "said": said}


def expected(*items: Any) -> list[Data]:
    return [{"item": item, "said": f"Question {item}?"} for item in items]


async def open_ones(app: App) -> list[HumanRequest]:
    return await views.requests(app.store, PENDING, limit=10_000)


async def say_its_title(app: App, request: HumanRequest) -> None:
    await app.inbox.decide(request.id, "answer", actor=BOB, payload=request.draft.title)


# -- items ------------------------------------------------------------------------------------------


async def test_items_that_are_dicts_are_the_input_and_others_arrive_as_item() -> None:
    items = [{"n": 1}, 2, "three", None, [4], {}, 5.0, False]
    result = await result_of(MapNode(lambda x: {"got": x}, over="items"), {"items": items, "more": 1})
    assert [one["got"] for one in result["results"]] == [
        item if isinstance(item, dict) else {"item": item} for item in items
    ]
    assert (result["items"], result["more"]) == (items, 1)


async def test_the_key_of_the_result_may_be_another_one() -> None:
    double = FunctionNode(lambda x: {"n": x["item"] * 2})
    assert await result_of(MapNode(double, "items", into="items"), {"items": [1, 2]}) == {
        "items": [{"n": 2}, {"n": 4}]
    }


@pytest.mark.parametrize("is_async", [False, True])
async def test_over_may_be_a_function_that_is_asked_once(is_async: bool) -> None:
    counts: Counter[str] = Counter()

    def words(data: Data) -> list[str]:
        counts["over"] += 1
        return list(data["text"].split()) * counts["over"]

    async def words_later(data: Data) -> list[str]:
        return words(data)

    flow = MapNode(Asks(counts), over=words_later if is_async else words)
    async with working(flow) as app:
        run = await app.start("flow", {"text": "a b"})
        for request in await asked(app, 2):
            await say_its_title(app, request)
        assert (await run.result(60))["results"] == expected("a", "b")
    assert counts["over"] == 1


@pytest.mark.parametrize(
    ("over", "data", "words"),
    [
        ("items", {}, "the data has no 'items'"),
        ("items", {"items": "text"}, "'items' is str, not a list"),
        ("items", {"items": {"a": 1}}, "'items' is dict, not a list"),
        ("items", {"items": None}, "'items' is NoneType, not a list"),
        ("items", {"items": []}, r"'items' is empty; put Branch\(...\) in front"),
        (lambda data: [], {}, r"what over\(data\) returned is empty"),
        (lambda data: 7, {}, r"what over\(data\) returned is int, not a list"),
    ],
)
async def test_a_map_over_nothing_is_a_failed_step(over: Any, data: Data, words: str) -> None:
    with pytest.raises(StepFailed, match=words) as caught:
        await result_of(FunctionNode(lambda x: x) | MapNode(lambda x: x, over, name="each"), data)
    assert (caught.value.name, caught.value.kind) == ("each", "InvalidInput")


async def test_a_run_that_begins_with_a_map_is_refused_without_its_items() -> None:
    with pytest.raises(InvalidInput, match="the data has no 'items'"):
        await result_of(MapNode(lambda x: x, "items", name="each"), {"others": []})


async def test_an_over_that_raises_fails_its_step() -> None:
    with pytest.raises(StepFailed, match="KeyError") as caught:
        await result_of(MapNode(lambda x: x, lambda data: data["missing"], name="each"), {})
    assert caught.value.name == "each/items"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"over": ""}, InvalidFlow, "the key of a list or a function"),
        ({"over": 7}, InvalidFlow, "the key of a list or a function"),
        ({"node": "x"}, InvalidFlow, "MapNode takes a node or a function, not str"),
        ({"limit": 0}, InvalidInput, "limit=0"),
        ({"limit": True}, InvalidInput, "limit=True"),
        ({"into": ""}, InvalidFlow, "the key of the results"),
        ({"into": None}, InvalidFlow, "the key of the results"),
        ({"on_failure": "skip"}, InvalidFlow, "use 'fail' or 'keep'"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_built(
    options: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        MapNode(**{"node": lambda x: x, "over": "items", **options})


# -- limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_a_limit_bounds_those_that_wait_and_the_next_begin_in_order(limit: int) -> None:
    counts: Counter[str] = Counter()
    titles: list[list[str]] = []
    async with working(MapNode(Asks(counts), over="items", limit=limit)) as app:
        run = await app.start("flow", {"items": list(range(5))})
        for number in range(5):
            requests = await asked(app, min(limit, 5 - number))
            titles.append([request.draft.title for request in requests])
            await say_its_title(app, requests[0])
            await until(lambda n=number: _ended(app, run.id) == n + 1, "the item has ended")
        assert (await run.result(60))["results"] == expected(*range(5))
    assert titles == [[f"Question {n}?" for n in range(5)][first : first + limit] for first in range(5)]
    assert {count for key, count in counts.items() if key.endswith("executed")} == {2}


def _ended(app: App, run_id: str) -> int:
    return [entry[1:] for entry in journal(app, run_id)].count(("branch", "done"))


class Together(ChainableNode):
    """Knows how many of it are executed at once, and the most there ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.fails = False
        self.executed: list[Any] = []

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        self.now += 1
        self.most = max(self.most, self.now)
        self.executed.append(data["item"])
        try:
            await step("work", asyncio.sleep, 0)
            if self.fails and data["item"] % 2:
                raise ValueError(f"item {data['item']}")
            await step("more work", asyncio.sleep, 0)
        finally:
            self.now -= 1
        return data


async def test_a_limit_holds_for_a_retry_too_which_executes_only_the_failed_items() -> None:
    node = Together()
    node.fails = True
    async with working(MapNode(node, over="items", limit=2)) as app:
        run = await app.start("flow", {"items": list(range(12))})
        with pytest.raises(StepFailed, match=r"ValueError: item 1$"):
            await run.result(60)
        assert (node.most, sorted(node.executed)) == (2, list(range(12)))
        node.fails, node.most, node.executed = False, 0, []
        await run.retry()
        assert (await run.result(60))["results"] == [{"item": n} for n in range(12)]
    assert (node.most, node.executed) == (2, [1, 3, 5, 7, 9, 11])


# -- failing ----------------------------------------------------------------------------------------


async def test_a_retry_of_maps_in_maps_executes_only_what_failed_inside() -> None:
    node = Together()
    node.fails = True
    inner = MapNode(node, over="items", into="inner", name="inner")
    async with working(MapNode(inner, over="groups", name="outer")) as app:
        run = await app.start("flow", {"groups": [{"items": [0, 2]}, {"items": [4, 5, 7]}, {"items": [9]}]})
        with pytest.raises(StepFailed, match=r"item 5$") as caught:
            await run.result(60)
        assert caught.value.name == "outer/0[1]/inner/0[1]/0"
        node.fails, node.executed = False, []
        await run.retry()
        results = (await run.result(60))["results"]
    assert [[one["item"] for one in group["inner"]] for group in results] == [[0, 2], [4, 5, 7], [9]]
    assert sorted(node.executed) == [5, 7, 9]


async def test_a_failure_waits_for_the_items_that_wait_for_people() -> None:
    counts: Counter[str] = Counter()
    flow = MapNode(Branch(lambda x: x["item"] > 1, Asks(counts), _broken), over="items")
    async with working(flow) as app:
        run = await app.start("flow", {"items": [3, 1, 0]})
        (request,) = await asked(app)
        assert run.status == "WAITING"
        await say_its_title(app, request)
        with pytest.raises(StepFailed, match="broken 1"):
            await run.result(60)


def _broken(data: Data) -> Data:
    raise ValueError(f"broken {data['item']}")


async def test_failures_may_be_kept_and_are_the_same_on_a_replay() -> None:
    def half(data: Data) -> Data:
        return {"half": data["n"] // data["by"]}

    seen: list[Any] = []

    class Outer(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            node = MapNode(FunctionNode(half, name="half"), "items", on_failure="keep", name="each")
            seen.append((await node.execute(data))["results"])
            return {"results": seen[-1], "said": await ask("Well?")}

    async with working(Outer(name="outer")) as app:
        run = await app.start("flow", {"items": [{"n": 8, "by": 2}, {"n": 1, "by": 0}, {}]})
        (request,) = await asked(app)
        await say_its_title(app, request)
        results = (await run.result(60))["results"]
    assert results[0] == {"half": 4}
    assert results[1]["error"]["step"] == "outer/each/0[1]/half"
    assert results[1]["error"]["kind"] == "ZeroDivisionError"
    assert set(results[1]["error"]) == {"step", "kind", "message"}
    assert results[2]["error"]["kind"] == "KeyError"
    assert seen == [results, results]


async def test_a_person_may_stop_the_run_although_failures_are_kept() -> None:
    node = HumanApprovalNode(on_reject="stop")
    async with working(MapNode(node, "items", on_failure="keep")) as app:
        run = await app.start("flow", {"items": [{"content": "a"}, {"content": "b"}]})
        first, _ = await asked(app, 2)
        await app.inbox.decide(first.id, "reject", actor=BOB, comment="enough")
        result = await run.result(60)
        assert (result["approved"], "results" in result) == (False, False)
        assert not await open_ones(app)


# -- in other nodes ---------------------------------------------------------------------------------


async def test_maps_in_maps() -> None:
    counts: Counter[str] = Counter()
    inner = MapNode(Asks(counts), over="items", into="inner", limit=1)
    async with working(MapNode(inner, over="groups", limit=2)) as app:
        run = await app.start(
            "flow", {"groups": [{"items": [f"{group}{n}" for n in range(2)]} for group in "abc"]}
        )
        for left in (2, 2, 2, 2, 1, 1):
            requests = await asked(app, left)
            await say_its_title(app, requests[-1])
            await until(lambda r=requests[-1]: _gone(app, r), "it is answered")
        results = (await run.result(60))["results"]
    assert [one["inner"] for one in results] == [expected(f"{group}0", f"{group}1") for group in "abc"]
    assert {count for key, count in counts.items() if key.endswith("executed")} == {2}


async def _gone(app: App, request: HumanRequest) -> bool:
    """Whether what was asked next is asked by now, or the run has ended."""
    run = await app.runs.get(request.run_id or "")
    stays = request.id in {other.id for other in await open_ones(app)}
    return not stays and run.status in ("WAITING", "FINISHED")


async def test_a_map_in_a_loop_and_in_a_branch() -> None:
    counts: Counter[str] = Counter()

    class Round(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            said = await ask(f"{data['item']}: one more?")
            return {"item": data["item"] + 1, "said": said}

    each = MapNode(Round(), over="items", into="rounds")
    again = FunctionNode(lambda x: {"items": [one["item"] for one in x["rounds"]], "rounds": x["rounds"]})
    body = Branch(lambda x: len(x["items"]) > 0, each | again, otherwise=lambda x: counts.update(["no"]) or x)
    async with working(Loop(body, until=lambda x: min(x["items"]) >= 2)) as app:
        run = await app.start("flow", {"items": [0, 1]})
        titles = []
        for _ in range(2):
            for request in await asked(app, 2):
                titles.append(request.draft.title)
                await say_its_title(app, request)
            await until(functools.partial(_asked_by_now, app, run.id, len(titles)), "the round is over")
        result = await run.result(60)
    assert (result["items"], result["iterations"], counts["no"]) == ([2, 3], 2, 0)
    assert titles == ["0: one more?", "1: one more?", "1: one more?", "2: one more?"]


async def _asked_by_now(app: App, run_id: str, count: int) -> bool:
    over = (await app.runs.get(run_id)).status == "FINISHED"
    return over or len(await views.requests(app.store)) == count + 2


# -- many -------------------------------------------------------------------------------------------


async def test_three_hundred_items_are_answered_in_any_order_while_others_are_executed() -> None:
    chance, counts, gates = random.Random(3), Counter[str](), Counter[str]()
    slow = {item: asyncio.Event() for item in range(0, 300, 10)}

    class Item(Asks):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            if (gate := slow.get(data["item"])) is not None:
                gates["executed"] += 1
                await step("wait", gate.wait)
            return await super().execute(data)

    async with working(MapNode(Item(counts), over="items")) as app:
        run = await app.start("flow", {"items": list(range(300))})
        answered: set[str] = set()
        while len(answered) < 300:
            for request in chance.sample(found := await open_ones(app), len(found)):
                if request.id not in answered:
                    answered.add(request.id)
                    await say_its_title(app, request)
                    if chance.random() < 0.2 and (shut := [g for g in slow.values() if not g.is_set()]):
                        chance.choice(shut).set()
            if not found:
                next((gate for gate in slow.values() if not gate.is_set()), asyncio.Event()).set()
            await asyncio.sleep(0)
        assert (await run.result(60))["results"] == expected(*range(300))
    for what, times in (("executed", 2), ("before", 1), ("after", 1)):
        assert {counts[f"{item} {what}"] for item in range(300)} == {times}, what
    assert gates["executed"] == 2 * len(slow)


async def test_at_most_a_window_of_items_is_in_memory_while_a_thousand_are_executed() -> None:
    node = Together()
    result = await result_of(MapNode(node, over="items"), {"items": list(range(1000))})
    assert [one["item"] for one in result["results"]] == list(range(1000))
    assert 1 < node.most <= WINDOW
    assert sorted(node.executed) == list(range(1000))


async def test_nothing_but_rows_is_left_of_items_that_wait() -> None:
    counts: Counter[str] = Counter()
    async with working(MapNode(Asks(counts), over="items")) as app:
        tasks, things = asyncio.all_tasks(), _in_memory()
        run = await app.start("flow", {"items": list(range(250))})
        await until(lambda: _waits_for(app, run.id, 250), "all has been asked")
        await until(lambda: asyncio.all_tasks() <= tasks, "the run is forgotten")
        assert _in_memory().keys() <= things.keys()
        await run.cancel()


def _in_memory() -> dict[int, Any]:
    """Everything that belongs to executions, also what other tests have left in tracebacks."""
    gc.collect()
    kinds = (Scope, Strand, Gather, Activation)
    return {id(thing): thing for thing in gc.get_objects() if isinstance(thing, kinds)}


async def _waits_for(app: App, run_id: str, count: int) -> bool:
    return (await app.runs.get(run_id)).status == "WAITING" and len(await open_ones(app)) == count


@pytest.mark.slow
@pytest.mark.parametrize("linger", [0.0, branches.LINGER])
async def test_four_hundred_items_stay_linear(linger: float, monkeypatch: pytest.MonkeyPatch) -> None:
    count, counts = 400, Counter[str]()
    read: Counter[str] = Counter()
    load, open_branches = units.load, units.open_branches

    def counted(tx: Any, run_id: str, frame: str) -> Any:
        frames, requests = load(tx, run_id, frame)
        read["entries"] += sum(len(entries) for entries in frames.values())
        read["requests"] += len(requests)
        return frames, requests

    def counted_branches(tx: Any, **arguments: Any) -> Any:
        found, begun = open_branches(tx, **arguments)
        read["branches"] += len(found)
        read["looks"] += 1
        return found, begun

    # Both do what they always do, and count what they read.
    monkeypatch.setattr(units, "load", counted)
    monkeypatch.setattr(units, "open_branches", counted_branches)
    monkeypatch.setattr(branches, "LINGER", linger)
    async with working(MapNode(Asks(counts), over="items")) as app:
        run = await app.start("flow", {"items": list(range(count))})
        await until(lambda: _waits_for(app, run.id, count), "all has been asked")
        for request in await open_ones(app):
            await say_its_title(app, request)
        assert (await run.result(60))["results"] == expected(*range(count))
    # Per item what it did before, what it asked and the question's own entry; per wakeup the map and its gather.
    assert read["branches"] == count
    assert read["requests"] == count
    assert read["entries"] <= count * 8
    assert read["looks"] <= count * 2
    assert {count for key, count in counts.items() if key.endswith("executed")} == {2}


async def test_a_wakeup_replays_the_branch_it_is_for_and_nothing_else() -> None:
    counts: Counter[str] = Counter()
    async with working(MapNode(Asks(counts), over="items")) as app:
        run = await app.start("flow", {"items": list(range(20))})
        requests = await asked(app, 20)
        await say_its_title(app, next(r for r in requests if r.draft.title == "Question 7?"))
        await until(lambda: _ended(app, run.id) == 1, "the item has ended")
        await reached(app, run, "WAITING")
        assert counts["7 executed"] == 2
        assert {counts[f"{n} executed"] for n in range(20) if n != 7} == {1}
        await run.cancel()
