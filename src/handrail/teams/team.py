"""A team: agents and the tasks they do, started in a script or registered with an app, and steered from code.

What it does is stored as it happens; the object itself only starts it, follows it, and passes on what people say.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from handrail.requests.content import JSON, as_stored
from handrail.requests.decision import Actor
from handrail.requests.errors import (
    Conflict,
    InvalidInput,
    InvalidTeam,
    ProgrammingError,
    TeamErrored,
    UnknownId,
)
from handrail.runs.runs import result_of
from handrail.teams import home as homes
from handrail.teams import plan
from handrail.teams.agent import Agent
from handrail.teams.board import Board
from handrail.teams.card import Card
from handrail.teams.event import Fact, WorkflowMoved
from handrail.teams.flow import TeamFlow
from handrail.teams.following import Following, either
from handrail.teams.home import Home
from handrail.teams.moves import check_content
from handrail.teams.ports import StoredTeam
from handrail.teams.state import (
    Listener,
    Subscription,
    TaskState,
    TeamResult,
    TeamState,
    stats_of,
    tasks_of,
    team_result,
)
from handrail.teams.status import TaskStatus, WorkflowStatus
from handrail.teams.task import Task, kinds, planned, several
from handrail.teams.teams import Teams

R = TypeVar("R")
StatusCallback = Callable[[WorkflowStatus], Any]

AT_REST = frozenset({WorkflowStatus.BLOCKED, WorkflowStatus.FINISHED, WorkflowStatus.STOPPED})
"""In these `start` returns."""
OVER = AT_REST | {WorkflowStatus.ERRORED}


class Team:
    """Agents that work on tasks together, on a board that people look at.

    Args:
        name: what it is called; an app knows it by this name, too.
        agents: who works; their names are unique.
        tasks: what is to be done, in order.
        inputs: values for the placeholders in the tasks' texts; `start` may give others.

    Raises `InvalidTeam` for an unknown agent or dependency, tasks that wait for each other, two equal ids.

    >>> writer = Agent("Wendy", "Writer", model=lambda messages: "Bees make honey.")
    >>> team = Team("notes", [writer], [Task("Write about {topic}", writer)], inputs={"topic": "bees"})
    >>> [task.status for task in team.get_tasks()]
    [<TaskStatus.TODO: 'TODO'>]

    In a script, `await team.start()` does the work, in the process's own store; `run_id` makes it resumable by name.
    """

    def __init__(
        self,
        name: str,
        agents: Sequence[Agent],
        tasks: Sequence[Task],
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > 200:
            raise InvalidTeam("a team needs a name: a printable text of at most 200 characters")
        self.name = name
        self.agents = several(agents)
        self.tasks = several(tasks)
        if not isinstance(inputs, Mapping | None):
            raise InvalidInput(f"the inputs of team {name!r} are a dict of values for placeholders")
        self.inputs: dict[str, Any] = as_stored(dict(inputs or {}), "the inputs")
        self.home: Home | None = None
        """the app that has registered it"""
        self._check()
        by_name = {agent.name: agent for agent in self.agents}
        work = plan.joined(planned(self.tasks))
        self.flow = TeamFlow(name, by_name, work, self.inputs, kinds(self.tasks, work))
        self._following: Following | None = None
        self._past: Following | None = None
        """what it has followed until it was closed: its picture stays"""
        self._beginning: asyncio.Future[Following] | None = None
        self._at: Home | None = None
        self._actions: set[asyncio.Task[Any]] = set()
        self._listeners: list[Listener] = []

    def _check(self) -> None:
        if not self.agents or not all(isinstance(agent, Agent) for agent in self.agents):
            raise InvalidTeam(f"team {self.name!r} needs agents: a list of Agent(name, role)")
        if not self.tasks or not all(isinstance(task, Task) for task in self.tasks):
            raise InvalidTeam(f"team {self.name!r} needs tasks: a list of Task(description, agent)")
        names = [agent.name for agent in self.agents]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InvalidTeam(f"two agents are named {twice!r}: names in a team are unique")
        if len(set(map(id, self.tasks))) < len(self.tasks):
            raise InvalidTeam("a task is in the team twice: write it down a second time")
        for task in self.tasks:
            stranger = isinstance(task.agent, Agent) and task.agent not in self.agents
            if task.agent_name not in names or stranger:
                raise InvalidTeam(
                    f"task {task.title!r} is for agent {task.agent_name!r}, who isn't in the team: {', '.join(names)}"
                )

    # -- starting and steering ------------------------------------------------------------------------------------

    def start(
        self, inputs: Mapping[str, Any] | None = None, run_id: str | None = None
    ) -> Awaitable[TeamResult]:
        """Start the work, or attach to the run `run_id`; returns at FINISHED, or BLOCKED with what it waits for.

        It also returns once somebody has stopped the team, and at once where a team was found PAUSED. After BLOCKED the
        process goes on working as soon as a person has moved something. Without `inputs` an existing
        run is attached to whatever it was started with. Raises `InvalidTeam` for a placeholder that nobody fills,
        `RunMismatch` for a `run_id` that means something else, `TeamErrored` if it comes to ERRORED.
        """
        if inputs is not None and not isinstance(inputs, Mapping):
            raise InvalidInput("inputs is a dict of values for placeholders")
        if run_id is None:
            plan.check_inputs(self.flow.tasks, {**self.inputs, **(inputs or {})}.keys())
        within = self._following is not None and self._following.calls_now
        return self._scheduled(self._start(None if inputs is None else dict(inputs), run_id, within))

    async def _start(self, inputs: dict[str, Any] | None, run_id: str | None, within: bool) -> TeamResult:
        here = self.home or await homes.home()
        while (other := self._beginning) is not None:
            await asyncio.wait([other])
        self._beginning = asyncio.ensure_future(self._attached(here, inputs, run_id))
        try:
            following = await self._beginning
        finally:
            self._beginning = None
        return await self._until_rest(following, here, within)

    async def _attached(self, here: Home, inputs: dict[str, Any] | None, run_id: str | None) -> Following:
        """Begin a run, or find it, and follow it from now on; raises `Conflict` while another one is under way."""
        if self._following is not None and (self._at is not here or self._following.store is not here.store):
            self.close()  # it was followed where nothing works any more: on another loop, or before the app was closed
        if (under_way := self._following) is not None and under_way.run_id != run_id:
            if under_way.board.status not in (WorkflowStatus.FINISHED, WorkflowStatus.STOPPED):
                raise Conflict(
                    f"this team is at work in run {under_way.run_id}: stop it first, attach to it with "
                    "start(run_id=...), or make another Team for a second run at the same time"
                )
            self.close()
        run = await here.begin_team(self.flow, inputs, run_id)
        if self._following is None:
            self._past = None
            self._at, self._following = here, Following(here.store, run.id, self._told)
            await self._following.begin()
        return self._following

    async def _until_rest(self, following: Following, here: Home, within: bool) -> TeamResult:
        """Return once nothing moves without a person, callbacks and what they have begun included.

        A start from `within` a callback doesn't wait for callbacks: that would be waiting for itself.
        """
        settled = asyncio.ensure_future(here.wait(following.run_id))
        board, found_paused = following.board, True
        try:
            while True:
                news = following.next_change()
                await following.catch_up()
                found_paused = found_paused and board.status is WorkflowStatus.PAUSED
                told = within or (following.all_told and not self._actions_but_mine())
                if told and board.status is WorkflowStatus.ERRORED:
                    raise TeamErrored(
                        f"{board.error}; mend it, then resume the team", run_id=following.run_id
                    )
                if (told or following.closed) and (board.status in AT_REST or found_paused):
                    if (result := await self._at_rest(following, here)) is not None:
                        return result
                    continue
                if following.closed:
                    raise ProgrammingError(
                        f"the team was closed while start() waited; run {following.run_id} goes on where a worker "
                        "knows it, attach to it with start(run_id=...)"
                    )
                if not settled.done() or board.status in OVER:
                    await either(news, settled)
                    continue
                await following.catch_up()
                if board.status not in OVER:
                    result_of(settled.result())
                    settled = asyncio.ensure_future(here.wait(following.run_id))
        finally:
            settled.cancel()

    def _actions_but_mine(self) -> list["asyncio.Task[Any]"]:
        """What callbacks have begun; starts are under way for as long as the team works."""
        return [each for each in self._actions if not each.get_name().startswith("handrail start")]

    async def _at_rest(self, following: Following, here: Home) -> TeamResult | None:
        """Return how it stands, or None if something has happened that wasn't on the board yet, or not seen here."""
        run_id, seen = following.run_id, following.board.status
        result = team_result(following.board)
        team, waiting = await Teams(here.store, here.clock).rest(run_id)
        if team.status is not seen:
            return None
        return TeamResult(status=seen, result=result, waiting_on=waiting, run_id=run_id)

    def pause(self) -> Awaitable[WorkflowStatus]:
        """Let agents end the call they are in, and begin no other."""
        return self._act("pause", lambda teams, run_id: teams.pause(run_id, actor=self._actor))

    def resume(self) -> Awaitable[WorkflowStatus]:
        """Go on after `pause`, or after an error was mended."""
        return self._act("resume", lambda teams, run_id: teams.resume(run_id, actor=self._actor))

    def stop(self) -> Awaitable[WorkflowStatus]:
        """End the work for good."""
        return self._act("stop", lambda teams, run_id: teams.stop(run_id, actor=self._actor))

    def provide_feedback(self, task_id: str, content: str) -> Awaitable[TaskState]:
        """Say what is to be different about a task; at any point.

        Raises `InvalidInput` for an empty text and `UnknownId` for an unknown task at once, and, awaited, `Conflict` if
        the task awaited validation when it was looked at last and that was decided meanwhile.
        """
        content, seen = check_content(content), self._seen(task_id)
        return self._act_on(
            task_id,
            lambda teams, run_id: teams.give_feedback(
                run_id, task_id, content, actor=self._actor, round=seen
            ),
        )

    def validate_task(self, task_id: str) -> Awaitable[TaskState]:
        """Approve the result of a task that awaits validation. Raises as `provide_feedback` does."""
        seen = self._seen(task_id)
        return self._act_on(
            task_id, lambda teams, run_id: teams.validate(run_id, task_id, actor=self._actor, round=seen)
        )

    def unblock_task(self, task_id: str, note: str | None = None) -> Awaitable[TaskState]:
        """Say that the obstacle of a BLOCKED task is removed; `note` is told to its agent."""
        self._seen(task_id)
        return self._act_on(
            task_id, lambda teams, run_id: teams.unblock(run_id, task_id, actor=self._actor, note=note)
        )

    @property
    def _actor(self) -> Actor:
        return Actor(self._home_now().person)

    def _home_now(self) -> Home:
        if self._at is None:
            raise ProgrammingError("the team isn't at work: call start() first")
        return self._at

    def _seen(self, task_id: str) -> int | None:
        """Return the round that awaits validation as far as this process has seen, None for another state."""
        card = self._board.cards.get(task_id) if isinstance(task_id, str) else None
        if card is None:
            raise UnknownId(
                f"there is no task {task_id!r} in team {self.name!r}: {', '.join(self._board.cards)}"
            )
        return card.round if card.status is TaskStatus.AWAITING_VALIDATION else None

    def _act_on(
        self, task_id: str, act: Callable[[Teams, str], Coroutine[Any, Any, Card]]
    ) -> Awaitable[TaskState]:
        async def done() -> TaskState:
            await self._done(act)
            return next(task for task in self.get_tasks() if task.id == task_id)

        self._home_now()
        return self._scheduled(done())

    def _act(
        self, what: str, act: Callable[[Teams, str], Coroutine[Any, Any, StoredTeam]]
    ) -> Awaitable[WorkflowStatus]:
        async def done() -> WorkflowStatus:
            return (await self._done(act)).status

        self._home_now()
        return self._scheduled(done())

    async def _done(self, act: Callable[[Teams, str], Coroutine[Any, Any, R]]) -> R:
        at, following = self._home_now(), self._following
        if following is None:
            raise ProgrammingError("the team isn't at work: call start() first")
        result = await act(Teams(at.store, at.clock), following.run_id)
        await following.catch_up()
        return result

    def _scheduled(self, work: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
        """Begin to do something now; whoever wants to know how it ends awaits it."""
        name = f"handrail {getattr(work, '__name__', '').strip('_')} of {self.name}"
        try:
            task = asyncio.get_running_loop().create_task(work, name=name)
        except RuntimeError:
            work.close()
            raise ProgrammingError("a team works in an event loop: call this from async code") from None
        self._actions.add(task)
        task.add_done_callback(self._done_acting)
        return task

    def _done_acting(self, task: "asyncio.Task[Any]") -> None:
        self._actions.discard(task)
        if self._following is not None:  # a start may wait for what callbacks have begun
            self._following.ring()

    # -- looking ----------------------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str | None:
        """The run it is at work in, or was at last."""
        followed = self._following or self._past
        return followed.run_id if followed else None

    @property
    def _board(self) -> Board:
        """The board as far as this process has seen it; before it is laid out, as it will be."""
        followed = self._following or self._past
        if followed is not None and followed.board.cards:
            return followed.board
        return Board.planned(self.name, self.flow.tasks, self.inputs)

    def get_tasks(self) -> list[TaskState]:
        """Return all tasks in order, as far as this process has seen."""
        return list(tasks_of(self._board))

    def get_tasks_by_status(self, status: TaskStatus | str) -> list[TaskState]:
        """Return the tasks of one status. Raises `InvalidInput` for one that doesn't exist."""
        try:
            wanted = TaskStatus(status)
        except ValueError:
            raise InvalidInput(f"{status!r} is no status of a task; use {', '.join(TaskStatus)}") from None
        return [task for task in self.get_tasks() if task.status is wanted]

    def get_workflow_status(self) -> WorkflowStatus:
        """Return the status of the work as a whole."""
        return self._board.status

    def get_workflow_result(self) -> JSON:
        """Return the result of the last deliverable task, else of the last task; None until it is FINISHED."""
        return team_result(self._board)

    def get_workflow_stats(self) -> dict[str, Any]:
        """Return counts, tokens, cost (dollars, exact) and duration (seconds)."""
        at = self._at
        return stats_of(self._board, at.clock.now() if at else None)

    def on_workflow_status_change(self, callback: StatusCallback) -> Callable[[], None]:
        """Call `callback(status)`, sync or async, whenever the work comes to another status; returns what ends that.

        On attaching to a run that has begun before, it is called with the present status.
        """
        listener = Listener(callback)
        self._listeners.append(listener)
        return listener.end

    def subscribe(
        self, selector: Callable[[TeamState], R], callback: Callable[[R], Any]
    ) -> Callable[[], None]:
        """Call `callback(value)` whenever what the selector makes of the state changes; returns what ends that.

        `team.subscribe(lambda state: state.team_workflow_status, print)`; a selector receives a `TeamState`.
        """
        subscription = Subscription.since(self._state(self._board), selector, callback)
        self._listeners.append(subscription)
        return subscription.end

    @staticmethod
    def _state(board: Board) -> TeamState:
        return TeamState(tasks_of(board), board.status)

    def _told(self, board: Board, fact: Fact) -> list[Callable[[], Any]]:
        """Return the calls that an event is told by: of the status first, then of what was selected."""
        self._listeners = [one for one in self._listeners if not one.ended]
        subscribed = [one for one in self._listeners if isinstance(one, Subscription)]
        calls: list[Callable[[], Any]] = []
        if isinstance(fact, WorkflowMoved):
            calls += [partial(one, fact.to) for one in self._listeners if one not in subscribed]
        if subscribed:
            state = self._state(board)
            calls += [partial(one, one.known) for one in subscribed if one.changed(state)]
        return calls

    def close(self) -> None:
        """Follow the run no more; it goes on wherever a worker knows the team."""
        if self._following is not None:
            self._following.close()
            self._past = self._following
        self._following = self._at = None
