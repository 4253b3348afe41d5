"""What keeps messages from people, in words for whoever runs Handrail: nobody carries them, they are tried in vain, or
were given up. It reads the store alone, so it says the same in every process."""

from collections.abc import Collection
from datetime import datetime, timedelta

from handrail.inbox.outside import CHANNEL
from handrail.inbox.ports import InboxTransaction, Message

MOST = 100_000
"""messages of a channel that are counted"""
LOOKED_AT = 100
"""pending messages of a channel that are looked at"""
UNTRIED = timedelta(minutes=1)
"""after which a message that was never tried shows that nobody at work carries its channel"""


def not_carried(number: int, channel: str) -> str:
    """Return what is said of messages for a channel that an app doesn't carry.

    >>> print(not_carried(3, "slack"))
    3 messages wait for the channel 'slack', which this app doesn't carry: App(channels=["slack"]) or \
HANDRAIL_CHANNELS=slack
    """
    return (
        f"{_count(number, 'waits', 'wait')} for the channel {channel!r}, which this app doesn't carry: "
        f'App(channels=["{channel}"]) or HANDRAIL_CHANNELS={channel}'
    )


def undelivered(tx: InboxTransaction, *, carried: Collection[str], certain: bool, now: datetime) -> list[str]:
    """Return what is wrong, by channel, and what to do about it.

    Args:
        carried: the channels of an app; calls to URLs are carried by every server, and needn't be named.
        certain: whether no other app may be at work that carries more: else it counts that nobody has tried.
        now: the moment.
    """
    pending, failed = tx.count_messages("pending", MOST), tx.count_messages("failed", MOST)
    found = []
    for channel in sorted({*pending, *failed}):
        first = tx.first_pending(channel, LOOKED_AT) if channel in pending else []
        if channel != CHANNEL and channel not in carried and first and (certain or _untried(first, now)):
            found.append(not_carried(pending[channel], channel))
        elif tried := [message for message in first if message.error]:
            last = max(tried, key=lambda message: message.attempts)
            found.append(
                f"{_count(pending[channel], 'waits', 'wait')} for the channel {channel!r}: "
                f"{last.id} was tried in vain {_times(last.attempts)}, {last.error}"
            )
        if channel in failed:
            found.append(
                f"{_count(failed[channel], 'was', 'were')} given up by the channel {channel!r}: "
                "`handrail outbox --failed` says why, `handrail outbox --retry` tries again"
            )
    return found


def _untried(first: list[Message], now: datetime) -> bool:
    """Whether messages have been due for a while, and nobody has tried one."""
    return first[0].due_at < now - UNTRIED and all(message.attempts == 0 for message in first)


def _count(number: int, one: str, many: str) -> str:
    return f"1 message {one}" if number == 1 else f"{number} messages {many}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
