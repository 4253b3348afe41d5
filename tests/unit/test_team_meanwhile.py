"""What people decide while no process works for a team, and what its agents hear when one comes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from handrail import (
    Agent,
    App,
    InvalidInput,
    RunCancelled,
    Task,
    TaskStatus,
    Team,
    WorkflowStatus,
    approval_required,
)
from handrail.inbox import views
from handrail.requests.decision import Actor
from handrail.requests.errors import IllegalMove
from handrail.requests.facts import changed
from handrail.runs.run import RunStatus, StoredRun
from handrail.teams.moves import MOST_SAID
from tests.support.team_work import at_work, team_of

BOB = Actor("bob")


@approval_required
def publish(text: str) -> str:
    """Put a text up."""
    return f"published {text}"


def calling(messages: list[dict[str, Any]]) -> str | dict[str, Any]:
    if messages[-1]["role"] == "tool":
        return str(messages[-1]["content"])
    return {"tool": "publish", "arguments": {"text": "bees"}}


def spec() -> Team:
    will = Agent("Will", "Writer", model=lambda messages: "bees")
    return Team("spec", [will], [Task("Write", will, external_validation_required=True)])


def with_tool() -> Team:
    will = Agent("Will", "Writer", tools=[publish], model=calling)
    return Team("spec", [will], [Task("Publish", will)])


async def started(url: str, team: Team) -> Any:
    """Let a process of its own start or go on with a team, until `start` returns."""
    app = App(store=url)
    app.team(team)
    async with app:
        return await team.start(run_id="the-run")


async def decided(url: str, verb: str, **more: Any) -> None:
    """Decide what waits, in a process that doesn't work."""
    async with App(store=url).connect() as app:
        (request,) = await views.requests(app.store, ["OPEN"])
        await app.inbox.decide(request.id, verb, actor=BOB, **more)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/handrail.db"


@pytest.mark.parametrize("again", range(3))
async def test_start_returns_what_a_decision_made_meanwhile_leads_to(url: str, again: int) -> None:
    assert (await started(url, spec())).status is WorkflowStatus.BLOCKED
    await decided(url, "approve")
    outcome = await started(url, spec())
    assert (outcome.status, outcome.result, outcome.waiting_on) == (WorkflowStatus.FINISHED, "bees", [])


@pytest.mark.parametrize(
    ("verb", "more", "result"),
    [
        ("approve", {}, "published bees"),
        ("edit", {"payload": {"text": "ants"}}, "published ants"),
        ("reject", {"comment": "not yet"}, "not yet"),
    ],
)
async def test_start_goes_on_with_a_tool_that_was_decided_meanwhile(
    url: str, verb: str, more: dict[str, Any], result: str
) -> None:
    first = await started(url, with_tool())
    assert first.status is WorkflowStatus.BLOCKED
    assert first.waiting_on[0]["reason"] == "somebody has to approve what its agent is about to do"
    await decided(url, verb, **more)
    outcome = await started(url, with_tool())
    assert outcome.status is WorkflowStatus.FINISHED
    assert result in outcome.result


async def test_a_decision_is_on_the_board_at_once_with_no_worker_alive(url: str) -> None:
    await started(url, spec())
    await decided(url, "request_changes", comment="shorter")
    async with App(store=url).connect() as app:
        card = await app.store.read(lambda tx: tx.card("the-run", "task1"))
        assert (card.status, card.feedback) == (TaskStatus.DOING, 1)
        with pytest.raises(IllegalMove, match="only a task that is AWAITING_VALIDATION"):
            await app.teams.validate("the-run", "task1", actor=BOB)


async def test_start_returns_from_a_team_that_is_paused(url: str) -> None:
    await started(url, spec())
    async with App(store=url).connect() as app:
        await app.teams.pause("the-run", actor=BOB)
    assert (await started(url, spec())).status is WorkflowStatus.PAUSED


async def test_feedback_that_no_agent_could_read_is_refused_and_nothing_is_lost(url: str) -> None:
    team = spec()
    await started(url, team)
    async with App(store=url).connect() as app:
        with pytest.raises(InvalidInput, match="the limit is 100,000"):
            await app.teams.give_feedback("the-run", "task1", "x" * (MOST_SAID + 1), actor=BOB)


async def test_much_feedback_reaches_the_agent_in_parts(url: str) -> None:
    heard: list[str] = []

    def listening(messages: list[dict[str, Any]]) -> str:
        heard[:] = [each["content"][-10:] for each in messages if each["role"] == "user"]
        return f"heard {len(messages)}"

    will = Agent("Will", "Writer", model=listening, max_iterations=50)
    team = Team("spec", [will], [Task("Write", will, external_validation_required=True)])
    await started(url, team)
    async with App(store=url).connect() as app:
        await app.teams.pause("the-run", actor=BOB)
        await app.teams.give_feedback("the-run", "task1", "first", actor=BOB)
        for number in range(20):
            text = "x" * (MOST_SAID - 10) + f"{number:010}"
            await app.teams.give_feedback("the-run", "task1", text, actor=BOB)
        await app.teams.resume("the-run", actor=BOB)
    again = Team("spec", [will], [Task("Write", will, external_validation_required=True)])
    assert (await started(url, again)).status is WorkflowStatus.BLOCKED
    assert heard[-20:] == [f"{number:010}" for number in range(20)]
    (task,) = again.get_tasks()
    assert {str(each.status) for each in task.feedback_history} == {"PROCESSED"}


async def test_a_result_that_a_placeholder_puts_in_is_not_told_twice(url: str) -> None:
    prompts: list[str] = []

    def listening(messages: list[dict[str, Any]]) -> str:
        prompts.append(messages[1]["content"])
        return "numbers of 2024"

    will = Agent("Will", "Writer", model=listening)
    team = Team(
        "spec",
        [will],
        [
            Task("Find figures", will, reference_id="figures"),
            Task("Look around", will, reference_id="around"),
            Task("Write from {taskResult:figures}", will, dependencies=["figures", "around"]),
        ],
    )
    assert (await started(url, team)).status is WorkflowStatus.FINISHED
    assert prompts[2].count("numbers of 2024") == 2, "once for the placeholder, once for the other task"
    assert prompts[2].startswith("Write from numbers of 2024"), (
        "a default title is a part of the task already"
    )
    assert [task.title for task in team.get_tasks()] == ["Find figures", "Look around", "Write from figures"]


class Hasty:
    """An app that knows how a run has ended before anybody has looked at its board."""

    def __init__(self, app: App, run: StoredRun) -> None:
        self._app, self._run = app, run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)

    async def wait(self, run_id: str, timeout: float | None = None) -> StoredRun:
        """Return it at once."""
        return self._run


async def test_a_start_ends_with_a_run_that_had_ended_before_its_board_was_looked_at() -> None:
    team = team_of(Task("a", "ann"))
    async with at_work(team) as app, asyncio.timeout(20):
        await team.start(run_id="r")
        failed = changed(await app.runs.get("r"), status=RunStatus.CANCELLED, result=None)
        await app.store.do(_store_run, run=changed(failed, id="cancelled"))
        team.home = Hasty(app, failed)
        with pytest.raises(RunCancelled):
            await team.start(run_id="cancelled")


def _store_run(tx: Any, *, run: StoredRun) -> None:
    tx.insert_run(run)
