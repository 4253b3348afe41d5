"""What a hostile look at teams has found: each test is a defect that was."""

import asyncio
from decimal import Context, Decimal, localcontext
from typing import Any

import pytest
from pydantic import BaseModel

from handrail import (
    Actor,
    Agent,
    App,
    IllegalMove,
    InvalidDecision,
    InvalidInput,
    RunMismatch,
    Task,
    Team,
    TeamErrored,
    WorkflowStatus,
    approval_required,
)
from handrail.runs import units
from handrail.runs.run import RunStatus
from handrail.teams import following
from handrail.teams.card import Usage
from handrail.teams.verification import verify
from handrail.testing.replay import replay
from tests.support.journey_process import until
from tests.support.journey_runs import asked
from tests.support.team_work import Held, Scripted, ann, at_work, is_task, team_of

BOB = Actor("bob")
LIMIT = 1024 * 1024

booked: list[str] = []


class Score(BaseModel):
    points: int


@approval_required
async def book(flight: str) -> str:
    """Book a flight."""
    booked.append(flight)
    return f"booked {flight}"


def look() -> str:
    """Look out."""
    return "sun"


def priced(cost: str, **reply: Any) -> dict[str, Any]:
    return {**reply, "usage": {"input_tokens": 3, "output_tokens": 2}, "cost": cost}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    booked.clear()


# -- start ------------------------------------------------------------------------------------------------


async def test_start_reads_only_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    original = following._log

    def counted(tx: Any, **arguments: Any) -> Any:
        nonlocal looked
        looked += 1
        return original(tx, **arguments)

    monkeypatch.setattr(following, "_log", counted)
    model = Held()
    team = team_of(Task("a", "ann"), model=model)
    async with at_work(team) as app:
        started = asyncio.ensure_future(team.start())
        await until(lambda: model.called, "the model is called")
        for _ in range(200):
            await app.runs.list()
        before = looked
        for _ in range(200):
            await app.runs.list()
        assert looked == before, "nothing has happened, so nothing is read"
        model.go.set()
        assert (await started).status == "FINISHED"


async def test_a_callback_may_await_start() -> None:
    team = team_of(Task("a", "ann", external_validation_required=True))
    seen: list[str] = []

    async def changed(status: WorkflowStatus) -> None:
        if status == "BLOCKED":
            again = await team.start(run_id="r")
            seen.append(str(again.status))
            await team.validate_task("task1")

    team.on_workflow_status_change(changed)
    async with at_work(team):
        async with asyncio.timeout(60):
            assert (await team.start(run_id="r")).status == "FINISHED"
    assert seen == ["BLOCKED"]


async def test_a_callback_may_start_the_next_run_when_one_is_finished() -> None:
    team = team_of(Task("a {n}", "ann"), model=Scripted("one", "two"))
    results: list[Any] = []

    async def changed(status: WorkflowStatus) -> None:
        if status == "FINISHED" and team.run_id == "first":
            results.append((await team.start({"n": "2"}, run_id="second")).result)

    team.on_workflow_status_change(changed)
    async with at_work(team):
        async with asyncio.timeout(60):
            first = await team.start({"n": "1"}, run_id="first")
            await until(lambda: results, "the second run is through")
    assert (first.status, first.result, results) == ("FINISHED", "one", ["two"])


async def test_a_start_that_is_waited_for_ends_when_the_team_is_closed() -> None:
    model = Held()
    team = team_of(Task("a", "ann"), model=model)
    async with at_work(team):
        started = asyncio.ensure_future(team.start(run_id="r"))
        await until(lambda: model.called, "the model is called")
        team.close()
        async with asyncio.timeout(60):
            with pytest.raises(Exception, match="closed"):
                await started


async def test_an_app_that_is_opened_again_goes_on_with_its_teams(tmp_path: Any) -> None:
    team = team_of(Task("a", "ann", external_validation_required=True))
    app = App(store=str(tmp_path / "s.db"))
    app.team(team)
    async with app:
        assert (await team.start(run_id="r")).status == "BLOCKED"
    async with app, asyncio.timeout(60):
        assert (await team.start(run_id="r")).status == "BLOCKED"
        await team.validate_task("task1")
        assert (await team.start(run_id="r")).status == "FINISHED"


async def test_a_team_that_was_at_work_when_its_app_closed_may_begin_another_run(tmp_path: Any) -> None:
    team = team_of(Task("a", "ann", external_validation_required=True))
    app = App(store=str(tmp_path / "s.db"))
    app.team(team)
    async with app:
        assert (await team.start(run_id="r")).status == "BLOCKED"
    async with app, asyncio.timeout(60):
        assert (await team.start(run_id="other")).status == "BLOCKED"


def test_a_team_alone_works_on_one_loop_after_the_other(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDRAIL_STORE", str(tmp_path / "s.db"))
    team = team_of(Task("a", "ann", external_validation_required=True))
    assert asyncio.run(_started(team)).status == "BLOCKED"
    assert asyncio.run(_started(team)).status == "BLOCKED"


async def _started(team: Team) -> Any:
    async with asyncio.timeout(60):
        return await team.start(run_id="r")


# -- what it costs ----------------------------------------------------------------------------------------


async def test_costs_are_exact_whatever_the_program_rounds_to() -> None:
    replies = [priced("0.123456789", tool="look", arguments={}), priced("1000000000000000000000000000.5")]
    with localcontext(Context(prec=3)):
        team = Team("t", [ann(Scripted(*replies), tools=[look])], [Task("a", "ann"), Task("b", "ann")])
        replies[1]["content"] = "done"
        async with at_work(team) as app:
            await team.start(run_id="r")
            exact = Decimal("1000000000000000000000000000.623456789")
            assert team.get_tasks()[0].usage.cost == exact
            assert (await app.store.read(_usage)).cost == exact
            assert (await verify(app.store)).problems == []


def _usage(tx: Any) -> Usage:
    usage: Usage = tx.usage_of_team("r")
    return usage


@pytest.mark.parametrize("ends", ["feedback", "stop", "cancel"])
async def test_what_a_round_has_used_counts_also_if_it_is_ended_at_an_approval(ends: str) -> None:
    writer = Agent(
        "will",
        "Writer",
        tools=[book],
        model=Scripted(priced("0.25", tool="book", arguments={"flight": "LH 1"}), "done"),
    )
    team = Team("t", [ann(), writer], [Task("a", "ann"), Task("b {taskResult:task1}", writer)])
    async with at_work(team) as app:
        await team.start(run_id="r")
        assert await asked(app)
        if ends == "feedback":
            await team.provide_feedback("task1", "shorter")
        elif ends == "stop":
            await team.stop()
        else:
            await app.runs.cancel("r/task2/1", actor="bob")
            await team._following.catch_up()
            await is_task(team, "task2", "BLOCKED")
        usage = team.get_tasks()[1].usage
        assert (usage.calls, usage.cost) == (1, Decimal("0.25"))


# -- large things -----------------------------------------------------------------------------------------


async def test_a_large_result_may_be_put_into_a_text_and_be_context_too() -> None:
    large = "x" * 700_000
    team = team_of(
        Task("a", "ann"),
        Task("shorten {taskResult:task1}", "ann", external_validation_required=True),
        model=Scripted(large, large, "short"),
    )
    async with at_work(team):
        output = await team.start(run_id="r")
        assert output.waiting_on[0]["status"] == "AWAITING_VALIDATION"
        await team.provide_feedback("task2", "shorter")
        await is_task(team, "task2", "AWAITING_VALIDATION")
        await team.validate_task("task2")
        assert (await team.start(run_id="r")).result == "short"


async def test_a_large_input_twice_in_a_text_can_be_validated() -> None:
    team = team_of(Task("{topic} and {topic}", "ann", external_validation_required=True))
    async with at_work(team):
        output = await team.start({"topic": "x" * 700_000}, run_id="r")
        assert output.waiting_on[0]["status"] == "AWAITING_VALIDATION"


async def test_much_feedback_at_once_is_heard() -> None:
    model = Scripted()
    team = team_of(Task("a", "ann", external_validation_required=True), model=model)
    async with at_work(team):
        await team.start(run_id="r")
        await team.pause()
        for text in "abcdefghijkz":
            await team.provide_feedback("task1", text * 100_000)
        await team.resume()
        await is_task(team, "task1", "AWAITING_VALIDATION")
        assert "z" * 100_000 in model.heard[-1]


async def test_an_empty_input_in_a_title() -> None:
    team = team_of(Task("{topic}", "ann", external_validation_required=True))
    async with at_work(team):
        output = await team.start({"topic": ""}, run_id="r")
        assert output.waiting_on[0]["status"] == "AWAITING_VALIDATION"
        assert output.waiting_on[0]["title"] == "task1"


# -- feedback ---------------------------------------------------------------------------------------------


async def test_feedback_that_a_cancelled_round_has_heard_is_told_again() -> None:
    model = Scripted(
        "first", {"tool": "look", "arguments": {}}, {"tool": "book", "arguments": {"flight": "LH 1"}}, "third"
    )
    team = Team("t", [ann(model, tools=[book, look])], [Task("a", "ann", external_validation_required=True)])
    async with at_work(team) as app:
        await team.start(run_id="r")
        await team.provide_feedback("task1", "more bees")

        async def asks() -> bool:
            return bool(await asked(app))

        await until(asks, "the round asks")
        await app.runs.cancel("r/task1/2", actor="bob")
        await is_task(team, "task1", "BLOCKED")
        await team.unblock_task("task1")
        await is_task(team, "task1", "AWAITING_VALIDATION")
        assert "more bees" in model.heard[-1]


async def test_earlier_feedback_is_told_again_also_after_a_round_in_which_no_model_could_be_reached() -> None:
    model = Scripted("facts", "text", "warm text", "other facts", OSError("away"), "third text")
    team = Team(
        "t",
        [ann(model, retries=0)],
        [Task("a", "ann"), Task("b", "ann", dependencies=["task1"], external_validation_required=True)],
    )
    async with at_work(team):
        await team.start(run_id="r")
        await team.provide_feedback("task2", "warmer")
        await is_task(team, "task2", "AWAITING_VALIDATION")
        await team.provide_feedback("task1", "look again")
        await is_task(team, "task2", "BLOCKED")
        await team.unblock_task("task2")
        await is_task(team, "task2", "AWAITING_VALIDATION")
        assert model.heard[-1].count("warmer") == 1
        assert "other facts" in model.heard[-1]


# -- pause ------------------------------------------------------------------------------------------------


async def test_after_a_pause_no_further_tool_is_called() -> None:
    called: list[str] = []
    go = asyncio.Event()

    async def look(where: str) -> str:
        """Look."""
        called.append(where)
        await go.wait()
        return where

    model = Scripted({"tools": [{"tool": "look", "arguments": {"where": one}} for one in "ab"]}, "done")
    team = Team("t", [ann(model, tools=[look])], [Task("a", "ann")])
    async with at_work(team) as app:
        started = asyncio.ensure_future(team.start(run_id="r"))
        await until(lambda: called, "a tool is called")
        await team.pause()
        go.set()

        async def parked() -> bool:
            return (await app.runs.get("r/task1/1")).status == "WAITING"

        await until(parked, "the round has come to a pause")
        assert called == ["a"]
        await team.resume()
        assert (await started).result == "done"
        assert called == ["a", "b"]


async def test_a_call_of_the_model_is_not_repeated_while_the_team_is_paused() -> None:
    called = 0

    async def breaks(messages: Any) -> str:
        nonlocal called
        called += 1
        await asyncio.sleep(0)
        if called == 1:
            raise ValueError("no")
        return "done"

    team = Team("t", [Agent("ann", "x", model=breaks, retries=1, backoff=0.2)], [Task("a", "ann")])
    async with at_work(team) as app:
        started = asyncio.ensure_future(team.start(run_id="r"))
        await until(lambda: called, "called")

        async def parked() -> bool:
            return (await app.runs.get("r/task1/1")).status == "WAITING"

        await until(parked, "the round waits")
        await team.pause()
        await asyncio.sleep(0.6)
        assert called == 1
        await team.resume()
        assert (await started).result == "done"


# -- hostile ids ------------------------------------------------------------------------------------------


async def test_a_run_that_has_the_id_of_a_round_does_not_strand_the_board() -> None:
    team, other = team_of(Task("a", "ann")), Team("other", [ann()], [Task("a", "ann")])
    async with at_work(team, other):
        await other.start(run_id="r/task1/1")
        async with asyncio.timeout(60):
            assert (await team.start(run_id="r")).status == "FINISHED"


async def test_the_run_of_a_round_that_has_failed_is_not_tried_again_beside_its_board() -> None:
    model = Held()
    team = team_of(Task("a", "ann"), model=model)
    async with at_work(team) as app:
        started = asyncio.ensure_future(team.start(run_id="r"))
        await until(lambda: model.called, "the model is called")

        def breaks(tx: Any) -> None:
            failed = {"name": "0", "kind": "x", "message": "the disk is gone"}
            now = app.clock.now()
            units.finish(tx, run=tx.run("r/task1/1"), now=now, status=RunStatus.FAILED, error=failed)

        await app.store.do(breaks)
        with pytest.raises(TeamErrored):
            await started
        with pytest.raises(IllegalMove, match="unblock its task"):
            await app.runs.retry("r/task1/1", actor="bob")


async def test_the_run_of_a_round_is_no_team_to_attach_to() -> None:
    team = team_of(Task("a", "ann"))
    async with at_work(team):
        await team.start(run_id="r")
        async with asyncio.timeout(60):
            with pytest.raises(RunMismatch):
                await team.start(run_id="r/task1/1")


@pytest.mark.parametrize("inputs", [{"topic": object()}, "topic", {"topic": "x" * LIMIT}])
def test_inputs_that_can_not_be_kept_are_refused_when_the_team_is_built(inputs: Any) -> None:
    with pytest.raises(InvalidInput, match="inputs"):
        team_of(Task("a {topic}", "ann"), inputs=inputs)


async def test_an_edit_of_a_structured_result_has_to_fit_its_schema() -> None:
    task = Task("a", "ann", external_validation_required=True, output_schema=list[Score])
    team = team_of(task, model=Scripted('[{"points": 1}]'))
    async with at_work(team) as app:
        await team.start(run_id="r")
        (request,) = await asked(app)
        with pytest.raises(InvalidDecision):
            await app.inbox.decide(request.id, "edit", actor=BOB, payload={"content": "none"})
        await app.inbox.decide(request.id, "edit", actor=BOB, payload={"content": [{"points": 2}]})
        assert (await team.start(run_id="r")).result == [{"points": 2}]


async def test_a_team_can_be_replayed() -> None:
    team = team_of(Task("a", "ann", external_validation_required=True))
    assert (await replay(team.flow, {}))["status"] == "FINISHED"


async def test_a_placeholder_that_the_code_has_since_does_not_end_what_has_begun(tmp_path: Any) -> None:
    store = str(tmp_path / "s.db")
    before = team_of(Task("a", "ann", external_validation_required=True))
    async with at_work(before, store=store):
        await before.start(run_id="r")
    after = team_of(Task("a {topic}", "ann", external_validation_required=True))
    async with at_work(after, store=store) as app, asyncio.timeout(60):
        await app.teams.validate("r", "task1", actor=BOB)
        assert (await app.wait("r")).status is RunStatus.FINISHED


@pytest.mark.parametrize("text", ["a \ud800", "x" * (LIMIT + 1)])
async def test_words_that_can_not_be_kept_are_refused_at_once(text: str) -> None:
    team = team_of(Task("a", "ann"), model=Scripted({"block": "no"}))
    async with at_work(team):
        await team.start(run_id="r")
        with pytest.raises(InvalidInput, match="feedback"):
            team.provide_feedback("task1", text)
        with pytest.raises(InvalidInput, match="note"):
            await team.unblock_task("task1", text)
        await team.unblock_task("task1")
        assert (await team.start(run_id="r")).status == "FINISHED"


async def test_two_who_start_hear_the_end_both() -> None:
    model = Held()
    team = team_of(Task("a", "ann", external_validation_required=True), model=model)
    async with at_work(team), asyncio.timeout(60):
        both = [asyncio.ensure_future(team.start(run_id="r")) for _ in range(2)]
        await until(lambda: model.called, "the model is called")
        model.go.set()
        assert [each.status for each in await asyncio.gather(*both)] == ["BLOCKED", "BLOCKED"]


async def test_what_a_result_has_in_braces_is_not_filled() -> None:
    model = Scripted("{topic} {taskResult:task1} {{x}}", "done")
    team = team_of(
        Task("a", "ann"), Task("b {taskResult:task1}", "ann"), model=model, inputs={"topic": "bees"}
    )
    async with at_work(team):
        await team.start(run_id="r")
    assert "b {topic} {taskResult:task1} {{x}}" in model.heard[1]


async def test_a_callback_whose_own_task_was_cancelled_does_not_silence_the_others() -> None:
    team = team_of(Task("a", "ann"))
    heard: list[str] = []

    async def changed(status: WorkflowStatus) -> None:
        heard.append(status)
        raise asyncio.CancelledError

    team.on_workflow_status_change(changed)
    async with at_work(team), asyncio.timeout(60):
        assert (await team.start(run_id="r")).status == "FINISHED"
    assert heard == ["RUNNING", "FINISHED"]
