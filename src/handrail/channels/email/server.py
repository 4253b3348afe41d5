"""Where mail servers are, as URLs say it.

smtp://user:password@mail.example.com:587     STARTTLS, which is demanded unless the server is on this machine
smtps://user:password@mail.example.com        TLS from the first byte
smtps://user@mail.example.com                 without a password: by an access token (OAuth)
imaps://, imap://                             the same for a mailbox; the path names the folder, by default INBOX
lmtp://127.0.0.1:8024, lmtp:///run/handrail/lmtp.sock     where our own mail server hands mails over
"""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from handrail.requests.errors import InvalidInput

PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993, "lmtp": 24}
LOCAL = "127.0.0.1"
EXAMPLES = {
    "smtp": ("smtp (HANDRAIL_EMAIL_SMTP)", "smtp://user:password@mail.example.com:587"),
    "imap": ("receive (HANDRAIL_EMAIL_RECEIVE)", "imaps://user:password@imap.example.com/INBOX"),
}
WRITTEN_OUT = "In a user or password @ is written as %40, / as %2F, : as %3A, # as %23 and ? as %3F"


@dataclass(frozen=True, slots=True)
class Server:
    """One mail server.

    >>> read_server("imaps://handrail%40example.com:secret@imap.example.com/Approvals", "imap")
    Server(scheme='imaps', host='imap.example.com', port=993, user='handrail@example.com', path='Approvals')
    """

    scheme: str
    host: str
    port: int
    user: str | None = None
    path: str = ""
    password: str | None = field(default=None, repr=False)

    @property
    def tls(self) -> bool:
        """Whether TLS begins with the first byte."""
        return self.scheme in ("smtps", "imaps")

    @property
    def starttls(self) -> bool:
        """Whether TLS is begun, and demanded, on a connection without it."""
        return not self.tls and not self.is_loopback

    @property
    def by_token(self) -> bool:
        """Whether a user is named without a password: an access token proves who it is."""
        return self.user is not None and self.password is None

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return not self.host or is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address or name can only be this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("127.example.com")
    (True, True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_loopback or (mapped is not None and mapped.is_loopback)


def read_server(url: str, *kinds: str) -> Server:
    """Return the server of a URL. Raises `InvalidInput`, without the password."""
    allowed = [scheme for scheme in PORTS if scheme.removesuffix("s") in kinds]
    setting, example = EXAMPLES[kinds[0]]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput(f"{setting} can't be read; it reads {example}. {WRITTEN_OUT}") from None
    if parts.scheme not in allowed or not (parts.hostname or (parts.scheme == "lmtp" and parts.path)):
        begins = " or ".join(f"{each}://" for each in allowed)
        raise InvalidInput(f"{setting} begins with {begins}, as {example}")
    if (
        parts.query
        or parts.fragment
        or (parts.scheme != "lmtp" and _is_cut_password(parts.scheme, parts.path))
    ):
        raise InvalidInput(f"{setting} has more behind the host than belongs there. {WRITTEN_OUT}")
    user, password = (unquote(each) if each else None for each in (parts.username, parts.password))
    path = unquote(parts.path) if parts.scheme == "lmtp" else unquote(parts.path.strip("/"))
    return Server(parts.scheme, parts.hostname or "", port or PORTS[parts.scheme], user, path, password)


def _is_cut_password(scheme: str, path: str) -> bool:
    """Whether a path must be the rest of a password with a slash in it: a host has none, or one without a host."""
    return "@" in path if scheme.startswith("imap") else path not in ("", "/")
