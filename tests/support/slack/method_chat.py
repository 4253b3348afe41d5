"""chat.*: posting, changing and deleting messages, and showing them to one person only."""

import secrets
from typing import Any

from tests.support.slack import blocks, escaping, metadata
from tests.support.slack.calls import Call
from tests.support.slack.messages import Message
from tests.support.slack.methods import Answer, method
from tests.support.slack.refusal import Refused
from tests.support.slack.state import State

POST_LENGTH = 40_000
UPDATE_LENGTH = 4_000


def content(call: Call, most: int) -> dict[str, Any]:
    """Return the text and blocks of a call as they are kept (only those it has), or refuse them."""
    found: dict[str, Any] = {}
    text, given = call.get("text"), call.json("blocks", "invalid_blocks_format")
    if call.get("attachments"):
        raise Refused("invalid_attachments")
    if text is not None:
        if not isinstance(text, str):
            raise Refused("invalid_arguments", ["must be a string [json-pointer:/text]"])
        if len(text) > most:
            raise Refused("msg_too_long")
        found["text"] = escaping.kept(text)
    if given is not None:
        found["blocks"] = _blocks(given)
    if not found.get("text") and not found.get("blocks"):
        raise Refused("no_text")
    return found


def _blocks(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list):
        raise Refused("invalid_blocks_format")
    if problems := blocks.problems_of(given, "/blocks", blocks.MESSAGE, blocks.MESSAGE_BLOCKS):
        raise Refused("invalid_blocks", problems)
    if blocks.too_long(given):
        raise Refused("msg_blocks_too_long")
    kept: list[dict[str, Any]] = escaping.kept_blocks(blocks.with_ids(given, secrets.token_hex(2)))
    return kept


def from_bot(state: State, channel: str, found: dict[str, Any], **more: Any) -> Message:
    """Return a new message of the app."""
    return Message(
        channel=channel,
        ts=state.messages.mint(),
        text=found.get("text", ""),
        blocks=found.get("blocks", []),
        user=state.app.bot_user,
        bot_id=state.app.bot_id,
        app_id=state.app.id,
        team=state.workspace.team,
        **more,
    )


def _thread(state: State, channel: str, ts: Any) -> str | None:
    if not ts:
        return None
    try:
        return state.messages.find(channel, ts).ts
    except Refused:
        raise Refused("thread_not_found") from None


@method("chat.postMessage", "chat:write", json=True)
def post(state: State, call: Call) -> Answer:
    """Post a message."""
    public = "chat:write.public" in state.app.scopes
    channel = state.workspace.addressed(call.get("channel"), public=public)
    thread = _thread(state, channel.id, call.get("thread_ts"))
    found = content(call, POST_LENGTH)
    given = call.json("metadata", "invalid_metadata_format")
    kept = None if given is None else metadata.checked(given)
    state.rate.take(channel.id)
    message = state.messages.add(from_bot(state, channel.id, found, thread_ts=thread, metadata=kept))
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json(with_metadata=True)}


def _own(state: State, call: Call, error: str) -> Message:
    channel = state.workspace.seen(call.get("channel"))
    message = state.messages.find(channel.id, call.get("ts"))
    if message.bot_id != state.app.bot_id:
        raise Refused(error)
    return message


@method("chat.update", "chat:write", json=True)
def update(state: State, call: Call) -> Answer:
    """Change a message; what isn't sent stays as it was, its buttons too."""
    message = _own(state, call, "cant_update_message")
    if state.workspace.seen(message.channel).archived:
        raise Refused("is_inactive")
    found = content(call, UPDATE_LENGTH)
    given = call.json("metadata", "invalid_metadata_format")
    if given is not None:
        found["metadata"] = metadata.checked(given)
    state.messages.change(message, state.app.bot_user, **found)
    told = message.as_json(with_metadata=True)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": told}


@method("chat.delete", "chat:write", json=True)
def delete(state: State, call: Call) -> Answer:
    """Delete a message."""
    message = _own(state, call, "cant_delete_message")
    message.deleted = True
    return {"channel": message.channel, "ts": message.ts}


@method("chat.postEphemeral", "chat:write", json=True)
def show(state: State, call: Call) -> Answer:
    """Show a message to one member of a channel."""
    channel = state.workspace.addressed(call.get("channel"), public=False)
    if call.get("user") not in channel.members:
        raise Refused("user_not_in_channel")
    found = content(call, POST_LENGTH)
    thread = call.get("thread_ts")
    message = from_bot(state, channel.id, found, thread_ts=thread, only_for=call.get("user"))
    return {"message_ts": state.messages.add(message).ts}


@method("chat.getPermalink")
def permalink(state: State, call: Call) -> Answer:
    """Say where a message can be read."""
    channel = state.workspace.seen(call.get("channel"))
    message = state.messages.find(channel.id, call.get("message_ts"))
    place = f"/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts not in (None, message.ts):
        place += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": f"https://{state.workspace.domain}.slack.com{place}"}
