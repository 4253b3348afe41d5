"""Answers to our mails, as people's mail programs write them and our own mail server hands them over by LMTP."""

import asyncio
import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from itertools import count
from typing import Any

from tests.support.mail_server import Received

US = "mx.test"
"""what our mail server calls itself"""
_number = count(1)


def results(sender: str, found: str = "pass", by: str = US) -> str:
    """Return what a mail server has found out about a mail, as a header."""
    domain = sender.rpartition("@")[2]
    return (
        f"Authentication-Results: {by}; dkim={found} header.d={domain};\r\n"
        f"\tdmarc={found} (p=REJECT) header.from={domain}\r\n"
    )


def reply(
    to: Received | str,
    sender: str,
    text: str,
    *,
    headers: dict[str, str] | None = None,
    checked: str | None = None,
) -> bytes:
    """Return an answer as it is handed over: `checked` is what our mail server has put on top."""
    mail = EmailMessage(policy=SMTP)
    address = to if isinstance(to, str) else str(to.mail["Reply-To"])
    mail["From"] = f"Somebody <{sender}>"
    mail["To"] = address
    mail["Message-ID"] = make_msgid(domain="phone.test")
    if not isinstance(to, str):
        mail["Subject"] = f"Re: {to.mail['Subject']}"
        mail["In-Reply-To"] = to.mail["Message-ID"]
        mail["References"] = f"{to.mail['References']} {to.mail['Message-ID']}"
        quoted = "\n".join(f"> {line}" for line in to.text.splitlines())
        text = f"{text}\n\nOn Monday, Handrail wrote:\n{quoted}\n"
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(text)
    on_top = results(sender) if checked is None else checked
    received = (
        f"Received: from phone.test (phone.test [203.0.113.{next(_number) % 250 + 1}]) by {US} (Postfix)\r\n"
    )
    return (on_top + received).encode() + mail.as_bytes()


async def hand_over(
    raw: bytes, where: str, *, to: str = "handrail@example.com", sender: str = "x@y.test"
) -> Any:
    """Hand a mail over by LMTP; returns what is answered. `where` is a socket, or a port."""
    return await asyncio.to_thread(_hand_over, raw, where, to, sender)


def _hand_over(raw: bytes, where: str, to: str, sender: str) -> tuple[int, str]:
    host, port = (where, 0) if where.startswith("/") else ("127.0.0.1", int(where))
    with smtplib.LMTP(host, port, local_hostname="mx.test") as server:
        server.ehlo()  # which is LHLO here
        server.mail(sender)
        server.rcpt(to)
        code, said = server.data(raw)
        return code, said.decode()
