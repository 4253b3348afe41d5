"""Flows that ask in Slack: in this process, in `handrail worker` and `serve`, and in a script without an app."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from handrail import App, FunctionNode, InvalidInput, SlackApprovalNode
from handrail.channels.slack import Slack
from tests.support.ports import free_port
from tests.support.slack import Message, SlackServer, User
from tests.support.slack_office import BUTTON, ROOT, Office, office, text_of
from tests.support.web_process import PROGRAM
from tests.support.web_process import ROOT as HERE


async def run_of(at: Office, *nodes: Any, data: dict[str, Any] | None = None) -> Any:
    """Start a run of some nodes."""
    flow = nodes[0]
    for node in nodes[1:]:
        flow = flow | node
    at.app.flow("deploy", flow)
    return await at.app.start("deploy", data or {"content": "version 4.2"}, initiator="carol")


async def test_a_flow_asks_in_a_room_and_goes_on_with_what_was_decided() -> None:
    async with office() as at:
        shout = FunctionNode(lambda x: {"said": x["content"].upper(), "by": x["decided_by"]})
        run = await run_of(at, SlackApprovalNode(channel="#deploys", title="Deploy?"), shout)
        message = await at.message()
        assert "Asked by deploy" in text_of(message)
        await at.modal(at.alice, message, "edit")
        await at.slack.submit(at.alice, {"edit/content": {"value": "version 5"}})
        assert await run.result(60) == {"said": "VERSION 5", "by": "alice"}


async def test_a_flow_asks_one_person_in_a_direct_message() -> None:
    async with office() as at:
        run = await run_of(at, SlackApprovalNode(user="bob"))
        message = await at.message(at.slack.direct(at.bob))
        await at.modal(at.bob, message, "reject")
        await at.slack.submit(at.bob, {"comment": {"value": "too early"}})
        result = await run.result(60)
        assert (result["approved"], result["decided_by"], result["reason"]) == (False, "bob", "too early")
        assert at.posted() == []


async def test_a_flow_asks_everybody_in_its_audience_in_direct_messages() -> None:
    async with office() as at:
        run = await run_of(at, SlackApprovalNode(audience=["alice", "bob"]))
        messages = [await at.message(at.slack.direct(user)) for user in (at.alice, at.bob)]
        await at.slack.click(at.bob, messages[1], BUTTON["approve"])
        assert (await run.result(60))["decided_by"] == "bob"
        await at.shows(messages[0], "bob approved this")


class Around:
    """A Slack with a room and alice, a store where she has an account, and processes beside them."""

    def __init__(self, slack: SlackServer, folder: Path) -> None:
        self.slack = slack
        self.folder = folder
        self.alice: User = slack.user("U0ALICE", "alice", email="alice@example.com")
        self.room = slack.channel("C0DEPLOYS", "deploys", [self.alice])
        self.store = f"sqlite:///{folder / 'handrail.db'}"

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a process is told."""
        clean = {
            key: value for key, value in os.environ.items() if not key.startswith(("HANDRAIL_", "SLACK_"))
        }
        path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
        told = {
            "HANDRAIL_STORE": self.store,
            "HANDRAIL_CHANNELS": "slack",
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.api_url,
        }
        return clean | {"PYTHONPATH": path} | told | more

    @asynccontextmanager
    async def process(self, *command: str, **environment: str) -> AsyncIterator[Process]:
        """Let a process run for a while."""
        told = self.environment(**environment)
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=told, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()

    async def message(self) -> Message:
        """Return the message in the room once it is there."""
        await self.slack.until(lambda: self.slack.messages(self.room), 60)
        return self.slack.messages(self.room)[0]

    async def approved(self) -> None:
        """Let alice press Approve, and wait until the message says so."""
        message = await self.message()
        assert (await self.slack.click(self.alice, message, BUTTON["approve"])).acknowledged
        await self.slack.until(lambda: "alice approved this" in text_of(message), 60)


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Around]:
    async with SlackServer() as slack:
        found = Around(slack, tmp_path)
        async with App(store=found.store, channels={}).connect() as app:
            await app.people.add("alice", actor=ROOT, email="alice@example.com")
        yield found


FLOWS = "tests.support.slack_flows:app"


async def test_a_worker_takes_slack_from_the_environment(around: Around) -> None:
    async with around.process(*PROGRAM, "worker", FLOWS, SLACK_APP_TOKEN=around.slack.app_token):
        await around.slack.until(lambda: around.slack.connections, 60)
        async with App(store=around.store, channels={}).connect() as app:
            app.flow("deploy", SlackApprovalNode(channel="#deploys"))
            run = await app.start("deploy", {"content": "version 4.2"})
            await around.approved()
            assert await run.result(60) == {"deployed": True, "by": "alice"}


async def test_a_server_answers_slack_over_http(around: Around) -> None:
    port = str(free_port())
    serve = (*PROGRAM, "serve", FLOWS, "--port", port)
    started = around.process(*serve, SLACK_SIGNING_SECRET=around.slack.signing_secret)
    async with started, App(store=around.store, channels={}).connect() as app:
        app.flow("deploy", SlackApprovalNode(channel="#deploys"))
        run = await app.start("deploy", {"content": "version 4.2"})
        await around.message()
        around.slack.app_url = f"http://127.0.0.1:{port}/channels/slack"
        assert await around.slack.verify_url()
        await around.approved()
        assert await run.result(60) == {"deployed": True, "by": "alice"}


SCRIPT = """
import asyncio
from handrail import SlackApprovalNode

print(asyncio.run(SlackApprovalNode(channel="#deploys").execute({"content": "version 4.2"})))
"""


async def test_a_script_without_an_app_asks_in_slack(around: Around) -> None:
    token = around.slack.app_token
    async with around.process(sys.executable, "-c", SCRIPT, SLACK_APP_TOKEN=token) as process:
        await around.slack.until(lambda: around.slack.connections, 60)
        message = await around.message()
        await around.slack.click(around.alice, message, BUTTON["approve"])
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        assert "'approved': True" in out.decode()
        assert "'decided_by': 'alice'" in out.decode()
        assert [each for each in message.buttons if not each.startswith("handrail:open")] == []


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SLACK_BOT_TOKEN": ""}, "the channel slack needs SLACK_BOT_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxp-1"}, "the token of a bot, which begins with xoxb-"),
        ({"SLACK_APP_TOKEN": "xoxb-1"}, "an app-level token, which begins with xapp-"),
        ({"HANDRAIL_CHANNELS": "slak"}, "there is no channel 'slak'; installed are: email, slack"),
    ],
)
async def test_what_is_set_up_wrongly_is_said_at_once(
    around: Around, environment: dict[str, str], words: str
) -> None:
    async with around.process(*PROGRAM, "worker", FLOWS, **environment) as process:
        _, err = await process.communicate()
        assert process.returncode not in (0, None)
        assert words in err.decode()
        assert "Traceback" not in err.decode()


def test_an_app_that_names_slack_needs_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_CHANNEL",
        "SLACK_API_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InvalidInput, match="SLACK_BOT_TOKEN"):
        App(store="memory://", channels=["slack"])
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_CHANNEL", "#deploys")
    slack = App(store="memory://", channels=["slack"]).channels["slack"]
    assert isinstance(slack, Slack)
    assert slack.channel == "#deploys"
    assert slack.http is None


async def test_a_token_that_slack_does_not_take_is_seen_in_the_outbox() -> None:
    async with office() as at:
        at.slack.revoke()
        request = await at.open()
        await at.until(lambda tx: any(each.error for each in tx.messages(request.id, 10)))
        (message,) = await at.messages(request)
        assert "Slack takes nothing with this token (token_revoked)" in (message.error or "")
        assert at.slack.bot_token not in (message.error or "")


async def test_what_asks_everybody_and_names_no_room_goes_to_the_app_s_own_or_says_so() -> None:
    async with office() as at:
        request = await at.open("slack")
        await at.until(lambda tx: any(each.error for each in tx.messages(request.id, 10)))
        assert "names no room of Slack" in ((await at.messages(request))[0].error or "")
        slack = at.app.channels["slack"]
        assert isinstance(slack, Slack)
        slack.channel = "#deploys"
        await at.message()
