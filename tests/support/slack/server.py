"""A local Slack for tests, strict where Slack is strict: its Web API, interactions, events and Socket Mode.

Nothing is mocked: it listens on loopback, and whoever talks to it, in this process or another, does so over HTTP and
websockets. Its rules come from Slack's documentation; Slack's own code signs requests and looks at blocks.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal, Self, TypeVar

from aiohttp import web

from tests.support.slack.answering import by_url
from tests.support.slack.calls import Call
from tests.support.slack.clock import Clock
from tests.support.slack.courier import Courier
from tests.support.slack.delivery import Delivery
from tests.support.slack.faults import Fault, Hold
from tests.support.slack.people import People
from tests.support.slack.rates import PostingRate, limited
from tests.support.slack.refusal import Refused
from tests.support.slack.state import State
from tests.support.slack.web_api import WebApi

T = TypeVar("T")


class SlackServer(People):
    """Slack, from entering it to leaving it. `scopes` are the app's; by default all that it may need."""

    def __init__(
        self,
        *,
        scopes: Iterable[str] | None = None,
        team: str = "T0HOME",
        domain: str = "acme",
        port: int = 0,
    ) -> None:
        self.state = State(scopes, team, domain)
        self._port = port
        self._api = WebApi(self.state)
        self._runner: web.AppRunner | None = None
        self._reserved: socket.socket | None = None
        self._unavailable = False

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        """What a client of the Web API takes as its base URL."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        """The token of the app's bot."""
        return self.state.app.bot_token

    @property
    def app_token(self) -> str:
        """The token for Socket Mode."""
        return self.state.app.app_token

    @property
    def signing_secret(self) -> str:
        """What requests by HTTP are signed with."""
        return self.state.app.signing_secret

    @property
    def team(self) -> str:
        """The workspace's id."""
        return self.state.workspace.team

    @property
    def bot_user(self) -> str:
        """The id of the app's bot."""
        return self.state.app.bot_user

    @property
    def clock(self) -> Clock:
        """Slack's clock, which a test may turn."""
        return self.state.clock

    @property
    def rate(self) -> PostingRate:
        """How often the app may post."""
        return self.state.rate

    @property
    def app_url(self) -> str | None:
        """The app's Request URL; None for Socket Mode."""
        return self.courier.url

    @app_url.setter
    def app_url(self, url: str | None) -> None:
        self.courier.url = url

    @property
    def patience(self) -> float:
        """How many seconds the app has for an acknowledgement: Slack gives `IN_TIME`."""
        return self.courier.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self.courier.patience = seconds

    @property
    def connections(self) -> int:
        """How many websockets of Socket Mode are open."""
        return self.courier.sockets.count

    @property
    def connected(self) -> int:
        """How many have ever been opened."""
        return self.courier.sockets.accepted

    @property
    def deliveries(self) -> list[Delivery]:
        """All that was sent to the app, with its outcome."""
        return self.courier.deliveries

    def calls(self, method: str | None = None) -> list[Call]:
        """The calls of a method, or all of them."""
        return [call for call in self.state.calls if method in (None, call.method)]

    async def until(self, predicate: Callable[[], T], limit: float = 60.0) -> T:
        """Wait until something is true of this Slack and return it; TimeoutError after `limit` seconds."""
        return await self.state.changes.until(predicate, limit)

    # What may go wrong

    def revoke(self) -> None:
        """Take the app's tokens away."""
        self.state.app.revoked = True

    def grant(self) -> None:
        """Give them back."""
        self.state.app.revoked = False

    def limit_next(self, method: str, retry_after: int, times: int = 1) -> None:
        """Let the next call of a method be one too many."""
        self.state.faults.add(method, Fault(refuse=limited(retry_after)), times)

    def refuse_next(self, method: str, error: str, times: int = 1, *, status: int = 200) -> None:
        """Let the next call of a method be refused: `internal_error` with a status of 500, `fatal_error` ..."""
        self.state.faults.add(method, Fault(refuse=Refused(error, status=status)), times)

    def drop_next(self, method: str, times: int = 1, *, done: bool = True) -> None:
        """Let the next call of a method be done (or not), and the connection be closed without an answer."""
        self.state.faults.add(method, Fault(drop=True, done=done), times)

    def hold_next(self, method: str, *, done: bool = True) -> Hold:
        """Let the next call of a method be done (or not yet), and wait for its answer until it is released."""
        hold = Hold()
        self.state.faults.add(method, Fault(hold=hold, done=done))
        return hold

    def slow_next(self, method: str, seconds: float, times: int = 1) -> None:
        """Let the answer to the next call of a method take this long."""
        self.state.faults.add(method, Fault(delay=seconds), times)

    async def down(self, how: Literal["refused", "unavailable"] = "refused") -> None:
        """Go away: connections are refused and broken off, or everything is answered with 503."""
        if how == "unavailable":
            self._unavailable = True
            await self.courier.sockets.close()
        elif self._runner is not None:
            await self._stop()
            self._reserved = _bound(self._port)

    async def up(self) -> None:
        """Come back, at the same address and with everything that was there."""
        self._unavailable = False
        if self._runner is None:
            if self._reserved is not None:
                self._reserved.close()
                self._reserved = None
            await self._start()

    # What is brought to the app again

    async def send(self, delivery: Delivery) -> Delivery:
        """Send what was held."""
        await self.courier.send(delivery)
        return delivery

    async def redeliver(self, delivery: Delivery, times: int = 1) -> list[Delivery]:
        """Send the same again, several times at once, signed anew."""
        return await self.courier.redeliver(delivery, times)

    async def replay(self, delivery: Delivery) -> Delivery:
        """Send the very bytes of a delivery by HTTP again, with their old signature."""
        return await self.courier.replay(delivery)

    async def retry(self, delivery: Delivery) -> Delivery | None:
        """Send an event again that wasn't acknowledged; None after three times, or if the app wants none."""
        return await self.courier.retry(delivery)

    async def verify_url(self) -> bool:
        """Ask the app's Request URL for its challenge, as Slack does before it uses it."""
        payload = {
            "token": self.state.app.verification_token,
            "challenge": "3eZbrw",
            "type": "url_verification",
        }
        delivery = await self.courier.bring("url_verification", payload, None)
        body = delivery.body
        told = body.get("challenge") if isinstance(body, dict) else body
        return delivery.acknowledged and told == payload["challenge"]

    async def disconnect(self, reason: Literal["warning", "refresh_requested"] = "refresh_requested") -> None:
        """Ask all websockets to connect anew; returns when they have gone, after a `warning` at once."""
        await self.courier.sockets.disconnect(reason, self.patience)

    async def break_off(self) -> None:
        """Break off all websockets, without a word."""
        await self.courier.sockets.close()

    # Listening

    async def __aenter__(self) -> Self:
        self.courier = Courier(self.state)
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        await self.courier.close()
        if self._reserved is not None:
            self._reserved.close()

    async def _start(self) -> None:
        application = web.Application(client_max_size=4 * 2**20, middlewares=[self._available])
        application.router.add_route("*", "/api/{method}", self._api.answer)
        application.router.add_post("/actions/{path}", partial(by_url, self.state))
        application.router.add_get("/link/", self.courier.link)
        self._runner = web.AppRunner(application, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        listening = _bound(self._port)
        await web.SockSite(self._runner, listening, backlog=1024).start()
        self._port = listening.getsockname()[1]
        self.state.base_url = self.url

    async def _stop(self) -> None:
        await self.courier.sockets.close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()
            await asyncio.sleep(0)

    @web.middleware
    async def _available(self, request: web.Request, handler: Callable[..., object]) -> web.StreamResponse:
        if self._unavailable:
            return web.Response(status=503, text="Service Unavailable")
        return await handler(request)  # type: ignore[misc, no-any-return]


def _bound(port: int) -> socket.socket:
    """Return a socket at this port, which refuses connections as long as it doesn't listen."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
