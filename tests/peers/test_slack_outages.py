"""Slack down, slow, limited, or refusing: everything waits, is told in `handrail outbox` what it waits for, and is
posted once in the end.
"""

import asyncio
import gc
import logging
from collections import Counter
from typing import Any, Literal

import pytest

from handrail import Actor, FunctionNode, HumanApprovalNode
from handrail.inbox.channel import Channel as Carrier
from handrail.inbox.channel import Delivery
from tests.support.slack import Channel, Message, SlackServer
from tests.support.slack_office import BUTTON, Office, office, text_of
from tests.support.slack_site import seen
from tests.support.slack_time import all_sent, error_says, hours

HOUR = 3600.0
DAVE = Actor("dave")


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Slack's own code logs each attempt with its traceback."""
    caplog.set_level(logging.CRITICAL)


class Mail(Carrier):
    """Another channel."""

    follows = False

    def __init__(self) -> None:
        self.told: list[str] = []

    async def deliver(self, delivery: Delivery) -> None:
        self.told.append(delivery.message.id)


def thread(at: Office, posted: Message, room: Channel | None = None) -> list[str]:
    """Return what was said beneath a message, in order."""
    found = at.slack.messages(room or at.deploys)
    return [text_of(each) for each in found if each.thread_ts == posted.ts != each.ts]


def of(at: Office, title: str) -> Message:
    """Return the message of a request."""
    (found,) = (each for each in at.posted() if title in text_of(each))
    return found


def closed(message: Message) -> bool:
    return not [button for button in message.buttons if not button.startswith("handrail:open")]


# -- down ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["refused", "unavailable"])
async def test_after_an_hour_without_slack_everything_is_there_once_and_in_order(
    how: Literal["refused", "unavailable"],
) -> None:
    async with hours() as time:
        at, inbox = time.at, time.at.app.inbox
        publish = FunctionNode(lambda x: x, name="draft") | HumanApprovalNode(
            title="in a run", channels=["slack:#deploys"]
        )
        before, going_on = await at.open(title="before"), await at.open(title="going on")
        await at.settled(before)
        await at.settled(going_on)
        connected = at.slack.connected
        await at.slack.down(how)
        await inbox.comment(going_on.id, "one", actor=DAVE)
        await inbox.decide(before.id, "approve", actor=DAVE)
        during = await at.open(title="during", reminders=[600])
        await inbox.comment(during.id, "two", actor=DAVE)
        over = await at.open(title="over")
        await inbox.decide(over.id, "reject", actor=DAVE)
        await time.until(error_says("Slack"))
        run = asyncio.create_task(at.app.execute(publish, {"content": "text"}, "during"))
        await at.until(lambda tx: any("in a run" in each.draft.title for each in _open(tx)))
        (asked,) = [each for each in await at.app.store.read(_open) if each.draft.title == "in a run"]
        await inbox.decide(asked.id, "approve", actor=DAVE)
        assert (await run)["approved"]
        for _ in range(60):
            time.pass_by(HOUR / 60)
            await asyncio.sleep(0.01)
        await inbox.comment(during.id, "three", actor=DAVE)
        assert len(at.posted()) == 2
        messages = await at.app.store.read(lambda tx: tx.messages(None, 1000))
        assert {each.state for each in messages} == {"sent", "pending"}
        await at.slack.up()
        await time.all_sent()
        assert set(seen(at.slack).values()) == {1}
        assert [each.split("\n")[0] for each in map(text_of, at.posted())]
        assert len(at.posted()) == 3
        assert closed(of(at, "before"))
        assert "dave" in text_of(of(at, "before"))
        (said,) = thread(at, of(at, "going on"))
        assert "one" in said
        said_during = thread(at, of(at, "during"))
        assert "two" in said_during[0]
        assert "three" in said_during[-1]
        assert len(said_during) == 3
        await at.slack.until(lambda: at.slack.connections == 1, 60.0)
        assert at.slack.connected > connected
        await at.slack.click(at.alice, of(at, "during"), BUTTON["approve"])
        await at.decided(during)
        await time.all_sent()
        assert closed(of(at, "during"))


def _open(tx: Any) -> list[Any]:
    ids = {each.request_id for each in tx.messages(None, 1000)}
    return [request for each in ids if not (request := tx.request(each)).ended]


async def test_a_comment_that_comes_before_its_request_could_be_posted_is_said_to_everybody() -> None:
    async with hours() as time:
        at = time.at
        await at.slack.down()
        request = await at.open("slack", audience=["alice", "bob"])
        await at.app.inbox.comment(request.id, "look at page 2", actor=Actor("bob"))
        await time.until(error_says("Slack"))
        await at.slack.up()
        await time.all_sent()
        for person in (at.alice, at.bob):
            first, said = at.slack.messages(at.slack.direct(person))
            assert said.thread_ts == first.ts
            assert "look at page 2" in text_of(said)


async def test_slack_that_is_down_at_the_start_is_connected_when_it_is_up() -> None:
    async with SlackServer() as slack:
        await slack.down()
        async with office(slack=slack, connected=False) as at:
            request = await at.open()
            await at.until(error_says("can't be reached"))
            await slack.up()
            await slack.until(lambda: slack.connections == 1, 60.0)
            await at.until(all_sent, 90.0)
            await slack.click(at.alice, await at.message(), BUTTON["approve"])
            await at.decided(request)


async def test_a_connection_that_is_lost_with_its_address_used_up_is_begun_anew() -> None:
    """Slack takes an address for a websocket once: what was got before it went away is worth nothing after."""
    async with office() as at:
        hold = at.slack.hold_next("apps.connections.open", done=True)
        await at.slack.break_off()
        await at.slack.until(lambda: hold.reached, 60.0)
        at.slack.state.tickets.clear()
        hold.release()
        await at.slack.until(lambda: at.slack.connections == 1, 60.0)
        request = await at.open()
        await at.slack.click(at.alice, await at.message(), BUTTON["approve"])
        await at.decided(request)


# -- refusals -----------------------------------------------------------------------------------------------------


async def test_a_revoked_token_lets_everything_wait_and_goes_on_by_itself() -> None:
    async with hours(channels={"mail": (mail := Mail())}) as time:
        at = time.at
        at.slack.revoke()
        requests = [await at.open("slack:#deploys", "mail") for _ in range(5)]
        await time.until(error_says("install the app anew"))
        await at.until(lambda _: len(mail.told) == 5)
        for _ in range(3 * 24):
            time.pass_by(HOUR)
            await asyncio.sleep(0.005)
        assert not at.posted()
        at.slack.grant()
        passed = await time.all_sent(step=1.0, most=60.0)
        assert passed <= 60.0
        assert len(at.posted()) == len(requests)
        assert set(seen(at.slack).values()) == {1}


async def _archive(at: Office, room: Channel) -> None:
    room.archived = True


async def _restore(at: Office, room: Channel) -> None:
    room.archived = False


async def _remove(at: Office, room: Channel) -> None:
    room.members.discard(at.slack.bot_user)


async def _invite(at: Office, room: Channel) -> None:
    room.members.add(at.slack.bot_user)


async def _rename(at: Office, room: Channel) -> None:
    room.name = "elsewhere"


async def _name_back(at: Office, room: Channel) -> None:
    room.name = "ops"


async def _take_scope(at: Office, room: Channel) -> None:
    at.slack.state.app.scopes -= {"chat:write"}


async def _give_scope(at: Office, room: Channel) -> None:
    at.slack.state.app.scopes |= {"chat:write"}


@pytest.mark.parametrize(
    ("spoil", "mend", "words", "elsewhere"),
    [
        (_archive, _restore, "is_archived", True),
        (_remove, _invite, "not_in_channel", True),
        (_rename, _name_back, "channel_not_found", True),
        (_take_scope, _give_scope, "missing_scope", False),
    ],
)
async def test_what_slack_refuses_is_visible_tried_again_and_holds_up_nothing_else(
    spoil: Any, mend: Any, words: str, elsewhere: bool
) -> None:
    async with hours() as time:
        at = time.at
        ops = at.slack.channel("C0OPS", "ops", [at.alice, at.bob])
        await spoil(at, ops)
        request = await at.open("slack:#ops")
        await time.until(error_says(words))
        other = await at.open()
        if elsewhere:
            await at.settled(other)
        await mend(at, ops)
        await time.all_sent(step=60.0, most=2 * HOUR)
        assert len(at.posted(ops)) == len(at.posted()) == 1
        assert set(seen(at.slack).values()) == {1}
        await at.slack.click(at.alice, at.posted(ops)[0], BUTTON["approve"])
        await at.decided(request)
        await time.all_sent()
        assert closed(at.posted(ops)[0])


async def test_a_message_in_a_room_that_is_archived_meanwhile_closes_when_that_is_restored() -> None:
    async with hours() as time:
        at = time.at
        request = await at.open()
        await at.settled(request)
        at.deploys.archived = True
        await at.app.inbox.decide(request.id, "approve", actor=DAVE)
        await time.until(error_says("archived"))
        at.deploys.archived = False
        await time.all_sent(step=60.0, most=2 * HOUR)
        assert closed(at.posted()[0])


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
async def test_a_message_that_can_not_be_changed_holds_up_nothing(code: str) -> None:
    async with hours() as time:
        at = time.at
        request = await at.open("slack:#deploys", "slack:@alice")
        await at.settled(request)
        at.slack.refuse_next("chat.update", code)
        await at.app.inbox.decide(request.id, "approve", actor=DAVE)
        await time.all_sent()
        direct = at.slack.messages(at.slack.direct(at.alice))
        assert sorted(closed(each) for each in (*at.posted(), *direct)) == [False, True]
        (left,) = [each for each in (*at.posted(), *direct) if not closed(each)]
        await at.slack.click(at.alice, left, BUTTON["approve"])
        assert "dave" in text_of(at.slack.ephemerals(at.alice)[-1])


async def test_a_message_deleted_by_hand_is_missed_by_nothing() -> None:
    async with hours() as time:
        at = time.at
        request = await at.open("slack:#deploys", "slack:@alice")
        await at.settled(request)
        at.posted()[0].deleted = True
        await at.app.inbox.comment(request.id, "still there?", actor=DAVE)
        await time.all_sent()
        await at.app.inbox.decide(request.id, "approve", actor=DAVE)
        await time.all_sent()
        first, said = at.slack.messages(at.slack.direct(at.alice))
        assert closed(first)
        assert "still there?" in text_of(said)
        assert not at.slack.messages(at.deploys)


# -- limits -------------------------------------------------------------------------------------------------------


def _kept(slack: SlackServer, method: str) -> int:
    """Return how often Slack asked for patience; nothing was called before that was over."""
    calls, refused = slack.calls(method), 0
    for number, call in enumerate(calls):
        if call.status == 429:
            refused += 1
            over = call.at + float(call.headers["Retry-After"])
            assert all(later.at >= over for later in calls[number + 1 :])
    return refused


@pytest.mark.timeout(300)
async def test_a_thousand_requests_at_once_are_all_there_once_within_the_limits() -> None:
    async with hours(channels={"mail": (mail := Mail())}) as time:
        at, people = time.at, []
        for number in range(20):
            name = f"person{number}"
            people.append(at.slack.user(f"U1P{number}", name, email=f"{name}@example.com"))
            await at.app.people.add(name, actor=Actor("root"), email=f"{name}@example.com")
        drafts = [
            ["slack:#deploys", f"slack:@person{number % 20}"] if number % 2 else ["slack:#deploys"]
            for number in range(1000)
        ]
        opened = [
            at.open(*channels, "mail", title=f"request {number}") for number, channels in enumerate(drafts)
        ]
        requests = await asyncio.gather(*opened)
        reached: dict[str, int] = {}

        def done(_: Any) -> bool:
            """Whether all is posted; note what the room had by when all direct messages were."""
            rooms = Counter(each.channel for each in at.slack.state.messages.posted)
            if rooms.total() - rooms[at.deploys.id] == 500:
                reached.setdefault("room", rooms[at.deploys.id])
            if len(mail.told) == 1000:
                reached.setdefault("all", rooms.total())
            return rooms.total() == 1500

        await time.until(done, step=1.0, most=3000.0, limit=240.0)
        await time.all_sent()
        assert len(at.posted()) == len(requests)
        assert Counter(map(_title, at.posted())) == Counter(f"request {number}" for number in range(1000))
        assert set(seen(at.slack).values()) == {1}
        assert sum(seen(at.slack).values()) == 1500
        assert len(mail.told) == 1000
        assert 0 < _kept(at.slack, "chat.postMessage") < 50
        assert reached["room"] < 500  # the room's limit holds up nobody else
        assert reached["all"] < 1500


def _title(message: Message) -> str:
    return next(line for line in text_of(message).split("\n") if line.startswith("request "))


async def test_a_limit_that_is_named_is_kept_for_all_and_is_no_attempt() -> None:
    async with hours() as time:
        at = time.at
        at.slack.limit_next("chat.postMessage", retry_after=120)
        requests = [await at.open(title=f"{number}") for number in range(3)]
        await at.until(error_says("takes no more"))
        passed = await time.all_sent(step=1.0)
        assert 120 <= passed < 200
        assert _kept(at.slack, "chat.postMessage") == 1
        for request in requests:
            (message,) = await at.messages(request)
            assert message.attempts == 1
        assert not at.slack.calls("conversations.history")


async def test_a_slow_slack_holds_up_no_other_channel() -> None:
    async with office(channels={"mail": (mail := Mail())}) as at:
        hold = at.slack.hold_next("chat.postMessage")
        await at.open("slack:#deploys", "mail")
        await at.slack.until(lambda: hold.reached)
        await at.open("slack:#deploys", "mail")
        await at.until(lambda _: len(mail.told) == 2)
        assert len(at.slack.calls("chat.postMessage")) == 1
        hold.release()
        await at.until(all_sent)


# -- the end ------------------------------------------------------------------------------------------------------


async def test_closing_in_the_midst_of_everything_ends_and_leaves_nothing_behind() -> None:
    async with SlackServer() as slack:
        before = asyncio.all_tasks()
        async with office(slack=slack) as at:
            request = await at.open()
            posted = await at.message()
            await at.settled(request)
            opening = slack.hold_next("views.open", done=False)
            pressed = asyncio.create_task(slack.click(at.alice, posted, BUTTON["edit"]))
            await slack.until(lambda: opening.reached)
            posting = slack.hold_next("chat.postMessage", done=False)
            await at.open()
            await slack.until(lambda: posting.reached)
            connecting = slack.hold_next("apps.connections.open", done=False)
            await slack.break_off()
            await pressed
            await slack.until(lambda: connecting.reached, 30.0)
            closing = asyncio.timeout(20.0)
            await closing.__aenter__()
        await closing.__aexit__(None, None, None)
        ours = [
            task.get_name()
            for task in asyncio.all_tasks() - before
            if "handrail" in task.get_name() or "slack_sdk" in repr(task) or "slack_bolt" in repr(task)
        ]
        assert not ours
        for hold in (opening, posting, connecting):
            hold.release()
        gc.collect()


async def test_what_is_being_done_when_the_app_closes_is_done_and_acknowledged() -> None:
    async with SlackServer() as slack:
        async with office(slack=slack) as at:
            request = await at.open()
            posted = await at.message()
            asking = slack.hold_next("users.info")
            pressed = asyncio.create_task(slack.click(at.alice, posted, BUTTON["approve"]))
            await slack.until(lambda: asking.reached)
            asyncio.get_running_loop().call_soon(asking.release)
        assert (await pressed).acknowledged
    assert request.status == "OPEN"
