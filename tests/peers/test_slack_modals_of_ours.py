"""The modals of requests in Slack: what is typed there, what is wrong with it, and what moved while they were open."""

from typing import Any

import pytest

from handrail import Actor
from handrail.requests.decision import Verb
from handrail.requests.policy import at_least
from tests.support.slack.courier import IN_TIME
from tests.support.slack_office import BUTTON, WAYS, Office, Way, decisions, office, text_of

INVOICE = {
    "type": "object",
    "required": ["supplier", "amount", "due"],
    "properties": {
        "supplier": {
            "type": "object",
            "required": ["name", "country"],
            "properties": {"name": {"type": "string"}, "country": {"enum": ["DE", "FR"]}},
        },
        "amount": {"type": "number", "exclusiveMinimum": 0},
        "due": {"type": "string", "format": "date"},
        "paid_at": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"enum": ["urgent", "foreign", "partial"]}, "maxItems": 2},
        "lines": {"type": "array", "items": {"type": "integer"}},
    },
}
FILLED = {
    "answer/supplier/name": {"value": "ACME & Sons <ltd>"},
    "answer/supplier/country": {"value": "1"},
    "answer/amount": {"value": "12.50"},
    "answer/due": {"value": "2026-02-28"},
    "answer/paid_at": {"value": 1_772_280_000},
    "answer/tags": {"value": ["0", "2"]},
    "answer/lines": {"value": "[1, 2]"},
}


def values(**changed: Any) -> dict[str, dict[str, Any]]:
    """Return a form that is filled in, with some fields otherwise."""
    return FILLED | {f"answer/{name}": {"value": value} for name, value in changed.items()}


@pytest.mark.parametrize("way", WAYS)
async def test_a_form_says_what_is_wrong_beside_its_fields_and_takes_it_corrected(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open(verbs=(Verb.ANSWER,), response_schema=INVOICE)
        await at.modal(at.alice, await at.message(), "answer")
        wrong = values(amount="0", tags=["0", "1", "2"], lines="[1, two]")
        assert (await at.slack.submit(at.alice, wrong)).acknowledged
        assert set(at.slack.view_errors(at.alice)) == {"answer/lines"}
        await at.slack.submit(at.alice, values(amount="0", tags=["0", "1", "2"]))
        assert set(at.slack.view_errors(at.alice)) == {"answer/amount", "answer/tags"}
        assert not (await at.now(request)).ended
        await at.slack.submit(at.alice, values())
        assert at.slack.open_view(at.alice) is None
        ended = await at.decided(request)
        assert ended.outcome is not None
        assert ended.outcome.payload == {
            "supplier": {"name": "ACME & Sons <ltd>", "country": "FR"},
            "amount": 12.5,
            "due": "2026-02-28",
            "paid_at": "2026-02-28T12:00:00Z",
            "tags": ["urgent", "partial"],
            "lines": [1, 2],
        }
        await at.shows(await at.message(), "ACME & Sons <ltd>")


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_proposed_is_edited_and_an_edit_changes_something(way: Way) -> None:
    proposal = {"subject": "Hello", "to": ["a@example.com"], "copies": 2}
    async with office(way=way) as at:
        request = await at.open(proposal=proposal)
        message = await at.message()
        await at.modal(at.alice, message, "edit")
        await at.slack.submit(at.alice)
        assert list(at.slack.view_errors(at.alice).values()) == ["Change something, or approve it as it is."]
        await at.slack.submit(
            at.alice, {"edit/subject": {"value": "Hello\n*all*"}, "edit/copies": {"value": "3"}}
        )
        ended = await at.decided(request)
        assert ended.outcome is not None
        assert ended.outcome.payload == {"subject": "Hello\n*all*", "copies": 3}
        assert decisions(ended) == [("alice", "edit")]
        await at.shows(message, "alice edited")


@pytest.mark.parametrize("verb", ["reject", "request_changes"])
async def test_words_are_typed_in_a_modal_and_shown_as_they_were(verb: str) -> None:
    said = "No: <!channel> & *friends* 🙂\nnot `today`"
    async with office() as at:
        request = await at.open()
        message = await at.message()
        await at.modal(at.bob, message, verb)
        await at.slack.submit(at.bob, {"comment": {"value": "  "}})
        assert at.slack.view_errors(at.bob) == {"comment": "Fill this in."}
        await at.slack.submit(at.bob, {"comment": {"value": said}})
        ended = await at.decided(request)
        assert ended.outcome is not None
        assert (ended.outcome.verb, ended.outcome.comment, ended.outcome.by) == (verb, said, ("bob",))
        await at.shows(message, said)
        assert at.slack.open_view(at.bob) is None


async def test_a_modal_is_in_nobody_s_way_who_closes_it() -> None:
    async with office() as at:
        request = await at.open()
        await at.modal(at.alice, await at.message(), "reject")
        await at.slack.close_view(at.alice)
        assert not (await at.now(request)).ended


async def _replaced(at: Office) -> Any:
    """Let alice have a modal open whose request is replaced, and send it."""
    first = await at.open(proposal={"content": "version 4.2"})
    await at.modal(at.alice, await at.message(), "reject")
    second = await at.open(proposal={"content": "version 4.3"}, previous=first.id)
    await at.slack.submit(at.alice, {"comment": {"value": "no"}})
    view = at.slack.open_view(at.alice)
    assert view is not None
    assert "version 4.3" in text_of(view)
    assert "replaced by revision 2" in text_of(view)
    assert not (await at.now(second)).ended
    return second


@pytest.mark.parametrize("way", WAYS)
async def test_a_modal_whose_request_was_replaced_shows_the_later_revision_to_approve(way: Way) -> None:
    async with office(way=way) as at:
        second = await _replaced(at)
        assert (await at.slack.press(at.alice, BUTTON["approve"])).acknowledged
        assert decisions(await at.decided(second)) == [("alice", "approve")]
        await at.sees(at.alice, "Your decision was stored")


@pytest.mark.parametrize("way", WAYS)
async def test_a_modal_whose_request_was_replaced_opens_the_forms_of_the_later_one(way: Way) -> None:
    async with office(way=way) as at:
        second = await _replaced(at)
        await at.slack.press(at.alice, BUTTON["edit"])
        await at.sees(at.alice, "Approve with changes")
        await at.slack.submit(at.alice, {"edit/content": {"value": "version 5"}})
        ended = await at.decided(second)
        assert ended.outcome is not None
        assert ended.outcome.payload == {"content": "version 5"}
        assert at.slack.open_view(at.alice) is None


async def test_however_often_it_is_replaced_the_modal_goes_on() -> None:
    async with office() as at:
        latest = await _replaced(at)
        for number in range(4):
            await at.slack.press(at.alice, BUTTON["edit"])
            await at.sees(at.alice, "Approve with changes")
            content = {"content": f"version 6.{number}"}
            latest = await at.open(proposal=content, previous=latest.id)
            await at.slack.submit(at.alice, {"edit/content": {"value": "version 7"}})
            await at.sees(at.alice, f"version 6.{number}")
        await at.slack.press(at.alice, BUTTON["approve"])
        assert decisions(await at.decided(latest)) == [("alice", "approve")]


async def test_the_later_revision_in_a_modal_may_be_replaced_and_end_as_well() -> None:
    async with office() as at:
        second = await _replaced(at)
        third = await at.open(proposal={"content": "version 4.4"}, previous=second.id)
        await at.slack.press(at.alice, BUTTON["approve"])
        await at.sees(at.alice, "version 4.4")
        await at.app.inbox.decide(third.id, "approve", actor=Actor("bob"))
        await at.slack.press(at.alice, BUTTON["approve"])
        await at.sees(at.alice, "bob approved this")
        assert decisions(await at.now(third)) == [("bob", "approve")]


async def test_who_may_not_decide_the_later_revision_reads_so_in_the_modal() -> None:
    async with office() as at:
        second = await _replaced(at)
        await at.app.inbox.reassign(second.id, actor=Actor("carol"), to=at.audience("bob"))
        await at.slack.press(at.alice, BUTTON["approve"])
        await at.sees(at.alice, "This asks bob, not you")
        assert not (await at.now(second)).ended


@pytest.mark.parametrize("way", WAYS)
async def test_a_modal_whose_request_has_ended_says_who_was_faster(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        await at.modal(at.alice, await at.message(), "reject")
        await at.app.inbox.decide(request.id, "approve", actor=Actor("carol"))
        await at.slack.submit(at.alice, {"comment": {"value": "no"}})
        view = at.slack.open_view(at.alice)
        assert view is not None
        assert "carol approved this, <!date^" in text_of(view)
        assert decisions(await at.now(request)) == [("carol", "approve")]


async def test_a_modal_of_somebody_who_is_not_asked_any_more_says_so() -> None:
    async with office() as at:
        request = await at.open(audience=["alice", "bob"])
        await at.modal(at.alice, await at.message(), "reject")
        await at.app.inbox.reassign(request.id, actor=Actor("carol"), to=at.audience("bob"))
        await at.slack.submit(at.alice, {"comment": {"value": "no"}})
        await at.sees(at.alice, "This asks bob, not you")
        assert not (await at.now(request)).ended


@pytest.mark.parametrize("way", WAYS)
async def test_a_trigger_that_has_expired_is_to_be_pressed_again(way: Way) -> None:
    async with office(way=way) as at:
        message = await at.opened()
        late = await at.slack.click(at.alice, message, BUTTON["reject"], hold=True)
        at.slack.clock.turn(10)
        assert (await at.slack.send(late)).acknowledged
        await at.word(at.alice, "Press it again")
        assert at.slack.open_view(at.alice) is None
        await at.modal(at.alice, message, "reject")


async def test_a_press_that_is_told_twice_opens_one_modal_and_says_nothing_more() -> None:
    async with office() as at:
        message = await at.opened()
        delivery = await at.slack.click(at.alice, message, BUTTON["reject"], times=2)
        assert [each.acknowledged for each in (delivery, *delivery.repeats)] == [True, True]
        assert len(at.slack.state.views.stack(at.alice.id)) == 1
        assert at.slack.ephemerals(at.alice) == []


@pytest.mark.parametrize("way", WAYS)
async def test_a_modal_is_acknowledged_in_time_however_slow_the_store_is(way: Way, tmp_path: Any) -> None:
    async with office(f"sqlite:///{tmp_path / 'store.db'}", way=way) as at:
        request = await at.open(audience=["alice", "bob", "carol"], quorum=at_least(1))
        await at.modal(at.alice, await at.message(), "reject")
        await at.settled(request)
        at.slack.patience = IN_TIME
        with at.locked():
            delivery = await at.slack.submit(at.alice, {"comment": {"value": "no"}})
            assert delivery.acknowledged
            await at.sees(at.alice, "The result will stand here")
        await at.sees(at.alice, "Your decision was stored")
        assert decisions(await at.now(request)) == [("alice", "reject")]


async def test_a_click_is_acknowledged_in_time_and_done_in_the_end(tmp_path: Any) -> None:
    async with office(f"sqlite:///{tmp_path / 'store.db'}") as at:
        request = await at.open(audience=["alice", "bob"], quorum=at_least(2))
        message = await at.message()
        await at.settled(request)
        at.slack.patience = IN_TIME
        with at.locked():
            assert (await at.slack.click(at.alice, message, BUTTON["approve"])).acknowledged
            assert (await at.slack.click(at.carol, message, BUTTON["approve"])).acknowledged
        await at.shows(message, "alice approved")
        await at.word(at.carol, "This asks alice or bob, not you")
