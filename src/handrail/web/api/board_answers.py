"""What programs get of boards, as the OpenAPI document tells it. The answers themselves are made in `teams.record`."""

from datetime import datetime
from typing import Any

from pydantic import Field

from handrail.runs.run import RunStatus
from handrail.teams.status import FeedbackStatus, TaskStatus, WorkflowStatus
from handrail.web.api.answers import Answer, Next, Object


class Usage(Answer):
    """What models have used."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: str = Field(description="dollars, exact, of calls whose price is known", examples=["0.0125"])
    unpriced_calls: int = Field(description="calls whose price nobody knows")


class WaitsFor(Answer):
    """A task that needs a person."""

    task: str
    title: str
    status: TaskStatus
    reason: str | None
    request_id: str | None = Field(description="what to decide on; null for a BLOCKED task: unblock it")


class BoardRow(Answer):
    """What a list shows of a board."""

    id: str
    run_id: str
    team: str
    status: WorkflowStatus
    error: str | None
    begun_at: datetime
    moved_at: datetime
    counts: dict[TaskStatus, int] = Field(description="tasks by their status")
    usage: Usage
    waiting_on: list[WaitsFor]


class BoardPage(Answer):
    """A page of boards. It may be short, and even empty, while `next` says that there is more."""

    items: list[BoardRow]
    next: Next


class TaskRow(Answer):
    """What a board shows of a task."""

    id: str
    run_id: str
    title: str
    agent: str
    status: TaskStatus
    round: int = Field(description="how often its agent has taken it up")
    reason: str | None = Field(description="why it came to its status")
    moved_at: datetime
    feedback: int
    pending_feedback: int = Field(description="what its agent hasn't worked in yet")
    request_id: str | None = Field(description="what it waits for")
    usage: Usage


class Tasks(Answer):
    """Tasks of a board, in order."""

    items: list[TaskRow]


class Board(BoardRow):
    """A run of a team."""

    inputs: Object
    result_task: str = Field(description="the task whose result is the team's")
    tasks: list[TaskRow]


class Feedback(Answer):
    """What somebody wanted to be different."""

    number: int
    content: str
    status: FeedbackStatus
    timestamp: datetime = Field(description="when it was given or worked in")
    given_by: str
    given_at: datetime


class Revision(Answer):
    """A result that a round came to."""

    round: int
    result: Any
    at: datetime


class Round(Answer):
    """Once that an agent took a task up."""

    round: int
    run_id: str
    status: RunStatus
    began_at: datetime
    ended_at: datetime | None
    blocked: str | None = Field(description="the obstacle that it came to")
    error: str | None
    calls: int


class TaskDetail(TaskRow):
    """A task with everything about it."""

    description: str
    expected_output: str | None
    external_validation_required: bool
    dependencies: list[str]
    is_deliverable: bool
    allow_parallel_execution: bool
    output_schema: Object | None
    result: Any
    feedback_history: list[Feedback]
    revisions: list[Revision]
    rounds: list[Round] = Field(description="the latest hundred")


class BoardEvent(Answer):
    """Something that has happened on a board."""

    sequence: int
    at: datetime
    actor: str
    kind: str = Field(examples=["task_moved"])
    task: str | None
    data: Object
    reason: str | None


class BoardLog(Answer):
    """A page of events. With a task it may be short, and even empty, while `next` says that there is more."""

    items: list[BoardEvent]
    next: Next
