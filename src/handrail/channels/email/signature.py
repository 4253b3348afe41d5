"""The DKIM signatures of a mail, verified here, and what the domain in From says by DMARC; for mails over LMTP only.

An aligned signature that verifies is enough; where there is none, an aligned pass of SPF is (`sender_policy`).
Signatures over a part of the body only don't count. A name in the DNS may have several texts: any of them may be the
key, and of DMARC there must be one record among them; with two there is no policy (RFC 7489, 6.6.3).
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import dkim
import dns.exception
import dns.name
import dns.resolver
from authheaders import dmarc_per_from
from authres import DKIMAuthenticationResult, SPFAuthenticationResult

from handrail.channels.email.organization import is_aligned
from handrail.channels.email.results import Result
from handrail.channels.email.sender_policy import Origin, Records, asked, look_up_records
from handrail.requests.errors import ChannelError

LOOKUP = 3.0
"""seconds that one question to the DNS may take"""
MOST = 5
"""signatures that are looked at, and texts at a name that are tried as their key"""
Lookup = Callable[..., Sequence[bytes]]
"""Returns the texts at a name in the DNS"""

_VERSION = re.compile(rb"^v[ \t]*=[ \t]*DMARC1(?=[ \t]*(?:;|$))")
_quiet = logging.getLogger(f"{__name__}.dkim")
_quiet.setLevel(logging.CRITICAL)


def look_up(name: bytes | str, timeout: float = LOOKUP) -> Sequence[bytes]:
    """Return the texts at a name in the DNS, none where it has none. Raises `DNSException` where nobody can tell."""
    text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
    try:
        found = dns.resolver.resolve(text, "TXT", lifetime=min(timeout, LOOKUP))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.EmptyLabel, dns.name.LabelTooLong):
        return ()
    return tuple(b"".join(each.strings) for each in found)


class _Asking:
    """Asks the DNS, and knows whether it could always tell. What was asked once isn't asked again."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._known: dict[bytes | str, Sequence[bytes]] = {}
        self.failed = False

    def __call__(self, name: bytes | str, timeout: float = LOOKUP) -> Sequence[bytes]:
        if name not in self._known:
            try:
                self._known[name] = self._lookup(name, timeout=timeout)
            except dns.exception.DNSException:
                self.failed = True
                self._known[name] = ()
        return self._known[name]


class _Policies:
    """The DMARC records at names, as authheaders asks for them: the only one of a name, else an empty text."""

    def __init__(self, asking: _Asking) -> None:
        self._asking = asking
        self.several = False

    def __call__(self, name: str, *_: object, **__: object) -> str:
        found = [_VERSION.sub(b"v=DMARC1", each) for each in self._asking(name) if _VERSION.match(each)]
        self.several = self.several or len(found) > 1
        return found[0].decode("utf-8", "replace") if len(found) == 1 else ""


def verified(
    raw: bytes,
    domain: str,
    origin: Origin | None = None,
    *,
    lookup: Lookup = look_up,
    records: Records = look_up_records,
) -> tuple[Result, ...]:
    """Return what a mail's signatures, its origin and the DMARC record of its From domain come to.

    SPF is asked only where the signatures don't do. Raises `ChannelError` where the DNS can't be asked now, and that
    matters.
    """
    asking = _Asking(lookup)
    signer = next((each for each in _passing(raw, asking) if is_aligned(each, domain)), None)
    signed = Result("dkim", "pass", (("header.d", signer),)) if signer else Result("dkim", "fail")
    if signer and (dmarc := _by_dmarc(domain, signer, None, lookup)).found in ("pass", "none"):
        return (signed, dmarc)
    sent = asked(origin, domain, records) if origin is not None else "none"
    if origin is None or sent != "pass":
        if asking.failed or sent == "temperror":
            raise ChannelError(
                "the DNS can't be asked for the keys of a mail's signatures, or who may send it"
            )
        return (signed, dmarc) if signer else (signed, Result("spf", sent))
    permitted = Result("spf", "pass", (("smtp.mailfrom", origin.domain or ""),))
    return (signed, permitted, _by_dmarc(domain, signer, origin.domain, lookup))


def _by_dmarc(domain: str, signer: str | None, sender: str | None, lookup: Lookup) -> Result:
    """Return what DMARC says of a domain with what has passed for it: its record may be strict."""
    policies = _Policies(asking := _Asking(lookup))
    signed = DKIMAuthenticationResult(result="pass", header_d=signer) if signer else None
    sent = SPFAuthenticationResult(result="pass", smtp_mailfrom=f"postmaster@{sender}") if sender else None
    try:
        found = str(dmarc_per_from(domain, sent, signed, dnsfunc=policies)[0])
    except Exception:  # a record that can't be read
        found = "permerror"
    if asking.failed:
        raise ChannelError("the DNS can't be asked for the DMARC record of a mail's domain")
    return Result("dmarc", "none" if policies.several else found, (("header.from", domain),))


def _passing(raw: bytes, asking: _Asking) -> Iterator[str]:
    """Yield the domains whose signatures verify."""
    try:
        mail = dkim.DKIM(raw, logger=_quiet)
        number = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
        for at in range(min(number, MOST)):
            signed = _verified(raw, at, asking)
            if signed is not None and _covers_enough(signed.signature_fields, signed.headers):
                yield signed.domain.decode("ascii", "replace")
    except dkim.DKIMException:
        return


def _covers_enough(fields: Mapping[bytes, bytes], headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether a signature covers the whole body, and to whom the mail was written: that says what it answers."""
    covered = {name.strip().lower() for name in fields.get(b"h", b"").split(b":")}
    there = {name.strip().lower() for name, _ in headers}
    return b"l" not in fields and b"to" in covered and (b"cc" in covered or b"cc" not in there)


def _verified(raw: bytes, at: int, asking: _Asking) -> dkim.DKIM | None:
    """Return a mail by one of its signatures, if that verifies with any of the texts at the name of its key."""
    keys: list[bytes] = []

    def key(number: int, name: bytes, timeout: float = LOOKUP) -> bytes | None:
        keys[:] = [each for each in asking(name, timeout=timeout) if b"p=" in each][:MOST]
        return keys[number] if number < len(keys) else None

    for number in range(MOST):
        mail = dkim.DKIM(raw, logger=_quiet)
        if _verifies(mail, at, partial(key, number)):
            return mail
        if number + 1 >= len(keys):
            return None
    return None


def _verifies(mail: dkim.DKIM, at: int, key: Callable[..., bytes | None]) -> bool:
    try:
        return bool(mail.verify(idx=at, dnsfunc=key))
    except Exception:  # strangers sign as they like
        return False
