"""Standing in line: a recipient that took no more is sent its messages one by one, and those to others go first."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handrail.inbox.ports import Message

SPACING = timedelta(seconds=1)
"""between two messages to the same recipient"""


@dataclass
class Line:
    """Messages to a recipient that took no more, one by one: when the last has its turn, and when any may go again."""

    end: datetime
    free: datetime
    inside: set[str] = field(default_factory=set)

    def turn(self, message: Message, now: datetime) -> datetime:
        """Return when a message may go: whoever comes stands behind those who are there."""
        if message.id in self.inside:
            return max(now, self.free)
        self.inside.add(message.id)
        self.end += SPACING
        return self.end
