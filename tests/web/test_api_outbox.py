"""The outbox over HTTP and in the metrics, and who somebody is on channels."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handrail import App
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.ports import MessageFilter
from handrail.requests.errors import ChannelDown
from handrail.requests.request import RequestDraft
from handrail.testing.clock import TurnableClock
from handrail.web.server import create
from tests.support.waiting import until
from tests.support.web_desk import Desk, face_of
from tests.web.test_api_health import metrics


async def failed(desk: Desk, **body: Any) -> str:
    """Open a request whose message was given up; returns the message's id."""
    await desk.open(channels=["mail:boss@example.com"], **body)

    def give_up(tx: Any) -> str:
        (message,) = tx.find_messages(MessageFilter("pending", "mail"), None, 1)
        tx.update_message(replace(message, state="failed", attempts=60, error="mailbox unavailable"))
        return str(message.id)

    return await desk.app.store.do(give_up)


async def test_an_admin_lists_messages_in_pages_and_by_what_they_are(desk: Desk) -> None:
    first = await failed(desk)
    for _ in range(3):
        await desk.open(channels=["pager"])
    page = (await desk.call("root", "GET", "/outbox?limit=3")).json()
    assert [item["channel"] for item in page["items"]] == ["pager"] * 3
    rest = (await desk.call("root", "GET", "/outbox", params={"limit": 3, "cursor": page["next"]})).json()
    assert rest["next"] is None
    (item,) = rest["items"]
    assert (item["id"], item["recipient"], item["state"]) == (first, "boss@example.com", "failed")
    assert (item["attempts"], item["error"], item["occasion"]) == (60, "mailbox unavailable", "opened")
    for query, number in (("state=failed", 1), ("state=pending", 3), ("channel=pager", 3), ("channel=x", 0)):
        found = (await desk.call("root", "GET", f"/outbox?{query}")).json()["items"]
        assert len(found) == number, query
    about = (await desk.call("root", "GET", f"/outbox?request_id={item['request_id']}")).json()["items"]
    assert [each["id"] for each in about] == [first]
    assert (await desk.call("root", "GET", "/outbox?state=sent")).status_code == 422
    assert (await desk.call("root", "GET", "/outbox?cursor=x")).status_code == 422


async def test_a_message_is_tried_again_once_and_only_by_an_admin(desk: Desk) -> None:
    message = await failed(desk)
    for who in ("alice", "carol"):
        refused = await desk.call(who, "POST", f"/outbox/{message}/retry")
        assert (refused.status_code, refused.json()["rule"]) == (403, "role")
    again = await desk.call("root", "POST", f"/outbox/{message}/retry")
    assert (again.status_code, again.json()["state"], again.json()["error"]) == (
        200,
        "pending",
        "mailbox unavailable",
    )
    assert (await desk.call("root", "POST", "/outbox/msg_none/retry")).status_code == 404

    def send(tx: Any) -> None:
        tx.update_message(replace(tx.message(message), state="sent"))

    await desk.app.store.do(send)
    gone = await desk.call("root", "POST", f"/outbox/{message}/retry")
    assert (gone.status_code, gone.json()["type"]) == (409, "urn:handrail:not-now")


async def test_what_a_comment_says_is_not_in_the_outbox(desk: Desk) -> None:
    request = await desk.open(channels=["mail"])
    await desk.call("bob", "POST", f"/requests/{request['id']}/comments", json={"text": "between us"})
    listed = await desk.call("root", "GET", "/outbox")
    assert {item["occasion"] for item in listed.json()["items"]} == {"opened", "commented"}
    assert "between us" not in listed.text


async def test_channels_that_nobody_carries_or_names_wrongly_are_refused(desk: Desk) -> None:
    for channels in (["fax"], ["fax:1"], [":mail"], ["mail:\n"], ["mail:" + "x" * 200], [""], [1]):
        body = {"title": "t", "proposal": {"a": 1}, "channels": channels}
        answer = await desk.call("alice", "POST", "/requests", json=body)
        assert answer.status_code == 422, channels
        assert all(field["path"].startswith("channels") for field in answer.json()["fields"]), channels
    good = await desk.open(channels=["mail:a", "mail:b", "mail:a", "pager"])
    assert good["channels"] == ["mail:a", "mail:b", "pager"]


async def test_messages_are_measured_by_channel_and_so_is_a_channel_that_rests(desk: Desk) -> None:
    await failed(desk)
    await desk.open(channels=["pager"])
    found = await metrics(desk)
    assert found['handrail_outbox_messages{channel="mail",state="failed"}'] == 1
    assert found['handrail_outbox_messages{channel="mail",state="pending"}'] == 0
    assert found['handrail_outbox_messages{channel="pager",state="pending"}'] == 1
    assert found['handrail_channel_resting{channel="pager"}'] == 0
    until = desk.app.clock.now() + timedelta(seconds=30)
    face = replace(face_of(desk.app, desk.people), resting=lambda: {"pager": until})
    resting = await metrics(Desk(desk.app, create(face), desk.people, desk.keys))
    assert resting['handrail_channel_resting{channel="pager"}'] == 1
    assert resting['handrail_channel_resting{channel="mail"}'] == 0


class Down(Channel):
    """A channel that can't be reached."""

    async def deliver(self, delivery: Delivery) -> str:
        raise ChannelDown("can't reach it")


async def test_the_server_of_an_app_knows_which_of_its_channels_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    app = App(store="memory://", clock=TurnableClock(), channels={"down": Down(), "quiet": Channel()})
    async with app:
        assert app.face().resting() == {}
        draft = RequestDraft("approval", "Publish?", {"content": "bees"}, channels=("down",))
        await app.inbox.open(draft)
        await until(lambda: set(app.face().resting()) == {"down"})


# -- who somebody is on channels ------------------------------------------------------------------------------------


async def test_addresses_are_added_listed_and_taken_away(desk: Desk) -> None:
    path, address = "/users/alice/identities", {"channel": "slack", "address": "T1:U/1 ä"}
    added = await desk.call("root", "POST", path, json=address)
    assert added.status_code == 201, added.text
    assert (added.json()["person"], added.json()["added_by"]) == ("alice", "root")
    assert (await desk.call("root", "POST", path, json=address)).json() == added.json()
    assert (await desk.call("root", "GET", path)).json() == {"items": [added.json()]}
    assert (
        await desk.call("root", "DELETE", f"/users/bob/identities/slack/{address['address']}")
    ).status_code == 404
    gone = await desk.call("root", "DELETE", f"{path}/slack/{address['address']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await desk.call("root", "DELETE", f"{path}/slack/{address['address']}")).status_code == 404
    assert (await desk.call("root", "GET", path)).json() == {"items": []}


async def test_an_address_that_is_taken_unfit_or_of_nobody_is_refused(desk: Desk) -> None:
    await desk.call("root", "POST", "/users/alice/identities", json={"channel": "slack", "address": "U1"})
    taken = await desk.call(
        "root", "POST", "/users/bob/identities", json={"channel": "slack", "address": "U1"}
    )
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:handrail:taken")
    for body, field in (
        ({"channel": "a b", "address": "U1"}, "channel"),
        ({"channel": "slack", "address": " \t"}, "address"),
        ({"channel": "slack", "address": "a\u202eb"}, "address"),
        ({"channel": "slack"}, "address"),
        ({"channel": "slack", "address": "U2", "person": "bob"}, "person"),
    ):
        refused = await desk.call("root", "POST", "/users/bob/identities", json=body)
        assert refused.status_code == 422, body
        assert [each["path"] for each in refused.json()["fields"]] == [field]
    nobody = {"channel": "slack", "address": "U3"}
    assert (await desk.call("root", "POST", "/users/nobody/identities", json=nobody)).status_code == 404
    assert (await desk.call("root", "GET", "/users/nobody/identities")).status_code == 404
    await desk.call("root", "POST", "/users", json={"name": "robot", "service": True})
    assert (await desk.call("root", "POST", "/users/robot/identities", json=nobody)).status_code == 422


async def test_one_reads_ones_own_addresses_and_those_of_nobody_else(desk: Desk) -> None:
    await desk.call("root", "PATCH", "/users/bob", json={"email": "bob@example.org"})
    await desk.call("root", "POST", "/users/bob/identities", json={"channel": "slack", "address": "U1"})
    for name in ("bob", "BOB", "bob%40example.org"):
        mine = await desk.call("bob", "GET", f"/users/{name}/identities")
        assert [each["address"] for each in mine.json()["items"]] == ["U1"], name
    for name in ("alice", "nobody"):
        other = await desk.call("bob", "GET", f"/users/{name}/identities")
        assert (other.status_code, other.json()["rule"]) == (403, "role")
    taken = await desk.call("bob", "DELETE", "/users/bob/identities/slack/U1")
    assert taken.status_code == 403
