"""A rehearsal says what a worker would come to, and does nothing."""

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import permutations
from typing import Any

import pytest

from handrail import (
    App,
    AsyncHumanQueue,
    Branch,
    ChainableNode,
    FunctionNode,
    HumanApprovalNode,
    Loop,
    MapNode,
    Parallel,
    Parked,
    StepFailed,
    ask,
    gather,
    now,
    sleep,
    step,
    uuid,
)
from handrail.flows.function import as_flow
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.runs.rehearsal import Finding, Verdict, rehearse
from handrail.stores.memory import MemoryStore
from tests.support.changed_flows import CHANGES, FRAMES, Flows
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, journal, reached, working

Data = dict[str, Any]


async def check(store: MemoryStore, flow: Any, run_id: str = "r") -> Finding:
    """Rehearse, and see that nothing was written."""
    async with App(store=store).connect() as app:
        before = await verify(store), _content(store)
        found = await rehearse(await app.runs.get(run_id), as_flow(flow), store, app.clock)
        assert (await verify(store), _content(store)) == before
    return found


def _content(store: MemoryStore) -> list[str]:
    return store.read_now(lambda tx: list(tx.connection.iterdump()))


async def waiting(store: MemoryStore, flow: Any, count: int = 1, data: Data | None = None) -> None:
    async with working(flow, store=store) as app:
        await app.start("flow", data or {"content": "x"}, "r")
        await asked(app, count)


async def approve(app: App) -> None:
    (request,) = await views.requests(app.store, ["OPEN"])
    await app.inbox.decide(request.id, "approve", actor=BOB)


# -- as a worker would -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", FRAMES)
@pytest.mark.parametrize(("before", "after"), sorted({change[:2] for change in CHANGES}))
async def test_a_known_change_is_told_as_a_worker_tells_it(
    shape: str, before: str, after: str, store: MemoryStore
) -> None:
    await same_as_a_worker(shape, before, after, store)


ORDERS = [
    "".join(order)
    for count in (1, 2, 3)
    for order in permutations("ABN?", count)
    if "?" in order and order != ("?", "A", "B")
]


@pytest.mark.parametrize("shape", FRAMES)
@pytest.mark.parametrize("after", ORDERS)
async def test_any_order_of_nodes_is_told_as_a_worker_tells_it(
    shape: str, after: str, store: MemoryStore
) -> None:
    await same_as_a_worker(shape, "AB?", after, store)


async def same_as_a_worker(shape: str, before: str, after: str, store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, getattr(flows, shape)(before))
    counts = flows.counts.copy()
    found = await check(store, getattr(flows, shape)(after))
    assert flows.counts == counts, "nothing was executed"
    async with working(getattr(flows, shape)(after), store=store) as app:
        await approve(app)
        run = await reached(app, "r", "FINISHED", "NEEDS_ATTENTION")
    if run.error is None:
        assert (found.verdict, found.why, found.difference) == (Verdict.GOES_ON, None, None)
    else:
        assert found.verdict is Verdict.STOPS
        assert found.difference == run.error["difference"]
        assert found.why in run.error["message"]


async def test_a_mapped_run_is_checked_as_it_is_now(store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with App(store=store).connect() as app:
        await app.migrate("r", [("B", "X")])
    assert (await check(store, flows.chain("AX?C"))).verdict is Verdict.GOES_ON
    assert (await check(store, flows.chain("AB?C"))).verdict is Verdict.STOPS


# -- nothing is executed ----------------------------------------------------------------------------------------------


async def test_a_run_that_has_done_nothing_goes_on(store: MemoryStore) -> None:
    counts: Counter[str] = Counter()

    async def flow(data: Data) -> Data:
        counts.update(["flow"])
        return await step("a", lambda: counts.update(["a"]))  # type: ignore[no-any-return]

    async with App(store=store).connect() as app:
        app.flow("flow", flow)
        await app.start("flow", {}, "r")
    assert (await check(store, flow)).verdict is Verdict.GOES_ON
    assert not counts


async def test_what_follows_an_answer_is_not_executed(store: MemoryStore) -> None:
    counts: Counter[str] = Counter()

    async def flow(data: Data) -> Data:
        answer = await ask("Which tone?")
        counts.update(["after"])
        return {"answer": answer}

    await waiting(store, flow)
    async with App(store=store).connect() as app:
        (request,) = await views.requests(store, ["OPEN"])
        await app.inbox.decide(request.id, "answer", actor=BOB, payload="dry")
    assert (await check(store, flow)).verdict is Verdict.GOES_ON
    assert not counts


async def test_a_step_that_waits_for_its_next_attempt_is_not_executed(store: MemoryStore) -> None:
    counts: Counter[str] = Counter()

    class Fails(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            await step("inner", lambda: counts.update(["inner"]))
            counts.update(["body"])
            raise OSError("not now")

    async def flow(data: Data) -> Data:
        await step("first", lambda: counts.update(["first"]))
        return await Fails(name="fails", retries=5, backoff=3600).execute(data)

    async with working(flow, store=store) as app:
        await app.start("flow", {}, "r")
        await reached(app, "r", "WAITING")
    assert counts == {"first": 1, "inner": 1, "body": 1}
    assert (await check(store, flow)).verdict is Verdict.GOES_ON
    assert counts == {"first": 1, "inner": 1, "body": 1}


async def test_a_plain_step_that_waits_for_its_next_attempt_is_not_executed(store: MemoryStore) -> None:
    counts: Counter[str] = Counter()

    def fails(data: Data) -> Data:
        counts.update(["fails"])
        raise OSError("not now")

    flow = FunctionNode(fails, name="fails", retries=5, backoff=3600)
    async with working(flow, store=store) as app:
        await app.start("flow", {}, "r")
        await reached(app, "r", "WAITING")
    assert (await check(store, flow)).verdict is Verdict.GOES_ON
    assert counts == {"fails": 1}


async def test_a_step_that_was_cut_off_is_not_executed_and_nobody_is_asked(store: MemoryStore) -> None:
    counts: Counter[str] = Counter()
    entered = asyncio.Event()

    async def hold() -> None:
        counts.update(["hold"])
        entered.set()
        await asyncio.Event().wait()

    async def flow(data: Data) -> Data:
        await step("pay", hold, on_interrupt="ask")
        return {}

    async with working(flow, store=store) as app:
        await app.start("flow", {}, "r")
        await entered.wait()
    assert (await check(store, flow)).verdict is Verdict.GOES_ON
    assert counts == {"hold": 1}


async def test_a_failed_run_is_checked_up_to_its_failure(store: MemoryStore) -> None:
    counts: Counter[str] = Counter()

    def fails(data: Data) -> Data:
        counts.update(["fails"])
        raise OSError("no")

    first = FunctionNode(lambda x: x, name="first")
    async with working(first | FunctionNode(fails, name="fails"), store=store) as app:
        await app.start("flow", {}, "r")
        await reached(app, "r", "FAILED")
    mended = first | FunctionNode(fails, name="fails") | FunctionNode(fails, name="more")
    assert (await check(store, mended)).verdict is Verdict.GOES_ON
    found = await check(store, first | FunctionNode(fails, name="mended"))
    assert (found.verdict, found.why) == (
        Verdict.STOPS,
        "at position 1 of the flow recorded is 'fails' (FunctionNode), the flow has 'mended' (FunctionNode)",
    )
    assert counts == {"fails": 1}


async def test_a_failure_that_the_flow_went_on_from_is_heard_again(store: MemoryStore) -> None:
    def fails() -> None:
        raise OSError("no")

    def flow(second: str) -> Any:
        async def flow(data: Data) -> Data:
            try:
                await step("first", fails)
            except StepFailed:
                await step(second, str)
            return {"answer": await ask("Which tone?")}

        return flow

    await waiting(store, flow("second"))
    assert (await check(store, flow("second"))).verdict is Verdict.GOES_ON
    assert (await check(store, flow("other"))).verdict is Verdict.STOPS


async def test_a_flow_that_lets_nothing_pass_ends_where_its_past_does(store: MemoryStore) -> None:
    counts: Counter[str] = Counter()

    async def flow(data: Data) -> Data:
        with suppress(Parked):
            await ask("Which tone?")
        await step("later", lambda: counts.update(["later"]))
        return {}

    await waiting(store, flow)
    assert (await check(store, flow)).verdict is Verdict.GOES_ON

    async def worse(data: Data) -> Data:
        try:
            return {"answer": await ask("Which tone?")}
        except BaseException as error:
            raise ValueError("whatever") from error

    assert (await check(store, worse)).verdict is Verdict.GOES_ON
    assert not counts


# -- what a replay would fail at --------------------------------------------------------------------------------------


async def test_code_that_fails_on_the_way_is_told_with_its_place(store: MemoryStore) -> None:
    async def before(data: Data) -> Data:
        made = await step("made", lambda: {"old": 1})
        return {"answer": await ask("Which tone?"), **made}

    async def after(data: Data) -> Data:
        made = await step("made", lambda: {"new": 1})
        return {"answer": await ask("Which tone?", context={"made": made["new"]})}

    await waiting(store, before)
    found = await check(store, after)
    assert found.verdict is Verdict.FAILS
    assert found.why == "flow fails before the place where the run stands (KeyError: 'new')"


async def test_an_input_that_the_flow_takes_no_more_is_told(store: MemoryStore) -> None:
    async def before(topic: str) -> Data:
        return {"answer": await ask(topic)}

    async def after(subject: str) -> Data:
        return {"answer": await ask(subject)}

    await waiting(store, before, data={"topic": "rivers"})
    found = await check(store, after)
    assert (found.verdict, "InvalidInput" in str(found.why)) == (Verdict.FAILS, True)
    async with working(after, store=store) as app:
        (request,) = await views.requests(store, ["OPEN"])
        await app.inbox.decide(request.id, "answer", actor=BOB, payload="dry")
        assert (await reached(app, "r", "FAILED")).error["kind"] == "InvalidInput"  # type: ignore[index]


async def test_a_failure_inside_a_step_is_not_taken_for_one_that_the_flow_catches(store: MemoryStore) -> None:
    class Asks(ChainableNode):
        def __init__(self, key: str) -> None:
            super().__init__(name="asks")
            self.key = key

        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            return {"answer": await ask("Which tone?", context={"about": data[self.key]})}

    def flow(key: str) -> Any:
        async def flow(data: Data) -> Data:
            try:
                return await Asks(key).execute(data)
            except Exception:
                return {"answer": None}

        return flow

    await waiting(store, flow("content"))
    assert (await check(store, flow("content"))).verdict is Verdict.GOES_ON
    found = await check(store, flow("title"))
    assert (found.verdict, found.why) == (
        Verdict.FAILS,
        "asks fails before the place where the run stands (KeyError: 'title')",
    )


# -- every kind of step -----------------------------------------------------------------------------------------------


def approval(name: str) -> HumanApprovalNode:
    return HumanApprovalNode(name=name, title=lambda data: f"Approve {data.get('content', data)}")


def node(name: str) -> FunctionNode:
    return FunctionNode(lambda x: x, name=name)


COMPOSED: dict[str, tuple[Any, Any, Any, str, int]] = {
    "parallel, all of them": (
        lambda: Parallel(node("a") | approval("l"), node("b") | approval("r"), merge="names", name="p"),
        lambda: Parallel(
            node("a") | approval("l") | node("c"), node("b") | approval("r"), merge="names", name="p"
        ),
        lambda: Parallel(node("a") | approval("l"), node("x") | approval("r"), merge="names", name="p"),
        "at position 0 in 'p/0[1]/0' recorded is 'b' (FunctionNode), the flow has 'x' (FunctionNode)",
        2,
    ),
    "parallel, another number": (
        lambda: Parallel(approval("l"), approval("r"), merge="names", name="p"),
        lambda: Parallel(approval("l"), approval("r"), merge=lambda all: all[0], name="p"),
        lambda: Parallel(approval("l"), approval("r"), node("c"), merge="names", name="p"),
        "at position 0 in 'p' recorded is '0' (gather of 2 branches), the flow has '0' (gather of 3 branches)",
        2,
    ),
    "map": (
        lambda: MapNode(node("a") | approval("r"), over="items", name="m"),
        lambda: MapNode(node("a") | approval("r") | node("b"), over="items", name="m"),
        lambda: MapNode(node("x") | approval("r"), over="items", name="m"),
        "at position 0 in 'm/0[0]/0' recorded is 'a' (FunctionNode), the flow has 'x' (FunctionNode)",
        3,
    ),
    "branch": (
        lambda: Branch(lambda x: True, node("a") | approval("r"), node("o"), name="b"),
        lambda: Branch(lambda x: False, node("a") | approval("r"), node("other"), name="b"),
        lambda: Branch(lambda x: True, node("x") | approval("r"), node("o"), name="b"),
        "at position 0 in 'b/1' recorded is 'a' (FunctionNode), the flow has 'x' (FunctionNode)",
        1,
    ),
    "loop": (
        lambda: Loop(node("a") | approval("r"), until=lambda x: x["approved"], name="l"),
        lambda: Loop(node("a") | approval("r") | node("b"), until=lambda x: True, name="l"),
        lambda: Loop(node("x") | node("a") | approval("r"), until=lambda x: True, name="l"),
        "at position 0 in 'l/0' recorded is 'a' (FunctionNode), the flow has 'x' (FunctionNode)",
        1,
    ),
}


@pytest.mark.parametrize("which", COMPOSED)
async def test_composed_flows(which: str, store: MemoryStore) -> None:
    before, fits, differs, why, count = COMPOSED[which]
    await waiting(store, before(), count, {"content": "x", "items": [{"content": str(n)} for n in range(3)]})
    assert (await check(store, fits())).verdict is Verdict.GOES_ON
    found = await check(store, differs())
    assert (found.verdict, found.why) == (Verdict.STOPS, why)


async def test_a_branch_that_ended_is_not_looked_into_and_one_that_waits_is(store: MemoryStore) -> None:
    def flow(left: str, right: str) -> Any:
        async def flow(data: Data) -> Data:
            return {"all": await gather(lambda: branch(left), lambda: branch(right))}

        async def branch(name: str) -> Any:
            await step(name, str)
            return await ask(f"{name[0]}?")

        return flow

    await waiting(store, flow("left", "right"), 2)
    async with working(flow("left", "right"), store=store) as app:
        request = next(r for r in await asked(app, 2) if r.draft.title == "l?")
        await app.inbox.decide(request.id, "answer", actor=BOB, payload="yes")
        await until(lambda: ("0[0]", "branch", "done") in journal(app, "r"), "the branch has ended")
        await reached(app, "r", "WAITING")
    assert (await check(store, flow("lost", "right"))).verdict is Verdict.GOES_ON
    assert (await check(store, flow("left", "rest"))).verdict is Verdict.STOPS


async def test_what_code_remembers_is_the_same(store: MemoryStore) -> None:
    seen: list[Any] = []

    def flow(extra: bool = False) -> Any:
        async def flow(data: Data) -> Data:
            seen.append((await now(), await uuid()))
            await sleep(0.001)
            if extra:
                await sleep(1)
            return {"answer": await ask("Which tone?")}

        return flow

    await waiting(store, flow())
    before = seen[-1]
    assert (await check(store, flow())).verdict is Verdict.GOES_ON
    assert seen[-1] == before
    found = await check(store, flow(extra=True))
    assert found.why == "at position 3 of the flow recorded is '3' (Question), the flow has '3' (sleep)"


async def test_tasks_that_are_given_and_waited_for(store: MemoryStore) -> None:
    def flow(task: str, wait: str) -> Any:
        async def flow(data: Data) -> Data:
            queue = AsyncHumanQueue()
            await queue.submit_task("t", {"content": task})
            await queue.submit_task("u", {"content": "u"})
            return {"result": await queue.get_result(wait, timeout=None)}

        return flow

    await waiting(store, flow("text", "t"), 2)
    assert (await check(store, flow("text", "t"))).verdict is Verdict.GOES_ON
    for other in (flow("text", "u"), flow("other text", "t")):
        assert (await check(store, other)).verdict is Verdict.STOPS


async def test_a_run_that_is_being_executed_is_checked_as_it_stands(store: MemoryStore) -> None:
    entered, going = asyncio.Event(), asyncio.Event()

    async def flow(data: Data) -> Data:
        await step("first", str)
        return await step("second", hold)  # type: ignore[no-any-return]

    async def hold() -> Data:
        entered.set()
        await going.wait()
        return {}

    async def other(data: Data) -> Data:
        return await step("other", str)  # type: ignore[no-any-return]

    async with working(flow, store=store) as app:
        run = await app.start("flow", {}, "r")
        await entered.wait()
        stored = await app.runs.get("r")
        assert (await rehearse(stored, as_flow(flow), store, app.clock)).verdict is Verdict.GOES_ON
        assert (await rehearse(stored, as_flow(other), store, app.clock)).verdict is Verdict.STOPS
        going.set()
        assert await run.result(60) == {}
