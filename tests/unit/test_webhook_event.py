"""What a webhook is told: the types of events, what of them is a fact, and what is content."""

import json
from typing import Any, get_args

import pytest

from handrail.people.entry import EntryKind
from handrail.requests.errors import InvalidInput
from handrail.requests.lifecycle import Move
from handrail.teams.event import KINDS
from handrail.webhooks.event import check_kinds, type_of
from tests.support.webhook_desk import ALICE, Desk, desk
from tests.support.webhook_receiver import check_cloud_event, receiving

TYPES = {
    "opened": "request.opened",
    "claimed": "request.claimed",
    "released": "request.released",
    "decided": "request.decided",
    "resolved": "request.resolved",
    "expired": "request.expired",
    "withdrawn": "request.withdrawn",
    "reassigned": "request.reassigned",
    "assigned": "request.assigned",
    "escalated": "request.escalated",
    "reminded": "request.reminded",
    "commented": "request.commented",
    "team_begun": "team.begun",
    "team_moved": "team.moved",
    "task_moved": "task.moved",
    "task_validation_asked": "task.validation_asked",
    "task_unblocked": "task.unblocked",
    "task_feedback_given": "task.feedback_given",
    "task_feedback_processed": "task.feedback_processed",
    "task_spent": "task.spent",
    "person_added": "person.added",
    "person_changed": "person.changed",
    "password_set": "password.set",
    "logged_in": "person.logged_in",
    "login_refused": "login.refused",
    "key_made": "key.made",
    "key_revoked": "key.revoked",
    "link_made": "link.made",
    "link_used": "link.used",
    "identity_added": "identity.added",
    "identity_removed": "identity.removed",
    "notifications_changed": "notifications.changed",
    "group_changed": "group.changed",
    "guideline_changed": "guideline.changed",
    "webhook_added": "webhook.added",
    "webhook_changed": "webhook.changed",
    "webhook_removed": "webhook.removed",
    "webhook_rotated": "webhook.rotated",
    "webhook_tested": "webhook.tested",
    "webhook_redelivered": "webhook.redelivered",
    "webhook_stopped": "webhook.stopped",
    "inbound_added": "inbound.added",
    "inbound_rotated": "inbound.rotated",
    "inbound_revoked": "inbound.revoked",
    "messages_retried": "messages.retried",
    "run_started": "run.started",
    "run_finished": "run.finished",
    "run_failed": "run.failed",
}


def test_the_types_of_events_are_as_receivers_know_them() -> None:
    assert {kind: type_of(kind) for kind in TYPES} == {
        kind: f"dev.handrail.{name}" for kind, name in TYPES.items()
    }
    known = {*(move.kind for move in get_args(Move)), *KINDS, *get_args(EntryKind)}
    assert known <= set(TYPES), "a new kind of event needs a type that is pinned here"


def test_kinds_that_never_happen_are_refused() -> None:
    assert check_kinds(TYPES) == tuple(TYPES)
    for wrong in ("open", "run_ ", "", "opened ", "run_x\n"):
        with pytest.raises(InvalidInput, match="never happens"):
            check_kinds([wrong])


async def told(here: Desk, url: str, receiver: Any, content: bool, act: Any) -> list[dict[str, Any]]:
    """Return the events that a webhook is told of what is done."""
    await here.hook(url, content=content)
    await act()
    await here.deliver()
    events = sorted((got.event for got in receiver.calls), key=lambda each: int(each["handrailsequence"]))
    for event in events:
        check_cloud_event(event)
    return events


@pytest.mark.parametrize("content", [False, True])
async def test_content_goes_out_only_where_it_was_asked_for(content: bool) -> None:
    async with receiving() as receiver, desk() as here:

        async def act() -> None:
            await here.open(1, context={"why": "a secret reason"})
            await here.app.inbox.comment("req_1", "a secret comment", actor=ALICE)
            await here.app.inbox.decide(
                "req_1", "edit", actor=ALICE, payload={"content": "a secret edit"}, comment="a secret word"
            )

        events = await told(here, receiver.url, receiver, content, act)
        text = json.dumps(events)
        secrets = ("text", "reason", "comment", "edit", "word")
        assert [f"a secret {word}" in text for word in secrets] == [content] * len(secrets)
        last = events[-1]["data"]
        assert last["kind"] == "resolved"
        assert last["request"]["outcome"]["verb"] == "edit"
        assert last["request"]["outcome"]["by"] == ["alice"]
        assert last["request"]["outcome"]["approved"] is True


async def test_an_event_says_how_things_stood_then_however_late_it_is_sent() -> None:
    async with receiving() as receiver, desk() as here:

        async def act() -> None:
            await here.open(1)
            await here.app.inbox.claim("req_1", actor=ALICE)
            await here.app.inbox.decide("req_1", "approve", actor=ALICE)

        events = await told(here, receiver.url, receiver, False, act)
        stood = [(each["data"]["kind"], each["data"]["request"]["status"]) for each in events]
        assert stood == [
            ("opened", "OPEN"),
            ("claimed", "CLAIMED"),
            ("decided", "CLAIMED"),
            ("resolved", "RESOLVED"),
        ]
        assert events[0]["data"]["request"]["outcome"] is None
        assert events[2]["data"]["verb"] == "approve"


@pytest.mark.parametrize("content", [False, True])
async def test_blind_votes_stay_untold_until_the_request_has_ended(content: bool) -> None:
    async with receiving() as receiver, desk() as here:

        async def act() -> None:
            await here.open(1, audience=["alice", "bob"], quorum="all", blind=True)
            await here.app.inbox.decide("req_1", "approve", actor=ALICE, comment="fine by me")
            await here.app.inbox.decide("req_1", "approve", actor=type(ALICE)("bob"))

        events = await told(here, receiver.url, receiver, content, act)
        assert [each["data"]["kind"] for each in events] == ["opened", "decided", "decided", "resolved"]
        vote = events[1]["data"]
        assert vote["actor"] is None
        assert "fine by me" not in json.dumps(vote)
        assert "verb" not in vote
        assert vote["request"].get("decisions", []) == []
        assert events[3]["data"]["request"]["outcome"]["by"] == ["alice", "bob"]


async def test_runs_and_people_are_told_by_ids_and_facts() -> None:
    async with receiving() as receiver, desk() as here:

        async def act() -> None:
            await here.app.people.add("bob", actor=ALICE, email="bob@example.org")
            await here.app.people.make_key("bob", "ci", ["decide"], actor=ALICE)
            here.app.flow("shout", shout)
            await here.app.start("shout", {"word": "a secret word"}, "run-1", initiator="bob")

        events = await told(here, receiver.url, receiver, False, act)
        assert [each["type"] for each in events] == [
            "dev.handrail.person.added",
            "dev.handrail.key.made",
            "dev.handrail.run.started",
        ]
        assert "bob@example.org" not in json.dumps(events)
        assert "subject" not in events[0]
        assert events[1]["data"]["details"]["person"] == "bob"
        assert events[2]["subject"] == "run-1"
        assert events[2]["data"]["run"] == {"id": "run-1", "flow": "shout", "initiator": "bob"}
        assert "a secret word" not in json.dumps(events)


async def shout(word: str) -> dict[str, str]:
    """Shout."""
    return {"word": word.upper()}
