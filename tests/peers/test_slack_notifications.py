"""Notifications in Slack: direct messages by wishes, one list for a digest, how something ended."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("slack_bolt")

from handrail.inbox.outbox import RESERVED, Outbox
from handrail.requests.decision import Actor, Verb
from handrail.testing.clock import TurnableClock
from tests.support import slack_teller
from tests.support.slack import SlackServer
from tests.support.slack_office import ROOT, Office, office, text_of

HOURLY = {"every": "hourly"}


async def wish(at: Office, name: str, *news: str, **given: Any) -> None:
    channels = {each: ["slack"] for each in news}
    await at.app.people.set_notifications(name, {"channels": channels, **given}, actor=ROOT)


def direct(at: Office, name: str) -> list[Any]:
    """Return what stands in the direct messages of somebody."""
    return at.slack.messages(at.slack.direct(at.people[name]))


async def told(at: Office) -> None:
    """Wait until nothing is pending."""
    await at.until(lambda tx: all(each.state == "sent" for each in tx.messages(None, 99)))


async def test_a_digest_is_one_list_by_direct_message_without_what_has_ended() -> None:
    clock = TurnableClock()
    async with office(clock=clock) as at:
        await wish(at, "alice", "asked", digest=HOURLY)
        first = await at.open("slack:#deploys", title="Deploy one?", audience=["alice"])
        ended = await at.open("slack:#deploys", title="Deploy two?", audience=["alice", "bob"])
        third = await at.open("slack:#deploys", title="Deploy three?", audience=["alice"])
        await at.app.inbox.withdraw(ended.id, actor=ROOT)
        assert direct(at, "alice") == []
        clock.turn(3600)
        await told(at)
        (posted,) = direct(at, "alice")
        shown = text_of(posted)
        assert "What is new" in shown
        titles = ("Deploy one?", "Deploy two?", "Deploy three?")
        assert [title in shown for title in titles] == [True, False, True]
        assert first.id in shown, "a link to its page"
        assert third.id in shown


async def test_by_wishes_a_request_comes_by_direct_message_is_decided_there_and_its_end_is_told() -> None:
    async with office() as at:
        await wish(at, "alice", "asked", "ended")
        await wish(at, "carol", "ended")
        draft = await at.open("slack:#deploys", audience=["alice", "bob", "carol"])
        await told(at)
        (posted,) = direct(at, "alice")
        assert "Deploy 4.2?" in text_of(posted)
        await at.app.inbox.decide(draft.id, Verb.APPROVE, actor=Actor("bob"))
        await told(at)
        mine, thread = direct(at, "alice")
        assert [button for button in mine.buttons if not button.startswith("handrail:open")] == []
        assert (thread.thread_ts, "bob" in text_of(thread)) == (mine.ts, True)
        (news,) = direct(at, "carol")
        assert "Deploy 4.2?" in text_of(news)
        assert "bob" in text_of(news)
        assert direct(at, "bob") == []


@pytest.mark.journey
@pytest.mark.parametrize(
    "death", ["deliver:before@1", "deliver:sent@1", "deliver:after@1", "commit:before@2"]
)
async def test_whenever_a_process_dies_its_list_is_in_slack_once(tmp_path: Path, death: str) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    early = TurnableClock(datetime.now(UTC) - timedelta(hours=3))
    async with SlackServer() as slack:
        async with office(url, slack=slack, clock=early) as at:
            await wish(at, "alice", "asked", digest=HOURLY)
            for title in ("Deploy one?", "Deploy two?"):
                await at.open("mail:x@example.com", title=title, audience=["alice"])
        environment = {**os.environ, "HANDRAIL_KILL_AT": death}
        command = [sys.executable, slack_teller.__file__, url, slack.bot_token, slack.api_url]
        process = await asyncio.create_subprocess_exec(*command, env=environment)
        async with asyncio.timeout(60):
            assert await process.wait() == -signal.SIGKILL
        late = TurnableClock(datetime.now(UTC) + RESERVED)
        async with office(url, slack=slack, clock=late) as at:
            box = Outbox(at.app.store, at.app.channels, late)
            while await box.deliver_due():
                pass
            await at.until(lambda tx: all(each.state == "sent" for each in tx.messages(None, 9) if each.news))
            (posted,) = direct(at, "alice")
            assert all(title in text_of(posted) for title in ("Deploy one?", "Deploy two?"))
