"""Calls to URLs that others hand in: what is refused, that the checked address is called, that nothing is followed."""

import asyncio
import ipaddress
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from handrail import App
from handrail.outgoing.address import NOTHING, Allowed, allowed, is_public, place
from handrail.outgoing.call import MOST, CallFailed, Outgoing, check_url
from handrail.requests.errors import InvalidInput

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
LOCAL = allowed("hooks.test, 127.0.0.0/8")


@dataclass
class Called:
    """A server on loopback that keeps what it was sent and answers what it is given."""

    port: int
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def server(answer: bytes = OK, trust: ssl.SSLContext | None = None) -> AsyncIterator[Called]:
    called = Called(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        called.requests.append(head + await reader.readexactly(length))
        try:
            writer.write(answer)
            await writer.drain()
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trust)
    called.port = listening.sockets[0].getsockname()[1]
    try:
        yield called
    finally:
        listening.close()


def names(**known: list[str]) -> Callable[[str, int], "asyncio.Future[list[str]]"]:
    """Return what resolves `hooks_test` as `hooks.test` to these addresses, one after the other if there are lists."""

    async def resolve(host: str, port: int) -> list[str]:
        if (found := known.get(host.replace(".", "_"))) is None:
            raise OSError("unknown")
        return found

    return resolve  # type: ignore[return-value]


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:1.1.1.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
async def test_an_address_that_is_not_public_is_never_called(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    outgoing = Outgoing(resolve=names(hooks_test=["1.1.1.1", address]))
    with pytest.raises(InvalidInput, match="not a public address"):
        await outgoing.check("https://hooks.test/")
    if "%" not in address:
        host = f"[{address}]" if ":" in address else address
        with pytest.raises(InvalidInput):
            await check_url(f"http://{host}/")


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450::5"]
)
async def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    await check_url(f"https://[{address}]/" if ":" in address else f"https://{address}/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.test",
        "//hooks.test/",
        "ftp://hooks.test/",
        "file:///etc/passwd",
        "gopher://hooks.test/",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://user@hooks.test/",
        "http://user:word@hooks.test/",
        "http://hooks.test@127.0.0.1/",
        "http://@hooks.test/",
        "http://hooks.test:0/",
        "http://hooks.test:99999/",
        "http://hooks.test:x/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://127.000.000.001/",
        "http://134744072/",
        "http://1.2.3.4.5/",
        "http://hooks.test\\@127.0.0.1/",
        "http://hooks.test/\r\nhost: evil",
        "http://hooks.test/ ",
        "http://hooks .test/",
        "http://h\u00f6\u00f6ks.test/",
        "http://hooks\u3002test/",
        "http://-hooks.test/",
        "http://hooks..test/",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://hooks.test/" + "a" * 2048,
    ],
)
async def test_what_is_no_plain_url_is_refused_before_anything_is_resolved(url: str) -> None:
    resolved: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["1.1.1.1"]

    with pytest.raises(InvalidInput):
        await check_url(url, NOTHING, resolve)
    assert resolved == []


async def test_a_host_that_cannot_be_resolved_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.test can't be resolved"):
        await check_url("https://nowhere.test/", resolve=names())
    with pytest.raises(InvalidInput, match="not a public address"):
        await check_url("http://localhost/")


def test_what_an_operator_allows_is_hosts_ports_and_networks() -> None:
    allow = allowed("Hooks.Internal:8080, build, 10.1.0.0/16, [::1]:9000, fd00::/8, 192.168.7.7")
    inside = ipaddress.ip_address("10.9.9.9")
    assert allow.includes(place("http://hooks.internal:8080/"), inside)
    assert not allow.includes(place("http://hooks.internal/"), inside)
    assert allow.includes(place("https://build:1234/"), inside)
    assert allow.includes(place("http://other/"), ipaddress.ip_address("10.1.2.3"))
    assert allow.includes(place("http://[::1]:9000/"), ipaddress.ip_address("::1"))
    assert not allow.includes(place("http://[::1]:9001/"), ipaddress.ip_address("::1"))
    assert allow.includes(place("http://other/"), ipaddress.ip_address("fd00::1"))
    assert allow.includes(place("http://other/"), ipaddress.ip_address("192.168.7.7"))
    assert not allow.includes(place("http://other/"), inside)
    assert allowed("") == allowed([]) == Allowed() == NOTHING
    for wrong in ("http://hooks.test", "hooks.test/path", "10.1.0.1/16", "*", "a b", "user@host", "host:0"):
        with pytest.raises(InvalidInput):
            allowed(wrong)


def test_an_operator_allows_in_the_app_or_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDRAIL_ALLOW_HOSTS", "hooks.test:8080,10.0.0.0/8")
    assert App(store="memory://").allowed == allowed(["hooks.test:8080", "10.0.0.0/8"])
    assert App(store="memory://", allow_hosts=["build"]).allowed == allowed("build")
    with pytest.raises(InvalidInput):
        App(store="memory://", allow_hosts="http://build/")


async def test_a_call_sends_what_it_was_given_and_returns_the_answer() -> None:
    async with server() as called:
        outgoing = Outgoing(LOCAL, resolve=names(hooks_test=["127.0.0.1"]))
        answer = await outgoing.post(
            f"http://hooks.test:{called.port}/done?run=1#part",
            b'{"a":1}',
            {"content-type": "application/json"},
        )
        assert (answer.status, answer.body, answer.cut) == (200, b"ok", False)
        (sent,) = called.requests
        assert sent.startswith(b"POST /done?run=1 HTTP/1.1\r\n")
        assert f"host: hooks.test:{called.port}\r\n".encode() in sent.lower()
        assert sent.endswith(b'\r\n\r\n{"a":1}')


async def test_a_name_that_leads_elsewhere_the_second_time_is_asked_for_only_once() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.255.255.1"]

    async with server() as called:
        outgoing = Outgoing(LOCAL, resolve=rebinding)
        assert (await outgoing.post(f"http://hooks.test:{called.port}/", b"", {})).status == 200
        assert asked == ["hooks.test"]


async def test_an_inner_server_is_not_reached_unless_it_is_allowed() -> None:
    async with server() as called:
        for url in (f"http://127.0.0.1:{called.port}/", f"http://hooks.test:{called.port}/"):
            with pytest.raises(InvalidInput):
                await Outgoing(resolve=names(hooks_test=["127.0.0.1"])).post(url, b"", {})
        assert called.requests == []


async def test_the_next_address_is_tried_where_the_first_one_takes_nothing() -> None:
    async with server() as called:
        outgoing = Outgoing(LOCAL, resolve=names(hooks_test=["127.0.0.9", "127.0.0.1"]))
        assert (await outgoing.post(f"http://hooks.test:{called.port}/", b"", {})).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    async with server() as secret:
        head = f"HTTP/1.1 {status} Moved\r\nlocation: http://127.0.0.1:{secret.port}/\r\ncontent-length: 0\r\n\r\n"
        async with server(head.encode()) as called:
            with pytest.raises(CallFailed, match="redirects") as raised:
                await Outgoing(LOCAL).post(f"http://127.0.0.1:{called.port}/", b"", {})
        assert raised.value.status == status
        assert secret.requests == []


def moved(status: int, location: str) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_that_keeps_the_call_is_followed_where_that_is_wanted(status: int) -> None:
    async with server() as target, server(moved(status, f"http://127.0.0.1:{target.port}/new?a=1")) as called:
        url = f"http://127.0.0.1:{called.port}/old"
        answer = await Outgoing(LOCAL).post(url, b"{}", {"webhook-id": "evt_1"}, redirects=1)
        assert (answer.status, answer.body) == (200, b"ok")
        (sent,) = target.requests
        assert sent.startswith(b"POST /new?a=1 HTTP/1.1\r\n")
        assert b"webhook-id: evt_1\r\n" in sent
        assert f"host: 127.0.0.1:{target.port}\r\n".encode() in sent
        assert sent.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305])
async def test_a_redirect_that_makes_another_call_of_it_is_never_followed(status: int) -> None:
    async with server() as target, server(moved(status, f"http://127.0.0.1:{target.port}/")) as called:
        with pytest.raises(CallFailed, match="redirects"):
            await Outgoing(LOCAL).post(f"http://127.0.0.1:{called.port}/", b"", {}, redirects=5)
        assert target.requests == []


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "//inner.test/",
        "http://inner.test/",
        "http://user@hooks.test/",
        "ftp://hooks.test/",
        "file:///etc/passwd",
        "http://hooks.test:0/",
        "http://h\u00f6\u00f6ks.test/",
    ],
)
async def test_where_a_redirect_leads_is_judged_like_any_other_url(location: str) -> None:
    known = names(hooks_test=["127.0.0.1"], inner_test=["10.1.1.1"])
    async with server(moved(307, location)) as called:
        with pytest.raises(InvalidInput):
            await Outgoing(allowed("hooks.test"), resolve=known).post(
                f"http://hooks.test:{called.port}/", b"", {}, redirects=5
            )
        assert len(called.requests) == 1


async def test_a_name_that_leads_inside_once_it_redirects_to_itself_is_not_called_again() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.255.255.1"]

    async with server(moved(307, "/again")) as called:
        with pytest.raises(InvalidInput, match="not a public address"):
            await Outgoing(allowed("127.0.0.0/8"), resolve=rebinding).post(
                f"http://hooks.test:{called.port}/", b"", {}, redirects=5
            )
        assert len(asked) == 2
        assert len(called.requests) == 1


async def test_who_redirects_to_where_it_must_not_is_named_beside_that() -> None:
    known = names(hooks_test=["127.0.0.1"], inner_test=["10.1.1.1"])
    async with server(moved(307, "http://inner.test/")) as called:
        with pytest.raises(
            InvalidInput, match=r"^hooks\.test redirects: inner\.test is not a public address"
        ):
            await Outgoing(allowed("hooks.test"), resolve=known).post(
                f"http://hooks.test:{called.port}/", b"", {}, redirects=5
            )
    with pytest.raises(InvalidInput, match=r"^inner\.test is not a public address"):
        await Outgoing(resolve=known).post("http://inner.test/", b"", {}, redirects=5)


async def test_redirects_end_after_so_many_and_a_loop_of_them_too() -> None:
    async with server(moved(308, "/")) as called:
        with pytest.raises(CallFailed, match="redirects"):
            await Outgoing(LOCAL).post(f"http://127.0.0.1:{called.port}/", b"", {}, redirects=5)
        assert len(called.requests) == 6


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server() as proxy, server() as called:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await Outgoing(LOCAL).post(f"http://127.0.0.1:{called.port}/", b"", {})).status == 200
        assert (proxy.requests, len(called.requests)) == ([], 1)
        with pytest.raises(InvalidInput):
            await Outgoing().post("http://10.0.0.1/", b"", {})


async def test_no_more_of_an_answer_is_read_than_is_needed() -> None:
    endless = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n" + b"x" * (4 * MOST)
    async with server(endless) as called:
        answer = await Outgoing(LOCAL).post(f"http://127.0.0.1:{called.port}/", b"", {})
    assert (answer.status, len(answer.body), answer.cut) == (200, MOST, True)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000,
        b"HTTP/1.1 103 Early\r\n\r\n" * 50,
    ],
)
async def test_an_answer_that_is_none_is_a_failure(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(CallFailed, match="its answer is no HTTP, or was cut off"):
        await Outgoing(LOCAL).post(f"http://127.0.0.1:{port}/", b"", {})
    listening.close()


async def test_who_does_not_answer_is_not_waited_for_and_who_is_not_there_is_a_failure() -> None:
    async with server(b"") as called:
        with pytest.raises(CallFailed, match="didn't answer within"):
            await Outgoing(LOCAL, timeout=0.05).post(f"http://127.0.0.1:{called.port}/", b"", {})
        port = called.port
    with pytest.raises(CallFailed, match="failed: nobody listens there"):
        await Outgoing(LOCAL).post(f"http://127.0.0.1:{port}/", b"", {})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of hooks.test, signed by itself, with its key in one file."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key -out cert"
    )
    names = ["-subj", "/CN=hooks.test", "-addext", "subjectAltName=DNS:hooks.test"]
    subprocess.run([*command.split(), *names], cwd=folder, check=True, capture_output=True, timeout=30)
    both = folder / "both.pem"
    both.write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return both


async def test_tls_is_verified_against_the_name_though_the_address_is_called(certificate: Path) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    ours = ssl.create_default_context(cafile=certificate)
    known = names(hooks_test=["127.0.0.1"], other_test=["127.0.0.1"])
    allow = allowed("hooks.test, other.test")
    async with server(trust=theirs) as called:
        trusting = Outgoing(allow, resolve=known, trust=ours)
        assert (await trusting.post(f"https://hooks.test:{called.port}/", b"", {})).status == 200
        with pytest.raises(CallFailed, match="its certificate doesn't count"):
            await trusting.post(f"https://other.test:{called.port}/", b"", {})
        with pytest.raises(CallFailed, match="its certificate doesn't count"):
            await Outgoing(allow, resolve=known).post(f"https://hooks.test:{called.port}/", b"", {})
        assert len(called.requests) == 1


async def test_a_redirect_from_https_to_http_is_not_followed(certificate: Path) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    ours = ssl.create_default_context(cafile=certificate)
    async with server() as plain, server(moved(307, f"http://127.0.0.1:{plain.port}/"), theirs) as called:
        outgoing = Outgoing(LOCAL, resolve=names(hooks_test=["127.0.0.1"]), trust=ours)
        with pytest.raises(CallFailed, match="from https to http"):
            await outgoing.post(f"https://hooks.test:{called.port}/", b"", {}, redirects=5)
        assert plain.requests == []
