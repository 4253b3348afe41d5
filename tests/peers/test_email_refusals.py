"""What decides nothing: forged senders, tokens of others, used, expired and replayed ones, and what nobody checked.

Each is handed over by LMTP as our own mail server would, is logged with ids, and changes nothing.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import dkim
import dns.exception
import httpx
import pytest

from handrail.channels.email.signature import verified
from handrail.channels.email.token import reply_token
from handrail.people import link as links
from handrail.requests.errors import ChannelError, NotAllowed
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from handrail.web.server import create
from tests.support.email_office import ALICE, BOB, CAROL, ROOT, Mail, mail_office
from tests.support.mail_replies import US, hand_over, reply, results
from tests.support.web_live import face_of

KEY = Path(__file__).parents[1] / "support" / "dkim_test.key"


async def check_refused(
    at: Mail,
    request: HumanRequest,
    caplog: pytest.LogCaptureFixture,
    act: Callable[[], Awaitable[Any]],
    why: str,
) -> None:
    """Nothing has changed, nobody is answered, and the log says why, with ids and no word of the mail."""
    before, mails = await at.office.events(request), len(at.server.received)
    caplog.clear()
    await act()
    assert await at.office.events(request) == before
    assert why in caplog.text
    assert "version 4.2" not in caplog.text
    assert (
        await at.office.app.store.read(
            lambda tx: [each for each in tx.messages(request.id, 100) if each.occasion == "answered"]
        )
        == []
    )
    assert len(at.server.received) == mails


async def test_who_is_not_the_person_of_the_address_decides_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open("email:@alice", "email:@bob", audience=["alice", "bob"])
        mine, his = await at.first(ALICE), await at.first(BOB)
        for sender, why in (
            (BOB, "wasn't made for bob"),
            (CAROL, "wasn't made for carol"),
            ("m@x.test", "nobody here"),
        ):
            await check_refused(
                at, request, caplog, lambda sender=sender: at.send(mine, sender, "approve"), why
            )
        # Bob is in Cc of what alice answers, and answers to all: to her address, too.
        both = {"Cc": str(mine.mail["Reply-To"])}
        await check_refused(
            at, request, caplog, lambda: at.send(his, BOB, "approve", headers=both), "names several requests"
        )
        two = f"Alice <{ALICE}>, Bob <{BOB}>"
        raw = reply(mine, ALICE, "approve").replace(
            f"From: Somebody <{ALICE}>".encode(), f"From: {two}".encode()
        )
        await check_refused(at, request, caplog, lambda: at.again(raw), "nobody clearly sent it")
        await at.send(mine, ALICE, "approve")
        assert (await at.office.decided(request)).outcome.by == ("alice",)


async def test_what_somebody_wrote_to_others_is_no_answer_wherever_it_is_handed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open("email:@alice", audience=["alice"])
        mine = await at.first(ALICE)
        token = str(mine.mail["Reply-To"])
        raw = reply(BOB, ALICE, "approve")

        async def sent_on() -> None:
            assert (await hand_over(f"Delivered-To: {token}\r\n".encode() + raw, at.socket, to=token))[
                0
            ] == 250

        await check_refused(at, request, caplog, sent_on, "names no request")


@pytest.mark.parametrize(
    ("checked", "why"),
    [
        ("", "no results"),
        (results(ALICE, by="mx.evil.example"), "no results"),
        (results(ALICE, by="mx.test.evil.example"), "no results"),
        (results(ALICE, "fail"), "DMARC found fail"),
        (results(ALICE, "temperror"), "DMARC found temperror"),
        (results(ALICE, "fail") + results(ALICE), "DMARC found fail"),
        (f"Authentication-Results: {US}; none\r\n" + results(ALICE), "nothing passed"),
        (f"Authentication-Results: {US} 2; dmarc=pass header.from=example.com\r\n", "no results"),
        (f"Authentication-Results: {US}; dmarc=pass header.from=evil.example\r\n", "another domain"),
        (f"Authentication-Results: {US}; dmarc=pass\r\n", "another domain"),
        (
            f"Authentication-Results: {US}; (dmarc=pass header.from=example.com) spf=none\r\n",
            "nothing passed",
        ),
        (f"Authentication-Results: {US}; dkim=pass header.d=evil.example; dmarc=none\r\n", "nothing passed"),
        (f"Authentication-Results: {US}; dkim=pass header.d=com; dmarc=none\r\n", "nothing passed"),
        (f"Authentication-Results: {US}; spf=pass smtp.helo=example.com\r\n", "nothing passed"),
        (
            f'Authentication-Results: {US}; spf=pass smtp.mailfrom="x; dmarc=pass header.from=example.com"@a.test\r\n',
            "nothing passed",
        ),
        (f"Authentication-Results: evil (\r\n {US}; dmarc=pass header.from=example.com)\r\n", "no results"),
        (f"Authentication-Results: {US}; dmarc=fail; dmarc=pass header.from=example.com\r\n", "two results"),
        # What can't be read for certain may be ours: nothing below it counts.
        (f"Authentication-Results: {US}; spf=none smtp.mailfrom=(x\r\n" + results(ALICE), "no results"),
        (
            f"Authentication-Results: {US}"
            + ";\r\n dkim=fail header.d=a.test" * 700
            + "\r\n"
            + results(ALICE),
            "no results",
        ),
    ],
)
async def test_only_what_our_own_mail_server_found_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, checked: str, why: str
) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open()
        mine = await at.first()
        await check_refused(
            at, request, caplog, lambda: at.send(mine, ALICE, "approve", checked=checked), why
        )


@pytest.mark.parametrize(
    "checked",
    [
        f"Authentication-Results: {US.upper()} 1;\r\n (a comment) DMARC=Pass header.From=EXAMPLE.com\r\n",
        f'Authentication-Results: {US}; dkim=pass header.i=@example.com header.b="a=b;c"; dmarc=none\r\n',
        f"Authentication-Results: {US}; spf=pass (ok \\) (nested)) smtp.mailfrom=alice@example.com\r\n",
        f"Authentication-Results: {US};\r\n\tdmarc=pass (p=NONE; x=y)\r\n\theader.from=example.com;\r\n",
        f"Authentication-Results: other.test; dmarc=fail header.from=example.com\r\n{results(ALICE)}",
    ],
)
async def test_what_our_mail_server_says_is_read_however_it_is_written(tmp_path: Path, checked: str) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open()
        await at.send(await at.first(), ALICE, "approve", checked=checked)
        assert (await at.office.decided(request)).outcome.by == ("alice",)


async def test_an_address_decides_once_and_a_replayed_mail_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open("email:@alice", audience=["alice", "bob", "carol"], quorum="all")
        mine = await at.first()
        raw = await at.send(mine, ALICE, "approve")
        for _ in range(4):
            await check_refused(at, request, caplog, lambda: at.again(raw), "")
        before = await at.office.events(request)
        await at.send(mine, ALICE, "reject: no, rather not")
        await at.send(mine, ALICE, "reject: I mean it")
        assert await at.office.events(request) == before
        told = await at.first(ALICE, 1)
        assert "an address decides once" in told.text
        await at.office.settled(request)
        assert len(at.server.to(ALICE)) == 2, "it is said once"


async def test_a_token_of_another_request_or_a_made_up_one_decides_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_office(tmp_path) as at:
        request, other = (
            await at.office.open(),
            await at.office.open("email:@bob", title="Pay?", audience="bob"),
        )
        await at.first()
        await at.first(BOB)
        made_up = reply_token(b"another key", other.id, "alice")
        where = f"handrail+{made_up}@example.com"
        await check_refused(
            at, other, caplog, lambda: at.send(where, ALICE, "approve"), "wasn't made for alice"
        )
        unknown = reply_token(at.office.app.door("email").key("reply"), "req_" + "0" * 24, "alice")
        where = f"handrail+{unknown}@example.com"
        await check_refused(at, request, caplog, lambda: at.send(where, ALICE, "approve"), "no such request")
        await check_refused(
            at, request, caplog, lambda: at.send("handrail@example.com", ALICE, "approve"), "names no request"
        )


async def test_a_mail_from_elsewhere_is_no_mail_of_this_machine(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_office(tmp_path, authserv_id=None, trust_loopback=True, lookup=_nothing) as at:
        request = await at.office.open()
        mine = await at.first()
        here = "Received: from localhost (localhost [127.0.0.1]) by mx.test (Postfix)\r\n"
        fake = "Received: from [127.0.0.1] (evil.test [203.0.113.9]) by mx.test (Postfix)\r\n"
        for checked in (
            "",
            here,
            fake,
            results(ALICE),
        ):  # the topmost is ours, but it came from outside before
            await check_refused(
                at,
                request,
                caplog,
                lambda on_top=checked: at.send(mine, ALICE, "approve", checked=on_top),
                "nothing",
            )
        raw = reply(mine, ALICE, "approve", checked="")
        await at.again(here.encode() + raw[raw.index(b"From: Somebody") :])
        assert (await at.office.decided(request)).outcome.by == ("alice",)


def _nothing(name: Any, timeout: float = 0) -> Sequence[bytes]:
    return ()


def _names(signer: str, policy: str = "") -> Callable[..., Sequence[bytes]]:
    """Return a DNS that has the key of one domain, and a DMARC record."""
    public = KEY.with_suffix(".pub").read_text().strip()

    def look_up(name: bytes | str, timeout: float = 0) -> Sequence[bytes]:
        text = name.decode() if isinstance(name, bytes) else name
        if text.rstrip(".") == f"test._domainkey.{signer}":
            return [f"v=DKIM1; k=rsa; p={public}".encode()]
        return [policy.encode()] if policy and text.rstrip(".") == "_dmarc.example.com" else []

    return look_up


def _signed(
    raw: bytes,
    signer: str = "example.com",
    include: tuple[bytes, ...] | list[bytes] = (b"from", b"to"),
    **more: Any,
) -> bytes:
    mail = raw[raw.index(b"From: Somebody") :]
    signature = dkim.sign(
        mail, b"test", signer.encode(), KEY.read_bytes(), include_headers=[*include], **more
    )
    return bytes(signature) + mail


def test_a_signature_speaks_for_recipients_only_whom_it_covers() -> None:
    lookup = _names("example.com")
    plain = reply("x@y.test", ALICE, "approve")
    with_cc = reply("x@y.test", ALICE, "approve", headers={"Cc": "z@y.test"})
    assert verified(_signed(plain), "example.com", lookup=lookup)[0].found == "pass"
    assert verified(_signed(with_cc), "example.com", lookup=lookup)[0].found == "fail"
    added = _signed(plain).replace(b"To: x@y.test", b"Cc: z@y.test\r\nTo: x@y.test")
    assert verified(added, "example.com", lookup=lookup)[0].found == "fail"
    covered = _signed(with_cc, include=[b"from", b"to", b"cc"])
    assert verified(covered, "example.com", lookup=lookup)[0].found == "pass"


async def test_where_nobody_has_checked_a_mail_its_signature_is_verified_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lookup = _names("example.com", "v=DMARC1; p=reject; adkim=s")
    async with mail_office(tmp_path, authserv_id=None, lookup=lookup) as at:
        request = await at.office.open()
        mine = await at.first()
        good = _signed(reply(mine, ALICE, "approve"))
        elsewhere = _signed(reply(mine, ALICE, "approve"), "evil.example")
        part = _signed(reply(mine, ALICE, "approve"), length=True)
        for raw in (
            reply(mine, ALICE, "approve"),
            good.replace(b"approve", b"approve  it", 1)
            if b"approve" in good
            else good[:-40] + b"\r\nmore\r\n",
            good + b"\r\nmore\r\n",
            elsewhere,
            part,
        ):
            await check_refused(
                at, request, caplog, lambda raw=raw: at.again(raw), "decided nothing: nothing passed"
            )
        await at.again(good)
        assert (await at.office.decided(request)).outcome.by == ("alice",)


def test_a_signature_of_a_domain_above_counts_unless_dmarc_is_strict() -> None:
    raw = _signed(b"From: Somebody <alice@mail.example.com>\r\nTo: x@y.test\r\n\r\napprove\r\n")
    relaxed, strict = _names("example.com"), _names("example.com", "v=DMARC1; p=reject; adkim=s")
    assert [(each.method, each.found) for each in verified(raw, "mail.example.com", lookup=relaxed)] == [
        ("dkim", "pass"),
        ("dmarc", "none"),
    ]
    assert verified(raw, "mail.example.com", lookup=strict)[1].found == "fail"
    assert verified(raw, "example.org", lookup=relaxed) == verified(raw, "evil-example.com", lookup=relaxed)


def test_a_dns_that_cannot_be_asked_refuses_nothing_for_good() -> None:
    def away(name: Any, timeout: float = 0) -> Sequence[bytes]:
        raise dns.exception.Timeout

    raw = _signed(b"From: Somebody <alice@example.com>\r\nTo: x@y.test\r\n\r\napprove\r\n")
    with pytest.raises(ChannelError, match="DNS can't be asked"):
        verified(raw, "example.com", lookup=away)


async def test_while_the_dns_is_away_the_mail_server_keeps_the_mail(tmp_path: Path) -> None:
    answers: list[Callable[..., Sequence[bytes]]] = []

    def look_up(name: Any, timeout: float = 0) -> Sequence[bytes]:
        if not answers:
            raise dns.exception.Timeout
        return answers[0](name)

    async with mail_office(tmp_path, authserv_id=None, lookup=look_up) as at:
        request = await at.office.open()
        raw = _signed(reply(await at.first(), ALICE, "approve"))
        assert (await hand_over(raw, at.socket))[0] == 451
        answers.append(_names("example.com"))
        await at.again(raw)
        assert (await at.office.decided(request)).outcome.by == ("alice",)


async def test_a_link_works_once_for_its_person_and_not_after_its_time(tmp_path: Path) -> None:
    async with mail_office(tmp_path) as at:
        await at.office.open()
        token = (await at.first()).text.split("/decide/")[1].split()[0]
        app = at.office.app
        key, now = app.people.secret.key("link"), app.clock.now()
        found, owner = await app.store.read(links.look, key=key, token=token, now=now)
        assert (owner.name, str(found.kind)) == ("alice", "decide")
        with pytest.raises(NotAllowed, match="expired"):
            await app.store.read(links.look, key=key, token=token, now=now + timedelta(days=8))


async def test_the_link_of_a_mail_that_has_expired_says_so_on_its_page_and_changes_nothing(
    tmp_path: Path,
) -> None:
    clock = TurnableClock()
    async with mail_office(tmp_path, settings={"clock": clock}) as at:
        request = await at.office.open()
        path = f"/decide/{(await at.first()).text.split('/decide/')[1].split()[0]}"
        pages = httpx.ASGITransport(create(face_of(at.office.app, "http://handrail.test")))
        async with httpx.AsyncClient(transport=pages, base_url="http://handrail.test") as browser:
            page = await browser.get(path)
            assert page.status_code == 200
            form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
            before = await at.office.events(request)
            clock.turn(timedelta(days=8))
            opened = await browser.get(path)
            pressed = await browser.post(path, data={**form, "verb": "approve"})
            for each in (opened, pressed):
                assert each.status_code == 403
                assert "expired" in each.text
                assert "version 4.2" not in each.text
        assert await at.office.events(request) == before


async def test_who_is_switched_off_or_a_viewer_decides_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_office(tmp_path) as at:
        request = await at.office.open()
        mine = await at.first()
        await at.office.app.people.change("alice", actor=ROOT, active=False)
        await check_refused(at, request, caplog, lambda: at.send(mine, ALICE, "approve"), "nobody here")
        await at.office.app.people.change("alice", actor=ROOT, active=True, role="viewer")
        before = await at.office.events(request)
        await at.send(mine, ALICE, "approve")
        assert await at.office.events(request) == before
        assert "You can’t decide this" in (await at.first(ALICE, 1)).text
