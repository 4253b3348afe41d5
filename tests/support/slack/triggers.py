"""Trigger ids and response URLs: what an interaction lets an app do once, or five times, and not for long."""

import secrets
from dataclasses import dataclass

from tests.support.slack.clock import Clock
from tests.support.slack.messages import Message
from tests.support.slack.refusal import Refused

TRIGGER_LIFE = 3.0
RESPONSE_LIFE = 30 * 60.0
RESPONSES = 5


@dataclass
class Trigger:
    """Leave to open one modal for a person."""

    user: str
    until: float
    """by what a test turns the clock"""
    view: str | None
    """the modal it came from"""
    used: bool = False


@dataclass
class Responder:
    """Leave to answer where a person acted."""

    user: str
    channel: str
    until: float
    message: Message | None
    uses: int = 0


class Triggers:
    """All that were minted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._responders: dict[str, Responder] = {}

    def mint(self, user: str, view: str | None = None) -> str:
        """Return a new trigger id."""
        minted = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[minted] = Trigger(user, self._clock.turned + TRIGGER_LIFE, view)
        return minted

    def find(self, trigger_id: object) -> Trigger:
        """Find one that may still be exchanged, or refuse."""
        trigger = self._triggers.get(trigger_id) if isinstance(trigger_id, str) else None
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self._clock.turned > trigger.until:
            raise Refused("expired_trigger_id")
        return trigger

    def responder(self, user: str, channel: str, message: Message | None) -> str:
        """Return the path of a new response URL."""
        path = secrets.token_hex(12)
        self._responders[path] = Responder(user, channel, self._clock.now() + RESPONSE_LIFE, message)
        return path

    def respond(self, path: str) -> Responder:
        """Count one use, or refuse."""
        responder = self._responders.get(path)
        if responder is None:
            raise Refused("invalid_url", status=404)
        if self._clock.now() > responder.until:
            raise Refused("expired_url", status=404)
        if responder.uses >= RESPONSES:
            raise Refused("used_url", status=404)
        responder.uses += 1
        return responder
