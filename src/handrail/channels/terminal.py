"""The terminal."""

import asyncio
from collections.abc import Callable
from typing import Any


async def attend(inbox: Any, store: Any, clock: Any, person: str, attended: Callable[[], list[str]]) -> None:
    """Ask here what the attended runs ask."""
    await asyncio.Event().wait()
