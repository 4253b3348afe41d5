"""Hands mails to a mail server, one at a time over one connection; what goes wrong is told in the outbox's words.

Nothing of what a server says is passed on but its codes: its texts may repeat what is in a mail.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from handrail.channels.email.oauth import Tokens
from handrail.channels.email.server import LOCAL, Server
from handrail.channels.email.trouble import trouble
from handrail.requests.errors import ChannelDown, ChannelError

PATIENCE = 20.0
"""seconds that one answer of a server may take"""
IDLE = 20.0
"""seconds after which a connection isn't used again; servers close those that are idle"""
CLOSING = 421
MAY_HAVE_ARRIVED = "it may have arrived"
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class Sending:
    """A mail server that takes our mails."""

    def __init__(self, server: Server, tokens: Tokens | None = None) -> None:
        self.server = server
        self._tokens = tokens if server.by_token else None
        self._client: SMTP | None = None
        self._used = 0.0
        self._lock = asyncio.Lock()

    async def send(self, mail: bytes, *, to: str, returns: str) -> None:
        """Send a mail to one address; `returns` is where it comes back to if it can't be delivered.

        Raises `ChannelDown` where the server takes nothing now, `ChannelError` where it doesn't take this one.
        """
        async with self._lock:
            client, is_new = await self._connected()
            try:
                try:
                    await _begun(client, to, returns)
                except (SMTPException, OSError) as error:
                    if is_new or not _is_over(error):
                        raise
                    await self._dropped()  # the server has closed it meanwhile
                    client, _ = await self._connected()
                    await _begun(client, to, returns)
                await _said(client, mail)
            except BaseException as error:
                await self._dropped()
                if isinstance(error, SMTPException | OSError):
                    _tell(error, to)
                raise
            self._used = asyncio.get_running_loop().time()

    async def close(self) -> None:
        """End the connection."""
        async with self._lock:
            if self._client is not None and self._client.is_connected:
                with suppress(SMTPException, OSError, TimeoutError):
                    await asyncio.wait_for(self._client.quit(), 2)
            await self._dropped()

    async def _connected(self) -> tuple[SMTP, bool]:
        now = asyncio.get_running_loop().time()
        if self._client is not None and self._client.is_connected and now - self._used < IDLE:
            return self._client, False
        await self._dropped()
        server = self.server
        token = await self._tokens.token() if self._tokens is not None else None
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            oauth_token_generator=_given(token) if token is not None else None,
            use_tls=server.tls,
            start_tls=server.starttls,
            local_hostname=LOCAL if server.is_loopback else None,
            timeout=PATIENCE,
        )
        try:
            await client.connect()
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            if self._tokens is not None and token is not None and isinstance(error, SMTPAuthenticationError):
                self._tokens.refused(token)
                raise ChannelDown(
                    f"the mail server {server.host} doesn't take our access token ({_code(error)}): may it send for "
                    "this user?"
                ) from error
            raise ChannelDown(_why_not_connected(server, error)) from error
        self._client = client
        return client, True

    async def _dropped(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _given(token: str) -> Callable[[], Awaitable[str]]:
    async def given() -> str:
        return token

    return given


def _why_not_connected(server: Server, error: Exception) -> str:
    if isinstance(error, SMTPAuthenticationError):
        return (
            f"the mail server {server.host} doesn't take our user and password ({_code(error)}): "
            "see HANDRAIL_EMAIL_SMTP"
        )
    code = f" {error.code}" if isinstance(error, SMTPResponseException) else ""
    return f"the mail server {server.host} can't be reached ({trouble(server, error)}{code}): see HANDRAIL_EMAIL_SMTP"


async def _begun(client: SMTP, to: str, returns: str) -> None:
    await client.mail(returns)
    await client.rcpt(to)


async def _said(client: SMTP, mail: bytes) -> None:
    try:
        await client.data(mail)
    except SMTPResponseException as error:
        if error.code != CLOSING:
            raise
        raise ChannelDown(f"the mail server has closed the connection ({_code(error)})") from error
    except (SMTPException, OSError) as error:
        raise ChannelDown(
            f"the mail server was lost while it took a mail ({type(error).__name__}): {MAY_HAVE_ARRIVED}"
        ) from error


def _is_over(error: Exception) -> bool:
    """Whether a connection has ended, so that a new one may do."""
    if isinstance(error, SMTPResponseException):
        return error.code == CLOSING
    return isinstance(error, SMTPServerDisconnected | ConnectionError)


def _tell(error: Exception, to: str) -> NoReturn:
    """Raise what an error means to the outbox."""
    match error:
        case SMTPResponseException() if error.code == CLOSING:
            raise ChannelDown(f"the mail server takes nothing now ({_code(error)})") from error
        case SMTPSenderRefused():
            raise ChannelDown(f"the mail server takes nothing from this sender ({_code(error)})") from error
        case SMTPRecipientRefused() if error.code < 500:
            raise ChannelError(f"the mail server asks to try {to} again later ({_code(error)})") from error
        case SMTPRecipientRefused():
            raise ChannelError(
                f"the mail server refuses {to} ({_code(error)}): is that address right? See `handrail users`"
            ) from error
        case SMTPResponseException():
            later = "asks to try it again later" if error.code < 500 else "refuses it"
            raise ChannelError(
                f"the mail server took no mail to {to}: it {later} ({_code(error)})"
            ) from error
    raise ChannelDown(f"the mail server can't be reached ({type(error).__name__})") from error


def _code(error: SMTPResponseException) -> str:
    found = _ENHANCED.match(error.message.strip())
    return f"{error.code} {found[0]}" if found else str(error.code)
