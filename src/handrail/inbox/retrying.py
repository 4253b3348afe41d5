"""Trying messages of the outbox again that were given up, or wait long for their next try, because somebody says so."""

from dataclasses import replace
from datetime import datetime

from handrail.inbox.ports import InboxTransaction, Message, MessageFilter, Store
from handrail.inbox.taking import RESERVED
from handrail.requests.content import JSON, encode
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, UnknownId

AT_ONCE = 500
"""messages that one transaction lets be tried again"""


def retry(tx: InboxTransaction, *, message_id: str, actor: Actor, now: datetime) -> Message:
    """Let a message be tried now that was given up or waits for its next try; returns it.

    What is due within `RESERVED` anyway stays as it is: it may be on its way at this moment. Raises `UnknownId`, and
    `Conflict` for a message that was delivered, or that wasn't tried since its recipient wishes to have it later.
    """
    if (message := tx.message(message_id)) is None:
        raise UnknownId(
            f"there is no message {message_id[:80]!r} in the outbox; `handrail outbox` lists them"
        )
    if message.state == "sent":
        raise Conflict(f"message {message.id} was delivered: there is nothing to try again", about="state")
    if is_wished_later(message):
        what = "quiet hours" if message.waits == "quiet" else "a digest"
        told = f"message {message.id} wasn't tried yet: it waits for {what} of {message.to}, who set it so"
        raise Conflict(told, about="state")
    if (again := _again(message, now)) is not None:
        data: dict[str, JSON] = {
            "message": message.id,
            "request": message.request_id,
            "channel": message.channel,
        }
        _let_try(tx, [again], data, actor, now)
    return again or message


def retry_some(
    tx: InboxTransaction, *, which: MessageFilter, before: str | None, actor: Actor, now: datetime
) -> tuple[int, str | None]:
    """Let messages be tried now as `retry` does, those that were given up unless `which` says pending ones.

    Returns how many that were, and the `before` of the next call; None where there are no more.
    """
    which = replace(which, state=which.state or "failed")
    found = tx.find_messages(which, before, AT_ONCE)
    again = [each for message in found if (each := _again(message, now)) is not None]
    if again:
        channel = {"channel": which.channel} if which.channel else {}
        _let_try(tx, again, {"messages": len(again), **channel}, actor, now)
    return len(again), found[-1].id if len(found) == AT_ONCE else None


async def retry_all(store: Store, which: MessageFilter, *, actor: Actor, now: datetime) -> int:
    """Let all messages of a kind be tried now, in transactions of some hundreds; returns how many that were."""
    number, before = await store.do(retry_some, which=which, before=None, actor=actor, now=now)
    while before is not None:
        more, before = await store.do(retry_some, which=which, before=before, actor=actor, now=now)
        number += more
    return number


def is_wished_later(message: Message) -> bool:
    """Whether a message waits because its recipient wishes it to, and for nothing else."""
    return message.state == "pending" and message.waits is not None and not message.attempts


def _again(message: Message, now: datetime) -> Message | None:
    """Return the message as it is to be tried now; None where it is due soon anyway, or wished for later."""
    if (
        message.state == "failed"
    ):  # it has all its tries again; but the one: what may be there already is looked for
        return replace(message, state="pending", attempts=1, due_at=now)
    if is_wished_later(message) or message.due_at <= now + RESERVED:
        return None
    return replace(message, due_at=now)


def _let_try(
    tx: InboxTransaction, again: list[Message], data: dict[str, JSON], actor: Actor, now: datetime
) -> None:
    for message in again:
        tx.update_message(message)
    # The line names no request in its own column: a request is rebuilt from those that do.
    tx.append_event("messages_retried", encode(data), at=now, actor=actor.name)
    for channel in dict.fromkeys(message.channel for message in again):
        tx.signal("message", channel)
