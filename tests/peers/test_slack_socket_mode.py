"""The local Slack over real websockets, with Slack's own client for Socket Mode at the other end."""

import asyncio

import aiohttp
import pytest

pytest.importorskip("slack_bolt")

from slack_sdk.web.async_client import AsyncWebClient

from tests.support.slack import (
    FORGED,
    Channel,
    Impossible,
    Message,
    SlackServer,
    User,
)
from tests.support.slack_app import (
    NotingApp,
    by_socket,
    noting_app,
)


async def test_socket_mode_carries_everything_over_a_websocket(
    slack: SlackServer, app: NotingApp, alice: User, channel: Channel, message: Message
) -> None:
    async with by_socket(slack, app):
        await slack.click(alice, message, "approve")
        await slack.type(alice, channel, "hello")
        await slack.command(alice, "/handrail")
        await slack.click(alice, message, "edit")
        await slack.until(lambda: slack.open_view(alice))
        await slack.submit(alice, {"why": {"value": "wrong"}})
    assert [delivery.acknowledged for delivery in slack.deliveries] == [True] * 5
    assert {delivery.via for delivery in slack.deliveries} == {"socket"}
    assert slack.view_errors(alice) == {"why": "No."}
    assert [shown.text for shown in slack.ephemerals(alice)] == ["alice: nothing"]
    assert len(app.seen) == 2
    with pytest.raises(Impossible, match="nothing is signed"):
        await slack.click(alice, message, "approve", how=FORGED)


async def test_each_envelope_goes_to_one_of_several_connections(
    slack: SlackServer, app: NotingApp, alice: User, message: Message
) -> None:
    other = noting_app(slack)
    async with by_socket(slack, app), by_socket(slack, other):
        assert slack.connections == 2
        for _ in range(4):
            await slack.click(alice, message, "approve")
    assert (len(app.seen), len(other.seen)) == (2, 2)


async def test_a_connection_that_is_asked_to_connects_anew(
    slack: SlackServer, app: NotingApp, alice: User, message: Message
) -> None:
    async with by_socket(slack, app):
        await slack.disconnect("warning")
        await slack.until(lambda: slack.connected == 2)
        assert (await slack.click(alice, message, "approve")).acknowledged
        await slack.disconnect("refresh_requested")
        await slack.until(lambda: slack.connected == 3)
        assert (await slack.click(alice, message, "approve")).acknowledged
    assert slack.connections == 0


async def test_connections_that_are_broken_off_leave_nobody_to_deliver_to(
    slack: SlackServer, client: AsyncWebClient, alice: User, message: Message
) -> None:
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive_json()
        await asyncio.gather(slack.break_off(), socket.receive())
        assert (await slack.click(alice, message, "approve")).failure == "connection_failed"


async def test_an_envelope_is_lost_with_its_connection_and_a_ticket_connects_once(
    slack: SlackServer, client: AsyncWebClient, alice: User, message: Message
) -> None:
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            clicking = asyncio.create_task(slack.click(alice, message, "approve"))
            envelope = await socket.receive_json()
            await socket.send_json({"envelope_id": "another"})
        delivery = await clicking
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("interactive", True)
    assert (delivery.acknowledged, delivery.failure) == (False, "connection_failed")
    assert len(slack.courier.sockets.unknown) == 1


async def test_a_late_acknowledgement_over_a_websocket_is_noted_but_too_late(
    slack: SlackServer, client: AsyncWebClient, alice: User, message: Message
) -> None:
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    slack.patience = 0.05
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive_json()
        delivery = await slack.click(alice, message, "approve")
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        await slack.until(lambda: delivery.seconds)
    assert (delivery.late, delivery.acknowledged) == (True, False)
