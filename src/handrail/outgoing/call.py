"""Calls to URLs that others have handed in: a name is resolved once, and only an address that was checked is called.

Where a call redirects, the new URL is judged and resolved in the same way, if it is followed at all. Nothing is reused,
no proxy of the environment is asked, and no more is read than is needed; TLS is verified against the name.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import h11

from handrail.outgoing.address import IP, NOTHING, Allowed, Place, literal, place
from handrail.requests.errors import HandrailError, InvalidInput

TIMEOUT = 10.0
"""seconds for a whole call, the resolving included"""
MOST = 64 * 1024
"""bytes of a response's body that are read"""
MOST_HEAD = 32 * 1024
"""bytes of the head of a response"""
REDIRECTS = 5
"""redirects that are followed where they are at all"""
SAME_CALL = frozenset({307, 308})
"""redirects by which a POST stays one, with its body; all others make another call of it"""
CONNECTING = 4.0
"""seconds for a connection to one of several addresses"""

Resolve = Callable[[str, int], Awaitable[Iterable[str]]]
"""Gives the addresses of a host."""


class CallFailed(HandrailError):
    """A call reached nobody, or wasn't answered as it should be. `status` is what was answered, if anything."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a called server said; of the body at most the first 64 KiB. `cut` says that there was more.

    `headers` are by their names in small letters.
    """

    status: int
    body: bytes
    cut: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host as this machine finds them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def check_url(url: str, allow: Allowed = NOTHING, resolve: Resolve = resolve) -> None:
    """Raise `InvalidInput` for a URL that this server won't call: see `Outgoing`.

    >>> import asyncio
    >>> asyncio.run(check_url("http://127.0.0.1:8000/"))
    Traceback (most recent call last):
        ...
    handrail.requests.errors.InvalidInput: 127.0.0.1 is not a public address: ...
    """
    await Outgoing(allow, resolve=resolve).check(url)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Calls URLs.

    Args:
        allow: what may be called beside the public internet.
        timeout: seconds for a whole call, with all redirects.
        resolve: gives the addresses of a host.
        trust: by what certificates are verified; by default those this machine trusts.
    """

    allow: Allowed = NOTHING
    timeout: float = TIMEOUT
    resolve: Resolve = resolve
    trust: ssl.SSLContext | None = None

    async def check(self, url: str) -> None:
        """Raise `InvalidInput` for what is no URL, can't be resolved, or leads to where it mustn't."""
        try:
            async with asyncio.timeout(self.timeout):
                await self._addresses(place(url))
        except TimeoutError:
            raise InvalidInput("the host of this URL couldn't be resolved in time: check its name") from None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, redirects: int = 0) -> Answer:
        """Post a body; returns what was answered, whatever its status but a redirect.

        So many redirects are followed that keep the call as it is (307 and 308), never from https to http. Raises
        `InvalidInput` as `check` does, of each URL that it comes to, and `CallFailed`.
        """
        first = where = place(url)
        try:
            async with asyncio.timeout(self.timeout):
                for followed in range(redirects + 1):
                    answer = await self._called(first, where, body, headers)
                    if not 300 <= answer.status < 400:
                        return answer
                    where = _next(where, answer, may_follow=followed < redirects)
        except TimeoutError:
            raise CallFailed(f"{where.host} didn't answer within {self.timeout:g} s") from None
        except (OSError, h11.RemoteProtocolError) as error:
            raise CallFailed(f"the call of {where.host} failed: {_words(error)}") from error
        raise AssertionError("the last redirect is not followed")

    async def _addresses(self, where: Place) -> list[IP]:
        """Return the addresses of a place. Every one must be allowed: which one is called is not ours to say."""
        try:
            texts = [where.host] if literal(where.host) else await self.resolve(where.host, where.port)
            found = [ipaddress.ip_address(text) for text in texts]
        except (OSError, ValueError):
            found = []
        if not found:
            raise InvalidInput(f"{where.host} can't be resolved: check the name of the host")
        for address in found:
            if not self.allow.includes(where, address):
                raise InvalidInput(
                    f"{where.host} is not a public address: this server calls it only if whoever keeps it allows "
                    "it with HANDRAIL_ALLOW_HOSTS"
                )
        return found

    async def _called(self, first: Place, where: Place, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Call a place. Where a redirect has led there, what refuses it says so: nobody has named that host."""
        try:
            return await self._call(where, body, headers)
        except InvalidInput as error:
            raise (error if where is first else InvalidInput(f"{first.host} redirects: {error}")) from None

    async def _call(self, where: Place, body: bytes, headers: Mapping[str, str]) -> Answer:
        reader, writer = await self._connected(where, await self._addresses(where))
        try:
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
            sent = [
                ("host", where.authority),
                ("user-agent", "Handrail"),
                ("connection", "close"),
                ("content-length", str(len(body))),
                *headers.items(),
            ]
            request = h11.Request(method="POST", target=where.target, headers=sent)
            for event in (request, h11.Data(data=body), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            await writer.drain()
            return await _answer(connection, reader)
        finally:
            writer.transport.abort()  # nothing more is said: a close that waits for the other end could take for ever

    async def _connected(
        self, where: Place, addresses: list[IP]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first address that answers: to the address itself, so that nothing is resolved again."""
        secure = None
        if where.scheme == "https":
            secure = self.trust or await asyncio.to_thread(ssl.create_default_context)
        last: OSError | TimeoutError = OSError()
        for address in addresses:
            try:
                async with asyncio.timeout(CONNECTING if len(addresses) > 1 else None):
                    return await asyncio.open_connection(
                        str(address), where.port, ssl=secure, server_hostname=where.host if secure else None
                    )
            except (OSError, TimeoutError) as error:
                last = error
        raise last


def _next(where: Place, answer: Answer, *, may_follow: bool) -> Place:
    """Return where a redirect leads. Raises `CallFailed` for one that isn't followed, `InvalidInput` for no URL."""
    location = answer.headers.get("location", "")
    told = f"{where.host} redirects ({answer.status}): name the final URL"
    if not may_follow or answer.status not in SAME_CALL or not location:
        raise CallFailed(told, status=answer.status)
    found = place(urljoin(f"{where.scheme}://{where.authority}{where.target}", location))
    if (where.scheme, found.scheme) == ("https", "http"):
        raise CallFailed(
            f"{where.host} redirects from https to http: that is not followed", status=answer.status
        )
    return found


def _words(error: Exception) -> str:
    """Return what went wrong, without what was answered."""
    match error:
        case h11.RemoteProtocolError():
            return "its answer is no HTTP, or was cut off"
        case ssl.SSLCertVerificationError():
            return f"its certificate doesn't count: {error.verify_message}"
        case ConnectionRefusedError():
            return "nobody listens there"
    return type(error).__name__


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> Answer:
    """Read a response: its head, and of its body no more than `MOST` bytes."""
    status, body, heads = 0, b"", 0
    headers: dict[str, str] = {}
    while True:
        match connection.next_event():
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(16 * 1024))
            case h11.InformationalResponse():
                heads += 1
                if heads > 10:
                    raise h11.RemoteProtocolError("it announces and never answers")
            case h11.Response(status_code=status, headers=given):
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in given}
            case h11.Data(data=data):
                body += bytes(data)
                if len(body) > MOST:
                    return Answer(status, body[:MOST], cut=True, headers=headers)
            case h11.EndOfMessage():
                return Answer(status, body, headers=headers)
            case _:
                raise h11.RemoteProtocolError("it ended the connection before its answer")
