"""Requests in Slack: asked, decided, changed and ended there, by Socket Mode and by HTTP."""

import pytest

from tests.support.slack_office import BUTTON, Way, office, text_of

WAYS = ["socket", "http"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_button_decides_as_the_person_whom_slack_vouches_for(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        message = await at.message()
        assert "Deploy 4.2?" in text_of(message)
        assert "version 4.2" in text_of(message)
        assert [BUTTON[verb] for verb in ("approve", "edit", "request_changes", "reject")] == [
            button for button in message.buttons if button != "handrail:open"
        ]
        delivery = await at.slack.click(at.alice, message, BUTTON["approve"])
        assert delivery.acknowledged
        ended = await at.decided(request)
        (decision,) = ended.decisions
        assert (decision.actor, decision.verb, decision.channel) == ("alice", "approve", "slack")
        assert decision.strength.name == "CHANNEL"
        await at.shows(message, "alice")
        assert [button for button in message.buttons if not button.startswith("handrail:open")] == []
        await at.settled(request)
