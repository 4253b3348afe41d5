"""Trying messages again: by whom, which, and what stays as it is; and what is said of those that are stuck."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handrail.inbox import retrying
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.messages import page
from handrail.inbox.outbox import ATTEMPTS, RESERVED, Outbox
from handrail.inbox.ports import Message, MessageFilter
from handrail.inbox.retrying import retry, retry_all
from handrail.inbox.undelivered import UNTRIED, undelivered
from handrail.requests.decision import Actor
from handrail.requests.errors import ChannelDown, ChannelError, Conflict, InvalidInput, UnknownId
from handrail.testing.clock import START
from tests.support.requests_desk import Desk, desk

ROOT = Actor("root")


class Post(Channel):
    """A channel that keeps what it delivers, and raises what it is given to raise as long as that is there."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.delivered: list[Message] = []
        self.asked: list[Message] = []

    async def deliver(self, delivery: Delivery) -> str:
        if self.error is not None:
            raise self.error
        self.delivered.append(delivery.message)
        return delivery.message.id

    async def find(self, delivery: Delivery) -> tuple[str, ...]:
        self.asked.append(delivery.message)
        return ()


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


async def given_up(opened: Desk, number: int = 1, channel: str = "post") -> list[Message]:
    """Store messages that were given up."""
    for _ in range(number):
        await opened.open(channels=[channel])

    def give_up(tx: Any) -> None:
        for message in tx.find_messages(MessageFilter("pending", channel), None, 10_000):
            tx.update_message(replace(message, state="failed", attempts=ATTEMPTS, error="channel_not_found"))

    await opened.app.store.do(give_up)
    return await opened.app.store.read(lambda tx: tx.find_messages(MessageFilter("failed"), None, 10_000))


async def stored(opened: Desk, message: Message) -> Message:
    found = await opened.app.store.read(lambda tx: tx.message(message.id))
    assert found is not None
    return found


async def said(opened: Desk, *carried: str, certain: bool = True) -> list[str]:
    now = opened.clock.now()
    return await opened.app.store.read(undelivered, carried=carried, certain=certain, now=now)


async def test_a_message_that_was_given_up_is_delivered_once_it_is_tried_again() -> None:
    async with desk() as opened:
        (message,) = await given_up(opened)
        rung = asyncio.Event()
        opened.app.store.listen(lambda signals: ("message", "post") in signals and rung.set())
        again = await opened.app.store.do(retry, message_id=message.id, actor=ROOT, now=opened.clock.now())
        assert (again.state, again.attempts, again.error) == ("pending", 1, "channel_not_found")
        async with asyncio.timeout(20):  # whoever carries it looks at once
            await rung.wait()
        post = Post()
        assert await Outbox(opened.app.store, {"post": post}, opened.clock).deliver_due() == 1
        assert [each.id for each in post.delivered] == [message.id]
        assert [each.id for each in post.asked] == [message.id], "it may have arrived before"
        assert (await stored(opened, message)).state == "sent"


async def test_one_that_fails_again_has_all_its_tries_again() -> None:
    async with desk() as opened:
        (message,) = await given_up(opened)
        await opened.app.store.do(retry, message_id=message.id, actor=ROOT, now=opened.clock.now())
        post = Post(ChannelError("is_archived"))
        await Outbox(opened.app.store, {"post": post}, opened.clock).deliver_due()
        failed = await stored(opened, message)
        assert (failed.state, failed.attempts, failed.error) == ("pending", 2, "is_archived")


async def test_what_was_delivered_or_never_was_is_refused() -> None:
    async with desk() as opened:
        await opened.open(channels=["post"])
        await Outbox(opened.app.store, {"post": Post()}, opened.clock).deliver_due()
        (message,) = await opened.messages()
        now = opened.clock.now()
        with pytest.raises(Conflict, match="was delivered"):
            await opened.app.store.do(retry, message_id=message.id, actor=ROOT, now=now)
        with pytest.raises(UnknownId, match="no message 'msg_none'"):
            await opened.app.store.do(retry, message_id="msg_none", actor=ROOT, now=now)


async def test_what_waits_long_is_due_now_and_what_may_be_on_its_way_stays() -> None:
    async with desk() as opened:
        await opened.open(channels=["post"])
        (message,) = await opened.messages()
        now = opened.clock.now()
        for later, moved in ((RESERVED, False), (RESERVED + timedelta(seconds=1), True)):
            waiting = replace(message, due_at=now + later, attempts=7)
            await opened.app.store.do(lambda tx, one: tx.update_message(one), waiting)
            again = await opened.app.store.do(retry, message_id=message.id, actor=ROOT, now=now)
            assert again == (replace(waiting, due_at=now) if moved else waiting)


async def test_all_are_tried_again_by_channel_and_state_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "AT_ONCE", 2)
    async with desk() as opened:
        await given_up(opened, 5)
        await given_up(opened, 1, "other")
        now, store = opened.clock.now(), opened.app.store
        assert await retry_all(store, MessageFilter(channel="post"), actor=ROOT, now=now) == 5
        assert [each.state for each in await opened.messages()] == ["failed", *["pending"] * 5]
        assert await retry_all(store, MessageFilter(), actor=ROOT, now=now) == 1
        assert await retry_all(store, MessageFilter(), actor=ROOT, now=now) == 0
        assert await retry_all(store, MessageFilter("pending"), actor=ROOT, now=now) == 0, "they are due"
        early = now - timedelta(hours=1)
        assert await retry_all(store, MessageFilter("pending"), actor=ROOT, now=early) == 6


async def test_who_had_messages_tried_again_is_in_the_log_which_still_fits() -> None:
    async with desk() as opened:
        (message,) = await given_up(opened)
        await opened.app.store.do(retry, message_id=message.id, actor=ROOT, now=opened.clock.now())
        await given_up(opened, 3)
        await retry_all(opened.app.store, MessageFilter(channel="post"), actor=ROOT, now=opened.clock.now())
        lines = await opened.app.store.read(lambda tx: tx.log(0, 100))
        told = [(line.actor, line.request_id) for line in lines if line.kind == "messages_retried"]
        assert told == [("root", None), ("root", None)]
        await opened.check_log()


async def test_pages_of_messages_go_on_and_a_strange_cursor_is_refused() -> None:
    async with desk() as opened:
        for _ in range(5):
            await opened.open(channels=["post"])
        seen, cursor = [], None
        while True:
            found = await page(opened.app.store, MessageFilter("pending"), after=cursor, limit=2)
            seen += [message.id for message in found.messages]
            if (cursor := found.next) is None:
                break
        assert seen == sorted({message.id for message in await opened.messages()}, reverse=True)
        with pytest.raises(InvalidInput, match="cursor"):
            await page(opened.app.store, MessageFilter(), after="x")


async def test_who_votes_blind_does_not_learn_from_messages_that_others_have_voted() -> None:
    async with desk() as opened:
        options = {"audience": ["ann", "bob"], "quorum": "all", "blind": True, "channels": ["post"]}
        request = await opened.open(**options)
        await opened.decide(request, "ann", "approve")

        async def seen(viewer: str) -> list[str]:
            found = await page(opened.app.store, MessageFilter(), viewer=viewer)
            return [message.occasion for message in found.messages]

        assert await seen("bob") == ["opened"]
        assert await seen("ann") == ["decided", "opened"]


# -- what is stuck ------------------------------------------------------------------------------------------------


async def test_messages_that_nobody_carries_are_told() -> None:
    async with desk() as opened:
        for _ in range(3):
            await opened.open(channels=["slack:#deploys"])
        told = "3 messages wait for the channel 'slack', which this app doesn't carry: "
        assert await said(opened, "mail") == [told + 'App(channels=["slack"]) or HANDRAIL_CHANNELS=slack']
        assert await said(opened, "slack") == []


async def test_of_an_app_that_isnt_known_it_counts_that_nobody_has_tried() -> None:
    async with desk() as opened:
        await opened.open(channels=["slack"])
        assert await said(opened, certain=False) == []
        opened.clock.turn(UNTRIED.total_seconds() + 1)
        (problem,) = await said(opened, certain=False)
        assert problem.startswith("1 message waits for the channel 'slack'")


async def test_what_is_tried_in_vain_or_was_given_up_is_told_with_the_channels_words() -> None:
    async with desk() as opened:
        await opened.open(channels=["post"])
        down = Post(ChannelDown("can't reach slack.com"))
        await Outbox(opened.app.store, {"post": down}, opened.clock).deliver_due()
        (problem,) = await said(opened, "post")
        (message,) = await opened.messages()
        told = f"1 message waits for the channel 'post': {message.id} was tried in vain once, can't reach slack.com"
        assert problem == told
        await given_up(opened)
        problems = await said(opened, "post")
        assert any("given up by the channel 'post': `handrail outbox --failed`" in each for each in problems)


async def test_an_outbox_says_which_channels_rest() -> None:
    async with desk() as opened:
        await opened.open(channels=["post"])
        carrying = Outbox(
            opened.app.store, {"post": Post(ChannelDown("down")), "other": Post()}, opened.clock
        )
        assert carrying.resting() == {}
        await carrying.deliver_due()
        assert set(carrying.resting()) == {"post"}
        assert carrying.resting()["post"] > START
        opened.clock.turn(3600)
        assert carrying.resting() == {}


async def test_only_words_of_the_channel_are_kept_of_an_error() -> None:
    async with desk() as opened:
        await opened.open(channels=["post"])
        broken = Post(RuntimeError("the text of the post was: secret"))
        await Outbox(opened.app.store, {"post": broken}, opened.clock).deliver_due()
        (message,) = await opened.messages()
        assert message.error == "RuntimeError"
