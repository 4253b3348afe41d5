"""The channel of the examples keeps the contract, and so does one that can do next to nothing."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite("handrail.testing")

from handrail.testing.channel_contract import ChannelContract  # noqa: E402
from tests.support.file_side import FileSide  # noqa: E402
from tests.support.paper_side import PaperSide  # noqa: E402


class TestFileChannel(ChannelContract):
    @pytest.fixture
    def side(self, tmp_path: Path) -> FileSide:
        return FileSide(tmp_path)


class TestPaper(ChannelContract):
    @pytest.fixture
    def side(self) -> PaperSide:
        return PaperSide()
