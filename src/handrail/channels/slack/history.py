"""Asks Slack which messages it has: by the metadata that each of ours carries."""

from collections.abc import AsyncIterator
from typing import Any

from handrail.channels.slack.client import Client, SlackRefused
from handrail.channels.slack.place import Place, message_of, sent_since

PAGE = 200


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

    async def _places(self, pages: AsyncIterator[dict[str, Any]], room: str, message_id: str) -> list[str]:
        found = [posted["ts"] async for posted in pages if message_of(posted) == message_id]
        return [str(Place(room, ts)) for ts in sorted(found)]

    async def _pages(self, method: str, **where: Any) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        while True:
            try:
                page = await self._client.call(
                    method, include_all_metadata=True, inclusive=True, limit=PAGE, cursor=cursor, **where
                )
            except SlackRefused as error:
                if error.code in ("channel_not_found", "thread_not_found", "not_in_channel"):
                    return  # nothing of ours was posted where we aren't
                raise
            for posted in page["messages"]:
                yield posted
            cursor = page.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return
