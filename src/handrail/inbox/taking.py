"""Taking messages that are due: nobody else does while they are delivered; after a crash they are due again.

What belongs into one list is taken together, and what is due in the quiet hours of whom it is for is put off. What
was taken and not begun is given back as it was: that is no attempt, and nobody is thought to have it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handrail.inbox import digest, notifying
from handrail.inbox.channel import Delivery
from handrail.inbox.ports import InboxTransaction, Message

RESERVED = timedelta(seconds=120)
"""how long messages that one process has taken are not due for others"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken from the outbox, and how much was put off."""

    deliveries: tuple[Delivery, ...] = ()
    held: int = 0


def take(
    tx: InboxTransaction,
    *,
    channels: Collection[str],
    now: datetime,
    limit: int,
    gathering: Collection[str] = (),
    loud: Collection[str] = (),
) -> Taken:
    """Take messages that are due for these channels.

    Those that are `gathering` make lists of digests, those that are `loud` call people by a change too.
    """
    due = digest.whole(tx, tx.due_messages(channels, now, limit), now, gathering)
    names = {message.to[1:] for message in due if message.to.startswith(notifying.PERSON)}
    wishes = tx.wishes(names) if names and tx.has_wishes() else {}
    found, held = [], 0
    for message in due:
        if (request := tx.request(message.request_id)) is None:
            continue
        before = request.draft.previous
        sent = tuple(tx.sent(request.id, message.channel))
        delivery = Delivery(message, request, sent, tx.request(before) if before else None)
        until = notifying.held(delivery, wishes, now, silent=message.channel not in loud)
        if until is not None:
            tx.update_message(replace(message, due_at=until, waits=message.waits or notifying.QUIET))
            held += 1
            continue
        tx.update_message(replace(message, due_at=now + RESERVED, attempts=message.attempts + 1))
        found.append(delivery)
    return Taken(tuple(found), held)


def give_back(
    tx: InboxTransaction, *, messages: Iterable[Message], until: datetime, begun: Collection[str] = ()
) -> None:
    """Let messages that were taken `until` then be as they were, an attempt more for those that were begun.

    Those that are done with, or another's by now, stay as they are.
    """
    for message in messages:
        stored = tx.message(message.id)
        if stored is not None and stored.state == "pending" and stored.due_at == until:
            tx.update_message(replace(message, attempts=message.attempts + (message.id in begun)))
