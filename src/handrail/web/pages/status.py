"""How a run and its steps stand: always an icon, a word and a colour."""

from typing import NamedTuple

from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest, Status
from handrail.runs.journal import State
from handrail.runs.run import RunStatus
from handrail.runs.timeline import Post, spent


class Told(NamedTuple):
    """The icon, the word, and the status that gives the colour."""

    icon: str
    word: str
    colour: str


STATUSES = {
    RunStatus.PENDING: Told("todo", "Pending", "todo"),
    RunStatus.RUNNING: Told("doing", "Running", "doing"),
    RunStatus.WAITING: Told("clock", "Waiting", "awaiting"),
    RunStatus.FINISHED: Told("done", "Finished", "done"),
    RunStatus.FAILED: Told("alert", "Failed", "blocked"),
    RunStatus.CANCELLED: Told("stop", "Cancelled", "ended"),
    RunStatus.NEEDS_ATTENTION: Told("flag", "Needs attention", "revise"),
    RunStatus.ABANDONED: Told("xo", "Abandoned", "ended"),
}
SEGMENTS: dict[str, tuple[RunStatus, ...]] = {
    "": (),
    "waiting": (RunStatus.WAITING,),
    "running": (RunStatus.RUNNING, RunStatus.PENDING),
    "attention": (RunStatus.FAILED, RunStatus.NEEDS_ATTENTION),
    "finished": (RunStatus.FINISHED,),
    "stopped": (RunStatus.CANCELLED, RunStatus.ABANDONED),
}
"""what the list can be narrowed to"""

_POSTS = {
    State.OPEN: Told("doing", "Under way", "doing"),
    State.BEGUN: Told("doing", "Begun", "doing"),
    State.WAITING: Told("clock", "Waits", "awaiting"),
    State.DONE: Told("done", "Done", "done"),
    State.FAILED: Told("alert", "Failed", "blocked"),
    State.STOPPED: Told("stop", "Ended the run", "ended"),
}
_VERBS = {
    Verb.APPROVE: Told("done", "Approved", "done"),
    Verb.EDIT: Told("done", "Approved with changes", "done"),
    Verb.ANSWER: Told("done", "Answered", "done"),
    Verb.REQUEST_CHANGES: Told("revise", "Changes requested", "revise"),
    Verb.REJECT: Told("xo", "Rejected", "blocked"),
    Verb.ABSTAIN: Told("xo", "Abstained", "ended"),
}


def post_status(post: Post) -> Told:
    """Return how a step stands; of an ask, what people made of it."""
    return _POSTS[post.state] if post.request is None else request_status(post.request)


def answered_by(post: Post) -> str:
    """Return which model has answered; a function that stood in for one is called that."""
    used = spent((post,))
    return ", ".join([*used.models, *(f"function {name}" for name in used.functions)])[:60]


def request_status(request: HumanRequest) -> Told:
    """Return how a request stands, and what it came to."""
    match request.status:
        case Status.OPEN:
            return Told("clock", "Waits for an answer", "awaiting")
        case Status.CLAIMED:
            return Told("user", "Claimed", "awaiting")
        case Status.EXPIRED:
            return Told("clock", "Expired", "blocked")
        case Status.WITHDRAWN:
            return Told("stop", "Withdrawn", "ended")
    return _VERBS[request.outcome.verb] if request.outcome else Told("done", "Settled", "done")
