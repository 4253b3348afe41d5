"""A process that delivers what is due and writes what it sent to a file: `python requests_sender.py URL FILE`."""

import asyncio
import sys
from pathlib import Path

from handrail import App
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.clock import SystemClock
from handrail.inbox.outbox import Outbox


class Paper(Channel):
    """A channel that appends a line for each message."""

    follows = False

    def __init__(self, file: Path) -> None:
        self.file = file

    async def deliver(self, delivery: Delivery) -> None:
        """Write one line; what a killed process has written stays written."""
        with self.file.open("a") as paper:
            paper.write(f"{delivery.message.id} {delivery.occasion}\n")


async def main(url: str, file: str) -> None:
    """Deliver all that is due."""
    async with App(store=url).connect() as app:
        await Outbox(app.store, {"paper": Paper(Path(file))}, SystemClock()).deliver_due()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
