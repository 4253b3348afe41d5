"""`await flow.execute(data, run_id=...)` without an app: the store of the environment, runs that go on later."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from handrail import (
    App,
    ChainableNode,
    FunctionNode,
    HumanApprovalNode,
    InvalidInput,
    Rejected,
    RunAbandoned,
    RunCancelled,
    RunMismatch,
    RunNeedsAttention,
    StepFailed,
    approval_required,
    ask,
)
from handrail.inbox import views
from handrail.runs.runs import result_of
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, reached, say

Data = dict[str, Any]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/handrail.db"
    monkeypatch.setenv("HANDRAIL_STORE", url)
    return url


@pytest.fixture
async def elsewhere(url: str) -> AsyncIterator[App]:
    """Another app on the same store, as in another process: it executes nothing."""
    async with App(store=url).connect() as app:
        yield app


class Asking(ChainableNode):
    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        return {**data, "answer": await ask("Well?")}


async def test_a_flow_is_executed_and_its_result_returned(elsewhere: App) -> None:
    flow = FunctionNode(lambda x: {"pair": (1, x["n"])}) | FunctionNode(lambda x: {**x, "more": True})
    assert await flow.execute({"n": 2}) == {"pair": [1, 2], "more": True}
    (run,) = await elsewhere.runs.list()
    assert (run.status, run.flow, run.result) == ("FINISHED", None, {"pair": [1, 2], "more": True})


async def test_people_decide_in_any_process_of_the_store(elsewhere: App) -> None:
    executing = asyncio.create_task(HumanApprovalNode().execute({"content": "x"}))
    await say(elsewhere, "approve")
    assert (await executing)["approved"] is True


async def test_a_finished_run_id_returns_the_stored_result(url: str) -> None:
    executions = itertools.count()
    flow = FunctionNode(lambda x: {"n": next(executions)})
    assert await flow.execute({}, run_id="r") == {"n": 0}
    assert await flow.execute({}, run_id="r") == {"n": 0}
    assert await flow.execute({}) == {"n": 1}


async def test_a_run_id_that_runs_is_joined(elsewhere: App) -> None:
    executions = itertools.count()
    flow = FunctionNode(lambda x: {"n": next(executions)}) | Asking()
    executing = [asyncio.create_task(flow.execute({}, run_id="r")) for _ in range(3)]
    await say(elsewhere, "answer", "yes")
    assert await asyncio.gather(*executing) == [{"n": 0, "answer": "yes"}] * 3


async def test_another_input_or_flow_is_a_mismatch(url: str) -> None:
    await FunctionNode(lambda x: x, name="a").execute({"n": 1}, run_id="r")
    with pytest.raises(RunMismatch, match="other input"):
        await FunctionNode(lambda x: x, name="a").execute({"n": 2}, run_id="r")
    with pytest.raises(RunMismatch, match="another flow"):
        await FunctionNode(lambda x: x, name="b").execute({"n": 1}, run_id="r")


async def test_whoever_stops_waiting_leaves_the_run(elsewhere: App) -> None:
    flow = Asking()
    executing = asyncio.create_task(flow.execute({}, run_id="r"))
    await asked(elsewhere)
    executing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await executing
    await say(elsewhere, "answer", "yes")
    await reached(elsewhere, "r", "FINISHED")
    assert await flow.execute({}, run_id="r") == {"answer": "yes"}


async def test_a_failure_is_raised_each_time(elsewhere: App) -> None:
    def fail(data: Data) -> Data:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(StepFailed, match="ValueError: no") as caught:
            await FunctionNode(fail, name="fail").execute({}, run_id="r")
        assert (caught.value.run_id, caught.value.name) == ("r", "fail")


async def test_a_cancellation_is_raised(elsewhere: App) -> None:
    executing = asyncio.create_task(Asking().execute({}, run_id="r"))
    await asked(elsewhere)
    await elsewhere.runs.cancel("r", actor="bob")
    with pytest.raises(RunCancelled):
        await executing
    with pytest.raises(RunCancelled):
        await Asking().execute({}, run_id="r")


async def test_a_past_that_does_not_match_is_raised(elsewhere: App) -> None:
    executions = itertools.count()

    class Unsteady(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            return {"answer": await ask(f"Question {next(executions)}?")}

    executing = asyncio.create_task(Unsteady().execute({}, run_id="r"))
    await say(elsewhere, "answer", "yes")
    with pytest.raises(RunNeedsAttention, match="handrail migrate r"):
        await executing


async def impatient(flow: ChainableNode, url: str, run_id: str | None = None) -> None:
    """Execute a flow with a patience that ends once it has asked."""
    patience = asyncio.timeout(60)

    async def watch() -> None:
        async with App(store=url).connect() as app:
            await asked(app)
        patience.reschedule(asyncio.get_running_loop().time())

    async def execute() -> None:
        async with patience:
            await flow.execute({}, run_id=run_id)

    watching = asyncio.create_task(watch())
    with pytest.raises(TimeoutError):
        await execute()
    await watching


def test_without_a_run_id_the_run_ends_with_its_event_loop(url: str) -> None:
    asyncio.run(impatient(Asking(), url))

    async def look() -> None:
        async with App(store=url).connect() as app:
            (run,) = await app.runs.list()
            assert run.status == "ABANDONED"
            with pytest.raises(RunAbandoned, match="pass a run_id"):
                result_of(run)
            assert [request.status for request in await views.requests(app.store)] == ["WITHDRAWN"]

    asyncio.run(look())


def test_with_a_run_id_the_next_process_goes_on(url: str) -> None:
    executions = itertools.count()

    def flow() -> ChainableNode:
        return FunctionNode(lambda x: {"n": next(executions)}) | Asking()

    async def patient() -> Data:
        async with App(store=url).connect() as app:
            assert (await app.runs.get("r")).status == "WAITING"
            executing = asyncio.create_task(flow().execute({}, run_id="r"))
            await say(app, "answer", "yes")
            return await executing

    asyncio.run(impatient(flow(), url, "r"))
    assert asyncio.run(patient()) == {"n": 0, "answer": "yes"}


def test_a_flow_that_was_changed_after_its_wait_goes_on(url: str) -> None:
    async def second() -> Data:
        async with App(store=url).connect() as app:
            flow = Asking() | FunctionNode(lambda x: {**x, "new": True})
            executing = asyncio.create_task(flow.execute({}, run_id="r"))
            await say(app, "answer", "yes")
            return await executing

    asyncio.run(impatient(Asking(), url, "r"))
    assert asyncio.run(second()) == {"answer": "yes", "new": True}


async def test_the_environment_is_read_at_each_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/{name}.db")
        await FunctionNode(lambda x: x).execute({"store": name}, run_id="r")
    for name in ("one", "two"):
        async with App(store=f"sqlite:///{tmp_path}/{name}.db").connect() as app:
            assert (await app.runs.get("r")).input == {"store": name}


async def test_the_default_store_is_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANDRAIL_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    await FunctionNode(lambda x: x).execute({})
    assert (tmp_path / "handrail.db").exists()


async def test_a_store_that_cannot_be_opened_is_an_error_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/nowhere/handrail.db")
    for _ in range(2):
        with pytest.raises(Exception, match="folder"):
            await FunctionNode(lambda x: x).execute({})
    (tmp_path / "nowhere").mkdir()
    assert await FunctionNode(lambda x: x).execute({"n": 1}) == {"n": 1}


@pytest.mark.parametrize("data", [[1], None, "text", {"x": object()}, {"x": float("nan")}])
async def test_input_is_checked_first(data: Any, elsewhere: App) -> None:
    with pytest.raises(InvalidInput):
        await FunctionNode(lambda x: x).execute(data)
    assert await elsewhere.runs.list() == []


async def test_ask_works_anywhere(elsewhere: App) -> None:
    asking = asyncio.create_task(ask("How many?", schema=int))
    await say(elsewhere, "answer", 7)
    assert await asking == 7


async def test_nobody_answers_what_is_asked_anywhere(elsewhere: App) -> None:
    asking = asyncio.create_task(ask("How many?", schema=int))
    (request,) = await asked(elsewhere)
    await elsewhere.inbox.withdraw(request.id, actor=BOB)
    with pytest.raises(Rejected) as caught:
        await asking
    assert (caught.value.reason, caught.value.request_id) == ("withdrawn", request.id)


async def test_an_approved_function_works_anywhere(elsewhere: App) -> None:
    @approval_required
    def refund(order: str, amount: int) -> str:
        return f"{amount} for {order}"

    calling = asyncio.create_task(refund("o7", 10))
    await say(elsewhere, "edit", {"amount": 5})
    assert await calling == "5 for o7"
    calling = asyncio.create_task(refund("o7", 10))
    await say(elsewhere, "reject", comment="no")
    with pytest.raises(Rejected, match="refund was not approved: no"):
        await calling


async def test_a_flow_with_a_name_keeps_it(elsewhere: App, url: str) -> None:
    flow = App(store=url).flow("named", FunctionNode(lambda x: x))
    await flow.execute({}, run_id="r")
    assert (await elsewhere.runs.get("r")).flow == "named"


async def test_flows_are_forgotten_with_their_runs(url: str) -> None:
    from handrail.host import _hosts

    for _ in range(5):
        await FunctionNode(lambda x: x).execute({})
    (host,) = [host for host in _hosts.values() if host.app.configured_store == url]
    worker = host.app._worker
    assert worker is not None
    assert worker.runner.flows == {}

    async def nobody_waits() -> bool:
        return not host.app.attended() and not worker.runner.watched

    await until(nobody_waits, "nobody waits")
