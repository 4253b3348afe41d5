"""Receives what people do in Slack: over Socket Mode, or over HTTP with a signature that Slack's own code verifies.

What is done is stored before Slack hears that it arrived, so that nothing acknowledged is lost; where that takes too
long, Slack is answered in time and the work goes on.
"""

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.signature import SignatureVerifier

from handrail.channels.slack import words
from handrail.channels.slack.acting import Acting, Done, Reply, Shown, Whisper, Wrong
from handrail.channels.slack.address import Addresses
from handrail.channels.slack.client import Client
from handrail.channels.slack.modal import told_later
from handrail.channels.slack.posting import Posting
from handrail.channels.slack.press import PREFIX
from handrail.channels.slack.text import escape
from handrail.inbox.channel import Door
from handrail.requests.errors import ChannelError

logger = logging.getLogger(__name__)

IN_TIME = 2.0
"""seconds until Slack is answered whatever is going on; it waits for three"""
ANSWERED_BY = "handrail_answered_by"
"""the moment, by the clock of the loop, by which something is answered"""
PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""seconds between two attempts to connect"""
CONNECTING, CLOSING = 10.0, 2.0
"""seconds that a connection may take to begin, and to end"""
LOOK, MISSING = 1.0, 3
"""seconds between two looks at a connection, and how many looks it may be missing before another one is begun"""
GRACE = 5.0
"""seconds in which what has begun may end when the channel closes"""
COMMAND = "/handrail"
OURS = re.compile(f"^{PREFIX}:")

Act = Callable[[dict[str, Any]], Coroutine[Any, Any, Reply]]


class Listening:
    """What comes in from Slack, while it is open."""

    def __init__(
        self, client: Client, addresses: Addresses, app_token: str | None, signing_secret: str | None
    ) -> None:
        self._client = client
        self._addresses = addresses
        self._app_token = app_token
        self._secret = signing_secret
        self._app: AsyncApp | None = None
        self._begun: set[asyncio.Task[Any]] = set()
        self._closing = False

    @asynccontextmanager
    async def to(self, door: Door) -> AsyncIterator[None]:
        """Receive as long as the block lasts."""
        if self._app_token is None and self._secret is None:
            yield
            return
        self._app = self._made(Acting(self._client, self._addresses, door))
        connecting = (
            asyncio.create_task(self._connected(), name="handrail slack") if self._app_token else None
        )
        self._closing = False
        try:
            yield
        finally:
            self._closing = True
            await self._ended()
            if connecting is not None:
                connecting.cancel()
                await asyncio.wait({connecting})
            self._app = None

    async def _ended(self) -> None:
        """Let what has begun end, and be acknowledged; what takes too long is cut off."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while self._begun:
                    await asyncio.wait(self._begun)
        if rest := set(self._begun):
            for task in rest:
                task.cancel()
            await asyncio.wait(rest)

    # -- Socket Mode --------------------------------------------------------------------------------------------------

    async def _connected(self) -> None:
        """Keep a connection. Slack's client renews it when Slack asks for that; one that is lost is begun anew here,
        because that client would go on with an address that Slack takes only once."""
        assert self._app is not None
        pause = PAUSE
        while True:
            handler = _Handler(self._app, self._app_token, web_client=self._client.socket())
            handler.begun = self._keep
            try:
                await _connect(handler.client)
                pause = PAUSE
                await _lost(handler.client)
                logger.warning("the connection of Socket Mode to Slack is lost; connecting again")
            except Exception as error:
                logger.warning("Slack can't be reached over Socket Mode (%s); trying again", _kind(error))
            finally:
                await _close(handler.client)
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    async def http(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one call of Slack's (ASGI)."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = await self._answer(scope["method"], body, headers)
        told = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, values in answer.headers.items()
            for value in values
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": told})
        await send({"type": "http.response.body", "body": (answer.body or "").encode()})

    async def _answer(self, method: str, body: bytes, headers: dict[str, str]) -> BoltResponse:
        if method != "POST":
            return BoltResponse(status=405, body="Slack posts to this address", headers={"allow": "POST"})
        if self._app is None:
            return BoltResponse(status=503, body="this app is not working now")
        if not _is_signed(self._secret or "", body, headers):
            logger.warning(
                "a call that says it comes from Slack was refused: its signature is wrong or too old"
            )
            return BoltResponse(status=401, body="this is not signed by Slack")
        try:
            call = AsyncBoltRequest(body=body.decode(), headers={**headers})
        except (AttributeError, TypeError, ValueError):
            return BoltResponse(status=400, body="that is no call of Slack's")
        return await self._app.async_dispatch(call)

    # -- what is listened to ------------------------------------------------------------------------------------------

    def _made(self, acting: Acting) -> AsyncApp:
        app = AsyncApp(
            client=self._client.socket(),
            authorize=_Authorized(self._client),  # type: ignore[arg-type]
            logger=_quiet(),
            before_authorize=self._ours,
            signing_secret=self._secret or "none: Socket Mode is authenticated by its connection",
            process_before_response=True,  # stored first, then acknowledged
            url_verification_enabled=True,
            ssl_check_enabled=True,
        )
        app.error(_broken)
        app.action(OURS)(self._on(acting.pressed))
        app.view(OURS)(self._on(acting.submitted))
        app.event("message")(self._on(acting.said))
        app.command(COMMAND)(self._on(acting.listed))
        return app

    async def _ours(
        self, body: dict[str, Any], context: dict[str, Any], next: Callable[[], Awaitable[Any]]
    ) -> BoltResponse | None:
        """Let only through what comes from the workspace that the token belongs to, and Slack's look at the address."""
        context[ANSWERED_BY] = until = asyncio.get_running_loop().time() + IN_TIME
        if body.get("type") == "url_verification":
            await next()
            return None
        if self._closing:
            return BoltResponse(status=503, body="this app is closing")
        team = body.get("team_id") or (body.get("team") or {}).get("id")
        try:
            async with asyncio.timeout_at(until):
                mine = await self._addresses.team()
        except (ChannelError, TimeoutError):
            return BoltResponse(status=503, body="Slack itself can't be asked now")
        if team != mine:
            logger.warning("a call of another workspace (%s) was refused", str(team)[:40])
            return BoltResponse(status=403, body="this app belongs to another workspace")
        await next()
        return None

    def _on(self, act: Act) -> Any:
        """Return a listener that acts, and answers with what came of it: in time, or later where it takes longer."""

        async def listener(body: dict[str, Any], context: dict[str, Any], ack: Any, respond: Any) -> None:
            task = asyncio.create_task(act(body))
            self._keep(task)
            left = context[ANSWERED_BY] - asyncio.get_running_loop().time()
            await asyncio.wait({task}, timeout=max(left, 0))
            if task.done():
                await self._answered(task.result(), body, ack, respond)
            else:
                await ack(**(_working() if _is_sent(body) else {}))
                self._keep(asyncio.create_task(self._later(task, body, respond)))

        return listener

    async def _answered(self, reply: Reply, body: dict[str, Any], ack: Any, respond: Any) -> None:
        match reply:
            case Shown(view) if _is_sent(body):
                await ack(response_action="update", view=view)
            case Wrong(errors):
                await ack(response_action="errors", errors=errors)
            case _:
                await ack()
                await self._told(reply, body, respond)

    async def _later(self, task: asyncio.Task[Reply], body: dict[str, Any], respond: Any) -> None:
        """Tell what came of something that took longer than Slack waits."""
        try:
            reply = await task
        except Exception as error:
            logger.error("what somebody did in Slack failed: %s", type(error).__name__)
            reply = Shown(told_later(words.NOT_DONE_TITLE, words.BROKEN)) if body.get("view") else Done()
        if _is_sent(body):
            reply = Shown(_in_the_end(reply))
        await self._told(reply, body, respond)

    async def _told(self, reply: Reply, body: dict[str, Any], respond: Any) -> None:
        """Show what came of something that Slack has been answered already."""
        match reply:
            case Shown(view):
                await self._show(body["view"]["id"], view)
            case Whisper(posting):
                await _whisper(respond, posting)

    async def _show(self, view_id: str, view: dict[str, Any]) -> None:
        try:
            await self._client.call("views.update", view_id=view_id, view=view)
        except ChannelError as error:
            logger.warning("a modal could not be changed: %s", error)

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)


class _Handler(AsyncSocketModeHandler):
    """Brings what comes over a connection to the app, and tells what has begun until it is acknowledged."""

    begun: Callable[[asyncio.Task[Any]], None]

    async def handle(self, client: Any, req: Any) -> None:
        if (task := asyncio.current_task()) is not None:
            self.begun(task)
        await super().handle(client, req)


async def _connect(client: Any) -> None:
    client.default_auto_reconnect_enabled = client.auto_reconnect_enabled = False
    async with asyncio.timeout(CONNECTING):
        client.wss_uri = await client.issue_new_wss_url()
        await client.connect()


async def _lost(client: Any) -> None:
    """Return once a connection is gone, and isn't just being renewed."""
    missing = 0
    while missing < MISSING:
        await asyncio.sleep(LOOK)
        missing = 0 if await client.is_connected() else missing + 1


async def _close(client: Any) -> None:
    """End a connection, also one whose other side says nothing any more."""
    try:
        async with asyncio.timeout(CLOSING):
            await client.close()
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        logger.info("a connection to Slack was cut off (%s)", type(error).__name__)
    working = {client.message_processor, client.current_session_monitor, client.message_receiver} - {None}
    for task in working:
        task.cancel()
    await asyncio.wait(working)
    await client.aiohttp_client_session.close()


def _quiet() -> logging.Logger:
    """Return what bolt logs to: errors only, as it warns of the very environment variables that are meant."""
    found = logging.getLogger(f"{__name__}.bolt")
    found.setLevel(logging.ERROR)
    return found


def _kind(error: Exception) -> str:
    """Return what is told of an error: Slack's own word for it, if it has one."""
    data = error.response.data if isinstance(error, SlackApiError) else None
    return str(data.get("error")) if isinstance(data, dict) else type(error).__name__


def _is_signed(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """Whether Slack signed a call, less than five minutes ago."""
    try:
        return SignatureVerifier(secret).is_valid_request(body, headers)
    except (TypeError, ValueError):  # no text, or no number where the moment should stand
        return False


class _Authorized(AsyncAuthorize):
    """Says who the app is, instead of asking Slack, which may not answer: then what came in would be lost."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(
        self, *, team_id: str | None, enterprise_id: str | None, **_: Any
    ) -> AuthorizeResult | None:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=self._client.web.token)


async def _broken(error: Exception) -> BoltResponse:
    """Say in the log what went wrong, without what people wrote."""
    logger.error("what somebody did in Slack failed: %s", type(error).__name__)
    return BoltResponse(status=500, body="")


def _is_sent(body: dict[str, Any]) -> bool:
    return body.get("type") == "view_submission"


def _working() -> dict[str, Any]:
    return {"response_action": "update", "view": told_later(words.WORKING_TITLE, words.WORKING)}


def _in_the_end(reply: Reply) -> dict[str, Any]:
    """Return what a modal becomes whose work took longer than Slack waits."""
    match reply:
        case Shown(view):
            return view
        case Wrong(errors):
            return told_later(
                words.NOT_DONE_TITLE, words.NOT_FITTING.format(escape("; ".join(errors.values())))
            )
    return told_later(words.DONE_TITLE, words.DONE)


async def _whisper(respond: Any, posting: Posting) -> None:
    """Say something to whoever acted, and nobody else."""
    try:
        answer = await respond(
            text=posting.text,
            blocks=posting.blocks or None,
            response_type="ephemeral",
            replace_original=False,
        )
        if answer.status_code != 200:
            logger.warning("a word in Slack for whoever acted was refused: %s", answer.status_code)
    except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
        logger.warning("a word in Slack for whoever acted could not be said: %s", type(error).__name__)
