"""A channel by which nothing comes back: sheets of paper, which nobody can change once they are printed."""

import json
from collections.abc import Sequence

from handrail.channels.terminal.escape import visible
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.outbox import SAYING
from handrail.testing.other_side import OtherSide, Shown


class Printer(Channel):
    """Prints everything that happens."""

    follows = False

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, str]] = []

    async def deliver(self, delivery: Delivery) -> None:
        request = delivery.request
        ending = "replaced" if request.superseded_by else f"{request.status} by {request.winner}"
        said = delivery.message.detail or {}
        judged = json.dumps([request.draft.proposal, request.draft.context], ensure_ascii=False, indent=1)
        words = [delivery.occasion, request.draft.title, f"{said.get('by')}: {said.get('text')}", judged]
        text = visible("\n".join([*words, ending if request.ended else "open"]))
        self.sheets.append((delivery.to, delivery.occasion, text))


class PaperSide(OtherSide):
    """Two trays."""

    name = "paper"
    verbs = frozenset()
    comments = False
    explains = False
    can_be_down = False

    def __init__(self) -> None:
        self.channel = self.printer = Printer()
        self.recipients = ("left", "right")
        self.addresses = {name: name for name in ("alice", "bob", "carol", "mallory")}

    async def shown(self) -> Sequence[Shown]:
        return [Shown(to, text) for to, occasion, text in self.printer.sheets if occasion not in SAYING]

    async def said(self) -> Sequence[str]:
        return [text for _, occasion, text in self.printer.sheets if occasion in SAYING]

    async def act(self, address: str, shown: Shown, verb: str, comment: str = "") -> None:
        raise AssertionError("nobody can decide on paper")
