"""How many requests of HTTP were answered, how, and how fast: counted by the template of their route, never by address.

A template has no ids, so there are as many series as there are routes.
"""

import time
from bisect import bisect_left
from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""seconds; the upper bounds of the buckets"""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Route = tuple[str, str]
"""method and template"""


class Meter:
    """What was counted since the server began."""

    def __init__(self) -> None:
        self.answered: Counter[tuple[str, str, int]] = Counter()
        """by method, template and status"""
        self.buckets: dict[Route, list[int]] = {}
        """how many took at most each bound, not counting those of the bounds before; the last are those beyond"""
        self.seconds: Counter[Route] = Counter()

    def count(self, method: str, template: str, status: int, seconds: float) -> None:
        """Count an answer."""
        method = method if method in METHODS else "OTHER"
        route = method, template
        self.answered[method, template, status] += 1
        buckets = self.buckets.setdefault(route, [0] * (len(BOUNDS) + 1))
        buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds[route] += seconds  # type: ignore[assignment]


class Metered:
    """Counts what the application inside it answers; the time ends when the head of the answer is sent."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                took = time.perf_counter() - began
                self._meter.count(scope["method"], _template(scope), message["status"], took)
            await send(message)

        await self._app(scope, receive, sending)


def _template(scope: Scope) -> str:
    """Return the route's path with its parameters' names; everything that has none is one."""
    return getattr(scope.get("route"), "path_format", None) or "(none)"
