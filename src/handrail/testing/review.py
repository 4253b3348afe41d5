"""The door to simulated reviewers: they review while a block is executed, and what goes wrong with them ends it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

from handrail.app import App
from handrail.requests.errors import InvalidInput
from handrail.settings import MEMORY
from handrail.testing.desk import Desk
from handrail.testing.reviewers import Reviewer


@asynccontextmanager
async def reviewing(app: App | str | Path, *reviewers: Reviewer) -> AsyncIterator[None]:
    """Let reviewers decide whatever waits for them, now and later, until the block ends.

    Args:
        app: an open app (`async with app` or `app.connect()`), or the URL or path of a store that is used by other
            processes, which is opened here.
        reviewers: who decide, in this order where a request waits for several of them.

    A reviewer decides a request once, under their own name, if they belong to its audience; somebody who is faster
    wins. People who join a group later get what is opened, assigned, released, reassigned or escalated from then on.

    The block begins once everybody has looked at what waits already. Whatever a script raises, and an answer that a
    request doesn't take (`InvalidDecision`), is raised there; later it cancels the task that entered the block, so that
    nothing waits in vain, and is raised where the block ends. Raises `InvalidInput` for
    no reviewers, two of the same name, or a store in memory without its app.

    >>> import asyncio
    >>> from handrail import App, ask
    >>> from handrail.testing import ScriptedReviewer, reviewing
    >>> async def write(topic):
    ...     return {"tone": await ask(f"Which tone for {topic}?", choices=["dry", "warm"], audience="alice")}
    >>> async def main():
    ...     app = App(store="memory://")
    ...     app.flow("write", write)
    ...     async with app, reviewing(app, ScriptedReviewer("alice", [("answer", "dry")])):
    ...         run = await app.start("write", {"topic": "AI"})
    ...         return await run.result(timeout=10)
    >>> asyncio.run(main())
    {'tone': 'dry'}
    """
    names = [reviewer.name for reviewer in reviewers]
    if not names or len(set(names)) < len(names):
        raise InvalidInput("reviewing needs at least one reviewer, and each under a name of their own")
    async with _opened(app) as opened, _beside(Desk(opened, reviewers)):
        yield


def _opened(app: App | str | Path) -> AbstractAsyncContextManager[App]:
    if isinstance(app, App):
        return nullcontext(app)
    if str(app) == MEMORY:
        raise InvalidInput(f"{MEMORY} is a store of its own each time: pass the app that has it open")
    return App(store=str(app)).connect()


@asynccontextmanager
async def _beside(desk: Desk) -> AsyncIterator[None]:
    """Let a desk work while the block is executed; its error ends the block and is raised."""
    await desk.begin()
    block = asyncio.current_task()
    cancelling = block.cancelling() if block is not None else 0
    working = asyncio.create_task(desk.work(), name="handrail reviewers")
    ended: list[bool] = []

    def end_the_block(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and done.exception() is not None and block is not None:
            ended.append(block.cancel())

    working.add_done_callback(end_the_block)
    try:
        yield
    except asyncio.CancelledError:
        # Only the cancellation that came from here gives way to the error, as in asyncio.timeout.
        if not (any(ended) and block is not None and block.uncancel() <= cancelling):
            raise
    finally:
        working.remove_done_callback(end_the_block)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    # An error may have come so late that the desk was stopped before it could raise it.
    if (error := desk.failure or (None if working.cancelled() else working.exception())) is not None:
        raise error
