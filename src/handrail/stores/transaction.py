"""One transaction on SQLite: the ports of inbox, runs, people, teams and webhooks, side by side."""

import sqlite3
from collections.abc import Container
from typing import NamedTuple

from handrail.stores.channel_rows import ChannelRows
from handrail.stores.inbox_rows import InboxRows
from handrail.stores.live_rows import LiveRows
from handrail.stores.measure_rows import MeasureRows
from handrail.stores.outside_rows import OutsideRows
from handrail.stores.people_rows import PeopleRows
from handrail.stores.run_rows import RunRows
from handrail.stores.search_rows import SearchRows
from handrail.stores.team_rows import TeamRows
from handrail.stores.webhook_rows import WebhookRows
from handrail.stores.wish_rows import WishRows


class Mark(NamedTuple):
    """How far a transaction was, to go back there."""

    signals: int
    head: tuple[int, str] | None
    unwritten: int
    woken: int


BEGINNING = Mark(0, None, 0, 0)


class Transaction(
    InboxRows,
    SearchRows,
    LiveRows,
    ChannelRows,
    WishRows,
    OutsideRows,
    MeasureRows,
    RunRows,
    PeopleRows,
    TeamRows,
    WebhookRows,
):
    """What units of work see of a SQLite database."""

    def __init__(self, connection: sqlite3.Connection, *, reading: bool = False) -> None:
        self.connection = connection
        self.reading = reading
        self.signals = []
        self.head = None
        self.unwritten = []
        self.moved = {}
        self.woken = {}
        self.following = False
        self.wished = None

    def signal(self, topic: str, subject: str) -> None:
        """Ring the doorbell `topic` for `subject` once this transaction is committed."""
        self.signals.append((topic, subject))

    def silence(self, topic: str, subjects: Container[str]) -> None:
        """Don't ring for these after all."""
        self.signals = [(name, one) for name, one in self.signals if name != topic or one not in subjects]

    def write_held(self) -> None:
        """Write what was kept back until now, so that what is read next finds it."""
        self.write_events()
        self.write_wakeups()

    def mark(self) -> Mark:
        """Return how far this transaction is."""
        return Mark(len(self.signals), self.head, len(self.unwritten), len(self.woken))

    def forget(self, mark: Mark = BEGINNING) -> None:
        """Forget what was kept beside the database since `mark`, after a rollback to it."""
        del self.signals[mark.signals :]
        del self.unwritten[mark.unwritten :]
        for run_id in list(self.woken)[mark.woken :]:
            del self.woken[run_id]
        self.moved.clear()
        self.head = mark.head
