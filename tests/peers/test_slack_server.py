"""The local Slack against Slack's own client: what it keeps, what it refuses, and how it fails on demand."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

pytest.importorskip("slack_bolt")

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.support.slack import SlackServer
from tests.support.slack_app import client_of

BUTTONS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Deploy?"}},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve"}}
        ],
    },
]
METADATA = {"event_type": "handrail_request", "event_payload": {"id": "r1", "occasion": "opened"}}


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as slack:
        alice = slack.user("U1", "alice", email="alice@example.com")
        slack.channel("C1", "deploys", [alice])
        yield slack


@pytest.fixture
def client(slack: SlackServer) -> AsyncWebClient:
    return client_of(slack)


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return str(error.value.response["error"])


async def test_a_message_is_kept_as_it_was_posted_and_read_back_with_its_metadata_only_on_request(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(
        channel="#deploys", text="Deploy?", blocks=BUTTONS, metadata=METADATA
    )
    (message,) = slack.messages("C1")
    assert (posted["channel"], posted["ts"]) == ("C1", message.ts)
    assert message.buttons == ["approve"]
    assert all(block["block_id"] for block in message.blocks)
    (plainly,) = (await client.conversations_history(channel="C1"))["messages"]
    (fully,) = (await client.conversations_history(channel="C1", include_all_metadata=True))["messages"]
    assert (plainly["text"], plainly["bot_id"], "metadata" in plainly) == ("Deploy?", "B0HANDRAIL", False)
    assert fully["metadata"] == METADATA


async def test_timestamps_are_unique_and_increase(slack: SlackServer, client: AsyncWebClient) -> None:
    stamps = []
    for number in range(10):
        stamps.append((await client.chat_postMessage(channel="C1", text=str(number)))["ts"])
        slack.clock.turn(-60.0)
    assert stamps == sorted(set(stamps), key=float)


async def test_an_update_keeps_what_it_does_not_mention_its_buttons_too(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel="C1", text="Deploy?", blocks=BUTTONS, metadata=METADATA)
    await client.chat_update(channel="C1", ts=posted["ts"], text="Approved by alice")
    (message,) = slack.messages("C1")
    assert (message.text, message.buttons, message.metadata) == ("Approved by alice", ["approve"], METADATA)
    await client.chat_update(channel="C1", ts=posted["ts"], text="Approved by alice", blocks=[], metadata={})
    assert (message.buttons, message.metadata) == ([], None)
    assert message.edited is not None
    assert [version["text"] for version in message.versions] == ["Deploy?", "Approved by alice"]


async def test_text_comes_back_with_entities_but_links_stay(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel="C1", text="a < b & c &lt; <https://example.com|d> <@U1>")
    assert posted["message"]["text"] == "a &lt; b &amp; c &lt; <https://example.com|d> <@U1>"


async def test_a_thread_is_read_apart_from_its_channel(slack: SlackServer, client: AsyncWebClient) -> None:
    first = await client.chat_postMessage(channel="C1", text="one")
    await client.chat_postMessage(channel="C1", text="two", thread_ts=first["ts"])
    await client.chat_postMessage(channel="C1", text="three")
    history = await client.conversations_history(channel="C1")
    thread = await client.conversations_replies(channel="C1", ts=first["ts"])
    assert [message["text"] for message in history["messages"]] == ["three", "one"]
    assert [message["text"] for message in thread["messages"]] == ["one", "two"]
    assert await refused(client.conversations_replies(channel="C1", ts="1.000000")) == "thread_not_found"
    assert (
        await refused(client.chat_postMessage(channel="C1", text="a", thread_ts="1.000000"))
        == "thread_not_found"
    )


async def test_history_comes_in_pages_and_between_two_moments(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    stamps = [(await client.chat_postMessage(channel="C1", text=str(n)))["ts"] for n in range(5)]
    texts = []
    async for page in await client.conversations_history(channel="C1", limit=2):
        texts += [message["text"] for message in page["messages"]]
    assert texts == ["4", "3", "2", "1", "0"]
    between = await client.conversations_history(channel="C1", oldest=stamps[1], latest=stamps[4])
    assert [message["text"] for message in between["messages"]] == ["3", "2"]
    inclusive = await client.conversations_history(
        channel="C1", oldest=stamps[1], latest=stamps[1], inclusive=True
    )
    assert [message["text"] for message in inclusive["messages"]] == ["1"]
    assert await refused(client.conversations_history(channel="C1", cursor="nonsense")) == "invalid_cursor"
    assert (
        await refused(client.conversations_history(channel="C1", oldest="yesterday")) == "invalid_ts_oldest"
    )


async def test_where_a_message_cannot_go_is_said_as_slack_says_it(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.channel("C2", "elsewhere", bot=False)
    slack.channel("C3", "secret", kind="private", bot=False)
    slack.channel("C4", "old", archived=True)
    slack.user("U2", "bob", deleted=True)
    slack.user("U3", "robot", bot=True)
    expected = {
        "C2": "not_in_channel",
        "C3": "channel_not_found",
        "C4": "is_archived",
        "C9": "channel_not_found",
        "#nowhere": "channel_not_found",
        "U2": "channel_not_found",
        "U3": "cannot_dm_bot",
    }
    for channel, error in expected.items():
        assert await refused(client.chat_postMessage(channel=channel, text="a")) == error
    assert await refused(client.conversations_history(channel="C2")) == "not_in_channel"


async def test_only_own_messages_can_be_changed_and_only_while_the_channel_is_open(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    alice, channel = slack.state.workspace.users["U1"], slack.state.workspace.channels["C1"]
    await slack.type(alice, channel, "hello")
    posted = await client.chat_postMessage(channel="C1", text="a")
    (typed, _) = slack.messages("C1")
    assert await refused(client.chat_update(channel="C1", ts=typed.ts, text="b")) == "cant_update_message"
    assert await refused(client.chat_update(channel="C1", ts="1.000000", text="b")) == "message_not_found"
    channel.archived = True
    assert await refused(client.chat_update(channel="C1", ts=posted["ts"], text="b")) == "is_inactive"
    await client.chat_delete(channel="C1", ts=posted["ts"])
    assert slack.messages("C1") == [typed]


async def test_an_ephemeral_message_is_seen_by_one_member_and_kept_nowhere(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    bob = slack.user("U2", "bob")
    alice = slack.state.workspace.users["U1"]
    await client.chat_postEphemeral(channel="C1", user="U1", text="Only you")
    assert [message.text for message in slack.ephemerals(alice)] == ["Only you"]
    assert slack.messages("C1") == []
    assert (
        await refused(client.chat_postEphemeral(channel="C1", user=bob.id, text="a")) == "user_not_in_channel"
    )


async def test_people_are_found_by_email_unless_they_left_or_are_no_people_of_this_workspace(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.user("U2", "bob", email="bob@example.com", deleted=True)
    slack.user("U3", "eve", email="eve@example.com", team="T0OTHER")
    slack.user("U4", "guest", email="guest@example.com", guest=True)
    found = await client.users_lookupByEmail(email="Alice@example.com")
    assert (found["user"]["id"], found["user"]["profile"]["email"]) == ("U1", "alice@example.com")
    assert (await client.users_lookupByEmail(email="guest@example.com"))["user"]["is_restricted"]
    for name in ("bob", "eve", "nobody"):
        assert await refused(client.users_lookupByEmail(email=f"{name}@example.com")) == "users_not_found"
    assert (await client.users_info(user="U3"))["user"]["is_stranger"]
    assert await refused(client.users_info(user="U9")) == "user_not_found"


async def test_direct_messages_are_opened_with_people_who_are_there(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.user("U2", "bob", deleted=True)
    opened = (await client.conversations_open(users="U1"))["channel"]["id"]
    assert opened.startswith("D")
    assert (await client.chat_postMessage(channel="U1", text="a"))["channel"] == opened
    assert await refused(client.conversations_open(users="U2")) == "user_disabled"
    assert await refused(client.conversations_open(users="U9")) == "user_not_found"


async def test_channels_are_listed_as_the_bot_sees_them(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.channel("C2", "secret", kind="private", bot=False)
    slack.channel("C3", "ours", kind="private")
    slack.channel("C4", "old", archived=True)
    listed = await client.conversations_list(types="public_channel,private_channel", exclude_archived=True)
    assert [channel["name"] for channel in listed["channels"]] == ["deploys", "ours"]
    assert await refused(client.conversations_list(types="all")) == "invalid_types"
    assert await refused(client.conversations_info(channel="C2")) == "channel_not_found"
    assert (
        await client.chat_getPermalink(
            channel="C1", message_ts=(await client.chat_postMessage(channel="C1", text="a"))["ts"]
        )
    )["permalink"].startswith("https://acme.slack.com/archives/C1/p")


@pytest.mark.parametrize(
    ("scope", "method", "arguments"),
    [
        ("chat:write", "chat.postMessage", {"channel": "C1", "text": "a"}),
        ("chat:write", "chat.update", {"channel": "C1", "ts": "1.0", "text": "a"}),
        ("channels:history", "conversations.history", {"channel": "C1"}),
        ("groups:history", "conversations.history", {"channel": "C2"}),
        ("channels:read", "conversations.list", {}),
        ("im:write", "conversations.open", {"users": "U1"}),
        ("users:read", "users.info", {"user": "U1"}),
        ("users:read.email", "users.lookupByEmail", {"email": "alice@example.com"}),
    ],
)
async def test_a_method_needs_its_scope(scope: str, method: str, arguments: dict[str, str]) -> None:
    scopes = {"chat:write", "channels:history", "groups:history", "channels:read", "im:write", "users:read"}
    async with SlackServer(scopes=(scopes | {"users:read.email"}) - {scope}) as slack:
        alice = slack.user("U1", "alice", email="alice@example.com")
        slack.channel("C1", "deploys", [alice])
        slack.channel("C2", "secret", [alice], kind="private")
        with pytest.raises(SlackApiError, match="missing_scope") as error:
            await client_of(slack).api_call(method, params=arguments)
        assert error.value.response["needed"] == scope


async def test_an_email_address_is_only_told_to_an_app_that_may_know_it() -> None:
    async with SlackServer(scopes=["users:read"]) as slack:
        slack.user("U1", "alice", email="alice@example.com")
        told = await client_of(slack).users_info(user="U1")
        assert "email" not in told["user"]["profile"]


async def test_tokens_are_checked_first(slack: SlackServer, client: AsyncWebClient) -> None:
    assert (await client.auth_test())["bot_id"] == "B0HANDRAIL"
    assert await refused(client_of(slack, "xoxb-wrong").auth_test()) == "invalid_auth"
    assert await refused(client_of(slack, slack.app_token).auth_test()) == "not_allowed_token_type"
    assert await refused(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    assert await refused(AsyncWebClient(None, slack.api_url).auth_test()) == "not_authed"
    assert await refused(client.api_call("chat.shout")) == "unknown_method"
    slack.revoke()
    assert await refused(client.auth_test()) == "token_revoked"
    slack.grant()
    assert (await client.auth_test())["ok"]


async def test_methods_that_take_no_json_do_not_see_it(slack: SlackServer, client: AsyncWebClient) -> None:
    assert (await client.api_call("users.info", params={"user": "U1"}))["ok"]
    assert await refused(client.api_call("users.info", json={"user": "U1"})) == "user_not_found"


async def test_posting_too_fast_in_one_channel_is_limited_until_the_bucket_fills_again(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.rate.burst = 3
    slack.channel("C2", "other")
    for _ in range(3):
        await client.chat_postMessage(channel="C1", text="a")
    with pytest.raises(SlackApiError, match="ratelimited") as error:
        await client.chat_postMessage(channel="C1", text="a")
    assert (error.value.response.status_code, error.value.response.headers["Retry-After"]) == (429, "1")
    assert (await client.chat_postMessage(channel="C2", text="a"))["ok"]
    slack.clock.turn(1.0)
    assert (await client.chat_postMessage(channel="C1", text="a"))["ok"]
    assert len(slack.messages("C1")) == 4


async def test_the_next_calls_fail_as_a_test_wants(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.limit_next("auth.test", 30, times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError, match="ratelimited") as error:
            await client.auth_test()
        assert error.value.response.headers["Retry-After"] == "30"
    slack.refuse_next("*", "internal_error", status=500)
    assert await refused(client.auth_test()) == "internal_error"
    assert (await client.auth_test())["ok"]
    assert [call.status for call in slack.calls("auth.test")] == [429, 429, 500, 200]


@pytest.mark.parametrize("done", [True, False])
async def test_an_answer_can_be_lost_after_or_before_the_message_was_posted(
    slack: SlackServer, client: AsyncWebClient, done: bool
) -> None:
    slack.drop_next("chat.postMessage", done=done)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C1", text="a")
    assert len(slack.messages("C1")) == done
    assert [call.status for call in slack.calls("chat.postMessage")] == [None]
    assert (await client.chat_postMessage(channel="C1", text="a"))["ok"]


async def test_an_answer_can_be_held_while_the_test_does_something_else(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    hold = slack.hold_next("chat.postMessage")
    posting = asyncio.create_task(client.chat_postMessage(channel="C1", text="a"))
    await slack.until(lambda: hold.reached)
    assert (len(slack.messages("C1")), posting.done()) == (1, False)
    hold.release()
    assert (await posting)["ok"]


async def test_an_answer_can_take_longer_than_somebody_waits(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.slow_next("auth.test", 60.0)
    calling = asyncio.create_task(client.auth_test())
    await slack.until(lambda: slack.calls("auth.test"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(calling, 0.05)
    assert (await client.auth_test())["ok"]


POSTING = """
import asyncio, sys
from slack_sdk.web.async_client import AsyncWebClient

async def post():
    metadata = {"event_type": "sent", "event_payload": {"id": "r1"}}
    await AsyncWebClient(sys.argv[2], sys.argv[1]).chat_postMessage(channel="C1", text="a", metadata=metadata)

asyncio.run(post())
"""


@pytest.mark.parametrize("done", [True, False])
async def test_another_process_is_killed_while_slack_holds_its_answer_back(
    slack: SlackServer, client: AsyncWebClient, done: bool
) -> None:
    hold = slack.hold_next("chat.postMessage", done=done)
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-c", POSTING, slack.api_url, slack.bot_token
    )
    await slack.until(lambda: hold.reached)
    sender.kill()
    await sender.wait()
    found = (await client.conversations_history(channel="C1", include_all_metadata=True))["messages"]
    assert [message["metadata"]["event_payload"] for message in found] == [{"id": "r1"}] * done
    assert sender.returncode == -9


async def test_a_thousand_messages_at_once_all_come_through(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.rate.on = False
    async with aiohttp.ClientSession() as session:
        client.session = session
        await asyncio.gather(*[client.chat_postMessage(channel="C1", text=str(n)) for n in range(1000)])
    assert {message.text for message in slack.messages("C1")} == {str(number) for number in range(1000)}


async def test_slack_goes_down_and_comes_back_with_everything_that_was_there(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    await client.chat_postMessage(channel="C1", text="a")
    address = slack.api_url
    await slack.down()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.auth_test()
    await slack.up()
    assert slack.api_url == address
    assert len((await client.conversations_history(channel="C1"))["messages"]) == 1
    await slack.down("unavailable")
    with pytest.raises(SlackApiError) as error:
        await client.auth_test()
    assert error.value.response.status_code == 503
    await slack.up()
    assert (await client.auth_test())["ok"]


async def test_nobody_else_gets_the_address_while_slack_is_down() -> None:
    async with SlackServer() as slack:
        port = int(slack.url.rpartition(":")[2])
        await slack.down()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        await slack.up()


async def test_waiting_for_what_never_happens_ends(slack: SlackServer) -> None:
    with pytest.raises(TimeoutError):
        await slack.until(lambda: slack.messages("C1"), limit=0.01)
