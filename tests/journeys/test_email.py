"""Email through crashes: processes that die when a mail is out or in, a server that is away, a thousand mails at once.

Postfix and Dovecot are real. A mailbox may hold a mail twice, always under the same Message-ID: so they are counted.
"""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from handrail import App
from handrail.inbox import views
from handrail.inbox.clock import sweep
from handrail.inbox.outbox import Outbox
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from tests.peers.test_email_servers import answer, by_lmtp, mails
from tests.support.email_office import ROOT, Office, office
from tests.support.journey_checks import AheadClock
from tests.support.journey_process import Site
from tests.support.post_office import PostOffice, post_office

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
AHEAD = 200
"""seconds after which what a dead process had taken is due again"""


@pytest.fixture
def post() -> Iterator[PostOffice]:
    with post_office() as found:
        yield found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, "email")
    yield site
    site.close()


def worker(site: Site, post: PostOffice, **environment: str) -> subprocess.Popen[str]:
    """Start a process that asks alice, and receives by LMTP."""
    return site.process(
        [sys.executable, "-m", "tests.support.email_worker", site.store, "deploy-1"],
        HANDRAIL_EMAIL_SMTP=post.smtp_url,
        HANDRAIL_EMAIL_FROM="Handrail <handrail@example.com>",
        HANDRAIL_EMAIL_REPLY_TO="{token}@replies.example.com",
        HANDRAIL_EMAIL_RECEIVE=f"lmtp://127.0.0.1:{post.ours}",
        HANDRAIL_EMAIL_TRUST_LOOPBACK="1",
        **environment,
    )


def identities(found: list[EmailMessage]) -> set[str]:
    return {str(each["Message-ID"]) for each in found}


async def test_killed_between_sending_and_noting_it_the_same_mail_is_sent_again(
    site: Site, post: PostOffice
) -> None:
    dying = worker(site, post, HANDRAIL_KILL_AT="deliver:sent")
    assert await asyncio.to_thread(dying.wait, 60) == -signal.SIGKILL
    (first,) = await mails(post, "alice")
    app = App(store=site.store, channels={"email": by_lmtp(post)}, clock=AheadClock(AHEAD))
    async with app:
        both = await mails(post, "alice", 2)
        assert identities(both) == identities([first])
        await answer(post, first, "approve")
        every = await mails(post, "alice", 3)
        assert len(identities(every)) == 2, "what was asked, and how it ended"


async def test_killed_when_an_answer_is_stored_it_counts_once(site: Site, post: PostOffice) -> None:
    dying = worker(site, post, HANDRAIL_KILL_AT="decide:after")
    (asked,) = await mails(post, "alice")
    await answer(post, asked, "approve, fine by me")
    assert await asyncio.to_thread(dying.wait, 60) == -signal.SIGKILL
    worker(site, post)  # Postfix has not heard that it arrived, and hands it over again
    await mails(post, "alice", 2)
    (decision,) = (await stored(site)).decisions
    assert (decision.actor, decision.verb) == ("alice", "approve")
    assert len(await mails(post, "alice", 2)) == 2, "nobody is told that it was received before"


async def stored(site: Site) -> HumanRequest:
    app = App(store=site.store)
    async with app.connect():
        (request,) = await views.requests(app.store)
        return request


async def test_a_mail_server_that_is_away_for_an_hour_gets_every_mail_once(post: PostOffice) -> None:
    clock = TurnableClock()
    app = App(store="memory://", channels={"email": by_lmtp(post)}, clock=clock)
    async with app.connect(), app.channels["email"].serve(app.door("email")):
        await app.people.add("alice", actor=ROOT, email="alice@example.com")
        at, outbox = Office(app, app.channels["email"]), Outbox(app.store, app.channels, clock, app.link)
        await asyncio.to_thread(post.stop_postfix)
        opened = [await at.open(title=f"Question {number}") for number in range(30)]
        for _ in range(60):
            clock.turn(60)
            await sweep(app.store, clock)
            await outbox.deliver_due()
        (message,) = await at.messages(opened[0])
        assert "can't be reached" in (message.error or "")
        await asyncio.to_thread(post.start_postfix)
        for _ in range(20):
            clock.turn(10)
            while await outbox.deliver_due():
                pass
        found = await mails(post, "alice", 30)
        assert sorted(str(each["Subject"]) for each in found) == sorted(each.draft.title for each in opened)
        assert len(identities(found)) == 30


@pytest.mark.timeout(600)
async def test_a_thousand_requests_at_once(post: PostOffice) -> None:
    async with office(by_lmtp(post)) as at:
        opened = [await at.open(title=f"Question {number}") for number in range(1000)]
        found = await mails(post, "alice", 1000)
        assert len(identities(found)) == len({str(each["Reply-To"]) for each in found}) == 1000
        for each in found:
            await answer(post, each, f"reject: {each['Subject']}")
        await at.until(lambda tx: all(tx.request(each.id).ended for each in opened), 300)
        for request in opened:
            (decision,) = (await at.now(request)).decisions
            assert (decision.actor, decision.comment) == ("alice", request.draft.title)
