"""What people do in Slack's client, and what they see there."""

from typing import Any

from tests.support.slack import payloads
from tests.support.slack.courier import Courier
from tests.support.slack.delivery import HONEST, Delivery, How
from tests.support.slack.escaping import typed
from tests.support.slack.filling import Values, filled
from tests.support.slack.messages import Message
from tests.support.slack.refusal import Impossible
from tests.support.slack.state import State
from tests.support.slack.workspace import SCOPE_OF, Channel, Kind, User


class People:
    """People and what they do. `how`, `times` and `hold` say how it is brought to the app: by Slack or by a forger,
    once or several times at once, now or when the test sends it with `send`."""

    state: State
    courier: Courier

    def user(
        self,
        user_id: str,
        name: str,
        *,
        email: str | None = None,
        team: str | None = None,
        bot: bool = False,
        guest: bool = False,
        deleted: bool = False,
        admin: bool = False,
    ) -> User:
        """Let there be somebody; `team` if it is another one's."""
        home = self.state.workspace.team
        made = User(user_id, name, team or home, email, "", bot, guest, deleted, admin)
        self.state.workspace.users[user_id] = made
        return made

    def channel(
        self,
        channel_id: str,
        name: str,
        members: list[User] | None = None,
        *,
        kind: Kind = "public",
        archived: bool = False,
        bot: bool = True,
    ) -> Channel:
        """Let there be a channel; `bot` says whether the app was invited."""
        inside = {user.id for user in members or []} | ({self.state.app.bot_user} if bot else set())
        made = Channel(channel_id, name, kind, inside, archived)
        self.state.workspace.channels[channel_id] = made
        return made

    def direct(self, user: User) -> Channel:
        """The direct messages of somebody with the app."""
        return self.state.workspace.direct(user.id)

    def messages(self, channel: Channel | str) -> list[Message]:
        """What stands in a channel, oldest first, replies too."""
        return self.state.messages.of(channel if isinstance(channel, str) else channel.id)

    def ephemerals(self, user: User) -> list[Message]:
        """What only this person was shown, oldest first."""
        shown = self.state.messages.ephemeral
        return [message for message in shown if message.only_for == user.id and not message.deleted]

    def open_view(self, user: User) -> dict[str, Any] | None:
        """The modal that somebody sees."""
        stack = self.state.views.stack(user.id)
        return stack[-1] if stack else None

    def view_errors(self, user: User) -> dict[str, str]:
        """What stands in red under the inputs of that modal."""
        return self.courier.outcomes.errors.get(user.id, {})

    def troubles(self, user: User) -> list[str]:
        """What Slack said to somebody because the app didn't answer, or badly."""
        return self.courier.outcomes.troubles[user.id]

    async def click(
        self,
        user: User,
        message: Message,
        action_id: str,
        *,
        value: str | None = None,
        values: Values | None = None,
        how: How = HONEST,
        times: int = 1,
        hold: bool = False,
    ) -> Delivery:
        """Press a button of a message; `value` tells two with the same action_id apart, and `values` says what stands
        in the other elements of the message by then."""
        channel = self._seen(user, message)
        state = filled({"blocks": message.blocks}, values or {}, self.state.workspace.users)
        action = payloads.action(self.state, *message.element(action_id, value=value))
        payload = payloads.acted(self.state, user, channel, message, action, state)
        return await self.courier.bring("interactive", payload, user.id, how=how, times=times, hold=hold)

    async def choose(self, user: User, message: Message, action_id: str, value: Any) -> Delivery:
        """Choose something in a message: an option, a day, a person ..."""
        channel = self._seen(user, message)
        block, part = message.element(action_id)
        state = filled(
            {"blocks": message.blocks}, {block["block_id"]: {action_id: value}}, self.state.workspace.users
        )
        action = payloads.action(self.state, block, part, state[block["block_id"]][action_id])
        payload = payloads.acted(self.state, user, channel, message, action, state)
        return await self.courier.bring("interactive", payload, user.id)

    def _seen(self, user: User, message: Message) -> Channel:
        channel = self.state.workspace.channels[message.channel]
        if user.deleted or user.id not in channel.members or message.only_for not in (None, user.id):
            raise Impossible(f"{user.name} doesn't see message {message.ts}")
        return channel

    async def press(
        self, user: User, action_id: str, *, how: How = HONEST, times: int = 1, hold: bool = False
    ) -> Delivery:
        """Press a button of the modal that is open."""
        view = self._top(user)
        shown = Message("", view["id"], "", "", blocks=view["blocks"])
        action = payloads.action(self.state, *shown.element(action_id))
        payload = payloads.acted_in_view(self.state, user, view, action)
        return await self.courier.bring("interactive", payload, user.id, how=how, times=times, hold=hold)

    async def submit(
        self,
        user: User,
        values: Values | None = None,
        *,
        how: How = HONEST,
        times: int = 1,
        hold: bool = False,
    ) -> Delivery:
        """Fill in the modal that is open and send it off. Impossible if Slack's client wouldn't let them."""
        view = self._top(user)
        if not view["submit"]:
            raise Impossible("the modal has no submit button")
        view["state"] = {"values": filled(view, values or {}, self.state.workspace.users)}
        payload = payloads.submitted(self.state, user, dict(view))
        return await self.courier.bring("interactive", payload, user.id, how=how, times=times, hold=hold)

    async def close_view(self, user: User) -> Delivery | None:
        """Close the modal; the app hears of it if it asked to."""
        view = self._top(user)
        stack = self.state.views.stack(user.id)
        stack.clear() if view["clear_on_close"] else stack.pop()
        self.state.changes.notify()
        if not view["notify_on_close"]:
            return None
        return await self.courier.bring("interactive", payloads.closed(self.state, user, view), user.id)

    def _top(self, user: User) -> dict[str, Any]:
        view = self.open_view(user)
        if view is None:
            raise Impossible(f"{user.name} has no modal open")
        return view

    async def type(
        self,
        user: User,
        channel: Channel,
        text: str,
        thread_ts: str | None = None,
        *,
        how: How = HONEST,
        times: int = 1,
        hold: bool = False,
    ) -> Delivery | None:
        """Post a message. None if the app doesn't hear of it: it isn't in the channel, or lacks the scope."""
        if user.deleted or user.id not in channel.members or channel.archived:
            raise Impossible(f"{user.name} can't post in {channel.name}")
        message = Message(
            channel.id,
            self.state.messages.mint(),
            typed(text),
            user.id,
            payloads.rich_text(text),
            thread_ts,
            team=user.team,
        )
        self.state.messages.add(message)
        self.state.changes.notify()
        if not self._heard(channel):
            return None
        payload = payloads.message_event(self.state, channel, message)
        return await self.courier.bring("events_api", payload, user.id, how=how, times=times, hold=hold)

    async def edit(self, user: User, message: Message, text: str) -> Delivery | None:
        """Change what one has typed."""
        before = self._own(user, message)
        self.state.messages.change(message, user.id, text=typed(text), blocks=payloads.rich_text(text))
        return await self._told(message, before)

    async def remove(self, user: User, message: Message) -> Delivery | None:
        """Take away what one has typed."""
        before = self._own(user, message)
        message.deleted = True
        return await self._told(message, before)

    def _own(self, user: User, message: Message) -> dict[str, Any]:
        if message.user != user.id:
            raise Impossible(f"{user.name} didn't write message {message.ts}")
        return message.as_json()

    async def _told(self, message: Message, before: dict[str, Any]) -> Delivery | None:
        channel = self.state.workspace.channels[message.channel]
        self.state.changes.notify()
        if not self._heard(channel):
            return None
        payload = payloads.edited_event(self.state, channel, message, before)
        return await self.courier.bring("events_api", payload, message.user)

    async def echo(self, message: Message) -> Delivery | None:
        """Tell the app of a message of its own, as Slack does of each: only on demand here."""
        channel = self.state.workspace.channels[message.channel]
        if not self._heard(channel):
            return None
        payload = payloads.message_event(self.state, channel, message)
        return await self.courier.bring("events_api", payload, message.user)

    def _heard(self, channel: Channel) -> bool:
        app = self.state.app
        return app.bot_user in channel.members and f"{SCOPE_OF[channel.kind]}:history" in app.scopes

    async def command(
        self,
        user: User,
        command: str,
        text: str = "",
        channel: Channel | None = None,
        *,
        how: How = HONEST,
        times: int = 1,
        hold: bool = False,
    ) -> Delivery:
        """Type a slash command, in one's direct messages with the app unless a channel is named."""
        if "commands" not in self.state.app.scopes:
            raise Impossible(f"{command} is not a valid command: the app lacks the scope `commands`")
        place = channel or self.direct(user)
        if user.deleted or user.id not in place.members:
            raise Impossible(f"{user.name} isn't in {place.name}")
        payload = payloads.commanded(self.state, user, place, command, text)
        return await self.courier.bring("slash_commands", payload, user.id, how=how, times=times, hold=hold)
