"""Mail servers that take no passwords: Postfix and Dovecot let us in by access tokens of a provider, and no others."""

import asyncio
import logging
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from handrail.channels.email import Email, OAuth, from_environment, imap
from handrail.channels.email.oauth import Tokens
from handrail.requests.errors import ChannelDown, InvalidInput
from tests.support.email_office import ALICE, office, until
from tests.support.post_office import PostOffice, post_office
from tests.support.token_server import CLIENT, REFRESH, SCOPE, SECRET, TokenServer, token_server

FROM = "Handrail <handrail@example.com>"
USER = "handrail%40example.com"


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    with token_server("handrail@example.com") as found:
        yield found


@pytest.fixture
def post(provider: TokenServer) -> Iterator[PostOffice]:
    with post_office(provider=f"http://127.0.0.1:{provider.port}/introspect") as found:
        yield found


def by_refresh_token(provider: TokenServer, **more: Any) -> OAuth:
    return OAuth(provider.url, **{"client": CLIENT, "secret": SECRET, "refresh_token": REFRESH, **more})


def as_itself(provider: TokenServer) -> OAuth:
    return OAuth(provider.url, CLIENT, SECRET, scope=SCOPE)


def by_token(post: PostOffice, oauth: OAuth) -> Email:
    """Return the channel that has no password."""
    return Email(
        f"smtp://{USER}@127.0.0.1:{post.smtp}",
        FROM,
        reply_to="handrail+{token}@example.com",
        receive=f"imap://{USER}@127.0.0.1:{post.imap}/INBOX",
        oauth=oauth,
        trust_loopback=True,
    )


async def mails(post: PostOffice, user: str, number: int = 1) -> list[EmailMessage]:
    """Return the mails of somebody once there are so many."""
    async with asyncio.timeout(60):
        while len(found := await asyncio.to_thread(post.mails, user)) < number:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


def put_into_the_mailbox(post: PostOffice, mail: EmailMessage, text: str) -> None:
    """Deliver an answer of alice to our mailbox."""
    raw = (
        f"From: <{ALICE}>\r\nTo: {mail['Reply-To']}\r\nMessage-ID: <{len(text)}@phone.test>\r\n\r\n{text}\r\n"
    )
    with smtplib.LMTP("127.0.0.1", post.lmtp) as server:
        server.sendmail(ALICE, [str(mail["Reply-To"])], raw)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("grant", ["refresh_token", "client_credentials"])
async def test_mails_go_out_and_come_in_by_tokens_of_either_grant(
    post: PostOffice, provider: TokenServer, grant: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    oauth = as_itself(provider) if grant == "client_credentials" else by_refresh_token(provider)
    async with office(by_token(post, oauth)) as at:
        request = await at.open()
        (mail,) = await mails(post, "alice")
        await asyncio.to_thread(put_into_the_mailbox, post, mail, "approve")
        assert (await at.decided(request)).outcome.by == ("alice",)
    assert provider.given == [grant], "both servers take the same token as long as it lasts"
    assert not any(secret in caplog.text for secret in provider.secrets())


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_token_that_is_refused_is_replaced_for_mails_and_for_the_mailbox(
    post: PostOffice,
    provider: TokenServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imap, "LONGEST_PAUSE", 1.0)
    channel = by_token(post, by_refresh_token(provider))
    assert channel.tokens is not None
    await channel.tokens.token()
    provider.valid.clear()  # whoever consented has changed their password, say
    async with office(channel) as at:
        request = await at.open()
        (mail,) = await mails(post, "alice")
        await asyncio.to_thread(put_into_the_mailbox, post, mail, "approve")
        assert (await at.decided(request)).outcome.by == ("alice",)
    assert len(provider.given) >= 2
    assert "access token" in caplog.text
    assert not any(secret in caplog.text for secret in provider.secrets())


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_without_a_token_nothing_is_sent_or_read_and_it_is_said_why(
    post: PostOffice, provider: TokenServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(by_token(post, by_refresh_token(provider, secret="another"))) as at:
        request = await at.open()
        await at.until(lambda tx: tx.messages(request.id, 1)[0].error is not None)
        (message,) = await at.messages(request)
        await until(lambda: "can't be read (127.0.0.1 gives no access token" in caplog.text)
    assert message.state == "pending"
    assert "127.0.0.1 gives no access token (401 invalid_client)" in str(message.error)
    assert not any(secret in caplog.text + str(message.error) for secret in [*provider.secrets(), "another"])
    assert await asyncio.to_thread(post.mails, "alice") == []


# -- the tokens by themselves ------------------------------------------------------------------------------------------


async def test_a_token_is_kept_as_long_as_it_lasts_and_asked_for_anew_before_its_end(
    provider: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = Tokens(by_refresh_token(provider))
    now = [1000.0]
    monkeypatch.setattr("handrail.channels.email.oauth.time.monotonic", lambda: now[0])
    first = await tokens.token()
    now[0] += 3600 - 121
    assert await tokens.token() == first
    now[0] += 2
    second = await tokens.token()
    assert second != first
    provider.lasts = 100
    tokens.refused(first)
    assert await tokens.token() == second, "it was another one that was refused"
    tokens.refused(second)
    third = await tokens.token()
    now[0] += 49
    assert await tokens.token() == third
    now[0] += 2
    assert await tokens.token() != third


async def test_many_that_ask_at_once_get_one_token(provider: TokenServer) -> None:
    tokens = Tokens(by_refresh_token(provider))
    assert len(set(await asyncio.gather(*(tokens.token() for _ in range(20))))) == 1
    assert provider.given == ["refresh_token"]


async def test_a_provider_may_give_a_new_refresh_token_each_time(provider: TokenServer) -> None:
    provider.rotates = True
    tokens = Tokens(by_refresh_token(provider))
    for _ in range(3):
        tokens.refused(await tokens.token())
    assert provider.given == ["refresh_token"] * 3


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"refresh_token": "old"}, "400 invalid_grant"),
        ({"refresh_token": None}, "400 unsupported_grant_type"),
    ],
)
async def test_a_refusal_of_the_provider_is_told_by_its_code_only(
    provider: TokenServer, wrong: dict[str, Any], code: str
) -> None:
    with pytest.raises(ChannelDown) as error:
        await Tokens(by_refresh_token(provider, **wrong)).token()
    assert f"({code})" in str(error.value)
    assert not any(secret in str(error.value) for secret in [*provider.secrets(), "no:"])


async def test_a_provider_that_cannot_be_reached_is_down(provider: TokenServer) -> None:
    with pytest.raises(ChannelDown, match="can't be asked for an access token"):
        await Tokens(OAuth("http://127.0.0.1:9/token", CLIENT, SECRET)).token()


def test_no_secret_is_shown_or_sent_without_tls() -> None:
    shown = repr(OAuth("https://login.example.com/token", CLIENT, SECRET, REFRESH))
    assert SECRET not in shown
    assert REFRESH not in shown
    for url in ("http://login.example.com/token", "login.example.com", "ftp://127.0.0.1/"):
        with pytest.raises(InvalidInput, match="https"):
            OAuth(url, CLIENT, SECRET)
    with pytest.raises(InvalidInput, match="both"):
        OAuth("https://login.example.com/token", CLIENT, "")


def test_with_a_password_in_every_url_tokens_would_be_good_for_nothing(provider: TokenServer) -> None:
    with pytest.raises(InvalidInput, match="no password"):
        Email(f"smtps://{USER}:secret@mail.example.com", FROM, oauth=by_refresh_token(provider))


async def test_the_environment_says_where_tokens_come_from(
    provider: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "SMTP": f"smtps://{USER}@mail.example.com",
        "FROM": FROM,
        "OAUTH_URL": provider.url,
        "OAUTH_CLIENT": CLIENT,
        "OAUTH_SECRET": SECRET,
        "OAUTH_SCOPE": SCOPE,
    }.items():
        monkeypatch.setenv(f"HANDRAIL_EMAIL_{name}", value)
    channel = from_environment()
    assert channel.tokens is not None
    await channel.tokens.token()
    assert provider.given == ["client_credentials"]
    monkeypatch.setenv("HANDRAIL_EMAIL_OAUTH_REFRESH_TOKEN", REFRESH)
    channel = from_environment()
    assert channel.tokens is not None
    await channel.tokens.token()
    assert provider.given == ["client_credentials", "refresh_token"]
