"""An office whose time, and Slack's, a test turns."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handrail.testing import TurnableClock
from tests.support.slack_office import Office, office


@dataclass
class Hours:
    """An office and its clock; `at` is the office."""

    at: Office
    clock: TurnableClock

    def pass_by(self, seconds: float) -> None:
        """Let time pass, in Slack too."""
        self.at.slack.clock.turn(seconds)
        self.clock.turn(seconds)

    async def until(
        self,
        condition: Callable[[Any], bool],
        *,
        step: float = 5.0,
        most: float = 600.0,
        limit: float = 120.0,
    ) -> float:
        """Let time pass in steps until something is true of the store; return how much did, `most` at most."""
        passed = 0.0
        async with asyncio.timeout(limit):
            while not await self.at.app.store.read(condition):
                if passed < most:
                    self.pass_by(step)
                    passed += step
                await asyncio.sleep(0.01)
        return passed

    async def all_sent(self, step: float = 5.0, most: float = 600.0) -> float:
        """Let time pass until nothing is left to be told."""
        return await self.until(all_sent, step=step, most=most)


def all_sent(tx: Any) -> bool:
    """Whether nothing is left to be told."""
    return all(each.state == "sent" for each in tx.messages(None, 100_000))


def error_says(words: str) -> Callable[[Any], bool]:
    """Whether a message that is still to be told says what is wrong."""
    return lambda tx: any(
        each.state == "pending" and words in (each.error or "") for each in tx.messages(None, 100_000)
    )


@asynccontextmanager
async def hours(**options: Any) -> AsyncIterator[Hours]:
    """Open an office with a clock to turn."""
    clock = TurnableClock(datetime.now(UTC))
    async with office(clock=clock, **options) as at:
        yield Hours(at, clock)
