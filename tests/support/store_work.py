"""How much SQLite has to do for something, by its own count: the same on every machine, however busy that is."""

from collections.abc import Callable
from typing import Any


def worked(tx: Any, read: Callable[[Any], Any]) -> int:
    """Return how much SQLite has to do for a read: instructions of its own, in hundreds."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    tx.connection.set_progress_handler(tick, 100)
    try:
        read(tx)
    finally:
        tx.connection.set_progress_handler(None, 0)
    return count
