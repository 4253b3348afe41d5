"""A task that people do and answer: what queues and routers have in common.

It is known by a key, made of where its id is unique (the run, the process, a named queue) and the id itself.
"""

from hashlib import sha256
from typing import Any, Unpack

from handrail.flows.execution import Data, Execution
from handrail.flows.human import Asking, HumanNode, Title, human_result, shown_part, silence, why_not
from handrail.requests.content import LIMIT, SEPARATOR, encode, unlimited
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.outcome import GivenOutcome
from handrail.requests.policy import OnTimeout
from handrail.requests.pool import Pool
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.requests.schema import problems, schema_of

MOST_BESIDE = LIMIT // 2
"""bytes of JSON that are shown beside a task"""


class TaskNode(HumanNode):
    """A node that gives people tasks, which they answer."""

    def __init__(
        self,
        schema: Any,
        *,
        name: str | None = None,
        title: Title | None = None,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        **asking: Unpack[Asking],
    ) -> None:
        super().__init__(name=name, title=title, timeout=timeout, on_timeout=on_timeout, **asking)
        if on_timeout == "approve":
            raise InvalidInput("a task is answered, not approved: use on_timeout=outcome('answer', ...)")
        self.response_schema = None if schema is None else schema_of(schema)
        self._check_silence(on_timeout)

    def _check_silence(self, on_timeout: OnTimeout) -> None:
        match on_timeout:
            case GivenOutcome(Verb.ANSWER, payload) if self.response_schema is not None:
                if found := problems(self.response_schema, payload):
                    told = f"{found[0].path or 'it'} {found[0].message}"
                    raise InvalidInput(f"the answer that on_timeout gives doesn't fit the schema: {told}")
            case GivenOutcome(verb) if verb in (Verb.APPROVE, Verb.EDIT):
                raise InvalidInput("a task is answered, not approved: use on_timeout=outcome('answer', ...)")

    def task(self, data: Data, title: str, key: str, pool: Pool | None, **more: Any) -> RequestDraft:
        """Return the request that a task is: `content` is shown, the rest of the data beside it."""
        shown = shown_part(data, "content")
        return self.draft(
            "task",
            self.title_for(data, title),
            shown,
            (Verb.ANSWER,),
            context=_beside(data, shown),
            response_schema=self.response_schema,
            key=key,
            pool=pool,
            **more,
        )

    def done(self, task_id: str, request: HumanRequest) -> Data:
        """Return what became of a task."""
        outcome = request.outcome
        if outcome is not None and outcome.verb is Verb.ANSWER:
            end = {"status": "completed", "result": outcome.payload}
        else:
            end = {"status": "not_completed", "result": None, "reason": why_not(request)}
        return {"task_id": task_id, **end, **human_result(request), **silence(request, self.timeout)}


def _beside(data: Data, shown: Data) -> Data:
    """Return what is shown beside the task: the rest of the data, without what nobody would read to its end."""
    rest = {name: value for name, value in data.items() if name not in shown}
    sizes = {name: len(encode(value, given=unlimited)) for name, value in rest.items()}
    if sum(sizes.values()) <= MOST_BESIDE:
        return rest
    return {name: value for name, value in rest.items() if sizes[name] <= MOST_BESIDE // max(len(rest), 1)}


def key_of(*parts: str) -> str:
    """Return the key of a task, or with an empty last part how the keys of its neighbours begin."""
    return SEPARATOR.join(parts)


def check_task(task_id: object, data: object) -> str:
    """Return the id of a task as text, or raise `InvalidInput` for an id or data that can't be one."""
    known = isinstance(task_id, str | int) and not isinstance(task_id, bool)
    if not known or not str(task_id).strip() or not str(task_id).isprintable() or len(str(task_id)) > 200:
        raise InvalidInput("a task_id is a printable text of at most 200 characters")
    if not isinstance(data, dict):
        raise InvalidInput(f"the data of a task is a dict, not {type(data).__name__}")
    encode(data, "the data of the task", unlimited)
    return str(task_id)


def id_of(key: str) -> str:
    """Return the id of the task with this key."""
    return key.rpartition(SEPARATOR)[2]


def given_id(data: Data) -> Any:
    """Return the id that the data gives a task; not that of an earlier task whose result it is."""
    return None if "request_id" in data and "status" in data else data.get("task_id")


def id_in(run: Execution, data: Data) -> str:
    """Return the id that the data gives a task, else one that nobody else has."""
    if (given := given_id(data)) is not None:
        return check_task(given, data)
    made = sha256(f"{run.run_id}/{run.address}".encode()).hexdigest()
    return check_task(f"task_{made[:12]}", data)


def called(what: str, data: Data) -> str:
    """Return what a task is called: with its id, if somebody has given it one."""
    given = given_id(data)
    return what if given is None else f"{what} {given}"
