"""Takes mails from the mail server of this machine, by LMTP: it is told that a mail has arrived once it is dealt with.

Only this machine is listened to (a port of the loopback, or a socket in the file system): what hands mails over here is
believed to be our own mail server.
"""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiosmtpd.lmtp import LMTP

from handrail.channels.email.incoming import LARGEST_MAIL
from handrail.channels.email.server import LOCAL, Server
from handrail.requests.errors import HandrailError, InvalidInput

logger = logging.getLogger(__name__)

Take = Callable[[bytes, tuple[str, ...], str], Awaitable[None]]
"""Deals with a mail, given its recipients and its envelope sender (empty where it has none)"""
PAUSE = 5.0
"""seconds between two attempts to listen where another process does"""
DONE, LATER = "250 2.0.0 taken", "451 4.3.0 it can't be dealt with now, try again"


class _Handler:
    def __init__(self, take: Take) -> None:
        self._take = take

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        try:
            await self._take(envelope.content, tuple(envelope.rcpt_tos), envelope.mail_from or "")
        except Exception as error:  # the mail server keeps it, and tries again
            kind = str(error) if isinstance(error, HandrailError) else type(error).__name__
            logger.warning("a mail could not be dealt with now: %s", kind)
            return "\r\n".join([LATER] * len(envelope.rcpt_tos))
        return "\r\n".join([DONE] * len(envelope.rcpt_tos))


def check_local(server: Server) -> Server:
    """Return a server to listen as. Raises `InvalidInput` unless it is this machine."""
    if not server.is_loopback:
        raise InvalidInput(
            f"mails are taken by LMTP from this machine only: lmtp://{LOCAL}:8024 or lmtp:///path/to/socket"
        )
    return server


@asynccontextmanager
async def listening(server: Server, take: Take) -> AsyncIterator[None]:
    """Take mails as long as the block lasts; where another process listens, wait until it doesn't."""
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(_listen(server, take, begun), name="handrail lmtp")
    try:
        await begun
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _listen(server: Server, take: Take, begun: "asyncio.Future[None]") -> None:
    said = False
    while True:
        try:
            listener = await _listener(server, take)
        except OSError as error:
            if not said:
                where = server.path if not server.host else f"{server.host}:{server.port}"
                logger.warning("%s can't be listened at (%s); trying again", where, _why_not(error))
            said = True
            if not begun.done():
                begun.set_result(None)
            await asyncio.sleep(PAUSE)
            continue
        if not begun.done():
            begun.set_result(None)
        async with listener:
            await listener.serve_forever()


def _why_not(error: OSError) -> str:
    """Return why it can't be listened somewhere, and what to do about that."""
    match error.errno:
        case errno.EADDRINUSE:
            return (
                "another process listens there: this one does once that ends; if it is another program, name "
                "another port or socket in HANDRAIL_EMAIL_RECEIVE, and to the mail server"
            )
        case errno.ENOENT:
            return "its folder doesn't exist: create it"
        case errno.EACCES | errno.EPERM:
            return "not permitted: name a port above 1023, or a folder that this user may write to"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address"
    return type(error).__name__


async def _listener(server: Server, take: Take) -> asyncio.Server:
    loop, handler = asyncio.get_running_loop(), _Handler(take)

    def made() -> LMTP:
        return LMTP(handler, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, hostname=LOCAL, loop=loop)

    if server.host:
        return await loop.create_server(made, server.host, server.port)
    await asyncio.to_thread(_tidy, Path(server.path))
    listener = await loop.create_unix_server(made, server.path)
    os.chmod(server.path, 0o660)
    return listener


def _tidy(path: Path) -> None:
    """Remove the socket of a process that is gone; one that answers stays, and can't be listened at."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise OSError(errno.EADDRINUSE, "another process listens there")
