"""Processes that carry requests to Slack are killed at every instant that matters: nothing is lost, and nothing is
shown twice where Slack can be asked what it has.
"""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from handrail import Actor
from handrail.requests.decision import Decision
from handrail.requests.request import HumanRequest
from tests.support.slack import Message
from tests.support.slack_office import BUTTON, text_of
from tests.support.slack_site import LATER, SlackSite, slack_site
from tests.support.web_process import Served

pytestmark = pytest.mark.journey

DELIVERING = ("deliver:before", "deliver:sent", "deliver:after")


def answers(message: Message) -> list[str]:
    """Return the buttons by which one decides."""
    return [button for button in message.buttons if not button.startswith("handrail:open")]


def typed_into(view: dict[str, Any]) -> str:
    """Return the block of a modal in which one types."""
    return next(str(block["block_id"]) for block in view["blocks"] if block["type"] == "input")


def typed_in(view: dict[str, Any]) -> str:
    """Return the element in that block."""
    return next(str(block["element"]["action_id"]) for block in view["blocks"] if block["type"] == "input")


# -- between sending and storing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("point", DELIVERING)
async def test_a_request_is_posted_once_wherever_its_worker_dies(point: str, tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        dies = at.worker(kill_at=point)
        await at.ready(dies)
        request = await at.open()
        assert await at.dead(dies) == -signal.SIGKILL
        await at.ready(at.worker(ahead=LATER), 1)
        message = (await at.sent())[-1]  # the first one: what was found is made true once more
        assert at.seen() == {message.id: 1}
        (posted,) = at.posted()
        await at.slack.click(at.alice, posted, BUTTON["approve"])
        await at.decided(request)
        await at.slack.until(lambda: not answers(posted))


@pytest.mark.parametrize("point", DELIVERING)
async def test_a_comment_is_said_once_to_each_wherever_the_worker_dies(point: str, tmp_path: Path) -> None:
    """The second direct message is the one that is cut off: Slack is asked for the thread there, not elsewhere."""
    async with slack_site(tmp_path) as at:
        first = at.worker()
        await at.ready(first)
        request = await at.open("slack:@alice", "slack:@bob")
        await at.sent(2)
        await at.kill(first)
        await at.app.inbox.comment(request.id, "is it tested?", actor=Actor("carol"))
        dies = at.worker(kill_at=f"{point}@2")
        assert await at.dead(dies) == -signal.SIGKILL
        await at.ready(at.worker(ahead=LATER), 1)
        await at.sent(4)
        assert set(at.seen().values()) == {1}
        for person in (at.alice, at.bob):
            (reply,) = at.replies(at.slack.direct(person))
            assert "is it tested?" in text_of(reply)


async def test_what_slack_has_and_answered_to_nobody_is_not_posted_again(tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        at.slack.drop_next("chat.postMessage", done=True)
        await at.ready(at.worker(fast=10))
        await at.open()
        message = (await at.sent())[-1]  # the first one: what was found is made true once more
        assert at.seen() == {message.id: 1}
        assert message.attempts > 0


async def test_a_worker_that_dies_while_slack_answers_leaves_one_message(tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        hold = at.slack.hold_next("chat.postMessage", done=True)
        dies = at.worker()
        await at.ready(dies)
        request = await at.open()
        await at.slack.until(lambda: hold.reached, 60.0)
        await at.kill(dies)
        hold.release()
        await at.ready(at.worker(ahead=LATER), 1)
        message = (await at.sent())[-1]  # the first one: what was found is made true once more
        assert at.seen() == {message.id: 1}
        hold = at.slack.hold_next("chat.postMessage", done=True)
        await at.app.inbox.comment(request.id, "once", actor=Actor("bob"))
        await at.slack.until(lambda: hold.reached, 60.0)
        hold.release()
        await at.sent(2)
        assert len(at.replies()) == 1


async def _posted_twice(at: SlackSite) -> tuple[HumanRequest, Message, Message]:
    """Let a worker die between sending and storing, where nobody can be asked, and another one go on."""
    dies = at.worker(kill_at="deliver:sent")
    await at.ready(dies)
    request = await at.open()
    assert await at.dead(dies) == -signal.SIGKILL
    at.slack.state.app.scopes -= {"channels:history", "groups:history"}
    await at.ready(at.worker(ahead=LATER), 1)
    await at.sent()
    first, second = at.posted()
    return request, first, second


async def test_where_nobody_can_be_asked_it_may_stand_twice_and_both_close_when_the_other_is_pressed(
    tmp_path: Path,
) -> None:
    async with slack_site(tmp_path) as at:
        request, unknown, known = await _posted_twice(at)
        await at.slack.click(at.alice, unknown, BUTTON["approve"])
        await at.decided(request)
        await at.slack.until(lambda: not answers(unknown) and not answers(known), 30.0)
        assert "alice" in text_of(unknown)
        assert "alice" in text_of(known)


async def test_a_comment_after_a_repetition_was_pressed_is_said_once_in_each_thread(tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        request, unknown, known = await _posted_twice(at)
        await at.slack.click(at.dave, unknown, BUTTON["approve"])  # a stranger: nothing is decided
        await at.until(lambda tx: len(tx.sent(request.id, "slack")) == 2)
        await at.app.inbox.comment(request.id, "which one?", actor=Actor("bob"))
        await at.sent(3)
        threads = [reply.thread_ts for reply in at.replies()]
        assert len(threads) == len(set(threads)) > 0
        assert (await at.now(request)).status == "OPEN"
        await at.slack.click(at.alice, known, BUTTON["approve"])
        await at.slack.until(lambda: not answers(unknown) and not answers(known), 30.0)


async def test_a_reply_to_a_message_that_nobody_has_noted_is_a_comment(tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        dies = at.worker(kill_at="deliver:sent")
        await at.ready(dies)
        request = await at.open()
        assert await at.dead(dies) == -signal.SIGKILL
        await at.ready(at.worker(), 1)  # what the dead one had taken isn't due again yet
        (posted,) = at.posted()
        said = await at.slack.type(at.bob, at.deploys, "wait for me", thread_ts=posted.ts)
        assert said is not None
        assert said.acknowledged
        await at.until(lambda tx: any(each.occasion == "commented" for each in tx.messages(request.id, 9)))
        assert await at.app.store.read(lambda tx: tx.sent_at("slack", f"{posted.channel}/{posted.ts}"))


# -- between click and answer -------------------------------------------------------------------------------------


async def _asked(at: SlackSite, *channels: str, **options: Any) -> tuple[HumanRequest, Message]:
    """Return an open request and its message; whoever posted it has died."""
    first = at.worker()
    await at.ready(first)
    request = await at.open(*channels, **options)
    await at.sent()
    await at.kill(first)
    await at.slack.until(lambda: not at.slack.connections, 30.0)
    return request, at.posted()[0]


async def _decided_once(at: SlackSite, request: HumanRequest, posted: Message) -> Decision:
    """Return the one decision of a request; its message closes, and nothing stands in Slack twice."""
    (decision,) = (await at.decided(request)).decisions
    await at.slack.until(lambda: not answers(posted), 30.0)
    await at.sent(2)
    assert set(at.seen().values()) == {1}
    assert decision.actor == "alice"
    return decision


@pytest.mark.parametrize("point", ["decide:before", "decide:after"])
async def test_pressing_again_after_a_crash_comes_to_one_decision(point: str, tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        request, posted = await _asked(at)
        dies = at.worker(kill_at=point)
        await at.ready(dies, 1)
        lost = await at.slack.click(at.alice, posted, BUTTON["approve"])
        assert not lost.acknowledged
        assert await at.dead(dies) == -signal.SIGKILL
        assert bool((await at.now(request)).decisions) is (point == "decide:after")
        again = at.slack.click(at.alice, posted, BUTTON["approve"], hold=True)
        await at.ready(at.worker(), 1)
        assert (await at.slack.send(await again)).acknowledged
        await _decided_once(at, request, posted)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("point", ["commit:before", "commit:after"])
async def test_whatever_commit_a_worker_dies_at_one_decision_comes_of_it(
    point: str, count: int, tmp_path: Path
) -> None:
    """Some of these commits belong to the start of the worker, one to the decision, the others to its message."""
    async with slack_site(tmp_path) as at:
        request, posted = await _asked(at)
        dies = at.worker(kill_at=f"{point}@{count}")
        clicks = [await at.slack.click(at.alice, posted, BUTTON["approve"], hold=True) for _ in range(2)]
        if await at.begun(dies):
            await at.slack.until(lambda: at.slack.connections or dies.poll() is not None, 60.0)
            await at.slack.send(clicks[0])
        await at.kill(dies)
        await at.slack.until(lambda: not at.slack.connections, 30.0)
        await at.ready(at.worker(ahead=LATER), 1)
        assert (await at.slack.send(clicks[1])).acknowledged
        await _decided_once(at, request, posted)


async def test_a_modal_opened_before_a_crash_is_sent_to_another_process(tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        request, posted = await _asked(at)
        dies = at.worker(kill_at="decide:before")
        await at.ready(dies, 1)
        await at.slack.click(at.alice, posted, BUTTON["request_changes"])
        view = await at.slack.until(lambda: at.slack.open_view(at.alice))
        typed = {typed_into(view): {typed_in(view): "shorter"}}
        lost = await at.slack.submit(at.alice, typed)
        assert not lost.acknowledged
        assert at.slack.troubles(at.alice)
        assert await at.dead(dies) == -signal.SIGKILL
        await at.ready(at.worker(), 1)
        assert (await at.slack.submit(at.alice, typed)).acknowledged
        decision = await _decided_once(at, request, posted)
        assert (decision.verb, decision.comment) == ("request_changes", "shorter")


async def test_a_server_that_is_killed_at_a_click_decides_it_when_it_is_pressed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with slack_site(tmp_path) as at:
        monkeypatch.setenv("SLACK_BOT_TOKEN", at.slack.bot_token)
        monkeypatch.setenv("SLACK_API_URL", at.slack.api_url)
        monkeypatch.setenv("SLACK_SIGNING_SECRET", at.slack.signing_secret)
        served = Served(tmp_path)
        at.slack.app_url = f"{served.url}/channels/slack"
        await served.start("tests.support.slack_web_app:app")
        try:
            request = await at.open()
            await at.sent()
            (posted,) = at.posted()
            hold = at.slack.hold_next("users.info")
            pressed = asyncio.create_task(at.slack.click(at.alice, posted, BUTTON["approve"]))
            await at.slack.until(lambda: hold.reached, 60.0)
            await served.stop(signal.SIGKILL)
            assert not (await pressed).acknowledged
            hold.release()
            assert not (await at.now(request)).decisions
            await served.start("tests.support.slack_web_app:app")
            assert (await at.slack.click(at.alice, posted, BUTTON["approve"])).acknowledged
            await _decided_once(at, request, posted)
        finally:
            await served.stop()


# -- two workers --------------------------------------------------------------------------------------------------


async def test_what_comes_five_times_and_out_of_order_to_two_workers_counts_once(tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        workers = [at.worker(), at.worker()]
        for worker in workers:
            await at.ready(worker)
        await at.slack.until(lambda: at.slack.connections == 2, 60.0)
        request = await at.open(audience=["alice", "bob"], quorum="all")
        await at.sent()
        (posted,) = at.posted()
        held = [
            await at.slack.type(at.bob, at.deploys, text, thread_ts=posted.ts, hold=True)
            for text in ("first", "second")
        ]
        click = await at.slack.click(at.bob, posted, BUTTON["approve"], hold=True)
        for each in (held[1], click, held[0]):
            assert each is not None
            copies = await at.slack.redeliver(each, 5)
            assert all(copy.acknowledged for copy in copies)
        now = await at.now(request)
        assert [(decision.actor, decision.verb) for decision in now.decisions] == [("bob", "approve")]
        await at.slack.click(at.alice, posted, BUTTON["request_changes"], times=5)
        view = await at.slack.until(lambda: at.slack.open_view(at.alice))
        assert not at.slack.ephemerals(at.alice)
        sent = await at.slack.submit(at.alice, {typed_into(view): {typed_in(view): "shorter"}}, times=5)
        assert all(each.acknowledged for each in (sent, *sent.repeats))
        ended = await at.decided(request)
        assert len(ended.decisions) == 2
        await at.slack.redeliver(click, 5)
        await at.slack.redeliver(sent, 5)
        assert await at.now(request) == ended
        comments = at.site.rows("SELECT data FROM event WHERE kind = 'commented' ORDER BY sequence")
        assert [json.loads(data)["text"] for (data,) in comments] == ["second", "first"]
        await at.sent()
        assert not at.replies()  # what was said in the thread isn't said there again
        assert set(at.seen().values()) == {1}
        assert not at.slack.troubles(at.alice) + at.slack.troubles(at.bob)


async def test_of_two_workers_one_is_killed_and_nothing_is_lost(tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        dies = at.worker()
        await at.ready(dies, 1)
        await at.ready(at.worker(ahead=LATER), 2)
        at.slack.rate.on = False
        before = [await at.open(title=f"{number}") for number in range(15)]
        await at.slack.until(lambda: len(at.posted()) >= 5, 60.0)
        await at.kill(dies)
        await at.slack.until(lambda: at.slack.connections == 1, 30.0)
        after = [await at.open(title=f"{number}") for number in range(15, 20)]
        await at.ready(at.worker(ahead=2 * LATER), 2)
        await at.sent(20)
        assert sorted(at.seen().values()) == [1] * 20
        for posted in at.posted():
            pressed = await at.slack.click(at.alice, posted, BUTTON["approve"])
            assert pressed.acknowledged
        for request in (*before, *after):
            assert len((await at.decided(request)).decisions) == 1
        await at.slack.until(lambda: not any(answers(each) for each in at.posted()), 60.0)


async def test_an_event_that_a_dying_worker_got_is_told_again_and_counts(tmp_path: Path) -> None:
    async with slack_site(tmp_path) as at:
        request, posted = await _asked(at)
        dies = at.worker()
        await at.ready(dies, 1)
        dies.send_signal(signal.SIGSTOP)
        said = asyncio.create_task(at.slack.type(at.bob, at.deploys, "wait", thread_ts=posted.ts))
        await at.slack.until(lambda: len(at.slack.deliveries) == 1)
        await at.kill(dies)
        lost = await said
        assert lost is not None
        assert not lost.acknowledged
        await at.ready(at.worker(), 1)
        again = await at.slack.retry(lost)
        assert again is not None
        assert again.acknowledged
        comments = at.site.rows("SELECT data FROM event WHERE kind = 'commented'")
        assert len(comments) == 1
        assert (await at.now(request)).status == "OPEN"
