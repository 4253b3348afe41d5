"""A small Bolt app on the other side of the local Slack: Slack's own code receives what is sent, and answers.

By HTTP it checks signatures as Slack's code does; by Socket Mode it connects with Slack's own websocket client.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.support.slack import SlackServer

Part = dict[str, Any]


def plain(text: str) -> Part:
    """Return a text object."""
    return {"type": "plain_text", "text": text}


def asked(name: str, element: Part, *, optional: bool = False) -> Part:
    """Return an input whose element is called `value`."""
    element = {"action_id": "value", **element}
    return {"type": "input", "block_id": name, "label": plain(name), "element": element, "optional": optional}


def modal(*blocks: Part, **more: Any) -> Part:
    """Return a modal; without blocks of its own it asks why, in 20 characters."""
    why = asked("why", {"type": "plain_text_input", "max_length": 20})
    view = {"type": "modal", "callback_id": "edit", "title": plain("Edit"), "submit": plain("Send"), **more}
    return {**view, "blocks": list(blocks) or [why]}


BUTTONS = [
    {
        "type": "actions",
        "block_id": "verbs",
        "elements": [
            {"type": "button", "action_id": "approve", "text": plain("Approve"), "value": "r1"},
            {"type": "button", "action_id": "edit", "text": plain("Edit"), "value": "r1"},
        ],
    },
]


def client_of(slack: SlackServer, token: str | None = None) -> AsyncWebClient:
    """Return Slack's client for the local Slack, which tries nothing twice."""
    return AsyncWebClient(token or slack.bot_token, slack.api_url, retry_handlers=[])


def bolt_app(slack: SlackServer) -> AsyncApp:
    """Return an app of Slack's framework, without any listener."""
    return AsyncApp(client=client_of(slack), signing_secret=slack.signing_secret)


class NotingApp(AsyncApp):
    """An app that keeps what reached it."""

    seen: list[Any]


def noting_app(slack: SlackServer) -> NotingApp:
    """Return an app that notes in `seen` what reaches it, opens a modal for `edit`, and answers what is submitted."""
    app = NotingApp(client=client_of(slack), signing_secret=slack.signing_secret)
    app.seen = []

    @app.action("approve")
    async def approve(ack: Any, body: Part) -> None:
        await ack()
        app.seen.append(body)

    @app.action("edit")
    async def edit(ack: Any, body: Part, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("edit")
    async def edited(ack: Any, view: Part) -> None:
        value = view["state"]["values"]["why"]["value"]["value"]
        if value == "wrong":
            await ack(response_action="errors", errors={"why": "No."})
        elif value == "nonsense":
            await ack(response_action="errors", errors={"elsewhere": "No."})
        elif value == "more":
            await ack(response_action="push", view=modal())
        elif value == "newer":
            await ack(response_action="update", view=modal(title=plain("Newer")))
        elif value == "all":
            await ack(response_action="clear")
        else:
            await ack()
            app.seen.append(view)

    @app.event("message")
    async def heard(event: Part, context: Any) -> None:
        app.seen.append(event)

    @app.command("/handrail")
    async def listed(ack: Any, command: Part) -> None:
        await ack(f"{command['user_name']}: {command['text'] or 'nothing'}")

    return app


@asynccontextmanager
async def by_http(slack: SlackServer, app: AsyncApp) -> AsyncIterator[None]:
    """Let the app listen, and Slack send there."""

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    application = web.Application()
    application.router.add_post("/slack/events", events)
    runner = web.AppRunner(application, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    slack.app_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        slack.app_url = None
        await runner.cleanup()


@asynccontextmanager
async def by_socket(slack: SlackServer, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Let the app connect by Socket Mode."""
    handler = AsyncSocketModeHandler(app, slack.app_token)
    expected = slack.connections + 1
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await slack.until(lambda: slack.connections >= expected)
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
        await slack.until(lambda: slack.connections < expected)
