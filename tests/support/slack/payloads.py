"""What Slack tells the app when somebody acts: interactions, commands and events, in Slack's own shapes."""

import secrets
import uuid
from typing import Any

from tests.support.slack.messages import Message
from tests.support.slack.state import State
from tests.support.slack.workspace import Channel, User

Payload = dict[str, Any]

_SHOWN = ("action_id", "text", "value", "style", "type", "url")


def _interaction(state: State, kind: str, user: User, *, view: str | None = None) -> Payload:
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": state.app.id,
        "token": state.app.verification_token,
        "trigger_id": state.triggers.mint(user.id, view),
        "team": {"id": state.workspace.team, "domain": state.workspace.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def action(state: State, block: Payload, part: Payload, chosen: Payload | None = None) -> Payload:
    """One press of a button, or what was chosen, as `state.values` would say it."""
    told: Payload = {name: part[name] for name in _SHOWN if name in part}
    return {**told, **(chosen or {}), "block_id": block["block_id"], "action_ts": state.messages.mint()}


def _responder(state: State, user: User, channel: str, message: Message | None) -> str:
    return f"{state.base_url}/actions/{state.triggers.responder(user.id, channel, message)}"


def acted(
    state: State, user: User, channel: Channel, message: Message, action: Payload, values: Payload
) -> Payload:
    """A press of a button in a message, or a choice there; `values` says how all its elements stand."""
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.only_for is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    told = {
        **_interaction(state, "block_actions", user),
        "container": container,
        "channel": {"id": channel.id, "name": channel.name if channel.kind == "public" else _hidden(channel)},
        "state": {"values": values},
        "response_url": _responder(state, user, channel.id, message),
        "actions": [action],
    }
    return told if message.only_for else {**told, "message": message.as_json()}


def _hidden(channel: Channel) -> str:
    """What payloads call a channel that isn't public."""
    return {"im": "directmessage", "private": "privategroup"}.get(channel.kind, channel.name)


def acted_in_view(state: State, user: User, view: Payload, action: Payload) -> Payload:
    """A press of a button in a modal, or a choice there."""
    return {
        **_interaction(state, "block_actions", user, view=view["id"]),
        "container": {"type": "view", "view_id": view["id"]},
        "view": view,
        "actions": [action],
    }


def submitted(state: State, user: User, view: Payload) -> Payload:
    """A modal that was filled in."""
    told = _interaction(state, "view_submission", user, view=view["id"])
    return {**told, "view": view, "response_urls": []}


def closed(state: State, user: User, view: Payload) -> Payload:
    """A modal that was closed."""
    told = _interaction(state, "view_closed", user)
    del told["trigger_id"]
    return {**told, "view": view, "is_cleared": False}


def commanded(state: State, user: User, channel: Channel, command: str, text: str) -> Payload:
    """A slash command: flat, and all of it strings."""
    return {
        "token": state.app.verification_token,
        "team_id": state.workspace.team,
        "team_domain": state.workspace.domain,
        "channel_id": channel.id,
        "channel_name": channel.name if channel.kind == "public" else _hidden(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": state.app.id,
        "is_enterprise_install": "false",
        "response_url": _responder(state, user, channel.id, None),
        "trigger_id": state.triggers.mint(user.id),
    }


def event(state: State, told: Payload) -> Payload:
    """An event in its envelope."""
    team = state.workspace.team
    authorization = {
        "enterprise_id": None,
        "team_id": team,
        "user_id": state.app.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": state.app.verification_token,
        "team_id": team,
        "context_team_id": team,
        "context_enterprise_id": None,
        "api_app_id": state.app.id,
        "event": told,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(state.clock.now()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": secrets.token_urlsafe(12),
    }


def message_event(state: State, channel: Channel, message: Message) -> Payload:
    """A message that somebody posted."""
    told = {
        **message.as_json(),
        "channel": channel.id,
        "event_ts": message.ts,
        "channel_type": channel.event_type,
    }
    if not message.bot_id:
        told["client_msg_id"] = str(uuid.uuid4())
    if message.thread_ts and message.thread_ts != message.ts:
        told["parent_user_id"] = state.messages.find(channel.id, message.thread_ts).user
    return event(state, told)


def edited_event(state: State, channel: Channel, message: Message, before: Payload) -> Payload:
    """A message that somebody changed, or took away."""
    subtype = "message_deleted" if message.deleted else "message_changed"
    ts = state.messages.mint()
    told = {
        "type": "message",
        "subtype": subtype,
        "channel": channel.id,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.event_type,
        "previous_message": before,
    }
    return event(
        state, told | ({"deleted_ts": message.ts} if message.deleted else {"message": message.as_json()})
    )


def rich_text(text: str) -> list[Payload]:
    """What Slack's client makes of text that somebody types."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": secrets.token_hex(2), "elements": [section]}]
