"""What is refused in Slack: who may not decide, what Slack didn't send, and what was received before."""

import io
import json
import logging
import time
from typing import Any

import aiohttp
import pytest

from handrail import Actor
from handrail.people.facts import Role
from handrail.requests.policy import Audience
from handrail.requests.pool import Pool
from handrail.requests.request import HumanRequest
from tests.support.slack import ANOTHER_TEAM, FORGED, STALE, UNSIGNED, How, tampered
from tests.support.slack_office import BUTTON, ROOT, WAYS, Office, Way, decisions, office, text_of

APPROVE = BUTTON["approve"]


async def _excluded(at: Office) -> HumanRequest:
    return await at.open(audience=Audience(excluded=("alice",)))


async def _initiator(at: Office) -> HumanRequest:
    await at.ask_in_a_run(initiator="alice", audience=Audience(users=("alice", "bob"), not_initiator=True))
    return await at.only()


async def _not_asked(at: Office) -> HumanRequest:
    return await at.open(audience="bob")


async def _viewer(at: Office) -> HumanRequest:
    await at.app.people.change("alice", actor=ROOT, role=Role.VIEWER)
    return await at.open()


async def _switched_off(at: Office) -> HumanRequest:
    await at.app.people.add_identity("alice", "slack", "T0HOME:U0ALICE", actor=ROOT)
    await at.app.people.change("alice", actor=ROOT, active=False)
    return await at.open()


async def _switched_off_before(at: Office) -> HumanRequest:
    await at.app.people.change("alice", actor=ROOT, active=False)
    return await at.open()


async def _claimed(at: Office) -> HumanRequest:
    request = await at.open()
    await at.shows(await at.message(), "version 4.2")
    await at.app.inbox.claim(request.id, actor=Actor("bob"))
    return request


RULES = {
    "excluded": (_excluded, "You are excluded"),
    "initiator": (_initiator, "doesn’t let people approve their own work"),
    "not asked": (_not_asked, "This asks bob, not you"),
    "viewer": (_viewer, "You can’t decide this"),
    "switched off": (_switched_off, "belongs to nobody here"),
    "switched off before": (_switched_off_before, "belongs to nobody here"),
    "claimed": (_claimed, "bob has claimed it"),
}


@pytest.mark.parametrize("verb", ["approve", "reject"])
@pytest.mark.parametrize("rule", RULES)
async def test_who_may_not_decide_is_told_why_and_nothing_changes(
    rule: str, verb: str, caplog: pytest.LogCaptureFixture
) -> None:
    asking, words = RULES[rule]
    async with office() as at:
        request = await asking(at)
        message = await at.message()
        delivery = await at.slack.click(at.alice, message, BUTTON[verb])
        assert delivery.acknowledged
        word = await at.word(at.alice, words)
        assert word.only_for == at.alice.id
        assert at.slack.open_view(at.alice) is None
        assert (await at.now(request)).decisions == ()
        (told,) = [each for each in caplog.messages if request.id in each and "T0HOME:U0ALICE" in each]
        assert "version 4.2" not in told
        assert "alice@example.com" not in caplog.text


@pytest.mark.parametrize("way", WAYS)
async def test_a_stranger_is_told_that_they_are_nobody_here(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        await at.slack.click(at.dave, await at.message(), APPROVE)
        word = await at.word(at.dave, "(T0HOME:U0DAVE) belongs to nobody here")
        assert word.buttons == []
        assert (await at.now(request)).decisions == ()


async def test_what_asks_for_a_session_is_refused_whatever_was_sent() -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        strict = await at.open(require="session", proposal={"content": "another"})

        def other(payload: dict[str, Any]) -> dict[str, Any]:
            payload["actions"][0]["value"] = f"{strict.id}|{strict.content_hash}"
            return payload

        held = await at.slack.click(at.alice, message, APPROVE, hold=True)
        held.payload = other(held.payload)
        await at.slack.send(held)
        await at.word(at.alice, "signed in")
        assert (await at.now(strict)).decisions == (await at.now(request)).decisions == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.partition("|")[0] + "|" + "0" * 64,
        lambda value: "req_000000000000000000000000|" + "0" * 64,
        lambda value: "nonsense",
        lambda value: "|",
    ],
)
async def test_a_button_that_is_none_of_ours_changes_nothing(change: Any) -> None:
    async with office() as at:
        request = await at.open()
        held = await at.slack.click(at.alice, await at.message(), APPROVE, hold=True)
        action = held.payload["actions"][0]
        action["value"] = change(action["value"])
        assert (await at.slack.send(held)).acknowledged
        assert (await at.now(request)).decisions == ()


def _as_bob(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "user": {**payload["user"], "id": "U0BOB"}}


NOT_SLACK = {
    "forged": (FORGED, 401),
    "unsigned": (UNSIGNED, 401),
    "stale": (STALE, 401),
    "from the future": (How(age=-360.0), 401),
    "tampered": (tampered(_as_bob), 401),
    "another team": (ANOTHER_TEAM, 403),
}


@pytest.mark.parametrize("what", NOT_SLACK)
async def test_a_click_that_slack_did_not_send_is_refused(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    how, status = NOT_SLACK[what]
    async with office(way="http") as at:
        request = await at.open()
        message = await at.message()
        with caplog.at_level(logging.WARNING, "handrail"):
            delivery = await at.slack.click(at.alice, message, APPROVE, how=how)
        assert (delivery.acknowledged, delivery.status) == (False, status)
        assert "refused" in caplog.text
        assert (await at.now(request)).decisions == ()
        assert at.slack.ephemerals(at.alice) == []


@pytest.mark.parametrize("what", NOT_SLACK)
async def test_a_word_a_modal_and_a_command_that_slack_did_not_send_are_refused(what: str) -> None:
    how, status = NOT_SLACK[what]
    if what == "tampered":
        how = tampered(lambda payload: {**payload, "token": "other"})
    async with office(way="http") as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        await at.modal(at.alice, message, "reject")
        sent = [
            await at.slack.type(at.alice, at.deploys, "hello", message.ts, how=how),
            await at.slack.submit(at.alice, {"comment": {"value": "no"}}, how=how),
            await at.slack.command(at.alice, "/handrail", how=how),
        ]
        assert [each.status for each in sent if each] == [status] * 3
        now = await at.now(request)
        assert (now.decisions, now.version) == ((), request.version)
        assert await at.comments(request) == []


async def test_another_team_is_refused_over_a_socket() -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        at.slack.patience = 0.5
        delivery = await at.slack.click(at.alice, message, APPROVE, how=ANOTHER_TEAM)
        assert not delivery.acknowledged
        assert (await at.now(request)).decisions == ()


async def test_the_very_bytes_again_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with office(way="http") as at:
        request = await at.open(audience=["alice", "bob"], quorum="all")
        message = await at.message()
        first = await at.slack.click(at.alice, message, APPROVE)
        await at.slack.click(at.alice, message, BUTTON["abstain"])
        again = await at.slack.replay(first)
        assert again.acknowledged
        assert "received before" in caplog.text
        assert decisions(await at.now(request)) == [("alice", "abstain")]


async def test_the_very_bytes_of_a_word_a_modal_and_a_command_again_change_nothing() -> None:
    async with office(way="http") as at:
        request = await at.open(audience=["alice", "bob"], quorum="all")
        message = await at.message()
        await at.settled(request)
        said = await at.slack.type(at.alice, at.deploys, "hello", message.ts)
        await at.modal(at.alice, message, "request_changes")
        sent = await at.slack.submit(at.alice, {"comment": {"value": "shorter"}})
        listed = await at.slack.command(at.bob, "/handrail")
        now = await at.now(request)
        for delivery in (said, sent, listed):
            assert delivery is not None
            assert (await at.slack.replay(delivery)).acknowledged
        assert (await at.now(request)).version == now.version
        assert await at.comments(request) == [("alice", "hello")]
        assert decisions(now) == [("alice", "request_changes")]


async def test_what_waits_in_line_is_told_to_nobody_and_can_not_be_decided() -> None:
    async with office() as at:
        pool = Pool(("alice",), 1)
        first = await at.open("slack", pool=pool, proposal={"content": "first"})
        message = await at.message(at.slack.direct(at.alice))
        second = await at.open("slack", pool=pool, proposal={"content": "second"})
        assert (await at.now(second)).in_line
        held = await at.slack.click(at.alice, message, APPROVE, hold=True)
        held.payload["actions"][0]["value"] = f"{second.id}|{second.content_hash}"
        await at.slack.send(held)
        await at.word(at.alice, "It waits until one of its workers has room")
        assert len(at.posted(at.slack.direct(at.alice))) == 1
        await at.slack.click(at.alice, message, APPROVE)
        await at.decided(first)
        later = await at.message(at.slack.direct(at.alice), 1)
        await at.slack.click(at.alice, later, APPROVE)
        assert decisions(await at.decided(second)) == [("alice", "approve")]


@pytest.mark.parametrize("way", WAYS)
async def test_the_button_that_opens_the_page_is_acknowledged_and_does_nothing_else(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        message = await at.message()
        assert (await at.slack.click(at.dave, message, "handrail:open")).acknowledged
        await at.app.inbox.decide(request.id, "approve", actor=Actor("carol"))
        await at.shows(message, "carol approved")
        assert (await at.slack.click(at.dave, message, "handrail:open:0")).acknowledged
        assert at.slack.ephemerals(at.dave) == []


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_refused_once_stays_refused(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open(audience="bob")
        first = await at.slack.click(at.alice, await at.message(), APPROVE)
        await at.word(at.alice, "This asks bob")
        await at.app.inbox.reassign(request.id, actor=Actor("carol"), to=Audience(("alice",)))
        await at.slack.redeliver(first, 3)
        assert (await at.now(request)).decisions == ()


@pytest.mark.parametrize("way", WAYS)
async def test_five_deliveries_of_a_click_are_one_decision(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open(audience=["alice", "bob"], quorum="all")
        delivery = await at.slack.click(at.alice, await at.message(), APPROVE, times=5)
        assert all(each.acknowledged for each in (delivery, *delivery.repeats))
        assert decisions(await at.now(request)) == [("alice", "approve")]
        assert at.slack.ephemerals(at.alice) == []


@pytest.mark.parametrize("way", WAYS)
async def test_five_deliveries_of_a_modal_are_one_decision(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        await at.modal(at.alice, await at.message(), "reject")
        delivery = await at.slack.submit(at.alice, {"comment": {"value": "no"}}, times=5)
        assert all(each.acknowledged for each in (delivery, *delivery.repeats))
        assert decisions(await at.now(request)) == [("alice", "reject")]
        assert at.slack.open_view(at.alice) is None


async def test_a_response_url_that_has_expired_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with office() as at:
        held = await at.slack.click(at.dave, await at.opened(), APPROVE, hold=True)
        at.slack.clock.turn(31 * 60)
        assert (await at.slack.send(held)).acknowledged
        await at.slack.until(lambda: "could not be said" in caplog.text or "was refused: 404" in caplog.text)


async def test_the_address_is_verified_and_says_nothing_to_others() -> None:
    async with office(way="http") as at, aiohttp.ClientSession() as session:
        assert await at.slack.verify_url()
        url = at.slack.app_url or ""
        challenge = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
        bodies = {b"": 401, b"{}": 401, challenge: 401, b"\xff\xfe": 401, b"x" * (2 * 2**20): 413}
        for body, status in bodies.items():
            async with session.post(url, data=io.BytesIO(body)) as answer:
                said = await answer.text()
                assert answer.status == status, body[:10]
                assert "abc" not in said
                assert len(said) < 300
        odd = {"x-slack-request-timestamp": "soon", "x-slack-signature": "v0=é"}
        for headers in (odd, odd | {"x-slack-request-timestamp": str(int(time.time()))}):
            async with session.post(url, data=challenge, headers=headers) as answer:
                assert answer.status == 401
        for method in ("GET", "PUT", "DELETE", "HEAD"):
            async with session.request(method, url) as answer:
                assert answer.status == 405


@pytest.mark.parametrize(
    "body", ["[]", "null", "1", '{"type": "event_callback"}', '{"payload": 1}', "payload=%5B%5D"]
)
async def test_what_is_signed_and_makes_no_sense_is_no_trouble(body: str) -> None:
    async with office(way="http") as at, aiohttp.ClientSession() as session:
        answer = await at.post(session, body)
        assert answer in (400, 403, 404)
        assert text_of(await at.opened())
