"""The protocol by which a node asks, and the variable that says in which run it is.

Inside a run `current()` gives the `Execution` of the step that is being executed; outside there is none, and a node
that is executed starts a run of its own through `start_run`, which the application fills in.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from handrail.requests.content import JSON
from handrail.requests.errors import InvalidInput, ProgrammingError
from handrail.requests.policy import seconds
from handrail.requests.request import HumanRequest, RequestDraft

if TYPE_CHECKING:
    from handrail.flows.node import ChainableNode

Data = dict[str, Any]


class Parked(BaseException):
    """The run waits and is forgotten by its process. Not an error: let it pass."""


class Stopped(BaseException):
    """A node ended the whole run early; `result` is the run's result. Not an error: let it pass."""

    def __init__(self, result: Data) -> None:
        super().__init__("the run was stopped by one of its nodes")
        self.result = result


@dataclass(frozen=True, slots=True)
class StepOptions:
    """How a step is executed.

    `retries` is how often a failed attempt is repeated, after `backoff` seconds that double each time.
    `attempt_timeout` bounds one attempt (seconds). `on_interrupt="ask"` asks a person before a step whose process
    died in its middle is executed again.
    """

    retries: int = 0
    backoff: float = 1.0
    attempt_timeout: float | None = None
    on_interrupt: Literal["retry", "ask"] = "retry"

    def __post_init__(self) -> None:
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            raise InvalidInput(f"retries={self.retries!r}: give a whole number from 0")
        seconds(self.backoff, "backoff")
        if self.attempt_timeout is not None:
            seconds(self.attempt_timeout, "attempt_timeout")
        if self.on_interrupt not in ("retry", "ask"):
            raise InvalidInput(f"on_interrupt={self.on_interrupt!r}: use 'retry' or 'ask'")

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait after the `attempt`-th attempt (from 1) has failed."""
        return float(min(self.backoff * 2.0 ** min(attempt - 1, 30), 86_400.0))


class Tasks(Protocol):
    """Gives tasks to people without waiting, and waits for them: a run does, or the process outside one."""

    @property
    def task_scope(self) -> str: ...
    async def submit(self, draft: RequestDraft, own: bool) -> str: ...
    async def wait_for(self, key: str, timeout: float | None) -> HumanRequest | None: ...
    async def wait_until_done(self, key_prefix: str) -> None: ...


class Execution(Tasks, Protocol):
    """A step that is being executed, as its code sees the run."""

    @property
    def run_id(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def web_url(self) -> str | None: ...
    @property
    def node(self) -> "ChainableNode | None": ...
    async def run_node(self, node: "ChainableNode", body: Callable[[], Awaitable[JSON]]) -> Data: ...
    async def step(self, name: str, body: Callable[[], Awaitable[JSON]], options: StepOptions) -> JSON: ...
    async def ask(self, draft: RequestDraft, name: str | None = None) -> HumanRequest: ...
    async def sleep(self, duration: float) -> None: ...
    async def remember(self, kind: str, make: Callable[[], JSON]) -> JSON: ...
    async def gather(
        self,
        branches: Sequence[Awaitable[JSON] | Callable[[], Awaitable[JSON]]],
        limit: int | None = None,
    ) -> list[JSON]: ...
    def now(self) -> datetime: ...


_current: ContextVar[Execution | None] = ContextVar("handrail_execution", default=None)


def current() -> Execution | None:
    """Return the execution of the present step, or None outside a run."""
    return _current.get()


def inside(what: str) -> Execution:
    """Return the execution of the present step or raise `ProgrammingError` naming `what` was called."""
    if (execution := _current.get()) is None:
        raise ProgrammingError(
            f"{what} works inside a run only: call it from a node, or from a function registered with app.flow(...)"
        )
    return execution


class StartRun(Protocol):
    """Starts a run for a node that is executed outside one, and waits for its result."""

    async def __call__(self, node: "ChainableNode", data: Data, run_id: str | None) -> Data: ...


_start_run: StartRun | None = None


def fill_start_run(start_run: StartRun) -> None:
    """Say how runs are started; the application does this when `handrail` is imported."""
    global _start_run
    _start_run = start_run


_open_tasks: Callable[[], Awaitable[Tasks]] | None = None


def fill_open_tasks(open_tasks: Callable[[], Awaitable[Tasks]]) -> None:
    """Say who gives tasks to people outside a run; the application does this when `handrail` is imported."""
    global _open_tasks
    _open_tasks = open_tasks


async def tasks() -> Tasks:
    """Return what gives tasks to people here: the run, or the process outside one."""
    if (execution := _current.get()) is not None:
        return execution
    if _open_tasks is None:
        raise ProgrammingError("import handrail before giving tasks to people: it brings the store")
    return await _open_tasks()


async def start_run(node: "ChainableNode", data: Data, run_id: str | None) -> Data:
    """Start a run of `node` and return its result."""
    if _start_run is None:
        raise ProgrammingError("import handrail before executing a flow: it brings the store and the engine")
    return await _start_run(node, data, run_id)
