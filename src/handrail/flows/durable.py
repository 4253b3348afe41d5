"""What code inside a run uses for everything that must not differ or repeat when it is replayed."""

import asyncio
import uuid as uuids
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from handrail.flows.execution import StepOptions, current, inside
from handrail.flows.function import call, refuse_timeout
from handrail.flows.node import check_name
from handrail.requests.content import JSON
from handrail.requests.errors import InvalidFlow
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


async def gather(*branches: Awaitable[JSON] | Callable[[], Awaitable[JSON]]) -> list[Any]:
    """Execute branches at once and return their results in order.

    Each branch is an awaitable (`node.execute(data)`) or an async function without arguments. Each waits and wakes
    alone. When all have ended, the first failure in order is raised, if there is one.

    >>> async def both(data):  # a flow
    ...     left, right = await gather(summarise.execute(data), translate.execute(data))
    ...     return {**left, **right}
    """
    if (run := current()) is None:
        awaitables = [branch() if callable(branch) else branch for branch in branches]
        return list(await asyncio.gather(*awaitables))
    return await run.gather(list(branches))
