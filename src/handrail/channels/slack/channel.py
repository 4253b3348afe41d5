"""The channel Slack: posts requests with what can be decided there, and keeps what it posted true.

`to` is a room (`#deploys`, `C012AB`) or a person (`@alice`); a request that only names the channel goes by direct
message to everybody who is asked, and one that asks everybody to the room that the app names.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from handrail.channels.slack import shown
from handrail.channels.slack.address import Addresses
from handrail.channels.slack.client import Client, SlackRefused
from handrail.channels.slack.history import History
from handrail.channels.slack.listening import Listening
from handrail.channels.slack.place import Place, metadata, read_place
from handrail.channels.slack.posting import Posting
from handrail.inbox.channel import Channel, Delivery, Door
from handrail.inbox.outbox import ASKING
from handrail.requests.errors import ChannelError, InvalidInput
from handrail.requests.request import HumanRequest

logger = logging.getLogger(__name__)

GONE = frozenset({"cant_update_message", "edit_window_closed", "message_not_found", "thread_not_found"})
"""what Slack says of a message that somebody deleted, or that can't be changed any more"""


class Slack(Channel):
    """Requests in Slack.

    Args:
        token: of the bot (`xoxb-...`).
        app_token: for Socket Mode (`xapp-...`): Slack is reached from here, and reaches nothing here.
        signing_secret: for HTTP: Slack calls `/channels/slack` of `handrail serve`, and signs its calls.
        channel: the room of requests that name none and ask everybody.
        api_url: where Slack's API is, for tests.

    Without `app_token` and `signing_secret` it only tells. Raises `InvalidInput` for what can't be a token.

    >>> slack = Slack("xoxb-1", app_token="xapp-1", channel="#approvals")
    """

    reaches_people = True

    def __init__(
        self,
        token: str,
        *,
        app_token: str | None = None,
        signing_secret: str | None = None,
        channel: str | None = None,
        api_url: str | None = None,
    ) -> None:
        if not token.startswith("xoxb-"):
            raise InvalidInput("Slack needs the token of a bot, which begins with xoxb-")
        if app_token is not None and not app_token.startswith("xapp-"):
            raise InvalidInput("Socket Mode needs an app-level token, which begins with xapp-")
        self.channel = channel
        self.client = Client(token, api_url)
        self.addresses = Addresses(self.client)
        self.history = History(self.client)
        self.listening = Listening(self.client, self.addresses, app_token, signing_secret)
        if signing_secret is not None:
            self.http = self.listening.http

    def recipients(self, request: HumanRequest) -> Sequence[str]:
        """Return who is asked, or the room of the app where everybody is."""
        if request.asked is None:
            return (self.channel or "",)
        return tuple(f"@{name}" for name in request.asked)

    async def deliver(self, delivery: Delivery) -> str | None:
        """Post a request, or say in its thread what has happened to it."""
        if delivery.occasion in ASKING or not delivery.sent:  # how it ended, for who never had it
            return str(await self._post(delivery, shown.asked(delivery)))
        first = read_place(delivery.sent[0].place)
        posted = shown.said(delivery)
        if posted is None:
            return None
        try:
            await self._post(delivery, posted, first)
        except SlackRefused as error:
            _check_gone(delivery, error)
        return None

    async def _post(self, delivery: Delivery, posting: Posting, beneath: Place | None = None) -> Place:
        if not delivery.to and beneath is None:
            raise ChannelError(
                f"request {delivery.request.id} asks everybody and names no room of Slack: "
                "SlackApprovalNode(channel=...), channels=['slack:#room'], or Slack(channel=...)"
            )
        room = beneath.room if beneath is not None else await self.addresses.room(delivery.to)
        posted = await self.client.call(
            "chat.postMessage",
            channel=room,
            thread_ts=beneath.ts if beneath is not None else None,
            metadata=metadata(delivery.message.id, delivery.request.id),
            **_content(posting),
        )
        return Place(str(posted["channel"]), str(posted["ts"]))

    async def digest(self, to: str, deliveries: Sequence[Delivery]) -> None:
        """Post one list by direct message."""
        first = deliveries[0]
        await self.client.call(
            "chat.postMessage",
            channel=await self.addresses.room(to),
            metadata=metadata(first.message.place or first.message.id, first.request.id),
            **_content(shown.gathered(deliveries)),
        )

    async def update(self, delivery: Delivery, place: str) -> None:
        """Let a message say how things stand: who decides, who has, or how it ended."""
        where = read_place(place)
        try:
            await self.client.call(
                "chat.update", channel=where.room, ts=where.ts, **_content(shown.asked(delivery))
            )
        except SlackRefused as error:
            _check_gone(delivery, error)

    async def find(self, delivery: Delivery) -> Sequence[str]:
        """Return where a message is already, asked of Slack by its metadata."""
        if delivery.occasion not in ASKING and delivery.sent:
            beneath = read_place(delivery.sent[0].place)
            return await self.history.thread(beneath, delivery.message.id)
        if not delivery.to or (room := await self.addresses.room_id(delivery.to)) is None:
            return ()
        return await self.history.room(room, delivery.message.id)

    def serve(self, door: Door) -> AbstractAsyncContextManager[None]:
        """Receive what people do in Slack: by Socket Mode, by HTTP, or both."""
        return self._serve(door)

    @asynccontextmanager
    async def _serve(self, door: Door) -> AsyncIterator[None]:
        self.addresses.door = door
        session = await self.client.open()
        try:
            async with self.listening.to(door):
                yield
        finally:
            self.client.close()
            await session.close()


def _check_gone(delivery: Delivery, error: SlackRefused) -> None:
    """Raise an error, unless it says that there is nothing any more to change or to answer."""
    if error.code not in GONE:
        raise error
    logger.info("a message of request %s is gone from Slack (%s)", delivery.request.id, error.code)


def _content(posting: Posting) -> dict[str, Any]:
    return {
        "text": posting.text,
        "blocks": posting.blocks or None,
        "unfurl_links": False,
        "unfurl_media": False,
    }
