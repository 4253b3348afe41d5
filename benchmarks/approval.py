"""The work that is measured: a step, a person's approval, a step; and the person, who decides at once.

A cycle is start → step → ask → decide → step → finished, each awaited and its result checked. The flow's functions are
plain async functions, the decision goes through `app.inbox.decide`: what any user of Handrail would write.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from handrail import Actor, App, ChainableNode, FunctionNode, HumanApprovalNode
from handrail.inbox import views

Data = dict[str, Any]

BOB = Actor("bob")
PATIENCE = 60
"""seconds after which a cycle counts as lost"""
FLOW = "approval"


async def prepare(data: Data) -> Data:
    """The step before the question."""
    return {"n": data["n"], "content": f"post {data['n']}"}


class Publishing:
    """The step after the decision; it notes when it began, by the request that was decided."""

    def __init__(self) -> None:
        self.began: dict[str, float] = {}
        """moments of the monotonic clock, which all processes of a machine share"""

    async def __call__(self, data: Data) -> Data:
        self.began[data["request_id"]] = time.monotonic()
        return {**data, "published": data["approved"]}


def flow(publish: Publishing | None = None) -> ChainableNode:
    """Return the three nodes."""
    return (
        FunctionNode(prepare, name="prepare")
        | HumanApprovalNode(name="ask")
        | FunctionNode(publish or Publishing(), name="publish")
    )


def check(result: Data, n: int) -> None:
    """Fail unless this is what a cycle comes to."""
    expected = {"n": n, "content": f"post {n}", "approved": True, "decided_by": "bob", "published": True}
    found = {key: result.get(key) for key in expected}
    if found != expected:
        raise AssertionError(f"cycle {n} came to {found}, not to {expected}")


async def cycle(app: App, n: int, name: str = FLOW) -> None:
    """Go through one cycle; whoever decides does so elsewhere."""
    run = await app.start(name, {"n": n})
    try:
        check(await run.result(PATIENCE), n)
    except TimeoutError as error:
        asked = await views.requests(app.store, run_id=run.id)
        state = f"{run.status}, its requests {[(one.id, str(one.status)) for one in asked]}"
        raise AssertionError(f"cycle {n} has not ended within {PATIENCE} s: {run.id} is {state}") from error


@asynccontextmanager
async def deciding(app: App, others: Iterable[str] = ()) -> AsyncIterator[None]:
    """Approve, as bob and at once, each request that is opened in this process; `others` are for somebody else.

    A decision that fails ends the block.
    """
    skipped, known = frozenset(others), set[str]()
    async with asyncio.TaskGroup() as decisions:

        def heard(signals: Sequence[tuple[str, str]]) -> None:
            for topic, request_id in signals:
                if topic != "request" or request_id in skipped:
                    continue
                if request_id in known:  # it rings when it is opened and when it is decided
                    known.discard(request_id)
                    continue
                known.add(request_id)
                decisions.create_task(app.inbox.decide(request_id, "approve", actor=BOB))

        silence = app.store.listen(heard)
        try:
            yield
        finally:
            silence()
