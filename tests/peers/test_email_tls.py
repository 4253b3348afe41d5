"""Mails go out by TLS: begun on a connection (STARTTLS), or with its first byte; with a user and a password.

TLS wouldn't be demanded of a server on loopback. Nothing says so of the address that means "here" (0.0.0.0), which
leads there all the same, on a machine without any network too.
"""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from handrail.channels.email.sending import Sending
from handrail.channels.email.server import read_server
from handrail.requests.errors import ChannelDown

HERE = "0.0.0.0"
MAIL = b"Subject: Deploy?\r\n\r\napprove?\r\n"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with a key and a certificate for that address, signed by itself."""
    where, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", key, "-out", where, "-days", "2", "-subj", "/CN=mail.test"),
            *("-addext", f"subjectAltName=IP:{HERE}"),
        ],
        check=True,
        capture_output=True,
    )
    return where


class _Keeping:
    def __init__(self) -> None:
        self.mails: list[tuple[bool, bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        by_tls = server.transport.get_extra_info("sslcontext") is not None
        self.mails.append((by_tls and session.authenticated, envelope.content))
        return "250 2.0.0 kept"


def _knows(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    known = given == LoginPassword(b"handrail@example.com", b"s:cret")
    return AuthResult(success=known, handled=False)


@asynccontextmanager
async def serving(certificate: Path, way: str) -> AsyncIterator[tuple[_Keeping, str]]:
    """Take mails by TLS only; yields what is kept, and `host:port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    kept, loop = _Keeping(), asyncio.get_running_loop()
    later = way == "smtp"
    # aiosmtpd doesn't see TLS that was there from the first byte: who isn't logged in is found out by what is kept.
    demands: dict[str, Any] = {"tls_context": context, "require_starttls": True, "auth_required": True}

    def made() -> SMTP:
        more = demands if later else {"auth_require_tls": False}
        return SMTP(kept, loop=loop, authenticator=_knows, **more)

    server = await loop.create_server(made, "127.0.0.1", 0, ssl=None if later else context)
    try:
        yield kept, f"{HERE}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _send(url: str) -> None:
    sending = Sending(read_server(url, "smtp"))
    try:
        await sending.send(MAIL, to="alice@example.com", returns="handrail@example.com")
    finally:
        await sending.close()


def test_tls_is_demanded_where_the_tests_connect() -> None:
    assert read_server(f"smtp://{HERE}", "smtp").starttls


@pytest.mark.parametrize("way", ["smtp", "smtps"])
async def test_a_mail_goes_by_tls_with_user_and_password(
    way: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serving(certificate, way) as (kept, where):
        await _send(f"{way}://handrail%40example.com:s%3Acret@{where}")
    assert kept.mails == [(True, MAIL)]


@pytest.mark.parametrize("way", ["smtp", "smtps"])
async def test_a_wrong_password_is_told_clearly_and_without_it(
    way: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serving(certificate, way) as (kept, where):
        with pytest.raises(ChannelDown, match="user and password") as error:
            await _send(f"{way}://handrail%40example.com:guessed@{where}")
    assert "535" in str(error.value)
    assert "guessed" not in str(error.value)
    assert kept.mails == []


@pytest.mark.parametrize("way", ["smtp", "smtps"])
async def test_a_certificate_that_nobody_vouches_for_gets_no_mail_and_no_password(
    way: str, certificate: Path
) -> None:
    async with serving(certificate, way) as (kept, where):
        with pytest.raises(ChannelDown, match="certificate"):
            await _send(f"{way}://handrail%40example.com:s%3Acret@{where}")
    assert kept.mails == []
