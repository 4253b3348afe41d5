"""A unit of work that somebody waits for, and how they are told: each event loop is woken once for all of its jobs."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from handrail.stores.transaction import Transaction


@dataclass(slots=True)
class Job:
    """A unit of work and who waits for it."""

    unit: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: "asyncio.Future[Any] | concurrent.futures.Future[Any]"
    loop: asyncio.AbstractEventLoop | None
    """None for a caller that blocks"""
    result: Any = None
    error: BaseException | None = None

    def run(self, transaction: Transaction) -> None:
        """Run the unit, possibly for the second time."""
        self.result = self.error = None
        try:
            self.result = self.unit(transaction, *self.args, **self.kwargs)
        except StopIteration as error:  # a future can't carry it
            raise RuntimeError("a unit of work raised StopIteration") from error

    def fail(self, error: BaseException) -> None:
        """Let whoever waits get this error, whatever the unit made of it."""
        self.result, self.error = None, error


def resolve(jobs: Sequence[Job]) -> None:
    """Tell everybody who waits for one of the jobs."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        if job.loop is None:
            _settle([job])
        else:
            loops.setdefault(job.loop, []).append(job)
    for loop, done in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, done)
        except RuntimeError:  # the loop was closed: nobody waits any more
            continue


def _settle(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():  # whoever waited was cancelled
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
