"""What the routes reach: one value with everything they may use, made by whoever wires the app.

Routes talk to the inbox, runs and people through it, and never to a store's rows.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlsplit

from handrail.flows.node import ChainableNode
from handrail.inbox.channel import Channel
from handrail.inbox.delivered import Tries
from handrail.inbox.inbox import Inbox
from handrail.inbox.ports import Clock, Store
from handrail.outgoing.call import Outgoing
from handrail.people.people import People
from handrail.runs.run import StoredRun
from handrail.runs.runs import Runs
from handrail.teams import moves as team_moves
from handrail.teams.teams import Teams
from handrail.web.live import Tail
from handrail.webhooks.receiving import Receiver
from handrail.webhooks.webhooks import Webhooks

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Start(Protocol):
    """Stores a run of a named flow for the workers and returns it."""

    def __call__(
        self, name: str, data: dict[str, Any], run_id: str | None, *, initiator: str
    ) -> Awaitable[StoredRun]: ...


@dataclass(frozen=True)
class Face:
    """What a server shows to people and programs.

    `url` is where people reach it (`http://127.0.0.1:8000`): links begin with it, and only its host is answered to.
    `groups` are those that the app's code names, which pages can't change; `channels` what carries requests to
    people, None where that isn't known.
    """

    store: Store
    clock: Clock
    flows: Mapping[str, ChainableNode]
    start: Start
    migrate: Callable[..., Awaitable[StoredRun]]
    people: People
    url: str = "http://127.0.0.1:8000"
    groups: frozenset[str] = frozenset()
    channels: Mapping[str, Channel] | None = None
    outgoing: Outgoing = field(default_factory=Outgoing)
    """calls what others name: callback URLs"""
    works: Callable[[], bool] = lambda: True
    """whether a worker of this process goes on with runs"""
    resting: Callable[[], Mapping[str, datetime]] = dict
    """the channels that this process leaves alone for now, and until when"""
    carried: Callable[[], Tries] = Tries
    """what this process has delivered or tried to, by channel and result"""
    webhooks_resting: Callable[[], Mapping[str, datetime]] = dict
    """the webhooks that it leaves alone for now, and until when"""
    called: Callable[[], Tries] = Tries
    """the calls of webhooks that it has made, by webhook and result"""

    @property
    def channels_to_people(self) -> list[str] | None:
        """The channels by which people may wish to be notified; None where that isn't known."""
        if self.channels is None:
            return None
        return sorted(name for name, channel in self.channels.items() if channel.reaches_people)

    @property
    def inbox(self) -> Inbox:
        """The one door by which requests change."""
        return Inbox(self.store, self.clock, after=self.teams.look_after)

    @property
    def runs(self) -> Runs:
        """The runs of the store."""
        return Runs(self.store, self.clock, cancel=team_moves.cancel)

    @property
    def teams(self) -> Teams:
        """The boards of the store."""
        return Teams(self.store, self.clock)

    @property
    def webhooks(self) -> Webhooks:
        """Who is told what happens, and who may call in."""
        return Webhooks(self.store, self.clock, self.people.secret, lambda: self.outgoing)

    @property
    def receiver(self) -> Receiver:
        """Takes decisions that are signed."""
        return Receiver(self.store, self.clock, self.people.secret, self.inbox)

    @cached_property
    def tail(self) -> Tail:
        """What happens, for those who follow it; it belongs to the event loop in which it is first asked for."""
        return Tail(self.store, self.clock)

    async def close(self) -> None:
        """End what never ends by itself. Whoever serves calls it before waiting for connections to end."""
        await self.tail.close()

    @property
    def secure(self) -> bool:
        """Whether people come by HTTPS, so that cookies may demand it."""
        return urlsplit(self.url).scheme == "https"

    @property
    def hosts(self) -> frozenset[str]:
        """The names it answers to: on loopback any name of loopback, else the one of its URL."""
        host = (urlsplit(self.url).hostname or "").lower()
        return LOOPBACK if host in LOOPBACK else frozenset({host})

    def link(self, path: str) -> str:
        """Return the address of a page as others see it."""
        return self.url.rstrip("/") + path
