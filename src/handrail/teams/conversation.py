"""A round of an agent: brief, model, tools, feedback, until there is a result or an obstacle.

Each call of the model and of a tool is a step of the round's run, so none is paid for twice. What the model hasn't
answered to is no part of the conversation yet: where it fails, the next round says it again.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter

from handrail.flows.durable import step
from handrail.requests.content import JSON
from handrail.requests.errors import StepFailed
from handrail.teams import prompt
from handrail.teams.agent import Agent
from handrail.teams.mind import think
from handrail.teams.result import Misfit, is_of, result_of
from handrail.teams.round import CallUsage, RoundEnd
from handrail.teams.scripted import BLOCK_TASK
from handrail.teams.tools import Obstacle
from handrail.teams.turn import STEP, Message, Turn, pending

Consult = Callable[[int, int, Sequence[CallUsage]], Awaitable[list[dict[str, Any]]]]
"""`consult(heard, worked_in, usage)`: see `work.consult`; returns feedback (`number`, `content`) that is new"""

GoOn = Callable[[], Awaitable[None]]
"""returns if the agent may begin another call now; else the round waits"""

CORRECTIONS = 2
"""how often a model is told that its result doesn't fit"""

CUT_OFF = "it was cut off, too long for the limit of tokens (settings['max_tokens']): make it shorter"


async def _at_once() -> None:
    pass


async def converse(
    agent: Agent,
    brief: dict[str, Any],
    consult: Consult,
    go_on: GoOn = _at_once,
    kind: TypeAdapter[Any] | None = None,
) -> RoundEnd:
    """Let an agent work on a task for one round; `brief` is what `work.brief` tells, `kind` the result's type."""
    return await Conversation(agent, brief, consult, go_on, kind).hold()


class Conversation:
    """What is said in one round.

    `earlier` is what was said in the rounds before, `said` what was said in this one, and `unheard` what the model is
    told with its next call.
    """

    def __init__(
        self,
        agent: Agent,
        brief: dict[str, Any],
        consult: Consult,
        go_on: GoOn,
        kind: TypeAdapter[Any] | None,
    ) -> None:
        self._agent = agent
        self._kind = kind
        self._schema: dict[str, Any] | None = brief["output_schema"]
        self._consult = consult
        self._go_on = go_on
        self._earlier: list[Message] = list(brief["messages"])
        self._said: list[Message] = []
        self._unheard: list[Message] = self._opening(brief)
        self._heard = self._worked_in = int(brief["processed"])
        self._usage: list[CallUsage] = []
        self._misfits = 0

    def _opening(self, brief: dict[str, Any]) -> list[Message]:
        if not self._earlier:
            return prompt.opening(self._agent, brief)
        given = brief["result"]
        changed = given is not None and not self._is_own(given)
        # Of a round that came to no end of its own nothing is left but what people have said.
        return [
            *([prompt.edited(given)] if changed else []),
            *([prompt.user(prompt.earlier(brief))] if brief["earlier_feedback"] else []),
        ]

    def _is_own(self, result: JSON) -> bool:
        """Whether a result is what the model has said, and no person has changed it."""
        for message in self._earlier:
            if message["role"] == "assistant" and not message.get("calls"):
                with suppress(Exception):  # a type may break on what it reads
                    read, again = (result_of(message["content"], self._schema, self._kind) for _ in range(2))
                    if is_of(result, read, again):
                        return True
        return False

    async def hold(self) -> RoundEnd:
        """Go on until there is a result or an obstacle."""
        try:
            await self._catch_up()
            return self._end(result=await self._result())
        except Obstacle as obstacle:
            return self._end(blocked=str(obstacle))

    def _end(self, *, result: JSON = None, blocked: str | None = None) -> RoundEnd:
        return RoundEnd(result, blocked, self._worked_in, tuple(self._usage), tuple(self._said))

    async def _catch_up(self) -> None:
        """Do what the model wanted when the round before was blocked."""
        calls = pending(self._earlier)
        if not calls or calls[0]["tool"] != BLOCK_TASK:
            await self._do(calls)
            return
        for call in calls:
            self._answer(call, prompt.UNBLOCKED if call is calls[0] else prompt.SKIPPED)

    async def _result(self) -> JSON:
        found: tuple[JSON] | None = None
        while True:
            news = await self._consult(self._heard, self._worked_in, tuple(self._usage))
            if found is not None and not news:
                return found[0]
            turn = await self._ask(news)
            if turn.calls:
                await self._do(turn.calls)
                found = None
            else:
                found = self._judge(turn)

    # -- the model --------------------------------------------------------------------------------------------------

    async def _ask(self, news: Sequence[dict[str, Any]]) -> Turn:
        """Return what the model says to what it hasn't heard yet."""
        most = self._agent.max_iterations
        if len(self._usage) >= most:
            raise Obstacle(f"the model was called {most} times (max_iterations) and hasn't come to an end")
        self._heard = max([self._heard, *(each["number"] for each in news)])
        self._unheard += prompt.feedback(news)
        if not self._unheard and [*self._earlier, *self._said][-1]["role"] == "assistant":
            self._unheard = [prompt.user(prompt.GO_ON)]
        turn = await self._turn()
        self._usage.append(turn.usage)
        if turn.too_large:
            raise Obstacle("the model's answer is larger than 1 MiB: ask for less, or for a reference to it")
        self._said += [*self._unheard, turn.message]
        self._unheard = []
        self._worked_in = self._heard
        return turn

    async def _turn(self) -> Turn:
        options, messages = self._agent.options, [*self._earlier, *self._said, *self._unheard]
        manuals = [*self._agent.toolbox.manuals, prompt.BLOCK]

        async def answer() -> JSON:
            await self._go_on()
            return (await think(self._agent, messages, manuals, self._schema)).write()

        try:
            return Turn.read(await step(STEP, answer, retries=options.retries, backoff=options.backoff))
        except StepFailed as error:
            ours = error.kind in ("ModelError", "ModelRefused")
            raise Obstacle(error.message if ours else f"{error.kind}: {error.message}") from error

    def _judge(self, turn: Turn) -> tuple[JSON] | None:
        """Return the result that the model's words are; where they are none, it is told why."""
        try:
            if turn.cut_off:
                raise Misfit(CUT_OFF)
            return (result_of(turn.message["content"], self._schema, self._kind),)
        except Misfit as misfit:
            self._misfits += 1
            self._said.append(prompt.user(f"That can't be the result: {misfit}. Answer with another one."))
            if self._misfits > CORRECTIONS:
                raise Obstacle(
                    f"the model was told {CORRECTIONS} times why, and its result still can't be used: {misfit}"
                ) from None
            return None
        except Exception as error:
            raise Obstacle(
                f"the output_schema of the task failed: {type(error).__name__}: {error}"
            ) from error

    # -- tools ------------------------------------------------------------------------------------------------------

    async def _do(self, calls: Sequence[dict[str, Any]]) -> None:
        """Do what the model wants, in order."""
        for call in calls:
            if call["tool"] == BLOCK_TASK:
                raise Obstacle(_reason(call["arguments"]))
            await self._go_on()
            self._answer(call, await self._agent.toolbox.call(call["tool"], call["arguments"]))

    def _answer(self, call: dict[str, Any], content: str) -> None:
        self._said.append({"role": "tool", "name": call["tool"], "id": call["id"], "content": content})


def _reason(arguments: JSON) -> str:
    match arguments:
        case {"reason": str(reason)} if reason.strip():
            return reason.strip()
    return "the agent says that it can't go on, and not why"
