"""Check that a flow can be replayed: it waits at all it asks, is forgotten, and comes back from its journal.

What differs between two executions (a random number, a time, the order of a set) would strand a run months later; here
it is an error at once. Time leaps, so a flow may sleep for days.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from handrail.app import App
from handrail.flows.function import as_flow
from handrail.flows.node import ChainableNode
from handrail.inbox.moves import PENDING
from handrail.inbox.ports import Filter
from handrail.requests.content import encode
from handrail.requests.decision import Actor, Strength, Verb
from handrail.requests.errors import InvalidInput, NonDeterministicNode, RunNeedsAttention
from handrail.requests.request import HumanRequest
from handrail.runs import units
from handrail.runs.ports import RunTransaction
from handrail.runs.run import RunStatus
from handrail.runs.runs import find
from handrail.testing.answers import Answer, spoken
from handrail.testing.clock import START, TurnableClock

Answers = Callable[[HumanRequest], Answer] | Iterable[Answer]

RUN_ID = "replay"


async def replay(
    flow: ChainableNode | Callable[..., Awaitable[dict[str, Any]]],
    data: dict[str, Any],
    *,
    answers: Answers | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    timeout: float = 60.0,
) -> dict[str, Any]:
    """Execute `flow` with `data` on a store in memory, replaying it at every ask and once more at its end.

    Args:
        answers: what people say, in the order in which they are asked, or a function of the request. Each is a verb
            or a pair: `("answer", "dry")`, `("edit", {"content": "..."})`, `("request_changes", "shorter")`. By default
            everything is approved.
        groups: people by the name of their group, as in `App`.
        timeout: seconds that all of it may take.

    Returns the flow's result. Raises `NonDeterministicNode` if a replay went another way or came to another result,
    `InvalidInput` if there is no answer for a request, and whatever the flow itself comes to.

    >>> import asyncio
    >>> from handrail import ask
    >>> async def write(topic):
    ...     return {"tone": await ask(f"Which tone for {topic}?", choices=["dry", "warm"])}
    >>> asyncio.run(replay(write, {"topic": "AI"}, answers=[("answer", "dry")]))
    {'tone': 'dry'}
    """
    node, clock = as_flow(flow), _LeapingClock()
    people = _People(answers)
    async with asyncio.timeout(timeout), App(store="memory://", groups=groups, clock=clock).work() as app:
        first = await _to_its_end(app, node, data, people, clock)
        await app.store.do(_once_more, now=clock.now())
        second = await _to_its_end(app, node, data, people, clock)
    if encode(first) != encode(second):
        raise NonDeterministicNode(
            "the flow came to another result when it was replayed: use step(), now() and uuid() for whatever differs",
            difference={"recorded": first, "flow": second},
        )
    return first


class _LeapingClock(TurnableClock):
    """The time of this machine, and what was leapt over."""

    def now(self) -> datetime:
        """Return the present moment: time passes here too, so what is opened later has a later time."""
        return datetime.now(UTC) + (super().now() - START)

    def leap_to(self, moment: datetime) -> None:
        """Go on at `moment`, if it is still to come."""
        self.turn(max(moment - self.now(), timedelta()))


class _People:
    """Those who answer."""

    def __init__(self, answers: Answers | None) -> None:
        self._answers = answers if callable(answers) or answers is None else None
        self._in_order: Iterator[Answer] | None = (
            None if callable(answers) or answers is None else iter(answers)
        )

    def answer(self, request: HumanRequest) -> Answer:
        """Return what they say."""
        if self._answers is not None:
            given: Answer | None = self._answers(request)
        elif self._in_order is not None:
            given = next(self._in_order, None)
        else:
            given = Verb.APPROVE if Verb.APPROVE in request.draft.verbs else None
        if given is None:
            verbs = ", ".join(request.draft.verbs)
            raise InvalidInput(
                f"{request.address!r} ({request.draft.kind}) is asked and there is no answer for it: it takes {verbs}; "
                'pass it with answers=, such as ("answer", "dry")'
            )
        return given


async def _to_its_end(
    app: App, node: ChainableNode, data: dict[str, Any], people: _People, clock: _LeapingClock
) -> dict[str, Any]:
    running = asyncio.create_task(app.execute(node, data, RUN_ID), name="handrail replay")
    try:
        while not running.done():
            await _move_on(app, people, clock)
        return await running
    except RunNeedsAttention as error:
        raise NonDeterministicNode(str(error), difference=error.difference) from error
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _move_on(app: App, people: _People, clock: _LeapingClock) -> None:
    """Give one answer, or let the time come that the run waits for."""
    waits, due = await app.store.read(_waiting)
    if not waits:
        await asyncio.sleep(0.001)
        return
    asked = await app.store.read(_asked)
    if asked:
        # Branches may ask within one instant: answers in order need an order that is always the same.
        first = min(asked, key=lambda request: request.address or request.draft.key or "")
        await _decide(app, first, people.answer(first))
    elif due is not None and due > clock.now():
        clock.leap_to(due)
    else:
        await asyncio.sleep(0.001)


async def _decide(app: App, request: HumanRequest, answer: Answer) -> None:
    """Let everybody say the same who is asked, until that is the outcome."""
    verb, payload, comment = spoken(answer)
    for name in request.asked or ("alice",):
        actor = Actor(name, Strength.SESSION)
        request = await app.inbox.decide(request.id, verb, actor=actor, payload=payload, comment=comment)
        if request.ended:
            return


def _asked(tx: RunTransaction) -> list[HumanRequest]:
    found = tx.requests(Filter(PENDING, awaited_by=(RUN_ID,)))
    return [request for request in found if not request.in_line]


def _waiting(tx: RunTransaction) -> tuple[bool, datetime | None]:
    run = tx.run(RUN_ID)
    if run is None or run.status is not RunStatus.WAITING:
        return False, None
    return True, tx.next_wakeup([run.queue])


def _once_more(tx: RunTransaction, *, now: datetime) -> None:
    units.revive(tx, find(tx, run_id=RUN_ID), now)
