"""A team and its board once more, written from the design alone: what the store is compared with.

Nothing here uses the code under test. States are plain text, a team is plain dicts, and what may happen next is found
anew each time by looking at every task.
"""

from typing import Any

TASK = {
    "TODO": "DOING ABORTED",
    "DOING": "BLOCKED AWAITING_VALIDATION DONE TODO PAUSED ABORTED",
    "BLOCKED": "DOING REVISE TODO ABORTED",
    "REVISE": "DOING TODO ABORTED",
    "AWAITING_VALIDATION": "VALIDATED REVISE TODO ABORTED",
    "VALIDATED": "DONE",
    "DONE": "REVISE TODO",
    "PAUSED": "RESUMED TODO ABORTED",
    "RESUMED": "DOING",
    "ABORTED": "",
}
WORKFLOW = {
    "INITIAL": "RUNNING",
    "RUNNING": "BLOCKED FINISHED PAUSED STOPPING ERRORED",
    "BLOCKED": "RUNNING PAUSED STOPPING ERRORED",
    "FINISHED": "RUNNING",
    "PAUSED": "RESUMED STOPPING",
    "RESUMED": "RUNNING",
    "STOPPING": "STOPPED",
    "STOPPED": "",
    "ERRORED": "RESUMED STOPPING",
}
AT_ONCE = 5


class Refused(Exception):
    """A move that must fail: `illegal` or `conflict`."""


def task(name: str, needs: list[str], *, parallel: bool, validated: bool) -> dict[str, Any]:
    """Return a task that nobody has begun."""
    return {
        "name": name,
        "needs": needs,
        "parallel": parallel,
        "validated": validated,
        "status": "TODO",
        "round": 0,
        "ready": False,
        "feedback": [],
        "result": None,
        "end": None,
        "asks": False,
        "answer": None,
        "calls": 0,
        "counted": 0,
    }


def before(tasks: list[dict[str, Any]], one: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tasks that have to be done before one may begin."""
    waits = [other for other in tasks if other["name"] in one["needs"]]
    return waits if one["parallel"] else waits + tasks[: tasks.index(one)]


def can_end(tasks: list[dict[str, Any]]) -> bool:
    """Whether such a team can ever be done: try it."""
    done: list[dict[str, Any]] = []
    while more := [
        each for each in tasks if each not in done and all(one in done for one in before(tasks, each))
    ]:
        done += more
    return len(done) == len(tasks)


class Model:
    """One team's board, as it should be."""

    def __init__(self, tasks: list[dict[str, Any]]) -> None:
        self.tasks = tasks
        self.status = "INITIAL"

    def __getitem__(self, name: str) -> dict[str, Any]:
        return next(one for one in self.tasks if one["name"] == name)

    def view(self) -> Any:
        """Return what is compared."""
        keys = ("status", "round", "ready", "result", "feedback", "calls")
        return self.status, {one["name"]: tuple(one[key] for key in keys) for one in self.tasks}

    def in_status(self, *statuses: str) -> list[dict[str, Any]]:
        """Return the tasks of some states."""
        return [one for one in self.tasks if one["status"] in statuses]

    def pending(self) -> list[str]:
        """Return what has happened and isn't taken in: ends of rounds, and what people have said."""
        ends = [one["name"] for one in self.in_status("DOING") if one["end"]]
        return ends + [one["name"] for one in self.in_status("AWAITING_VALIDATION") if one["answer"]]

    # -- what the board does by itself ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Lay the board out."""
        self.status = "RUNNING"
        self.catch_up()

    def catch_up(self) -> None:
        """Do what follows from what has happened."""
        for one in self.in_status("DOING"):
            if one["end"]:
                self._take_in(one, *one["end"])
        for one in self.in_status("AWAITING_VALIDATION"):
            if one["answer"]:
                self._take_answer(one, *one["answer"])
        if self.status in ("RUNNING", "BLOCKED"):
            self._take_up()
            self._judge()

    def _take_in(self, one: dict[str, Any], what: str, value: Any, heard: int, calls: int) -> None:
        one["end"], one["asks"] = None, False
        if what in ("failed", "cancelled"):
            one["status"] = "BLOCKED"
            if what == "failed" and self.status in ("RUNNING", "BLOCKED"):
                self.status = "ERRORED"
            return
        self.count(one, calls)
        self.worked_in(one, heard)
        if what == "blocked":
            one["status"] = "BLOCKED"
            return
        one["result"] = value
        one["status"] = "AWAITING_VALIDATION" if one["validated"] else "DONE"
        if any(status == "PENDING" for _, status in one["feedback"]):
            self._revise(one)

    @staticmethod
    def count(one: dict[str, Any], calls: int) -> None:
        """An agent says how often it has called its model in this round."""
        more = max(0, calls - one["counted"])
        one["calls"] += more
        one["counted"] += more

    @staticmethod
    def worked_in(one: dict[str, Any], heard: int) -> None:
        """An agent has given its model the feedback up to a number."""
        for said in one["feedback"][:heard]:
            said[1] = "PROCESSED"

    def _take_answer(self, one: dict[str, Any], what: str, value: Any) -> None:
        one["answer"] = None
        if what == "request_changes":
            one["feedback"].append([value, "PENDING"])
            self._revise(one)
        elif what != "withdrawn":
            one["status"] = "DONE"
            if what == "edit":
                one["result"] = value

    def _revise(self, one: dict[str, Any]) -> None:
        one["status"], one["ready"] = "REVISE", False
        for other in self.tasks:
            if other is not one and one["name"] in self._behind(other) and other["status"] != "TODO":
                self._leave(other)
                other |= {"status": "TODO", "ready": False, "result": None}
                other |= {"end": None, "asks": False, "answer": None}
        if self.status == "FINISHED":
            self.status = "RUNNING"

    def _leave(self, one: dict[str, Any]) -> None:
        if one["end"] and one["end"][0] in ("done", "blocked"):  # nobody has looked, and it was paid for
            self.count(one, one["end"][3])

    def _behind(self, one: dict[str, Any]) -> set[str]:
        """Return all that a task depends on, however far back."""
        found = set(one["needs"])
        for name in one["needs"]:
            found |= self._behind(self[name])
        return found

    def may_begin(self, one: dict[str, Any]) -> bool:
        """Whether an agent may take a task up."""
        if one["status"] == "TODO":
            return all(other["status"] == "DONE" for other in before(self.tasks, one))
        return one["status"] == "REVISE" or (one["status"] == "BLOCKED" and one["ready"])

    def _take_up(self) -> None:
        for one in self.tasks:
            if self.may_begin(one) and len(self.in_status("DOING")) < AT_ONCE:
                one |= {"status": "DOING", "round": one["round"] + 1, "ready": False, "counted": 0}
                one |= {"end": None, "asks": False, "answer": None}
                self.status = "RUNNING"

    def _judge(self) -> None:
        if all(one["status"] == "DONE" for one in self.tasks):
            self.status = "FINISHED"
        else:
            moves = any(not one["asks"] for one in self.in_status("DOING"))
            self.status = "RUNNING" if moves else "BLOCKED"

    # -- what people do -----------------------------------------------------------------------------------------------

    def validate(self, name: str, round: int | None) -> None:
        """Somebody approves the round that they saw, or whatever awaits validation."""
        self.catch_up()
        one = self[name]
        if one["status"] != "AWAITING_VALIDATION" or round not in (None, one["round"]):
            raise Refused("illegal" if round is None else "conflict")
        one["answer"] = ("approve", None)
        self.catch_up()

    def feedback(self, name: str, content: str, round: int | None) -> None:
        """Somebody wants something to be different."""
        self.catch_up()
        one = self[name]
        if self.status == "STOPPED":
            raise Refused("illegal")
        if round is not None and (one["round"] != round or one["status"] in ("REVISE", "DONE")):
            raise Refused("conflict")
        if one["status"] == "AWAITING_VALIDATION":
            one["answer"] = ("request_changes", content)
        else:
            one["feedback"].append([content, "PENDING"])
            if one["status"] in ("BLOCKED", "DONE"):
                self._revise(one)
        self.catch_up()

    def unblock(self, name: str, note: str | None) -> None:
        """Somebody has removed an obstacle."""
        self.catch_up()
        one = self[name]
        if one["status"] != "BLOCKED":
            raise Refused("illegal")
        if note:
            one["feedback"].append([note, "PENDING"])
        one["ready"] = True
        self.catch_up()

    def pause(self) -> None:
        """Nobody is to begin anything."""
        self.catch_up()
        self._check("PAUSED")
        self.status = "PAUSED"
        for one in self.in_status("DOING"):
            one["status"] = "PAUSED"

    def resume(self) -> None:
        """Go on."""
        self.catch_up()
        self._check("RESUMED")
        self.status = "RUNNING"
        for one in self.in_status("PAUSED"):
            one["status"] = "DOING"
        self.catch_up()

    def stop(self) -> None:
        """End everything that isn't done."""
        self.catch_up()
        self._check("STOPPING")
        self.status = "STOPPED"
        for one in self.tasks:
            if one["status"] != "DONE":
                self._leave(one)
                one |= {"status": "ABORTED", "ready": False, "end": None, "asks": False, "answer": None}

    def _check(self, to: str) -> None:
        if to not in WORKFLOW[self.status].split():
            raise Refused("illegal")
