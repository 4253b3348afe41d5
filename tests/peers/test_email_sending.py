"""What goes out: headers and threads, what a mail server refuses, what people hear whose mail decided nothing."""

import asyncio
from pathlib import Path

import pytest

from handrail import App
from handrail.channels.email import Email
from handrail.inbox import views
from handrail.requests.decision import Actor, Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import escalation
from tests.support.email_office import ALICE, BOB, ROOT, mail_office, office, until
from tests.support.mail_replies import reply
from tests.support.mail_server import mail_server


async def test_a_thread_stays_a_thread_over_reminders_comments_and_revisions(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        old = await at.office.open()
        first = await at.first()
        await at.office.app.inbox.comment(old.id, "Which cluster?", actor=ROOT)
        await at.office.app.inbox.remind(old.id, actor=ROOT)
        await until(lambda: len(at.server.to(ALICE)) == 3)
        new = await at.office.open(proposal={"content": "version 4.3"}, previous=old.id)
        await until(lambda: len(at.server.to(ALICE)) == 5)
        mails = [each.mail for each in at.server.to(ALICE)]
        root = {str(mail["References"]).split()[0] for mail in mails}
        assert len(root) == 1, "every mail refers to the same root"
        asked_again = next(mail for mail in mails if mail["X-Handrail-Request"] == new.id)
        assert asked_again["In-Reply-To"] == first.mail["Message-ID"]
        assert all(mail["In-Reply-To"] == first.mail["Message-ID"] for mail in mails[1:])
        assert {str(mail["Subject"]) for mail in mails} == {"Deploy 4.2?", "Re: Deploy 4.2?"}
        assert len({str(mail["Message-ID"]) for mail in mails}) == 5
        said = [each.text for each in at.server.to(ALICE)]
        assert "root says:" in said[1]
        assert "Which cluster?" in said[1]
        assert "still waits" in said[2]
        assert "To decide, answer this mail" in said[2]


async def test_every_mail_says_that_a_program_wrote_it_and_is_no_list(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        await at.office.open()
        mail = (await at.first()).mail
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["X-Auto-Response-Suppress"] == "All"
        assert mail["X-Handrail-Request"]
        assert mail["Date"].datetime.tzinfo is not None
        assert not [name for name in mail if name.lower().startswith(("list-", "precedence"))]
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "title",
    [
        "Deploy?\r\nBcc: mallory@x.test",
        "Deploy?\nX: y\n\nbody",
        "a\u2028b\x00c\u202ed",
        "=?utf-8?q?=0D=0ABcc:_a=40b.c?=",
        "Ü" * 400,
    ],
)
async def test_a_title_is_a_title_and_no_header(tmp_path: Path, title: str) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open(title=title)
        found = await at.first()
        assert found.mail["Bcc"] is None
        assert found.mail["X"] is None
        assert found.mail["X-Handrail-Request"] == request.id
        head = found.raw.partition(b"\r\n\r\n")[0]
        assert all(len(line) <= 998 and line.isascii() for line in head.split(b"\r\n"))
        assert "\u202e" not in str(found.mail["Subject"])


async def test_what_does_not_fit_is_offered_on_its_page_only(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open(proposal={"content": "word " * 60_000})
        mine = await at.first()
        assert "can’t be decided by mail" in mine.text
        assert "/decide/" not in mine.text + mine.html
        assert len(mine.html.encode()) < 100_000
        before = await at.office.events(request)
        await at.send(mine, ALICE, "approve")
        assert await at.office.events(request) == before
        assert "can’t be decided that way by mail" in (await at.first(ALICE, 1)).text


async def test_what_is_unclear_is_asked_back_once_and_decides_nothing(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open()
        mine = await at.first()
        before = await at.office.events(request)
        for text in ("approve if the tests pass", "What is in it?", "hm", "approve? or reject?"):
            await at.send(mine, ALICE, text)
        asked = await at.first(ALICE, 1)
        assert "as the first word" in asked.text
        assert asked.mail["Auto-Submitted"] == "auto-replied"
        assert asked.mail["Reply-To"] == mine.mail["Reply-To"]
        await at.office.settled(request)
        assert len(at.server.to(ALICE)) == 2
        assert await at.office.events(request) == before
        await at.send(asked, ALICE, "changes: name the cluster")
        (decision,) = (await at.office.decided(request)).decisions
        assert (decision.verb, decision.comment) == (Verb.REQUEST_CHANGES, "name the cluster")


async def test_nothing_is_said_to_programs(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open()
        mine = await at.first()
        before = await at.office.events(request)
        await at.send(mine, ALICE, "I am away", headers={"Auto-Submitted": "auto-replied"})
        await at.send(mine, ALICE, "approve", headers={"List-Id": "<all.example.com>"})
        await at.send(mine, ALICE, "approve", headers={"X-Handrail-Request": request.id})
        await at.office.settled(request)
        assert await at.office.events(request) == before
        assert len(at.server.received) == 1


async def test_who_is_too_late_hears_who_was_first(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open("email:@alice", "email:@bob", audience=["alice", "bob"])
        mine, his = await at.first(ALICE), await at.first(BOB)
        await asyncio.gather(at.send(mine, ALICE, "approve"), at.send(his, BOB, "reject: not today"))
        (decision,) = (await at.office.decided(request)).decisions
        loser = BOB if decision.actor == "alice" else ALICE
        await until(lambda: any("decided nothing" in each.text for each in at.server.to(loser)))
        told = [each.text for each in at.server.to(loser) if "decided nothing" in each.text]
        assert decision.actor in told[0]


async def test_an_address_that_is_greylisted_or_refused_is_tried_again_and_others_do_not_wait(
    tmp_path: Path,
) -> None:
    async with mail_office(tmp_path) as at:
        refusals = {f"RCPT {ALICE}": "450 4.2.0 greylisted, see content of version 4.2"}
        at.server.rule = refusals.get
        request = await at.office.open("email:@alice", "email:@bob", audience=["alice", "bob"])
        await at.first(BOB)
        await at.office.until(lambda tx: any(each.error for each in tx.messages(request.id, 9)))
        error = next(each.error for each in await at.office.messages(request) if each.error)
        assert error == f"the mail server asks to try {ALICE} again later (450 4.2.0)"
        refusals.clear()
        await at.first(ALICE)
        await at.office.settled(request)


@pytest.mark.parametrize("command", ["MAIL handrail", "DATA", "RCPT"])
async def test_a_server_that_closes_the_connection_is_asked_again(tmp_path: Path, command: str) -> None:
    async with mail_office(tmp_path) as at:
        said = []

        def once(given: str) -> str | None:
            if given.startswith(command) and not said:
                said.append(given)
                return "421 4.3.2 closing"
            return None

        at.server.rule = once
        request = await at.office.open()
        await at.first()
        await at.office.settled(request)
        assert said
        assert len(at.server.received) == 1


async def test_a_connection_that_breaks_when_the_mail_was_taken_repeats_the_same_mail(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        at.server.drops = 1
        request = await at.office.open()
        await until(lambda: len(at.server.received) == 2)
        one, two = (each.mail for each in at.server.received)
        assert one["Message-ID"] == two["Message-ID"]
        assert one["Reply-To"] == two["Reply-To"]
        assert one.get_body(("plain",)).get_content() == two.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        await at.office.settled(request)


async def test_an_address_of_a_person_and_those_who_are_asked_get_it(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        app = at.office.app
        await app.people.add_identity("bob", "email", "bob@home.test", actor=ROOT)
        one = await at.office.open("email:bob@home.test", audience=["bob@home.test"])
        assert (await at.office.now(one)).asked == ("bob",)
        mine = await at.first("bob@home.test")
        await at.send(mine, BOB, "approve")
        assert (await at.office.decided(one)).outcome.by == ("bob",)
        both = await at.office.open("email", audience=["alice", "bob"], title="Pay?")
        await until(lambda: any(each.mail["X-Handrail-Request"] == both.id for each in at.server.to(BOB)))
        strangers = await at.office.open("email:nobody@x.test", "email", title="Who?")
        await at.office.until(lambda tx: sum(bool(each.error) for each in tx.messages(strangers.id, 9)) == 2)
        errors = [each.error for each in await at.office.messages(strangers)]
        assert any("nobody is known by nobody@x.test" in (each or "") for each in errors)
        assert any("names nobody" in (each or "") for each in errors)


async def test_a_mail_that_is_no_mail_disturbs_nobody(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open()
        mine = await at.first()
        for raw in (b"\xff\x00", b"From: a\r\n" * 3000 + b"\r\nx", reply(mine, ALICE, "approve")[:60]):
            await at.again(raw)
        await at.send(mine, ALICE, "Genehmigt, danke")
        assert (await at.office.decided(request)).outcome.by == ("alice",)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"reply_to": "handrail@example.com", "receive": "lmtp://127.0.0.1:1"}, "{token}"),
        (
            {
                "reply_to": "a-very-long-name-of-a-mailbox-for-approvals+{token}@example.com",
                "receive": "lmtp:///s",
            },
            "64",
        ),
        ({"reply_to": "a+{token}@example.com"}, "both"),
        (
            {"reply_to": "a+{token}@example.com", "receive": "imaps://a:secret@imap.example.com"},
            "authserv_id",
        ),
        (
            {"reply_to": "a+{token}@example.com", "receive": "imap://a:b@192.0.2.1", "trust_loopback": True},
            "authserv_id",
        ),
        ({"reply_to": "a+{token}@example.com", "receive": "lmtp://0.0.0.0:24"}, "this machine only"),
        ({"reply_to": "a+{token}@example.com", "receive": "http://127.0.0.1"}, "begins with"),
        (
            {
                "reply_to": "a+{token}@b.c",
                "receive": "lmtp:///s",
                "authserv_id": "mx",
                "trust_loopback": True,
            },
            "trust_loopback",
        ),
    ],
)
def test_what_would_be_unsafe_or_useless_is_refused(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Email("smtp://127.0.0.1", "Handrail <handrail@example.com>", **wrong)  # type: ignore[arg-type]
    assert told in str(error.value)
    assert "secret" not in str(error.value)


async def test_an_escalation_reaches_the_new_and_is_told_to_those_who_have_it(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open("email", audience="alice", escalations=[escalation(3600, "bob")])
        await at.first(ALICE)
        await at.office.app.inbox.escalate(request.id, actor=ROOT)
        his = await at.first(BOB)
        assert "version 4.2" in his.text
        assert "alice or bob can decide it now" in (await at.first(ALICE, 1)).text
        await at.office.settled(request)
        await at.office.app.inbox.claim(request.id, actor=Actor("alice"))
        await at.office.app.inbox.release(request.id, actor=Actor("alice"))
        await at.office.settled(request)
        assert (len(at.server.to(ALICE)), len(at.server.to(BOB))) == (2, 1), "claims send nothing"
        await at.send(his, BOB, "reject: not today")
        await at.first(ALICE, 2)
        await at.first(BOB, 1)
        await at.office.settled(request)
        assert (len(at.server.to(ALICE)), len(at.server.to(BOB))) == (3, 2)


@pytest.mark.parametrize(
    ("require", "link", "answer"),
    [("asserted", True, True), ("channel", False, True), ("session", False, False)],
)
async def test_what_proves_too_little_is_not_offered(
    tmp_path: Path, require: str, link: bool, answer: bool
) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open(require=require)
        mine = await at.first()
        assert ("/decide/" in mine.text) is link
        assert ("To decide, answer" in mine.text) is answer
        before = await at.office.events(request)
        await at.send(mine, ALICE, "approve")
        assert (await at.office.events(request) != before) is answer


async def test_after_a_stop_who_never_got_a_request_gets_no_last_mail_about_it(tmp_path: Path) -> None:
    begun, store = asyncio.Event(), f"sqlite:///{tmp_path}/x.db"

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.test ESMTP\r\n")
        await reader.readline()
        begun.set()
        await reader.read()
        writer.close()

    def mailing(port: int) -> Email:
        return Email(f"smtp://127.0.0.1:{port}", "Handrail <handrail@example.com>")

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with office(mailing(port), store=store) as at:
            for name in ("alice", "bob"):
                await at.open(f"email:@{name}", title=f"For {name}")
            await begun.wait()
    async with App(store=store, channels={"email": mailing(port)}).connect() as app:
        requests = await views.requests(app.store, ["OPEN"])
        for request in requests:
            await app.inbox.decide(request.id, "approve", actor=Actor("carol"))
    async with mail_server() as taking, office(mailing(taking.port), store=store) as at:
        for request in requests:
            await at.settled(request)
        assert taking.to(BOB) == [], "nothing was ever begun to be sent to bob"
        assert len(taking.to(ALICE)) == 1, "a mail to alice may have arrived: it is told how that ended"


async def test_a_mail_tells_moments_by_its_readers_clock(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        for name, zone in (("alice", "Asia/Tokyo"), (None, "Asia/Kolkata")):
            await at.office.app.people.set_notifications(name, {"zone": zone}, channels=None, actor=ROOT)
        request = await at.office.open("email:@alice", "email:@bob", timeout=86_400)
        assert " JST, else" in (await at.first(ALICE)).text
        assert " IST, else" in (await at.first(BOB)).text
        await at.office.app.inbox.remind(request.id, actor=ROOT)
        assert " JST, else" in (await at.first(ALICE, 1)).text
        await at.office.app.inbox.withdraw(request.id, actor=ROOT)
        assert " JST." in (await at.first(ALICE, 2)).text
        assert " IST." in (await at.first(BOB, 2)).text


async def test_the_mail_of_a_revision_says_what_has_changed(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        old = await at.office.open(proposal={"content": "Deploy 4.2 on Monday"})
        await at.first()
        new = await at.office.open(proposal={"content": "Deploy 4.3 on Monday"}, previous=old.id)
        await until(lambda: len(at.server.to(ALICE)) == 3)
        mail = next(each for each in at.server.to(ALICE) if each.mail["X-Handrail-Request"] == new.id)
        assert "- Deploy 4.2 on Monday\n+ Deploy 4.3 on Monday" in mail.text.replace("\r\n", "\n")
        assert "<del>2</del>" in mail.html
        await at.send(mail, ALICE, "approve")
        assert (await at.office.decided(new)).outcome.by == ("alice",)


async def test_who_has_decided_what_is_over_is_told_how_it_ended(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open()
        asked = await at.first()
        await at.send(asked, ALICE, "approve")
        await at.office.decided(request)
        await at.send(asked, ALICE, "reject: I have changed my mind")
        await until(
            lambda: [each for each in at.server.to(ALICE) if each.mail["Auto-Submitted"] == "auto-replied"]
        )
        told = next(each for each in at.server.to(ALICE) if each.mail["Auto-Submitted"] == "auto-replied")
        assert "alice approved this, " in told.text
        assert "to change that" not in told.text
