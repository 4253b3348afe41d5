"""Email keeps the contract of channels: mails by SMTP, answers by LMTP with what our mail server found out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("handrail.testing")

from handrail.testing.channel_contract import ChannelContract  # noqa: E402
from tests.support.email_side import EmailSide  # noqa: E402
from tests.support.mail_server import mail_server  # noqa: E402


class TestEmail(ChannelContract):
    @pytest.fixture
    async def side(self, tmp_path: Path) -> AsyncIterator[EmailSide]:
        async with mail_server() as server:
            yield EmailSide(server, tmp_path)
