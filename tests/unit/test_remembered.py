"""What a worker remembers of a run that waits is what the store has, and the room for it is small."""

import asyncio
import time
from typing import Any

import pytest

from handrail import ChainableNode, FunctionNode, ask, step
from handrail.inbox import views
from handrail.requests.errors import StoreFull
from handrail.runs import units
from handrail.stores.memory import MemoryStore
from tests.support.journey_process import until
from tests.support.journey_runs import asked, reached, say, working

Data = dict[str, Any]
LIMIT = 2.0
"""seconds of an attempt; enough for it to ask on any machine"""


class Asking(ChainableNode):
    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        return {"answer": await ask("sure?")}


async def test_what_a_flow_does_to_its_input_doesnt_reach_its_next_replay() -> None:
    async def count(data: Data) -> Data:
        data["n"] = data.get("n", 0) + 1
        return {"n": data["n"], "answer": await ask(f"round {data['n']}?")}

    async with working(count) as app:
        run = await app.start("flow", {"x": 1})
        await say(app, "answer", "yes")
        assert await run.result(20) == {"n": 1, "answer": "yes"}


async def test_a_limit_that_passes_while_the_question_is_being_stored_asks_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record, begun = units.record, list[float]()

    class Noting(Asking):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            begun.append(time.monotonic())
            return await super().execute(data)

    def slowly(tx: Any, **arguments: Any) -> bool:
        if arguments["question"] is not None:  # which is long before the limit, also on a slow machine
            time.sleep(max(0.0, begun[-1] + LIMIT + 0.3 - time.monotonic()))
        return record(tx, **arguments)

    monkeypatch.setattr(units, "record", slowly)
    async with working(Noting(attempt_timeout=LIMIT)) as app:
        run = await app.start("flow", {"x": 1})
        await until(lambda: not app._worker.runner.live, "the run has come to its wait", 20)  # type: ignore[union-attr]
        await say(app, "answer", "yes")
        assert await run.result(20) == {"answer": "yes"}
        assert len(await views.requests(app.store)) == 1


async def test_a_limit_that_passes_while_there_is_no_room_loses_no_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record, full, tried = units.record, True, 0

    def refused(tx: Any, **arguments: Any) -> bool:
        nonlocal tried
        if full and arguments["question"] is not None:
            tried += 1
            raise StoreFull("there is no room left")
        return record(tx, **arguments)

    monkeypatch.setattr(units, "record", refused)
    async with working(Asking(attempt_timeout=LIMIT)) as app:
        run = await app.start("flow", {"x": 1})
        await until(lambda: tried and not app._worker.runner.live, "the execution was ended", 20)  # type: ignore[union-attr]
        full = False
        await say(app, "answer", "yes")
        assert await run.result(20) == {"answer": "yes"}


async def test_runs_with_much_behind_them_are_not_kept_in_memory() -> None:
    async def many(data: Data) -> Data:
        for _ in range(20):
            await step("large", lambda: "x" * 1000)
        return {"answer": await ask("sure?")}

    async def few(data: Data) -> Data:
        return {"answer": await ask("sure?")}

    for flow, data, kept in ((many, {"x": 1}, 0), (few, {"x": "x" * 100_000}, 0), (few, {"x": 1}, 1)):
        async with working(flow) as app:
            await app.start("flow", data)
            await asked(app)
            runner = app._worker.runner  # type: ignore[union-attr]
            await until(lambda runner=runner: not runner.live, "it waits", 20)
            assert len(runner._recent._known) == kept


async def test_runs_that_the_thread_of_the_store_has_taken_need_room(store: MemoryStore) -> None:
    flow = FunctionNode(lambda x: x)
    async with working(flow, store=store, name="other") as app:
        runner = app._worker.runner  # type: ignore[union-attr]
        runner.concurrency = 1
        async with working(Asking(), store=store) as asker:
            await asker.start("flow", {}, "r")
            await asked(asker)
        runner.flows["flow"] = flow

        def woken(tx: Any) -> tuple[int, dict[str, Any], int]:
            tx.add_wakeup("r", "", app.clock.now())
            before = runner.room
            found = runner.take(tx, ["r", "unknown"])
            return before, found, runner.room

        before, found, after = await store.do(woken)
        assert (before, list(found), after) == (1, ["r"], 0)
        runner.taken(found, True)
        assert (await reached(app, "r", "FINISHED", "NEEDS_ATTENTION")).status == "NEEDS_ATTENTION"
        await until(lambda: runner.room == 1, "there is room again", 20)


async def test_who_waits_for_a_run_that_has_just_ended_here_reads_it() -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        runner = app._worker.runner  # type: ignore[union-attr]
        run = await app.start("flow", {"x": 1})
        _, task = runner._tasks[run.id]
        while not task.done():  # noqa: ASYNC110 - the very first moment: what is called when it is done comes behind
            await asyncio.sleep(0)
        assert run.id in runner.live
        assert not runner.executes(run.id)


async def test_a_run_whose_flow_is_forgotten_while_it_is_taken_is_given_back(store: MemoryStore) -> None:
    async with working(FunctionNode(lambda x: x), store=store, name="other") as app:
        runner = app._worker.runner  # type: ignore[union-attr]
        async with working(Asking(), store=store) as asker:
            await asker.start("flow", {}, "r")
            await asked(asker)
        runner.flows["flow"] = Asking()

        def woken(tx: Any) -> dict[str, Any]:
            tx.add_wakeup("r", "", app.clock.now())
            return dict(runner.take(tx, ["r"]))

        found = await store.do(woken)
        del runner.flows["flow"]
        runner.taken(found, True)
        assert (await app.runs.get("r")).status == "RUNNING"
        assert (await reached(app, "r", "PENDING")).worker is None
