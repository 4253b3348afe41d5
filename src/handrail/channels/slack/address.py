"""Whom and where: people and rooms as requests name them, and as Slack knows them.

`#deploys`, `C012AB` and `G012AB` are rooms, `@alice` a person of the store, found in Slack by an address that is known
of them (`T01:U02`) or by their email; nothing at all is where the app says.
"""

import logging
from typing import Any

from handrail.channels.slack.client import Client, SlackRefused
from handrail.inbox.channel import Door
from handrail.requests.errors import ChannelError, HandrailError, NotAllowed

logger = logging.getLogger(__name__)

PAGES = 50
"""lists of rooms that are looked through for a name"""


def address_of(team: str, user: str) -> str:
    """Return what somebody is known by on this channel.

    >>> address_of("T01", "U02")
    'T01:U02'
    """
    return f"{team}:{user}"


class Addresses:
    """Finds people and rooms, and remembers what was found as long as this process lives."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rooms: dict[str, str] = {}
        self._self: dict[str, Any] | None = None
        self.door: Door | None = None

    async def team(self) -> str:
        """Return the id of the workspace that the token belongs to."""
        return str((await self._known_self())["team_id"])

    async def bot(self) -> str:
        """Return the user id by which the app itself posts."""
        return str((await self._known_self())["user_id"])

    async def _known_self(self) -> dict[str, Any]:
        if self._self is None:
            self._self = await self._client.call("auth.test")
        return self._self

    async def room(self, to: str) -> str:
        """Return where to post: the id of a room or of the direct messages with a person.

        A room's name is given to Slack as it is. Raises `ChannelError` for somebody whom Slack doesn't know.
        """
        if not to.startswith("@"):
            return to
        user = await self._user(to[1:])  # whose address it is may change: only Slack's own ids are remembered
        if user not in self._rooms:
            opened = await self._client.call("conversations.open", users=user)
            self._rooms[user] = str(opened["channel"]["id"])
        return self._rooms[user]

    async def room_id(self, to: str) -> str | None:
        """Return the id of a room, also of one that is given by its name; None where there is no such room."""
        room = await self.room(to)
        if not room.startswith("#"):
            return room
        if room not in self._rooms and (found := await self._named(room[1:])) is not None:
            self._rooms[room] = found
        return self._rooms.get(room)

    async def _named(self, name: str) -> str | None:
        """Return the id of a room by its name, of those whose lists the app may read."""
        for kind in ("public_channel", "private_channel"):
            try:
                if (found := await self._listed(kind, name)) is not None:
                    return found
            except SlackRefused as error:
                if error.code != "missing_scope":
                    raise
                logger.warning("%s; a room by its name isn't looked for there", error)
        return None

    async def _listed(self, kind: str, name: str) -> str | None:
        cursor = None
        for _ in range(PAGES):
            page = await self._client.call(
                "conversations.list", types=kind, exclude_archived=False, limit=1000, cursor=cursor
            )
            for room in page["channels"]:
                if room["name"] == name:
                    return str(room["id"])
            if not (cursor := page.get("response_metadata", {}).get("next_cursor")):
                return None
        return None

    async def _user(self, person: str) -> str:
        """Return the id in Slack of a person of the store."""
        door, team = self._door(), await self.team()
        for address in await door.addresses(person):
            if address.startswith(f"{team}:"):
                return address.removeprefix(f"{team}:")
        email = await door.email(person)
        if email is None:
            raise ChannelError(
                f"nobody knows where {person!r} is in Slack, or they are switched off here: give them an email with "
                f"`handrail users`, or their Slack id with `handrail users identity {person} slack {team}:U...`"
            )
        found = (await self._client.call("users.lookupByEmail", email=email))["user"]
        if not _is_member(found, team):
            raise ChannelError(f"who has the email of {person!r} in Slack is no member of this workspace")
        owner = await door.learn(address_of(team, found["id"]), email)
        if owner != person:
            raise ChannelError(
                f"who has the email of {person!r} in Slack is {owner!r} here: say who is who with "
                "`handrail users identity`"
            )
        return str(found["id"])

    async def acting(self, team: str, user: str) -> str:
        """Return the address of somebody who does something; one who isn't known is looked up by their email.

        Only people of this workspace are: Slack vouches for the emails of its members, not for those of strangers.
        """
        door, address = self._door(), address_of(team, user)
        if team != await self.team() or await _known(door, address):
            return address
        try:
            found = (await self._client.call("users.info", user=user))["user"]
        except SlackRefused:
            return address
        email = found.get("profile", {}).get("email")
        if email and _is_member(found, team):
            await door.learn(address, str(email))
        return address

    async def called(self, user: str) -> str:
        """Return the name of somebody who is mentioned: of the person here, else their id in Slack."""
        try:
            return await self._door().name(address_of(await self.team(), user))
        except HandrailError:
            return user

    def _door(self) -> Door:
        if self.door is None:
            raise ChannelError("the channel isn't open: work on the app inside `async with app:`")
        return self.door


def _is_member(found: dict[str, Any], team: str) -> bool:
    """Whether Slack vouches for the email of somebody: they are a person of this workspace."""
    outsider = found.get("is_bot") or found.get("deleted") or found.get("is_stranger")
    mine = found.get("team_id", team) == team
    return mine and not outsider and bool(found.get("is_email_confirmed", True))


async def _known(door: Door, address: str) -> bool:
    try:
        await door.name(address)
    except NotAllowed:
        return False
    return True
