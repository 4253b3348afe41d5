"""A team as a flow: its run keeps the board going, and each round of an agent is a child run of it.

Both are executed by whoever knows the team. The run of the team does nothing but look at the board whenever it is
woken: by a round that came to a wait or an end, by a decision, by people. A round does what its agent does.
"""

from collections.abc import Sequence
from typing import Any, cast

from pydantic import TypeAdapter

from handrail.flows.durable import step
from handrail.flows.execution import Data, current, inside
from handrail.flows.node import ChainableNode
from handrail.inbox.moves import LostRace
from handrail.requests.content import JSON, encode, isolated, unlimited
from handrail.requests.errors import InvalidInput, TeamErrored
from handrail.runs.scope import Scope
from handrail.teams import moves, plan, work
from handrail.teams.agent import Agent
from handrail.teams.conversation import converse
from handrail.teams.plan import Planned
from handrail.teams.ports import StoredTeam, TeamTransaction
from handrail.teams.round import CallUsage, RoundEnd
from handrail.teams.status import WorkflowStatus


class TeamFlow(ChainableNode):
    """The flow behind a team; `Team` makes it. `kinds` are the types of results, by task."""

    def __init__(
        self,
        team: str,
        agents: dict[str, Agent],
        tasks: tuple[Planned, ...],
        inputs: dict[str, Any],
        kinds: dict[str, TypeAdapter[Any]],
    ) -> None:
        super().__init__()
        self.team = team
        self.agents = agents
        self.tasks = tasks
        self.inputs = inputs
        self.kinds = kinds

    @property
    def kind(self) -> str:
        return "Team"

    def check_input(self, data: Data) -> None:
        # What is being executed may have a board already: that goes on whatever the texts in the code are now.
        if set(data) == {"task", "round"} or current() is not None:
            return
        plan.check_inputs(self.tasks, {**self.inputs, **data}.keys())

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Keep the board going, or do one round of a task."""
        scope = cast(Scope, inside("a team"))
        if scope.activation.parent is None:
            return await self._keep_going(scope, data)
        return (await self._round(scope, scope.activation.parent, data)).write()

    async def _keep_going(self, scope: Scope, data: Data) -> Data:
        while True:
            team = await self._advance(scope, data)
            match team.status:
                case WorkflowStatus.FINISHED:
                    return await scope.activation.store.read(_result, team=team)
                case WorkflowStatus.ERRORED:
                    raise TeamErrored(
                        f"{team.error}; mend it, then resume the team of run {team.run_id}",
                        run_id=team.run_id,
                    )
            await scope.park()

    async def _advance(self, scope: Scope, data: Data) -> StoredTeam:
        inputs = {**self.inputs, **data}
        while True:
            try:
                return await scope.activation.insist(  # type: ignore[no-any-return]
                    moves.advance,
                    run_id=scope.run_id,
                    name=self.team,
                    tasks=self.tasks,
                    inputs=inputs,
                    now=scope.now(),
                )
            except LostRace:
                continue

    async def _round(self, scope: Scope, board: str, data: Data) -> RoundEnd:
        task, store = data["task"], scope.activation.store

        async def go_on() -> None:
            if await store.read(work.is_held_up, run_id=board, task=task, child=scope.run_id):
                await cast(Scope, inside("a round")).park()  # whoever resumes the team wakes this run

        async def consult(heard: int, worked_in: int, usage: Sequence[CallUsage]) -> list[dict[str, Any]]:
            async def look() -> JSON:
                notes = await scope.activation.insist(
                    work.consult,
                    run_id=board,
                    task=task,
                    child=scope.run_id,
                    heard=heard,
                    worked_in=worked_in,
                    usage=usage,
                    now=scope.now(),
                )
                if (
                    notes.paused or notes.gone
                ):  # whoever resumes the team wakes this run; one that is gone is cancelled
                    await cast(Scope, inside("a round")).park()
                return notes.feedback

            # Only the number is kept: much feedback may be larger than what a step may keep, and it never changes.
            last = await step("notes", look)
            found = await store.read(work.told, run_id=board, task=task, heard=heard, last=last)
            return cast(list[dict[str, Any]], _taken_in(scope, found))

        # What it builds on stays as it is while this round goes on: only what doesn't is kept.
        processed = await step("brief", _processed, store, board, task)
        brief = _taken_in(
            scope,
            await store.read(work.brief, run_id=board, task=task, number=data["round"], processed=processed),
        )
        brief["messages"] = await store.read(
            work.talk, run_id=board, task=task, since=brief["since"], number=data["round"]
        )
        agent = self.agents.get(brief["agent"])
        if agent is None:
            known = ", ".join(self.agents)
            return RoundEnd(blocked=f"the team has no agent {brief['agent']!r} any more; it has {known}")
        return await converse(agent, brief, consult, go_on, self._kind_of(task, brief["output_schema"]))

    def _kind_of(self, task: str, schema: dict[str, Any] | None) -> TypeAdapter[Any] | None:
        """Return the type of a task's result, unless the code has another one since the board was laid out."""
        now = next((each.output_schema for each in self.tasks if each.id == task), None)
        return self.kinds.get(task) if isolated(now) == schema else None


async def _processed(store: Any, board: str, task: str) -> JSON:
    return await store.read(work.processed, run_id=board, task=task)


def _taken_in(scope: Scope, value: JSON) -> JSON:
    """Return what a round was told; so much more may its own result hold."""
    return scope.take_in(encode(value, given=unlimited))


def _result(tx: TeamTransaction, *, team: StoredTeam) -> Data:
    card = tx.card(team.run_id, team.result_task)
    if card is None:
        raise InvalidInput(f"the board of {team.run_id} has no task {team.result_task!r}")
    return {"status": team.status.value, "result": card.result, "task": card.id}
