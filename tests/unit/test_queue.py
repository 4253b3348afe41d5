"""Tasks in a queue: given now, done whenever somebody gets to them, looked at later, by whoever knows the id."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from handrail import (
    Actor,
    App,
    AsyncHumanQueue,
    Conflict,
    FunctionNode,
    InvalidDecision,
    InvalidInput,
    StepFailed,
    UnknownId,
    at_least,
    gather,
)
from handrail.host import _hosts
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.inbox.moves import PENDING
from handrail.requests.request import HumanRequest
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import TurnableClock
from handrail.testing.replay import replay
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, reached, say, working

Data = dict[str, Any]
HUMAN = {"decided_by", "timestamp", "comment", "request_id"}


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """The store of bare calls, seen by somebody else."""
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/queue.db")
    async with App().connect() as app:
        yield app
    for host in [host for host in _hosts.values() if host.loop is asyncio.get_running_loop()]:
        host._task.cancel()
        await asyncio.gather(host._task, return_exceptions=True)


async def tasks(app: App, count: int) -> dict[str, HumanRequest]:
    """Wait until so many tasks are open; by their titles."""

    async def there() -> list[HumanRequest]:
        found = await views.requests(app.store, PENDING)
        return found if len(found) == count else []

    return {request.draft.title: request for request in await until(there, f"{count} tasks are open")}


async def answer(app: App, request: HumanRequest, payload: Any) -> None:
    await app.inbox.decide(request.id, "answer", actor=BOB, payload=payload)


# -- in a run ------


async def test_in_a_pipeline_the_answer_is_the_result() -> None:
    async with working(AsyncHumanQueue()) as app:
        run = await app.start("flow", {"task_id": "task_1", "type": "review", "content": "Content 1"})
        request = await say(app, "answer", {"any": ["JSON", 1, None]}, comment="done")
        assert (request.draft.title, request.draft.proposal) == (
            "Task task_1 (review)",
            {"content": "Content 1"},
        )
        assert request.draft.context == {"task_id": "task_1", "type": "review"}
        result = await run.result(60)
    assert result.keys() == {"task_id", "status", "result"} | HUMAN
    assert (result["task_id"], result["status"]) == ("task_1", "completed")
    assert (result["result"], result["decided_by"], result["comment"]) == (
        {"any": ["JSON", 1, None]},
        "bob",
        "done",
    )


@pytest.mark.parametrize("payload", [None, False, 0, "", [], {}, "text", 1.5])
async def test_any_answer_is_taken_by_default(payload: Any) -> None:
    async with working(AsyncHumanQueue()) as app:
        run = await app.start("flow", {"content": "x"})
        await say(app, "answer", payload)
        result = await run.result(60)
    assert (result["result"], result["status"]) == (payload, "completed")


async def test_a_schema_bounds_the_answers() -> None:
    async with working(AsyncHumanQueue(schema=int)) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        with pytest.raises(InvalidDecision):
            await answer(app, request, "seven")
        await answer(app, request, 7)
        assert (await run.result(60))["result"] == 7


async def test_several_may_have_to_answer() -> None:
    queue = AsyncHumanQueue(audience=["ann", "bob", "cem"], quorum=at_least(2))
    async with working(queue) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        await app.inbox.decide(request.id, "answer", actor=Actor("ann"), payload=1)
        await app.inbox.decide(request.id, "answer", actor=Actor("cem"), payload=2)
        assert (await run.result(60))["result"] == [1, 2]


async def all_of(data: Data) -> Data:
    """Submit, wait until all are done, read the results."""
    queue = AsyncHumanQueue()
    for number in range(data["count"]):
        await queue.submit_task(f"t{number}", {"content": f"text {number}"})
    await queue.process_queue()
    results = [await queue.get_result(f"t{number}") for number in range(data["count"])]
    return {"results": [one["result"] for one in results]}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_submitted_in_a_run_and_done_in_any_order(order: tuple[int, ...]) -> None:
    async with working(all_of) as app:
        run = await app.start("flow", {"count": 3})
        found = await tasks(app, 3)
        for number in order:
            await reached(app, run, "WAITING")
            await answer(app, found[f"Task t{number}"], f"a{number}")
        assert await run.result(60) == {"results": ["a0", "a1", "a2"]}
        assert (await verify(app.store)).problems == []


async def test_a_queue_in_a_run_survives_its_worker(store: MemoryStore) -> None:
    async with working(all_of, store=store) as app:
        await app.start("flow", {"count": 3}, "r")
        found = await tasks(app, 3)
    for number in (2, 0, 1):
        async with working(all_of, store=store) as app:
            await answer(app, found[f"Task t{number}"], number)
    async with working(all_of, store=store) as app:
        run = await app.run("r")
        assert await run.result(60) == {"results": [0, 1, 2]}
        assert len(await views.requests(app.store)) == 3


async def test_it_replays() -> None:
    answers = [("answer", number) for number in range(3)]
    assert await replay(all_of, {"count": 3}, answers=answers) == {"results": [0, 1, 2]}


async def test_tasks_that_nobody_waited_for_are_withdrawn_with_the_run() -> None:
    async def flow(data: Data) -> Data:
        await AsyncHumanQueue().submit_task("t", {"content": "x"})
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await run.result(60)
        (request,) = await views.requests(app.store)
    assert request.status == "WITHDRAWN"


async def test_get_result_gives_up_after_its_timeout_and_the_task_stays_open() -> None:
    async def flow(data: Data) -> Data:
        queue = AsyncHumanQueue()
        await queue.submit_task("t", {"content": "x"})
        try:
            await queue.get_result("t", timeout=30)
        except TimeoutError as error:
            late = str(error)
        return {"late": late, **await queue.get_result("t", timeout=None)}

    clock = TurnableClock()
    async with working(flow, clock=clock) as app:
        run = await app.start("flow", {})
        (request,) = await asked(app)
        clock.turn(31)
        await until(lambda: _waits_again(app, run.id), "the second wait has begun")
        await answer(app, request, "at last")
        result = await run.result(60)
    assert result["late"] == "task 't' was not done within 30 s; if it has been submitted it stays open"
    assert result["result"] == "at last"


async def _waits_again(app: App, run_id: str) -> bool:
    waits = await app.store.read(lambda tx: [e for e in tx.entries(run_id, "") if e.kind == "wait"])
    return len(waits) == 2 and (await app.runs.get(run_id)).status == "WAITING"


async def test_an_answer_in_time_counts_also_if_the_run_looks_late(store: MemoryStore) -> None:
    async def flow(data: Data) -> Data:
        queue = AsyncHumanQueue()
        await queue.submit_task("t", {"content": "x"})
        return await queue.get_result("t", timeout=30)

    clock = TurnableClock()
    async with working(flow, clock=clock, store=store) as app:
        await app.start("flow", {}, "r")
        (request,) = await asked(app)
    async with App(store=store, clock=clock).connect() as app:
        await answer(app, request, "in time")
    clock.turn(100)
    async with working(flow, clock=clock, store=store) as app:
        assert (await (await app.run("r")).result(60))["result"] == "in time"


async def test_waiting_for_what_was_never_submitted_is_a_clear_failure() -> None:
    async def flow(data: Data) -> Data:
        return await AsyncHumanQueue().get_result("t")

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="submit it") as caught:
            await run.result(60)
    assert caught.value.kind == UnknownId.__name__


async def test_a_task_that_was_not_there_and_was_caught_is_not_there_on_a_replay_either() -> None:
    heard: list[str] = []

    async def flow(data: Data) -> Data:
        queue = AsyncHumanQueue()
        try:
            await queue.get_result("t")
        except UnknownId as error:
            heard.append(str(error))
        return await queue.execute({"task_id": "t", "content": "x"})

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "now it is")
        assert (await run.result(60))["result"] == "now it is"
    assert len(heard) == 2
    assert heard[0] == heard[1]


async def test_a_withdrawn_task_and_one_out_of_time_are_not_completed() -> None:
    clock = TurnableClock()

    async def flow(data: Data) -> Data:
        queue = AsyncHumanQueue(timeout=60)
        results = await gather(*(
            lambda n=n: queue.execute({"task_id": n, "content": n}) for n in ("one", "two")
        ))  # fmt: skip
        return {"all": [[one["status"], one["result"], one["reason"]] for one in results]}

    async with working(flow, clock=clock) as app:
        run = await app.start("flow", {})
        found = await tasks(app, 2)
        await app.inbox.withdraw(found["Task one"].id, actor=BOB)
        clock.turn(61)
        result = await run.result(60)
    assert result == {"all": [["not_completed", None, "withdrawn"], ["not_completed", None, "timeout"]]}


async def test_one_id_is_one_task_and_other_data_is_a_conflict() -> None:
    async def flow(data: Data) -> Data:
        queue = AsyncHumanQueue()
        await queue.submit_task("t", {"content": "x", "n": 1})
        await queue.submit_task("t", {"n": 1, "content": "x"})
        try:
            await queue.submit_task("t", {"content": "x", "n": 2})
        except Conflict:
            return await queue.get_result("t")
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "once")
        assert (await run.result(60))["result"] == "once"


async def test_two_runs_have_their_own_tasks_in_a_queue_without_a_name() -> None:
    async with working(all_of) as app:
        await app.start("flow", {"count": 1})
        await app.start("flow", {"count": 1})
        assert len(await asked(app, 2)) == 2


# -- a named queue ------


async def test_runs_that_name_the_same_queue_share_its_tasks() -> None:
    flow = AsyncHumanQueue("labels") | FunctionNode(lambda x: {"label": x["result"]})
    async with working(flow) as app:
        first = await app.start("flow", {"task_id": "t", "content": "x"})
        second = await app.start("flow", {"task_id": "t", "content": "x"})
        await reached(app, first, "WAITING")
        await reached(app, second, "WAITING")
        (request,) = (await tasks(app, 1)).values()
        assert request.run_id is None
        await answer(app, request, "cat")
        assert await first.result(60) == await second.result(60) == {"label": "cat"}
        third = await app.start("flow", {"task_id": "t", "content": "x"})
        assert await third.result(60) == {"label": "cat"}, "it was answered before"
        other = await app.start("flow", {"task_id": "t", "content": "y"})
        with pytest.raises(StepFailed, match="another task"):
            await other.result(60)


async def test_a_task_of_a_named_queue_outlives_the_run_that_gave_it() -> None:
    async def gives(data: Data) -> Data:
        await AsyncHumanQueue("labels").submit_task("t", {"content": "x"})
        return {}

    async def takes(data: Data) -> Data:
        return await AsyncHumanQueue("labels").get_result("t")

    app = App(store="memory://")
    app.flow("gives", gives)
    app.flow("takes", takes)
    async with app:
        await (await app.start("gives", {})).result(60)
        (request,) = (await tasks(app, 1)).values()
        taking = await app.start("takes", {})
        await reached(app, taking, "WAITING")
        await answer(app, request, "cat")
        assert (await taking.result(60))["result"] == "cat"


async def test_a_cancelled_run_leaves_no_watch_behind() -> None:
    async with working(AsyncHumanQueue("labels")) as app:
        run = await app.start("flow", {"task_id": "t", "content": "x"})
        await reached(app, run, "WAITING")
        await run.cancel()
        (request,) = (await tasks(app, 1)).values()
        assert await app.store.do(lambda tx: tx.take_watchers(request.id)) == []


async def test_a_named_queue_replays() -> None:
    result = await replay(AsyncHumanQueue("q"), {"task_id": "t", "content": "x"}, answers=[("answer", 1)])
    assert result["result"] == 1


# -- outside a run ------


async def test_the_page_s_own_example(here: App) -> None:
    queue = AsyncHumanQueue()
    given = [
        {"task_id": "task_1", "type": "review", "content": "Content 1"},
        {"task_id": "task_2", "type": "approve", "content": "Content 2"},
        {"task_id": "task_3", "type": "translate", "content": "Content 3"},
    ]
    running = asyncio.gather(*[queue.execute(task) for task in given])
    for title, request in (await tasks(here, 3)).items():
        await answer(here, request, title)
    results = await running
    assert [(r["task_id"], r["status"], r["result"]) for r in results] == [
        ("task_1", "completed", "Task task_1 (review)"),
        ("task_2", "completed", "Task task_2 (approve)"),
        ("task_3", "completed", "Task task_3 (translate)"),
    ]
    assert await queue.get_result("task_2", timeout=5) == results[1]


async def test_submitted_outside_a_run(here: App) -> None:
    queue = AsyncHumanQueue()
    await queue.submit_task("a", {"content": "x"})
    await queue.submit_task("a", {"content": "x"})
    await queue.submit_task("b", {"content": "y"})
    with pytest.raises(Conflict):
        await queue.submit_task("a", {"content": "z"})
    with pytest.raises(TimeoutError, match="was not done"):
        await queue.get_result("a", timeout=0.05)
    found = await tasks(here, 2)
    emptied = asyncio.create_task(queue.process_queue())
    later = asyncio.create_task(queue.get_result("c", timeout=20))
    await answer(here, found["Task a"], 1)
    assert (await queue.get_result("a"))["result"] == 1
    assert not emptied.done()
    await queue.submit_task("c", {"content": "submitted while somebody waits for the end"})
    await answer(here, found["Task b"], 2)
    assert not emptied.done()
    await answer(here, (await tasks(here, 1))["Task c"], 3)
    await asyncio.wait_for(emptied, 20)
    assert (await later)["result"] == 3


async def test_an_empty_queue_is_processed_at_once(here: App) -> None:
    await asyncio.wait_for(AsyncHumanQueue().process_queue(), 20)


async def test_without_a_name_tasks_end_with_the_process_and_with_one_they_stay(here: App) -> None:
    await AsyncHumanQueue().submit_task("t", {"content": "x"})
    await AsyncHumanQueue("kept").submit_task("t", {"content": "x"})
    (host,) = [host for host in _hosts.values() if host.loop is asyncio.get_running_loop()]
    host._task.cancel()
    await asyncio.gather(host._task, return_exceptions=True)
    states = {r.draft.key.split("\x1f")[0]: r.status for r in await views.requests(here.store) if r.draft.key}
    assert states == {"own": "WITHDRAWN", "queue": "OPEN"}
    found = await tasks(here, 1)
    waiting = asyncio.create_task(AsyncHumanQueue("kept").get_result("t"))
    await answer(here, found["Task t"], "still there")
    assert (await waiting)["result"] == "still there"


async def test_many_at_once(here: App) -> None:
    queue = AsyncHumanQueue("many")
    await asyncio.gather(*(queue.submit_task(f"t{n}", {"content": n}) for n in range(1000)))
    waiting = asyncio.gather(*(queue.get_result(f"t{n}") for n in range(1000)))
    found = await tasks(here, 1000)
    for number in reversed(range(1000)):
        await answer(here, found[f"Task t{number}"], number)
    assert [one["result"] for one in await waiting] == list(range(1000))
    await queue.process_queue()


async def test_a_closed_store_ends_the_waiting_with_an_error(here: App) -> None:
    queue = AsyncHumanQueue()
    await queue.submit_task("t", {"content": "x"})
    waiting = asyncio.create_task(queue.get_result("t", timeout=20))
    await until(
        lambda: any(host.tasks and host.tasks.awaited for host in _hosts.values()), "it is waited for"
    )
    (host,) = [host for host in _hosts.values() if host.loop is asyncio.get_running_loop()]
    host._task.cancel()
    await asyncio.gather(host._task, return_exceptions=True)
    result = (await asyncio.gather(waiting, return_exceptions=True))[0]
    # The process' end withdraws the task; whoever still looks hears of that, or of the closed store.
    assert isinstance(result, Exception) or result["reason"] == "withdrawn"


@pytest.mark.parametrize("task_id", ["", " ", None, True, ["t"], "a\nb", "x" * 201])
async def test_an_id_that_is_none_is_refused(task_id: Any, here: App) -> None:
    for call in (AsyncHumanQueue().submit_task(task_id, {"a": 1}), AsyncHumanQueue().get_result(task_id)):
        with pytest.raises(InvalidInput, match="task_id"):
            await call


@pytest.mark.parametrize("data", [{}, None, "text", {"x": object()}])
async def test_data_that_is_no_task_is_refused(data: Any, here: App) -> None:
    with pytest.raises(InvalidInput):
        await AsyncHumanQueue().submit_task("t", data)


@pytest.mark.parametrize("timeout", [-1, "long", True, float("nan")])
async def test_a_timeout_that_is_none_is_refused(timeout: Any, here: App) -> None:
    with pytest.raises(InvalidInput, match="timeout"):
        await AsyncHumanQueue().get_result("t", timeout=timeout)


def test_a_task_can_not_be_approved_by_silence() -> None:
    with pytest.raises(InvalidInput, match="answered, not approved"):
        AsyncHumanQueue(on_timeout="approve", timeout=60)
