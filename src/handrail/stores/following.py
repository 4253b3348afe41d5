"""What follows in the transaction that woke a run: a worker of this process takes it, before anybody else can see it.

A follower that fails takes nothing: the rings of its runs stay, and they are taken as if there were no follower.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from handrail.inbox.ports import Follower
from handrail.stores.transaction import Transaction

logger = logging.getLogger(__name__)


class Following:
    """The followers of one transaction."""

    def __init__(
        self,
        transaction: Transaction,
        followers: Sequence[tuple[asyncio.AbstractEventLoop, Follower]],
    ) -> None:
        self._transaction = transaction
        self._followers = list(followers)
        self._taken: list[tuple[asyncio.AbstractEventLoop, Follower, Mapping[str, Any]]] = []

    def take(self) -> None:
        """Let the followers take what was woken."""
        for loop, follower in self._followers:
            woken = [subject for topic, subject in self._transaction.signals if topic == "wakeup"]
            if woken and (found := self._take(follower, list(dict.fromkeys(woken)))):
                self._taken.append((loop, follower, found))
                self._transaction.silence("wakeup", found)

    def _take(self, follower: Follower, run_ids: list[str]) -> Mapping[str, Any]:
        connection, woken = self._transaction.connection, dict(self._transaction.woken)
        self._transaction.write_events()
        mark = self._transaction.mark()
        connection.execute("SAVEPOINT follower")
        try:
            self._transaction.following = True
            found = follower.take(self._transaction, run_ids)
            self._transaction.write_events()
        except Exception as error:
            logger.warning("runs that were woken are taken later: %s", type(error).__name__)
            if not connection.in_transaction:
                raise  # the database has taken everything back: all units have to know
            connection.execute("ROLLBACK TO follower")
            self._transaction.forget(mark)
            self._transaction.woken = woken
            found = {}
        finally:
            self._transaction.following = False
        connection.execute("RELEASE follower")
        return found

    def tell(self, *, committed: bool) -> None:
        """Tell the followers whether what they took is theirs."""
        for loop, follower, found in self._taken:
            try:
                loop.call_soon_threadsafe(follower.taken, found, committed)
            except RuntimeError:  # the loop was closed: its worker is dead, and others take its runs
                continue
