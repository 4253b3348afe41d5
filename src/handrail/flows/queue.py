"""Tasks for people in a queue: submitted now, done whenever somebody gets to them, looked at later."""

from typing import Any, Unpack

from handrail.flows.execution import Data, Tasks, inside, tasks
from handrail.flows.human import Asking, Title
from handrail.flows.task import TaskNode, called, check_task, id_in, id_of, key_of
from handrail.requests.content import content_hash
from handrail.requests.errors import InvalidFlow
from handrail.requests.policy import OnTimeout, is_name, seconds
from handrail.requests.request import HumanRequest


class AsyncHumanQueue(TaskNode):
    """A queue of tasks that people answer, with any JSON value by default.

    In a pipeline it gives its input as a task and goes on with the answer. `submit_task`, `process_queue` and
    `get_result` work from anywhere: inside a run they survive everything as it does, outside one they belong to the
    process.

    Args:
        name: makes the queue one that everybody shares who uses its name on the same store, now or later. Without it
            tasks belong to the run they are given in (outside a run to the process), and are withdrawn when that ends.
        schema: what an answer looks like, as in `ask`; anything by default.
        title, timeout, on_timeout, audience, priority, ...: as in `HumanApprovalNode`.

    A task's id is unique in its queue: the same id with the same data is the same task, with other data a `Conflict`.

    >>> from handrail import App, ask
    >>> queue = AsyncHumanQueue("labels", audience="group:annotators")
    >>> async def label_all(texts):  # a flow
    ...     for number, text in enumerate(texts):
    ...         await queue.submit_task(f"text-{number}", {"content": text})
    ...     await queue.process_queue()
    ...     return {"labels": [await queue.get_result(f"text-{n}") for n in range(len(texts))]}
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        schema: Any = None,
        title: Title | None = None,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        **asking: Unpack[Asking],
    ) -> None:
        if name is not None and not is_name(name):
            raise InvalidFlow(f"{name!r} can't be the name of a queue: use a text without blanks around it")
        super().__init__(schema, name=name, title=title, timeout=timeout, on_timeout=on_timeout, **asking)
        # Two queues in one run that ask different things must not take each other's tasks for their own.
        self._place = content_hash(title if isinstance(title, str) else None)[:8]

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Give the data to people as a task and return `task_id`, `status` and `result`, however long it takes.

        The id is `task_id` of the data, if there is one. `status` is `completed`, or `not_completed` with a `reason`:
        `timeout` (of the queue), `expired` or `withdrawn`.
        """
        run = inside("AsyncHumanQueue.execute")
        key = await self._submit(run, id_in(run, data), data, called("Task", data))
        request = await run.wait_for(key, None)
        return self.done(id_of(key), _ended(request, id_of(key), None))

    async def submit_task(self, task_id: str, data: Data) -> None:
        """Give people a task, without waiting for it. Raises `Conflict` for an id that means another task."""
        task_id = check_task(task_id, data)
        await self._submit(await tasks(), task_id, data, f"Task {task_id}")

    async def process_queue(self) -> None:
        """Wait until the queue is empty: until people have done all its tasks, those submitted meanwhile too."""
        where = await tasks()
        await where.wait_until_done(self._key(where, ""))

    async def get_result(self, task_id: str, timeout: float | None = 60) -> Data:
        """Return what became of a task: `task_id`, `status`, `result`.

        Raises `TimeoutError` if it is not done within `timeout` seconds (0: just look; None: however long it takes);
        the task stays open. Inside a run, `UnknownId` for a task that was never submitted.
        """
        task_id = check_task(task_id, {})
        where = await tasks()
        limit = None if timeout is None else 0.0 if timeout == 0 else seconds(timeout, "timeout")
        request = await where.wait_for(self._key(where, task_id), limit)
        return self.done(task_id, _ended(request, task_id, limit))

    async def _submit(self, where: Tasks, task_id: str, data: Data, known: str) -> str:
        """Give the task; returns the key by which it is known."""
        kind = data.get("type")
        title = f"{known} ({kind})" if isinstance(kind, str) and kind.strip() else known
        draft = self.task(data, title, self._key(where, task_id), None)
        return await where.submit(draft, own=self.name is None)

    def _key(self, where: Tasks, task_id: str) -> str:
        if self.name is not None:
            return key_of("queue", self.name, task_id)
        return key_of("own", where.task_scope, "queue", self._place, task_id)


def _ended(request: HumanRequest | None, task_id: str, timeout: float | None) -> HumanRequest:
    if request is None:
        raise TimeoutError(
            f"task {task_id!r} was not done within {timeout:g} s; if it has been submitted it stays open"
        )
    return request
