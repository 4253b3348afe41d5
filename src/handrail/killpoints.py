"""Named instants at which a process may die.

Everything that is done in a certain order for the sake of a crash calls `reach(name)` between the two
halves. Nothing happens there, unless the environment variable `HANDRAIL_KILL_AT` names the point: then the
process kills itself with SIGKILL, as a power cut would. `tests/journeys/` walks this list; a name that
is not listed here is an error, and so is a listed one that no journey reaches.
"""

import os
import signal

KILL_POINTS: dict[str, str] = {
    "create:before": "a run is about to be stored",
    "create:after": "the run is stored, nothing of it has been executed",
    "claim:before": "a worker is about to take a run that may go on",
    "claim:after": "the worker has taken it, nothing has been executed",
    "begin:after": "the begin mark of a step that must not be repeated silently is stored",
    "step:before": "a step is about to be executed",
    "step:executed": "the step has been executed, its result is not stored",
    "step:after": "the step's result is stored",
    "ask:before": "a request is about to be opened",
    "ask:after": "the request is open and the run is waiting",
    "sleep:after": "a sleep is stored",
    "branch:before": "branches have begun, nothing of them has been executed",
    "branch:after": "the result of a branch is stored",
    "join:after": "all branches have ended and their results are stored as one",
    "decide:before": "a decision is about to be stored",
    "decide:after": "the decision is stored, nobody has been told",
    "sweep:before": "overdue requests were found, none has been moved",
    "sweep:after": "one overdue request has been moved",
    "deliver:before": "a message was taken from the outbox, it has not been sent",
    "deliver:sent": "the message was sent, that is not stored",
    "deliver:after": "the message was sent and that is stored",
    "finish:before": "all steps are done, the end of the run is not stored",
    "finish:after": "the end of the run is stored, nobody has been told",
    "cancel:after": "the cancellation is stored",
    "team:before": "somebody is about to act on a board",
    "team:after": "what somebody did to a board is stored, and what followed from it",
    "commit:before": "a transaction is written and not committed",
    "commit:after": "a transaction is committed, nobody has been told",
}


def _parse(spec: str) -> tuple[str, int]:
    """`NAME` or `NAME@COUNT` (NAME has a colon itself): die when NAME is reached for the COUNT-th time."""
    name, _, count = spec.partition("@")
    if name not in KILL_POINTS:
        raise ValueError(
            f"HANDRAIL_KILL_AT names no kill point: {name!r}. There are: {', '.join(KILL_POINTS)}"
        )
    return name, int(count or 1)


_spec = os.environ.get("HANDRAIL_KILL_AT")
_armed, _left = _parse(_spec) if _spec else (None, 0)


def reach(name: str) -> None:
    """Do nothing, unless this process was told to die here."""
    if _armed is None:
        return
    if name not in KILL_POINTS:
        raise ValueError(f"{name!r} is not in the list of kill points")
    if name == _armed:
        _die()


def _die() -> None:
    global _left  # the only state of this module: how often the point may still be passed
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
