"""A process that works on a store and delivers its webhooks: `python -m tests.support.webhook_worker STORE [SECONDS]`.

Its clock is `SECONDS` later than others': what a process that died had taken is due again at once.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from handrail import App


class Later:
    """A clock that is ahead."""

    def __init__(self, seconds: float) -> None:
        self._ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead


async def main(store: str, ahead: float = 0.0) -> None:
    """Work until killed."""
    async with App(store=store, clock=Later(ahead)).work():
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(float, sys.argv[2:])))
