"""Asks Slack which messages it has: by the metadata that each of ours carries."""

import logging
from collections.abc import AsyncIterator
from typing import Any

from handrail.channels.slack.client import Client, SlackRefused
from handrail.channels.slack.place import About, Place, about_of, sent_since

logger = logging.getLogger(__name__)

PAGE = 200
NOT_THERE = frozenset({"channel_not_found", "not_in_channel", "thread_not_found"})
"""what Slack says of places where nothing of ours can be"""


class History:
    """What is in a room or in a thread."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def room(self, room: str, message_id: str) -> list[str]:
        """Return every place in a room where a message was posted, the first one first."""
        pages = self._pages("conversations.history", channel=room, oldest=sent_since(message_id))
        return await self._places(pages, room, message_id)

    async def thread(self, beneath: Place, message_id: str) -> list[str]:
        """Return every place in a thread where a message was posted, the first one first."""
        oldest = sent_since(message_id)
        pages = self._pages("conversations.replies", channel=beneath.room, ts=beneath.ts, oldest=oldest)
        return await self._places(pages, beneath.room, message_id)

    async def first(self, place: Place) -> About | None:
        """Return what the first message of a thread is about, if it is one of ours."""
        async for posted in self._pages("conversations.replies", channel=place.room, ts=place.ts):
            return about_of(posted)
        return None

    async def _places(self, pages: AsyncIterator[dict[str, Any]], room: str, message_id: str) -> list[str]:
        found = [
            posted["ts"]
            async for posted in pages
            if (about := about_of(posted)) is not None and about.message_id == message_id
        ]
        return [str(Place(room, ts)) for ts in sorted(found)]

    async def _pages(self, method: str, **where: Any) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        while True:
            try:
                page = await self._client.call(
                    method, include_all_metadata=True, inclusive=True, limit=PAGE, cursor=cursor, **where
                )
            except SlackRefused as error:
                if error.code == "missing_scope":
                    logger.warning("%s; what was sent before a crash may be sent twice", error)
                elif error.code not in NOT_THERE:
                    raise
                return
            for posted in page["messages"]:
                yield posted
            cursor = page.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return
