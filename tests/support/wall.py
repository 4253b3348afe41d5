"""A channel that follows: notes that are put on a wall, changed and taken down, each written down as a line of a file.

As a program it delivers all that is due: `python wall.py URL FILE RECIPIENT...`.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from handrail import App
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.clock import SystemClock
from handrail.inbox.outbox import Outbox
from handrail.requests.request import HumanRequest


class Wall(Channel):
    """Notes for recipients; `None` asks those who are asked. `errors` are raised one by one, by each call."""

    def __init__(
        self, file: Path, *errors: BaseException | None, recipients: Sequence[str] | None = ("",)
    ) -> None:
        self.file = file
        self.errors = list(errors)
        self.chosen = recipients
        self.refused: dict[str, BaseException] = {}
        """what is raised for a recipient, as long as it stands here"""
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None
        """done once, while the next note is put up"""

    def recipients(self, request: HumanRequest) -> Sequence[str]:
        return (request.asked or ()) if self.chosen is None else self.chosen

    async def deliver(self, delivery: Delivery) -> str:
        place = f"note {len(self.lines('deliver')) + 1}"
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        self._done("deliver", delivery, place)
        return place

    async def update(self, delivery: Delivery, place: str) -> None:
        self._done("update", delivery, place)

    async def withdraw(self, delivery: Delivery, place: str) -> None:
        self._done("withdraw", delivery, place)

    async def find(self, delivery: Delivery) -> Sequence[str]:
        self._write("find", delivery, "")
        return [line["place"] for line in self.lines("deliver") if line["message"] == delivery.message.id]

    def lines(self, *kinds: str) -> list[dict[str, Any]]:
        """Return what was done, of some kinds or all."""
        written = self.file.read_text().splitlines() if self.file.exists() else []
        return [line for line in map(json.loads, written) if not kinds or line["what"] in kinds]

    def happened(self, *kinds: str) -> list[tuple[str, str, str]]:
        """Return what was done, before whom, and why."""
        return [(line["what"], line["to"], line["occasion"]) for line in self.lines(*kinds)]

    def notes(self) -> Counter[str]:
        """Return how many notes each has for each request."""
        return Counter(
            line["to"] for line in self.lines("deliver") if line["occasion"] not in ("commented", "reminded")
        )

    def down(self) -> set[str]:
        """Return the notes that were taken down."""
        return {line["place"] for line in self.lines("withdraw")}

    def _done(self, what: str, delivery: Delivery, place: str) -> None:
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        if delivery.to in self.refused:
            raise self.refused[delivery.to]
        self._write(what, delivery, place)

    def _write(self, what: str, delivery: Delivery, place: str) -> None:
        line = {
            "what": what,
            "to": delivery.to,
            "occasion": delivery.occasion,
            "place": place,
            "message": delivery.message.id,
            "request": delivery.request.id,
            "sent": [sent.place for sent in delivery.sent],
            "text": (delivery.message.detail or {}).get("text"),
        }
        with self.file.open("a") as lines:
            lines.write(json.dumps(line) + "\n")


async def main(url: str, file: str, *recipients: str) -> None:
    """Deliver all that is due."""
    async with App(store=url).connect() as app:
        outbox = Outbox(app.store, {"wall": Wall(Path(file), recipients=recipients)}, SystemClock())
        while await outbox.deliver_due():
            pass


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
