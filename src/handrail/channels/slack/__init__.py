"""Slack: requests as messages with buttons and modals, decisions back with the identity that Slack vouches for."""

from handrail.channels.slack.channel import Slack as Slack
from handrail.channels.slack.setup import from_environment as from_environment
