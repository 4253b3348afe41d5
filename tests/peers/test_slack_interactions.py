"""People at the local Slack, and Slack's own framework on the other side: clicks, commands, messages, by HTTP."""

import asyncio
from typing import Any

import pytest

pytest.importorskip("slack_bolt")

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.support.slack import (
    ANOTHER_TEAM,
    FORGED,
    STALE,
    UNSIGNED,
    Channel,
    How,
    Impossible,
    Message,
    SlackServer,
    User,
    tampered,
)
from tests.support.slack_app import (
    BUTTONS,
    NotingApp,
    bolt_app,
    by_http,
    plain,
)


async def test_a_click_comes_signed_with_all_that_slack_tells(
    slack: SlackServer, app: NotingApp, alice: User, message: Message
) -> None:
    async with by_http(slack, app):
        delivery = await slack.click(alice, message, "approve")
    assert delivery.acknowledged
    assert (delivery.via, delivery.status) == ("http", 200)
    (body,) = app.seen
    assert body["user"] == {"id": "U1", "username": "alice", "name": "alice", "team_id": "T0HOME"}
    assert (body["api_app_id"], body["team"]["id"], body["channel"]) == (
        "A0HANDRAIL",
        "T0HOME",
        {"id": "C1", "name": "deploys"},
    )
    assert body["container"]["message_ts"] == body["message"]["ts"] == message.ts
    (action,) = body["actions"]
    assert (action["action_id"], action["block_id"], action["value"], action["type"]) == (
        "approve",
        "verbs",
        "r1",
        "button",
    )


@pytest.mark.parametrize(
    "how",
    [
        FORGED,
        STALE,
        UNSIGNED,
        How(age=-360),
        tampered(lambda told: told | {"user": told["user"] | {"id": "U9"}}),
    ],
    ids=["forged", "stale", "unsigned", "from the future", "tampered"],
)
async def test_what_slack_did_not_sign_now_is_refused_by_slacks_own_code(
    slack: SlackServer, app: NotingApp, alice: User, message: Message, how: How
) -> None:
    async with by_http(slack, app):
        delivery = await slack.click(alice, message, "approve", how=how)
    assert (delivery.status, delivery.failure, app.seen) == (401, "http_error", [])
    assert slack.troubles(alice)


async def test_the_very_bytes_of_a_click_can_be_sent_again(
    slack: SlackServer, app: NotingApp, alice: User, message: Message
) -> None:
    async with by_http(slack, app):
        delivery = await slack.click(alice, message, "approve")
        replayed = await slack.replay(delivery)
    assert replayed.sent is delivery.sent
    assert app.seen[0] == app.seen[1], "a window of five minutes alone doesn't see it"


async def test_another_teams_id_and_people_of_another_team_are_told_as_slack_tells_them(
    slack: SlackServer, app: NotingApp, alice: User, channel: Channel, message: Message
) -> None:
    eve = slack.user("U9", "eve", team="T0OTHER")
    channel.members.add(eve.id)
    async with by_http(slack, app):
        await slack.click(alice, message, "approve", how=ANOTHER_TEAM)
        await slack.click(eve, message, "approve")
    assert [(body["team"]["id"], body["user"]["team_id"]) for body in app.seen] == [
        ("T0OTHER", "T0OTHER"),
        ("T0HOME", "T0OTHER"),
    ]


async def test_one_click_is_delivered_five_times_and_two_out_of_order(
    slack: SlackServer, app: NotingApp, alice: User, message: Message
) -> None:
    async with by_http(slack, app):
        delivery = await slack.click(alice, message, "approve", times=5)
        assert len(delivery.repeats) == 4
        assert len({body["trigger_id"] for body in app.seen}) == 1
        first = await slack.click(alice, message, "approve", hold=True)
        second = await slack.click(alice, message, "approve", hold=True)
        for held in (second, first):
            assert (await slack.send(held)).acknowledged
        await slack.redeliver(first, times=2)
    assert len(app.seen) == len(slack.deliveries) == 9


async def test_what_stands_in_the_elements_of_a_message_comes_with_a_click_and_a_choice_comes_at_once(
    slack: SlackServer, client: AsyncWebClient, alice: User, channel: Channel
) -> None:
    options = [{"text": plain(name), "value": name} for name in ("low", "high")]
    select = {"type": "static_select", "action_id": "risk", "options": options}
    section = {"type": "section", "block_id": "rated", "text": plain("Risk?"), "accessory": select}
    await client.chat_postMessage(channel="C1", text="Risk?", blocks=[section, *BUTTONS])
    (message,) = slack.messages(channel)
    clicked = await slack.click(alice, message, "approve", values={"rated": {"risk": "high"}})
    high = {"type": "static_select", "selected_option": options[1]}
    assert clicked.payload["state"]["values"] == {"rated": {"risk": high}}
    chosen = await slack.choose(alice, message, "risk", "high")
    (action,) = chosen.payload["actions"]
    assert {**action, **high, "action_id": "risk", "block_id": "rated"} == action
    with pytest.raises(Impossible, match="no option 'none'"):
        await slack.choose(alice, message, "risk", "none")


async def test_a_button_in_an_ephemeral_message_is_for_the_one_who_sees_it(
    slack: SlackServer, app: NotingApp, client: AsyncWebClient, alice: User, channel: Channel
) -> None:
    bob = slack.user("U2", "bob")
    channel.members.add(bob.id)
    await client.chat_postEphemeral(channel="C1", user="U1", text="Sure?", blocks=BUTTONS)
    (shown,) = slack.ephemerals(alice)
    async with by_http(slack, app):
        await slack.click(alice, shown, "approve")
    (body,) = app.seen
    assert (body["container"]["is_ephemeral"], "message" in body) == (True, False)
    with pytest.raises(Impossible):
        await slack.click(bob, shown, "approve")


async def test_nobody_clicks_what_they_do_not_see(
    slack: SlackServer, client: AsyncWebClient, alice: User, message: Message
) -> None:
    bob = slack.user("U2", "bob")
    with pytest.raises(Impossible, match="bob doesn't see"):
        await slack.click(bob, message, "approve")
    await client.chat_update(channel="C1", ts=message.ts, text="Approved", blocks=[])
    with pytest.raises(Impossible, match="'approve'"):
        await slack.click(alice, message, "approve")
    assert slack.deliveries == []


async def test_a_click_that_is_not_acknowledged_in_time_is_late_and_the_person_sees_it(
    slack: SlackServer, alice: User, message: Message
) -> None:
    app, going_on = bolt_app(slack), asyncio.Event()

    @app.action("approve")
    async def approve(ack: Any) -> None:
        await going_on.wait()
        await ack()

    slack.patience = 0.05
    async with by_http(slack, app):
        delivery = await slack.click(alice, message, "approve")
        going_on.set()
    assert (delivery.acknowledged, delivery.late, delivery.failure) == (False, True, "http_timeout")
    assert slack.troubles(alice)


async def test_a_click_while_the_app_is_away_fails(slack: SlackServer, alice: User, message: Message) -> None:
    assert (await slack.click(alice, message, "approve")).failure == "connection_failed"
    slack.app_url = f"{slack.url}/nowhere"
    assert (await slack.click(alice, message, "approve")).failure == "http_error"


async def test_a_response_url_answers_five_times_within_half_an_hour(
    slack: SlackServer, alice: User, channel: Channel, message: Message
) -> None:
    clicked = await slack.click(alice, message, "approve", hold=True)
    webhook = AsyncWebhookClient(clicked.payload["response_url"])
    assert (await webhook.send(text="Only you")).status_code == 200
    assert (await webhook.send(text="All", response_type="in_channel")).status_code == 200
    assert (await webhook.send(text="Done", blocks=[], replace_original=True)).status_code == 200
    bad = await webhook.send(text="a", blocks=[{"type": "sektion"}])
    assert (bad.status_code, "invalid_blocks" in bad.body) == (400, True)
    assert (await webhook.send_dict({"delete_original": True})).status_code == 200
    assert "used_url" in (await webhook.send(text="Once more")).body
    assert [shown.text for shown in slack.ephemerals(alice)] == ["Only you"]
    assert [posted.text for posted in slack.messages(channel)] == ["All"]
    assert (message.text, message.blocks, message.deleted) == ("Done", [], True)


async def test_a_response_url_expires(slack: SlackServer, alice: User, message: Message) -> None:
    clicked = await slack.click(alice, message, "approve", hold=True)
    slack.clock.turn(30 * 60 + 1)
    assert "expired_url" in (await AsyncWebhookClient(clicked.payload["response_url"]).send(text="a")).body


async def test_a_command_is_answered_to_who_typed_it(
    slack: SlackServer, app: NotingApp, alice: User, channel: Channel
) -> None:
    async with by_http(slack, app):
        await slack.command(alice, "/handrail")
        await slack.command(alice, "/handrail", "mine", channel)
    assert [shown.text for shown in slack.ephemerals(alice)] == ["alice: nothing", "alice: mine"]
    assert [delivery.payload["channel_name"] for delivery in slack.deliveries] == ["directmessage", "deploys"]


async def test_what_people_type_reaches_an_app_that_is_there_and_may_read_it(
    slack: SlackServer, app: NotingApp, alice: User, channel: Channel
) -> None:
    elsewhere = slack.channel("C2", "elsewhere", [alice], bot=False)
    async with by_http(slack, app):
        first = await slack.type(alice, channel, "a < b & c")
        assert first is not None
        assert first.acknowledged
        ts = first.payload["event"]["ts"]
        await slack.type(alice, channel, "I agree", ts)
        assert await slack.type(alice, elsewhere, "secret") is None
        await slack.edit(alice, slack.messages(channel)[1], "I don't")
        await slack.remove(alice, slack.messages(channel)[1])
    told = [delivery.payload["event"] for delivery in slack.deliveries]
    assert app.seen == told, "bolt hands out each event as it came"
    assert (told[0]["text"], told[0]["channel_type"], told[0]["user"]) == (
        "a &lt; b &amp; c",
        "channel",
        "U1",
    )
    assert (told[1]["thread_ts"], told[1]["parent_user_id"]) == (ts, "U1")
    assert [event.get("subtype") for event in told[2:]] == ["message_changed", "message_deleted"]
    assert [message.text for message in slack.messages(channel)] == ["a &lt; b &amp; c"]


async def test_an_app_does_not_hear_of_what_it_lacks_the_scope_for() -> None:
    async with SlackServer(scopes=["chat:write"]) as slack:
        alice = slack.user("U1", "alice")
        assert await slack.type(alice, slack.channel("C1", "deploys", [alice]), "hello") is None
        with pytest.raises(Impossible, match="not a valid command"):
            await slack.command(alice, "/handrail")


async def test_an_event_that_was_not_acknowledged_is_retried_three_times(
    slack: SlackServer, app: NotingApp, alice: User, channel: Channel
) -> None:
    delivery = await slack.type(alice, channel, "hello")
    assert delivery is not None
    assert delivery.failure == "connection_failed"
    first = await slack.retry(delivery)
    assert first is not None
    async with by_http(slack, app):
        second = await slack.retry(first)
        assert second is not None
        assert second.sent is not None
        headers = second.sent[0]
        assert (headers["X-Slack-Retry-Num"], headers["X-Slack-Retry-Reason"]) == ("2", "connection_failed")
        assert second.payload["event_id"] == delivery.payload["event_id"]
        with pytest.raises(Impossible):
            await slack.retry(second)
    third = await slack.retry(first.again(retry=2, failure="http_error"))
    assert third is not None
    assert await slack.retry(third) is None


async def test_slack_asks_a_request_url_for_its_challenge(slack: SlackServer, app: NotingApp) -> None:
    async with by_http(slack, app):
        assert await slack.verify_url()
    slack.app_url = f"{slack.url}/nowhere"
    assert not await slack.verify_url()
