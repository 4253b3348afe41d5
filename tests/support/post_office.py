"""Postfix and Dovecot of Debian on this machine, with a configuration, ports and a folder of their own.

Mails to `example.com` come into mailboxes of Dovecot (user: the part before the @, or before a +; password `secret`),
those to `replies.example.com` are handed to a port that a test listens at by LMTP. Those to `nowhere.test` are refused,
those to `nobody.test` are taken and come back.
"""

import imaplib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from tests.support.ports import free_port

PASSWORD = "secret"
DAEMONS = Path("/usr/lib/postfix/sbin")
STARTING = 60.0

DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
recipient_delimiter = +
mail_location = maildir:{folder}/mail/%n
first_valid_uid = 1
imap_capability = {capability}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%n allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  unix_listener auth-userdb {{
    mode = 0666
  }}
}}
"""

BY_TOKEN = """
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
service auth {{
  unix_listener {folder}/sasl {{
    mode = 0666
  }}
}}
"""
TOKENS = """
introspection_mode = post
introspection_url = {provider}
username_attribute = email
active_attribute = active
active_value = true
"""
DEMANDED = """
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/sasl
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""

MAIN = """
compatibility_level = 3.6
config_directory = {folder}/postfix
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.test
mydestination = nobody.test
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
virtual_mailbox_domains = example.com
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
transport_maps = inline:{{
  {{ replies.example.com = lmtp:inet:127.0.0.1:{ours} }}
  {{ nowhere.test = error:5.1.2 no such host }} }}
local_recipient_maps =
alias_maps =
relay_domains = replies.example.com, nowhere.test
recipient_delimiter = +
biff = no
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
lmtp_destination_concurrency_limit = 5
"""

MASTER = """
{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class PostOffice:
    """The servers, and where they are."""

    folder: Path
    smtp: int
    imap: int
    lmtp: int
    ours: int
    """the port to which answers to `replies.example.com` are handed"""
    capability: str = ""
    provider: str = ""
    """who says of an access token whether it is valid; nobody logs in by one without"""
    _dovecot: "subprocess.Popen[bytes] | None" = None
    _postfix: "subprocess.Popen[bytes] | None" = None

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp}"

    def imap_url(self, user: str) -> str:
        return f"imap://{user}:{PASSWORD}@127.0.0.1:{self.imap}/INBOX"

    def start_dovecot(self) -> None:
        (self.folder / "dovecot.conf").write_text(
            DOVECOT.format(password=PASSWORD, **{**vars(self), "capability": self.capability})
        )
        if self.provider:
            with (self.folder / "dovecot.conf").open("a") as more:
                more.write(BY_TOKEN.format(**vars(self)))
            (self.folder / "oauth2.conf").write_text(TOKENS.format(**vars(self)))
        self._dovecot = self._started([_program("dovecot"), "-F", "-c", str(self.folder / "dovecot.conf")])
        self._wait(self.imap)
        self._wait(self.lmtp)

    def stop_dovecot(self) -> None:
        _stopped(self._dovecot)

    def start_postfix(self) -> None:
        where = str(self.folder / "postfix")
        subprocess.run([_program("postfix"), "-c", where, "check"], check=True, capture_output=True)
        self._postfix = self._started([str(DAEMONS / "master"), "-c", where, "-d"])
        self._wait(self.smtp)

    def stop_postfix(self) -> None:
        _stopped(self._postfix)

    def forget(self) -> None:
        """Let mails that are under way arrive, and take away those that wait for somebody who isn't there."""
        end = time.monotonic() + STARTING
        while any(self._queued("maildrop", "incoming", "active")) and time.monotonic() < end:
            time.sleep(0.02)
        if any(self._queued("deferred")):
            command = [_program("postsuper"), "-c", str(self.folder / "postfix"), "-d", "ALL"]
            subprocess.run(command, check=True, capture_output=True)

    def _queued(self, *names: str) -> Iterator[Path]:
        for name in names:
            yield from (path for path in (self.folder / "queue" / name).rglob("*") if path.is_file())

    def _started(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{Path(command[0]).name}.out").open("ab") as out:
            return subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)

    def _wait(self, port: int) -> None:
        end = time.monotonic() + STARTING
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        logs = "".join(
            path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.[lo][ou][gt]")
        )
        pytest.fail(f"nothing listens at {port}: {logs}")

    def mails(self, user: str) -> list[EmailMessage]:
        """Return the mails of a mailbox, in the order in which they came; nothing is marked as seen."""
        box = imaplib.IMAP4("127.0.0.1", self.imap)
        try:
            box.login(user, PASSWORD)
            if box.select("INBOX", readonly=True)[1] == [b"0"]:
                return []
            found = box.fetch("1:*", "(BODY.PEEK[])")[1]
            return [message_from_bytes(each[1], policy=default) for each in found if isinstance(each, tuple)]  # type: ignore[misc]
        finally:
            box.logout()

    def unseen(self, user: str) -> int:
        """Return how many mails of a mailbox aren't marked as seen."""
        box = imaplib.IMAP4("127.0.0.1", self.imap)
        try:
            box.login(user, PASSWORD)
            box.select("INBOX", readonly=True)
            return len(box.search(None, "UNSEEN")[1][0].split())
        finally:
            box.logout()


def _program(name: str) -> str:
    """Return where a server's program is, empty for none: such ones are not always on the path of whoever tests."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") or ""


def _stopped(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def post_office(*, capability: str = "", provider: str = "") -> Iterator[PostOffice]:
    """Run the servers, or skip the test that needs them where they can't be had.

    Where there is a provider of access tokens, one is demanded of whoever sends.
    """
    if os.geteuid() != 0:
        pytest.skip("Postfix is started by root only")
    if not all(map(_program, ("postfix", "dovecot"))) or not DAEMONS.exists():
        pytest.skip(
            "Postfix and Dovecot aren't installed: apt-get install postfix dovecot-imapd dovecot-lmtpd"
        )
    folder = Path(tempfile.mkdtemp(prefix="post-"))
    office = PostOffice(folder, *(free_port() for _ in range(4)), capability=capability, provider=provider)
    try:
        _furnished(office)
        office.start_dovecot()
        office.start_postfix()
        yield office
    finally:
        office.stop_postfix()
        office.stop_dovecot()
        shutil.rmtree(folder, ignore_errors=True)


def _furnished(office: PostOffice) -> None:
    folder = office.folder
    folder.chmod(0o755)
    for name in ("run", "mail", "postfix", "queue", "data"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "mail", "mail", "mail")
    shutil.chown(folder / "data", "postfix")
    main = MAIN.format(**vars(office)) + (DEMANDED.format(**vars(office)) if office.provider else "")
    (folder / "postfix" / "main.cf").write_text(main.lstrip())
    (folder / "postfix" / "master.cf").write_text(MASTER.format(**vars(office)).lstrip())
