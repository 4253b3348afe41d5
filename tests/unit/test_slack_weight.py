"""No message is more than Slack takes, whatever its content becomes when it is read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handrail.channels.slack.block import FRAME, HEAVIEST, section, weight
from handrail.channels.slack.listing import Waiting, listing
from handrail.channels.slack.message import message
from tests.support.requests_desk import NOW, pure_request
from tests.support.slack.blocks import too_long


def test_blocks_weigh_their_characters_and_a_frame_each() -> None:
    assert weight([section("12345"), section("1")]) == 6 + 2 * FRAME


@pytest.mark.parametrize(
    "content",
    [
        "[a][1] " * 100 + "\n\n[1]: https://example.com/" + "q" * 1000,
        "|" + "w" * 2000 + "|b|\n|-|-|\n" + "|1|2|\n" * 300,
    ],
    ids=["a link named often", "a wide column"],
)
def test_what_becomes_too_long_as_it_reads_is_shown_as_it_is_written(content: str) -> None:
    found = message(pure_request(["alice"], [], proposal={"content": content}), link="https://example.com/1")
    assert not too_long(found.blocks)
    assert content.strip()[:200] in str(found.blocks).replace("\\n", "\n")


def test_a_list_of_what_waits_stops_before_it_is_too_long() -> None:
    one = pure_request(["alice"], [], proposal={"content": "x"})
    draft = replace(one.draft, title="t" * 150)
    one = replace(one, draft=draft, flow="f" * 190, deadline=NOW + timedelta(days=1))
    found = listing([Waiting(one, "https://example.com/1")] * 20, total=20, inbox="https://example.com")
    assert not too_long(found.blocks)
    rows = sum(block["type"] == "section" for block in found.blocks)
    assert 10 < rows < 20
    assert weight(found.blocks) <= HEAVIEST + 1000
    assert f"{20 - rows} more in the inbox" in str(found.blocks)
