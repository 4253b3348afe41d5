"""A channel to people that makes lists of digests: each call is written down as a line of a file.

As a program it delivers all that is due: `python phone.py URL FILE`.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from handrail import App
from handrail.inbox.channel import Delivery
from handrail.inbox.clock import SystemClock
from handrail.inbox.outbox import Outbox
from handrail.requests.request import HumanRequest
from tests.support.wall import Wall


class Phone(Wall):
    """Reaches people by their names; with `silent` off, changes of what it sent call them too."""

    reaches_people = True

    def __init__(self, file: Path, *errors: BaseException | None, silent: bool = True) -> None:
        super().__init__(file, *errors, recipients=None)
        self.silent = silent

    def recipients(self, request: HumanRequest) -> Sequence[str]:
        return [f"@{name}" for name in request.asked or ()]

    async def digest(self, to: str, deliveries: Sequence[Delivery]) -> None:
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        titles = [f"{each.request.draft.title} {each.occasion}" for each in deliveries]
        line = {
            "what": "digest",
            "to": to,
            "occasion": "digest",
            "place": f"list {len(self.lines('digest')) + 1}",
            "message": deliveries[0].message.place,
            "request": "",
            "items": titles,
        }
        with self.file.open("a") as lines:
            lines.write(json.dumps(line) + "\n")

    async def find(self, delivery: Delivery) -> Sequence[str]:
        self._write("find", delivery, "")
        sent = self.lines("deliver", "digest")
        return [line["place"] for line in sent if line["message"] == delivery.message.id]

    def lists(self) -> list[tuple[str, list[str]]]:
        """Return the lists, to whom and of what."""
        return [(line["to"], line["items"]) for line in self.lines("digest")]


async def main(url: str, file: str) -> None:
    """Deliver all that is due."""
    async with App(store=url, channels={}).connect() as app:
        outbox = Outbox(app.store, {"phone": Phone(Path(file))}, SystemClock())
        while await outbox.deliver_due():
            pass


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
