"""All that Slack knows: one app installed in one workspace, with its tokens, scopes, messages and open modals."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.support.slack.calls import Call
from tests.support.slack.changes import Changes
from tests.support.slack.clock import Clock
from tests.support.slack.faults import Faults
from tests.support.slack.messages import Messages
from tests.support.slack.rates import PostingRate
from tests.support.slack.triggers import Triggers
from tests.support.slack.views import Views
from tests.support.slack.workspace import User, Workspace

ALL_SCOPES = frozenset(
    {
        "chat:write",
        "commands",
        "channels:history",
        "channels:read",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "mpim:write",
        "users:read",
        "users:read.email",
    }
)
"""what an app gets unless a test gives it less; `chat:write.public` isn't among them"""


@dataclass
class App:
    """The app as Slack knows it."""

    scopes: frozenset[str]
    id: str = "A0HANDRAIL"
    bot_id: str = "B0HANDRAIL"
    bot_user: str = "U0HANDRAIL"
    bot_token: str = field(default_factory=lambda: f"xoxb-{secrets.token_hex(12)}")
    app_token: str = field(default_factory=lambda: f"xapp-1-{secrets.token_hex(12)}")
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12))
    revoked: bool = False


class State:
    """Slack's own memory."""

    def __init__(self, scopes: Iterable[str] | None, team: str, domain: str) -> None:
        self.app = App(frozenset(ALL_SCOPES if scopes is None else scopes))
        self.clock = Clock()
        self.changes = Changes()
        self.messages = Messages(self.clock)
        self.triggers = Triggers(self.clock)
        self.workspace = Workspace(team, domain, User(self.app.bot_user, "handrail", team, bot=True))
        identity = {
            "team_id": team,
            "app_id": self.app.id,
            "bot_id": self.app.bot_id,
            "app_installed_team_id": team,
        }
        self.views = Views(identity, self.messages, self.triggers)
        self.rate = PostingRate(self.clock)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.tickets: set[str] = set()
        self.base_url = ""
        """where it can be reached; set when it listens"""
