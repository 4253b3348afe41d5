"""A mail server on this machine, as far as our mails go: it takes them by SMTP, keeps them, or refuses them as told."""

import asyncio
import email
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.support.ports import free_port


@dataclass(frozen=True)
class Received:
    """A mail as it came: for whom, where it would come back to, and what it says."""

    to: str
    returns: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=default)  # type: ignore[return-value]

    @property
    def text(self) -> str:
        """What is read as plain text."""
        return _part(self.mail, "plain")

    @property
    def html(self) -> str:
        return _part(self.mail, "html")


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@dataclass
class MailServer:
    """Takes mails at a port of its own. `rule` may answer each command (`RCPT alice@example.com`) with a refusal."""

    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)
    rule: Callable[[str], str | None] = lambda command: None
    drops: int = 0
    """how many mails it takes, and breaks the connection before it says so"""
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def up(self) -> None:
        """Take mails, at the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="mx.test", loop=loop), "127.0.0.1", self.port, reuse_address=True
        )

    async def down(self) -> None:
        """Take nothing more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def to(self, address: str) -> list[Received]:
        """Return the mails of somebody, each once, as mail programs show them: by Message-ID."""
        return [
            *{
                each.mail["Message-ID"]: each for each in reversed(self.received) if each.to == address
            }.values()
        ][::-1]

    # -- what aiosmtpd calls ------------------------------------------------------------------------------------------

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if refusal := self._refusal("MAIL", address):
            return refusal
        envelope.mail_from = address
        return "250 2.1.0 ok"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if refusal := self._refusal("RCPT", address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if refusal := self._refusal("DATA", ""):
            return refusal
        self.received += [Received(to, envelope.mail_from, envelope.content) for to in envelope.rcpt_tos]
        if self.drops:
            self.drops -= 1
            server.transport.abort()
        return "250 2.0.0 kept"

    def _refusal(self, command: str, address: str) -> str | None:
        if self._server is None:
            return "421 4.3.2 closing"
        return self.rule(f"{command} {address}".strip())


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """Run one as long as the block lasts."""
    server = MailServer()
    await server.up()
    try:
        yield server
    finally:
        await server.down()
