"""conversations.*: finding channels, opening direct messages, and reading what was posted, page by page."""

import base64
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from tests.support.slack.calls import Call
from tests.support.slack.messages import Message
from tests.support.slack.methods import Answer, method, needs, needs_for
from tests.support.slack.refusal import Refused
from tests.support.slack.state import State
from tests.support.slack.workspace import SCOPE_OF, TYPE_OF, Channel

T = TypeVar("T")


def _page(call: Call, found: Sequence[T], most: int) -> tuple[list[T], dict[str, Any]]:
    """Return one page of what was found, and how to get the next."""
    limit, start = call.number("limit", 100, most), 0
    if cursor := call.get("cursor"):
        try:
            start = int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
        except ValueError:
            raise Refused("invalid_cursor") from None
    end = start + limit
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(found) else ""
    return list(found[start:end]), {"next_cursor": following}


@method("conversations.open", "im:write", json=True)
def open_direct(state: State, call: Call) -> Answer:
    """Open the direct messages with one person."""
    given = call.get("users")
    users = given if isinstance(given, list) else [part for part in str(given or "").split(",") if part]
    if not users:
        raise Refused("users_list_not_supplied")
    if len(users) > 1:
        raise Refused("too_many_users")
    user = state.workspace.user(users[0])
    if user.deleted:
        raise Refused("user_disabled")
    if user.bot:
        raise Refused("cannot_dm_bot")
    channel = state.workspace.direct(user.id)
    return {"channel": channel.as_json(state.app.bot_user) if call.flag("return_im") else {"id": channel.id}}


@method("conversations.list")
def listed(state: State, call: Call) -> Answer:
    """List the channels that the bot can see."""
    types = [part.strip() for part in str(call.get("types") or "public_channel").split(",")]
    kinds = {name: kind for kind, name in TYPE_OF.items()}
    for name in types:
        if name not in kinds:
            raise Refused("invalid_types")
        needs(state, f"{SCOPE_OF[kinds[name]]}:read")
    found = [
        channel.as_json(state.app.bot_user)
        for channel in state.workspace.channels.values()
        if TYPE_OF[channel.kind] in types and _visible(state, channel, call)
    ]
    page, more = _page(call, found, 1000)
    return {"channels": page, "response_metadata": more}


def _visible(state: State, channel: Channel, call: Call) -> bool:
    known = channel.kind == "public" or state.app.bot_user in channel.members
    return known and not (channel.archived and call.flag("exclude_archived"))


@method("conversations.info")
def info(state: State, call: Call) -> Answer:
    """Tell about one channel."""
    channel = state.workspace.seen(call.get("channel"))
    needs_for(state, channel, "read")
    return {"channel": channel.as_json(state.app.bot_user)}


def _within(call: Call, messages: list[Message]) -> list[Message]:
    """Return those between `oldest` and `latest`, without them unless `inclusive`."""
    oldest, latest = _bound(call, "oldest"), _bound(call, "latest")
    inclusive = call.flag("inclusive")

    def fits(ts: float) -> bool:
        after = oldest is None or ts > oldest or (inclusive and ts == oldest)
        before = latest is None or ts < latest or (inclusive and ts == latest)
        return after and before

    return [message for message in messages if fits(float(message.ts))]


def _bound(call: Call, name: str) -> float | None:
    given = call.get(name)
    if given in (None, "", "0", 0):
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", str(given)):
        raise Refused(f"invalid_ts_{name}")
    return float(given)


def _told(call: Call, messages: list[Message]) -> Answer:
    page, more = _page(call, messages, 999)
    with_metadata = call.flag("include_all_metadata")
    return {
        "messages": [message.as_json(with_metadata=with_metadata) for message in page],
        "has_more": bool(more["next_cursor"]),
        "response_metadata": more,
    }


@method("conversations.history")
def history(state: State, call: Call) -> Answer:
    """Read a channel, newest first, without the replies."""
    channel = state.workspace.read(call.get("channel"))
    needs_for(state, channel, "history")
    return _told(call, _within(call, state.messages.top(channel.id)))


@method("conversations.replies")
def replies(state: State, call: Call) -> Answer:
    """Read a thread, oldest first: the message it belongs to, and its replies."""
    channel = state.workspace.read(call.get("channel"))
    needs_for(state, channel, "history")
    first, *rest = state.messages.thread(channel.id, call.get("ts"))
    return _told(call, [first, *_within(call, rest)])
