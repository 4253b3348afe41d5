"""What comes in at a response URL, or with the acknowledgement of a command: a message to one person or to all, or a
change of the message that was acted on."""

from typing import Any

from aiohttp import web

from tests.support.slack import metadata
from tests.support.slack.calls import Call
from tests.support.slack.messages import Message
from tests.support.slack.method_chat import POST_LENGTH, content, from_bot
from tests.support.slack.refusal import Refused
from tests.support.slack.state import State


def answer(state: State, user: str, channel: str, acted_on: Message | None, told: dict[str, Any]) -> None:
    """Do what an app told."""
    if told.get("delete_original"):
        _original(acted_on).deleted = True
        state.changes.notify()
        return
    found = content(Call("response", told, state.clock.now()), POST_LENGTH)
    if told.get("replace_original"):
        state.messages.change(_original(acted_on), state.app.bot_user, **found)
    elif told.get("response_type", "ephemeral") == "in_channel":
        kept = metadata.checked(told["metadata"]) if told.get("metadata") else None
        thread = told.get("thread_ts")
        state.messages.add(from_bot(state, channel, found, thread_ts=thread, metadata=kept))
    else:
        state.messages.add(from_bot(state, channel, found, thread_ts=told.get("thread_ts"), only_for=user))
    state.changes.notify()


def _original(message: Message | None) -> Message:
    if message is None or message.deleted:
        raise Refused("message_not_found", status=404)
    return message


async def by_url(state: State, request: web.Request) -> web.Response:
    """Answer what was posted to a response URL."""
    try:
        told = await request.json()
        if not isinstance(told, dict):
            raise Refused("invalid_payload", status=400)
        responder = state.triggers.respond(request.match_info["path"])
        answer(state, responder.user, responder.channel, responder.message, told)
    except ValueError:
        return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
    except Refused as refused:
        status = refused.status if refused.status != 200 else 400
        return web.json_response(refused.body(), status=status)
    return web.Response(text="ok")
