"""Deciding in Slack: buttons, votes, claims, and what every message says once a request has ended."""

from pathlib import Path
from typing import Any

import pytest

from handrail import Actor
from handrail.requests.decision import Verb
from handrail.requests.policy import at_least
from tests.support.slack import SlackServer
from tests.support.slack_office import BUTTON, WAYS, Office, Way, decisions, office, text_of

OPEN_ONLY = ["handrail:open"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_small_choice_has_a_button_for_each_answer(way: Way) -> None:
    schema = {"enum": ["now", "tomorrow", "never"]}
    async with office(way=way) as at:
        request = await at.open(verbs=(Verb.ANSWER,), response_schema=schema)
        message = await at.message()
        assert message.buttons == [f"handrail:answer:{number}" for number in range(3)] + OPEN_ONLY
        await at.slack.click(at.alice, message, "handrail:answer:1")
        ended = await at.decided(request)
        assert ended.outcome is not None
        assert (ended.outcome.verb, ended.outcome.payload) == ("answer", "tomorrow")
        await at.shows(message, "tomorrow")
        assert message.buttons == ["handrail:open:0"]


async def test_votes_are_counted_in_the_message_and_one_may_be_changed() -> None:
    async with office() as at:
        request = await at.open(
            audience=["alice", "bob", "carol"], quorum=at_least(2), verbs=(Verb.APPROVE, Verb.REJECT)
        )
        message = await at.message()
        assert BUTTON["abstain"] in message.buttons
        await at.slack.click(at.alice, message, BUTTON["abstain"])
        await at.shows(message, "alice abstained")
        await at.slack.click(at.alice, message, BUTTON["approve"])
        await at.shows(message, "alice approved")
        assert "abstained" not in text_of(message)
        assert "1 of 2 needed to approve" in text_of(message)
        assert not (await at.now(request)).ended
        await at.slack.click(at.bob, message, BUTTON["approve"])
        ended = await at.decided(request)
        assert decisions(ended) == [("alice", "approve"), ("bob", "approve")]
        await at.shows(message, "alice and bob approved")
        assert message.buttons == ["handrail:open:0"]


async def test_blind_votes_show_how_many_decided_and_nobody_s_name() -> None:
    async with office() as at:
        request = await at.open(audience=["alice", "bob", "carol"], quorum=at_least(2), blind=True)
        message = await at.message()
        before = text_of(message)
        await at.slack.click(at.alice, message, BUTTON["approve"])
        await at.slack.until(lambda: text_of(message) != before)
        assert "alice approved" not in text_of(message)
        assert "1 of 3 have voted" in text_of(message)
        await at.slack.click(at.bob, message, BUTTON["approve"])
        await at.decided(request)
        await at.shows(message, "alice and bob approved")


async def test_what_was_cut_can_be_opened_or_rejected_and_not_approved() -> None:
    async with office() as at:
        await at.open(proposal={"content": "word " * 10_000})
        message = await at.message()
        assert message.buttons == [BUTTON["request_changes"], BUTTON["reject"], *OPEN_ONLY]
        assert "can’t be approved here" in text_of(message)


async def test_what_needs_a_session_is_only_opened() -> None:
    async with office() as at:
        request = await at.open(require="session")
        message = await at.message()
        assert message.buttons == OPEN_ONLY
        assert "signed in" in text_of(message)
        await at.app.inbox.decide(request.id, "approve", actor=at.session("alice"))
        await at.shows(message, "alice approved")


async def test_claims_and_releases_from_elsewhere_show() -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        await at.app.inbox.claim(request.id, actor=Actor("bob"))
        await at.shows(message, "bob has claimed it")
        await at.app.inbox.release(request.id, actor=Actor("bob"))
        await at.slack.until(lambda: "claimed" not in text_of(message))


async def _in_the_web(at: Office, request: Any) -> None:
    await at.app.inbox.decide(request.id, "reject", actor=at.session("carol"), comment="not on a Friday")


async def _time_passes(at: Office, request: Any) -> None:
    at.clock.turn(3601)


async def _withdrawn(at: Office, request: Any) -> None:
    await at.app.inbox.withdraw(request.id, actor=Actor("carol"), reason="not needed")


EVERYWHERE = ("slack:#deploys", "slack:#release", "slack:@alice", "slack:@bob")
ENDS = {
    "decided in the web": (_in_the_web, "carol rejected this"),
    "timed out": (_time_passes, "Nobody decided in time"),
    "withdrawn": (_withdrawn, "Withdrawn by carol"),
}


@pytest.mark.parametrize("how", ENDS)
async def test_every_message_says_how_it_ended_and_has_no_buttons_but_open(how: str) -> None:
    end, words = ENDS[how]
    async with office(clock=True) as at:
        release = at.slack.channel("C0RELEASE", "release", [at.alice])
        rooms = [at.deploys, release, at.slack.direct(at.alice), at.slack.direct(at.bob)]
        request = await at.open(*EVERYWHERE, timeout=3600)
        messages = [await at.message(room) for room in rooms]
        await end(at, request)
        for message in messages:
            await at.shows(message, words)
            assert message.buttons == ["handrail:open:0"], how
        await at.settled(request)
        assert [len(at.posted(room)) for room in rooms] == [1, 1, 1, 1]


async def test_of_a_run_that_is_cancelled_the_messages_say_so() -> None:
    async with office() as at:
        run = await at.ask_in_a_run()
        message = await at.message()
        await run.cancel()
        await at.shows(message, "Withdrawn")
        assert message.buttons == ["handrail:open:0"]


async def test_a_later_revision_has_its_own_message_and_the_one_before_leads_to_it() -> None:
    async with office() as at:
        first = await at.open(proposal={"content": "version 4.2"})
        old = await at.message()
        second = await at.open(proposal={"content": "version 4.3"}, previous=first.id)
        new = await at.message(number=1)
        await at.shows(old, "Replaced by a later revision")
        assert old.buttons == ["handrail:open:0", "handrail:open:1"]
        assert old.element("handrail:open:0")[1]["url"].endswith(f"/requests/{second.id}")
        assert "- version 4.2\n+ version 4.3" in text_of(new)
        await at.slack.click(at.alice, new, BUTTON["approve"])
        assert decisions(await at.decided(second)) == [("alice", "approve")]


async def test_an_edit_among_several_asks_all_of_them_anew() -> None:
    async with office() as at:
        request = await at.open(audience=["alice", "bob", "carol"], quorum=at_least(2))
        message = await at.message()
        await at.slack.click(at.alice, message, BUTTON["edit"])
        await at.slack.until(lambda: at.slack.open_view(at.alice))
        await at.slack.submit(at.alice, {"edit/content": {"value": "version 5"}})
        new = await at.message(number=1)
        await at.shows(message, "a later revision asks instead")
        assert "- version 4.2\n+ version 5" in text_of(new)
        assert (await at.now(request)).superseded_by is not None


@pytest.mark.parametrize("way", WAYS)
async def test_a_second_click_is_told_who_decided_and_when(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        message = await at.message()
        seen = await at.slack.click(at.bob, message, BUTTON["reject"], hold=True)
        late = await at.slack.click(at.bob, message, BUTTON["approve"], hold=True)
        await at.slack.click(at.alice, message, BUTTON["approve"])
        await at.decided(request)
        for delivery in (late, seen):
            assert (await at.slack.send(delivery)).acknowledged
        await at.slack.until(lambda: len(at.slack.ephemerals(at.bob)) == 2)
        for word in at.slack.ephemerals(at.bob):
            assert "alice approved this, <!date^" in text_of(word)
            assert word.buttons == OPEN_ONLY
        assert decisions(await at.now(request)) == [("alice", "approve")]


async def test_a_repetition_that_nobody_knew_of_closes_with_its_request() -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        again = at.repeat(message)
        await at.slack.click(at.dave, again, BUTTON["approve"])
        await at.slack.until(lambda: at.slack.ephemerals(at.dave))
        await at.settled(request)
        await at.app.inbox.decide(request.id, "approve", actor=Actor("carol"))
        for each in (message, again):
            await at.shows(each, "carol approved this")
            assert each.buttons == ["handrail:open:0"]


async def test_what_ends_as_the_app_is_closed_is_told_before_it_is_gone(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    async with SlackServer() as slack:
        async with office(store, slack=slack) as at:
            request = await at.open()
            message = await at.message()
            await at.settled(request)
            await at.app.inbox.decide(request.id, "approve", actor=Actor("carol"))
        assert "carol approved this" in text_of(message)


async def test_what_an_app_was_telling_when_it_was_closed_is_told_all_the_same(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    async with SlackServer() as slack:
        async with office(store, slack=slack) as at:
            request = await at.open()
            message = await at.message()
            await at.settled(request)
            at.slack.hold_next("chat.update", done=False)
            await at.app.inbox.decide(request.id, "approve", actor=Actor("carol"))
            await at.slack.until(lambda: at.slack.calls("chat.update"))
        await slack.until(lambda: "carol approved this" in text_of(message))


async def test_a_message_that_is_pressed_before_it_is_known_where_it_stands_is_kept_true() -> None:
    async with office() as at:
        posting = at.slack.hold_next("chat.postMessage")
        request = await at.open(audience=["alice", "bob", "carol"], quorum=at_least(2))
        message = await at.message()
        await at.slack.click(at.alice, message, BUTTON["approve"])
        posting.release()
        await at.shows(message, "alice approved")
        await at.settled(request)
        await at.slack.click(at.bob, message, BUTTON["approve"])
        await at.shows(message, "alice and bob approved")
        await at.settled(request)
        assert len(at.posted()) == 1
