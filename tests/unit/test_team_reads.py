"""What pages read of boards: lists in pages and by who sees them, what cards wait for, and one card opened."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handrail import Agent, Task, Team
from handrail.inbox.viewer import Viewer
from handrail.requests.decision import Actor
from handrail.requests.errors import InvalidInput, UnknownId
from handrail.runs.ports import RunFilter
from handrail.runs.run import RunStatus, StoredRun
from handrail.stores.memory import MemoryStore
from handrail.teams import listing, moves
from handrail.teams.desk import Desk, begin
from handrail.teams.inspection import Inspection, inspect
from handrail.teams.overview import Overview, overview
from handrail.teams.ports import StoredTeam, TeamTransaction
from handrail.teams.status import TaskStatus, WorkflowStatus
from tests.support.store_work import worked

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
ALICE = Viewer("alice")


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    """An open store."""
    store = MemoryStore()
    await store.open()
    yield store
    await store.close()


def team() -> Team:
    ann = Agent("ann", "Analyst", model=lambda messages: "")
    return Team(
        "spec",
        [ann],
        [
            Task("Draft {topic} for {{all}}", ann),
            Task("Check {taskResult:task1} and {taskResult:task3}", ann, allow_parallel_execution=True),
            Task("Look it up", ann, allow_parallel_execution=True),
            Task("Publish", ann),
        ],
    )


async def begun(store: MemoryStore, run_id: str = "r1", initiator: str = "alice", after: int = 0) -> None:
    """Lay a board out, on which nobody works."""
    at = NOON + timedelta(minutes=after)
    run = StoredRun(run_id, "spec", "spec", {}, RunStatus.WAITING, at, at, initiator=initiator)

    def unit(tx: TeamTransaction) -> None:
        tx.insert_run(run)
        inputs = {"topic": "bees"}
        desk = begin(
            tx, run_id=run_id, name="spec", tasks=team().flow.tasks, inputs=inputs, now=at, actor=initiator
        )
        desk.close()

    await store.do(unit)


async def move(store: MemoryStore, task: str, *ways: TaskStatus, **more: Any) -> None:
    """Bring a task through states."""

    def unit(tx: TeamTransaction) -> None:
        desk = Desk.opened(tx, "r1", NOON, "ann")
        for way in ways:
            desk.move(desk.card(task), way, **(more if way is ways[-1] else {}))
        desk.close()

    await store.do(unit)


async def seen(store: MemoryStore) -> Overview:
    return await store.read(lambda tx: overview(tx, team=tx.team("r1")))


async def opened(store: MemoryStore, task: str, before: int | None = None) -> Inspection:
    return await store.read(
        lambda tx: inspect(tx, board=overview(tx, team=tx.team("r1")), task=task, before=before)
    )


async def test_teams_come_in_pages_the_newest_first(store: MemoryStore) -> None:
    for number in range(5):
        await begun(store, f"r{number}", after=number)
    first = await store.read(listing.page_of, viewer=ALICE, limit=2)
    assert [each.team.run_id for each in first.teams] == ["r4", "r3"]
    second = await store.read(listing.page_of, viewer=ALICE, limit=2, after=first.next)
    last = await store.read(listing.page_of, viewer=ALICE, limit=2, after=second.next)
    assert [each.team.run_id for each in (*second.teams, *last.teams)] == ["r2", "r1", "r0"]
    assert last.next is None
    with pytest.raises(InvalidInput, match="cursor"):
        await store.read(listing.page_of, viewer=ALICE, after="nonsense")


async def test_teams_of_others_are_not_listed_but_for_who_sees_everything(store: MemoryStore) -> None:
    await begun(store, "mine")
    await begun(store, "theirs", initiator="bob", after=1)
    mine = await store.read(listing.page_of, viewer=ALICE)
    everything = await store.read(listing.page_of, viewer=Viewer("root", everything=True))
    assert [each.team.run_id for each in mine.teams] == ["mine"]
    assert [each.team.run_id for each in everything.teams] == ["theirs", "mine"]


async def test_teams_are_found_by_status_and_name(store: MemoryStore) -> None:
    await begun(store, "r1")
    await begun(store, "r2", after=1)
    await store.do(moves.stop, run_id="r1", actor=Actor("alice"), now=NOON)
    stopped = await store.read(listing.page_of, viewer=ALICE, statuses=(WorkflowStatus.STOPPED,))
    assert [(each.team.run_id, each.waits) for each in stopped.teams] == [("r1", 0)]
    assert (await store.read(listing.page_of, viewer=ALICE, name="other")).teams == ()


async def test_a_summary_counts_what_is_done_and_what_waits_for_people(store: MemoryStore) -> None:
    await begun(store)
    await move(store, "task1", TaskStatus.DOING, TaskStatus.DONE)
    await move(store, "task3", TaskStatus.DOING, TaskStatus.BLOCKED, reason="no key")
    (found,) = (await store.read(listing.page_of, viewer=ALICE)).teams
    assert (found.tasks, found.done, found.waits) == (4, 1, 1)


async def test_a_card_waits_for_what_it_depends_on_and_without_parallel_for_all_before_it(
    store: MemoryStore,
) -> None:
    await begun(store)
    board = await seen(store)
    assert board.ahead == {"task2": 2, "task4": 3}
    assert (board.needs["task2"], board.needs["task4"]) == (["task1", "task3"], ["task3"])
    await move(store, "task1", TaskStatus.DOING, TaskStatus.DONE)
    board = await seen(store)
    assert board.ahead == {"task2": 1, "task4": 2}
    assert [card.id for card in board.held_up_by("task3")] == ["task2", "task4"]


async def test_placeholders_are_filled_as_far_as_they_are_known(store: MemoryStore) -> None:
    await begun(store)
    assert (await opened(store, "task1")).description == "Draft bees for {all}"
    assert (await opened(store, "task2")).description == "Check {taskResult:task1} and {taskResult:task3}"
    await move(store, "task1", TaskStatus.DOING, TaskStatus.DONE, has_result=True, result="{topic}")
    assert (await opened(store, "task2")).description == "Check {topic} and {taskResult:task3}"


async def test_the_log_of_a_task_has_its_own_lines_a_page_at_a_time(store: MemoryStore) -> None:
    await begun(store)
    await move(store, "task3", TaskStatus.DOING, TaskStatus.DONE)
    for number in range(40):
        await store.do(
            moves.give_feedback, run_id="r1", task="task4", content=str(number), actor=Actor("bob"), now=NOON
        )
    latest = await opened(store, "task4")
    older = await opened(store, "task4", latest.older)
    assert [event.fact.feedback for event in (*older.log, *latest.log)] == [*range(1, 41)]  # type: ignore[attr-defined]
    assert older.older is None
    assert len((await opened(store, "task3")).log) == 2


async def test_a_page_of_the_log_looks_at_a_bounded_part_and_says_where_to_go_on(store: MemoryStore) -> None:
    await begun(store)
    await move(store, "task3", TaskStatus.DOING, TaskStatus.DONE)
    for number in range(10):
        await store.do(
            moves.give_feedback, run_id="r1", task="task4", content=str(number), actor=Actor("bob"), now=NOON
        )
    before, found = None, list[str]()
    for _ in range(10):
        lines, before = await store.read(
            lambda tx, before=before: tx.latest_task_log("r1", "task3", before, 5, 4)
        )
        found += [line.kind for line in lines]
        if before is None:
            break
    assert found == ["task_moved", "task_moved"]


async def test_an_unknown_task_is_refused(store: MemoryStore) -> None:
    await begun(store)
    with pytest.raises(UnknownId, match="no task 'none'"):
        await opened(store, "none")


STILL = (WorkflowStatus.BLOCKED, WorkflowStatus.ERRORED)
READS = {
    "what stands still": lambda tx: tx.teams(STILL, None, None, 100),
    "what stands still of one team": lambda tx: tx.teams(STILL, "spec", None, 100),
    "the runs that stand alone": lambda tx: tx.newest_runs(RunFilter(), None, 50),
}


@pytest.mark.parametrize("read", READS)
async def test_no_list_looks_through_what_it_leaves_out(store: MemoryStore, read: str) -> None:
    def fill(tx: Any) -> None:
        for number in range(3000):
            at = NOON + timedelta(seconds=number)
            run_id = f"old-{number:04}"
            tx.insert_team(StoredTeam(run_id, "spec", WorkflowStatus.FINISHED, {}, at, at))
            tx.insert_run(StoredRun(run_id, "spec", "spec", {}, RunStatus.FINISHED, at, at, parent="r1"))

    await begun(store)
    before = await store.read(worked, read=READS[read])
    await store.do(fill)
    assert await store.read(worked, read=READS[read]) <= before + 1


async def test_teams_of_several_statuses_come_in_one_order(store: MemoryStore) -> None:
    def fill(tx: Any) -> None:
        for number in range(9):
            at, status = NOON + timedelta(minutes=number), (*STILL, WorkflowStatus.FINISHED)[number % 3]
            tx.insert_team(StoredTeam(f"r{number}", "spec", status, {}, at, at))

    await store.do(fill)
    found = await store.read(lambda tx: tx.teams(STILL, None, None, 4))
    assert [each.run_id for each in found] == ["r7", "r6", "r4", "r3"]
    place = found[-1].begun_at, found[-1].run_id
    rest = await store.read(lambda tx: tx.teams(STILL, "spec", place, 4))
    assert [each.run_id for each in rest] == ["r1", "r0"]
