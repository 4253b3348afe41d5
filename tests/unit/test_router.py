"""Tasks for one worker of a pool: who gets them, who may answer, who waits in line."""

import asyncio
from typing import Any

import pytest

from handrail import (
    Actor,
    App,
    Conflict,
    InvalidInput,
    MapNode,
    NotAllowed,
    StepFailed,
    TaskRouter,
    escalation,
    gather,
    outcome,
)
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from handrail.testing.replay import replay
from tests.support.journey_process import until
from tests.support.journey_runs import asked, working

Data = dict[str, Any]
DONE = {"done": True}


async def pending(app: App, count: int) -> dict[str, HumanRequest]:
    """Wait until so many tasks are open; by the text of their task."""
    found = await asked(app, count)
    return {str(request.draft.proposal.get("text")): request for request in found}


async def answer(app: App, request: HumanRequest, who: str | None = None) -> HumanRequest:
    return await app.inbox.decide(request.id, "answer", actor=Actor(who or str(request.worker)), payload=DONE)


async def start(app: App, *texts: str, **more: Any) -> None:
    for text in texts:
        await app.start("flow", {"text": text, **more}, text)
        await until(lambda t=text: _opened(app, t), "the task is given")


async def _opened(app: App, text: str) -> bool:
    found = await views.requests(app.store)
    return any(request.draft.proposal.get("text") == text for request in found)


async def result(app: App, run_id: str) -> Data:
    run = await app.run(run_id)
    return await run.result(60)


async def test_the_result_has_the_keys_of_the_page() -> None:
    async with working(TaskRouter()) as app:
        await start(app, "hello", task_type="translation", priority="high")
        request = (await pending(app, 1))["hello"]
        assert (request.worker, request.asked, request.draft.priority) == (
            "translator_1",
            ("translator_1",),
            10,
        )
        await answer(app, request)
        done = await result(app, "hello")
    assert done.pop("timestamp")
    assert done == {
        "text": "hello",
        "task_type": "translation",
        "priority": "high",
        "task_id": done["task_id"],
        "worker": "translator_1",
        "result": DONE,
        "status": "completed",
        "decided_by": "translator_1",
        "comment": None,
        "request_id": request.id,
    }
    assert done["task_id"].startswith("task_")


@pytest.mark.parametrize("router", [TaskRouter(), TaskRouter({"review": []}), TaskRouter({})])
async def test_a_pool_without_members_gives_queued_at_once(router: TaskRouter) -> None:
    async with working(router) as app:
        run = await app.start("flow", {"task_type": "nothing"})
        assert await run.result(60) == {
            "task_type": "nothing",
            "status": "queued",
            "reason": "no_available_workers",
        }
        assert await views.requests(app.store) == []


async def test_nobody_but_the_assigned_worker_decides() -> None:
    async with working(TaskRouter({"review": ["ann", "bob"]})) as app:
        await start(app, "one")
        request = (await pending(app, 1))["one"]
        for stranger in ("bob", "zoe"):
            with pytest.raises(NotAllowed, match="not in the audience"):
                await answer(app, request, stranger)
        await answer(app, request, "ann")
        assert (await result(app, "one"))["worker"] == "ann"


async def test_least_loaded_spreads_and_the_rest_waits_in_line() -> None:
    async with working(TaskRouter({"review": ["ann", "bob"]}, capacity=2)) as app:
        await start(app, "one", "two", "three", "four", "five")
        tasks = await pending(app, 5)
        assert [tasks[text].worker for text in ("one", "two", "three", "four", "five")] == [
            "ann", "bob", "ann", "bob", None,
        ]  # fmt: skip
        assert tasks["five"].in_line
        for who in ("ann", "bob", "zoe"):
            with pytest.raises(NotAllowed) as caught:
                await answer(app, tasks["five"], who)
            assert caught.value.rule == ("audience" if who == "zoe" else "in line")
            assert tasks["five"].id not in [r.id for r in await views.open_for(
                app.store, Actor(who), now=app.clock.now()
            )]  # fmt: skip
        await answer(app, tasks["four"])
        moved = await views.request(app.store, tasks["five"].id)
        assert (moved.worker, moved.in_line) == ("bob", False), "given away in the transaction that freed bob"
        await answer(app, moved)
        assert (await result(app, "five"))["worker"] == "bob"
        assert (await verify(app.store)).problems == []


async def test_the_most_urgent_comes_first_when_a_worker_frees_up_then_the_oldest() -> None:
    router = TaskRouter({"review": ["ann"]})
    order: list[str] = []
    async with working(router) as app:
        await start(app, "first")
        for text, priority in (("low", "low"), ("n1", "normal"), ("high", "high"), ("n2", 0), ("top", 99)):
            await start(app, text, priority=priority)
        for _ in range(6):
            open_ones = [r for r in await views.requests(app.store, ["OPEN"]) if not r.in_line]
            (request,) = open_ones
            order.append(str(request.draft.proposal["text"]))
            await answer(app, request)
    assert order == ["first", "top", "high", "n1", "n2", "low"]


async def test_round_robin_goes_round_among_those_with_room() -> None:
    async with working(TaskRouter({"review": ["ann", "bob", "cem"]}, 2, "round_robin")) as app:
        given: list[str | None] = []
        for number in range(5):
            await start(app, f"t{number}")
            tasks = {str(r.draft.proposal["text"]): r for r in await views.requests(app.store)}
            given.append(tasks[f"t{number}"].worker)
            if number % 2:
                await answer(app, tasks[f"t{number}"])
        assert given == ["ann", "bob", "cem", "ann", "bob"]


async def test_capacity_counts_over_all_routers_of_the_store_and_pools_share_people() -> None:
    app = App(store="memory://")
    app.flow("flow", TaskRouter({"review": ["ann"]}))
    app.flow("other", TaskRouter({"review": ["ann", "bob"]}))
    async with app:
        await start(app, "one")
        await app.start("other", {"text": "two"})
        await app.start("other", {"text": "three", "priority": "high"})
        await start(app, "four")
        tasks = await pending(app, 4)
        assert [tasks[text].worker for text in ("one", "two", "three", "four")] == ["ann", "bob", None, None]
        await answer(app, tasks["one"])
        assert (await views.request(app.store, tasks["three"].id)).worker == "ann"
        await answer(app, tasks["two"])
        assert (await views.request(app.store, tasks["four"].id)).in_line, "bob is not in its pool"


async def test_a_worker_is_free_again_when_a_task_is_withdrawn_or_cancelled_or_runs_out_of_time() -> None:
    clock = TurnableClock()
    async with working(TaskRouter({"review": ["ann"]}, timeout=60), clock=clock) as app:
        await start(app, "one", "two", "three", "four")
        tasks = await pending(app, 4)
        await app.inbox.withdraw(tasks["one"].id, actor=Actor("boss"), reason="not needed")
        assert (await views.request(app.store, tasks["two"].id)).worker == "ann"
        await (await app.run("two")).cancel()
        assert (await views.request(app.store, tasks["three"].id)).worker == "ann"
        clock.turn(61)
        late = await result(app, "three")
        assert (late["status"], late["result"], late["reason"]) == ("not_completed", None, "timeout")
        assert (await result(app, "one"))["reason"] == "withdrawn"
        never = await result(app, "four")
        assert (never["status"], never["reason"]) == ("not_completed", "timeout")


async def test_an_answer_for_silence() -> None:
    clock = TurnableClock()
    router = TaskRouter({"review": ["ann"]}, timeout=60, on_timeout=outcome("answer", {"quality": 0}))
    async with working(router, clock=clock) as app:
        await start(app, "one")
        await pending(app, 1)
        clock.turn(61)
        done = await result(app, "one")
    assert (done["status"], done["result"], done["decided_by"]) == ("completed", {"quality": 0}, None)


async def test_reassigning_gives_a_task_to_another_and_frees_the_worker() -> None:
    async with working(TaskRouter({"review": ["ann"]})) as app:
        await start(app, "one", "two")
        tasks = await pending(app, 2)
        moved = await app.inbox.reassign(tasks["one"].id, "zoe", actor=Actor("boss"))
        assert (moved.worker, moved.in_line) == ("zoe", False)
        assert (await views.request(app.store, tasks["two"].id)).worker == "ann"
        await answer(app, moved, "zoe")
        assert (await result(app, "one"))["worker"] == "zoe"


async def test_a_task_in_line_can_be_reassigned_and_escalated() -> None:
    router = TaskRouter({"review": ["ann"]}, escalations=[escalation(60, "boss")])
    clock = TurnableClock()
    async with working(router, clock=clock) as app:
        await start(app, "one", "two", "three")
        tasks = await pending(app, 3)
        given = await app.inbox.reassign(tasks["two"].id, ["zoe", "yan"], actor=Actor("boss"))
        assert (given.in_line, given.worker) == (False, None)
        clock.turn(61)
        escalated = await until(lambda: _escalated(app, tasks["three"].id), "the ladder is taken")
        assert escalated.audience.users == ("boss",)
        await answer(app, escalated, "boss")
        await answer(app, given, "yan")
        assert (await result(app, "three"))["decided_by"] == "boss"
        assert (await result(app, "two"))["decided_by"] == "yan"


async def _escalated(app: App, request_id: str) -> HumanRequest | None:
    request = await views.request(app.store, request_id)
    return request if request.escalated else None


async def test_one_id_is_one_task_in_a_run() -> None:
    router = TaskRouter({"review": ["ann"]})

    async def flow(data: Data) -> Data:
        same = {"task_id": "t", "text": "same"}
        both = await gather(lambda: router.execute(same), lambda: router.execute(same))
        try:
            await router.execute({"task_id": "t", "text": "other"})
        except StepFailed as error:
            return {"ids": [one["request_id"] for one in both], "kind": error.kind}
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await answer(app, (await pending(app, 1))["same"])
        done = await run.result(60)
    assert done["kind"] == "Conflict"
    assert len(set(done["ids"])) == 1


async def test_the_same_id_in_two_runs_is_two_tasks() -> None:
    async with working(TaskRouter({"review": ["ann", "bob"]})) as app:
        await start(app, "one", task_id="t")
        await start(app, "two", task_id="t")
        assert len(await pending(app, 2)) == 2


async def test_many_tasks_keep_the_capacity_whoever_answers_when() -> None:
    names = ["ann", "bob", "cem"]
    router = TaskRouter({"review": names}, capacity=2)
    flow = MapNode(router, over="tasks")
    async with working(flow) as app:
        run = await app.start("flow", {"tasks": [{"text": f"t{n}", "priority": n % 3} for n in range(40)]})
        await asked(app, 40)
        left = 40
        while left:
            open_ones = [r for r in await views.requests(app.store, ["OPEN"]) if not r.in_line]
            loads = [sum(r.worker == name for r in open_ones) for name in names]
            assert max(loads) <= 2
            assert sum(loads) == min(left, 6)
            await answer(app, open_ones[left % len(open_ones)])
            left -= 1
        done = await run.result(20)
    assert {one["worker"] for one in done["results"]} == set(names)


async def test_it_replays() -> None:
    result = await replay(TaskRouter({"review": ["ann"]}), {"text": "x"}, answers=[("answer", DONE)])
    assert (result["status"], result["worker"]) == ("completed", "ann")


async def test_an_answer_is_an_object_by_default_and_what_the_schema_says_else() -> None:
    async with working(TaskRouter({"review": ["ann"]})) as app:
        await start(app, "one")
        request = (await pending(app, 1))["one"]
        with pytest.raises(Exception, match="object"):
            await app.inbox.decide(request.id, "answer", actor=Actor("ann"), payload="text")
    async with working(TaskRouter({"review": ["ann"]}, schema=str)) as app:
        await start(app, "one")
        request = (await pending(app, 1))["one"]
        await app.inbox.decide(request.id, "answer", actor=Actor("ann"), payload="text")
        assert (await result(app, "one"))["result"] == "text"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": ["ann"]}, "by task type"),
        ({"workers": {"review": "ann"}}, "list of names"),
        ({"workers": {"review": ["ann", "ann"]}}, "named twice"),
        ({"workers": {"review": [""]}}, "no name"),
        ({"workers": {"review": ["group:legal"]}}, "not a group"),
        ({"workers": {"": ["ann"]}}, "no task type"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": True}, "capacity"),
        ({"capacity": 1.5}, "capacity"),
        ({"assign": "random"}, "assign"),
        ({"audience": ["ann"]}, "no audience"),
        ({"quorum": "all"}, "no quorum"),
        ({"on_timeout": "approve"}, "answered, not approved"),
    ],
)
def test_what_can_not_be_meant_is_refused_when_it_is_built(options: Data, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        TaskRouter(**options)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"task_type": 7}, "task_type is a text"),
        ({"priority": "urgent"}, "'high', 'normal', 'low'"),
        ({"priority": True}, "'high', 'normal', 'low'"),
        ({"task_id": ""}, "task_id"),
        ({"task_id": ["x"]}, "task_id"),
        ({"task_id": "a\x1fb"}, "task_id"),
    ],
)
async def test_data_that_makes_no_task_is_a_failed_step(data: Data, message: str) -> None:
    async with working(TaskRouter(name="route")) as app:
        run = await app.start("flow", {"text": "x", **data})
        with pytest.raises(StepFailed, match=message) as caught:
            await run.result(60)
        assert caught.value.name == "route"


async def test_racing_starts_never_overload_a_worker() -> None:
    async with working(TaskRouter({"review": ["ann", "bob"]})) as app:
        await asyncio.gather(*(app.start("flow", {"text": str(number)}) for number in range(12)))
        tasks = await pending(app, 12)
        assert sorted(str(task.worker) for task in tasks.values()) == ["None"] * 10 + ["ann", "bob"]


async def test_a_conflict_names_no_content() -> None:
    async def flow(data: Data) -> Data:
        router = TaskRouter({"review": ["ann", "bob"]})
        return {"all": await gather(*(
            lambda t=text: router.execute({"task_id": "t", "text": t}) for text in ("secret", "hidden")
        ))}  # fmt: skip

    async with working(flow) as app:
        run = await app.start("flow", {})
        (request,) = await asked(app, 1)
        await answer(app, request)
        with pytest.raises(StepFailed, match="another task with this id") as caught:
            await run.result(60)
    assert caught.value.kind == Conflict.__name__
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)
