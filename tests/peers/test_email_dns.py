"""What is asked of the DNS about a mail, by a real resolver of a real server on loopback: SPF, DKIM and DMARC."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dkim
import pytest

from handrail.channels.email import sender_policy
from handrail.channels.email.sender_policy import Origin
from handrail.channels.email.signature import look_up, verified
from handrail.requests.errors import ChannelError
from tests.support.dns_server import DnsServer, Zone, dns_server

KEY = Path(__file__).parents[1] / "support" / "dkim_test.key"
PUBLIC = KEY.with_suffix(".pub").read_text().strip()
ALICE = "alice@example.com"
OURS = "203.0.113.5"
RAW = b"From: Somebody <alice@example.com>\r\nTo: x@y.test\r\n\r\napprove\r\n"
DMARC = "_dmarc.example.com"
PASSED = [("dkim", "fail"), ("spf", "pass"), ("dmarc", "none")]

Serve = Callable[..., DnsServer]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return what starts a server that this process asks from then on."""
    with ExitStack() as stack:

        def start(zone: Zone, **settings: Any) -> DnsServer:
            server = stack.enter_context(dns_server(zone, **settings))
            monkeypatch.setattr("dns.resolver.default_resolver", server.resolver())
            return server

        yield start


def found(raw: bytes = RAW, client: str = OURS, domain: str = "example.com") -> list[tuple[str, str]]:
    origin = Origin(client, "phone.test", ALICE)
    return [(each.method, each.found) for each in verified(raw, domain, origin)]


def policy(*records: str, **more: list[str]) -> Zone:
    """Return a zone with these texts at example.com; `more` are texts at names below `test`."""
    texts = {"example.com": list(records), **{f"{name}.test": each for name, each in more.items()}}
    return {(name, "TXT"): [f'"{each}"' for each in records] for name, records in texts.items()}


def signed(selector: bytes = b"test") -> bytes:
    signature = dkim.sign(RAW, selector, b"example.com", KEY.read_bytes(), include_headers=[b"from", b"to"])
    return bytes(signature) + RAW


# -- SPF ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "client"),
    [
        (policy(f"v=spf1 ip4:{OURS} -all"), OURS),
        (policy("unrelated", f"v=spf1 ip4:{OURS} -all", "google-site-verification=x"), OURS),
        ({**policy("v=spf1 a -all"), ("example.com", "A"): ["198.51.100.1", OURS]}, OURS),
        ({**policy("v=spf1 a -all"), ("example.com", "AAAA"): ["2001:db8::1"]}, "2001:db8::1"),
        (
            {
                **policy("v=spf1 mx -all"),
                ("example.com", "MX"): ["10 mx.example.com."],
                ("mx.example.com", "A"): [OURS],
            },
            OURS,
        ),
        (
            {
                **policy("v=spf1 ptr -all"),
                ("5.113.0.203.in-addr.arpa", "PTR"): ["out.example.com."],
                ("out.example.com", "A"): [OURS],
            },
            OURS,
        ),
        (
            {
                **policy("v=spf1 include:alias.test -all", real=[f"v=spf1 ip4:{OURS} -all"]),
                ("alias.test", "CNAME"): ["real.test."],
            },
            OURS,
        ),
        ({**policy("v=spf1 exists:%{i}.ok.test -all"), (f"{OURS}.ok.test", "A"): ["127.0.0.2"]}, OURS),
        ({("example.com", "TXT"): [f'"v=spf1 ip4:" "{OURS} -all"']}, OURS),
    ],
)
def test_records_of_every_kind_are_read(serve: Serve, zone: Zone, client: str) -> None:
    serve(zone)
    assert found(client=client) == PASSED


def test_a_policy_that_fits_into_no_datagram_comes_by_tcp(serve: Serve) -> None:
    ranges = " ".join(f"ip4:198.51.100.{each}" for each in range(60))
    record = f"v=spf1 {ranges} ip4:{OURS} -all"
    strings = " ".join(f'"{record[at : at + 250]}"' for at in range(0, len(record), 250))
    server = serve({("example.com", "TXT"): [strings]})
    assert found() == PASSED
    assert [way for way, name, _ in server.asked if name == "example.com"] == ["udp", "tcp"]


@pytest.mark.parametrize(
    ("zone", "result"),
    [
        (policy("v=spf1 ip4:198.51.100.7 -all"), "fail"),
        (policy("v=spf1 +all", "v=spf1 -all"), "permerror"),
        (policy("v=spf1 include:example.com -all"), "permerror"),
        (
            policy("v=spf1 include:a.test -all", a=["v=spf1 include:b.test"], b=["v=spf1 include:a.test"]),
            "permerror",
        ),
        (policy("v=spf1 redirect=example.com"), "permerror"),
        (policy("v=spf10 +all"), "none"),
        ({}, "none"),
    ],
)
def test_what_permits_nobody_or_goes_round_is_no_pass(serve: Serve, zone: Zone, result: str) -> None:
    serve(zone)
    assert found() == [("dkim", "fail"), ("spf", result)]


def several(number: int) -> Zone:
    """Return a policy that asks for so many others, and permits us in the end."""
    each = {f"n{at}": ["v=spf1 ip4:198.51.100.7"] for at in range(number)}
    included = " ".join(f"include:n{at}.test" for at in range(number))
    return policy(f"v=spf1 {included} ip4:{OURS} -all", **each)


@pytest.mark.parametrize(("number", "result"), [(10, "pass"), (11, "permerror")])
def test_ten_questions_are_asked_about_a_policy_and_no_more(serve: Serve, number: int, result: str) -> None:
    server = serve(several(number))
    assert ("spf", result) in found()
    assert len({name for _, name, _ in server.asked if name.endswith(".test")}) == 10


@pytest.mark.parametrize(("number", "result"), [(2, "pass"), (3, "permerror")])
def test_two_of_the_names_may_not_exist_and_no_more(serve: Serve, number: int, result: str) -> None:
    names = " ".join(f"a:none{at}.test" for at in range(number))
    serve(policy(f"v=spf1 {names} ip4:{OURS} -all"))
    assert ("spf", result) in found()


def test_all_questions_together_have_so_much_time_and_no_more(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(several(10), takes=0.2)
    monkeypatch.setattr(sender_policy, "ALL", 1.0)  # none of them is too slow by itself
    with pytest.raises(ChannelError, match="DNS can't be asked"):
        found()
    assert len({name for _, name, _ in server.asked if name.endswith(".test")}) < 10
    monkeypatch.setattr(sender_policy, "ALL", 600.0)
    assert found() == PASSED


@pytest.mark.parametrize("away", ["silent", "broken"])
@pytest.mark.parametrize("name", ["example.com", "n1.test"])
def test_a_server_that_says_nothing_or_fails_refuses_nothing_for_good(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, away: str, name: str
) -> None:
    monkeypatch.setattr(sender_policy, "QUESTION", 0.5)
    serve(several(2), **{away: {name}})
    with pytest.raises(ChannelError, match="DNS can't be asked"):
        found()


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "others",
    [
        ["unrelated"],
        ["v=DKIM1; k=rsa; p="],  # one that was taken back
        ["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
        ["v=DKIM1; p=nonsense", "p=", "unrelated"],
    ],
)
@pytest.mark.parametrize("is_last", [True, False])
def test_whichever_text_at_its_name_is_the_key_a_signature_verifies(
    serve: Serve, others: list[str], is_last: bool
) -> None:
    key = f'"v=DKIM1; k=rsa; " "p={PUBLIC[:200]}" "{PUBLIC[200:]}"'
    rest = [f'"{each}"' for each in others]
    serve({("test._domainkey.example.com", "TXT"): [*rest, key] if is_last else [key, *rest]})
    assert found(signed()) == [("dkim", "pass"), ("dmarc", "none")]


def test_a_text_that_is_no_key_of_the_signature_verifies_nothing(serve: Serve) -> None:
    key = '"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="'
    serve({("test._domainkey.example.com", "TXT"): ['"v=DKIM1; p="', key]})
    assert found(signed()) == [("dkim", "fail"), ("spf", "none")]


# -- DMARC -------------------------------------------------------------------------------------------------------------

STRICT = "v=DMARC1; p=reject; adkim=s"


@pytest.mark.parametrize(
    ("texts", "result"),
    [
        ([], "none"),
        ([STRICT], "fail"),
        (["unrelated", STRICT], "fail"),
        ([STRICT, "unrelated", "v=spf1 -all"], "fail"),
        (["v = DMARC1 ; p=reject; adkim=s"], "fail"),
        (["v=DMARC1; p=none", STRICT], "none"),  # two: there is no policy
        ([STRICT, STRICT.replace("reject", "none")], "none"),
        (["v=DMARC10; p=reject; adkim=s"], "none"),
        (["p=reject; v=DMARC1; adkim=s"], "none"),
        (["unrelated"], "none"),
        (["v=DMARC1; p=none"], "pass"),
    ],
)
def test_of_the_texts_at_its_name_there_is_one_policy_or_none(
    serve: Serve, texts: list[str], result: str
) -> None:
    key = f'"p={PUBLIC[:200]}" "{PUBLIC[200:]}"'
    zone: Zone = {("test._domainkey.example.com", "TXT"): [key]}
    serve({**zone, (DMARC, "TXT"): [f'"{each}"' for each in texts]} if texts else zone)
    assert dict(found(signed(), domain="mail.example.com"))["dmarc"] == result


def test_with_two_policies_of_its_own_a_name_does_not_take_the_one_of_its_organization(serve: Serve) -> None:
    zone: Zone = {
        ("test._domainkey.example.com", "TXT"): [f'"p={PUBLIC[:200]}" "{PUBLIC[200:]}"'],
        ("_dmarc.mail.example.com", "TXT"): ['"v=DMARC1; p=none"', '"v=DMARC1; p=quarantine"'],
        (DMARC, "TXT"): [f'"{STRICT}"'],
    }
    serve(zone)
    assert dict(found(signed(), domain="mail.example.com"))["dmarc"] == "none"


def test_texts_are_those_of_a_name_whatever_that_is(serve: Serve) -> None:
    serve({("example.com", "TXT"): ['"one" "two"', '"three"'], ("alias.test", "CNAME"): ["example.com."]})
    assert sorted(look_up(b"example.com.")) == [b"onetwo", b"three"]
    assert sorted(look_up("alias.test")) == [b"onetwo", b"three"]
    for name in ("none.test", "a..b", "x" * 64 + ".test", ""):
        assert look_up(name) == ()
