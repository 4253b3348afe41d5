"""Whether a mail really comes from the domain in its From header. The rule, word for word:

1. Where an `authserv_id` is configured, what counts is the topmost Authentication-Results header that bears it. Else,
   over LMTP only, it is checked here: its DKIM signatures (`signature`), and by SPF whether the domain of its envelope
   sender permits the client that the topmost Received header names (`sender_policy`); then the domain's DMARC record.
2. DMARC `pass` for the domain of the From header is enough; any other result of DMARC but `none` refuses the mail.
3. Where DMARC gives none (a domain needs no record), DKIM or SPF must `pass` for an aligned domain: the one in From, or
   one of the same organization (`organization`). Every other result, softfail and neutral too, counts as nothing.
4. On loopback, and only where `trust_loopback` says so and no `authserv_id` is configured, a mail needs no results
   whose every Received header names this machine as the client: it has never been elsewhere. Whatever came from
   outside bears at least one Received header, of our own server, that says otherwise.
"""

import re
from collections.abc import Sequence

from handrail.channels.email.organization import is_aligned
from handrail.channels.email.results import Result
from handrail.channels.email.server import is_loopback

CLIENT = re.compile(
    r"from (?P<helo>\S+) \((?:\S+ )?\[(?:IPv6:)?(?P<address>[0-9A-Fa-f.:]+)\](?: \([^()]*\))?\)\s",
    re.IGNORECASE,
)
"""What a Received header says of the client, as Postfix, Sendmail and others write it."""


def why_not(results: Sequence[Result] | None, domain: str) -> str | None:
    """Return why a mail isn't taken for one of a domain; None if it is.

    >>> why_not([Result("dmarc", "pass", (("header.from", "example.com"),))], "example.com")
    >>> why_not([Result("dkim", "pass", (("header.d", "evil.example"),))], "example.com")
    'nothing passed for its domain'
    """
    if results is None:
        return "the mail server gives no results for it"
    dmarc = [each for each in results if each.method == "dmarc"]
    if len(dmarc) > 1:
        return "it has two results of DMARC"
    if dmarc and dmarc[0].found == "pass":
        told = dmarc[0].property("header.from")
        return (
            None
            if told is not None and _domain(told) == domain.lower()
            else "DMARC passed for another domain"
        )
    if dmarc and dmarc[0].found != "none":
        return f"DMARC found {dmarc[0].found[:20]}"
    return None if any(_passes(each, domain) for each in results) else "nothing passed for its domain"


def _passes(result: Result, domain: str) -> bool:
    if result.found != "pass":
        return False
    match result.method:
        case "dkim":
            told = result.property("header.d", "header.i")
        case "spf":
            told = result.property("smtp.mailfrom", "smtp.mail")
        case _:
            return False
    return told is not None and is_aligned(_domain(told), domain)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower().rstrip(".")


def was_never_elsewhere(headers: Sequence[tuple[str, str]]) -> bool:
    """Whether all that handled a mail was on this machine, by every one of its Received headers; at least one."""
    received = [value for name, value in headers if name == "received"]
    clients = [CLIENT.match(value) for value in received]
    return bool(received) and all(found is not None and is_loopback(found["address"]) for found in clients)
