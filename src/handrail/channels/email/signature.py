"""The DKIM signatures of a mail, verified here, and what the domain in From says by DMARC; for mails over LMTP only.

An aligned signature that verifies is all that counts: SPF is about the connection that our mail server had, so it is
the server's to check (configure its `authserv_id`). Signatures over a part of the body only don't count.
"""

import logging
from collections.abc import Callable, Iterator

import dkim
import dns.exception
import dns.name
import dns.resolver
from authheaders import dmarc_per_from
from authres import DKIMAuthenticationResult

from handrail.channels.email.authenticity import is_aligned
from handrail.channels.email.results import Result
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


def verified(raw: bytes, domain: str, lookup: Lookup = look_up) -> tuple[Result, ...]:
    """Return what a mail's signatures and the DMARC record of its From domain come to.

    Raises `ChannelError` where the DNS can't be asked now, and that matters.
    """
    asking = _Asking(lookup)
    passing = next((signer for signer in _passing(raw, asking) if is_aligned(signer, domain)), None)
    if passing is None:
        if asking.failed:
            raise ChannelError("the DNS can't be asked for the keys of a mail's signatures")
        return (Result("dkim", "fail"),)
    told = Result("dkim", "pass", (("header.d", passing),))
    return (told, Result("dmarc", _by_dmarc(domain, passing, asking), (("header.from", domain),)))


def _by_dmarc(domain: str, signer: str, asking: _Asking) -> str:
    """Return what DMARC says of a domain with a signature that verifies: its record may be strict."""
    result = DKIMAuthenticationResult(result="pass", header_d=signer)
    try:
        return str(dmarc_per_from(domain, None, result, dnsfunc=_text_of(asking))[0])
    except Exception:  # a record that can't be read
        return "permerror"


def _passing(raw: bytes, lookup: Lookup) -> Iterator[str]:
    """Yield the domains whose signatures verify."""
    try:
        mail = dkim.DKIM(raw, logger=_quiet)
        number = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
        for at in range(min(number, MOST)):
            mail = dkim.DKIM(raw, logger=_quiet)
            if _verifies(mail, at, lookup) and b"l" not in mail.signature_fields:
                yield mail.domain.decode("ascii", "replace")
    except dkim.DKIMException:
        return


def _verifies(mail: dkim.DKIM, at: int, lookup: Lookup) -> bool:
    try:
        return bool(mail.verify(idx=at, dnsfunc=lookup))
    except Exception:  # strangers sign as they like
        return False


def _text_of(lookup: Lookup) -> Callable[..., str]:
    return lambda name, *_, **__: (lookup(name) or b"").decode("utf-8", "replace")
