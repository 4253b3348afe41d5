"""What people see and do behind the channel email: mailboxes at a mail server, answers that it hands over."""

import re
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar

from handrail.channels.email import Email
from handrail.testing.other_side import OtherSide, Shown
from tests.support.mail_replies import US, hand_over, reply, results
from tests.support.mail_server import MailServer, Received

NAMES = ("alice", "bob", "carol", "mallory")
WORDS = {"approve": "approve", "reject": "reject", "request_changes": "changes"}
OFFER = re.compile(r"Its first word counts: (.*)\.")
LAST = "Nothing is left to decide here"


class EmailSide(OtherSide):
    """Mailboxes of four people; alice's and bob's get requests, each may answer."""

    name = "email"
    comments = False
    explains = False  # strangers aren't answered, and others by the outbox, which the suite turns itself
    updates = False
    ended: ClassVar = {"expired": "nobody decided in time", "withdrawn": "withdrawn", "replaced": "replaced"}

    def __init__(self, server: MailServer, folder: Path) -> None:
        self.server = server
        self.socket = str(folder / "lmtp.sock")
        self.channel = Email(
            server.url,
            "Handrail <handrail@example.com>",
            reply_to="handrail+{token}@example.com",
            receive=f"lmtp://{self.socket}",
            authserv_id=US,
        )
        self.recipients = ("@alice", "@bob")
        self.addresses = {name: f"{name}@example.com" for name in NAMES}
        self.done: list[bytes] = []

    def _threads(self) -> list[tuple[str, list[Received]]]:
        """Return each request as it lies in a mailbox: all mails about it, the first one first."""
        found: dict[tuple[str, str], list[Received]] = {}
        for name in ("alice", "bob"):
            for each in self.server.to(self.addresses[name]):
                found.setdefault((f"@{name}", each.mail["X-Handrail-Request"]), []).append(each)
        return [(to, mails) for (to, _), mails in found.items()]

    async def shown(self) -> Sequence[Shown]:
        return [_shown(to, mails) for to, mails in self._threads()]

    async def said(self) -> Sequence[str]:
        later = [each for _, mails in self._threads() for each in mails[1:]]
        return [each.text for each in later if LAST not in each.text and not _is_answer(each.mail)]

    async def told(self, address: str) -> Sequence[str]:
        return [each.text for each in self.server.to(address) if _is_answer(each.mail)]

    async def act(self, address: str, shown: Shown, verb: str, comment: str = "") -> None:
        words = comment or ("what you like" if verb == "request_changes" else "")
        raw = reply(shown.place, address, f"{WORDS[verb]}: {words}" if words else WORDS[verb])
        self.done.append(raw)
        await hand_over(raw, self.socket)

    async def forged(self, address: str, shown: Shown, verb: str) -> None:
        elsewhere = results(address, by="mx.evil.example")
        for checked in ("", elsewhere, results(address, "fail"), results(address, "fail") + results(address)):
            await hand_over(reply(shown.place, address, WORDS[verb], checked=checked), self.socket)

    async def again(self, number: int) -> None:
        await hand_over(self.done[number], self.socket)

    async def down(self) -> None:
        await self.server.down()

    async def up(self) -> None:
        await self.server.up()


def _is_answer(mail: EmailMessage) -> bool:
    return mail["Auto-Submitted"] == "auto-replied"


def _shown(to: str, mails: Sequence[Received]) -> Shown:
    """Read a thread as somebody does."""
    first, last = mails[0], mails[-1]
    ended = any(LAST in each.text for each in mails)
    offered = OFFER.search(first.text)
    words = set(re.findall(r"“(\w+)", offered[1])) if offered and not ended else set()
    verbs = frozenset(verb for verb, word in WORDS.items() if word in words)
    return Shown(to, first.text if first is last else f"{first.text}\n{last.text}", verbs, first)
