"""Answers for branches of a run that is being executed: each is heard, whenever it comes."""

import asyncio
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from handrail import App, FunctionNode, HumanApprovalNode, RunNeedsAttention, ask, gather, sleep, step
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.requests.request import HumanRequest
from handrail.runs import branches, units
from handrail.runs.activation import Activation
from handrail.stores.memory import MemoryStore
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, journal, reached, working

Data = dict[str, Any]


async def by_title(app: Any, title: str) -> HumanRequest:
    """Wait for an open request; the run may be executed meanwhile."""

    async def found() -> list[HumanRequest]:
        return [r for r in await views.requests(app.store, PENDING) if r.draft.title == title]

    (request,) = await until(found, f"{title} is asked", 20)
    return request  # type: ignore[no-any-return]


async def answer(app: Any, title: str) -> None:
    await app.inbox.decide((await by_title(app, title)).id, "answer", actor=BOB, payload="yes")


async def test_an_answer_that_comes_after_its_branch_was_read_and_before_it_waits_again_is_heard() -> None:
    gate, entered, marked = asyncio.Event(), asyncio.Event(), asyncio.Event()
    names = iter(["first", "other", *["first"] * 5])
    gate.set()

    async def slow_to_ask() -> Any:
        entered.set()
        await gate.wait()
        return await ask("Well?")

    async def strays() -> Any:
        await step(next(names), str)
        return await ask("Strays?")

    async def marker() -> Any:
        said = await ask("Marker?")
        marked.set()
        return said

    async def flow(data: Data) -> Data:
        return {"all": await gather(slow_to_ask, strays, marker)}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await asked(app, 3)
        await answer(app, "Strays?")
        with pytest.raises(RunNeedsAttention):
            await run.result(60)
        gate.clear()
        entered.clear()
        await run.retry()
        await asyncio.wait_for(entered.wait(), 60)
        await answer(app, "Well?")
        await answer(app, "Marker?")
        await asyncio.wait_for(marked.wait(), 60)  # so the other answer has been looked at, too
        gate.set()
        assert await run.result(60) == {"all": ["yes", "yes", "yes"]}


async def test_an_answer_for_a_place_that_has_moved_is_heard_while_the_run_is_executed(
    store: MemoryStore,
) -> None:
    entered, slow = asyncio.Event(), asyncio.Event()

    async def before(data: Data) -> Data:
        return {"all": await gather(lambda: ask("Left?"), lambda: ask("Right?"))}

    async def takes_its_time() -> Any:
        entered.set()
        await slow.wait()
        return await ask("Right?")

    async def after(data: Data) -> Data:
        await step("new", str)
        return {"all": await gather(lambda: ask("Left?"), takes_its_time)}

    async with working(before, store=store) as app:
        await app.start("flow", {}, "r")
        await asked(app, 2)
    async with working(after, store=store) as app:
        await answer(app, "Right?")
        await reached(app, "r", "NEEDS_ATTENTION")
        await app.migrate("r", [("", "new")])
        await asyncio.wait_for(entered.wait(), 60)
        await until(lambda: ("1[0]", "branch", "waiting") in journal(app, "r"), "the other branch waits")
        await answer(app, "Left?")
        await app.execute(FunctionNode(lambda x: x), {}, None)  # so the engine has looked at the answer
        slow.set()
        assert await (await app.run("r")).result(60) == {"all": ["yes", "yes"]}


async def test_a_rejection_ends_the_run_while_another_branch_is_executed() -> None:
    told = asyncio.Event()

    async def long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.set()

    stop = HumanApprovalNode(on_reject="stop", title="Stop?")

    async def flow(data: Data) -> Data:
        await gather(long, lambda: stop.execute({"content": "x"}), lambda: ask("Else?"))
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        request = await by_title(app, "Stop?")
        await app.inbox.decide(request.id, "reject", actor=BOB, comment="enough")
        assert (await run.result(60))["reason"] == "enough"
        assert told.is_set()
        assert not await views.requests(app.store, PENDING)


async def test_a_branch_that_slept_or_is_tried_again_goes_on_while_another_one_is_executed() -> None:
    counts: Counter[str] = Counter()
    over = asyncio.Event()

    async def shaky() -> str:
        counts["tried"] += 1
        if counts["tried"] < 2:
            raise ValueError("not yet")
        return "ok"

    async def sleeper() -> Any:
        await sleep(0.02)
        tried = await step("shaky", shaky, retries=1, backoff=0.02)
        over.set()
        return tried

    async def flow(data: Data) -> Data:
        return {"all": await gather(over.wait, sleeper)}

    async with working(flow) as app:
        assert await (await app.start("flow", {})).result(20) == {"all": [True, "ok"]}
    assert counts["tried"] == 2


async def test_a_stop_counts_also_if_it_comes_while_the_store_is_searched_for_other_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"sqlite:///{tmp_path / 'handrail.db'}"  # in memory reading and writing are one thread
    loop, gate, stopped = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    stop_here = HumanApprovalNode(on_reject="stop", title="Stop?")
    gate.set()

    async def stops() -> Data:
        await gate.wait()
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _: stopped.set())
        return await stop_here.execute({"content": "x"})

    async def flow(data: Data) -> Data:
        return {"all": await gather(stops, lambda: ask("Else?"))}

    search, searched = units.open_branches, Counter[int]()

    def slowly(tx: Any, **arguments: Any) -> Any:
        found = search(tx, **arguments)
        searched[len(arguments["skip"])] += 1
        if len(arguments["skip"]) == 1:  # only the one that stops is executed: it comes to its end meanwhile
            loop.call_soon_threadsafe(gate.set)
            assert stopped.wait(60)
        return found

    async with working(flow, store=store) as app:
        await app.start("flow", {}, "r")
        other, stop = sorted(await asked(app, 2), key=lambda request: request.draft.title)
    async with App(store=store).connect() as app:
        await app.inbox.decide(stop.id, "reject", actor=BOB, comment="enough")
        await app.inbox.decide(other.id, "answer", actor=BOB, payload="yes")
    gate.clear()
    stopped.clear()
    monkeypatch.setattr(branches, "WINDOW", 2)
    monkeypatch.setattr(units, "open_branches", slowly)  # it does what it always does
    async with working(flow, store=store) as app:
        assert (await (await app.run("r")).result(60))["reason"] == "enough"
    assert searched[1] == 1


async def test_work_that_is_done_while_the_store_is_full_is_stored_when_there_is_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counts: Counter[str] = Counter()
    gate = asyncio.Event()

    async def large(number: int) -> str:
        await gate.wait()
        counts[f"{number} done"] += 1
        return f"{number}" * 30_000

    async def branch(number: int) -> Any:
        text = await step("large", large, number)
        return [len(text), await ask(f"Question {number}?")]

    async def flow(data: Data) -> Data:
        return {"all": await gather(*(lambda n=n: branch(n) for n in range(8)))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await until(lambda: ("0[7]", "branch", "open") in journal(app, run.id), "the branches have begun")
        await app.store.do(_pages, most=1)
        gate.set()
        await until(lambda: "can't be stored yet" in caplog.text, "the store is full")
        await app.store.do(_pages, most=1_000_000)
        for request in await asked(app, 8):
            await app.inbox.decide(request.id, "answer", actor=BOB, payload="yes")
        assert await run.result(20) == {"all": [[30_000, "yes"]] * 8}
    assert set(counts.values()) == {1}


def _pages(tx: Any, *, most: int) -> None:
    tx.connection.execute(
        f"PRAGMA max_page_count = {most}"
    )  # fewer than there are means: no more than there are


async def test_an_answer_for_a_run_that_is_just_being_ended_does_not_keep_the_engine_turning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, finish, looked = asyncio.Event(), asyncio.Event(), asyncio.Event()
    names = iter(["first", "other"])
    taken: list[bool] = []

    async def strays() -> Any:
        await step(next(names), str)
        return await ask("Strays?")

    async def takes_its_time_to_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.set()
            await finish.wait()

    async def flow(data: Data) -> Data:
        return {"all": await gather(strays, takes_its_time_to_end, lambda: ask("Else?"))}

    take_up = Activation.take_up

    async def remembered(self: Activation) -> bool:
        taken.append(await take_up(self))
        if told.is_set():
            looked.set()
        return taken[-1]

    monkeypatch.setattr(Activation, "take_up", remembered)  # it does what it always does
    async with working(flow) as app:
        run = await app.start("flow", {})
        await answer(app, "Strays?")
        await asyncio.wait_for(told.wait(), 60)
        await answer(app, "Else?")
        await asyncio.wait_for(looked.wait(), 60)
        finish.set()
        with pytest.raises(RunNeedsAttention):
            await run.result(60)
    assert taken
    assert all(taken), "nobody is told to look again at once"


async def test_nothing_is_left_of_an_app_that_is_closed_while_answers_come() -> None:
    async def flow(data: Data) -> Data:
        branches = [lambda n=n: ask(f"Question {n}?") for n in range(20)]
        return {"all": await gather(asyncio.Event().wait, *branches)}

    before = asyncio.all_tasks()
    async with working(flow) as app:
        run = await app.start("flow", {})
        for request in await until(lambda: _all_asked(app, 20), "all is asked"):
            await app.inbox.decide(request.id, "answer", actor=BOB, payload="yes")
        await reached(app, run, "RUNNING")
    assert asyncio.all_tasks() == before


async def _all_asked(app: Any, count: int) -> list[HumanRequest]:
    found = await views.requests(app.store, PENDING)
    return found if len(found) == count else []
