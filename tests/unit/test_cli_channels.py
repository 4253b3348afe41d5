"""What the command line says and does about channels: identities, the outbox, doctor, and who begins to work."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handrail import App
from handrail.cli.carried import tell_channels
from handrail.inbox.channel import Channel
from handrail.inbox.outbox import ATTEMPTS
from handrail.inbox.ports import MessageFilter
from tests.support.command_line import CommandLine

APP = """
from handrail import App
from handrail.inbox.channel import Channel
app = App(channels={"mail": Channel()})
"""


def give_up(handrail: CommandLine) -> str:
    """Ask through slack, in vain; returns the message's id."""
    handrail.ask(channels=("slack:#deploys",))

    def failed(tx: Any) -> str:
        (message,) = tx.find_messages(MessageFilter("pending"), None, 1)
        tx.update_message(replace(message, state="failed", attempts=ATTEMPTS, error="channel_not_found"))
        return str(message.id)

    return handrail.inside(lambda app: app.store.do(failed))


def checks(handrail: CommandLine, *arguments: str) -> dict[str, dict[str, Any]]:
    return {check["check"]: check for check in json.loads(handrail("doctor", "--json", *arguments).out)}


# -- identities ---------------------------------------------------------------------------------------------------


def test_an_address_is_added_shown_and_taken_away(handrail: CommandLine) -> None:
    handrail.fine("users", "add", "alice", "--link")
    (added,) = handrail.fine("users", "identity", "ALICE", "slack", "T1:U1", "--json").data
    assert set(added) == {"channel", "address", "person", "added_at", "added_by"}
    assert (added["person"], added["channel"], added["address"]) == ("alice", "slack", "T1:U1")
    assert handrail.fine("users", "list", "--json").data[0]["identities"] == [added]
    assert "slack:T1:U1" in handrail.fine("users", "list").out
    (shown,) = handrail.fine("users", "show", "alice", "--json").data
    assert (shown["identities"], shown["groups"]) == ([added], [])
    assert "channels: slack:T1:U1" in handrail.fine("users", "show", "alice").out
    assert "is nobody now" in handrail.fine("users", "identity", "alice", "slack", "T1:U1", "--remove").out
    assert handrail.fine("users", "list", "--json").data[0]["identities"] == []


def test_an_address_that_is_taken_unfit_or_of_nobody_is_refused(handrail: CommandLine) -> None:
    for name in ("alice", "bob"):
        handrail.fine("users", "add", name, "--link")
    handrail.fine("users", "identity", "alice", "slack", "T1:U1")
    taken = handrail("users", "identity", "bob", "slack", "T1:U1")
    assert (taken.code, "'alice' has that address" in taken.err) == (3, True)
    assert handrail("users", "identity", "bob", "slack", "T1:U1", "--remove").code == 5
    assert handrail("users", "identity", "nobody", "slack", "T1:U2").code == 5
    assert handrail("users", "identity", "bob", "sl:ack", "T1:U2").code == 4
    assert handrail("users", "show", "nobody").code == 5


# -- the outbox ---------------------------------------------------------------------------------------------------


def test_messages_are_listed_by_state_and_channel_with_their_recipient(handrail: CommandLine) -> None:
    failed = give_up(handrail)
    handrail.ask(channels=("email:boss@example.com",))
    table = handrail.fine("outbox").out
    for text in ("#deploys", "boss@example.com", "channel_not_found"):
        assert text in table
    assert [each["id"] for each in handrail.fine("outbox", "--failed", "--json").data] == [failed]
    (pending,) = handrail.fine("outbox", "--pending", "--json").data
    assert pending["recipient"] == "boss@example.com"
    assert handrail.fine("outbox", "--channel", "email", "--json").data == [pending]
    assert handrail.fine("outbox", pending["id"], "--json").data == [pending]
    assert handrail("outbox", "msg_none").code == 5
    assert handrail("outbox", "--failed", "--pending").code == 4
    assert handrail("outbox", failed, "--failed").code == 4
    assert (
        "slack:#deploys  opened  failed  channel_not_found"
        in handrail.fine("show", handrail.fine("outbox", "--failed", "--json").data[0]["request_id"]).out
    )


def test_one_message_or_all_are_tried_again(handrail: CommandLine) -> None:
    first = give_up(handrail)
    assert f"{first} is tried now" in handrail.fine("outbox", "--retry", first).out
    assert handrail.fine("outbox", "--failed", "--json").data == []
    assert "by itself" in handrail.fine("outbox", "--retry", first).out
    give_up(handrail)
    give_up(handrail)
    assert handrail.fine("outbox", "--retry", "--channel", "email", "--json").data == [{"retried": 0}]
    assert "2 messages are tried now" in handrail.fine("outbox", "--retry").out
    assert {each["state"] for each in handrail.fine("outbox", "--json").data} == {"pending"}
    assert "0 messages" in handrail.fine("outbox", "--retry", "--pending").out
    assert handrail("outbox", "--retry", "msg_none").code == 5
    assert handrail.fine("verify", "--json").data[0]["ok"]


def test_commands_that_deliver_nothing_need_no_channel(
    handrail: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    handrail.fine("users", "add", "alice", "--link")
    monkeypatch.setenv("HANDRAIL_CHANNELS", "pigeon")
    handrail.fine("users", "list")
    handrail.fine("outbox")


# -- what is said -------------------------------------------------------------------------------------------------


def test_doctor_says_what_is_carried_and_what_waits_for_nobody(handrail: CommandLine) -> None:
    handrail.ask(channels=("slack",))
    Path("posts.py").write_text(APP)
    found = checks(handrail, "posts:app")
    assert (found["channels"]["value"], found["channels"]["ok"]) == ("mail", True)
    assert found["outbox"]["value"] == "1 messages pending, 0 failed"
    told = "1 message waits for the channel 'slack', which this app doesn't carry: App(channels=[\"slack\"])"
    assert found["outbox"]["problem"].startswith(told)
    unknown = checks(handrail)
    assert unknown["outbox"]["ok"], "it was stored just now: whoever carries it may be about to"
    assert unknown["channels"]["value"] == "none that HANDRAIL_CHANNELS names"


def test_doctor_finds_failed_messages_and_channels_that_cannot_be_set_up(
    handrail: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up(handrail)
    problem = checks(handrail)["outbox"]["problem"]
    assert problem.startswith("1 message was given up by the channel 'slack': `handrail outbox --failed`")
    monkeypatch.setenv("HANDRAIL_CHANNELS", "pigeon")
    found = checks(handrail)["channels"]
    assert (found["ok"], "there is no channel 'pigeon'" in found["problem"]) == (False, True)


def test_who_begins_to_work_says_its_channels_their_addresses_and_what_is_stuck(
    handrail: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    give_up(handrail)

    class Called(Channel):
        http = staticmethod(lambda scope, receive, send: None)

    async def begin() -> None:
        async with App(channels={"mail": Channel(), "chat": Called()}).connect() as app:
            await tell_channels(app)
            await tell_channels(app, "https://inbox.example.com")

    asyncio.run(begin())
    stuck = (
        "warning: 1 message was given up by the channel 'slack': `handrail outbox --failed` says why, "
        "`handrail outbox --retry` tries again"
    )
    assert capsys.readouterr().err.splitlines() == [
        "channels: chat, mail",
        stuck,
        "channels: chat, mail",
        "chat is called at https://inbox.example.com/channels/chat",
        stuck,
    ]
