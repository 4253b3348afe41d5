"""Cases that once broke a promise, found by trying to: each names the promise in its first line."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from handrail import (
    App,
    ChainableNode,
    FunctionNode,
    HumanApprovalNode,
    InvalidFlow,
    InvalidInput,
    ProgrammingError,
    RunMismatch,
    StepFailed,
    StoreClosed,
    Verb,
    ask,
    gather,
    step,
)
from handrail.flows.human import ask_people
from handrail.inbox import views
from handrail.runs.migration import parse_mapping
from handrail.stores.memory import MemoryStore
from handrail.stores.sqlite import SQLiteStore
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, reached, say, working

Data = dict[str, Any]


async def test_a_mismatched_flow_never_executes_somebody_elses_run(tmp_path: Path) -> None:
    """Only the caller, or workers that registered the flow's name, execute a run."""
    url = f"sqlite:///{tmp_path}/x.db"
    mine = FunctionNode(lambda x: x, name="mine") | HumanApprovalNode(name="ask")
    theirs = FunctionNode(lambda x: {"who": "theirs"}, name="theirs")
    async with App(store=url) as first:
        waiting = asyncio.create_task(first.execute(mine, {"content": "1"}, "post-1"))
        await asked(first)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with App(store=url) as second:
        with pytest.raises(RunMismatch):
            await second.execute(theirs, {"content": "1"}, "post-1")
        (request,) = await asked(second)
        await second.inbox.decide(request.id, "approve", actor=BOB)
        assert second._worker is not None
        assert second._worker.runner.flows == {}
        result = await second.execute(mine, {"content": "1"}, "post-1")
    assert result["approved"] is True


async def test_a_flow_of_the_same_name_in_another_app_is_not_taken_for_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flow is executed, not another one that is called the same."""
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/x.db")
    first = App().flow("same", FunctionNode(lambda x: {"who": "first"}))
    second = App().flow("same", FunctionNode(lambda x: {"who": "second"}))
    assert await first.execute({}) == {"who": "first"}
    assert await second.execute({}) == {"who": "second"}


async def test_a_worker_lives_whatever_path_leads_to_its_store(tmp_path: Path) -> None:
    """Promise 2: a living worker's run is not taken from it, also by who opens the file through a link."""
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "link")
    one, other = SQLiteStore(tmp_path / "real" / "x.db"), SQLiteStore(tmp_path / "link" / "x.db")
    await one.open()
    await other.open()
    try:
        one.liveness.hold("worker_1")
        assert not other.liveness.is_dead("worker_1")
        one.liveness.release("worker_1")
        assert other.liveness.is_dead("worker_1")
    finally:
        await other.close()
        await one.close()


async def test_a_retried_run_still_hears_what_it_had_asked() -> None:
    """Nobody is asked twice, and a failure is not a rejection."""
    configuration = ["missing on the second execution"]
    executions: list[int] = []

    async def flow(data: Data) -> Data:
        executions.append(1)
        if len(executions) == 2:
            raise RuntimeError(configuration[0])
        approval = HumanApprovalNode()
        left, right = await gather(
            lambda: approval.execute({"content": "left"}), lambda: approval.execute({"content": "right"})
        )
        return {"left": left["approved"], "right": right["approved"]}

    async with working(flow) as app:
        run = await app.start("flow", {})
        first, second = await asked(app, 2)
        await app.inbox.decide(first.id, "approve", actor=BOB)
        await reached(app, run, "FAILED")
        await run.retry()
        await reached(app, run, "WAITING")
        assert [request.id for request in await asked(app)] == [second.id]
        await app.inbox.decide(second.id, "approve", actor=BOB)
        assert await run.result(60) == {"left": True, "right": True}


async def test_a_failed_run_can_be_cancelled_and_takes_its_questions_back() -> None:
    """What nobody will hear is not asked any more."""
    executions: list[int] = []

    async def flow(data: Data) -> Data:
        executions.append(1)
        if len(executions) == 2:
            raise RuntimeError("no")
        approval = HumanApprovalNode()
        await gather(lambda: approval.execute({"content": "1"}), lambda: approval.execute({"content": "2"}))
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        first, second = await asked(app, 2)
        await app.inbox.decide(first.id, "approve", actor=BOB)
        await reached(app, run, "FAILED")
        assert (await views.request(app.store, second.id)).status == "OPEN"
        await run.cancel()
        assert run.status == "CANCELLED"
        assert (await views.request(app.store, second.id)).status == "WITHDRAWN"


async def test_branches_behind_a_moved_step_still_wake(store: MemoryStore) -> None:
    """Promise 11: `migrate` brings a run on, with what it has asked."""

    async def before(data: Data) -> Data:
        await step("first", lambda: 1)
        return await both()

    async def after(data: Data) -> Data:
        await step("first", lambda: 1)
        await step("added", lambda: 2)
        return await both()

    async def both() -> Data:
        approval = HumanApprovalNode()
        left, right = await gather(
            lambda: approval.execute({"content": "left"}), lambda: approval.execute({"content": "right"})
        )
        return {"left": left["approved"], "right": right["approved"]}

    async with working(before, store=store) as app:
        run = await app.start("flow", {})
        await asked(app, 2)
    async with working(after, store=store) as app:
        first, second = await asked(app, 2)
        await app.inbox.decide(first.id, "approve", actor=BOB)
        await reached(app, run.id, "NEEDS_ATTENTION")
        await app.migrate(run.id, parse_mapping(["=added"]))
        await reached(app, run.id, "WAITING")
        await app.inbox.decide(second.id, "approve", actor=BOB)
        assert await (await app.run(run.id)).result(60) == {"left": True, "right": True}


class Ending(BaseException):
    """What libraries raise past every `except Exception`."""


class Speechless(Exception):
    """An error that fails to say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


async def raises_base(data: Data) -> Data:
    raise Ending("x")


async def raises_speechless(data: Data) -> Data:
    raise Speechless


async def cancels_itself(data: Data) -> Data:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)
    return data


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda x: next(iter([])), "RuntimeError"),
        (raises_base, "Ending"),
        (raises_speechless, "Speechless"),
        (cancels_itself, "CancelledError"),
    ],
)
async def test_no_error_leaves_a_run_hanging(function: Any, kind: str) -> None:
    """Promise 1: a run ends or goes on, whatever its code raises."""
    async with working(FunctionNode(function)) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed) as raised:
            await run.result(60)
        assert raised.value.kind == kind


async def test_a_worker_that_stops_fails_no_run(store: MemoryStore) -> None:
    """Promise 1: code that turns its cancellation into an error of its own was cut off, it did not fail."""
    began = asyncio.Event()

    async def impatient(data: Data) -> Data:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RuntimeError("connection closed") from None
        return data

    async with working(FunctionNode(impatient, retries=3), store=store) as app:
        run = await app.start("flow", {})
        await began.wait()
    async with working(FunctionNode(lambda x: {"ok": True}), store=store) as app:
        assert await (await app.run(run.id)).result(60) == {"ok": True}


async def test_an_attempt_that_took_too_long_is_asked_about() -> None:
    """Promise 10: a side effect cut off half-way is never silently repeated."""
    effects: list[int] = []

    async def pay(data: Data) -> Data:
        effects.append(1)
        await asyncio.Event().wait()
        return data

    node = FunctionNode(pay, attempt_timeout=0.05, retries=3, backoff=0.01, on_interrupt="ask")
    async with working(node) as app:
        run = await app.start("flow", {})
        request = await say(app, "answer", {"what": "happened", "result": {"paid": True}})
        assert request.draft.kind == "interrupted"
        assert await run.result(60) == {"paid": True}
    assert len(effects) == 1


async def test_who_waits_is_told_when_the_app_closes() -> None:
    """Nobody waits for ever."""
    async with working(HumanApprovalNode()) as app:
        run = await app.start("flow", {"content": "1"})
        waiting = asyncio.create_task(run.result())
        await asked(app)
    with pytest.raises(StoreClosed):
        await asyncio.wait_for(waiting, 60)


async def test_an_app_is_not_closed_by_opening_it_again() -> None:
    """A clear error, and nothing is lost."""
    app = App(store="memory://")
    app.flow("flow", FunctionNode(lambda x: x))
    async with app:
        with pytest.raises(ProgrammingError):
            async with app:
                pass
        assert await (await app.start("flow", {"a": 1})).result(60) == {"a": 1}


async def test_an_execute_that_comes_from_a_mixin_is_a_step() -> None:
    """Promise 2: a node whose result is committed is never executed again."""
    executed: list[int] = []

    class Mixin:
        async def execute(self, data: Data) -> Data:
            executed.append(1)
            return data

    class Mixed(Mixin, ChainableNode):  # type: ignore[misc]
        pass

    async with working(Mixed() | HumanApprovalNode()) as app:
        run = await app.start("flow", {"content": "1"})
        await say(app, "approve")
        assert (await run.result(60))["approved"] is True
    assert executed == [1]


def test_an_execute_that_is_not_async_is_refused() -> None:
    with pytest.raises(InvalidFlow, match="has to be async"):

        class Plain(ChainableNode):
            def execute(self, data: Data) -> Data:  # type: ignore[override]
                return data


async def test_what_a_node_does_to_its_input_stays_in_the_node() -> None:
    """A replay goes the same way as the first time."""

    async def flow(data: Data) -> Data:
        counter = {"n": 0}
        await FunctionNode(lambda x: x.update(n=1) or x).execute(counter)
        if counter["n"] == 0:
            await HumanApprovalNode().execute({"content": "untouched"})
        return counter

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "approve")
        assert await run.result(60) == {"n": 0}


async def test_retries_around_what_cannot_be_mended_are_not_made() -> None:
    """Another attempt is made only where it can help."""
    attempts: list[int] = []

    def invalid(data: Data) -> Data:
        attempts.append(1)
        raise InvalidInput("never right")

    class Outer(ChainableNode):
        async def execute(self, data: Data) -> Data:
            return await FunctionNode(invalid).execute(data)

    async with working(Outer(retries=3, backoff=0.01)) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="never right"):
            await run.result(60)
    assert len(attempts) == 1


async def test_a_damaged_row_holds_up_no_other_run(tmp_path: Path) -> None:
    """One damaged row concerns one run."""
    store = SQLiteStore(tmp_path / "x.db")
    await store.open()
    async with working(HumanApprovalNode(), store=store) as app:
        damaged = await app.start("flow", {"content": "1"})
        await asked(app)
    async with App(store=store).connect() as app:
        await store.do(_damage, run_id=damaged.id)
    async with working(HumanApprovalNode(), store=store) as app:
        healthy = await app.start("flow", {"content": "2"})

        async def waits() -> bool:
            return (await app.runs.get(healthy.id)).status == "WAITING"

        await until(waits, "the healthy run waits", 10)
    await store.close()


def _damage(tx: Any, *, run_id: str) -> None:
    tx.connection.execute("UPDATE request SET draft = '{' WHERE run_id = ?", (run_id,))
    tx.connection.execute(
        "INSERT INTO wakeup SELECT id, '', queue, 0 FROM run WHERE id = ? ON CONFLICT DO NOTHING", (run_id,)
    )


async def test_a_question_that_is_refused_and_caught_is_refused_again_on_a_replay() -> None:
    heard: list[str] = []

    async def flow(data: Data) -> Data:
        try:
            await ask("Who?", audience="group:nobody")
        except StepFailed as error:
            heard.append(str(error))
        return {"answer": await ask("Anybody?")}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "bob")
        assert await run.result(60) == {"answer": "bob"}
    assert len(heard) == 2
    assert heard[0] == heard[1]


async def test_a_request_that_is_refused_inside_a_node_and_caught_is_refused_again_on_a_replay() -> None:
    heard: list[str] = []
    nobody = HumanApprovalNode(audience="group:nobody")

    class Careful(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            try:
                await ask_people(nobody.draft("approval", "Who?", {"a": 1}, (Verb.APPROVE,)))
            except InvalidInput as error:
                heard.append(str(error))
            return {"answer": await ask("Anybody?")}

    async with working(Careful()) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "bob")
        assert await run.result(60) == {"answer": "bob"}
    assert len(heard) == 2
    assert heard[0] == heard[1]
