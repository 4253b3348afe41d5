"""What code inside a run uses for everything that must not differ or repeat when it is replayed."""

import asyncio
import inspect
import uuid as uuids
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from handrail.flows.execution import StepOptions, current, inside
from handrail.flows.function import call, refuse_timeout
from handrail.flows.node import check_name
from handrail.requests.content import JSON
from handrail.requests.errors import InvalidFlow, InvalidInput
from handrail.requests.identifier import parse_time
from handrail.requests.policy import seconds


async def step(
    name: str,
    function: Callable[..., Any],
    *args: Any,
    retries: int = 0,
    backoff: float = 1.0,
    attempt_timeout: float | None = None,
    on_interrupt: Literal["retry", "ask"] = "retry",
) -> Any:
    """Execute `function(*args)` as a step: once its result (JSON) is stored it is never executed again.

    Arguments as in `ChainableNode`. Raises `StepFailed` when its attempts are used up.

    >>> async def page(url):  # a flow
    ...     return {"html": await step("fetch", fetch, url, retries=3)}
    """
    if check_name(name) is None:
        raise InvalidFlow("a step needs a name")
    refuse_timeout(function, attempt_timeout)
    options = StepOptions(retries, backoff, attempt_timeout, on_interrupt)
    return await inside("step()").step(name, lambda: call(function, *args), options)


async def sleep(duration: float) -> None:
    """Wait so many seconds; the run is forgotten meanwhile, and goes on after any restart."""
    await inside("sleep()").sleep(seconds(duration, "sleep"))


async def now() -> datetime:
    """Return the present moment (UTC), the same one on every replay."""
    run = inside("now()")
    return parse_time(await run.remember("now", lambda: run.now().isoformat()))


async def uuid() -> UUID:
    """Return a random UUID, the same one on every replay."""
    return UUID(await inside("uuid()").remember("uuid", lambda: str(uuids.uuid4())))


def idempotency_key() -> str:
    """Return a key that is the same in every attempt of the present step: hand it to whoever must act only once."""
    run = inside("idempotency_key()")
    return f"{run.run_id}/{run.address}" if run.address else run.run_id


async def gather(
    *branches: Awaitable[JSON] | Callable[[], Awaitable[JSON]], limit: int | None = None
) -> list[Any]:
    """Execute branches at once and return their results in order.

    Each branch is an awaitable (`node.execute(data)`) or an async function without arguments. Each waits and wakes
    alone; an async function goes on as soon as its answer comes, an awaitable once the others wait or have ended.
    When all have ended, the first failure in order is raised, if there is one. With a `limit` so many branches are
    under way at once, those that wait for people included. At most 100 are executed at the same time.

    >>> async def both(data):  # a flow
    ...     left, right = await gather(summarise.execute(data), translate.execute(data))
    ...     return {**left, **right}
    """
    try:
        check_limit(limit)
    except InvalidInput:
        for branch in filter(inspect.iscoroutine, branches):
            branch.close()  # nobody awaits it any more
        raise
    if (run := current()) is None:
        turn = asyncio.Semaphore(limit or max(len(branches), 1))
        return list(await asyncio.gather(*(_in_turn(branch, turn) for branch in branches)))
    return await run.gather(list(branches), limit)


async def _in_turn(branch: Awaitable[JSON] | Callable[[], Awaitable[JSON]], turn: asyncio.Semaphore) -> JSON:
    async with turn:
        return await (branch() if callable(branch) else branch)


def check_limit(limit: int | None) -> None:
    """Raise `InvalidInput` for a limit that is no whole number from 1."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InvalidInput(f"limit={limit!r}: give a whole number from 1, or leave it out")
