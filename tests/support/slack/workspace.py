"""Who and what is in the workspace: people, bots and guests, channels and direct messages."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.support.slack.refusal import Refused

Kind = Literal["public", "private", "im", "mpim"]
SCOPE_OF: dict[Kind, str] = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}
TYPE_OF: dict[Kind, str] = {
    "public": "public_channel",
    "private": "private_channel",
    "im": "im",
    "mpim": "mpim",
}


@dataclass
class User:
    """Somebody who has an account, or had one."""

    id: str
    name: str
    team: str
    email: str | None = None
    real_name: str = ""
    bot: bool = False
    guest: bool = False
    deleted: bool = False
    admin: bool = False

    def as_json(self, home: str, *, with_email: bool) -> dict[str, Any]:
        """What users.info tells an app of the workspace `home`."""
        name = self.real_name or self.name.title()
        profile: dict[str, Any] = {"real_name": name, "display_name": self.name, "team": self.team}
        if with_email and self.email and self.team == home:
            profile["email"] = self.email
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "deleted": self.deleted,
            "real_name": name,
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "profile": profile,
            "is_admin": self.admin,
            "is_owner": False,
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
            "is_bot": self.bot,
            "is_stranger": self.team != home,
            "is_app_user": False,
        }


@dataclass
class Channel:
    """A place for messages."""

    id: str
    name: str
    kind: Kind = "public"
    members: set[str] = field(default_factory=set)
    archived: bool = False

    @property
    def event_type(self) -> str:
        """What events call its kind."""
        return {"public": "channel", "private": "group"}.get(self.kind, self.kind)

    def as_json(self, bot: str) -> dict[str, Any]:
        """What conversations.info tells."""
        if self.kind == "im":
            (other,) = self.members - {bot}
            return {"id": self.id, "is_im": True, "user": other, "is_archived": self.archived}
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": self.kind == "public",
            "is_group": self.kind == "private",
            "is_im": False,
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "public",
            "is_archived": self.archived,
            "is_member": bot in self.members,
            "num_members": len(self.members),
        }


class Workspace:
    """One team with its people and channels, seen by the app's bot."""

    def __init__(self, team: str, domain: str, bot: User) -> None:
        self.team = team
        self.domain = domain
        self.bot = bot
        self.users: dict[str, User] = {bot.id: bot}
        self.channels: dict[str, Channel] = {}

    def user(self, user_id: Any, error: str = "user_not_found") -> User:
        """Find a user, or refuse."""
        found = self.users.get(user_id) if isinstance(user_id, str) else None
        if found is None:
            raise Refused(error)
        return found

    def by_email(self, email: Any) -> User:
        """Find somebody of this workspace who is still there; a bot has no address."""
        for user in self.users.values():
            known = not user.deleted and not user.bot and user.team == self.team
            if known and user.email and isinstance(email, str) and user.email.lower() == email.lower():
                return user
        raise Refused("users_not_found")

    def direct(self, user_id: str) -> Channel:
        """Return the direct messages of the bot with somebody, opened if they weren't."""
        for channel in self.channels.values():
            if channel.kind == "im" and user_id in channel.members:
                return channel
        opened = Channel(f"D{user_id[1:]}", "directmessage", "im", {self.bot.id, user_id})
        self.channels[opened.id] = opened
        return opened

    def seen(self, channel_id: Any) -> Channel:
        """Find a channel that the bot can see by its id, or refuse: it doesn't learn that others exist."""
        channel = self.channels.get(channel_id) if isinstance(channel_id, str) else None
        if channel is None or (channel.kind != "public" and self.bot.id not in channel.members):
            raise Refused("channel_not_found")
        return channel

    def read(self, channel_id: Any) -> Channel:
        """Find a channel whose messages the bot may read, or refuse."""
        channel = self.seen(channel_id)
        if self.bot.id not in channel.members:
            raise Refused("not_in_channel")
        return channel

    def addressed(self, target: Any, *, public: bool) -> Channel:
        """Find where a message goes: by id, by `#name` or name, or to a user's direct messages."""
        if isinstance(target, str) and target in self.users:
            return self._direct_to(self.users[target])
        named = [channel for channel in self.channels.values() if channel.name == str(target).lstrip("#")]
        channel = self.seen(named[0].id if named and named[0].kind != "im" else target)
        if self.bot.id not in channel.members and not public:
            raise Refused("not_in_channel")
        if channel.archived:
            raise Refused("is_archived")
        return channel

    def _direct_to(self, user: User) -> Channel:
        if user.bot:
            raise Refused("cannot_dm_bot")
        if user.deleted:
            raise Refused("channel_not_found")
        return self.direct(user.id)
