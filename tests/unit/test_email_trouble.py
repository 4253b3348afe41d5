"""What is wrong with the settings of email, or with a mail server, is said with the setting and what to do next."""

import errno
import socket
import ssl
import subprocess
import sys

import pytest

from handrail.channels.email import Email
from handrail.channels.email.lmtp import _why_not
from handrail.channels.email.server import read_server
from handrail.channels.email.trouble import trouble
from handrail.requests.errors import InvalidInput

WRITER = "Handrail <handrail@example.com>"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mail.example.com:587", "begins with smtp:// or smtps://, as smtp://user:password@"),
        ("http://mail.example.com", "begins with smtp:// or smtps://"),
        ("smtp://mail.example.com:port", "can't be read"),
        ("smtp://me:p@ss/word@mail.example.com", "/ as %2F"),
        ("smtp://me:pass#word@mail.example.com", "# as %23"),
        ("smtp://me:pass?word@mail.example.com", "? as %3F"),
    ],
)
def test_a_wrong_url_names_its_setting_and_how_it_reads(url: str, told: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_server(url, "smtp")
    assert told in str(error.value)
    assert "HANDRAIL_EMAIL_SMTP" in str(error.value)
    assert "word@" not in str(error.value).replace("user:password@", "")


def test_a_slash_in_the_password_of_a_mailbox_is_no_folder() -> None:
    with pytest.raises(InvalidInput, match=r"HANDRAIL_EMAIL_RECEIVE.*%2F"):
        read_server("imaps://me:pass/word@imap.example.com/INBOX", "imap", "lmtp")
    assert read_server("imaps://me:p@imap.example.com/Team/Approvals", "imap").path == "Team/Approvals"
    assert read_server("smtp://mail.example.com/", "smtp").host == "mail.example.com"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sender": "Handrail"}, "HANDRAIL_EMAIL_FROM"),
        ({"reply_to": "handrail@example.com", "receive": "lmtp:///s"}, "HANDRAIL_EMAIL_REPLY_TO"),
        ({"receive": "lmtp:///s"}, "HANDRAIL_EMAIL_REPLY_TO"),
        (
            {"reply_to": "a+{token}@example.com", "receive": "imaps://a:b@imap.example.com"},
            "HANDRAIL_EMAIL_AUTHSERV_ID",
        ),
    ],
)
def test_what_is_missing_names_its_setting(given: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        Email("smtp://127.0.0.1", **{"sender": WRITER, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "error", "told"),
    [
        ("smtp://mail.example.com", socket.gaierror(-2, "x"), "no host of that name"),
        ("smtp://mail.example.com", ConnectionRefusedError(), "nothing listens at port 587"),
        ("imaps://mail.example.com", TimeoutError(), "no answer at port 993"),
        ("smtps://mail.example.com", ssl.SSLError(1, "x"), "try smtp://, for STARTTLS"),
        ("imaps://mail.example.com", ssl.SSLError(1, "x"), "try imap://, for STARTTLS"),
        ("smtps://mail.example.com", ssl.SSLCertVerificationError(1, "x"), "SSL_CERT_FILE"),
        ("smtp://mail.example.com", Exception("STARTTLS extension not supported"), "try smtps://"),
        ("smtp://a:b@mail.example.com", Exception("AUTH not supported"), "takes no user and password"),
        ("smtp://mail.example.com", ValueError("secret words"), "ValueError"),
    ],
)
def test_why_a_server_cant_be_reached_says_what_to_look_at(url: str, error: Exception, told: str) -> None:
    wrapped = RuntimeError(str(error))
    wrapped.__cause__ = error
    server = read_server(url, "smtp", "imap") if url.startswith("smtp") else read_server(url, "imap")
    assert told in trouble(server, error)
    if not isinstance(error, ValueError) and type(error) is not Exception:
        assert told in trouble(server, wrapped)
    assert "secret" not in trouble(server, error)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EADDRINUSE, "another process listens there"),
        (errno.ENOENT, "create it"),
        (errno.EACCES, "above 1023"),
    ],
)
def test_why_nothing_can_be_listened_at_says_what_to_do(number: int, told: str) -> None:
    assert told in _why_not(OSError(number, "x"))


def test_without_its_packages_email_says_how_to_get_them() -> None:
    code = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'aiosmtplib':\n"
        "            raise ModuleNotFoundError(\"No module named 'aiosmtplib'\", name='aiosmtplib')\n"
        "sys.meta_path.insert(0, Without())\n"
        "from handrail import settings\n"
        "for attempt in (lambda: __import__('handrail.channels.email'), lambda: settings.channels('email')):\n"
        "    try:\n"
        "        attempt()\n"
        "    except Exception as error:\n"
        "        print(type(error).__name__, error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    first, second = said.splitlines()
    assert first == "ModuleNotFoundError No module named 'aiosmtplib': run pip install 'handrail[email]'"
    assert second.startswith("InvalidInput the channel 'email' needs further packages: ")
    assert second.count("pip install 'handrail[email]'") == 1
