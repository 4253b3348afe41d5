"""A letter as a mail: its headers, its thread, and both its forms in one.

A message has the same Message-ID in every attempt, so whoever gets it twice can tell; every mail of a thread refers to
the thread's own id first, which no mail has, and so they stay together whichever of them arrived.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from handrail.channels.email.automatic import MARKER
from handrail.channels.email.block import Block
from handrail.channels.email.html import html_text
from handrail.channels.email.mailbox import Mailbox, check_plain
from handrail.channels.email.plain import plain_text
from handrail.requests.visible import plain

LONGEST_SUBJECT = 120


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands on a mail: to whom, in which thread, which message it is."""

    to: str
    message: str
    request_id: str
    thread: str
    subject: str
    answers: tuple[str, ...] = ()
    """the Message-IDs that it answers, the last one directly; of a first mail none"""
    reply_to: str | None = None
    to_a_mail: bool = False
    """whether it answers a mail that somebody has sent"""


def message_id(message: str, domain: str) -> str:
    """Return the Message-ID of a message.

    >>> message_id("msg_1", "example.com")
    '<msg_1@example.com>'
    """
    return f"<{message}@{domain}>"


def written(envelope: Envelope, blocks: Iterable[Block], box: Mailbox, now: datetime) -> bytes:
    """Return a mail as it goes over the wire."""
    blocks = [*blocks]
    mail = EmailMessage(policy=SMTP)
    # An encoded word in a title would be decoded, by whoever writes the header too: even to a line of its own.
    title = plain(envelope.subject, LONGEST_SUBJECT).replace("=?", "= ?") or "Handrail"
    mail["From"] = box.sender
    mail["To"] = Address(addr_spec=check_plain(envelope.to))
    if envelope.reply_to:
        mail["Reply-To"] = Address(addr_spec=envelope.reply_to)
    mail["Subject"] = f"Re: {title}" if envelope.answers else title
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(envelope.message, box.domain)
    root = message_id(f"thread.{envelope.thread}", box.domain)
    mail["References"] = " ".join(dict.fromkeys((root, *envelope.answers)))
    mail["In-Reply-To"] = envelope.answers[-1] if envelope.answers else root
    mail["Auto-Submitted"] = "auto-replied" if envelope.to_a_mail else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail[MARKER] = envelope.request_id
    mail.set_content(plain_text(blocks), cte="quoted-printable")
    mail.add_alternative(html_text(title, blocks), subtype="html", cte="quoted-printable")
    return mail.as_bytes()
