"""Slack keeps the contract of channels, against the local Slack that is as strict as the real one."""

from collections.abc import AsyncIterator

import pytest

pytest.register_assert_rewrite("handrail.testing")

from handrail.testing.channel_contract import ChannelContract  # noqa: E402
from tests.support.slack_side import SlackSide, slack_side  # noqa: E402


class TestSlack(ChannelContract):
    @pytest.fixture
    async def side(self) -> AsyncIterator[SlackSide]:
        async with slack_side() as side:
            yield side
