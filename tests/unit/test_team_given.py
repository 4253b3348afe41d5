"""What a team can't be made of, or told, is refused in words that say what to do; and what a result has to be."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, Field, field_validator

from handrail import Actor, Agent, InvalidInput, InvalidTeam, Task, Team, UnknownId
from handrail.requests.errors import HandrailError
from tests.support.team_work import Scripted, ann, at_work, is_task, team_of


class Even(BaseModel):
    """What a JSON Schema can't say."""

    number: int
    notes: list[str] = []

    @field_validator("number")
    @classmethod
    def is_even(cls, number: int) -> int:
        """Refuse odd numbers."""
        if number == 13:
            raise TypeError("superstition")
        if number % 2:
            raise ValueError("has to be even")
        return number


class Numbered(BaseModel):
    """A model that is another one each time it is read."""

    number: int
    id: str = Field(default_factory=lambda: uuid4().hex)


class Renamed(BaseModel):
    """A model that is read by one name and written by another."""

    amount: int = Field(validation_alias="in", serialization_alias="out")


@dataclass
class Point:
    """A dataclass."""

    left: int
    tags: list[str] = field(default_factory=list)


# -- what can't be meant ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agents", "tasks", "match"),
    [
        (ann(), [Task("a", "ann")], "needs agents: a list of Agent"),
        (None, [Task("a", "ann")], "needs agents: a list of Agent"),
        ([ann()], Task("a", "ann"), "needs tasks: a list of Task"),
        ([ann()], None, "needs tasks: a list of Task"),
        ([ann()], "a", "needs tasks: a list of Task"),
    ],
)
def test_what_is_no_list_of_agents_or_tasks_is_refused(agents: Any, tasks: Any, match: str) -> None:
    with pytest.raises(InvalidTeam, match=match):
        Team("notes", agents, tasks)


def test_agents_and_tasks_may_come_as_any_collection() -> None:
    team = Team("notes", iter([ann()]), (Task("a", "ann"),))  # type: ignore[arg-type]
    assert [task.agent for task in team.get_tasks()] == ["ann"]


@pytest.mark.parametrize(
    "flag", ["external_validation_required", "is_deliverable", "allow_parallel_execution"]
)
def test_a_text_is_no_yes_or_no(flag: str) -> None:
    with pytest.raises(InvalidTeam, match=f"{flag}='no': give True or False"):
        Task("a", "ann", **{flag: "no"})


def test_dependencies_may_be_none_and_are_otherwise_a_list() -> None:
    assert Task("a", "ann", dependencies=None).dependencies == ()  # type: ignore[arg-type]
    with pytest.raises(InvalidTeam, match="are a list of tasks or of their ids: 3"):
        Task("a", "ann", dependencies=3)  # type: ignore[arg-type]


def test_an_agent_is_found_by_its_name_whatever_stands_around_it() -> None:
    team = Team("notes", [Agent(" ann ", "Analyst")], [Task("a", " ann")])
    assert [task.agent for task in team.get_tasks()] == ["ann"]
    with pytest.raises(InvalidTeam, match="a task needs an agent"):
        Task("a", " ")


def test_settings_that_are_no_dict_are_refused() -> None:
    with pytest.raises(InvalidTeam, match="the settings of agent 'ann' are a dict"):
        ann(settings=3)


def test_what_can_not_be_called_is_no_callback_and_no_selector() -> None:
    team = team_of()
    with pytest.raises(InvalidInput, match="the callback None can't be called"):
        team.on_workflow_status_change(None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="the callback None can't be called"):
        team.subscribe(lambda state: state.tasks, None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="the selector 'tasks' can't be called"):
        team.subscribe("tasks", print)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", [None, 3, ["task1"], Task("a", "ann")])
def test_what_is_no_id_is_an_unknown_task(task: Any) -> None:
    team = team_of()
    for act in (team.validate_task, team.unblock_task, lambda one: team.provide_feedback(one, "more")):
        with pytest.raises(UnknownId, match=r"there is no task .* in team 'notes': task1, task2"):
            act(task)


# -- placeholders of a title ------------------------------------------------------------------------------


async def test_a_placeholder_of_a_title_that_nobody_fills_is_refused() -> None:
    team = team_of(Task("a", "ann", title="About {topic}"))
    async with at_work(team):
        with pytest.raises(InvalidTeam, match=r"task 'task1' has the placeholder \{topic\}"):
            team.start()
        assert (await team.start({"topic": "bees"})).status == "FINISHED"
        assert team.get_tasks()[0].title == "About bees"


def test_a_title_that_names_a_result_of_nobody_is_refused() -> None:
    with pytest.raises(InvalidTeam, match=r"the title of task 'task1' names \{taskResult:nobody\}"):
        team_of(Task("a", "ann", title="Check {taskResult:nobody}"))


def test_a_title_that_names_a_result_waits_for_nothing() -> None:
    team = team_of(
        Task("a", "ann", title="Before {taskResult:task2}", allow_parallel_execution=True), Task("b", "ann")
    )
    assert [task.dependencies for task in team.get_tasks()] == [(), ()]


# -- what a result has to be ------------------------------------------------------------------------------


async def result(schema: Any, *replies: Any) -> tuple[Any, str, list[str]]:
    """Return what becomes of what a model says, why, and what it heard."""
    model = Scripted(*replies)
    team = team_of(Task("a", "ann", output_schema=schema), model=model)
    async with at_work(team):
        await team.start()
        task = team.get_tasks()[0]
        return task.result, task.reason or "", model.heard


async def test_a_model_may_refuse_what_its_schema_can_not_say() -> None:
    found, _, heard = await result(Even, {"number": 3}, {"number": 4})
    assert found == {"number": 4, "notes": []}
    assert len(heard) == 2
    assert "That can't be the result: number: Value error, has to be even" in heard[1]


async def test_a_result_that_its_model_goes_on_refusing_blocks() -> None:
    found, reason, heard = await result(Even, *[{"number": 3}] * 3)
    assert (found, len(heard)) == (None, 3)
    assert "told 2 times why" in reason
    assert "has to be even" in reason


async def test_a_model_that_breaks_on_a_result_is_an_obstacle() -> None:
    _, reason, heard = await result(Even, {"number": 13})
    assert reason == "the output_schema of the task failed: TypeError: superstition"
    assert len(heard) == 1


@pytest.mark.parametrize(
    ("schema", "reply", "found"),
    [
        (Point, {"left": 1}, {"left": 1, "tags": []}),
        (list[Point], '[{"left": 1}]', [{"left": 1, "tags": []}]),
        (int, "5.0", 5),
        (str, "plain", "plain"),
        (Renamed, {"in": 1}, {"in": 1}),
        ({"type": "object", "properties": {"left": {"default": 1}}}, {"right": 1}, {"right": 1}),
    ],
)
async def test_a_result_is_written_as_its_type_has_it(schema: Any, reply: Any, found: Any) -> None:
    assert (await result(schema, reply))[0] == found


async def test_a_result_that_its_type_completes_is_not_taken_for_that_of_a_person() -> None:
    model = Scripted({"number": 2}, {"number": 4})
    team = team_of(Task("a", "ann", output_schema=Even, external_validation_required=True), model=model)
    async with at_work(team):
        await team.start()
        await team.provide_feedback("task1", "another")
        await is_task(team, "task1", "AWAITING_VALIDATION")
        assert "another" in model.heard[-1]
        assert "A person has changed" not in model.heard[-1]


@pytest.mark.parametrize("edit", [False, True])
async def test_what_a_type_makes_up_is_not_taken_for_that_of_a_person_but_an_edit_is(edit: bool) -> None:
    model = Scripted({"number": 2}, {"number": 4})
    team = team_of(Task("a", "ann", output_schema=Numbered, external_validation_required=True), model=model)
    async with at_work(team) as app:
        asked = (await team.start()).waiting_on[0]["request_id"]
        made_up = team.get_tasks()[0].result["id"]
        if edit:
            proposal = {"number": 3, "id": made_up}
            await app.inbox.decide(asked, "edit", payload=proposal, actor=Actor("bob"))
            await is_task(team, "task1", "DONE")
        await team.provide_feedback("task1", "another")
        await is_task(team, "task1", "AWAITING_VALIDATION")
        assert "another" in model.heard[-1]
        assert ("A person has changed" in model.heard[-1]) is edit


async def test_a_run_goes_on_with_the_schema_that_it_has_begun_with() -> None:
    store = "memory://"
    first = team_of(Task("a", "ann", output_schema=int), model=Scripted({"block": "what is asked?"}))
    async with at_work(first, store=store) as app:
        await first.start(run_id="r")
        first.flow.tasks = team_of(Task("a", "ann", output_schema=Even)).flow.tasks  # as later code has it
        first.flow.kinds = team_of(Task("a", "ann", output_schema=Even)).flow.kinds
        first.agents[0].model = Scripted("7")
        await app.teams.unblock("r", "task1", actor=first._actor)
        assert (await first.start(run_id="r")).result == 7


def test_a_type_that_can_not_be_a_schema_is_refused_with_the_reason() -> None:
    class Strange:
        pass

    with pytest.raises(HandrailError, match=r"give a pydantic model, .* \(Unable to generate"):
        Task("a", "ann", output_schema=Strange)
