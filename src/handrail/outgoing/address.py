"""Which addresses a server may call: public ones, and what its operator allows by name, port or network.

A URL that others hand in must not reach what only this machine can reach: its own services, its neighbours, the
metadata of its cloud. What counts is the address that a name leads to, not how it is written.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from handrail.requests.errors import InvalidInput

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 2048
"""characters of a URL"""
PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        # Of IPv6 only 2000::/3 is given out, which leaves out mapped and translated addresses; these lie in it.
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
"""what the registries of special addresses hold (RFC 6890 and later ones), written out: Pythons differ about it"""
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")


def is_public(address: IP) -> bool:
    """Whether an address belongs to one machine in the public internet.

    >>> is_public(ipaddress.ip_address("1.1.1.1")), is_public(ipaddress.ip_address("::ffff:1.1.1.1"))
    (True, False)
    """
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address not in _GIVEN_OUT):
        return False
    return not any(address in network for network in _NOT_PUBLIC if network.version == address.version)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads, before its name is resolved. `target` is the path with the query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The host as the called server is told it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def place(url: str) -> Place:
    """Return where a URL leads. Raises `InvalidInput` unless it is a plain one of http or https.

    >>> place("https://hooks.example.com/done?run=1")
    Place(scheme='https', host='hooks.example.com', port=443, target='/done?run=1')
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise InvalidInput(
            f"a URL to call is plain ASCII without blanks and at most {LONGEST} characters: encode what isn't"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput("this is no URL: write https://host/path") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise InvalidInput("a URL to call begins with https:// or http:// and names a host")
    if "@" in parts.netloc:
        raise InvalidInput("a URL to call carries no name or password: calls are signed instead")
    if port == 0:
        raise InvalidInput("port 0 can't be called: name another one")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, _host(parts.hostname), port or PORTS[parts.scheme], target)


def _host(host: str) -> str:
    """Return a host as it is compared. Numbers are written as addresses are, or refused: 127.1 means 127.0.0.1."""
    if (address := literal(host)) is not None:
        return str(address)
    host = host.lower()
    if not _NAME.fullmatch(host) or len(host) > 253 or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise InvalidInput(
            "this is no host: write a name, or an address such as 192.0.2.1 or [2001:db8::1] in full"
        )
    return host.rstrip(".")


def literal(host: str) -> IP | None:
    """Return the address that a host is written as, None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be called though it isn't public: hosts (with a port, or None for any) and networks."""

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[Network, ...] = ()

    def includes(self, place: Place, address: IP) -> bool:
        """Whether this address may be called for a place."""
        if is_public(address) or {(place.host, place.port), (place.host, None)} & self.hosts:
            return True
        return any(address in network for network in self.networks if network.version == address.version)


NOTHING = Allowed()
"""only what is public may be called"""


def allowed(entries: str | Iterable[str]) -> Allowed:
    """Return what an operator allows: `host`, `host:port` or a network, in a list or separated by commas.

    Raises `InvalidInput` for anything else.

    >>> allowed("hooks.internal:8080, 10.1.0.0/16").hosts
    frozenset({('hooks.internal', 8080)})
    """
    texts = entries.split(",") if isinstance(entries, str) else entries
    hosts, networks = set(), []
    for text in filter(None, (each.strip() for each in texts)):
        if (network := _network(text)) is not None:
            networks.append(network)
            continue
        try:
            found = place(f"http://{text}")
        except InvalidInput:
            found = None
        if found is None or found.target != "/" or text.endswith("/"):
            raise InvalidInput(
                f"{text!r} can't be allowed: write a host, host:port or a network such as 10.0.0.0/8"
            )
        hosts.add((found.host, found.port if urlsplit(f"//{text}").port else None))
    return Allowed(frozenset(hosts), tuple(networks))


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
