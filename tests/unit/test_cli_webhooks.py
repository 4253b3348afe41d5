"""The commands `webhooks`: who is told what, and who may call in; secrets are printed once."""

import json
from dataclasses import replace
from typing import Any

import pytest

from handrail.webhooks.facts import Delivery
from handrail.webhooks.sending import STOPPED
from tests.support.command_line import CommandLine


@pytest.fixture(autouse=True)
def allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDRAIL_ALLOW_HOSTS", "127.0.0.1")


def store(handrail: CommandLine) -> None:
    handrail.fine("users", "add", "alice", "--link")


def test_a_webhook_lives_from_its_secret_to_its_end(handrail: CommandLine) -> None:
    store(handrail)
    assert "no webhooks in" in handrail.fine("webhooks", "list").out
    (added,) = handrail.fine(
        "webhooks", "add", "http://127.0.0.1:1/", "--kind", "opened", "--description", "chat", "--json"
    ).data
    assert added["secret"].startswith("whsec_")
    (listed,) = handrail.fine("webhooks", "list", "--json").data
    assert listed == {name: value for name, value in added.items() if name != "secret"}
    hook = added["id"]
    assert "opened" in handrail.fine("webhooks", "list").out
    (changed,) = handrail.fine(
        "webhooks", "change", hook, "--everything", "--content", "--off", "--json"
    ).data
    assert (changed["kinds"], changed["content"], changed["active"]) == ([], True, False)
    assert handrail("webhooks", "test", hook).code == 3
    assert "is on" in handrail.fine("webhooks", "change", hook, "--on").out
    assert "whoever works on this store" in handrail.fine("webhooks", "test", hook).out
    assert "no deliveries of" in handrail.fine("webhooks", "deliveries", hook).out
    rotated = handrail.fine("webhooks", "rotate", hook)
    assert rotated.out.strip().startswith("whsec_")
    assert rotated.out.strip() != added["secret"]
    assert "can't be shown again" in rotated.err
    assert handrail("webhooks", "redeliver", hook, "1").code == 5
    assert "is removed" in handrail.fine("webhooks", "remove", hook).out
    assert handrail("webhooks", "remove", hook).code == 5


def test_a_webhook_may_be_the_first_thing_in_a_store(handrail: CommandLine) -> None:
    assert handrail.fine("webhooks", "add", "http://127.0.0.1:1/").out.startswith("whsec_")
    assert "active" in handrail.fine("webhooks", "list").out


def test_a_webhook_that_is_called_in_vain_says_so_before_anything_is_given_up(handrail: CommandLine) -> None:
    (added,) = handrail.fine("webhooks", "add", "http://127.0.0.1:1/", "--json").data

    def fail(tx: Any) -> None:
        at, told = tx.webhook(added["id"]).created_at, "it was answered with 500"
        tx.add_delivery(
            Delivery(added["id"], 1, "evt_1", "opened", "", at, attempts=3, due_at=at, error=told)
        )

    handrail.inside(lambda app: app.store.do(fail))
    (listed,) = handrail.fine("webhooks", "list", "--json").data
    assert (listed["active"], listed["trouble"]) == (True, "it was answered with 500")
    assert "failing: it was answered with 500" in handrail.fine("webhooks", "list").out
    problem = checks(handrail)["webhooks"]["problem"]
    assert f"{added['id']} is called in vain, 1 events wait: it was answered with 500" in problem
    handrail.fine("webhooks", "change", added["id"], "--off")
    assert checks(handrail)["webhooks"]["problem"] is None
    assert "failing" not in handrail.fine("webhooks", "list").out


def test_what_cannot_be_a_webhook_is_refused(handrail: CommandLine) -> None:
    store(handrail)
    for arguments in (
        ("http://10.0.0.1/",),
        ("nonsense",),
        ("http://127.0.0.1:1/", "--kind", "dancing"),
    ):
        assert handrail("webhooks", "add", *arguments).code == 4, arguments
    assert handrail("webhooks", "change", "wh_1", "--kind", "opened", "--everything").code == 4
    assert handrail.fine("webhooks", "list", "--json").data == []


def test_a_program_may_call_in_until_it_is_revoked(handrail: CommandLine) -> None:
    store(handrail)
    assert handrail("webhooks", "inbound", "add", "alice", "checks").code == 4
    handrail.fine("users", "add", "robot", "--service")
    (added,) = handrail.fine("webhooks", "inbound", "add", "robot", "checks", "--json").data
    assert added["secret"].startswith("whsec_")
    (listed,) = handrail.fine("webhooks", "inbound", "list", "--json").data
    assert listed == {name: value for name, value in added.items() if name != "secret"}
    assert handrail.fine("webhooks", "inbound", "rotate", added["id"]).out.startswith("whsec_")
    assert "is revoked" in handrail.fine("webhooks", "inbound", "revoke", added["id"]).out
    assert handrail("webhooks", "inbound", "rotate", added["id"]).code == 3
    assert "checks" in handrail.fine("webhooks", "inbound", "list").out


def test_doctor_names_webhooks_that_gave_up_or_are_gone(handrail: CommandLine) -> None:
    store(handrail)
    assert "webhooks" not in checks(handrail)
    (first,), (second,) = (
        handrail.fine("webhooks", "add", "http://127.0.0.1:1/", "--json").data for _ in range(2)
    )
    assert checks(handrail)["webhooks"]["problem"] is None
    handrail.fine("webhooks", "change", first["id"], "--off")
    assert checks(handrail)["webhooks"]["problem"] is None, "an admin has meant that"

    def spoil(tx: Any) -> None:
        gone = replace(tx.webhook(first["id"]), active=False, stopped_because=STOPPED)
        tx.update_webhook(gone)
        at = gone.created_at
        tx.add_delivery(Delivery(second["id"], 1, "evt_1", "opened", "", at, "failed", 60, done_at=at))

    handrail.inside(lambda app: app.store.do(spoil))
    found = checks(handrail)["webhooks"]
    assert found["value"] == "1 active, 0 events wait"
    assert f"{second['id']} gave up 1 events" in found["problem"]
    assert f"{first['id']} is off (answered with 410: gone)" in found["problem"]


def checks(handrail: CommandLine) -> dict[str, dict[str, Any]]:
    return {check["check"]: check for check in json.loads(handrail("doctor", "--json").out)}
