"""How often an app may post: about one message a second and channel, with a burst."""

from dataclasses import dataclass, field
from math import ceil

from tests.support.slack.clock import Clock
from tests.support.slack.refusal import Refused


@dataclass
class PostingRate:
    """A bucket of `burst` messages for each channel, filled again with `per_second`; `on=False` lets all through."""

    clock: Clock
    per_second: float = 1.0
    burst: int = 30
    on: bool = True
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, channel: str) -> None:
        """Count a message, or refuse it."""
        if not self.on:
            return
        now = self.clock.now()
        left, at = self._left.get(channel, (float(self.burst), now))
        left = min(float(self.burst), left + max(0.0, now - at) * self.per_second)
        if left < 1:
            self._left[channel] = (left, now)
            raise limited(ceil((1 - left) / self.per_second))
        self._left[channel] = (left - 1, now)


def limited(retry_after: int) -> Refused:
    """Return the refusal with which Slack asks for patience."""
    return Refused("ratelimited", status=429, headers={"Retry-After": str(retry_after)})
