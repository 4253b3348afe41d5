"""The local Slack with alice, a room, and a small app of Slack's own framework on the other side."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.support.slack import Channel, Message, SlackServer, User
from tests.support.slack_app import BUTTONS, NotingApp, client_of, noting_app


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as slack:
        yield slack


@pytest.fixture
def alice(slack: SlackServer) -> User:
    return slack.user("U1", "alice", email="alice@example.com")


@pytest.fixture
def channel(slack: SlackServer, alice: User) -> Channel:
    return slack.channel("C1", "deploys", [alice])


@pytest.fixture
def client(slack: SlackServer) -> AsyncWebClient:
    return client_of(slack)


@pytest.fixture
def app(slack: SlackServer) -> NotingApp:
    return noting_app(slack)


@pytest.fixture
async def message(slack: SlackServer, client: AsyncWebClient, channel: Channel) -> Message:
    await client.chat_postMessage(channel=channel.id, text="Deploy?", blocks=BUTTONS)
    return slack.messages(channel)[0]
