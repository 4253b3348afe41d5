"""Slack set up by environment variables, for `App(channels=["slack"])` and `HANDRAIL_CHANNELS=slack`."""

import os

from handrail.channels.slack.channel import Slack
from handrail.requests.errors import InvalidInput


def from_environment() -> Slack:
    """Return the channel as the environment says.

    `SLACK_BOT_TOKEN` is needed; `SLACK_APP_TOKEN` is for Socket Mode, `SLACK_SIGNING_SECRET` for HTTP, `SLACK_CHANNEL`
    the room of requests that name none, `SLACK_API_URL` for tests. Raises `InvalidInput` where the token is missing.
    """
    token = os.environ.get("SLACK_BOT_TOKEN")
    if not token:
        raise InvalidInput("the channel slack needs SLACK_BOT_TOKEN, the token of its bot (xoxb-...)")
    return Slack(
        token,
        app_token=os.environ.get("SLACK_APP_TOKEN") or None,
        signing_secret=os.environ.get("SLACK_SIGNING_SECRET") or None,
        channel=os.environ.get("SLACK_CHANNEL") or None,
        api_url=os.environ.get("SLACK_API_URL") or None,
    )
