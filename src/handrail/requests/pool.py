"""Which of several workers gets a task: a pure choice. A task that nobody has room for waits in line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Assign = Literal["least_loaded", "round_robin"]


@dataclass(frozen=True, slots=True)
class Pool:
    """The workers one of whom is to do a task; `capacity` is how many open tasks each of them may have."""

    workers: tuple[str, ...]
    capacity: int = 1
    assign: Assign = "least_loaded"


def choose(pool: Pool, load: Callable[[str], int], last: Callable[[str], str]) -> str | None:
    """Return the worker who gets the next task, None if nobody has room.

    `load` tells how many open tasks a worker has, `last` the id of the task that was the worker's last ("" for none):
    ids grow with time. Of workers with the same claim it is the one whose last task is the oldest, then the first
    of the pool.
    """
    free = [worker for worker in pool.workers if load(worker) < pool.capacity]
    if pool.assign == "round_robin":
        return min(free, key=last, default=None)
    return min(free, key=lambda worker: (load(worker), last(worker)), default=None)
