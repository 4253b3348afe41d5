"""Real servers: our mails go through Postfix into mailboxes of Dovecot, answers come back from there and by LMTP."""

import asyncio
import logging
import smtplib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import Any

import imapclient
import pytest

from handrail.channels.email import Email, imap
from tests.support.email_office import ALICE, BOB, Office, office, until
from tests.support.post_office import PASSWORD, PostOffice, post_office

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
FROM = "Handrail <handrail@example.com>"


@pytest.fixture(scope="module")
def post() -> Iterator[PostOffice]:
    with post_office() as found:
        yield found


@pytest.fixture(autouse=True)
async def empty(post: PostOffice) -> AsyncIterator[None]:
    """Each test begins with empty mailboxes, and nothing comes into them that the one before has sent."""
    yield
    await asyncio.to_thread(post.forget)
    for user in ("alice", "bob", "handrail"):
        await asyncio.to_thread(_emptied, post, user)


def _emptied(post: PostOffice, user: str) -> None:
    with imapclient.IMAPClient("127.0.0.1", post.imap, ssl=False) as box:
        box.login(user, PASSWORD)
        box.select_folder("INBOX")
        if found := box.search():
            box.delete_messages(found)
            box.expunge()


def by_mailbox(post: PostOffice) -> Email:
    """Return the channel that reads a mailbox of Dovecot."""
    return Email(
        post.smtp_url,
        FROM,
        reply_to="handrail+{token}@example.com",
        receive=post.imap_url("handrail"),
        trust_loopback=True,
    )


def by_lmtp(post: PostOffice) -> Email:
    """Return the channel to which Postfix hands mails."""
    return Email(
        post.smtp_url,
        FROM,
        reply_to="{token}@replies.example.com",
        receive=f"lmtp://127.0.0.1:{post.ours}",
        trust_loopback=True,
    )


async def mails(post: PostOffice, user: str, number: int = 1) -> list[EmailMessage]:
    """Return the mails of somebody once there are so many; each look reads them all, so many are looked for seldom."""
    async with asyncio.timeout(max(60, number / 4)):
        while len(found := await asyncio.to_thread(post.mails, user)) < number:  # noqa: ASYNC110
            await asyncio.sleep(max(0.05, number / 500))
    return found


async def answer(post: PostOffice, mail: EmailMessage, text: str, sender: str = ALICE) -> None:
    """Answer a mail through Postfix, as a mail program does."""
    said = EmailMessage(policy=SMTP)
    said["From"], said["To"] = f"Somebody <{sender}>", str(mail["Reply-To"])
    said["Subject"], said["Message-ID"] = f"Re: {mail['Subject']}", make_msgid(domain="phone.test")
    said["In-Reply-To"], said["References"] = str(mail["Message-ID"]), str(mail["Message-ID"])
    said.set_content(f"{text}\n\nOn Monday, Handrail wrote:\n> To decide, answer this mail.\n")
    await asyncio.to_thread(_sent, post, said, sender, str(mail["Reply-To"]))


def _sent(post: PostOffice, said: EmailMessage, sender: str, to: str) -> None:
    with smtplib.SMTP("127.0.0.1", post.smtp) as server:
        server.sendmail(sender, [to], said.as_bytes())


async def check_decided(at: Office, post: PostOffice) -> None:
    """Ask alice; her answer decides, and a last mail in the thread says so."""
    request = await at.open()
    (asked,) = await mails(post, "alice")
    await answer(post, asked, "Approved, thanks!\nShip it.")
    ended = await at.decided(request)
    (decision,) = ended.decisions
    assert (decision.actor, decision.verb, decision.comment, decision.channel) == (
        "alice",
        "approve",
        "thanks!\nShip it.",
        "email",
    )
    await at.settled(request)
    _, last = await mails(post, "alice", 2)
    assert last["In-Reply-To"] == asked["Message-ID"]
    assert set(asked["References"].split()) < set(last["References"].split())
    assert "alice approved this" in last.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert (asked["From"], asked["To"]) == (FROM, ALICE)


async def test_out_by_smtp_in_from_a_mailbox_that_says_what_is_new(post: PostOffice) -> None:
    async with office(by_mailbox(post)) as at:
        await check_decided(at, post)
        await until(lambda: post.unseen("handrail") == 0)


async def test_postfix_hands_answers_over_by_lmtp(post: PostOffice) -> None:
    async with office(by_lmtp(post)) as at:
        await check_decided(at, post)


async def test_a_mailbox_that_does_not_say_what_is_new_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "ASKED", 0.2)
    with post_office(capability="IMAP4rev1 LITERAL+ UIDPLUS") as quiet:
        async with office(by_mailbox(quiet)) as at:
            await check_decided(at, quiet)


async def test_idle_is_begun_anew_before_servers_end_it(
    post: PostOffice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(imap, "ASKED", 0.3)
    begun: list[int] = []
    idle = imapclient.IMAPClient.idle

    def counted(box: Any) -> Any:
        begun.append(1)
        return idle(box)

    monkeypatch.setattr(imapclient.IMAPClient, "idle", counted)
    async with office(by_mailbox(post)) as at:
        await until(lambda: len(begun) > 2)
        await check_decided(at, post)
    assert "can't be read" not in caplog.text


async def test_a_mail_that_comes_while_it_is_looked_is_not_waited_for(
    post: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server says beside the answer that there is one more: it doesn't say that again to whoever waits for it."""
    search = imapclient.IMAPClient.search
    looked: list[Any] = []

    def too_early(box: Any, *what: Any) -> Any:
        found = search(box, *what)
        if not looked:
            looked.append(found)
            end = time.monotonic() + 60
            while not post.unseen("handrail") and time.monotonic() < end:
                time.sleep(0.05)
            box.noop()
        return found

    monkeypatch.setattr(imap, "ASKED", 3600.0)
    monkeypatch.setattr(imapclient.IMAPClient, "search", too_early)
    async with office(by_mailbox(post)) as at:
        request = await at.open()
        (asked,) = await mails(post, "alice")
        await answer(post, asked, "approve")
        assert (await at.decided(request)).outcome.verb == "approve"
        assert looked == [[]]


async def test_a_mail_that_somebody_deletes_meanwhile_is_passed_over(
    post: PostOffice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    search = imapclient.IMAPClient.search
    deleted: list[int] = []

    def then_deleted(box: Any, *what: Any) -> Any:
        found = search(box, *what)
        if found and what and not deleted:
            deleted.extend(found)
            _emptied(post, "handrail")
        return found

    async with office(by_mailbox(post)) as at:
        request = await at.open()
        (asked,) = await mails(post, "alice")
        monkeypatch.setattr(imapclient.IMAPClient, "search", then_deleted)
        await answer(post, asked, "approve")
        await until(lambda: deleted)
        await answer(post, asked, "reject: too late")
        assert (await at.decided(request)).outcome.verb == "reject"
    assert "can't be read" not in caplog.text


async def test_an_address_that_is_refused_says_so_and_others_get_their_mail(post: PostOffice) -> None:
    async with office(by_lmtp(post), emails={"bob": "bob@nowhere.test"}) as at:
        request = await at.open("email:@bob", "email:@alice")
        await mails(post, "alice")
        await at.until(lambda tx: any(each.error for each in tx.messages(request.id, 9)))
        (refused,) = [each for each in await at.messages(request) if each.error]
        assert refused.error == (
            "the mail server refuses bob@nowhere.test (550 5.1.2): is that address right? See `handrail users`"
        )


async def test_a_mailbox_that_goes_away_is_read_again_when_it_is_back(
    post: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with office(by_mailbox(post)) as at:
        request = await at.open()
        (asked,) = await mails(post, "alice")
        post.stop_dovecot()
        await until(lambda: "can't be read" in caplog.text)
        await answer(post, asked, "approve")  # Postfix keeps it meanwhile
        await asyncio.to_thread(post.start_dovecot)
        assert (await at.decided(request)).outcome.by == ("alice",)


@pytest.mark.parametrize("way", [by_mailbox, by_lmtp])
async def test_a_mail_that_comes_back_is_noted(post: PostOffice, way: Callable[[PostOffice], Email]) -> None:
    async with office(way(post), emails={"bob": "bob@nobody.test"}) as at:
        request = await at.open("email:@bob")
        await at.until(lambda tx: any(each.state == "failed" for each in tx.messages(request.id, 9)))
        (message,) = await at.messages(request)
        assert message.error == "it came back: the recipient's mail server could not deliver it (5.1.1)"
        assert not (await at.now(request)).ended


async def test_a_mail_with_our_address_in_cc_of_a_stranger_changes_nothing(
    post: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(by_lmtp(post)) as at:
        request = await at.open()
        (asked,) = await mails(post, "alice")
        before = await at.events(request)
        await answer(post, asked, "approve", sender=BOB)
        await until(lambda: "wasn't made for bob" in caplog.text)
        assert await at.events(request) == before


async def test_the_same_mail_five_times_decides_once(
    post: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with office(by_lmtp(post)) as at:
        request = await at.open(audience=["alice", "bob"], quorum="all")
        (asked,) = await mails(post, "alice")
        said = EmailMessage(policy=SMTP)
        said["From"], said["To"], said["Message-ID"] = ALICE, str(asked["Reply-To"]), "<one@phone.test>"
        said.set_content("approve\n")
        for _ in range(5):
            await asyncio.to_thread(_sent, post, said, ALICE, str(asked["Reply-To"]))
        await until(lambda: caplog.text.count("was received before") == 4)
        assert [each.actor for each in (await at.now(request)).decisions] == ["alice"]


@pytest.mark.parametrize(
    ("user", "password", "folder", "told"),
    [
        ("handrail", "guessed", "INBOX", "it takes no such user or password"),
        ("handrail", PASSWORD, "Nowhere", "it has no folder 'Nowhere'"),
    ],
)
async def test_a_mailbox_that_is_set_up_wrongly_says_what_is_wrong(
    post: PostOffice, caplog: pytest.LogCaptureFixture, user: str, password: str, folder: str, told: str
) -> None:
    channel = Email(
        post.smtp_url,
        FROM,
        reply_to="handrail+{token}@example.com",
        receive=f"imap://{user}:{password}@127.0.0.1:{post.imap}/{folder}",
        trust_loopback=True,
    )
    async with office(channel):
        await until(lambda: told in caplog.text)
    assert "see HANDRAIL_EMAIL_RECEIVE" in caplog.text
    assert "guessed" not in caplog.text
