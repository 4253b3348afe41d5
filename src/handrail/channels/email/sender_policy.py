"""SPF (RFC 7208): whether the domain of a mail's envelope sender permits the client that brought it; over LMTP only.

The client and its HELO are what our own mail server wrote into the topmost Received header; those below it anybody may
have written, and none of them is read. A client on this machine or in a private network is never permitted: it may be
a filter or a relay of ours, through which everybody's mails pass. Without an envelope sender the name in HELO is asked.
"""

import ipaddress
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.name
import dns.resolver
import spf

from handrail.channels.email.authenticity import CLIENT
from handrail.channels.email.organization import is_aligned

QUESTION = 3.0
"""seconds that one question to the DNS may take"""
ALL = 20.0
"""seconds that all questions about one mail may take (RFC 7208, 4.6.4)"""
Records = Callable[[str, str, float], Sequence[Any]]
"""Returns the records of a name and type in the DNS, as `spf` wants them; raises `DNSException` as `look_up` does"""

_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_ADDRESS = re.compile(r"[^\s@\"<>\\]+@([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)")
_PRIVATE = [
    ipaddress.ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a mail comes from: the client's address and its HELO, and the envelope sender (may be empty)."""

    client: str
    helo: str
    sender: str

    @property
    def domain(self) -> str | None:
        """The domain that SPF asks; None where there is none."""
        if not self.sender:
            return self.helo.lower() if _DOMAIN.fullmatch(self.helo) else None
        found = _ADDRESS.fullmatch(self.sender)
        return found[1].lower() if found else None


def origin_of(headers: Sequence[tuple[str, str]], sender: str) -> Origin | None:
    """Return where a mail comes from by the topmost Received header; None where that doesn't say it for certain.

    >>> received = "from mail.example.com (mail.example.com [203.0.113.5]) by mx.example.org (Postfix)"
    >>> origin_of([("received", received)], "alice@example.com")
    Origin(client='203.0.113.5', helo='mail.example.com', sender='alice@example.com')
    """
    topmost = next((value for name, value in headers if name == "received"), "")
    found = CLIENT.match(topmost)
    if found is None or "[" in topmost[found.end() :]:  # a second address: one of them came from the client
        return None
    return Origin(found["address"], found["helo"], sender)


def asked(origin: Origin, domain: str, records: Records) -> str:
    """Return what SPF finds for a mail whose From has this domain: `pass`, `fail`, `temperror` ...

    It is `none`, and the DNS isn't asked, where a pass would say nothing about the domain.
    """
    about, client = origin.domain, _address(origin.client)
    if about is None or client is None or not _speaks_for(origin, about, domain):
        return "none"
    helo = origin.helo if _DOMAIN.fullmatch(origin.helo) else "unknown"
    try:
        return str(_Query(str(client), origin.sender, helo, records).check()[0])
    except Exception:  # strangers write what they like into their records
        return "permerror"


def _speaks_for(origin: Origin, about: str, domain: str) -> bool:
    return is_aligned(about, domain) if origin.sender else about == domain.lower()


def _address(client: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a client's address, unless it has a meaning in our own network only."""
    try:
        found = ipaddress.ip_address(client)
    except ValueError:
        return None
    found = getattr(found, "ipv4_mapped", None) or found
    ours = found.is_loopback or found.is_link_local or found.is_unspecified
    return None if ours or any(found in each for each in _PRIVATE) else found


def look_up_records(name: str, kind: str, timeout: float) -> Sequence[Any]:
    """Return the records of a name in the DNS. Raises `DNSException` where nobody can tell."""
    try:
        found = dns.resolver.resolve(name, kind, lifetime=timeout)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.EmptyLabel, dns.name.LabelTooLong):
        return []
    match kind:
        case "MX":
            return [(each.preference, each.exchange.to_text(True)) for each in found]
        case "TXT":
            return [each.strings for each in found]
        case "PTR":
            return [each.target.to_text(True) for each in found]
    return [each.address for each in found]


class _Query(spf.query):  # type: ignore[misc]
    """A check by pyspf that asks our DNS, within our time."""

    def __init__(self, client: str, sender: str, helo: str, records: Records) -> None:
        super().__init__(i=client, s=sender, h=helo)
        self._records = records
        self._until = time.monotonic() + ALL

    def dns(self, name: Any, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        """Return the records of a name; aliases are followed by whom we ask."""
        asked = str(name).rstrip(".").lower()
        if not all(0 < len(label) < 64 for label in asked.split(".")):
            return []
        if (asked, qtype) not in self.cache:
            self.cache[asked, qtype] = self._found(asked, qtype)
        found = list(self.cache[asked, qtype])
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many names in it don't exist")
        return found

    def _found(self, name: str, kind: str) -> Sequence[Any]:
        left = self._until - time.monotonic()
        if left <= 0:
            raise spf.TempError("the DNS took too long")
        try:
            return self._records(name, kind, min(left, QUESTION))
        except dns.exception.DNSException as error:
            raise spf.TempError("the DNS can't be asked") from error
