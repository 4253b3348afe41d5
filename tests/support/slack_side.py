"""Slack as the contract of channels looks at it: two rooms, people who press, type and write, and a forger."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import replace
from typing import ClassVar

import uvicorn

from handrail.channels.slack import Slack
from handrail.testing.other_side import OtherSide, Shown
from tests.support.slack import FORGED, HONEST, Channel, Delivery, How, Impossible, Message, SlackServer, User
from tests.support.slack_limits import shown as read
from tests.support.slack_office import SCOPES

PEOPLE = {"alice": "U0ALICE", "bob": "U0BOB", "carol": "U0CAROL", "mallory": "U0MALLORY"}
PREFIX = "handrail:"


class SlackSide(OtherSide):
    """The local Slack. Mallory is in the workspace, too, with an email that nobody has here."""

    name = "slack"
    recipients = ("#deploys", "#release")
    verbs: ClassVar[frozenset[str]] = frozenset({"approve", "edit", "reject", "request_changes"})
    ended: ClassVar[dict[str, str]] = {
        "expired": "nobody decided in time",
        "withdrawn": "withdrawn",
        "replaced": "replaced",
    }

    def __init__(self, slack: SlackServer, channel: Slack) -> None:
        self.slack = slack
        self.channel = channel
        self.addresses = {name: f"{slack.team}:{user}" for name, user in PEOPLE.items()}
        self.people = {
            user: slack.user(user, name, email=f"{name}@slack.example") for name, user in PEOPLE.items()
        }
        members = [*self.people.values()]
        self.rooms: dict[str, Channel] = {
            "#deploys": slack.channel("C0DEPLOYS", "deploys", members),
            "#release": slack.channel("C0RELEASE", "release", members),
        }
        self.acts: list[Delivery] = []

    async def shown(self) -> Sequence[Shown]:
        """Return the messages of both rooms, without their threads."""
        found = []
        for to, room in self.rooms.items():
            for message in self.slack.messages(room):
                if message.thread_ts in (None, message.ts) and message.bot_id:
                    verbs = {
                        name.split(":")[1] for name in message.buttons if not name.startswith(f"{PREFIX}open")
                    }
                    found.append(Shown(to, read(message.blocks), frozenset(verbs), deepcopy(message)))
        return sorted(found, key=lambda each: str(each.place.ts))

    async def said(self) -> Sequence[str]:
        """Return what the app has said in threads."""
        return [
            read(message.blocks) or message.text
            for room in self.rooms.values()
            for message in self.slack.messages(room)
            if message.thread_ts not in (None, message.ts) and message.bot_id
        ]

    async def act(self, address: str, shown: Shown, verb: str, comment: str = "") -> None:
        """Press a button as it was shown, and send the modal that it opens."""
        self.acts.append(await self._pressed(self._user(address), shown, verb, comment))

    async def _pressed(
        self, user: User, shown: Shown, verb: str, comment: str = "", how: How = HONEST
    ) -> Delivery:
        message = shown.place if verb in shown.verbs else _with_button(shown.place, verb)
        before = self.slack.open_view(user)
        delivery = await self.slack.click(user, message, f"{PREFIX}{verb}", how=how)
        view = self.slack.open_view(user)
        if view is None or view is before or not view["submit"]:
            return delivery
        block = next(each["block_id"] for each in view["blocks"] if each["type"] == "input")
        element = next(each["element"]["action_id"] for each in view["blocks"] if each["type"] == "input")
        return await self.slack.submit(user, {block: {element: comment or "because"}})

    async def say(self, address: str, shown: Shown, text: str) -> None:
        """Write in the thread of a message."""
        room = self.rooms[shown.to]
        delivery = await self.slack.type(self._user(address), room, text, thread_ts=shown.place.ts)
        assert delivery is not None
        self.acts.append(delivery)

    async def forged(self, address: str, shown: Shown, verb: str) -> None:
        """Press a button with a signature that Slack didn't make."""
        delivery = await self._pressed(self._user(address), shown, verb, how=FORGED)
        assert delivery.status == 401

    async def again(self, number: int) -> None:
        """Let Slack send the same once more."""
        await self.slack.redeliver(self.acts[number])

    async def told(self, address: str) -> Sequence[str]:
        """Return what only one person saw: ephemeral messages, and what became of a modal."""
        user = self._user(address)
        found = [read(message.blocks) or message.text for message in self.slack.ephemerals(user)]
        view = self.slack.open_view(user)
        return [*found, read(view["blocks"])] if view is not None and not view["submit"] else found

    async def down(self) -> None:
        """Let Slack be out of reach."""
        await self.slack.down()

    async def up(self) -> None:
        """Let it be there again."""
        await self.slack.up()

    def _user(self, address: str) -> User:
        return self.people[address.partition(":")[2]]


def _with_button(message: Message, verb: str) -> Message:
    """Return a message as somebody sees it who has made its buttons up."""
    known = [part["value"] for _, part in message.elements if part.get("value")]
    request = (message.metadata or {})["event_payload"]["request"]
    button = {
        "type": "button",
        "action_id": f"{PREFIX}{verb}",
        "text": {"type": "plain_text", "text": verb},
        "value": known[0] if known else f"{request}|{'0' * 64}",
    }
    return replace(
        message, blocks=[*message.blocks, {"type": "actions", "block_id": "odd", "elements": [button]}]
    )


@asynccontextmanager
async def slack_side() -> AsyncIterator[SlackSide]:
    """Give Slack, and the channel behind a server of its own that Slack calls."""
    async with SlackServer(scopes=SCOPES) as slack:
        slack.rate.on = False
        channel = Slack(slack.bot_token, signing_secret=slack.signing_secret, api_url=slack.api_url)
        config = uvicorn.Config(
            channel.http, port=0, log_config=None, access_log=False, lifespan="off", interface="asgi3"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        slack.app_url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
        yield SlackSide(slack, channel)
        server.should_exit = True
        await serving


__all__ = ["Impossible", "SlackSide", "slack_side"]
