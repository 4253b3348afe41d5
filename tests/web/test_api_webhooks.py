"""Webhooks over HTTP: looked after by admins, and decisions that come in by signed calls."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from handrail.outgoing.address import allowed
from handrail.outgoing.call import Outgoing
from handrail.requests.decision import SYSTEM
from handrail.web.pages import deeds
from handrail.web.server import create
from handrail.webhooks import signing
from handrail.webhooks.delivering import Deliverer
from tests.support.web_desk import Desk, desk_on, face_of
from tests.support.webhook_receiver import receiving, verified

CALLING = Outgoing(allowed("127.0.0.1"))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A server that may call loopback."""
    async with desk_on("memory://") as made:
        face = replace(face_of(made.app, made.people), outgoing=CALLING)
        yield Desk(made.app, create(face), made.people, made.keys)


async def added(desk: Desk, url: str, **more: Any) -> dict[str, Any]:
    answer = await desk.call("root", "POST", "/webhooks", json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def delivered(desk: Desk) -> None:
    """Send what is due."""
    app = desk.app
    await Deliverer(app.store, app.clock, desk.people.secret, lambda: CALLING).deliver_due()


async def test_a_webhook_is_added_changed_tested_rotated_and_removed(desk: Desk) -> None:
    async with receiving() as receiver:
        desk.app.allowed = allowed("127.0.0.1")
        hook = await added(desk, receiver.url, kinds=["resolved"], description="to the chat")
        path = f"/webhooks/{hook['id']}"
        assert hook["secret"].startswith("whsec_")
        shown = (await desk.call("root", "GET", path)).json()
        assert shown == {name: value for name, value in hook.items() if name != "secret"}
        assert (await desk.call("root", "GET", "/webhooks")).json() == {"items": [shown]}
        changed = (await desk.call("root", "PATCH", path, json={"kinds": [], "content": True})).json()
        assert (changed["kinds"], changed["content"], changed["url"]) == ([], True, receiver.url)
        assert (await desk.call("root", "POST", f"{path}/test")).status_code == 200
        await delivered(desk)
        page = (await desk.call("root", "GET", f"{path}/deliveries?state=delivered")).json()
        assert "webhook_tested" in [item["kind"] for item in page["items"]]
        sequence = page["items"][0]["sequence"]
        again = await desk.call("root", "POST", f"{path}/deliveries/{sequence}/redeliver")
        assert (again.status_code, again.json()["state"]) == (200, "pending")
        rotated = (await desk.call("root", "POST", f"{path}/secret")).json()
        assert rotated["secret"] != hook["secret"]
        receiver.calls.clear()
        await delivered(desk)
        now = desk.app.clock.now().timestamp()
        for got in receiver.calls:
            for secret in (hook["secret"], rotated["secret"]):
                verified(secret, got.headers, got.body, now)
        assert receiver.calls
        assert (await desk.call("root", "DELETE", path)).status_code == 204
        assert (await desk.call("root", "GET", path)).status_code == 404


async def test_only_admins_look_after_webhooks(desk: Desk) -> None:
    hook = await added(desk, "http://127.0.0.1:1/")
    path = f"/webhooks/{hook['id']}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/webhooks", None),
        ("POST", "/webhooks", {"url": "http://127.0.0.1:1/"}),
        ("GET", path, None),
        ("PATCH", path, {"active": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/test", None),
        ("POST", f"{path}/secret", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/1/redeliver", None),
        ("GET", "/inbound-webhooks", None),
        ("POST", "/inbound-webhooks", {"person": "robot", "label": "x"}),
        ("POST", "/inbound-webhooks/in_1/secret", None),
        ("DELETE", "/inbound-webhooks/in_1", None),
    ]
    for method, where, body in calls:
        for who in ("alice", "carol"):
            refused = await desk.call(who, method, where, json=body)
            assert (refused.status_code, refused.json()["rule"]) == (403, "role"), (method, where)
        assert (await desk.call(None, method, where, json=body)).status_code == 401
    narrow = await desk.key("root", ["requests:read", "decide"])
    desk.keys["narrow"] = narrow
    assert (await desk.call("narrow", "GET", "/webhooks")).json()["rule"] == "scope"
    assert len((await desk.call("root", "GET", "/webhooks")).json()["items"]) == 1


async def test_what_cannot_be_a_webhook_is_refused_and_names_its_field(desk: Desk) -> None:
    for body, field in (
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "http://2130706433/"}, "url"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": "ftp://127.0.0.1/"}, "url"),
        ({"url": "http://127.0.0.1/", "kinds": ["dancing"]}, "kinds"),
        ({"url": "http://127.0.0.1/", "secret": "whsec_mine"}, "secret"),
        ({}, "url"),
    ):
        refused = await desk.call("root", "POST", "/webhooks", json=body)
        assert refused.status_code == 422, body
        assert [each["path"] for each in refused.json()["fields"]] == [field], body
    hook = await added(desk, "http://127.0.0.1:1/")
    refused = await desk.call("root", "PATCH", f"/webhooks/{hook['id']}", json={"url": "http://10.0.0.1/"})
    assert refused.status_code == 422


async def test_every_change_is_in_the_log_without_a_secret_or_a_path(desk: Desk) -> None:
    hook = await added(desk, "http://127.0.0.1:1/services/T1/B2/token")
    path = f"/webhooks/{hook['id']}"
    for method, where, body in (
        ("PATCH", path, {"active": False}),
        ("PATCH", path, {"active": True}),
        ("POST", f"{path}/secret", None),
        ("POST", f"{path}/test", None),
        ("DELETE", path, None),
    ):
        assert (await desk.call("root", method, where, json=body)).status_code < 300
    lines = await desk.app.store.read(lambda tx: tx.log(0, 1000))
    mine = [line for line in lines if line.kind.startswith("webhook_")]
    assert [line.kind for line in mine] == [
        *("webhook_added", "webhook_changed", "webhook_changed"),
        *("webhook_rotated", "webhook_tested", "webhook_removed"),
    ]
    assert {line.actor for line in mine} == {"root"}
    assert all(line.kind in deeds.KINDS for line in mine), "the audit tells them in words"
    assert not any("token" in line.data or "whsec" in line.data for line in mine)


# -- calls that come in -----------------------------------------------------------------------------------------------


class Program:
    """A program that signs its calls."""

    def __init__(self, desk: Desk, inbound: dict[str, Any]) -> None:
        self.desk = desk
        self.id = inbound["id"]
        self.secret = inbound["secret"]

    async def call(self, body: Any, event_id: str = "msg_1", **changed: Any) -> httpx.Response:
        """Call in, with what is changed after signing."""
        sent = json.dumps(body).encode() if not isinstance(body, bytes) else body
        now = self.desk.app.clock.now() + timedelta(seconds=changed.pop("late", 0))
        key = signing.key_of(changed.pop("secret", self.secret))
        headers = signing.headers(sent, event_id=event_id, keys=[key], now=now)
        headers |= {"content-type": "application/json", **changed.pop("headers", {})}
        path = f"/inbound-webhooks/{changed.pop('to', self.id)}/decisions"
        async with self.desk.client() as client:
            return await client.post(f"/api/v1{path}", content=changed.pop("content", sent), headers=headers)


@pytest.fixture
async def program(desk: Desk) -> Program:
    """A program that acts as robot, a service account that reviews."""
    await desk.people.add("robot", actor=SYSTEM, role="reviewer", service=True)
    body = {"person": "robot", "label": "checks"}
    answer = await desk.call("root", "POST", "/inbound-webhooks", json=body)
    assert answer.status_code == 201, answer.text
    return Program(desk, answer.json())


async def status(desk: Desk, request_id: str) -> str:
    return str((await desk.call("root", "GET", f"/requests/{request_id}")).json()["status"])


async def test_a_signed_call_decides_as_its_account(desk: Desk, program: Program) -> None:
    request = await desk.open(policy={"audience": ["robot"]})
    body = {
        "request_id": request["id"],
        "verb": "edit",
        "payload": {"content": "wasps"},
        "comment": "checked",
        "content_hash": request["content_hash"],
    }
    answer = await program.call(body)
    assert answer.status_code == 200, answer.text
    (decision,) = answer.json()["decisions"]
    assert (decision["actor"], decision["strength"], decision["channel"]) == ("robot", "channel", "webhook")
    assert answer.json()["outcome"]["payload"] == {"content": "wasps"}
    (listed,) = (await desk.call("root", "GET", "/inbound-webhooks")).json()["items"]
    assert listed["used_at"] is not None
    assert "secret" not in listed


async def test_the_same_call_five_times_decides_once(
    desk: Desk, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    request = await desk.open(policy={"audience": ["robot", "alice"], "quorum": "all"})
    answers = [await program.call({"request_id": request["id"], "verb": "approve"}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 409, 409, 409, 409]
    assert answers[1].json()["type"] == "urn:handrail:repeated"
    events = await desk.app.store.read(lambda tx: tx.events(request["id"]))
    assert [event.move.kind for event in events] == ["opened", "decided"]
    assert caplog.text.count("was refused: Repeated") == 4


FORGERIES: dict[str, dict[str, Any]] = {
    "another secret": {"secret": "whsec_" + "A" * 44},
    "another body": {"content": b'{"request_id": "req_2", "verb": "approve"}'},
    "another id": {"headers": {"webhook-id": "msg_2"}},
    "no id": {"headers": {"webhook-id": ""}},
    "no signature": {"headers": {"webhook-signature": ""}},
    "a signature of another kind": {"headers": {"webhook-signature": "v2,AAAA"}},
    "too old": {"late": -301},
    "from the future": {"late": 301},
    "another moment": {"headers": {"webhook-timestamp": "1"}},
    "no such address": {"to": "in_none"},
}


@pytest.mark.parametrize("forged", FORGERIES)
async def test_what_is_not_signed_well_is_refused_logged_and_changes_nothing(
    desk: Desk, program: Program, caplog: pytest.LogCaptureFixture, forged: str
) -> None:
    request = await desk.open(policy={"audience": ["robot"]})
    body = {"request_id": request["id"], "verb": "approve"}
    before = await desk.app.store.read(lambda tx: tx.end_of_log())
    answer = await program.call(body, **FORGERIES[forged])
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:handrail:refused"), answer.text
    assert "was refused" in caplog.text
    assert ("was refused: unknown" in caplog.text) == (forged == "no such address")
    assert await status(desk, request["id"]) == "OPEN"
    assert await desk.app.store.read(lambda tx: tx.end_of_log()) == before
    assert (await program.call(body)).status_code == 200, "a forgery uses no id up"


async def test_the_secret_of_another_account_opens_only_its_own_door(desk: Desk, program: Program) -> None:
    await desk.people.add("other", actor=SYSTEM, role="reviewer", service=True)
    made = await desk.call("root", "POST", "/inbound-webhooks", json={"person": "other", "label": "x"})
    other = Program(desk, made.json())
    request = await desk.open(policy={"audience": ["robot"]})
    body = {"request_id": request["id"], "verb": "approve"}
    assert (await other.call(body, to=program.id)).status_code == 401
    refused = await other.call(body)
    assert refused.status_code == 403, "it isn't asked"
    assert await status(desk, request["id"]) == "OPEN"
    again = await other.call(body)
    assert again.json()["type"] == "urn:handrail:repeated", "what was refused once stays refused"


@pytest.mark.parametrize("how", ["revoked", "switched off", "a viewer"])
async def test_who_was_switched_off_decides_nothing(
    desk: Desk, program: Program, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    request = await desk.open()
    match how:
        case "revoked":
            await desk.call("root", "DELETE", f"/inbound-webhooks/{program.id}")
        case "switched off":
            await desk.people.change("robot", actor=SYSTEM, active=False)
        case "a viewer":
            await desk.people.change("robot", actor=SYSTEM, role="viewer")
    answer = await program.call({"request_id": request["id"], "verb": "approve"})
    assert answer.status_code == (401 if how == "revoked" else 403)
    assert "was refused" in caplog.text
    assert await status(desk, request["id"]) == "OPEN"


async def test_a_decision_that_does_not_fit_is_told_so_and_uses_its_id_up(
    desk: Desk, program: Program
) -> None:
    request = await desk.open()
    good = {"request_id": request["id"], "verb": "approve"}
    bodies: list[tuple[Any, int]] = [
        ({**good, "verb": "dance"}, 422),
        ({**good, "verb": "answer"}, 422),
        ({**good, "actor": "alice"}, 422),
        ({**good, "content_hash": "0" * 64}, 409),
        ({**good, "request_id": "req_none"}, 404),
        ({"verb": "approve"}, 422),
        (b"not json", 422),
        (b"[" * 100_000, 422),
        (b"", 422),
        ([good], 422),
    ]
    for number, (body, expected) in enumerate(bodies):
        answer = await program.call(body, event_id=f"msg_{number}")
        assert answer.status_code == expected, (body, answer.text)
        assert (await program.call(good, event_id=f"msg_{number}")).status_code == 409
    assert await status(desk, request["id"]) == "OPEN"
    assert (await program.call(good, event_id="msg_good")).status_code == 200


async def test_a_body_that_is_no_object_is_told_so_plainly(desk: Desk, program: Program) -> None:
    (field,) = (await program.call([{"verb": "approve"}])).json()["fields"]
    assert field == {"path": "", "message": "Input should be an object"}


async def test_a_new_secret_counts_and_for_a_day_the_one_before(desk: Desk, program: Program) -> None:
    old = program.secret
    made = await desk.call("root", "POST", f"/inbound-webhooks/{program.id}/secret")
    new = made.json()["secret"]
    for number, (secret, later, expected) in enumerate(
        ((old, 0, 404), (new, 0, 404), (old, 86_401, 401), (new, 0, 404))
    ):
        desk.app.clock.turn(later)  # type: ignore[attr-defined]
        body = {"request_id": "req_none", "verb": "approve"}
        answer = await program.call(body, event_id=f"msg_{number}", secret=secret)
        assert answer.status_code == expected


async def test_only_service_accounts_are_called_for_by_programs(desk: Desk, program: Program) -> None:
    for person, expected in (("alice", 422), ("nobody", 404)):
        body = {"person": person, "label": "x"}
        refused = await desk.call("root", "POST", "/inbound-webhooks", json=body)
        assert refused.status_code == expected
    await desk.call("root", "DELETE", f"/inbound-webhooks/{program.id}")
    assert (await desk.call("root", "DELETE", f"/inbound-webhooks/{program.id}")).status_code == 204
    rotated = await desk.call("root", "POST", f"/inbound-webhooks/{program.id}/secret")
    assert (rotated.status_code, rotated.json()["type"]) == (409, "urn:handrail:not-now")
    assert (await desk.call("root", "DELETE", "/inbound-webhooks/in_none")).status_code == 404


@pytest.fixture(autouse=True)
def loud(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "handrail.webhooks")
