"""What is said about requests: reminders and comments in their threads, both ways, and who is told anew."""

import asyncio
from typing import Any

import pytest

from handrail import Actor
from handrail.requests.policy import Audience, escalation
from tests.support.slack import Message
from tests.support.slack_office import BUTTON, WAYS, Office, Way, office, text_of


def replies(at: Office, message: Message) -> list[str]:
    """Return what stands in the thread of a message."""
    found = at.slack.messages(message.channel)
    return [text_of(each) for each in found if each.thread_ts == message.ts != each.ts]


async def told(at: Office, message: Message, words: str) -> None:
    """Wait until something stands in the thread of a message."""
    await at.slack.until(lambda: any(words in reply for reply in replies(at, message)))


@pytest.mark.parametrize("way", WAYS)
async def test_a_reply_is_a_comment_as_people_see_it_and_is_told_to_the_other_rooms(way: Way) -> None:
    said = "*Why* now, <@U0BOB>? R&D & <b> 🙂\n> see `x`"
    async with office(way=way) as at:
        request = await at.open("slack:#deploys", "slack:@bob")
        there, direct = await at.message(), await at.message(at.slack.direct(at.bob))
        await at.settled(request)
        sent = await at.slack.type(at.alice, at.deploys, said, there.ts)
        assert sent is not None
        assert sent.acknowledged
        assert await at.comments(request) == [("alice", "*Why* now, <@U0BOB>? R&D & <b> 🙂\n> see `x`")]
        await told(at, direct, "alice says:")
        await told(at, direct, "R&D & <b> 🙂")
        await at.settled(request)
        assert len(replies(at, there)) == 1
        assert len(replies(at, direct)) == 1


async def test_mentions_rooms_and_links_are_read_as_they_are_seen() -> None:
    raw = "<@U0BOB> and <@U0DAVE>, see <#C0DEPLOYS|deploys>, <https://example.com/a|the page>, <!here> &lt;3"
    async with office() as at:
        await at.app.people.add_identity("bob", "slack", "T0HOME:U0BOB", actor=Actor("root"))
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        sent = await at.slack.type(at.alice, at.deploys, "?", message.ts, hold=True)
        assert sent is not None
        sent.payload["event"]["text"] = raw
        await at.slack.send(sent)
        assert await at.comments(request) == [
            ("alice", "@bob and @U0DAVE, see #deploys, the page (https://example.com/a), @here <3")
        ]


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_edited_deleted_said_by_bots_or_elsewhere_is_no_comment(way: Way) -> None:
    async with office(way=way) as at:
        robot = at.slack.user("U0ROBOT", "robot", bot=True, email="alice@example.com")
        at.deploys.members.add(robot.id)
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        other = at.slack.state.messages
        await at.slack.type(at.alice, at.deploys, "beside it")
        beside = other.of(at.deploys.id)[-1]
        await at.slack.type(at.alice, at.deploys, "about something else", beside.ts)
        await at.slack.type(at.alice, at.deploys, "   ", message.ts)
        await at.slack.type(robot, at.deploys, "I am a robot", message.ts)
        await at.slack.type(at.alice, at.deploys, "one", message.ts)
        mine = other.of(at.deploys.id)[-1]
        await at.slack.edit(at.alice, mine, "two")
        await at.slack.remove(at.alice, mine)
        await at.slack.echo(message)
        for other_kind in ({"bot_id": "B0OTHER"}, {"subtype": "tombstone"}):
            sent = await at.slack.type(at.alice, at.deploys, "not by hand", message.ts, hold=True)
            assert sent is not None
            sent.payload["event"] |= other_kind
            await at.slack.send(sent)
        assert await at.comments(request) == [("alice", "one")]
        failed = [each for each in at.slack.deliveries if each.kind == "events_api" and not each.acknowledged]
        assert failed == []


@pytest.mark.parametrize("kind", ["file_share", "thread_broadcast"])
async def test_a_word_beside_a_file_or_to_the_whole_room_is_a_comment(kind: str) -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        sent = await at.slack.type(at.alice, at.deploys, "look", message.ts, hold=True)
        assert sent is not None
        sent.payload["event"]["subtype"] = kind
        await at.slack.send(sent)
        assert await at.comments(request) == [("alice", "look")]


@pytest.mark.parametrize("way", WAYS)
async def test_each_event_five_times_and_out_of_order_is_one_comment(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        held = [
            await at.slack.type(at.alice, at.deploys, text, message.ts, hold=True) for text in ("one", "two")
        ]
        first, second = (each for each in held if each is not None)
        copies = [each for _ in range(4) for each in (second, first)]
        await asyncio.gather(at.slack.send(second), at.slack.send(first), *map(at.slack.redeliver, copies))
        assert sorted(await at.comments(request)) == [("alice", "one"), ("alice", "two")]
        assert at.slack.ephemerals(at.alice) == []


async def test_what_is_said_in_direct_messages_and_private_rooms_is_a_comment_too() -> None:
    async with office() as at:
        secret = at.slack.channel("C0SECRET", "secret", [at.bob], kind="private")
        request = await at.open("slack:C0SECRET", "slack:@alice", "slack:#deploys")
        rooms = [secret, at.slack.direct(at.alice), at.deploys]
        messages = [await at.message(room) for room in rooms]
        await at.settled(request)
        await at.slack.type(at.bob, secret, "from the room", messages[0].ts)
        await at.slack.type(at.alice, rooms[1], "from the direct message", messages[1].ts)
        await at.slack.type(at.alice, rooms[1], "not in the thread")
        for message in messages[1:]:
            await told(at, message, "from the room")
        for message in (messages[0], messages[2]):
            await told(at, message, "from the direct message")
        await at.settled(request)
        assert [len(replies(at, message)) for message in messages] == [2, 2, 2]
        said = [("bob", "from the room"), ("alice", "from the direct message")]
        assert await at.comments(request) == said


async def test_a_word_beneath_a_repetition_that_nobody_knew_of_is_a_comment() -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        again = at.repeat(message)
        await at.slack.type(at.alice, at.deploys, "here", again.ts)
        assert await at.comments(request) == [("alice", "here")]
        await at.app.inbox.decide(request.id, "approve", actor=Actor("carol"))
        await at.shows(again, "carol approved this")


async def test_a_word_that_comes_before_it_is_known_what_was_sent_is_a_comment() -> None:
    async with office() as at:
        posting = at.slack.hold_next("chat.postMessage")
        request = await at.open()
        message = await at.message()
        await at.slack.type(at.alice, at.deploys, "so fast", message.ts)
        posting.release()
        assert await at.comments(request) == [("alice", "so fast")]
        await at.settled(request)
        await at.app.inbox.decide(request.id, "approve", actor=Actor("carol"))
        await at.shows(message, "carol approved this")


async def test_a_stranger_s_word_is_no_comment_and_they_are_told() -> None:
    async with office() as at:
        request = await at.open(audience="bob")
        message = await at.message()
        await at.settled(request)
        await at.slack.type(at.dave, at.deploys, "hello", message.ts)
        await at.word(at.dave, "belongs to nobody here")
        await at.slack.type(at.alice, at.deploys, "hello", message.ts)
        await at.word(at.alice, "This asks bob, not you")
        assert [each.thread_ts for each in at.slack.ephemerals(at.alice)] == [message.ts]
        assert await at.comments(request) == []


async def test_a_word_after_the_end_is_answered_with_how_it_ended() -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        await at.app.inbox.decide(request.id, "approve", actor=Actor("carol"))
        await at.shows(message, "carol approved")
        await at.slack.type(at.alice, at.deploys, "wait", message.ts)
        await at.word(at.alice, "carol approved this")
        assert await at.comments(request) == []


async def test_comments_from_elsewhere_and_reminders_stand_in_every_thread() -> None:
    async with office(clock=True) as at:
        request = await at.open("slack:#deploys", "slack:@bob", reminders=[60], timeout=3600)
        places = [await at.message(), await at.message(at.slack.direct(at.bob))]
        await at.settled(request)
        await at.app.inbox.comment(request.id, "look at *line 3* <!channel>", actor=Actor("carol"))
        at.clock.turn(61)
        for message in places:
            await told(at, message, "carol says:")
            await told(at, message, "look at *line 3* <!channel>")
            await told(at, message, "Reminder: this still waits")
        await at.settled(request)
        assert [len(replies(at, message)) for message in places] == [2, 2]


async def test_who_an_escalation_adds_gets_a_message_and_the_others_see_who_decides() -> None:
    async with office(clock=True) as at:
        ladder = [escalation(60, "bob")]
        request = await at.open("slack", audience="alice", escalations=ladder, timeout=3600)
        old = await at.message(at.slack.direct(at.alice))
        await at.settled(request)
        at.clock.turn(61)
        new = await at.message(at.slack.direct(at.bob))
        await at.shows(old, "alice or bob")
        assert BUTTON["approve"] in new.buttons
        assert BUTTON["approve"] in old.buttons
        await at.slack.click(at.bob, new, BUTTON["approve"])
        for message in (old, new):
            await at.shows(message, "bob approved this")
        assert len(at.posted(at.slack.direct(at.alice))) == 1


async def test_who_is_not_asked_any_more_loses_the_buttons_and_gets_them_back() -> None:
    async with office() as at:
        request = await at.open("slack", audience="alice")
        old = await at.message(at.slack.direct(at.alice))
        await at.settled(request)
        await at.app.inbox.reassign(request.id, actor=Actor("carol"), to=Audience(("bob",)))
        new = await at.message(at.slack.direct(at.bob))
        await at.shows(old, "This asks bob, not you.")
        assert old.buttons == ["handrail:open"]
        assert BUTTON["approve"] in new.buttons
        await at.app.inbox.reassign(request.id, actor=Actor("carol"), to=Audience(("alice",)))
        await at.shows(new, "This asks alice, not you.")
        await at.slack.until(lambda: BUTTON["approve"] in old.buttons)
        await at.settled(request)
        assert [len(at.posted(at.slack.direct(each))) for each in (at.alice, at.bob)] == [1, 1]


async def test_a_room_goes_on_after_a_reassignment_with_those_who_are_asked() -> None:
    async with office() as at:
        request = await at.open(audience="alice")
        message = await at.message()
        await at.app.inbox.reassign(request.id, actor=Actor("carol"), to=Audience(("bob",)))
        await at.shows(message, "One decides: bob")
        await at.slack.click(at.alice, message, BUTTON["approve"])
        await at.word(at.alice, "This asks bob, not you")
        await at.slack.click(at.bob, message, BUTTON["approve"])
        assert (await at.decided(request)).winner == "bob"


async def test_a_comment_is_stored_though_slack_can_not_say_a_word_back(caplog: Any) -> None:
    async with office() as at:
        request = await at.open(audience="bob")
        message = await at.message()
        await at.settled(request)
        at.slack.refuse_next("chat.postEphemeral", "user_not_in_channel")
        sent = await at.slack.type(at.alice, at.deploys, "hello", message.ts)
        assert sent is not None
        assert sent.acknowledged
        assert "user_not_in_channel" in caplog.text
        assert "hello" not in caplog.text
