"""Takes mails from a mailbox: those that aren't seen, and marks each as seen once it is dealt with.

It works in a thread. The server says when something is new (IDLE), and is asked every minute all the same; a connection
that breaks is made anew, with growing pauses.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from imapclient import SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from handrail.channels.email.incoming import LARGEST_MAIL
from handrail.channels.email.lmtp import Take
from handrail.channels.email.oauth import Tokens
from handrail.channels.email.server import Server
from handrail.channels.email.trouble import trouble
from handrail.requests.errors import ChannelDown, HandrailError

logger = logging.getLogger(__name__)

ASKED, SOON = 60.0, 1.0
"""seconds between two looks, where the server says nothing; it is looked again soon after something was dealt with"""
PAUSE, LONGEST_PAUSE = 1.0, 60.0
PATIENCE = 30.0
"""seconds that one answer of the server may take"""
FOLDER = "INBOX"


class _NoFolder(OSError):
    """The mailbox has no such folder."""


class Watching:
    """Watches one folder of a mailbox, in a thread of its own."""

    def __init__(self, server: Server, take: Take, tokens: Tokens | None = None) -> None:
        self._server = server
        self._tokens = tokens if server.by_token else None
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._client: IMAPClient | None = None
        self._thread = threading.Thread(target=self._run, name="handrail imap", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    async def stop(self) -> None:
        """End, once the mail at hand is dealt with."""
        self._stopping.set()
        if (client := self._client) is not None:
            with suppress(Exception):  # it may have ended by itself
                client.socket().shutdown(2)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        pause, said = PAUSE, ""
        while not self._stopping.is_set():
            try:
                with self._connected() as client:
                    self._client, pause, said = client, PAUSE, ""
                    self._watch(client)
            except Exception as error:  # whatever it is, mails are to be taken again later
                told = self._why_not(error)
                if not self._stopping.is_set() and told != said:
                    where = self._server.host
                    logger.warning(
                        "the mailbox at %s can't be read (%s): see HANDRAIL_EMAIL_RECEIVE; trying again",
                        where,
                        told,
                    )
                said = told
            finally:
                self._client = None
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _why_not(self, error: Exception) -> str:
        match error:
            case LoginError():
                taken = "user or password" if self._tokens is None else "access token"
                return f"it takes no such {taken}"
            case ChannelDown():
                return str(error)
            case _NoFolder():
                return f"it has no folder {self._server.path or FOLDER!r}"
        return trouble(self._server, error)

    def _connected(self) -> IMAPClient:
        server = self._server
        client = IMAPClient(server.host, server.port, ssl=server.tls, timeout=PATIENCE)
        try:
            if server.starttls:
                client.starttls()
            self._log_in(client)
            _open(client, server.path or FOLDER)
        except BaseException:
            with suppress(Exception):
                client.shutdown()
            raise
        return client

    def _log_in(self, client: IMAPClient) -> None:
        user = self._server.user or ""
        if self._tokens is None:
            client.login(user, self._server.password or "")
            return
        token = asyncio.run_coroutine_threadsafe(self._tokens.token(), self._loop).result()
        answers = iter([f"user={user}\x01auth=Bearer {token}\x01\x01"])
        try:
            client.sasl_login("XOAUTH2", lambda _: next(answers, ""))  # what is asked next only says why not
        except LoginError:
            self._tokens.refused(token)
            raise

    def _watch(self, client: IMAPClient) -> None:
        idles = client.has_capability("IDLE")
        while not self._stopping.is_set():
            self._was_told_of_more(client)  # what it was told of is looked at now
            found = self._look(client)
            if self._stopping.is_set():
                return
            if self._was_told_of_more(client):  # while it was looked: the server doesn't say it again
                continue
            limit = SOON if found else ASKED
            if not idles:
                self._stopping.wait(limit)
                client.noop()
            else:
                self._idle(client, limit)

    def _idle(self, client: IMAPClient, limit: float) -> None:
        """Wait until the server says that something is new."""
        client.idle()
        if not self._stopping.is_set():  # else the socket was shut before it was waited for
            client.idle_check(timeout=limit)
        client.idle_done()

    def _was_told_of_more(self, client: IMAPClient) -> bool:
        """Whether the server said since the last time, beside another answer, that there are more mails now."""
        return bool(client._imap.response("EXISTS")[1] != [None])  # there is no other way to what was said so

    def _look(self, client: IMAPClient) -> bool:
        """Deal with what isn't seen; whether something of it was dealt with."""
        dealt = False
        for uid in client.search(["UNSEEN", "UNDELETED"]):
            if self._stopping.is_set():
                return True
            if self._dealt_with(client, uid):
                client.add_flags([uid], [SEEN])
                dealt = True
        return dealt

    def _dealt_with(self, client: IMAPClient, uid: int) -> bool:
        size = client.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
        if size is None:  # somebody has deleted it
            return True
        if size > LARGEST_MAIL:
            logger.warning("a mail of %s bytes was ignored: it is over %s", size, LARGEST_MAIL)
            return True
        found: dict[bytes, Any] = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {})
        raw = found.get(b"BODY[]")
        if raw is None:
            return True
        try:
            asyncio.run_coroutine_threadsafe(self._call(raw), self._loop).result()
        except Exception as error:  # it stays unseen, and others don't wait for it
            kind = str(error) if isinstance(error, HandrailError) else type(error).__name__
            logger.warning("a mail could not be dealt with now: %s", kind)
            return False
        return True

    async def _call(self, raw: bytes) -> None:
        await self._take(raw, (), "")


def _open(client: IMAPClient, folder: str) -> None:
    try:
        client.select_folder(folder)
    except IMAPClientError as error:
        raise _NoFolder(folder) from error


@asynccontextmanager
async def watching(server: Server, take: Take, tokens: Tokens | None = None) -> AsyncIterator[None]:
    """Take mails as long as the block lasts."""
    watch = Watching(server, take, tokens)
    watch.start()
    try:
        yield
    finally:
        await watch.stop()
