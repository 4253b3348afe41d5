"""A digest by email: one mail with all that waited, by the reader's clock, without what has ended meanwhile."""

from pathlib import Path

import pytest

from handrail.requests.decision import Actor
from handrail.testing.clock import TurnableClock
from tests.support.email_office import ALICE, ROOT, Mail, mail_office, until

HOURLY = {"every": "hourly"}


async def wish(at: Mail, **more: object) -> None:
    """Let alice hear by email, in a digest, what asks her and what is said of it."""
    wished = {"channels": {"asked": ["email"], "commented": ["email"]}, "zone": "Asia/Tokyo", **more}
    await at.office.app.people.set_notifications("alice", wished, actor=ROOT)


async def test_what_waited_comes_as_one_mail_without_what_has_ended(tmp_path: Path) -> None:
    clock = TurnableClock()
    async with mail_office(tmp_path, settings={"clock": clock}) as at:
        await wish(at, digest=HOURLY)
        inbox = at.office.app.inbox
        first = await at.office.open("slack", title="Deploy one?", audience=["alice", "bob"])
        ended = await at.office.open("slack", title="Deploy two?", audience=["alice"])
        third = await at.office.open(
            "slack", title="<b>Deploy</b> three?", audience=["alice"], timeout=864_000
        )
        await inbox.comment(first.id, "Which <i>cluster</i>?", actor=Actor("bob"))
        await inbox.withdraw(ended.id, actor=ROOT)
        assert at.server.to(ALICE) == []
        clock.turn(3600)
        mail = await at.first()
        assert mail.mail["Subject"] == "What is new: 2 requests"
        assert mail.mail["Reply-To"] is None
        for said in ("Deploy one?", "bob says: Which <i>cluster</i>?", "<b>Deploy</b> three?", " JST, else"):
            assert said in mail.text
        assert "Deploy two?" not in mail.text + mail.html
        assert "<b>" not in mail.html
        assert "<i>" not in mail.html
        for request in (first, third):
            assert f"/requests/{request.id}" in mail.text
            assert f"/requests/{request.id}" in mail.html
        assert "/decide/" not in mail.text + mail.html
        assert "answers to this mail decide nothing" in mail.text
        await at.office.until(
            lambda tx: all(
                each.state == "sent" for each in tx.messages(first.id, 9) if each.channel == "email"
            )
        )
        assert len(at.server.received) == 1


async def test_a_list_that_is_sent_again_is_the_same_mail(tmp_path: Path) -> None:
    clock = TurnableClock()
    async with mail_office(tmp_path, settings={"clock": clock}) as at:
        await wish(at, digest=HOURLY)
        at.server.drops = 1
        for number in range(3):
            await at.office.open("slack", title=f"Deploy {number}?", audience=["alice"])
        clock.turn(3600)
        await until(lambda: at.server.received)
        clock.turn(120)
        await until(lambda: len(at.server.received) == 2)
        assert len({each.mail["Message-ID"] for each in at.server.received}) == 1
        assert len({each.text for each in at.server.received}) == 1


@pytest.mark.parametrize("requests", [1, 60])
async def test_a_long_list_says_how_many_there_are(tmp_path: Path, requests: int) -> None:
    clock = TurnableClock()
    async with mail_office(tmp_path, settings={"clock": clock}) as at:
        await wish(at, digest=HOURLY)
        for number in range(requests):
            await at.office.open("slack", title=f"Deploy {number}?", audience=["alice"])
        clock.turn(3600)
        mail = await at.first()
        assert mail.mail["Subject"] == f"What is new: {requests} request{'' if requests == 1 else 's'}"
        assert mail.text.count("* Deploy ") == min(requests, 50)
        assert ("10 more in the inbox." in mail.text) == (requests == 60)
