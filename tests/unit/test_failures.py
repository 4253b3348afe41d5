"""How a run fails, is tried again, goes on where an operator lets it, and is cancelled."""

import asyncio
import itertools
from collections import Counter
from typing import Any

import pytest

from handrail import (
    ChainableNode,
    Conflict,
    FunctionNode,
    HumanApprovalNode,
    InvalidInput,
    RunCancelled,
    StepFailed,
    ask,
    gather,
    step,
)
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import TurnableClock
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, journal, reached, say, working

Data = dict[str, Any]


# -- failures --------------------------------------------------------------------------------------------


class OurError(Exception):
    pass


def fail(data: Any = None) -> Any:
    raise OurError("broken pipe")


async def test_a_failure_is_the_same_on_replay_and_remembered_where_it_was_caught() -> None:
    seen: list[tuple[str, str, str]] = []
    executions = itertools.count()

    def failing() -> None:
        next(executions)
        fail()

    async def flow(data: Data) -> Data:
        try:
            await step("shaky", failing)
        except StepFailed as error:
            seen.append((error.name, error.kind, error.message))
        return {"answer": await ask("Go on without?")}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "yes")
        assert await run.result(60) == {"answer": "yes"}
    assert seen == [("shaky", "OurError", "broken pipe")] * 2
    assert next(executions) == 1


async def test_a_failure_names_the_innermost_step() -> None:
    class Outer(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            return {"x": await step("inner", fail)}

    async with working(FunctionNode(lambda x: x) | Outer(name="outer")) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed) as caught:
            await run.result(60)
        assert (await app.runs.get(run.id)).status == "FAILED"
    assert (caught.value.name, caught.value.kind, caught.value.message) == (
        "outer/inner",
        "OurError",
        "broken pipe",
    )
    assert str(caught.value) == "step 'outer/inner' failed: OurError: broken pipe"


class Shaky:
    """Fails so many times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    async def __call__(self, data: Any = None) -> Any:
        self.calls += 1
        if self.calls <= self.failures:
            raise OurError(f"failure {self.calls}")
        return {"calls": self.calls}


async def test_attempts_are_repeated_after_pauses_that_double() -> None:
    clock, shaky = TurnableClock(), Shaky(3)
    async with working(FunctionNode(shaky, retries=3, backoff=60), clock=clock) as app:
        run = await app.start("flow", {})
        for attempt, pause in enumerate((60, 120, 240), start=1):
            await reached(app, run, "WAITING")
            assert shaky.calls == attempt
            due = await app.store.read(lambda tx: tx.next_wakeup(["flow"]))
            assert (due - clock.now()).total_seconds() == pause
            clock.turn(pause)
            await until(lambda n=attempt: shaky.calls == n + 1, "the next attempt")
        assert await run.result(60) == {"calls": 4}


async def test_attempts_that_are_used_up_are_a_failure_of_the_last_one() -> None:
    async with working(FunctionNode(Shaky(9), retries=2, backoff=0.001)) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="failure 3"):
            await run.result(60)


async def test_the_count_of_attempts_outlives_the_worker(store: MemoryStore) -> None:
    clock, shaky = TurnableClock(), Shaky(9)
    flow = FunctionNode(shaky, retries=2, backoff=60)
    async with working(flow, store=store, clock=clock) as app:
        await app.start("flow", {}, "r")
        await reached(app, "r", "WAITING")
    for pause in (60, 120):
        clock.turn(pause)
        async with working(FunctionNode(shaky, retries=2, backoff=60), store=store, clock=clock) as app:
            await reached(app, "r", "WAITING" if pause == 60 else "FAILED")
            await until(lambda n=pause // 60 + 1: shaky.calls == n, "another attempt")
    assert shaky.calls == 3


async def test_a_repeated_attempt_keeps_the_completed_steps_inside() -> None:
    counts: Counter[str] = Counter()
    shaky = Shaky(1)

    class Outer(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            await step("kept", lambda: counts.update(["kept"]))
            await FunctionNode(lambda x: counts.update(["node"]) or x).execute({})
            counts["outer"] += 1
            return dict(await shaky())

    async with working(Outer(retries=1, backoff=0.001)) as app:
        run = await app.start("flow", {})
        assert await run.result(60) == {"calls": 2}
    assert counts == {"kept": 1, "node": 1, "outer": 2}


async def test_a_repeated_attempt_executes_the_step_again_that_failed_inside() -> None:
    shaky, counts = Shaky(2), Counter[str]()

    class Outer(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            await step("kept", lambda: counts.update(["kept"]))
            return dict(await step("shaky", shaky))

    async with working(Outer(retries=2, backoff=0.001)) as app:
        run = await app.start("flow", {})
        assert await run.result(60) == {"calls": 3}
    assert counts == {"kept": 1}


async def test_an_attempt_that_takes_too_long_is_a_failed_one() -> None:
    calls = itertools.count()

    async def slow_once(data: Data) -> Data:
        if next(calls) == 0:
            await asyncio.Event().wait()
        return {"calls": next(calls)}

    flow = FunctionNode(slow_once, attempt_timeout=0.05, retries=1, backoff=0.001)
    async with working(flow) as app:
        run = await app.start("flow", {})
        assert await run.result(60) == {"calls": 2}


async def test_an_attempt_timeout_without_retries_says_so() -> None:
    async def slow(data: Data) -> Data:
        await asyncio.Event().wait()
        return {}

    async with working(FunctionNode(slow, attempt_timeout=0.05)) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match=r"longer than attempt_timeout=0\.05 s") as caught:
            await run.result(60)
    assert caught.value.kind == "TimeoutError"


async def test_an_attempt_timeout_does_not_count_the_time_people_take() -> None:
    class Asking(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            return {"answer": await ask("Well?")}

    async with working(Asking(attempt_timeout=5)) as app:
        run = await app.start("flow", {})
        await asked(app)
        await asyncio.sleep(0)
        await say(app, "answer", "late")
        assert await run.result(60) == {"answer": "late"}


async def test_an_attempt_timeout_is_refused_on_sync_functions() -> None:
    with pytest.raises(InvalidInput, match="attempt_timeout needs an async function"):
        FunctionNode(lambda x: x, attempt_timeout=1)

    async def flow(data: Data) -> Data:
        return {"x": await step("s", str, attempt_timeout=1)}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="attempt_timeout needs an async function"):
            await run.result(60)


async def test_a_timeout_of_user_code_around_a_step_is_refused_in_words() -> None:
    async def slow(data: Data) -> Data:
        await asyncio.Event().wait()
        return {}

    async def flow(data: Data) -> Data:
        try:
            async with asyncio.timeout(0.05):
                await FunctionNode(slow).execute({})
        except TimeoutError:
            pass
        return {"answer": await ask("It took too long. Go on?")}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="attempt_timeout") as caught:
            await run.result(60)
    assert caught.value.kind == "ProgrammingError"


@pytest.mark.parametrize("error", [asyncio.CancelledError("inner"), SystemExit(3)])
async def test_user_code_that_raises_what_ends_tasks_fails_its_step_alone(error: BaseException) -> None:
    async def leaks(data: Data) -> Data:
        raise error

    async with working(FunctionNode(leaks, name="leaks")) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed) as caught:
            await run.result(60)
    assert (caught.value.name, caught.value.kind) == ("leaks", type(error).__name__)


# -- what operators do -----------------------------------------------------------------------------------


async def test_a_failed_run_goes_on_at_the_step_that_failed() -> None:
    shaky, counts = Shaky(1), Counter[str]()

    class Outer(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            await step("kept", lambda: counts.update(["kept"]))
            return dict(await step("shaky", shaky))

    flow = FunctionNode(lambda x: counts.update(["first"]) or x) | Outer()
    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed):
            await run.result(60)
        await run.retry()
        assert await run.result(60) == {"calls": 2}
        with pytest.raises(Conflict, match="FINISHED"):
            await run.retry()
    assert counts == {"first": 1, "kept": 1}


async def test_a_retry_gives_fresh_attempts() -> None:
    shaky = Shaky(3)
    async with working(FunctionNode(shaky, retries=1, backoff=0.001)) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="failure 2"):
            await run.result(60)
        await run.retry()
        assert await run.result(60) == {"calls": 4}


async def test_a_retry_goes_on_at_the_branch_that_failed() -> None:
    shaky, counts = Shaky(1), Counter[str]()

    async def fine() -> str:
        return str(await step("fine", lambda: counts.update(["fine"]) or "ok"))

    async def flow(data: Data) -> Data:
        return {"all": await gather(fine, lambda: step("shaky", shaky), lambda: ask("Well?"))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "yes")
        with pytest.raises(StepFailed) as caught:
            await run.result(60)
        assert caught.value.name == "0[1]/shaky"
        await run.retry()
        assert await run.result(60) == {"all": ["ok", {"calls": 2}, "yes"]}
    assert counts == {"fine": 1}


async def test_a_retry_of_nested_branches_that_failed() -> None:
    shaky = Shaky(1)

    async def inner() -> Any:
        return await gather(lambda: step("shaky", shaky), lambda: step("fine", lambda: "ok"))

    async def flow(data: Data) -> Data:
        return {"all": await gather(inner, lambda: step("fine", lambda: "ok"))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed) as caught:
            await run.result(60)
        assert caught.value.name == "0[0]/0[0]/shaky"
        await run.retry()
        assert await run.result(60) == {"all": [[{"calls": 2}, "ok"], "ok"]}


async def test_a_flow_that_failed_between_its_steps_goes_on_there() -> None:
    shaky, counts = Shaky(1), Counter[str]()

    async def flow(data: Data) -> Data:
        await step("first", lambda: counts.update(["first"]))
        return dict(await shaky())

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed) as caught:
            await run.result(60)
        assert caught.value.name == "flow"
        await run.retry()
        assert await run.result(60) == {"calls": 2}
    assert counts == {"first": 1}


async def test_cancelling_a_waiting_run_withdraws_its_requests() -> None:
    async with working(HumanApprovalNode()) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        await run.cancel()
        assert run.status == "CANCELLED"
        with pytest.raises(RunCancelled):
            await run.result(1)
        with pytest.raises(Conflict, match="WITHDRAWN"):
            await app.inbox.decide(request.id, "approve", actor=BOB)
        await run.cancel()  # once more is no error
        with pytest.raises(Conflict, match="CANCELLED"):
            await run.retry()


async def test_cancelling_a_running_run_stops_it_and_fences_its_writes() -> None:
    inside, go = asyncio.Event(), asyncio.Event()
    stubborn: list[str] = []

    async def working_hard(data: Data) -> Data:
        inside.set()
        try:
            await go.wait()
        except asyncio.CancelledError:
            stubborn.append("was told")
        return {"late": True}

    async with working(
        FunctionNode(working_hard) | FunctionNode(lambda x: stubborn.append("went on") or x)
    ) as app:
        run = await app.start("flow", {})
        await inside.wait()
        waiting = asyncio.create_task(run.result(60))
        await run.cancel()
        with pytest.raises(RunCancelled):
            await waiting
        await until(lambda: stubborn, "the step is told")
        await until(lambda: not app._worker.runner.live, "the run is forgotten")  # type: ignore[union-attr]
        assert journal(app, run.id) == []
        assert run.status == "CANCELLED"
    assert stubborn == ["was told"]


async def test_an_ended_run_cannot_be_cancelled() -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        run = await app.start("flow", {})
        await run.result(60)
        with pytest.raises(Conflict, match="already FINISHED"):
            await run.cancel()


async def test_a_wait_that_is_too_short_leaves_the_run() -> None:
    async with working(HumanApprovalNode()) as app:
        run = await app.start("flow", {"content": "x"})
        with pytest.raises(TimeoutError, match="it goes on"):
            await run.result(0.01)
        await say(app, "approve")
        assert (await run.result(60))["approved"] is True


async def test_the_news_of_an_old_end_does_not_stop_who_goes_on() -> None:
    shaky = Shaky(1)
    entered, go = asyncio.Event(), asyncio.Event()

    async def work(data: Data) -> Data:
        result = dict(await shaky())
        entered.set()
        await go.wait()
        return result

    async with working(FunctionNode(work)) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed):
            await run.result(60)
        await run.retry()
        await entered.wait()
        await app.store.do(lambda tx: tx.signal("run", run.id))  # a doorbell that comes late
        assert app._worker is not None
        engine = app._worker.engine
        await until(lambda: not engine._settled, "the engine has heard it")
        go.set()
        assert await run.result(60) == {"calls": 2}
