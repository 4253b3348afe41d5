"""SPF where nobody else has checked a mail: who may send for a domain, asked of a DNS of the tests.

The mails are handed over by LMTP as our own mail server would, which has written the topmost Received header.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dkim
import dns.exception
import pytest

from handrail.channels.email.organization import is_aligned
from handrail.channels.email.sender_policy import Origin, origin_of
from handrail.channels.email.signature import verified
from handrail.requests.errors import ChannelError
from tests.support.email_office import ALICE, Mail, mail_office
from tests.support.mail_replies import hand_over, reply

KEY = Path(__file__).parents[1] / "support" / "dkim_test.key"
OURS = "203.0.113.5"
ELSEWHERE = "198.51.100.7"
RAW = b"From: Somebody <alice@example.com>\r\nTo: x@y.test\r\n\r\napprove\r\n"
POLICY = {("example.com", "TXT"): ["unrelated", f"v=spf1 mx ip4:{OURS} -all"]}

Zone = dict[tuple[str, str], list[Any]]


def dns_of(zone: Zone, *away: str) -> Callable[[str, str, float], Sequence[Any]]:
    """Return a DNS with these records; texts are plain. Nobody can tell those of the names that are away."""

    def records(name: str, kind: str, timeout: float) -> Sequence[Any]:
        assert 0 < timeout <= 3
        if name in away:
            raise dns.exception.Timeout
        found = zone.get((name, kind), [])
        return [(each.encode(),) for each in found] if kind == "TXT" else found

    return records


def texts_of(policy: str = "") -> Callable[..., Sequence[bytes]]:
    """Return a DNS that has a DMARC record, if any, and no keys."""

    def look_up(name: bytes | str, timeout: float = 0) -> Sequence[bytes]:
        text = name.decode() if isinstance(name, bytes) else name
        return [policy.encode()] if policy and text.rstrip(".") == "_dmarc.example.com" else []

    return look_up


def received(client: str = OURS, helo: str = "phone.test", name: str = "unknown") -> str:
    return f"Received: from {helo} ({name} [{client}])\r\n\tby mx.test (Postfix) with ESMTP id 1\r\n"


def found(
    zone: Zone, *, sender: str = ALICE, client: str = OURS, helo: str = "phone.test", policy: str = ""
) -> list[tuple[str, str]]:
    origin = Origin(client, helo, sender)
    results = verified(RAW, "example.com", origin, lookup=texts_of(policy), records=dns_of(zone))
    return [(each.method, each.found) for each in results]


PASSED = [("dkim", "fail"), ("spf", "pass"), ("dmarc", "none")]


@pytest.mark.parametrize(
    ("sender", "zone"),
    [
        (ALICE, POLICY),
        ("bounces+1@mail.example.com", {("mail.example.com", "TXT"): [f"v=spf1 ip4:{OURS} -all"]}),
        (
            ALICE,
            {
                ("example.com", "TXT"): ["v=spf1 mx -all"],
                ("example.com", "MX"): [(10, "mx.example.com")],
                ("mx.example.com", "A"): [OURS],
            },
        ),
        (
            ALICE,
            {
                ("example.com", "TXT"): ["v=spf1 include:_spf.provider.test -all"],
                ("_spf.provider.test", "TXT"): ["v=spf1 ip4:203.0.113.0/24 -all"],
            },
        ),
    ],
)
def test_a_client_that_the_domain_permits_counts_without_a_signature_and_without_a_dmarc_record(
    sender: str, zone: Zone
) -> None:
    assert found(zone, sender=sender) == PASSED


@pytest.mark.parametrize(
    ("policy", "result"),
    [
        (f"v=spf1 ip4:{ELSEWHERE} -all", "fail"),
        (f"v=spf1 ip4:{ELSEWHERE} ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("nothing of that kind", "none"),
        ("v=spf1 ip4:nonsense -all", "permerror"),
        ("v=spf1 include:example.com -all", "permerror"),
        ("v=spf1 a:a.test a:b.test a:c.test +all", "permerror"),
    ],
)
def test_nothing_but_a_pass_counts(policy: str, result: str) -> None:
    assert found({("example.com", "TXT"): [policy]}) == [("dkim", "fail"), ("spf", result)]


@pytest.mark.parametrize(
    "sender",
    [
        "x@evil.test",
        "x@example.com.evil.test",
        "x@evilexample.com",
        "x@com",
        '"x@evil.test"@example.com',
        "x",
    ],
)
def test_a_pass_of_another_domain_is_none(sender: str) -> None:
    names = ("evil.test", "example.com.evil.test", "evilexample.com", "com", "example.com")
    everybody: Zone = {(name, "TXT"): ["v=spf1 +all"] for name in names}
    assert found(everybody, sender=sender) == [("dkim", "fail"), ("spf", "none")]


@pytest.mark.parametrize(
    "client", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.5", "192.168.1.9", "fe80::1"]
)
def test_a_client_of_our_own_network_is_never_permitted(client: str) -> None:
    everybody: Zone = {("example.com", "TXT"): ["v=spf1 +all"]}
    assert found(everybody) == PASSED
    assert found(everybody, client=client) == [("dkim", "fail"), ("spf", "none")]


def test_a_signature_that_does_not_verify_or_whose_key_is_away_does_not_spoil_a_pass() -> None:
    signed = dkim.sign(RAW, b"test", b"example.com", KEY.read_bytes(), include_headers=[b"from", b"to"]) + RAW
    broken = signed.replace(b"\r\n\r\napprove", b"\r\n\r\nreject")

    def away(name: bytes | str, timeout: float = 0) -> Sequence[bytes]:
        if b"_domainkey" in (name if isinstance(name, bytes) else name.encode()):
            raise dns.exception.Timeout
        return ()

    origin = Origin(OURS, "phone.test", ALICE)
    for raw, lookup in ((broken, texts_of()), (signed, away)):
        results = verified(raw, "example.com", origin, lookup=lookup, records=dns_of(POLICY))
        assert [(each.method, each.found) for each in results] == PASSED
    elsewhere = Origin(ELSEWHERE, "phone.test", ALICE)
    with pytest.raises(ChannelError):
        verified(signed, "example.com", elsewhere, lookup=away, records=dns_of(POLICY))


def test_without_an_envelope_sender_helo_counts_where_it_is_the_very_domain() -> None:
    everybody: Zone = {(name, "TXT"): ["v=spf1 +all"] for name in ("example.com", "mail.example.com")}
    assert found(everybody, sender="", helo="Example.com") == PASSED
    for helo in ("mail.example.com", "evil.test", "[203.0.113.5]"):
        assert found(everybody, sender="", helo=helo) == [("dkim", "fail"), ("spf", "none")]


def test_a_strict_dmarc_record_demands_the_very_domain() -> None:
    zone: Zone = {("mail.example.com", "TXT"): ["v=spf1 +all"], **POLICY}
    strict, relaxed = "v=DMARC1; p=reject; aspf=s", "v=DMARC1; p=reject"
    assert found(zone, sender="a@mail.example.com", policy=strict)[-1] == ("dmarc", "fail")
    assert found(zone, sender="a@mail.example.com", policy=relaxed)[-1] == ("dmarc", "pass")
    assert found(zone, policy=strict)[-1] == ("dmarc", "pass")


@pytest.mark.parametrize("away", ["example.com", "_spf.provider.test"])
def test_a_dns_that_does_not_answer_refuses_nothing_for_good(away: str) -> None:
    zone: Zone = {("example.com", "TXT"): ["v=spf1 include:_spf.provider.test -all"]}
    with pytest.raises(ChannelError, match="DNS can't be asked"):
        verified(
            RAW, "example.com", Origin(OURS, "h.test", ALICE), lookup=texts_of(), records=dns_of(zone, away)
        )


def test_a_dmarc_record_that_cannot_be_asked_for_is_not_taken_for_none() -> None:
    def away(name: Any, timeout: float = 0) -> Sequence[bytes]:
        raise dns.exception.Timeout

    with pytest.raises(ChannelError, match="DMARC"):
        verified(RAW, "example.com", Origin(OURS, "h.test", ALICE), lookup=away, records=dns_of(POLICY))


@pytest.mark.parametrize(
    ("one", "other", "aligned"),
    [
        ("example.co.uk", "mail.example.co.uk", True),
        ("one.example.com", "two.example.com", True),
        ("co.uk", "example.co.uk", False),
        ("one.co.uk", "two.co.uk", False),
        ("one.github.io", "two.github.io", False),
        ("one.intern", "two.intern", False),
        ("com", "example.com", False),
        ("", "", False),
    ],
)
def test_a_public_suffix_is_no_organization(one: str, other: str, aligned: bool) -> None:
    assert is_aligned(one, other) is is_aligned(other, one) is aligned


@pytest.mark.parametrize(
    "header",
    [
        "by mx.test (Postfix, from userid 1000) id 1; Mon",
        f"from evil ([{OURS}]) by mx.test (x) (evil.test [{ELSEWHERE}]) by mx.test (Postfix)",
        f"from [{OURS}] by mx.test",
        "from a (b [::::::]x) by mx.test",
        "",
    ],
)
def test_a_received_header_that_is_not_clear_names_no_client(header: str) -> None:
    below = ("received", f"from example.com (example.com [{OURS}]) by mx.test (Postfix)")
    assert origin_of([below], ALICE) is not None
    assert origin_of([("received", header), below], ALICE) is None


async def _given(at: Mail, raw: bytes, *, sender: str = ALICE) -> int:
    code: int = (await hand_over(raw, at.socket, sender=sender))[0]
    return code


async def test_by_lmtp_the_topmost_received_header_and_the_envelope_sender_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    zone: Zone = {**POLICY, ("evil.test", "TXT"): ["v=spf1 +all"]}
    async with mail_office(tmp_path, authserv_id=None, lookup=texts_of(), records=dns_of(zone)) as at:
        request = await at.office.open()
        mine = await at.first()
        raw = reply(mine, ALICE, "approve", checked="")
        raw = raw[raw.index(b"From: Somebody") :]
        before = await at.office.events(request)
        for on_top, sender in (
            (received(ELSEWHERE) + received(OURS), ALICE),  # the lower one came with the mail
            (received("127.0.0.1", "localhost") + received(OURS), ALICE),  # a filter of ours
            (received(OURS), "x@evil.test"),
            (received(OURS), ""),
            ("", ALICE),
        ):
            caplog.clear()
            assert await _given(at, on_top.encode() + raw, sender=sender) == 250
            assert "decided nothing: nothing passed for its domain" in caplog.text
            assert await at.office.events(request) == before
        assert await _given(at, (received(OURS) + received(ELSEWHERE)).encode() + raw) == 250
        assert (await at.office.decided(request)).outcome.by == ("alice",)


async def test_while_the_dns_is_away_the_mail_server_keeps_a_mail_without_a_signature(tmp_path: Path) -> None:
    away = ["example.com"]

    def records(name: str, kind: str, timeout: float) -> Sequence[Any]:
        return dns_of(POLICY, *away)(name, kind, timeout)

    async with mail_office(tmp_path, authserv_id=None, lookup=texts_of(), records=records) as at:
        request = await at.office.open()
        raw = reply(await at.first(), ALICE, "approve", checked="")
        raw = received().encode() + raw[raw.index(b"From: Somebody") :]
        before = await at.office.events(request)
        assert await _given(at, raw) == 451
        assert await at.office.events(request) == before
        away.clear()
        assert await _given(at, raw) == 250
        assert (await at.office.decided(request)).outcome.by == ("alice",)
