"""Receives what people do in Slack: over Socket Mode, or over HTTP with a signature that Slack's own code verifies.

What is done is stored before Slack hears that it arrived, so that nothing acknowledged is lost; where that takes too
long, Slack is answered in time and the work goes on.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError

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
PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""seconds between two attempts to connect"""
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
        try:
            yield
        finally:
            if connecting is not None:
                connecting.cancel()
                await asyncio.wait({connecting})
            self._app = None
            if self._begun:
                await asyncio.wait(self._begun, timeout=GRACE)
            for task in self._begun:
                task.cancel()

    # -- Socket Mode --------------------------------------------------------------------------------------------------

    async def _connected(self) -> None:
        """Keep a connection; Slack's own client renews it once it has one."""
        assert self._app is not None
        pause = PAUSE
        while True:
            handler = AsyncSocketModeHandler(self._app, self._app_token, web_client=self._client.socket())
            try:
                await handler.connect_async()  # type: ignore[no-untyped-call]
                await asyncio.Event().wait()
            except Exception as error:
                logger.warning(
                    "Slack can't be reached over Socket Mode (%s); trying again", type(error).__name__
                )
            finally:
                await handler.close_async()  # type: ignore[no-untyped-call]
            await asyncio.sleep(pause)
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
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return BoltResponse(status=400, body="that is no text")
        answer = await self._app.async_dispatch(AsyncBoltRequest(body=text, headers={**headers}))
        if answer.status == 401:
            logger.warning(
                "a call that says it comes from Slack was refused: its signature is wrong or too old"
            )
        return answer

    # -- what is listened to ------------------------------------------------------------------------------------------

    def _made(self, acting: Acting) -> AsyncApp:
        app = AsyncApp(
            client=self._client.web,
            signing_secret=self._secret or "none: Socket Mode is authenticated by its connection",
            process_before_response=True,  # stored first, then acknowledged
            url_verification_enabled=True,
            ssl_check_enabled=True,
        )
        app.use(self._ours)
        app.action(OURS)(self._on(acting.pressed))
        app.view(OURS)(self._on(acting.submitted))
        app.event("message")(self._on(acting.said))
        app.command(COMMAND)(self._on(acting.listed))
        return app

    async def _ours(self, body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> BoltResponse | None:
        """Let only through what comes from the workspace that the token belongs to."""
        team = body.get("team_id") or (body.get("team") or {}).get("id")
        try:
            mine = await self._addresses.team()
        except ChannelError:
            return BoltResponse(status=503, body="Slack itself can't be asked now")
        if team != mine:
            logger.warning("a call of another workspace (%s) was refused", str(team)[:40])
            return BoltResponse(status=403, body="this app belongs to another workspace")
        await next()
        return None

    def _on(self, act: Act) -> Any:
        """Return a listener that acts, and answers with what came of it: in time, or later where it takes longer."""

        async def listener(body: dict[str, Any], ack: Any, respond: Any) -> None:
            task = asyncio.create_task(act(body))
            self._keep(task)
            await asyncio.wait({task}, timeout=IN_TIME)
            if task.done():
                await self._answered(task.result(), ack, respond)
            else:
                view = body.get("view") if body.get("type") == "view_submission" else None
                await ack(
                    **(
                        {"response_action": "update", "view": told_later(words.WORKING_TITLE, words.WORKING)}
                        if view
                        else {}
                    )
                )
                self._keep(asyncio.create_task(self._later(task, view, respond)))

        return listener

    async def _answered(self, reply: Reply, ack: Any, respond: Any) -> None:
        match reply:
            case Shown(view):
                await ack(response_action="update", view=view)
            case Wrong(errors):
                await ack(response_action="errors", errors=errors)
            case Whisper(posting):
                await ack()
                await _whisper(respond, posting)
            case Done():
                await ack()

    async def _later(self, task: asyncio.Task[Reply], view: dict[str, Any] | None, respond: Any) -> None:
        """Tell what came of something that took longer than Slack waits."""
        try:
            reply = await task
            if isinstance(reply, Whisper):
                await _whisper(respond, reply.posting)
            if view is not None:
                await self._client.call("views.update", view_id=view["id"], view=_in_the_end(reply))
        except Exception as error:
            logger.error("what somebody did in Slack could not be answered: %s", type(error).__name__)

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)


def _in_the_end(reply: Reply) -> dict[str, Any]:
    """Return what a modal becomes whose work took longer than Slack waits."""
    match reply:
        case Shown(view):
            return view
        case Wrong(errors):
            return told_later(
                words.REFUSED_TITLE, words.NOT_FITTING.format(escape("; ".join(errors.values())))
            )
    return told_later(words.DONE_TITLE, words.DONE)


async def _whisper(respond: Any, posting: Posting) -> None:
    """Say something to whoever acted, and nobody else."""
    try:
        await respond(
            text=posting.text,
            blocks=posting.blocks or None,
            response_type="ephemeral",
            replace_original=False,
        )
    except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
        logger.warning("a word in Slack for whoever acted could not be said: %s", type(error).__name__)
