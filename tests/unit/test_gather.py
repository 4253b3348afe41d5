"""Branches of a run: each waits and wakes alone, and the join comes when all have ended."""

import asyncio
import itertools
from collections import Counter
from typing import Any

import pytest

from handrail import (
    App,
    ChainableNode,
    FunctionNode,
    HumanApprovalNode,
    RunNeedsAttention,
    StepFailed,
    ask,
    gather,
    idempotency_key,
    now,
    sleep,
    step,
)
from handrail.inbox import views
from handrail.inbox.moves import strand_of
from handrail.runs import units
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import TurnableClock
from tests.support.journey_process import until
from tests.support.journey_runs import BOB, asked, journal, reached, say, working

Data = dict[str, Any]


class Branch(ChainableNode):
    """Counts its executions, and asks."""

    def __init__(self, number: int, counts: Counter[str]) -> None:
        super().__init__()
        self.number = number
        self.counts = counts

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        self.counts[f"{self.number} executed"] += 1
        await step("before", lambda: self.counts.update([f"{self.number} before"]))
        return {"answer": await ask(f"Question {self.number}?")}


def fan_out(count: int, counts: Counter[str]) -> Any:
    async def flow(data: Data) -> Data:
        counts["flow"] += 1
        results = await gather(*(Branch(number, counts).execute({}) for number in range(count)))
        return {"answers": [result["answer"] for result in results]}

    return flow


async def test_results_come_in_the_order_of_the_branches() -> None:
    order: list[int] = []

    async def branch(number: int, before: asyncio.Event, after: asyncio.Event) -> int:
        await before.wait()
        order.append(number)
        after.set()
        return number

    async def flow(data: Data) -> Data:
        bells = [asyncio.Event() for _ in range(4)]
        bells[3].set()
        return {"all": await gather(*(branch(n, bells[n + 1], bells[n]) for n in range(3)))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        assert await run.result(60) == {"all": [0, 1, 2]}
    assert order == [2, 1, 0]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_branches_may_be_answered_in_any_order(order: tuple[int, ...]) -> None:
    counts: Counter[str] = Counter()
    async with working(fan_out(3, counts)) as app:
        run = await app.start("flow", {})
        requests = await asked(app, 3)
        for left, number in zip((2, 1, 0), order, strict=True):
            await app.inbox.decide(requests[number].id, "answer", actor=BOB, payload=f"a{number}")
            if left:
                await asked(app, left)
                await until(
                    lambda n=number: _done(app, run.id, f"0[{n}]"),
                    "the branch has ended",
                )
        assert await run.result(60) == {"answers": ["a0", "a1", "a2"]}
    branches = {f"{n} executed": 2 for n in range(3)} | {f"{n} before": 1 for n in range(3)}
    assert counts == {**branches, "flow": 4}, "a branch that waits is not executed when another one wakes"


async def _done(app: App, run_id: str, address: str) -> bool:
    return (address, "branch", "done") in journal(app, run_id) and (
        await app.runs.get(run_id)
    ).status == "WAITING"


async def test_a_branch_may_be_woken_by_another_worker_than_it_was_put_to_sleep_by(
    store: MemoryStore,
) -> None:
    counts: Counter[str] = Counter()
    async with working(fan_out(3, counts), store=store) as app:
        await app.start("flow", {}, "r")
        first, second, third = await asked(app, 3)
    for request in (second, first):
        async with working(fan_out(3, counts), store=store) as app:
            await app.inbox.decide(request.id, "answer", actor=BOB, payload="x")
            await until(lambda a=request.address: _done(app, "r", strand_of(a)), "the branch has ended")
    async with working(fan_out(3, counts), store=store) as app:
        await app.inbox.decide(third.id, "answer", actor=BOB, payload="x")
        run = await app.run("r")
        assert await run.result(60) == {"answers": ["x"] * 3}
    assert {counts[f"{n} executed"] for n in range(3)} == {2}
    assert {counts[f"{n} before"] for n in range(3)} == {1}


async def test_every_branch_has_a_place_of_its_own() -> None:
    async def branch() -> list[str]:
        own = idempotency_key()
        return [own, await step("s", idempotency_key), (await now()).isoformat()[:2]]

    async def flow(data: Data) -> Data:
        return {"keys": await gather(branch, branch()), "more": await gather(branch)}

    async with working(flow) as app:
        run = await app.start("flow", {}, "r")
        result = await run.result(60)
    assert result["keys"] == [["r/0[0]", "r/0[0]/s", "20"], ["r/0[1]", "r/0[1]/s", "20"]]
    assert result["more"] == [["r/1[0]", "r/1[0]/s", "20"]]


async def test_the_first_failure_in_order_is_raised_when_all_have_ended() -> None:
    ended: list[str] = []

    async def fails(name: str, bell: asyncio.Event | None) -> None:
        if bell is not None:
            await bell.wait()
        ended.append(name)
        raise ValueError(name)

    async def fine(bell: asyncio.Event) -> None:
        ended.append("fine")
        bell.set()

    caught: list[tuple[str, str]] = []

    async def flow(data: Data) -> Data:
        bell = asyncio.Event()
        try:
            await gather(lambda: fails("late", bell), lambda: fails("early", None), lambda: fine(bell))
        except StepFailed as error:
            caught.append((error.name, error.message))
        return {"answer": await ask("Go on?")}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "yes")
        assert await run.result(60) == {"answer": "yes"}
    assert caught == [("0[0]", "late")] * 2, "the same on replay"
    assert ended == ["early", "fine", "late"]


async def test_a_failure_waits_for_the_branches_that_wait() -> None:
    async def fails() -> None:
        raise ValueError("no")

    async def flow(data: Data) -> Data:
        return {"all": await gather(fails, lambda: ask("Well?"))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await asked(app)
        assert run.status == "WAITING"
        await say(app, "answer", "yes")
        with pytest.raises(StepFailed, match="ValueError: no"):
            await run.result(60)


async def test_branches_have_branches() -> None:
    counts: Counter[str] = Counter()

    async def inner(name: str) -> Any:
        counts[name] += 1
        return await gather(lambda: ask(f"{name} left?"), lambda: ask(f"{name} right?"))

    async def flow(data: Data) -> Data:
        counts["flow"] += 1
        return {"all": await gather(lambda: inner("a"), lambda: inner("b"))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        requests = await asked(app, 4)
        assert [request.draft.title for request in requests] == ["a left?", "a right?", "b left?", "b right?"]
        for number in (3, 0, 2, 1):
            await app.inbox.decide(requests[number].id, "answer", actor=BOB, payload=str(number))
            if number != 1:
                await until(
                    lambda a=requests[number].address: _done(app, run.id, strand_of(a)),
                    "the branch has ended",
                )
        assert await run.result(60) == {"all": [["0", "1"], ["2", "3"]]}
    assert counts == {"flow": 5, "a": 3, "b": 3}


async def test_branches_sleep_and_are_tried_again_alone() -> None:
    clock, counts = TurnableClock(), Counter[str]()

    async def sleeper(seconds: float) -> float:
        counts[f"sleeper {seconds}"] += 1
        await sleep(seconds)
        return seconds

    async def shaky() -> str:
        counts["shaky"] += 1
        if counts["shaky"] < 2:
            raise ValueError("not yet")
        return "ok"

    async def flow(data: Data) -> Data:
        third = lambda: step("shaky", shaky, retries=1, backoff=600)  # noqa: E731
        return {"all": await gather(lambda: sleeper(60), lambda: sleeper(3600), third)}

    async with working(flow, clock=clock) as app:
        run = await app.start("flow", {})
        await reached(app, run, "WAITING")
        clock.turn(60)
        await until(lambda: _done(app, run.id, "0[0]"), "the short sleep is over")
        assert counts == {"sleeper 60": 2, "sleeper 3600": 1, "shaky": 1}
        clock.turn(540)
        await until(lambda: _done(app, run.id, "0[2]"), "the next attempt is over")
        clock.turn(3000)
        assert await run.result(60) == {"all": [60, 3600, "ok"]}
    assert counts == {"sleeper 60": 2, "sleeper 3600": 2, "shaky": 2}


async def test_nothing_to_gather_is_nothing() -> None:
    async def flow(data: Data) -> Data:
        return {"none": await gather(), "answer": await ask("Well?")}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "yes")
        assert await run.result(60) == {"none": [], "answer": "yes"}


async def test_another_number_of_branches_needs_attention() -> None:
    numbers = iter((2, 3))

    async def flow(data: Data) -> Data:
        return {"all": await gather(*(ask(f"{n}?") for n in range(next(numbers))))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        first, _ = await asked(app, 2)
        await app.inbox.decide(first.id, "answer", actor=BOB, payload="x")
        with pytest.raises(RunNeedsAttention) as caught:
            await run.result(60)
    assert caught.value.difference["recorded"] == {"name": "0", "kind": "gather", "branches": 2}
    assert caught.value.difference["flow"] == {"name": "0", "kind": "gather", "branches": 3}


async def test_a_branch_that_goes_another_way_needs_attention() -> None:
    executions = itertools.count()

    async def unsteady() -> Any:
        await step("first" if next(executions) == 0 else "other", str)
        return await ask("Well?")

    async def flow(data: Data) -> Data:
        return {"all": await gather(unsteady, lambda: ask("Else?"))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        first, _ = await asked(app, 2)
        await app.inbox.decide(first.id, "answer", actor=BOB, payload="x")
        with pytest.raises(RunNeedsAttention) as caught:
            await run.result(60)
    assert caught.value.difference["frame"] == "0[0]"


async def test_a_rejection_in_a_branch_can_stop_the_whole_run() -> None:
    stop_here = HumanApprovalNode(on_reject="stop", title="Stop?")

    async def flow(data: Data) -> Data:
        await gather(stop_here.execute({"content": "x"}), ask("Else?"))
        return {"never": True}

    async with working(flow) as app:
        run = await app.start("flow", {})
        stop, other = await asked(app, 2)
        await app.inbox.decide(stop.id, "reject", actor=BOB, comment="enough")
        result = await run.result(60)
        assert (result["approved"], result["reason"]) == (False, "enough")
        assert (await views.request(app.store, other.id)).status == "WITHDRAWN"


async def test_cancelling_a_run_cancels_its_branches() -> None:
    entered, told = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            told.set()

    async def flow(data: Data) -> Data:
        return {"all": await gather(long, lambda: ask("Well?"))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await entered.wait()
        await run.cancel()
        async with asyncio.timeout(60):
            await told.wait()
        assert run.status == "CANCELLED"


async def test_a_timeout_around_branches_is_refused_in_words() -> None:
    async def flow(data: Data) -> Data:
        try:
            async with asyncio.timeout(0.05):
                await gather(asyncio.Event().wait)
        except TimeoutError:
            pass
        return {}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="attempt_timeout"):
            await run.result(60)


async def test_results_may_be_larger_together_than_one_may_be() -> None:
    large = FunctionNode(lambda x: {"x": "x" * 600_000})
    sizes: list[int] = []

    async def flow(data: Data) -> Data:
        results = await gather(*(large.execute({}) for _ in range(3)))
        sizes.append(sum(len(result["x"]) for result in results))
        return {"answer": await ask("Enough?")}

    async with working(flow) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "yes")
        assert await run.result(60) == {"answer": "yes"}
    assert sizes == [1_800_000] * 2, "the same on replay"


async def test_the_result_of_one_branch_that_is_too_large_is_a_clear_failure() -> None:
    async def large() -> str:
        return "x" * 1_100_000

    async def flow(data: Data) -> Data:
        return {"all": await gather(large)}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match=r"the result of branch '0\[0\]' has") as caught:
            await run.result(60)
        assert caught.value.kind == "PayloadTooLarge"


@pytest.mark.slow
async def test_five_hundred_branches_stay_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: Counter[str] = Counter()
    loaded: list[int] = []
    load = units.load

    def counted(tx: Any, run_id: str, frame: str) -> Any:
        frames, requests = load(tx, run_id, frame)
        loaded.append(sum(len(entries) for entries in frames.values()))
        return frames, requests

    monkeypatch.setattr(units, "load", counted)  # counts what a wakeup reads; it does what it always does
    async with working(fan_out(500, counts)) as app:
        run = await app.start("flow", {})
        for request in await asked(app, 500):
            await app.inbox.decide(request.id, "answer", actor=BOB, payload="x")
        assert await run.result(60) == {"answers": ["x"] * 500}
    assert {counts[f"{n} executed"] for n in range(500)} == {2}
    assert {counts[f"{n} before"] for n in range(500)} == {1}
    # Per branch its own entry, its node, what the node asked and did before; per wakeup the gather's entry.
    assert sum(loaded) <= 500 * 8


async def test_a_branch_goes_on_at_once_when_its_answer_comes_while_another_one_is_executed() -> None:
    slow, went_on = asyncio.Event(), asyncio.Event()

    async def waits_for_a_person() -> str:
        answer: str = await ask("Well?")
        went_on.set()
        return answer

    async def takes_its_time() -> str:
        await slow.wait()
        return "done"

    async def flow(data: Data) -> Data:
        return {"all": await gather(takes_its_time, waits_for_a_person)}

    async with working(flow) as app:
        run = await app.start("flow", {})
        (request,) = await until(lambda: views.requests(app.store), "the question is asked")
        await app.inbox.decide(request.id, "answer", actor=BOB, payload="yes")
        await asyncio.wait_for(went_on.wait(), 20)
        assert not slow.is_set()
        slow.set()
        assert await run.result(60) == {"all": ["done", "yes"]}


async def test_a_branch_of_a_branch_goes_on_while_its_neighbours_are_executed() -> None:
    slow = asyncio.Event()
    heard: list[str] = []

    async def question(name: str) -> str:
        for part in "ab":
            heard.append(await ask(f"{name}{part}?"))
        return heard[-1]

    async def inner(name: str, waits: bool) -> list[str]:
        branches = [lambda: question(f"{name}1"), lambda: question(f"{name}2")]
        return await gather(*branches, *([slow_one] if waits else []))

    async def slow_one() -> str:
        await slow.wait()
        return "slow"

    async def flow(data: Data) -> Data:
        return {"all": await gather(lambda: inner("x", True), lambda: inner("y", False))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        answered: set[str] = set()
        while len(answered) < 8:
            for request in await views.requests(app.store, ["OPEN"]):
                if request.id not in answered:
                    answered.add(request.id)
                    await app.inbox.decide(request.id, "answer", actor=BOB, payload=request.draft.title)
            await asyncio.sleep(0.001)
        await until(lambda: len(heard) >= 8, "every answer was heard while the slow one is executed")
        slow.set()
        assert await run.result(60) == {"all": [["x1b?", "x2b?", "slow"], ["y1b?", "y2b?"]]}


async def test_branches_given_as_coroutines_go_on_at_the_next_replay() -> None:
    slow = asyncio.Event()

    async def asks() -> str:
        answer: str = await ask("Well?")
        return answer

    async def takes_its_time() -> str:
        await slow.wait()
        return "done"

    async def flow(data: Data) -> Data:
        return {"all": await gather(takes_its_time(), asks())}

    async with working(flow) as app:
        run = await app.start("flow", {})
        (request,) = await until(lambda: views.requests(app.store), "the question is asked")
        await app.inbox.decide(request.id, "answer", actor=BOB, payload="yes")
        slow.set()
        assert await run.result(60) == {"all": ["done", "yes"]}


async def test_a_limit_bounds_the_branches_that_are_under_way_also_those_that_wait() -> None:
    async def flow(data: Data) -> Data:
        branches = [lambda n=n: ask(f"Question {n}?") for n in range(7)]
        return {"all": await gather(*branches, limit=3)}

    async with working(flow) as app:
        run = await app.start("flow", {})
        most = 0
        for number in range(7):
            open_ones = await asked(app, min(3, 7 - number))
            most = max(most, len(open_ones))
            request = open_ones[-1]
            await app.inbox.decide(request.id, "answer", actor=BOB, payload=request.draft.title)
            if number < 6:
                await until(lambda n=number: _ended_branches(app, run.id, n + 1), "the branch has ended")
        assert await run.result(60) == {"all": [f"Question {n}?" for n in range(7)]}
    assert most == 3


def _ended_branches(app: App, run_id: str, count: int) -> bool:
    states = [state for _, kind, state in journal(app, run_id) if kind == "branch"]
    return states.count("done") == count and len(states) == min(7, count + 3)


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "many"])
async def test_a_limit_that_is_none_is_refused(limit: Any) -> None:
    async def flow(data: Data) -> Data:
        return {"all": await gather(lambda: ask("?"), limit=limit)}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="limit"):
            await run.result(60)


async def test_a_result_may_hold_what_the_branches_gave_however_large() -> None:
    async def flow(data: Data) -> Data:
        return {"all": await gather(*(lambda n=n: step(f"s{n}", lambda: "x" * 600_000) for n in range(4)))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        assert [len(text) for text in (await run.result(60))["all"]] == [600_000] * 4
