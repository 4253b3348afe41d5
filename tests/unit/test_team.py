"""The object that users steer: started and followed from code, in a script or with an app."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from handrail import (
    Actor,
    Agent,
    App,
    Conflict,
    FeedbackStatus,
    IllegalMove,
    InvalidInput,
    InvalidTeam,
    ProgrammingError,
    RunMismatch,
    Task,
    TaskStatus,
    Team,
    TeamErrored,
    UnknownId,
    WorkflowStatus,
    approval_required,
)
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.runs import units
from handrail.runs.run import RunStatus
from handrail.stores.memory import MemoryStore
from handrail.teams.teams import Teams
from tests.support.journey_process import until
from tests.support.journey_runs import asked
from tests.support.team_work import Held, Scripted, ann, at_work, comes_to, is_task, team_of, words

BOB = Actor("bob")


# -- the example that users know -----------------------------------------------------------------------------


async def test_a_callback_validates_and_start_returns_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    alice = Agent("Alice", "Analyst", model=Scripted("Honey is up."))
    task = Task(
        title="Analyze market trends",
        description="Research and summarize current market trends for our product",
        agent="Alice",
        external_validation_required=True,
    )
    team = Team("market", [alice], [task])

    def changed(status: WorkflowStatus) -> None:
        if status == "BLOCKED":
            for awaiting in team.get_tasks_by_status("AWAITING_VALIDATION"):
                print(f"Task awaiting validation: {awaiting.title}")
                team.validate_task(awaiting.id)
        elif status == "FINISHED":
            print("Final result:", team.get_workflow_result())

    team.on_workflow_status_change(changed)
    async with at_work(team):
        output = await team.start()
    assert output.status == output["status"] == "FINISHED"
    assert output.result == "Honey is up."
    assert output.waiting_on == []
    said = capsys.readouterr().out
    assert said == "Task awaiting validation: Analyze market trends\nFinal result: Honey is up.\n"


async def test_a_callback_gives_feedback_which_is_worked_in() -> None:
    model = Scripted("long", "short", "written")
    team = team_of(model=model)

    async def changed(status: WorkflowStatus) -> None:
        for task in team.get_tasks_by_status("AWAITING_VALIDATION") if status == "BLOCKED" else ():
            if task.result == "long":
                await team.provide_feedback(task.id, "  Shorter, please.  ")
            else:
                await team.validate_task(task.id)

    team.on_workflow_status_change(changed)
    async with at_work(team):
        output = await team.start()
    assert (output.status, output.result) == ("FINISHED", "written")
    (said,) = team.get_tasks()[0].feedback_history
    assert (said.content, said.status) == ("Shorter, please.", FeedbackStatus.PROCESSED)
    assert said.given_at is not None
    assert said.timestamp >= said.given_at
    assert "Shorter, please." in model.heard[1]
    assert "short" in model.heard[2]


# -- callbacks -----------------------------------------------------------------------------------------------


async def test_callbacks_hear_every_status_in_order_whether_they_are_sync_or_async() -> None:
    team, heard = team_of(Task("a", "ann"), Task("b", "ann")), list[tuple[str, str]]()

    async def slowly(status: WorkflowStatus) -> None:
        await asyncio.sleep(0)
        heard.append(("async", status))

    team.on_workflow_status_change(lambda status: heard.append(("sync", status)))
    team.on_workflow_status_change(slowly)
    async with at_work(team):
        await team.start()
    statuses = [status for how, status in heard if how == "sync"]
    assert statuses[-1] == "FINISHED"
    assert heard == [(how, status) for status in statuses for how in ("sync", "async")]


async def test_a_subscriber_hears_what_it_selected_only_when_that_changes() -> None:
    team = team_of(Task("a", "ann"), Task("b", "ann"))
    statuses, everything = list[str](), list[int]()
    team.subscribe(lambda state: state.team_workflow_status, statuses.append)
    team.subscribe(lambda state: [task.status for task in state.tasks], lambda tasks: everything.append(1))
    async with at_work(team):
        await team.start()
    assert statuses[-1] == "FINISHED"
    assert all(before != after for before, after in pairwise(statuses))
    assert 1 <= len(everything) <= 4


async def test_who_has_unsubscribed_hears_nothing_more_and_may_say_so_twice() -> None:
    team, heard = team_of(Task("a", "ann")), list[object]()
    ends: list[Callable[[], None]] = []
    ends.append(team.subscribe(lambda state: state.team_workflow_status, heard.append))
    ends.append(team.on_workflow_status_change(heard.append))

    def enough(_: object) -> None:
        for end in ends:
            end()

    ends.append(team.on_workflow_status_change(enough))
    async with at_work(team):
        await team.start()
        await team.provide_feedback("task1", "again")
        await comes_to(team, "FINISHED")
    assert len(heard) <= 2, "what was heard before the first call"
    assert len([one for one in heard if one == "FINISHED"]) == 0


async def test_what_a_callback_or_a_selector_breaks_on_is_logged_and_the_work_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    team = team_of(Task("a", "ann"))
    team.on_workflow_status_change(lambda status: {}[status])  # type: ignore[index]
    team.subscribe(lambda state: {"INITIAL": 1}[state.team_workflow_status], lambda value: None)
    async with at_work(team):
        assert (await team.start()).status == "FINISHED"
    assert "a callback of the team" in caplog.text
    assert "a selector of a team" in caplog.text


# -- looking -------------------------------------------------------------------------------------------------


def test_before_the_start_everything_can_be_looked_at() -> None:
    team = team_of(inputs={"a": 1})
    assert team.get_workflow_status() is WorkflowStatus.INITIAL
    assert [(task.id, task.status, task.title) for task in team.get_tasks()] == [
        ("task1", TaskStatus.TODO, "Analyse bees"),
        ("task2", TaskStatus.TODO, "Write about {taskResult:task1}"),
    ]
    assert team.get_tasks_by_status("TODO") == team.get_tasks_by_status(TaskStatus.TODO) == team.get_tasks()
    assert team.get_workflow_result() is None
    stats = team.get_workflow_stats()
    assert (stats["tasks"], stats["calls"], stats["duration"], stats["status"]) == (2, 0, 0.0, "INITIAL")
    assert team.run_id is None


async def test_the_figures_add_up() -> None:
    team = team_of(Task("a", "ann"), Task("b", "ann"))
    async with at_work(team):
        await team.start()
        stats = team.get_workflow_stats()
    assert (stats["tasks"], stats["rounds"], stats["calls"], stats["agents"]) == (2, 2, 2, 1)
    assert stats["tasks_by_status"] == {"DONE": 2}
    assert stats["duration"] == (stats["ended_at"] - stats["started_at"]).total_seconds()
    assert sum(task.usage.calls for task in team.get_tasks()) == 2


async def test_the_result_is_that_of_the_last_deliverable_task() -> None:
    tasks = [
        Task("a", "ann", is_deliverable=True),
        Task("b", "ann", is_deliverable=True),
        Task("c", "ann"),
    ]
    team = team_of(*tasks)
    async with at_work(team) as app:
        output = await team.start(run_id="r")
        run = await app.wait("r")
    assert output.result == team.get_workflow_result() == "result 2"
    assert run.result == {"status": "FINISHED", "result": "result 2", "task": "task2"}


async def test_results_are_nobodys_to_change() -> None:
    team = team_of(Task("a", "ann"), inputs={"list": [1]})
    async with at_work(team):
        await team.start()
        task = team.get_tasks()[0]
        with pytest.raises(AttributeError):
            task.status = TaskStatus.TODO  # type: ignore[misc]
        assert team.get_tasks()[0] == task


# -- starting ------------------------------------------------------------------------------------------------


async def test_start_says_what_it_waits_for() -> None:
    tasks = [
        Task("a", "ann", external_validation_required=True, allow_parallel_execution=True),
        Task("b", "will", allow_parallel_execution=True, title="Book"),
    ]
    will = Agent("will", "Writer", model=Scripted({"block": "there is no key"}))
    team = Team("notes", [ann(), will], tasks)
    async with at_work(team) as app:
        output = await team.start()
        (request,) = await asked(app)
    assert (output.status, output.result) == ("BLOCKED", None)
    validation, obstacle = output.waiting_on
    assert (validation["task"], validation["status"], validation["request_id"]) == (
        "task1",
        "AWAITING_VALIDATION",
        request.id,
    )
    assert (obstacle["title"], obstacle["reason"]) == ("Book", "there is no key")
    assert obstacle["request_id"] is None


@approval_required
async def book(flight: str) -> str:
    """Book a flight."""
    return f"booked {flight}"


async def test_an_approval_that_a_tool_needs_is_waited_for_and_said() -> None:
    model = Scripted({"tool": "book", "arguments": {"flight": "LH 1"}}, "done")
    team = Team("travel", [ann(model, tools=[book])], [Task("Book", "ann")])
    async with at_work(team) as app:
        output = await team.start()
        assert output.status == "BLOCKED"
        (waiting,) = output.waiting_on
        (request,) = await asked(app)
        assert (waiting["status"], waiting["request_id"]) == ("DOING", request.id)
        await app.inbox.decide(request.id, "approve", actor=BOB)
        await comes_to(team, "FINISHED")
        assert "booked LH 1" in model.heard[1]
        assert (await team.start(run_id=output.run_id)).result == "done"


async def test_a_second_start_of_a_team_at_work_is_a_conflict_and_of_its_run_attaches() -> None:
    model = Held()
    team = team_of(Task("a", "ann"), model=model)
    async with at_work(team) as app:
        first = asyncio.ensure_future(team.start(run_id="one"))
        with pytest.raises(Conflict, match="at work in run one"):
            await asyncio.gather(team.start())
        await is_task(team, "task1", "DOING")
        second = asyncio.ensure_future(team.start(run_id="one"))
        with pytest.raises(Conflict, match="at work in run one"):
            await team.start(run_id="two")
        model.go.set()
        assert await first == await second
        assert (await app.runs.get("one")).status == "FINISHED"
        assert model.called == 1
        again = await team.start()
        assert again.run_id != "one", "what is finished isn't in the way"
        assert model.called == 2


async def test_two_starts_at_once_begin_one_run() -> None:
    model = Held()
    team = team_of(Task("a", "ann"), model=model)
    async with at_work(team) as app:
        starts = [team.start(), team.start()]
        await is_task(team, "task1", "DOING")
        model.go.set()
        found = await asyncio.gather(*starts, return_exceptions=True)
        runs = await app.store.read(lambda tx: tx.runs((), None, None, 10))
    assert [type(one).__name__ for one in found] == ["TeamResult", "Conflict"]
    assert len([run for run in runs if run.parent is None]) == 1


async def test_other_inputs_for_the_same_run_are_refused() -> None:
    team = team_of(Task("About {topic}", "ann"))
    async with at_work(team):
        await team.start({"topic": "bees"}, run_id="r")
        assert (await team.start({"topic": "bees"}, run_id="r")).status == "FINISHED"
        assert (await team.start(run_id="r")).status == "FINISHED"
        with pytest.raises(RunMismatch):
            await team.start({"topic": "ants"}, run_id="r")


async def test_it_attaches_to_a_run_that_was_begun_with_other_code(store: MemoryStore) -> None:
    first, last = Task("a", "ann", external_validation_required=True), Task("b", "ann")
    before = team_of(first, last)
    async with at_work(before, store=store):
        assert (await before.start(run_id="r")).status == "BLOCKED"
    shorter = team_of(Task("a", "ann", external_validation_required=True))
    async with at_work(shorter, store=store):
        output = await shorter.start(run_id="r")
        assert output.status == "BLOCKED"
        assert len(shorter.get_tasks()) == 2, "a run keeps the tasks that it was begun with"
        await shorter.validate_task("task1")
        assert (await shorter.start(run_id="r")).result == "result 1"


async def test_a_task_whose_agent_has_another_name_now_is_blocked_until_feedback_or_old_code(
    store: MemoryStore,
) -> None:
    before = team_of(Task("a", "ann", external_validation_required=True), Task("b", "ann"))
    async with at_work(before, store=store):
        await before.start(run_id="r")
    renamed = Team(
        "notes", [Agent("anna", "Analyst", model=Scripted())], [Task("a", "anna"), Task("b", "anna")]
    )
    async with at_work(renamed, store=store):
        await renamed.start(run_id="r")
        await renamed.validate_task("task1")
        output = await renamed.start(run_id="r")
    (waiting,) = output.waiting_on
    assert (waiting["task"], waiting["status"]) == ("task2", "BLOCKED")
    assert "no agent 'ann' any more; it has anna" in waiting["reason"]
    again = team_of(Task("a", "ann"), Task("b", "ann"))
    async with at_work(again, store=store):
        await again.start(run_id="r")
        await again.unblock_task("task2")
        assert (await again.start(run_id="r")).status == "FINISHED"


# -- pausing, errors, stopping -------------------------------------------------------------------------------


async def test_a_pause_lets_the_call_end_and_keeps_what_was_paid_for() -> None:
    model = Held()
    team = team_of(Task("a", "ann"), Task("b", "ann"), model=model)
    async with at_work(team) as app:
        started = asyncio.ensure_future(team.start(run_id="r"))
        await is_task(team, "task1", "DOING")
        await until(lambda: model.called, "the model is called")
        assert await team.pause() is WorkflowStatus.PAUSED
        assert team.get_tasks()[0].status is TaskStatus.PAUSED
        model.go.set()

        async def parked() -> bool:
            return (await app.runs.get("r/task1/1")).status in ("WAITING", "FINISHED")

        await until(parked, "the round has come to a pause")
        assert team.get_tasks()[0].status is TaskStatus.PAUSED
        assert model.called == 1, "nobody calls it again while the team is paused"
        with pytest.raises(IllegalMove):
            await team.pause()
        assert await team.resume() is WorkflowStatus.RUNNING
        output = await started
    assert [task.result for task in team.get_tasks()] == ["result 1", "result 2"]
    assert (output.status, model.called) == ("FINISHED", 2)


async def test_an_error_is_raised_and_after_resume_the_work_goes_on() -> None:
    model = Held()
    team = team_of(Task("a", "ann"), model=model)
    async with at_work(team) as app:
        started = asyncio.ensure_future(team.start(run_id="r"))
        await is_task(team, "task1", "DOING")

        def breaks(tx: Any) -> None:
            run = tx.run("r/task1/1")
            units.finish(
                tx,
                run=run,
                now=app.clock.now(),
                status=RunStatus.FAILED,
                error={"message": "the disk is gone"},
            )

        await app.store.do(breaks)
        with pytest.raises(
            TeamErrored, match=r"task 'task1', run r/task1/1: the disk is gone; mend it"
        ) as caught:
            await started
        assert caught.value.run_id == "r"
        with pytest.raises(TeamErrored):
            await team.start(run_id="r")
        assert team.get_workflow_status() is WorkflowStatus.ERRORED
        model.go.set()
        await team.resume()
        output = await team.start(run_id="r")
        assert (output.status, output.waiting_on[0]["status"]) == ("BLOCKED", "BLOCKED")
        await team.unblock_task("task1", "there is a new disk")
        assert (await team.start(run_id="r")).status == "FINISHED"
        assert (await app.runs.get("r")).status == "FINISHED"


async def test_stop_ends_everything_for_good() -> None:
    model = Held()
    tasks = [
        Task("a", "ann", external_validation_required=True, allow_parallel_execution=True),
        Task("b", "will", allow_parallel_execution=True),
        Task("c", "ann"),
    ]
    team = Team("notes", [ann(), Agent("will", "Writer", model=model)], tasks)
    async with at_work(team) as app:
        started = asyncio.ensure_future(team.start(run_id="r"))
        await is_task(team, "task1", "AWAITING_VALIDATION")
        assert await team.stop() is WorkflowStatus.STOPPED
        output = await started
        assert (output.status, output.result, output.waiting_on) == ("STOPPED", None, [])
        assert {task.status for task in team.get_tasks()} == {TaskStatus.ABORTED}
        for act in (team.stop, team.pause, team.resume):
            with pytest.raises(IllegalMove):
                await act()
        with pytest.raises(IllegalMove, match="another run_id"):
            await team.provide_feedback("task1", "shorter")
        with pytest.raises(IllegalMove):
            await team.unblock_task("task2")
        assert (await app.runs.get("r")).status == "CANCELLED"
        assert (await app.runs.get("r/task2/1")).status == "CANCELLED"
        assert await views.requests(app.store, PENDING) == []


async def test_cancelling_the_run_of_a_team_stops_the_team() -> None:
    team = team_of()
    async with at_work(team) as app:
        await team.start(run_id="r")
        await app.runs.cancel("r", actor="bob")
        await comes_to(team, "STOPPED")
        assert await views.requests(app.store, PENDING) == []


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tasks", "match"),
    [
        ([Task("a", "bob")], "for agent 'bob', who isn't in the team: ann"),
        ([Task("a", Agent("ann", "Another"))], "for agent 'ann', who isn't in the team"),
        ([Task("a", "ann", dependencies=["nobody"])], "depends on 'nobody', and there is no such task"),
        ([Task("a", "ann", dependencies=[Task("b", "ann")])], "which is no task of this team"),
        ([Task("a {taskResult:task7}", "ann")], "depends on 'taskResult:task7'|depends on 'task7'"),
        ([Task("a", "ann", dependencies=["task1"])], "depends on itself"),
        (
            [
                Task("a", "ann", dependencies=["task2"], allow_parallel_execution=True),
                Task("b", "ann", dependencies=["task1"], allow_parallel_execution=True),
            ],
            "wait for each other: 'task1' waits for 'task2' waits for 'task1'|"
            "wait for each other: 'task2' waits for 'task1' waits for 'task2'",
        ),
        (
            [Task("a", "ann", dependencies=["task2"]), Task("b", "ann")],
            "wait for each other: .* without allow_parallel_execution, for all tasks before it",
        ),
        (
            [Task("a", "ann", reference_id="same"), Task("b", "ann", reference_id="same")],
            "two tasks have the reference_id 'same'",
        ),
        (
            [Task("a", "ann"), Task("b", "ann", reference_id="task1")],
            "two tasks have the reference_id 'task1'",
        ),
        ([], "needs tasks"),
    ],
)
def test_a_team_that_can_not_work_is_refused_when_it_is_built(tasks: list[Task], match: str) -> None:
    with pytest.raises(InvalidTeam, match=match):
        Team("notes", [ann()], tasks)


def test_two_agents_of_one_name_and_a_team_without_one_are_refused() -> None:
    with pytest.raises(InvalidTeam, match="two agents are named 'ann'"):
        Team("notes", [ann(), ann()], [Task("a", "ann")])
    with pytest.raises(InvalidTeam, match="needs agents"):
        Team("notes", [], [Task("a", "ann")])
    with pytest.raises(InvalidTeam, match="needs a description"):
        Task(" ", "ann")
    with pytest.raises(InvalidTeam, match="a team needs a name"):
        Team(" ", [ann()], [Task("a", "ann")])


async def test_a_placeholder_that_nobody_fills_is_refused_when_the_team_starts() -> None:
    team = team_of(Task("About {topic} and {{braces}}", "ann"))
    async with at_work(team) as app:
        with pytest.raises(InvalidTeam, match=r"task 'task1' has the placeholder \{topic\}"):
            team.start()
        with pytest.raises(InvalidTeam, match=r"the placeholder \{topic\}"):
            await team.start(run_id="r")
        with pytest.raises(InvalidInput, match="inputs is a dict"):
            team.start(["topic"])  # type: ignore[arg-type]
        with pytest.raises(UnknownId):
            await app.runs.get("r")
        assert (await team.start({"topic": "bees"})).status == "FINISHED"


async def test_what_can_not_be_meant_is_refused_at_once() -> None:
    team = team_of()
    async with at_work(team):
        with pytest.raises(ProgrammingError, match="call start"):
            team.provide_feedback("task1", "shorter")
        with pytest.raises(ProgrammingError, match="call start"):
            team.pause()
        await team.start()
        for act in (team.validate_task, team.unblock_task, lambda task: team.provide_feedback(task, "no")):
            with pytest.raises(UnknownId, match="no task 'task9' in team 'notes': task1, task2"):
                act("task9")
        for empty in ("", "  \n", None):
            with pytest.raises(InvalidInput, match="feedback needs a text"):
                team.provide_feedback("task1", empty)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="'WAITING' is no status of a task; use TODO"):
            team.get_tasks_by_status("WAITING")
        with pytest.raises(IllegalMove, match="only a BLOCKED task"):
            await team.unblock_task("task1")
        with pytest.raises(IllegalMove, match="only a task that is AWAITING_VALIDATION"):
            await team.validate_task("task2")
        assert [task.status for task in team.get_tasks()] == ["AWAITING_VALIDATION", "TODO"]


def test_a_team_is_steered_from_an_event_loop() -> None:
    with pytest.raises(ProgrammingError, match="event loop"):
        team_of().start()


# -- two people at once --------------------------------------------------------------------------------------


async def test_of_two_who_act_on_one_round_one_wins_and_the_other_is_told() -> None:
    team = team_of()
    async with at_work(team) as app:
        output = await team.start(run_id="r")
        found = await asyncio.gather(
            team.validate_task("task1"),
            team.provide_feedback("task1", "shorter"),
            app.inbox.decide(output.waiting_on[0]["request_id"], "approve", actor=BOB),
            return_exceptions=True,
        )
        conflicts = [one for one in found if isinstance(one, Conflict)]
        assert len(conflicts) == 2
        assert all(one.winner for one in conflicts)
        assert len([one for one in found if not isinstance(one, BaseException)]) == 1


@pytest.mark.parametrize("first", ["validate", "feedback"])
async def test_who_is_late_for_a_round_gets_a_conflict(first: str) -> None:
    team = team_of()
    async with at_work(team) as app:
        await team.start(run_id="r")
        teams = Teams(app.store, app.clock)
        if first == "validate":
            await teams.validate("r", "task1", actor=BOB, round=1)
        else:
            await teams.give_feedback("r", "task1", "shorter", actor=BOB, round=1)
        with pytest.raises(Conflict, match=r"round 1 of task 'task1' .*bob was faster") as caught:
            await teams.validate("r", "task1", actor=Actor("carol"), round=1)
        assert caught.value.winner == "bob"
        with pytest.raises(Conflict, match="round 1"):
            await teams.give_feedback("r", "task1", "longer", actor=Actor("carol"), round=1)


@pytest.mark.parametrize("rounds", [1, 2])
async def test_who_is_late_by_whole_rounds_is_told_who_decided_the_one_they_saw(rounds: int) -> None:
    team = team_of()
    async with at_work(team) as app:
        await team.start(run_id="r")
        teams = Teams(app.store, app.clock)
        for round in range(1, rounds + 1):
            decider = Actor(f"decider-of-{round}")
            await teams.give_feedback("r", "task1", "shorter", actor=decider, round=round)
            await team.start(run_id="r")
        assert (team.get_tasks()[0].round, team.get_tasks()[0].status) == (rounds + 1, "AWAITING_VALIDATION")
        with pytest.raises(Conflict, match=r"round 1 of task 'task1' .*decider-of-1 was faster") as caught:
            await teams.validate("r", "task1", actor=Actor("carol"), round=1)
        assert caught.value.winner == "decider-of-1"
        with pytest.raises(Conflict) as early:
            await teams.validate("r", "task1", actor=Actor("carol"), round=rounds + 2)
        assert early.value.winner is None


async def test_feedback_of_somebody_who_saw_it_done_reopens_the_task_and_what_depends_on_it() -> None:
    model = Scripted("a1", "b1", "a2", "b2")
    team = team_of(Task("a", "ann"), Task("Use {taskResult:task1}", "ann"), model=model)
    async with at_work(team) as app:
        assert (await team.start(run_id="r")).result == "b1"
        await app.wait("r")
        await team.provide_feedback("task1", "again")
        assert (await team.start(run_id="r")).result == "b2"
        assert (await app.wait("r")).result == {"status": "FINISHED", "result": "b2", "task": "task2"}
    assert [task.round for task in team.get_tasks()] == [2, 2]
    assert "a2" in model.heard[3]
    assert "b1" not in model.heard[3], "it is done anew, from the new result"


async def test_sixty_four_teams_at_once() -> None:
    shared = Scripted()
    teams = [
        Team(
            f"team-{number}",
            [ann(shared)],
            [Task("a", "ann", external_validation_required=True), Task("b", "ann")],
        )
        for number in range(64)
    ]
    for team in teams:
        team.on_workflow_status_change(
            lambda status, team=team: (
                [  # type: ignore[misc]
                    team.validate_task(task.id) for task in team.get_tasks_by_status("AWAITING_VALIDATION")
                ]
                if status == "BLOCKED"
                else None
            )
        )
    async with at_work(*teams):
        found = await asyncio.gather(*(team.start() for team in teams))
    assert {one.status for one in found} == {"FINISHED"}
    assert len(shared.heard) == 128


async def test_no_more_than_five_tasks_are_worked_on_at_once() -> None:
    model = Held()
    team = team_of(*(Task(f"{n}", "ann", allow_parallel_execution=True) for n in range(12)), model=model)
    async with at_work(team):
        started = asyncio.ensure_future(team.start())
        await until(lambda: model.called == 5, "five are worked on")
        assert len(team.get_tasks_by_status("DOING")) <= 5
        model.go.set()
        await started
    assert model.called == 12


async def test_a_team_works_alone_in_a_script(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/handrail.db")
    team = team_of(Task("a", "ann"))
    output = await team.start(run_id="r")
    assert (output.status, output.result) == ("FINISHED", "result 1")
    team.close()
    async with App(store=f"sqlite:///{tmp_path}/handrail.db").connect() as app:
        assert (await app.runs.get("r")).status == "FINISHED"


def test_words_are_those_of_all_messages() -> None:
    assert words([{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]) == "a\nb"
