"""From the log to deliveries: a webhook's cursor moves in the transaction that stores what it owes.

So no event is skipped and none is stored twice. Nobody waits for this: it reads the log behind those who write it, and
where there is no webhook it doesn't even do that.
"""

from datetime import datetime

from handrail.webhooks.event import event_id
from handrail.webhooks.facts import Delivery, Line, Webhook
from handrail.webhooks.ports import WebhookTransaction

PAGE = 500
"""lines of the log that are read at once"""
TESTED = "webhook_tested"


def is_behind(tx: WebhookTransaction) -> bool:
    """Whether the log has lines that an active webhook hasn't seen."""
    found = tx.webhooks(active=True)
    return bool(found) and min(each.cursor for each in found) < tx.end_of_log()


def follow(tx: WebhookTransaction, *, now: datetime) -> int:
    """Store deliveries for some lines of the log; returns how many lines were read, 0 when all were."""
    webhooks = tx.webhooks(active=True)
    if not webhooks:
        return 0
    lines = tx.log_lines(min(each.cursor for each in webhooks), PAGE)
    for webhook in webhooks:
        fresh = [line for line in lines if line.sequence > webhook.cursor]
        for line in fresh:
            if wants(webhook, line):
                tx.add_delivery(_delivery(webhook, line, now))
        if fresh:
            tx.move_cursor(webhook.id, fresh[-1].sequence)
    return len(lines)


def wants(webhook: Webhook, line: Line) -> bool:
    """Whether a webhook is told of a line. A test is for the tested one, whatever else it wants."""
    if line.kind == TESTED:
        return line.about == webhook.id
    return (not webhook.kinds or line.kind in webhook.kinds) and webhook.flow in (None, line.flow)


def _delivery(webhook: Webhook, line: Line, now: datetime) -> Delivery:
    return Delivery(
        webhook.id, line.sequence, event_id(line.hash), line.kind, line.subject, stored_at=now, due_at=now
    )
