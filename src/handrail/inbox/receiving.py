"""Lets channels receive while an app works, each by itself: one that can't begin, or doesn't end, holds nobody up.

What keeps a channel from receiving is logged, and it is tried again with growing pauses.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from handrail.inbox.carrying import told
from handrail.inbox.channel import Channel, Door

logger = logging.getLogger(__name__)

BEGINNING = 10.0
"""seconds for which an app waits until a channel receives"""
ENDING, CUT_OFF = 10.0, 1.0
"""seconds that a channel has to stop, and in which it must once it is cut off"""
PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""seconds between two attempts to begin"""


@asynccontextmanager
async def receiving(channels: Mapping[str, Channel], door: Callable[[str], Door]) -> AsyncIterator[None]:
    """Let channels receive as long as the block lasts; it begins once all do, or can't now."""
    ears = [_Ear(name, channel, door) for name, channel in channels.items()]
    try:
        await asyncio.gather(*(ear.begin() for ear in ears))
        yield
    finally:
        await asyncio.gather(*(ear.end() for ear in ears))


class _Ear:
    """One channel that receives, in a task of its own."""

    def __init__(self, name: str, channel: Channel, door: Callable[[str], Door]) -> None:
        self._name = name
        self._channel = channel
        self._door = door
        self._begun, self._over = asyncio.Event(), asyncio.Event()
        self._receives = False
        self._task = asyncio.create_task(self._listen(), name=f"handrail channel {name}")

    async def begin(self) -> None:
        """Wait until it receives, or can't."""
        try:
            async with asyncio.timeout(BEGINNING):
                await self._begun.wait()
        except TimeoutError:
            logger.warning("channel %s does not receive yet; everything else goes on", self._name)

    async def end(self) -> None:
        """Let it stop; what doesn't is cut off."""
        self._over.set()
        if self._receives:
            await asyncio.wait({self._task}, timeout=ENDING)
        if self._task.done():
            return
        self._task.cancel()
        if not (await asyncio.wait({self._task}, timeout=CUT_OFF))[0]:
            logger.warning("channel %s does not stop; it is left to itself", self._name)

    async def _listen(self) -> None:
        pause = PAUSE
        try:
            while not self._over.is_set():
                try:
                    async with self._channel.serve(self._door(self._name)):
                        self._receives = True
                        self._begun.set()
                        await self._over.wait()
                except asyncio.CancelledError:
                    if _is_cut_off():
                        raise
                    logger.error("channel %s can't receive or stop: CancelledError", self._name)
                except Exception as error:
                    logger.error("channel %s can't receive or stop: %s", self._name, told(error))
                self._begun.set()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause * random.uniform(0.5, 1)):
                        await self._over.wait()
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            self._begun.set()


def _is_cut_off() -> bool:
    """Whether somebody has cancelled this task; a channel may raise the same of itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
