"""A local Slack for tests.

async with SlackServer() as slack:
    alice = slack.user("U1", "alice", email="alice@example.com")
    deploys = slack.channel("C1", "deploys", [alice])
    slack.app_url = "http://127.0.0.1:8000/slack/events"  # or an app that connects by Socket Mode
    ...  # the app posts, with slack.bot_token, to slack.api_url
    message = await slack.until(lambda: slack.messages(deploys)[-1:] and slack.messages(deploys)[-1])
    await slack.click(alice, message, "edit")
    await slack.until(lambda: slack.open_view(alice))
    delivery = await slack.submit(alice, {"why": {"value": "because"}})
    assert delivery.acknowledged
"""

from tests.support.slack.delivery import (
    ANOTHER_TEAM,
    FORGED,
    HONEST,
    STALE,
    UNSIGNED,
    Delivery,
    How,
    tampered,
)
from tests.support.slack.messages import Message
from tests.support.slack.refusal import Impossible
from tests.support.slack.server import SlackServer
from tests.support.slack.workspace import Channel, User

__all__ = [
    "ANOTHER_TEAM",
    "FORGED",
    "HONEST",
    "STALE",
    "UNSIGNED",
    "Channel",
    "Delivery",
    "How",
    "Impossible",
    "Message",
    "SlackServer",
    "User",
    "tampered",
]
