"""What may go wrong with a call on demand: each waits for the next call of its method, or of any (`*`)."""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.support.slack.refusal import Refused


@dataclass
class Fault:
    """A call fails, is done but not answered (`drop`), isn't even done, or is answered later."""

    refuse: Refused | None = None
    drop: bool = False
    done: bool = True
    """whether the call is done before its answer is dropped or held"""
    hold: "Hold | None" = None
    delay: float = 0.0


@dataclass
class Hold:
    """A call that has come and gets no answer until `release` is called."""

    reached: bool = False
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Answer now."""
        self._released.set()

    async def wait(self) -> None:
        """Wait for that."""
        await self._released.wait()


class Faults:
    """Those that still wait for their calls."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of `method` fail so."""
        self._waiting[method].extend([fault] * times)

    def next(self, method: str) -> Fault:
        """Return what the call that has just come meets: nothing, mostly."""
        for name in (method, "*"):
            if self._waiting[name]:
                return self._waiting[name].popleft()
        return Fault()
