"""The commands users, keys and groups: what they print, what they change, and how they refuse."""

import getpass
import io
import json
from typing import Any

import pytest

from handrail.people.login import LoggedIn
from tests.support.command_line import CommandLine

PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANDRAIL_SECRET", raising=False)


class Terminal(io.StringIO):
    """A standard input at which somebody sits."""

    def isatty(self) -> bool:
        return True


def add(handrail: CommandLine, name: str, *options: str) -> dict[str, Any]:
    given = ("users", "add", name, "--password-stdin", "--json", *options)
    (person,) = handrail.fine(*given, stdin=f"{PASSWORD}\n").data
    return person


def gets_in(handrail: CommandLine, password: str) -> bool:
    found = handrail.inside(lambda app: app.people.log_in("alice", password, address=None))
    return isinstance(found, LoggedIn)


def test_somebody_added_is_listed_and_gets_in(handrail: CommandLine) -> None:
    person = add(
        handrail, "alice", "--role", "admin", "--email", "Alice@example.com", "--display", "Alice A."
    )
    assert handrail.fine("users", "list", "--json").data == [person]
    assert (person["role"], person["email"], person["has_password"]) == ("admin", "alice@example.com", True)
    assert "Alice A." in handrail.fine("users", "list").out
    assert gets_in(handrail, PASSWORD)
    assert PASSWORD not in handrail.database.read_bytes().decode("latin-1")


def test_an_empty_list_names_the_store_and_makes_none(handrail: CommandLine) -> None:
    for name in ("users", "keys", "groups"):
        ended = handrail.fine(name, "list")
        assert str(handrail.database) in ended.out
        assert handrail.fine(name, "list", "--json").data == []
    assert not handrail.database.exists()


def test_the_first_one_is_told_that_an_admin_is_missing(handrail: CommandLine) -> None:
    given = ("users", "add", "bob", "--password-stdin")
    assert "nobody is an admin yet" in handrail.fine(*given, stdin=PASSWORD).err
    handrail.fine("users", "role", "BOB", "admin")
    given = ("users", "add", "carol", "--password-stdin")
    assert "admin yet" not in handrail.fine(*given, stdin=PASSWORD).err


def test_a_password_is_asked_for_twice_at_a_terminal(
    handrail: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = [PASSWORD, PASSWORD + "!", PASSWORD, PASSWORD]
    monkeypatch.setattr(getpass, "getpass", lambda prompt: typed.pop(0))
    monkeypatch.setattr("tests.support.command_line.io.StringIO", Terminal)
    ended = handrail("users", "add", "alice")
    assert ended.code == 4
    assert "differ" in ended.err
    handrail.fine("users", "add", "alice")
    assert not typed
    assert gets_in(handrail, PASSWORD)


def test_a_password_that_nobody_can_type_is_asked_for_otherwise(handrail: CommandLine) -> None:
    ended = handrail("users", "add", "alice")
    assert ended.code == 4
    assert "--password-stdin" in ended.err
    ended = handrail("users", "add", "alice", "--password-stdin", stdin="short\n")
    assert ended.code == 4
    assert "at least 12" in ended.err
    assert handrail.fine("users", "list", "--json").data == []


def test_a_new_password_takes_the_place_of_the_old_one(handrail: CommandLine) -> None:
    add(handrail, "alice")
    new = PASSWORD + " two"
    handrail.fine("users", "password", "alice", "--password-stdin", stdin=f"{new}\n")
    assert gets_in(handrail, new)
    assert not gets_in(handrail, PASSWORD)


def test_a_link_gets_somebody_in_once(handrail: CommandLine) -> None:
    out = handrail.fine("users", "add", "alice", "--link", "--url", "https://example.com/h/").out
    (url,) = [line for line in out.splitlines() if line.startswith("https://")]
    (made,) = handrail.fine("users", "link", "alice", "--json").data
    for link, begins in (
        (url, "https://example.com/h/login/link/"),
        (made["url"], "http://127.0.0.1:8000/login/link/"),
    ):
        token = link.removeprefix(begins)
        assert "/" not in token
        begun = handrail.inside(lambda app, token=token: app.people.log_in_by_link(token))
        assert begun.person.name == "alice"


def test_off_shuts_out_and_on_lets_in(handrail: CommandLine) -> None:
    add(handrail, "root", "--role", "admin")
    add(handrail, "alice")
    handrail.fine("users", "off", "alice")
    assert not gets_in(handrail, PASSWORD)
    assert [one["active"] for one in handrail.fine("users", "list", "--json").data] == [False, True]
    (person,) = handrail.fine("users", "on", "alice", "--json").data
    assert person["active"]
    assert gets_in(handrail, PASSWORD)
    for refused in (("off", "root"), ("role", "root", "viewer")):
        ended = handrail("users", *refused)
        assert ended.code == 3
        assert "last active admin" in ended.err


def test_refusals_have_their_exit_codes(handrail: CommandLine) -> None:
    assert handrail("users", "off", "alice").code == 5, "there is no database"
    add(handrail, "alice")
    for code, command in (
        (2, ("users", "add")),
        (2, ("keys", "add", "alice", "x")),
        (3, ("users", "add", "ALICE", "--link")),
        (4, ("users", "add", "bob", "--link", "--service")),
        (4, ("users", "add", "bob", "--link", "--role", "owner")),
        (4, ("users", "role", "alice", "owner")),
        (4, ("keys", "add", "alice", "x", "--scope", "all")),
        (4, ("groups", "set", "group:x", "alice")),
        (5, ("users", "link", "bob")),
        (5, ("keys", "add", "bob", "x", "--scope", "decide")),
        (5, ("keys", "list", "--person", "bob")),
        (5, ("keys", "revoke", "none")),
    ):
        ended = handrail(*command, "--json")
        assert ended.code == code, (command, ended)
        assert json.loads(ended.out) == []
    assert len(handrail.fine("users", "list", "--json").data) == 1


def test_a_key_is_printed_once_and_works_until_it_is_revoked(handrail: CommandLine) -> None:
    handrail.fine("users", "add", "robot", "--service")
    text = handrail.fine("keys", "add", "robot", "nightly", "--scope", "decide", "--days", "2").out.strip()
    (made,) = handrail.fine("keys", "add", "robot", "b", "--scope", "admin", "--json").data
    listed = handrail.fine("keys", "list", "--json").data
    assert [one["label"] for one in listed] == ["b", "nightly"]
    assert [bool(one["expires_at"]) for one in listed] == [False, True]
    secret = text.split("_", 2)[2]
    for output in (handrail.fine("keys", "list").out, json.dumps(listed)):
        assert secret not in output
        assert made["key"] not in output
    assert secret not in handrail.database.read_bytes().decode("latin-1")
    caller = handrail.inside(lambda app: app.people.key(text))
    assert caller.name == "robot"
    handrail.fine("keys", "revoke", listed[1]["id"])
    assert handrail.inside(lambda app: app.people.key(text)) is None


def test_groups_are_set_as_a_whole(handrail: CommandLine) -> None:
    assert handrail.fine("groups", "set", "legal", "bob", "alice").err == ""
    add(handrail, "alice")
    assert "not among the users: bob" in handrail.fine("groups", "set", "legal", "bob", "alice").err
    assert handrail.fine("groups", "list", "--json").data == [{"name": "legal", "people": ["alice", "bob"]}]
    assert "alice, bob" in handrail.fine("groups", "list").out
    handrail.fine("groups", "set", "legal")
    assert handrail.fine("groups", "list", "--json").data == []


def test_what_the_commands_did_is_in_the_log_and_the_log_is_whole(handrail: CommandLine) -> None:
    add(handrail, "alice", "--role", "admin")
    handrail.fine("groups", "set", "legal", "alice")
    handrail.fine("keys", "add", "alice", "x", "--scope", "decide")
    assert gets_in(handrail, PASSWORD)
    (found,) = handrail.fine("verify", "--json").data
    assert (found["ok"], found["events"]) == (True, 4)


def test_a_link_says_which_server_it_assumes(handrail: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANDRAIL_URL", raising=False)
    add(handrail, "alice")
    assumed = handrail.fine("users", "link", "alice")
    assert assumed.out.startswith("http://127.0.0.1:8000/login/link/")
    assert "--url" in assumed.err
    assert "HANDRAIL_URL" in assumed.err
    told = handrail.fine("users", "link", "alice", "--url", "https://inbox.example.com/")
    assert told.out.startswith("https://inbox.example.com/login/link/")
    assert "HANDRAIL_URL" not in told.err
    monkeypatch.setenv("HANDRAIL_URL", "http://here.example.com:9000")
    set_up = handrail.fine("users", "link", "alice")
    assert set_up.out.startswith("http://here.example.com:9000/login/link/")
    assert "HANDRAIL_URL" not in set_up.err


def test_reassigning_to_a_name_without_an_account_is_refused_and_doctor_finds_who_cannot_decide(
    handrail: CommandLine,
) -> None:
    asked = handrail.ask(policy_audience="zoe")
    handrail.fine("reassign", asked.id, "--to", "yan")
    assert "too few" not in handrail("doctor").out
    add(handrail, "alice")
    refused = handrail("reassign", asked.id, "--to", "zoe")
    assert (refused.code, "'zoe' has no account" in refused.err) == (4, True)
    found = {check["check"]: check for check in handrail("doctor", "--json").data}["deciders"]
    assert (found["ok"], asked.id in found["value"]) == (False, True)
    handrail.fine("reassign", asked.id, "--to", "alice")
    assert {check["check"]: check for check in handrail("doctor", "--json").data}["deciders"]["ok"]
