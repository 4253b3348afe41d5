"""What was broken once and has to stay mended: tasks in line, tasks in a row, what data and options may be."""

import asyncio
import contextlib
from typing import Any

import pytest

from handrail import (
    Actor,
    App,
    AsyncHumanQueue,
    FunctionNode,
    HumanApprovalNode,
    InvalidFlow,
    InvalidInput,
    Loop,
    MapNode,
    MultiReviewerNode,
    Parallel,
    SmartHITLNode,
    StepFailed,
    StoreClosed,
    TaskRouter,
    escalation,
    outcome,
)
from handrail.inbox import views
from handrail.stores.memory import MemoryStore
from handrail.testing import ScriptedReviewer, TurnableClock, reviewing
from handrail.testing.replay import replay
from tests.support.journey_process import until
from tests.support.journey_runs import asked, reached, say, working

Data = dict[str, Any]
K900 = "x" * 900_000
RESTS = ("WAITING", "FINISHED", "FAILED", "NEEDS_ATTENTION")


async def _two(app: App) -> dict[str, Any]:
    for text in "ab":
        await app.start("flow", {"text": text}, text)

        async def there(t: str = text) -> bool:
            return any(r.run_id == t for r in await views.requests(app.store))

        await until(there, "given")
    return {r.run_id: r for r in await views.requests(app.store)}


async def _first_can_be_answered(app: App, first: Any) -> None:
    done = await app.inbox.decide(first.id, "answer", actor=Actor("w"), payload={})
    assert done.ended
    assert (await (await app.run("a")).result(60))["status"] == "completed"
    # and w gets the next
    await app.start("flow", {"text": "c"}, "c")

    async def third() -> Any:
        return [r for r in await views.requests(app.store) if r.run_id == "c"]

    (c,) = await until(third, "given")
    assert c.worker == "w"


async def test_a_task_withdrawn_in_line_does_not_block_its_pool() -> None:
    async with working(TaskRouter({"review": ["w"]})) as app:
        found = await _two(app)
        await app.inbox.withdraw(found["b"].id, actor=Actor("boss"))
        await _first_can_be_answered(app, found["a"])


async def test_a_task_whose_run_is_cancelled_in_line_does_not_block_its_pool() -> None:
    async with working(TaskRouter({"review": ["w"]})) as app:
        found = await _two(app)
        await (await app.run("b")).cancel()
        await _first_can_be_answered(app, found["a"])


async def test_a_task_out_of_time_in_line_does_not_block_its_pool() -> None:
    clock = TurnableClock()
    app = App(store="memory://", clock=clock)
    app.flow("slow", TaskRouter({"review": ["w"]}))
    app.flow("quick", TaskRouter({"review": ["w"]}, timeout=60))
    async with app:
        await app.start("slow", {"text": "a"}, "a")
        await asked(app, 1)
        await app.start("quick", {"text": "b"}, "b")
        await asked(app, 2)
        clock.turn(61)
        await reached(app, "b", "FINISHED")
        (first,) = [r for r in await views.requests(app.store) if r.run_id == "a"]
        assert (await app.inbox.decide(first.id, "answer", actor=Actor("w"), payload={})).ended


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "options", [{"priority": "high"}, {"guideline": 5}, {"blind": "x"}, {"channels": [5]}], ids=str
)
async def test_a_bad_option_does_not_leave_a_request_that_nobody_can_read(options: Any) -> None:
    from handrail import InvalidInput

    try:
        node = AsyncHumanQueue(**options)
    except InvalidInput:
        return
    async with working(node) as app:
        await app.start("flow", {"content": "c"}, "r")
        await reached(app, "r", "WAITING", "FAILED")
        await views.requests(app.store)


async def _line(app: App, run_id: str = "r") -> None:
    async def there() -> bool:
        found = await views.requests(app.store, run_id=run_id)
        return len(found) == 3 and (await app.runs.get(run_id)).status == "WAITING"

    await until(there, "three tasks, two in line", 20)


async def _answers(app: App, flow_run: Any, payload: Any = None) -> Any:
    """Answer everything as its worker until the run has ended."""
    task = asyncio.create_task(flow_run.result(60))
    while not task.done():
        for request in await views.requests(app.store, ("OPEN",)):
            if not request.in_line:
                await app.inbox.decide(
                    request.id,
                    "answer",
                    actor=Actor(request.worker or "bob"),
                    payload=payload or {"done": True},
                )
        await asyncio.sleep(0.01)
    return await task


async def test_replay_of_a_line_with_priorities():
    flow = MapNode(TaskRouter({"review": ["w"]}), over="items")
    items = [{"text": f"t{n}", "priority": ["low", "high", "normal"][n % 3]} for n in range(12)]
    r = await replay(flow, {"items": items}, answers=lambda request: ("answer", {}))
    assert len(r["results"]) == 12


async def test_reviewing_a_line():
    flow = MapNode(TaskRouter({"review": ["w", "v"]}), over="items")
    items = [{"text": f"t{n}", "priority": ["low", "high", "normal"][n % 3]} for n in range(12)]
    async with working(flow) as app, reviewing(app, ScriptedReviewer("w"), ScriptedReviewer("v")):
        run = await app.start("flow", {"items": items})
        assert len((await run.result(60))["results"]) == 12


async def test_task_withdrawn_named_queue_can_be_given_again():
    q = AsyncHumanQueue("q")

    async def flow(n):
        return await q.execute({"task_id": "t", "content": "c"})

    async with working(flow) as app:
        run = await app.start("flow", {"n": 1}, "r")
        (r,) = await asked(app)
        await app.inbox.withdraw(r.id, actor=Actor("boss"))
        assert (await run.result(60))["status"] == "not_completed"
        run = await app.start("flow", {"n": 2}, "r2")
        st = await reached(app, "r2", "WAITING", "FINISHED")
        assert st.status == "WAITING", st.result


async def test_loop_stale_status():
    first = Loop(lambda x: x, until=lambda x: False, max_iterations=1, name="one")
    second = Loop(lambda x: x, until=lambda x: True, max_iterations=5, name="two")
    async with working(first | second) as app:
        r = await (await app.start("flow", {"content": "c"}, "r")).result(60)
        assert "status" not in r, r


async def test_smart_second_round_has_no_stale_verdict():
    flow = (
        SmartHITLNode()
        | FunctionNode(lambda x: {**x, "content": "better", "confidence": 0.9})
        | SmartHITLNode()
    )
    async with working(flow) as app:
        run = await app.start("flow", {"content": "c", "confidence": 0.1}, "r")
        await say(app, "reject")
        r = await run.result(60)
        assert not (r.get("rejected") and r.get("auto_approved")), r


async def test_multi_second_round_no_stale_reason():
    flow = (
        MultiReviewerNode(["a"])
        | FunctionNode(lambda x: {**x, "content": "better"})
        | MultiReviewerNode(["a"])
    )
    async with working(flow) as app:
        run = await app.start("flow", {"content": "c"}, "r")
        await say(app, "reject", actor=Actor("a"), comment="bad")

        async def new():
            rs = [r for r in await views.requests(app.store) if not r.ended]
            return rs

        (r,) = await until(new, "x")
        await app.inbox.decide(r.id, "approve", actor=Actor("a"))
        r = await run.result(60)
        assert r["approved"]
        assert "reason" not in r


async def test_router_second_round_no_stale_reason():
    flow = (
        TaskRouter({"review": ["a"]})
        | FunctionNode(lambda x: {**x, "task_type": "review"})
        | TaskRouter({"review": ["a"]})
    )
    async with working(flow) as app:
        run = await app.start("flow", {"content": "c", "task_type": "nope"}, "r")
        (r,) = await asked(app)
        await app.inbox.decide(r.id, "answer", actor=Actor("a"), payload={})
        r = await run.result(60)
        assert r["status"] == "completed"
        assert "reason" not in r


async def test_worker_names_with_outer_blanks():
    with pytest.raises(InvalidInput):
        TaskRouter({"review": ["bob", "bob "]})


@pytest.mark.parametrize(
    "bad", [[], {}, ["a", "a"], "ab", [None], [""], ["group:"], ["a", " a"], ["a\n"], ["a\u202e"]]
)
def test_reviewers(bad):
    with pytest.raises(InvalidInput):
        MultiReviewerNode(bad)


async def test_bare_run_of_two_concurrent_same_task_one_cancelled():
    """two bare executions share one task; the run that asked first is cancelled"""
    async with App(store="memory://") as app:
        q = AsyncHumanQueue()
        one = asyncio.create_task(app.execute(q, {"task_id": "t", "content": "c"}, None))
        await asked(app)
        two = asyncio.create_task(app.execute(q, {"task_id": "t", "content": "c"}, None))

        async def waits():
            runs = await app.runs.list()
            return runs if len(runs) == 2 and all(r.status == "WAITING" for r in runs) else None

        runs = await until(waits, "both wait")
        await app.runs.cancel(sorted(run.id for run in runs)[0], actor="x")
        rs = [r for r in await views.requests(app.store) if not r.ended]
        with contextlib.suppress(Exception):
            await one
        if rs:
            await app.inbox.decide(rs[0].id, "answer", actor=Actor("bob"), payload=1)
        assert (await two)["status"] == "completed"


async def ok(flow, data, answers=()):
    async with working(flow) as app:
        run = await app.start("flow", data, "r")
        for verb, payload in answers:
            await say(app, verb, payload)
        return await run.result(60)


async def test_big_data_queue():
    big = FunctionNode(lambda x: {**x, "a": K900}) | FunctionNode(lambda x: {**x, "b": K900})
    await ok(big | AsyncHumanQueue(), {"content": "A good sentence stands here."}, [("answer", 1)])


async def test_big_data_router():
    big = FunctionNode(lambda x: {**x, "a": K900}) | FunctionNode(lambda x: {**x, "b": K900})
    await ok(
        big | TaskRouter({"review": ["bob"]}), {"content": "A good sentence stands here."}, [("answer", {})]
    )


async def n_requests(app, n):
    return len(await views.requests(app.store)) >= n


async def test_withdrawn_task_resubmitted_after_migrate(store):
    """the step that gave a task is dropped and there again"""
    flow1 = FunctionNode(lambda x: x, name="a") | TaskRouter({"review": ["bob"]}, name="route")
    flow2 = (
        FunctionNode(lambda x: x, name="a")
        | FunctionNode(lambda x: x, name="b")
        | TaskRouter({"review": ["bob"]}, name="route2")
    )
    async with working(flow1, store=store) as app:
        await app.start("flow", {"task_id": "t", "content": "x"}, "r")
        await asked(app)
    async with working(flow2, store=store) as app:
        with __import__("contextlib").suppress(Exception):
            await app.run("r")
        await app.migrate("r", [("route", "")])
        st = await reached(app, "r", *RESTS)  # a migrated run is PENDING until a worker has taken it up
        assert st.status == "WAITING", st.error


async def has(app, t):
    return any(r.run_id == t for r in await views.requests(app.store))


@pytest.mark.parametrize("merge", [lambda: {}, lambda a, b, c: {}])
def test_a_merge_that_cannot_be_called_is_refused_when_built(merge):
    with pytest.raises(InvalidFlow):
        Parallel(lambda x: x, merge=merge)


async def test_a_merge_with_an_optional_argument_gets_the_results():
    async with working(
        Parallel(lambda x: {"n": 1}, merge=lambda results, sep=",": {"kind": type(results).__name__})
    ) as app:
        assert (await (await app.start("flow", {"a": 1}, "r")).result(60)) == {"kind": "list"}


async def test_a_queue_name_holds_no_separator():
    with pytest.raises(InvalidFlow):
        AsyncHumanQueue("a\x1fb")


async def test_progress_counts_runs_waiting_for_a_named_queue():
    q = AsyncHumanQueue("labels")
    async with working(q) as app:
        await app.start("flow", {"content": "c"}, "r")
        await asked(app) if False else await reached(app, "r", "WAITING")
        assert [a for _, _, a in app.store.read_now(lambda tx: tx.standing(["r"]))] == [True]


async def test_slow_items_start_soon():
    gate = asyncio.Event()

    async def items():
        yield {"n": 1}
        await gate.wait()
        yield {"n": 2}

    async with working(FunctionNode(lambda x: x)) as app:
        task = asyncio.create_task(app.start_many("flow", items()))

        async def started():
            return await app.runs.list()

        try:
            await until(started, "the first has started", 4)
        finally:
            gate.set()
            await task


async def opened(app, n):
    return any(r.run_id == n for r in await views.requests(app.store))


async def test_escalated_line_then_boss_answers():
    boss = escalation(after=50, to="boss")
    async with working(TaskRouter({"review": ["a"]}, escalations=[boss])) as app:
        for n in "12":
            await app.start("flow", {"text": n}, n)
            await until(lambda n=n: opened(app, n), "given")
        rs = {r.run_id: r for r in await views.requests(app.store)}
        await app.inbox.escalate(rs["2"].id, actor=Actor("x"))
        await app.inbox.decide(rs["1"].id, "answer", actor=Actor("a"), payload={})
        rs = {r.run_id: r for r in await views.requests(app.store)}
        await app.inbox.decide(rs["2"].id, "answer", actor=Actor("boss"), payload={})
        r = await (await app.run("2")).result(60)
        assert r["worker"] == "boss"


async def test_same_task_other_schema_or_audience_is_not_joined():
    one = AsyncHumanQueue("q", audience="alice")
    two = AsyncHumanQueue("q", audience="bob", schema=bool)

    async def a(data):
        await one.submit_task("t", {"content": "c"})
        return {}

    async def b(data):
        await two.submit_task("t", {"content": "c"})
        return {}

    app = App(store="memory://")
    app.flow("a", a)
    app.flow("b", b)
    async with app:
        await (await app.start("a", {}, "a")).result(60)
        with pytest.raises(StepFailed):
            await (await app.start("b", {}, "b")).result(60)


async def test_migrated_label_moves_with_tasks(store):
    """a router step renamed while its task waits: the watch and key go on"""
    f1 = MapNode(TaskRouter({"review": ["a"]}, name="route"), over="items", name="m")
    f2 = MapNode(TaskRouter({"review": ["a"]}, name="route"), over="items", name="m2")
    async with working(f1, store=store) as app:
        await app.start("flow", {"items": [{"text": "1"}, {"text": "2"}]}, "r")

        async def two():
            return len(await views.requests(app.store)) == 2 and (await app.runs.get("r")).status == "WAITING"

        await until(two, "2")
    async with working(f2, store=store) as app:
        await app.migrate("r", [("m", "m2")])
        for _ in range(2):

            async def one():
                return [r for r in await views.requests(app.store) if not r.ended and not r.in_line]

            (r,) = await until(one, "one")
            await app.inbox.decide(r.id, "answer", actor=Actor("a"), payload={})
        r = await (await app.run("r")).result(60)
        assert len(await views.requests(app.store)) == 2


async def test_chain_of_unnamed_step_inserted_keeps_generated_task_id(store):
    """id_in is made of the address: after a migration that moves an unnamed router the task is the same one"""
    f1 = FunctionNode(lambda x: x) | TaskRouter({"review": ["a"]})
    f2 = FunctionNode(lambda x: x) | FunctionNode(lambda x: x) | TaskRouter({"review": ["a"]})
    async with working(f1, store=store) as app:
        await app.start("flow", {"text": "t"}, "r")
        await asked(app)
    async with working(f2, store=store) as app:
        await app.migrate("r", [("1", "2")])
        st = await reached(app, "r", *RESTS)
        rs = await views.requests(app.store)
        assert st.status == "WAITING", st.error
        assert len(rs) == 1
        await app.inbox.decide(rs[0].id, "answer", actor=Actor("a"), payload={"k": 1})
        assert (await (await app.run("r")).result(60))["status"] == "completed"


async def test_renamed_router_keeps_generated_task_id(store):
    f1 = TaskRouter({"review": ["a"]}, name="one") | FunctionNode(lambda x: x)
    f2 = TaskRouter({"review": ["a"]}, name="two") | FunctionNode(lambda x: x)
    async with working(f1, store=store) as app:
        await app.start("flow", {"text": "t"}, "r")
        await asked(app)
    async with working(f2, store=store) as app:
        await app.migrate("r", [("one", "two")])
        st = await reached(app, "r", *RESTS)
        rs = await views.requests(app.store)
        assert st.status == "WAITING", st.error
        assert len(rs) == 1


async def test_on_timeout_answers_fit_the_schema():
    with pytest.raises(InvalidInput):
        TaskRouter({"review": ["a"]}, timeout=1, on_timeout=outcome("answer", 5))


async def test_a_run_with_tasks_in_line_can_be_cancelled() -> None:
    flow = MapNode(TaskRouter({"review": ["alice"]}), over="items")
    async with working(flow) as app:
        run = await app.start("flow", {"items": [{"text": t} for t in "abc"]}, "r")
        await _line(app)
        await run.cancel()
        assert (await app.runs.get("r")).status == "CANCELLED"


async def test_a_run_that_stops_early_with_tasks_in_line_ends() -> None:
    router = TaskRouter({"review": ["alice"]})
    flow = Parallel(
        MapNode(router, over="items"), HumanApprovalNode(on_reject="stop", audience="carol"), merge="names"
    )
    async with working(flow) as app:
        run = await app.start("flow", {"content": "x", "items": [{"text": t} for t in "abc"]}, "r")

        async def there() -> Any:
            found = await views.requests(app.store, run_id="r")
            return found if len(found) == 4 and (await app.runs.get("r")).status == "WAITING" else None

        found = await until(there, "asked", 20)
        (gate,) = [request for request in found if request.draft.kind != "task"]
        await app.inbox.decide(gate.id, "reject", actor=Actor("carol"))
        await run.result(60)


async def test_a_bare_run_with_tasks_in_line_ends_with_its_process(store: MemoryStore) -> None:
    flow = MapNode(TaskRouter({"review": ["alice"]}), over="items")
    app = App(store=store)
    async with app.work():
        task = asyncio.create_task(app.execute(flow, {"items": [{"text": t} for t in "abc"]}, None))

        async def there() -> bool:
            return len(await views.requests(app.store)) == 3

        await until(there, "asked", 20)
    with pytest.raises(StoreClosed):
        await task
    async with App(store=store).connect() as other:
        assert {r.status for r in await views.requests(other.store)} == {"WITHDRAWN"}


async def test_two_routers_in_a_row() -> None:
    flow = (
        TaskRouter({"translation": ["tina"]}, name="translate")
        | FunctionNode(lambda x: {**x, "task_type": "review"}, name="next")
        | TaskRouter({"review": ["rob"]}, name="review")
    )
    async with working(flow) as app:
        run = await app.start("flow", {"text": "hello", "task_type": "translation"}, "r")
        assert (await _answers(app, run))["worker"] == "rob"


async def test_a_router_in_a_loop() -> None:
    flow = Loop(TaskRouter({"review": ["rob"]}), until=lambda x: False, max_iterations=2)
    async with working(flow) as app:
        run = await app.start("flow", {"text": "hello"}, "r")
        assert (await _answers(app, run))["iterations"] == 2


async def test_two_queues_in_a_row() -> None:
    flow = (
        AsyncHumanQueue(title="Translate")
        | FunctionNode(lambda x: {**x, "content": "now review it"}, name="next")
        | AsyncHumanQueue(title="Review")
    )
    async with working(flow) as app:
        run = await app.start("flow", {"content": "hello"}, "r")
        assert (await _answers(app, run))["status"] == "completed"


async def test_two_queues_side_by_side_with_one_task_id_each_ask() -> None:
    flow = Parallel(
        AsyncHumanQueue(title="Colour?", audience="alice"),
        AsyncHumanQueue(title="Size?", audience="bob"),
        merge="names",
    )
    async with working(flow) as app:
        await app.start("flow", {"content": "hello", "task_id": "t"}, "r")
        await reached(app, "r", "WAITING", "FAILED")
        found = await views.requests(app.store)
        assert {r.draft.title for r in found} == {"Colour?", "Size?"}


async def test_an_answer_of_another_task_is_not_taken_by_a_changed_flow(store: MemoryStore) -> None:
    queue = AsyncHumanQueue()

    def flow(which: str) -> Any:
        async def body(data: Data) -> Data:
            await queue.submit_task("a", {"content": "wire 10 to A"})
            await queue.submit_task("b", {"content": "wire 10000 to B"})
            return await queue.get_result(which, None)

        return body

    app = App(store=store)
    app.flow("flow", flow("a"))
    async with app.work():
        await app.start("flow", {}, "r")
        await asked(app, 2)
    app = App(store=store)
    app.flow("flow", flow("b"))
    async with app.work():
        a, _b = sorted(await views.requests(app.store), key=lambda r: r.draft.title)
        await app.inbox.decide(a.id, "answer", actor=Actor("bob"), payload="yes, A")
        settled = await reached(app, "r", "FINISHED", "NEEDS_ATTENTION")
        assert settled.status == "NEEDS_ATTENTION", settled.result


async def test_a_threshold_of_five_sixths_is_reached_by_five_of_six() -> None:
    people = [f"p{n}" for n in range(6)]
    async with working(MultiReviewerNode(people, approval_threshold=5 / 6)) as app:
        run = await app.start("flow", {"content": "x"}, "r")
        (request,) = await asked(app)
        for n, person in enumerate(people):
            if (await views.request(app.store, request.id)).ended:
                break
            await app.inbox.decide(request.id, "approve" if n != 3 else "reject", actor=Actor(person))
        done = await run.result(60)
        assert done["approval_rate"] >= 5 / 6
        assert done["approved"]


async def test_over_that_takes_the_list_out_replays() -> None:
    def take(data: Data) -> Any:
        return data.pop("drafts")

    def flow() -> Any:
        return MapNode(HumanApprovalNode(), over=take)

    plain = MapNode(lambda x: x, over=take)
    async with working(plain) as app:
        run = await app.start("flow", {"drafts": [{"content": "a"}]}, "r")
        without = await run.result(60)
    async with working(flow()) as app:
        run = await app.start("flow", {"drafts": [{"content": "a"}]}, "r")
        await say(app, "approve")
        with_question = await run.result(60)
    same = ("drafts" in without) == ("drafts" in with_question)
    assert same


async def test_a_priority_too_large_for_the_store_is_refused_clearly() -> None:
    async with working(TaskRouter()) as app:
        run = await app.start("flow", {"text": "x", "priority": 10**30}, "r")
        with pytest.raises(StepFailed) as failed:
            await run.result(60)
        assert failed.value.kind == "InvalidInput"


@pytest.mark.parametrize("priority", ["high", None, True, 1.5, 10**30])
async def test_a_priority_that_is_none_is_refused_when_the_node_is_built(priority: Any) -> None:
    with pytest.raises(InvalidInput):
        AsyncHumanQueue(priority=priority)


async def test_a_task_behind_one_that_does_not_fit_is_given_to_whom_has_room() -> None:
    small, large = TaskRouter({"review": ["w"]}, capacity=1), TaskRouter({"review": ["w"]}, capacity=3)
    app = App(store="memory://")
    app.flow("small", small)
    app.flow("large", large)
    async with app.work():

        async def go(flow: str, text: str) -> None:
            await app.start(flow, {"text": text}, text)

            async def there() -> bool:
                return any(r.draft.proposal["text"] == text for r in await views.requests(app.store))

            await until(there, "given")

        for text in ("a", "b", "c"):
            await go("large", text)
        await go("small", "s")
        await go("large", "d")
        by = {r.draft.proposal["text"]: r for r in await views.requests(app.store)}
        assert by["s"].in_line
        assert by["d"].in_line
        await app.inbox.decide(by["a"].id, "answer", actor=Actor("w"), payload={})
        by = {r.draft.proposal["text"]: r for r in await views.requests(app.store)}
        assert by["d"].worker == "w"


async def test_the_worker_is_who_did_it() -> None:
    async with working(TaskRouter({"review": ["w"]})) as app:
        await app.start("flow", {"text": "x"}, "r")
        (request,) = await asked(app)
        from handrail.requests.policy import audience

        await app.inbox.reassign(request.id, actor=Actor("boss"), to=audience(["v", "u"]))
        await app.inbox.decide(request.id, "answer", actor=Actor("u"), payload={})
        run = await app.run("r")
        done = await run.result(60)
        assert (done["decided_by"], done["worker"]) == ("u", "u")


async def test_a_look_at_a_result_without_waiting() -> None:
    queue = AsyncHumanQueue()

    async def body(data: Data) -> Data:
        await queue.submit_task("a", {"content": "x"})
        try:
            await queue.get_result("a", timeout=0)
        except TimeoutError:
            return {"open": True}
        return {}

    async with working(body) as app:
        run = await app.start("flow", {}, "r")
        assert await run.result(60) == {"open": True}
