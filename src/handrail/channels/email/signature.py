"""The DKIM signatures of a mail, verified here, and what the domain in From says by DMARC; for mails over LMTP only.

An aligned signature that verifies is enough; where there is none, an aligned pass of SPF is (`sender_policy`).
Signatures over a part of the body only don't count.
"""

import logging
from collections.abc import Callable, Iterator, Mapping

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
"""signatures that are looked at"""
Lookup = Callable[..., bytes | None]
"""Returns the text at a name in the DNS"""

_quiet = logging.getLogger(f"{__name__}.dkim")
_quiet.setLevel(logging.CRITICAL)


def look_up(name: bytes | str, timeout: float = LOOKUP) -> bytes | None:
    """Return the text at a name in the DNS, None where there is none. Raises `DNSException` where nobody can tell."""
    text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
    try:
        found = dns.resolver.resolve(text, "TXT", lifetime=min(timeout, LOOKUP))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.EmptyLabel, dns.name.LabelTooLong):
        return None
    return next((b"".join(each.strings) for each in found), None)


class _Asking:
    """Asks the DNS, and knows whether it could always tell."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.failed = False

    def __call__(self, name: bytes | str, timeout: float = LOOKUP) -> bytes | None:
        try:
            return self._lookup(name, timeout=timeout)
        except dns.exception.DNSException:
            self.failed = True
            return None


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
    asking = _Asking(lookup)
    signed = DKIMAuthenticationResult(result="pass", header_d=signer) if signer else None
    sent = SPFAuthenticationResult(result="pass", smtp_mailfrom=f"postmaster@{sender}") if sender else None
    try:
        found = str(dmarc_per_from(domain, sent, signed, dnsfunc=_text_of(asking))[0])
    except Exception:  # a record that can't be read
        found = "permerror"
    if asking.failed:
        raise ChannelError("the DNS can't be asked for the DMARC record of a mail's domain")
    return Result("dmarc", found, (("header.from", domain),))


def _passing(raw: bytes, lookup: Lookup) -> Iterator[str]:
    """Yield the domains whose signatures verify."""
    try:
        mail = dkim.DKIM(raw, logger=_quiet)
        number = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
        for at in range(min(number, MOST)):
            mail = dkim.DKIM(raw, logger=_quiet)
            if _verifies(mail, at, lookup) and _covers_enough(mail.signature_fields):
                yield mail.domain.decode("ascii", "replace")
    except dkim.DKIMException:
        return


def _covers_enough(fields: Mapping[bytes, bytes]) -> bool:
    """Whether a signature covers the whole body, and to whom the mail was written: that says what it answers."""
    covered = {name.strip().lower() for name in fields.get(b"h", b"").split(b":")}
    return b"l" not in fields and b"to" in covered


def _verifies(mail: dkim.DKIM, at: int, lookup: Lookup) -> bool:
    try:
        return bool(mail.verify(idx=at, dnsfunc=lookup))
    except Exception:  # strangers sign as they like
        return False


def _text_of(lookup: Lookup) -> Callable[..., str]:
    return lambda name, *_, **__: (lookup(name) or b"").decode("utf-8", "replace")
