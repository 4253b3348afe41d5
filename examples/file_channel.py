"""A channel in one file: each person has a folder with requests as text files, and puts answers beside them.

    handrail worker examples.file_channel:app
    echo "reject too loud" > desk/alice/REQUEST_ID.answer

Who answers is whose folder it is: its owner, and nobody else, may have written the file. Let a folder belong to its
person, and to a group that only Handrail's user is in (mode 2770). Whose user owns several can answer for them all.
"""

import json
import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from handrail import App, ChannelDown, HandrailError, HumanApprovalNode, NotAllowed, StoreError
from handrail.channels.terminal.escape import visible
from handrail.inbox.channel import Channel, Delivery, Door, looking


def page(delivery: Delivery) -> str:
    request, draft = delivery.request, delivery.request.draft
    verbs = " | ".join(verb for verb in ("approve", "reject", "request_changes") if verb in draft.verbs)
    end = f"{'Replaced' if request.superseded_by else request.status} by {request.winner}"
    state = end if request.ended else f"Answer: {verbs} | comment, and why"
    held = [f"claimed by {request.claimed_by}", *(f"{vote.actor} voted" for vote in request.decisions)]
    judged = json.dumps([draft.proposal, draft.context], ensure_ascii=False, indent=2)
    return visible(f"{state}\n\n{draft.title}\n\n{', '.join(held)}\n\n{judged}\n\n{delivery.url}\n")


class FileChannel(Channel):
    def __init__(self, root: Path) -> None:
        self.root = root

    async def find(self, delivery: Delivery) -> list[str]:
        there = self.root.glob(f"{delivery.to}/{delivery.request.id}.txt")
        return [] if delivery.sent else [path.parent.name for path in there]

    async def deliver(self, delivery: Delivery) -> str:
        if delivery.sent:
            said = delivery.message.detail or {"by": "Handrail", "text": "a reminder"}
            self.note(self.root / delivery.to / delivery.request.id, f"{said['by']}: {said['text']}")
        else:
            await self.update(delivery, delivery.to)
        return delivery.to

    async def update(self, delivery: Delivery, place: str) -> None:
        if place not in (folder.name for folder in self.root.glob("*")):
            raise ChannelDown(f"there is no folder {place!r} in {self.root}: mount or create it")
        new = self.root / place / f"{delivery.request.id}.new"
        new.write_text(page(delivery), encoding="utf-8")
        new.replace(new.with_suffix(".txt"))

    def note(self, path: Path, text: str) -> None:
        with path.with_suffix(".notes").open("a", encoding="utf-8") as notes:
            notes.write(f"{visible(text)}\n")

    def serve(self, door: Door) -> AbstractAsyncContextManager[None]:
        return looking(lambda: self.root.glob("*/*.answer"), lambda path: self.take(door, path), every=0.2)

    async def take(self, door: Door, path: Path) -> None:
        try:
            with os.fdopen(os.open(path, os.O_NOFOLLOW | os.O_NONBLOCK), errors="replace") as file:
                own, folder, text = os.fstat(file.fileno()), os.lstat(path.parent), file.read(10_000)
            if own.st_uid != folder.st_uid or (own.st_mode | folder.st_mode) & 0o002:
                raise NotAllowed("others could have written it: chmod o-w", rule="identity")
            once, (verb, _, why) = f"{path} {own.st_mtime_ns}", text.strip().partition(" ")
            if verb == "comment":
                await door.comment(path.parent.name, path.stem, why, place=path.parent.name, once=once)
            else:
                await door.decide(path.parent.name, path.stem, verb, comment=why or None, once=once)
        except StoreError:
            raise  # it is found again
        except HandrailError as refusal:
            self.note(path, str(refusal))
        os.unlink(path)


app = App(channels={"desk": FileChannel(Path("desk"))})
app.flow("note", HumanApprovalNode(title="Put up this note?", channels=["desk:alice"]))
