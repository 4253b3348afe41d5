"""Tasks for the worker who suits them: one of a pool gets it, and nobody else may answer it."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from handrail.flows.execution import Data, inside
from handrail.flows.human import Asking, Title, is_priority
from handrail.flows.task import TaskNode, called, id_in, id_of, key_of
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import GROUP, OnTimeout, is_name
from handrail.requests.pool import Assign, Pool
from handrail.requests.request import HumanRequest

POOLS = {
    "translation": ["translator_1", "translator_2"],
    "review": ["reviewer_1", "reviewer_2", "reviewer_3"],
    "annotation": ["annotator_1", "annotator_2"],
}
"""those of the reference page"""
PRIORITIES = {"high": 10, "normal": 0, "low": -10}
OBJECT = {"type": "object"}


class TaskRouter(TaskNode):
    """Give a task to one worker of the pool of its `task_type`, and go on with what that worker answers.

    A worker has at most `capacity` open tasks at a time, counted over all runs and routers of the store. When nobody of
    the pool has room the task waits in line; whoever becomes free gets the most urgent one, then the oldest.

    Args:
        workers: names by task type; the pools `translation`, `review` and `annotation` by default.
        capacity: open tasks that one worker may have.
        assign: `"least_loaded"`: the worker with the fewest open tasks; `"round_robin"`: in turn. Of equals it is the
            one who has waited longest for a task.
        schema: what an answer looks like, as in `ask`; a JSON object by default.
        title, timeout, on_timeout, escalations, reminders, require, guideline, channels: as in `HumanApprovalNode`.

    The data may say `task_type` (`"review"` by default), `priority` (`"high"`, `"normal"`, `"low"` or a number) and
    `task_id`. The result is the data with `task_id`, `worker`, `result` and `status`: `completed`, or `not_completed`
    with a `reason`. For a task type without workers it is `queued` with the reason `no_available_workers`, at once.

    >>> router = TaskRouter({"translation": ["tina", "tom"], "legal": ["lea"]}, capacity=3)
    >>> router.workers["legal"]
    ('lea',)
    """

    def __init__(
        self,
        workers: Mapping[str, Sequence[str]] | None = None,
        capacity: int = 1,
        assign: Assign = "least_loaded",
        *,
        schema: Any = None,
        name: str | None = None,
        title: Title | None = None,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        **asking: Unpack[Asking],
    ) -> None:
        if given := sorted({"audience", "quorum", "blind"}.intersection(asking)):
            raise InvalidInput(f"TaskRouter takes no {given[0]}: the worker who gets a task decides, alone")
        super().__init__(
            OBJECT if schema is None else schema,
            name=name,
            title=title,
            timeout=timeout,
            on_timeout=on_timeout,
            **asking,
        )
        self.workers = _pools(POOLS if workers is None else workers)
        if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
            raise InvalidInput(f"capacity={capacity!r}: give a whole number from 1")
        if assign not in ("least_loaded", "round_robin"):
            raise InvalidInput(f"assign={assign!r}: use 'least_loaded' or 'round_robin'")
        self.capacity, self.assign = capacity, assign

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Give the task to a worker and add the answer to the data."""
        data = _without_earlier(data)
        task_type = data.get("task_type", "review")
        if not isinstance(task_type, str):
            raise InvalidInput(f"task_type is a text, not {type(task_type).__name__}")
        priority = self._priority(data)
        if not (workers := self.workers.get(task_type)):
            return {**data, "status": "queued", "reason": "no_available_workers"}
        run = inside("TaskRouter")
        task_id = id_in(run, data)
        key = key_of("own", run.task_scope, "routed", task_id)
        pool = Pool(workers, self.capacity, self.assign)
        title = called(f"{task_type[:1].upper()}{task_type[1:]} task", data)
        key = await run.submit(self.task(data, title, key, pool, priority=priority), own=True)
        request = await run.wait_for(key, None)
        assert request is not None  # it was waited for without a limit
        return {**data, "worker": _worker(request), **self.done(id_of(key), request)}

    def _priority(self, data: Data) -> int:
        given = data.get("priority", self.asking.get("priority", 0))
        if isinstance(given, str) and given in PRIORITIES:
            return PRIORITIES[given]
        if not is_priority(given):
            raise InvalidInput(
                "priority is 'high', 'normal', 'low' or a whole number of at most nine digits; the data has "
                f"{given!r:.40}"
            )
        return int(given)


def _without_earlier(data: Data) -> Data:
    """Return the data without why an earlier task in it was not done."""
    if data.get("status") in ("queued", "not_completed"):
        return {key: value for key, value in data.items() if key not in ("reason", "timeout_seconds")}
    return data


def _worker(request: HumanRequest) -> str | None:
    """Return who did it, which is somebody else than it was assigned to if it was reassigned or escalated."""
    by = request.outcome.by if request.outcome is not None else ()
    return by[0] if by else request.worker


def _pools(workers: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    if not isinstance(workers, Mapping):
        raise InvalidInput("TaskRouter needs workers by task type: {'review': ['alice', 'bob']}")
    return {task_type: _pool(task_type, names) for task_type, names in workers.items()}


def _pool(task_type: str, names: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(task_type, str) or not task_type.strip():
        raise InvalidInput(f"{task_type!r} is no task type: use a text")
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise InvalidInput(f"the workers for {task_type!r} are a list of names")
    pool = tuple(names)
    for name in pool:
        if not is_name(name):
            raise InvalidInput(
                f"a worker for {task_type!r} has no name: names are texts without blanks around them"
            )
        if name.startswith(GROUP):
            raise InvalidInput(f"{name!r} can't be a worker for {task_type!r}: name the people, not a group")
        if pool.count(name) > 1:
            raise InvalidInput(f"worker {name!r} is named twice for {task_type!r}")
    return pool
