"""How a run is executed, waits, is replayed, fails, is tried again and cancelled."""

import asyncio
import gc
import itertools
import sys
from collections import Counter
from typing import Any

import pytest

from handrail import (
    App,
    ChainableNode,
    FunctionNode,
    HumanApprovalNode,
    InvalidInput,
    NonDeterministicNode,
    ProgrammingError,
    RunMismatch,
    RunNeedsAttention,
    StepFailed,
    StoreFull,
    UnknownId,
    ask,
    gather,
    idempotency_key,
    now,
    sleep,
    step,
    uuid,
)
from handrail.engines import local
from handrail.flows.execution import Parked
from handrail.runs import units
from handrail.runs.activation import Activation
from handrail.runs.run import RunStatus
from handrail.runs.scope import Scope
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import TurnableClock
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, journal, reached, say, working

Data = dict[str, Any]


# -- replay ----------------------------------------------------------------------------------------------


class Counting(ChainableNode):
    """Counts its executions, with a step inside."""

    def __init__(self, counts: Counter[str], name: str) -> None:
        super().__init__(name=name)
        self.counts = counts

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        self.counts[str(self.name)] += 1
        await step("inner", self.inner)
        return {**data, str(self.name): True}

    def inner(self) -> None:
        self.counts[f"{self.name}/inner"] += 1


def _spoil(tx: Any, *, run_id: str) -> int:
    changed = tx.connection.execute(
        "UPDATE journal SET label = 'spoilt', value = '??' WHERE run_id = ? AND frame = 'first'", (run_id,)
    )
    return int(changed.rowcount)


async def test_the_inside_of_a_completed_node_is_never_executed_nor_read_again() -> None:
    counts: Counter[str] = Counter()
    async with working(Counting(counts, "first") | HumanApprovalNode() | Counting(counts, "second")) as app:
        run = await app.start("flow", {"content": "x"})
        await asked(app)
        assert await app.store.do(_spoil, run_id=run.id) == 1
        await say(app, "approve")
        result = await run.result(60)
    assert (result["first"], result["second"], result["approved"]) == (True, True, True)
    assert counts == {"first": 1, "first/inner": 1, "second": 1, "second/inner": 1}


async def test_a_replay_reads_the_frontier_and_not_the_past() -> None:
    flow = Counting(Counter(), "first") | Counting(Counter(), "second") | HumanApprovalNode(name="third")
    async with working(flow) as app:
        run = await app.start("flow", {"content": "x"})
        await asked(app)
        frames, _ = await app.store.read(lambda tx: units.load(tx, run.id, ""))
    assert set(frames) == {"", "third"}


async def test_a_node_that_asked_in_its_middle_begins_again_with_its_steps_from_the_journal() -> None:
    counts: Counter[str] = Counter()

    class Middle(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            counts["begun"] += 1
            before = await step("before", lambda: counts.update(["before"]) or "b")
            inner = await FunctionNode(lambda x: counts.update(["node"]) or x, name="inner").execute({"n": 1})
            answer = await ask("Go on?")
            after = await step("after", lambda: counts.update(["after"]) or "a")
            return {"all": [before, inner, answer, after]}

    async with working(Middle()) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "yes")
        assert await run.result(60) == {"all": ["b", {"n": 1}, "yes", "a"]}
    assert counts == {"begun": 2, "before": 1, "node": 1, "after": 1}


async def test_time_and_chance_are_the_same_on_every_replay() -> None:
    seen = []

    async def flow(data: Data) -> Data:
        seen.append((await now(), await uuid(), await uuid(), idempotency_key()))
        await ask("one?")
        await ask("two?")
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {}, "r")
        await say(app, "answer", "1")
        await say(app, "answer", "2")
        await run.result(60)
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert seen[0][1] != seen[0][2]
    assert seen[0][3] == "r"


async def test_one_wakeup_takes_every_answer_that_has_arrived(store: MemoryStore) -> None:
    executions = itertools.count()

    async def flow(data: Data) -> Data:
        next(executions)
        return {"answers": await gather(lambda: ask("left?"), lambda: ask("right?"))}

    async with working(flow, store=store) as app:
        run = await app.start("flow", {}, "r")
        left, right = await asked(app, 2)
    async with App(store=store).connect() as app:  # nobody works: both answers wait for whoever comes
        await app.inbox.decide(left.id, "answer", actor=BOB, payload="l")
        await app.inbox.decide(right.id, "answer", actor=BOB, payload="r")
    async with working(flow, store=store) as app:
        run = await app.run("r")
        assert await run.result(60) == {"answers": ["l", "r"]}
    assert next(executions) == 2


@pytest.mark.parametrize(
    "how", ["returns", "raises", "bare", "finally", "asks on", "steps on", "in a node", "raises in a node"]
)
async def test_who_swallows_parked_waits_all_the_same(how: str) -> None:
    late: list[str] = []

    async def swallow() -> Any:
        try:
            return await ask("Well?")
        except Parked:
            match how:
                case "raises" | "raises in a node":
                    raise ValueError("not parked, they say") from None
                case "asks on":
                    await ask("Another?")
                case "steps on":
                    await step("another", lambda: late.append("stepped"))
            return "swallowed"
        except BaseException:
            return "swallowed"
        finally:
            if how == "finally":
                return "swallowed"  # noqa: B012 - what users should not do, and do

    async def flow(data: Data) -> Data:
        if how.endswith("in a node"):
            return await FunctionNode(lambda x: _as_node(swallow), retries=1, backoff=60).execute({})
        return {"answer": await swallow()}

    async with working(flow) as app:
        run = await app.start("flow", {})
        request = await say(app, "answer", "yes")
        assert request.draft.title == "Well?"
        result = await run.result(60)
    assert result == {"answer": "swallowed" if how == "finally" else "yes"}
    assert late == []


async def _as_node(function: Any) -> Data:
    return {"answer": await function()}


@pytest.mark.parametrize("how", ["returns", "raises"])
@pytest.mark.parametrize("in_a_step", [False, True])
async def test_who_swallows_parked_in_a_branch_waits_all_the_same(in_a_step: bool, how: str) -> None:
    async def swallow(question: str) -> str:
        try:
            return str(await ask(question))
        except BaseException as error:
            if how == "raises":
                raise ValueError("not parked, they say") from error
            return "swallowed"

    async def branch(question: str) -> Any:
        return await (step("inner", swallow, question) if in_a_step else swallow(question))

    async def flow(data: Data) -> Data:
        return {"answers": await gather(lambda: branch("left?"), lambda: branch("right?"))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        for request in await asked(app, 2):
            await app.inbox.decide(request.id, "answer", actor=BOB, payload=request.draft.title)
        assert await run.result(60) == {"answers": ["left?", "right?"]}


def _task(awaitable: Any) -> Any:
    return asyncio.ensure_future(awaitable)


def _gathered(awaitable: Any) -> Any:
    return asyncio.gather(awaitable)


FOREIGN = {"create_task": _task, "gather": _gathered}
if sys.version_info < (3, 12):  # later ones wait in the task that calls
    FOREIGN["wait_for"] = lambda awaitable: asyncio.wait_for(awaitable, 60)


@pytest.mark.parametrize("how", FOREIGN)
@pytest.mark.parametrize("what", ["ask", "step", "node", "sleep", "now"])
async def test_a_call_from_another_task_says_what_to_use(how: str, what: str) -> None:
    calls: dict[str, Any] = {
        "ask": lambda: ask("Well?"),
        "step": lambda: step("s", str),
        "node": lambda: FunctionNode(lambda x: x).execute({}),
        "sleep": lambda: sleep(1),
        "now": now,
    }

    async def flow(data: Data) -> Data:
        await FOREIGN[how](calls[what]())
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match=r"handrail\.gather") as caught:
            await run.result(60)
        assert caught.value.kind == "ForeignTask"
        assert journal(app, run.id) == []


async def test_a_past_that_does_not_match_needs_attention(caplog: pytest.LogCaptureFixture) -> None:
    executions = itertools.count()

    async def flow(data: Data) -> Data:
        await step("first" if next(executions) == 0 else "other", str)
        await ask("Well?")
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "yes")
        with pytest.raises(RunNeedsAttention, match="migrate") as caught:
            await run.result(60)
        assert run.status == "NEEDS_ATTENTION"
    (told,) = [record for record in caplog.records if record.name == "handrail.runs.runner"]
    assert (told.levelname, told.getMessage()) == (
        "WARNING",
        f"run {run.id} needs attention: its past doesn't match its flow; see `handrail show {run.id}`",
    )
    assert caught.value.run_id == run.id
    assert caught.value.difference == {
        "frame": "",
        "position": 0,
        "recorded": {"name": "first", "kind": "step"},
        "flow": {"name": "other", "kind": "step"},
    }


@pytest.mark.parametrize("change", ["fewer", "more", "question", "kind"])
async def test_every_difference_is_found_even_if_user_code_catches_it(change: str) -> None:
    executions = itertools.count()

    async def flow(data: Data) -> Data:
        first = next(executions) == 0
        try:
            if change == "more" and not first:
                await step("new", str)
            if change != "fewer" or first:
                await step("old", str)
            if change == "kind" and not first:
                await sleep(1)
            elif change != "fewer" or first:
                await ask("Well?" if first or change != "question" else "What?")
        except NonDeterministicNode:
            pass
        except Exception as error:
            raise ValueError("swallowed") from error
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "yes")
        with pytest.raises(RunNeedsAttention):
            await run.result(60)


# -- run ids ---------------------------------------------------------------------------------------------


async def test_the_same_run_id_is_the_same_run() -> None:
    executions = itertools.count()
    async with working(FunctionNode(lambda x: {"n": next(executions)})) as app:
        first = await app.start("flow", {"a": [1, 2]}, "r")
        assert await first.result(60) == {"n": 0}
        again = await app.start("flow", {"a": (1, 2)}, "r")
        assert await again.result(60) == {"n": 0}
    assert next(executions) == 1


async def test_a_run_id_means_one_input_and_one_flow() -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        app.flow("other", FunctionNode(lambda x: x))
        run = await app.start("flow", {"a": 1}, "r")
        await run.result(60)
        with pytest.raises(RunMismatch, match="other input") as caught:
            await app.start("flow", {"a": 2}, "r")
        assert caught.value.run_id == "r"
        with pytest.raises(RunMismatch, match="another flow"):
            await app.start("other", {"a": 1}, "r")


@pytest.mark.parametrize("run_id", ["", " ", "x" * 201, "a\nb", 7])
async def test_a_run_id_has_a_form(run_id: Any) -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        with pytest.raises(InvalidInput, match="run_id"):
            await app.start("flow", {}, run_id)


async def test_unknown_flows_and_runs_are_named() -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        with pytest.raises(UnknownId, match="this app knows: flow"):
            await app.start("flaw", {})
        with pytest.raises(UnknownId, match="no run 'r'"):
            await app.run("r")
        with pytest.raises(UnknownId):
            await app.runs.cancel("r", actor="bob")


async def test_many_starts_of_one_run_execute_it_once() -> None:
    executions = itertools.count()
    async with working(FunctionNode(lambda x: {"n": next(executions)})) as app:
        runs = await asyncio.gather(*(app.start("flow", {}, "r") for _ in range(20)))
        assert await asyncio.gather(*(run.result(60) for run in runs)) == [{"n": 0}] * 20


async def test_whoever_stops_waiting_for_the_start_leaves_a_run_that_goes_on() -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        for number in range(20):
            starting = asyncio.create_task(app.start("flow", {"n": number}, f"r{number}"))
            await asyncio.sleep(0)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        started = {run.id for run in await app.runs.list()}
        for run_id in started:
            await reached(app, run_id, "FINISHED")


async def test_a_run_advances_only_where_its_flow_is_known(store: MemoryStore) -> None:
    async with App(store=store).connect() as app:
        app.flow("flow", FunctionNode(lambda x: {"done": True}))
        run = await app.start("flow", {}, "r")
    async with working(FunctionNode(lambda x: x), name="stranger", store=store) as stranger:
        other = await stranger.start("stranger", {})
        await other.result(60)
        assert (await stranger.runs.get("r")).status == "PENDING"
    async with working(FunctionNode(lambda x: {"done": True}), store=store) as app:
        run = await app.run("r")
        assert await run.result(60) == {"done": True}


# -- results ---------------------------------------------------------------------------------------------


async def test_results_are_as_read_from_json_the_first_time_too() -> None:
    seen: list[Any] = []

    async def flow(data: Data) -> Data:
        seen.append(data)
        node = await FunctionNode(lambda x: {"pair": (1, 2), 3: "three"}).execute({})
        seen.append((node, await step("s", lambda: ({"t": (1,)},)), await gather(_pair)))
        return {"result": (1, 2)}

    async with working(flow) as app:
        run = await app.start("flow", {"in": (1, 2)})
        assert await run.result(60) == {"result": [1, 2]}
    assert seen == [{"in": [1, 2]}, ({"pair": [1, 2], "3": "three"}, [{"t": [1]}], [[1, 2]])]


async def _pair() -> Any:
    return (1, 2)


BAD = {
    "no JSON": ({"x": object()}, "NotJSON", "at 'x': a object"),
    "a set": ({"x": [{1}]}, "NotJSON", r"at 'x\[0\]': a set"),
    "NaN": ({"x": float("nan")}, "NotJSON", "nan is not a JSON number"),
    "a surrogate": ({"x": "\ud800"}, "NotJSON", "lone surrogate"),
    "too large": ({"x": "x" * 1_100_000}, "PayloadTooLarge", "the limit is 1,048,576"),
    "no dict": ([1], "InvalidInput", "returned list; a node returns a dict"),
    "None": (None, "InvalidInput", "returned NoneType; a node returns a dict"),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_result_that_cannot_be_kept_is_a_clear_failure(what: str) -> None:
    bad, kind, message = BAD[what]
    attempts = itertools.count()

    def broken(data: Data) -> Any:
        next(attempts)
        return bad

    async with working(FunctionNode(broken, name="broken", retries=3)) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match=message) as caught:
            await run.result(60)
    assert (caught.value.name, caught.value.kind, caught.value.run_id) == ("broken", kind, run.id)
    assert next(attempts) == 1, "another attempt can't mend it"


@pytest.mark.parametrize(("result", "kind"), [([1], "InvalidInput"), ({"x": {1}}, "NotJSON")])
async def test_so_is_a_result_of_the_whole_flow(result: Any, kind: str) -> None:
    async def flow(data: Data) -> Any:
        return result

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed) as caught:
            await run.result(60)
    assert (caught.value.name, caught.value.kind) == ("flow", kind)


@pytest.mark.parametrize("data", [[1], None, {"x": object()}, {"x": "x" * 1_100_000}])
async def test_input_that_cannot_be_kept_starts_nothing(data: Any) -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        with pytest.raises(InvalidInput):
            await app.start("flow", data)
        assert await app.runs.list() == []


# -- time, room and stores -------------------------------------------------------------------------------


async def test_a_sleep_of_days_outlives_its_worker(store: MemoryStore) -> None:
    clock, woken = TurnableClock(), itertools.count()

    async def flow(data: Data) -> Data:
        before = await now()
        await sleep(3 * 86_400)
        next(woken)
        return {"days": ((await now()) - before).days}

    async with working(flow, store=store, clock=clock) as app:
        await app.start("flow", {}, "r")
        await reached(app, "r", "WAITING")
        clock.turn(2 * 86_400)
        await asyncio.sleep(0.05)
        assert (await app.runs.get("r")).status == "WAITING"
    clock.turn(86_400)
    async with working(flow, store=store, clock=clock) as app:
        run = await app.run("r")
        assert await run.result(60) == {"days": 3}
    assert next(woken) == 1


async def test_a_sleep_of_days_ends_when_its_time_has_come() -> None:
    clock = TurnableClock()

    async def flow(data: Data) -> Data:
        await sleep(86_400)
        return {}

    async with working(flow, clock=clock) as app:
        run = await app.start("flow", {})
        await reached(app, run, "WAITING")
        clock.turn(86_400)
        assert await run.result(60) == {}


async def test_what_is_woken_early_sleeps_on() -> None:
    clock, executions = TurnableClock(), itertools.count()

    async def flow(data: Data) -> Data:
        next(executions)
        await step("before", str)
        await sleep(86_400)
        return {"executions": next(executions)}

    async with working(flow, clock=clock) as app:
        run = await app.start("flow", {})
        await reached(app, run, "WAITING")
        await app.migrate(run.id, [("before", "before")])  # changes nothing, and lets the run look again
        await reached(app, run, "WAITING")
        clock.turn(86_400)
        assert await run.result(60) == {"executions": 3}


@pytest.mark.parametrize("duration", [0, -1, float("nan"), "1", True, 1e12])
async def test_a_sleep_needs_seconds(duration: Any) -> None:
    async def flow(data: Data) -> Data:
        await sleep(duration)
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="seconds"):
            await run.result(60)


async def test_more_runs_than_there_is_room_for_are_all_executed() -> None:
    most = Counter[str]()

    async def busy(data: Data) -> Data:
        most["now"] += 1
        most["most"] = max(most["most"], most["now"])
        await asyncio.sleep(0.001)
        most["now"] -= 1
        return data

    async with working(FunctionNode(busy), concurrency=3) as app:
        runs = await asyncio.gather(*(app.start("flow", {"n": n}) for n in range(30)))
        assert [(await run.result(20))["n"] for run in runs] == list(range(30))
    assert most["most"] <= 3


async def test_what_others_have_left_is_worked_off_without_pauses(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "HOUSEKEEPING", 3600)  # a pause would not end within the test
    async with App(store=store).connect() as app:
        app.flow("flow", FunctionNode(lambda x: x))
        runs = [await app.start("flow", {}) for _ in range(60)]
    async with working(FunctionNode(lambda x: x), store=store, concurrency=2) as app, asyncio.timeout(60):
        for run in runs:
            await (await app.run(run.id)).result()


@pytest.mark.slow
async def test_a_run_that_waits_costs_rows_and_no_memory() -> None:
    async with working(HumanApprovalNode()) as app:
        tasks, before = len(asyncio.all_tasks()), _held()
        runs = [await app.start("flow", {"content": str(n)}) for n in range(2000)]

        async def all_wait() -> bool:
            return len(await app.runs.list([RunStatus.WAITING], limit=5000)) == 2000

        await until(all_wait, "all runs wait")
        await until(lambda: not app._worker.runner.live, "all are forgotten")  # type: ignore[union-attr]
        assert len(asyncio.all_tasks()) == tasks
        assert _held() - before == set()
        await say(app, "approve", run_id=runs[1234].id)
        assert (await runs[1234].result(60))["content"] == "1234"


def _held() -> set[Any]:
    gc.collect()
    return {thing for thing in gc.get_objects() if isinstance(thing, Scope | Activation)}


async def test_a_full_disk_holds_a_run_up_and_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    counts: Counter[str] = Counter()

    async def work(data: Data) -> Data:
        counts["executed"] += 1
        await app.store.do(_fill)
        return {"content": "x" * 300_000}

    async with working(FunctionNode(work) | HumanApprovalNode()) as app:
        run = await app.start("flow", {})
        await until(lambda: "can't be stored yet" in caplog.text, "the disk is full")
        assert (await app.runs.get(run.id)).status == "RUNNING"
        with pytest.raises(StoreFull, match="free some space"):
            await app.start("flow", {"content": "x" * 300_000}, "r")
        await app.store.do(_free)
        await say(app, "approve")
        assert len((await run.result(60))["content"]) == 300_000
    assert counts == {"executed": 1}


def _fill(tx: Any) -> None:
    pages = tx.connection.execute("PRAGMA page_count").fetchone()[0]
    tx.connection.execute(f"PRAGMA max_page_count = {pages + 5}")


def _free(tx: Any) -> None:
    tx.connection.execute("PRAGMA max_page_count = 1000000")


async def test_durable_calls_outside_a_run_say_where_they_work() -> None:
    for call in (lambda: step("s", str), lambda: sleep(1), now, uuid):
        with pytest.raises(ProgrammingError, match="inside a run only"):
            await call()
    with pytest.raises(ProgrammingError, match="inside a run only"):
        idempotency_key()
    assert await gather(_pair(), _pair) == [(1, 2), (1, 2)]


async def test_a_question_that_cannot_be_asked_is_a_failure_and_the_run_goes_on_from_it() -> None:
    counts: Counter[str] = Counter()

    class Asking(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            try:
                await ask("All of you?", audience="group:nobody", quorum="all")
            except StepFailed as error:
                counts[error.kind] += 1
            await step("once", lambda: counts.update(["once"]))
            return {"answer": await ask("Anybody?")}

    async with working(Asking()) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "me")
        assert await run.result(60) == {"answer": "me"}
    assert counts["once"] == 1
    assert counts["InvalidInput"] == 2


@pytest.mark.parametrize("run_id", [".", ".."])
async def test_a_run_id_that_no_address_can_name_is_refused(run_id: str) -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        with pytest.raises(InvalidInput, match="can't be a run_id"):
            await app.start("flow", {}, run_id)
        assert (await app.start("flow", {}, "...")).id == "..."
