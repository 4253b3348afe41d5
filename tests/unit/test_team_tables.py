"""The two tables of a team's states, against those that were written out a second time by hand, in the model."""

from itertools import product

import pytest

from handrail import IllegalMove, TaskStatus, WorkflowStatus
from handrail.teams.status import TASK_MOVES, WORKFLOW_MOVES, check_task, check_workflow
from tests.support.team_model import TASK, WORKFLOW

REFERENCE = [
    ("TODO", "DOING"),
    ("DOING", "BLOCKED"),
    ("DOING", "AWAITING_VALIDATION"),
    ("DOING", "DONE"),
    ("AWAITING_VALIDATION", "VALIDATED"),
    ("AWAITING_VALIDATION", "REVISE"),
    ("VALIDATED", "DONE"),
    ("REVISE", "DOING"),
    ("BLOCKED", "DOING"),
]
"""the moves that users know from elsewhere; feedback on BLOCKED and DONE brings a task to REVISE, too"""

NEVER_LEFT = {"ABORTED", "STOPPED"}


def test_the_states_are_those_of_the_design() -> None:
    assert [str(status) for status in TaskStatus] == list(TASK)
    assert [str(status) for status in WorkflowStatus] == list(WORKFLOW)


@pytest.mark.parametrize(("before", "after"), list(product(TASK, TASK)))
def test_a_task_moves_as_the_table_says_and_in_no_other_way(before: str, after: str) -> None:
    if after in TASK[before].split():
        check_task("write", TaskStatus(before), TaskStatus(after))
        return
    with pytest.raises(IllegalMove, match=f"task 'write' is {before} and can't become {after}"):
        check_task("write", TaskStatus(before), TaskStatus(after))


@pytest.mark.parametrize(("before", "after"), list(product(WORKFLOW, WORKFLOW)))
def test_a_workflow_moves_as_the_table_says_and_in_no_other_way(before: str, after: str) -> None:
    if after in WORKFLOW[before].split():
        check_workflow(WorkflowStatus(before), WorkflowStatus(after))
        return
    with pytest.raises(IllegalMove, match=f"the workflow is {before} and can't become {after}"):
        check_workflow(WorkflowStatus(before), WorkflowStatus(after))


@pytest.mark.parametrize(("before", "after"), [*REFERENCE, ("BLOCKED", "REVISE"), ("DONE", "REVISE")])
def test_every_move_that_users_know_is_legal(before: str, after: str) -> None:
    check_task("write", TaskStatus(before), TaskStatus(after))


def test_what_ends_the_work_for_good_is_never_left() -> None:
    final = {str(status) for status, moves in [*TASK_MOVES.items(), *WORKFLOW_MOVES.items()] if not moves}
    assert final == NEVER_LEFT
    with pytest.raises(IllegalMove, match="that is final"):
        check_task("write", TaskStatus.ABORTED, TaskStatus.TODO)


def test_every_state_can_be_reached_from_the_first() -> None:
    for table, first in ((TASK_MOVES, TaskStatus.TODO), (WORKFLOW_MOVES, WorkflowStatus.INITIAL)):
        found, border = set[str](), {str(first)}
        while border:
            found |= border
            border = {str(after) for before in border for after in table[before]} - found  # type: ignore[index]
        assert found == {str(status) for status in table}


def test_every_move_says_why() -> None:
    why = [said for row in [*TASK_MOVES.values(), *WORKFLOW_MOVES.values()] for said in row.values()]
    assert all(said.strip() for said in why)
