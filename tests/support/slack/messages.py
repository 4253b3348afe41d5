"""Every message that was posted, with all its versions; and what only one person saw."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.slack.blocks import elements_of
from tests.support.slack.clock import Clock
from tests.support.slack.refusal import Impossible, Refused


@dataclass
class Message:
    """A message as it stands now; `versions` holds what it said before, oldest first."""

    channel: str
    ts: str
    text: str
    user: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    bot_id: str | None = None
    app_id: str | None = None
    team: str = ""
    edited: dict[str, str] | None = None
    deleted: bool = False
    only_for: str | None = None
    """the one person who sees it, if it is ephemeral"""
    versions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def elements(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Each element with its block."""
        return ((block, part) for block in self.blocks for part in elements_of(block))

    @property
    def buttons(self) -> list[str]:
        """The action_ids of its buttons, in order."""
        return [part["action_id"] for _, part in self.elements if part["type"] == "button"]

    def element(self, action_id: str, *, value: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Find what a person presses, and its block; Impossible if it isn't there, or not alone."""
        found = [
            (block, part)
            for block, part in self.elements
            if part.get("action_id") == action_id and value in (None, part.get("value"))
        ]
        if self.deleted or len(found) != 1:
            raise Impossible(f"{len(found)} of {action_id!r} in message {self.ts}, which has {self.buttons}")
        return found[0]

    def as_json(self, *, with_metadata: bool = False) -> dict[str, Any]:
        """What Slack tells of it."""
        told: dict[str, Any] = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": self.team,
        }
        extra = {
            "bot_id": self.bot_id,
            "app_id": self.app_id,
            "thread_ts": self.thread_ts,
            "edited": self.edited,
            "blocks": self.blocks or None,
            "metadata": self.metadata if with_metadata else None,
        }
        told |= {name: value for name, value in extra.items() if value is not None}
        if self.bot_id:
            told["bot_profile"] = {
                "id": self.bot_id,
                "app_id": self.app_id,
                "name": "handrail",
                "deleted": False,
            }
        return told


class Messages:
    """All messages of the workspace, in the order in which they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self.posted: list[Message] = []
        self.ephemeral: list[Message] = []

    def mint(self) -> str:
        """Return a new timestamp: later than every earlier one."""
        self._last = max(self._last + 1, int(self._clock.now() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def find(self, channel: str, ts: Any) -> Message:
        """Find a message, or refuse."""
        for message in self.posted:
            if message.channel == channel and message.ts == ts and not message.deleted:
                return message
        raise Refused("message_not_found")

    def add(self, message: Message) -> Message:
        """Keep a message; the first reply makes its parent one of a thread."""
        if message.only_for:
            self.ephemeral.append(message)
            return message
        if message.thread_ts:
            parent = self.find(message.channel, message.thread_ts)
            message.thread_ts = parent.thread_ts = parent.thread_ts or parent.ts
        self.posted.append(message)
        return message

    def change(self, message: Message, by: str, **new: Any) -> None:
        """Let a message say something else."""
        message.versions.append(
            {"text": message.text, "blocks": message.blocks, "metadata": message.metadata}
        )
        for name, value in new.items():
            setattr(message, name, value)
        message.edited = {"user": by, "ts": self.mint()}

    def of(self, channel: str) -> list[Message]:
        """Return the messages and replies that stand in a channel, oldest first."""
        return [message for message in self.posted if message.channel == channel and not message.deleted]

    def top(self, channel: str) -> list[Message]:
        """Return those that are no replies, newest first."""
        return [message for message in reversed(self.of(channel)) if message.thread_ts in (None, message.ts)]

    def thread(self, channel: str, ts: Any) -> list[Message]:
        """Return a message and its replies, oldest first; refused if it isn't there."""
        found = [message for message in self.of(channel) if ts in (message.ts, message.thread_ts)]
        if not found or found[0].ts != ts:
            raise Refused("thread_not_found")
        return found
