"""How teams and their tasks stand: always an icon, a word and a colour."""

from handrail.teams.status import TaskStatus, WorkflowStatus
from handrail.web.pages.status import Told

TASKS = {
    TaskStatus.TODO: Told("todo", "To do", "todo"),
    TaskStatus.DOING: Told("doing", "Doing", "doing"),
    TaskStatus.BLOCKED: Told("blocked", "Blocked", "blocked"),
    TaskStatus.REVISE: Told("revise", "Revise", "revise"),
    TaskStatus.AWAITING_VALIDATION: Told("awaiting", "Awaiting validation", "awaiting"),
    TaskStatus.VALIDATED: Told("check", "Validated", "done"),
    TaskStatus.DONE: Told("done", "Done", "done"),
    TaskStatus.PAUSED: Told("pause", "Paused", "todo"),
    TaskStatus.RESUMED: Told("doing", "Resumed", "doing"),
    TaskStatus.ABORTED: Told("stop", "Aborted", "ended"),
}
WORKFLOWS = {
    WorkflowStatus.INITIAL: Told("todo", "About to begin", "todo"),
    WorkflowStatus.RUNNING: Told("doing", "Running", "doing"),
    WorkflowStatus.BLOCKED: Told("blocked", "Blocked", "blocked"),
    WorkflowStatus.FINISHED: Told("done", "Finished", "done"),
    WorkflowStatus.PAUSED: Told("pause", "Paused", "todo"),
    WorkflowStatus.RESUMED: Told("doing", "Resumed", "doing"),
    WorkflowStatus.STOPPING: Told("stop", "Stopping", "ended"),
    WorkflowStatus.STOPPED: Told("stop", "Stopped", "ended"),
    WorkflowStatus.ERRORED: Told("alert", "Errored", "blocked"),
}
SEGMENTS: dict[str, tuple[WorkflowStatus, ...]] = {
    "": (),
    "running": (WorkflowStatus.RUNNING, WorkflowStatus.RESUMED),
    "blocked": (WorkflowStatus.BLOCKED,),
    "paused": (WorkflowStatus.PAUSED,),
    "errored": (WorkflowStatus.ERRORED,),
    "finished": (WorkflowStatus.FINISHED,),
    "stopped": (WorkflowStatus.STOPPING, WorkflowStatus.STOPPED),
}
"""what the list can be narrowed to"""
