"""What faces read of the outbox: messages as plain JSON, in pages, the newest first. What a comment says isn't told."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from handrail.inbox import cursor
from handrail.inbox.filing import Place
from handrail.inbox.ports import InboxTransaction, Message, MessageFilter, Store
from handrail.requests.identifier import utc_text
from handrail.requests.record import is_blind

MOST = 200
"""messages of one page"""
KIND = "outbox"


class Page(NamedTuple):
    """Some messages, and the cursor of what follows; None at the end."""

    messages: list[Message]
    next: str | None


def public(message: Message) -> dict[str, Any]:
    """Return a message as JSON, with the words of the documentation as keys."""
    return {
        "id": message.id,
        "request_id": message.request_id,
        "channel": message.channel,
        "recipient": message.to,
        "occasion": message.occasion,
        "state": message.state,
        "attempts": message.attempts,
        "due_at": utc_text(message.due_at),
        "error": message.error,
        "news": message.news,
        "waits": message.waits if message.state == "pending" else None,
    }


async def page(
    store: Store,
    which: MessageFilter,
    *,
    viewer: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return a page of messages; what it tells a `viewer` who votes blind says nothing about votes of others.

    Raises `InvalidInput` for a cursor that is none of this list.
    """
    before = cursor.read(after, KIND).id if after is not None else None
    return await store.read(_page, which=which, viewer=viewer, before=before, limit=limit)


def _page(
    tx: InboxTransaction, *, which: MessageFilter, viewer: str | None, before: str | None, limit: int
) -> Page:
    found = tx.find_messages(which, before, limit + 1)
    last = Place(found[limit - 1].id, 0, 0) if len(found) > limit else None
    return Page(seen_by(tx, found[:limit], viewer), cursor.write(last, KIND))


def seen_by(tx: InboxTransaction, messages: Sequence[Message], viewer: str | None) -> list[Message]:
    """Return messages without those by which somebody who votes blind would learn that others have voted."""
    votes = {message.request_id for message in messages if message.occasion == "decided"}
    blind = {each.id for each in tx.outlines(votes).values() if is_blind(each, viewer)} if votes else set()
    return [each for each in messages if each.occasion != "decided" or each.request_id not in blind]
