"""The one door: who may, what counts, what is refused, and that a refusal changes nothing."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handrail import App, HumanApprovalNode
from handrail.inbox import views
from handrail.requests.content import LIMIT
from handrail.requests.decision import Actor, Strength, Verb
from handrail.requests.errors import (
    Conflict,
    IllegalMove,
    InvalidDecision,
    InvalidInput,
    NotAllowed,
    NotJSON,
    PayloadTooLarge,
    UnknownId,
)
from handrail.requests.policy import Audience, at_least, escalation
from tests.support.requests_desk import PENDING, ROBOT, desk, draft, until

ANN, BOB = Actor("ann"), Actor("bob")


# -- opening ---------------------------------------------------------------------------------------------


async def test_what_is_opened_is_stored_and_logged() -> None:
    async with desk() as opened:
        request = await opened.open({"content": ("a", 1)}, initiator="ann", context={1: "x"})
        assert request == await opened.stored(request)
        assert (request.draft.proposal, request.draft.context) == ({"content": ["a", 1]}, {"1": "x"})
        assert (request.thread, request.revision) == (request.id, 1)
        await opened.check_rebuild(request)


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"proposal": {"x": object()}}, NotJSON),
        ({"proposal": {"x": math.nan}}, NotJSON),
        ({"proposal": {"x": "y" * LIMIT}}, PayloadTooLarge),
        ({"proposal": {"x": "y" * (LIMIT // 2)}, "context": {"x": "y" * (LIMIT // 2)}}, PayloadTooLarge),
        ({"context": {"x": {1, 2}}}, NotJSON),
        ({"guideline": "\ud800"}, NotJSON),
        ({"audience": "group:nobody"}, InvalidInput),
        ({"audience": Audience(("ann",), excluded=("ann",))}, InvalidInput),
        ({"audience": "group:pair", "quorum": at_least(3)}, InvalidInput),
    ],
)
async def test_what_cant_be_asked_is_refused_before_anybody_is_asked(
    parts: dict[str, Any], error: type
) -> None:
    async with desk(groups={"pair": ["ann", "bob"]}) as opened:
        with pytest.raises(error):
            await opened.open(**parts)
        assert await views.requests(opened.app.store) == []


async def test_an_empty_proposal_shows_nothing_and_is_refused() -> None:
    async with desk() as opened:
        with pytest.raises(InvalidInput, match="nothing to show"):
            await opened.inbox.open(replace(draft(), proposal={}))


async def test_unknown_ids_say_so() -> None:
    async with desk() as opened:
        for work in (
            opened.inbox.decide("req_x", "approve", actor=ANN),
            opened.inbox.claim("req_x", actor=ANN),
            opened.inbox.withdraw("req_x", actor=ANN),
        ):
            with pytest.raises(UnknownId, match="'req_x'"):
                await work


# -- groups ----------------------------------------------------------------------------------------------


async def test_a_person_in_two_groups_is_asked_once_and_counts_once() -> None:
    groups = {"legal": ["ann", "bob"], "press": ["bob", "cem"]}
    async with desk(groups=groups) as opened:
        request = await opened.open(audience=["group:legal", "group:press", "bob"], quorum="all")
        assert request.asked == ("bob", "ann", "cem")
        for who in ("ann", "bob", "cem"):
            request = await opened.decide(request, who, "approve")
        assert request.outcome is not None
        assert (request.outcome.approvals, request.outcome.asked) == (3, 3)


async def test_excluded_people_and_the_initiator_are_neither_asked_nor_heard() -> None:
    who = Audience(groups=("legal",), excluded=("zoe",), not_initiator=True)
    async with desk(groups={"legal": ["ann", "bob", "zoe"]}) as opened:
        request = await opened.open(audience=who, quorum="all", initiator="bob")
        assert request.asked == ("ann",)
        for name, rule in (("zoe", "excluded"), ("bob", "initiator"), ("cem", "audience")):
            with pytest.raises(NotAllowed) as caught:
                await opened.decide(request, name, "reject")
            assert caught.value.rule == rule
        request = await opened.decide(request, "ann", "approve")
        assert request.outcome is not None
        assert (request.outcome.approvals, request.outcome.asked) == (1, 1)


async def test_rights_are_checked_at_the_moment_of_the_act() -> None:
    async with desk(groups={"legal": ["ann", "bob"]}) as opened:
        alone = await opened.open(audience="group:legal")
        counted = await opened.open(audience="group:legal", quorum="all")
        await opened.app.store.do(_set_group, people=["bob", "cem"])
        with pytest.raises(NotAllowed):
            await opened.decide(alone, "ann", "approve")
        with pytest.raises(NotAllowed, match="joined after"):
            await opened.decide(counted, "cem", "approve")
        decided = await opened.decide(alone, "cem", "approve")
        assert decided.outcome is not None
        assert decided.outcome.by == ("cem",)


def _set_group(tx: Any, *, people: list[str]) -> None:
    tx.set_members("legal", people)


async def test_an_outsider_learns_nothing_about_a_request_that_has_ended() -> None:
    async with desk() as opened:
        request = await opened.open(audience=["ann"])
        await opened.decide(request, "ann", "reject")
        with pytest.raises(NotAllowed):
            await opened.decide(request, "bob", "approve")


# -- deciding --------------------------------------------------------------------------------------------


async def test_the_first_wins_and_everybody_later_hears_who() -> None:
    async with desk() as opened:
        request = await opened.open()
        await opened.decide(request, "ann", "approve", comment="fine")
        for who in ("bob", "ann"):
            with pytest.raises(Conflict, match=r"already RESOLVED \(approve\) by ann") as caught:
                await opened.decide(request, who, "reject")
            assert caught.value.winner == "ann"
        assert (await opened.kinds(request)) == ["opened", "decided", "resolved"]


@pytest.mark.parametrize(
    ("verb", "more", "fields"),
    [
        ("request_changes", {"comment": None}, ["comment"]),
        ("approve", {"payload": {"content": "x"}}, ["payload"]),
        ("edit", {"payload": {"contents": "x"}}, ["contents"]),
        ("edit", {"payload": {"content": 5}}, ["content"]),
        ("answer", {"payload": {"rating": {"stars": 9}}}, ["rating.stars"]),
        ("answer", {"payload": {"rating": {}}}, ["rating.stars"]),
        ("answer", {"payload": math.nan}, ["payload"]),
        ("answer", {"payload": object()}, ["payload"]),
        ("answer", {"payload": "x" * (LIMIT + 1)}, ["payload"]),
        ("approve", {"comment": "x" * (LIMIT + 1)}, ["comment"]),
        ("sign", {}, ["verb"]),
    ],
)
async def test_a_bad_decision_names_its_fields_and_leaves_the_request_open(
    verb: str, more: dict[str, Any], fields: list[str]
) -> None:
    form = {
        "properties": {"rating": {"properties": {"stars": {"maximum": 5}}, "required": ["stars"]}},
        "required": ["rating"],
    }
    shape = {"properties": {"content": {"type": "string"}}}
    async with desk() as opened:
        request = await opened.open(
            response_schema=form, proposal_schema=shape, audience="ann", quorum=at_least(1)
        )
        with pytest.raises(InvalidDecision) as caught:
            await opened.decide(request, "ann", verb, **more)
        assert [problem.path for problem in caught.value.fields] == fields
        assert await opened.stored(request) == request
        assert await opened.kinds(request) == ["opened"]
        assert (await opened.decide(request, "ann", "approve")).status == "RESOLVED"


async def test_a_decision_on_what_was_not_shown_is_a_conflict() -> None:
    async with desk() as opened:
        request = await opened.open()
        with pytest.raises(Conflict, match="look at it again"):
            await opened.decide(request, "ann", "approve", seen_hash="0" * 64)
        assert await opened.stored(request) == request
        assert (await opened.decide(request, "ann", "approve", seen_hash=request.content_hash)).ended


async def test_a_session_may_be_demanded() -> None:
    async with desk() as opened:
        request = await opened.open(require="session")
        for strength in (Strength.ASSERTED, Strength.LINK, Strength.CHANNEL):
            with pytest.raises(NotAllowed) as caught:
                await opened.inbox.decide(request.id, "approve", actor=Actor("ann", strength))
            assert caught.value.rule == "strength"
        assert await opened.stored(request) == request
        decided = await opened.inbox.decide(
            request.id, "approve", actor=Actor("ann", Strength.SESSION, "web")
        )
        assert (decided.decisions[0].strength, decided.decisions[0].channel) == (Strength.SESSION, "web")


async def test_a_vote_may_be_replaced_while_it_is_open_and_counts_once() -> None:
    async with desk() as opened:
        request = await opened.open(audience=["ann", "bob", "cem"], quorum=at_least(2))
        for verb in ("approve", "abstain", "reject", "approve"):
            request = await opened.decide(request, "ann", verb)
        assert [(vote.actor, vote.verb) for vote in request.decisions] == [("ann", Verb.APPROVE)]
        request = await opened.decide(request, "bob", "approve")
        assert request.outcome is not None
        assert (request.outcome.by, request.outcome.approvals) == (("ann", "bob"), 2)
        with pytest.raises(Conflict):
            await opened.decide(request, "ann", "reject")


# -- editing ---------------------------------------------------------------------------------------------


async def test_an_edit_of_one_is_the_outcome() -> None:
    async with desk() as opened:
        request = await opened.open({"title": "a", "body": "b"})
        decided = await opened.decide(request, "ann", "edit", payload={"title": "c"})
        assert decided.outcome is not None
        assert (decided.outcome.approved, decided.outcome.payload) == (True, {"title": "c"})
        assert decided.draft.proposal == {"title": "a", "body": "b"}


async def test_an_edit_among_several_opens_the_next_revision_and_votes_begin_anew() -> None:
    async with desk() as opened:
        first = await opened.open(
            {"title": "a", "body": "b"}, audience=["ann", "bob"], quorum="all", timeout=100
        )
        await opened.decide(first, "ann", "approve")
        opened.clock.turn(60)
        second = await opened.decide(first, "bob", "edit", payload={"title": "c"})
        assert (second.draft.proposal, second.revision) == ({"title": "c", "body": "b"}, 2)
        assert (second.thread, second.decisions, second.status) == (first.id, (), "OPEN")
        assert second.content_hash != first.content_hash
        assert second.deadline == opened.clock.now() + (first.deadline - first.opened_at)  # type: ignore[operator]
        with pytest.raises(Conflict, match=second.id) as caught:
            await opened.decide(first, "ann", "reject")
        assert caught.value.winner == "bob"
        await opened.decide(second, "ann", "approve")
        done = await opened.decide(second, "bob", "approve")
        assert done.outcome is not None
        assert (done.outcome.approved, done.outcome.approvals) == (True, 2)
        assert await views.previous_proposal(opened.app.store, second) == {"title": "a", "body": "b"}


async def test_a_run_waits_through_revisions_and_is_woken_by_the_last(tmp_path: Path) -> None:
    app = App(store=f"sqlite:///{tmp_path}/x.db")
    app.flow("ask", HumanApprovalNode(audience=["ann", "bob"], quorum="all"))
    async with app:
        run = await app.start("ask", {"content": "a"})
        await until(lambda: _waits(app, run.id))
    async with app.connect():
        (first,) = await views.requests(app.store)
        second = await app.inbox.decide(first.id, "edit", actor=ANN, payload={"content": "b"})
        assert (await app.store.read(_wakeups), second.run_id) == ([], run.id)
        await app.inbox.decide(second.id, "approve", actor=ANN)
        await app.inbox.decide(second.id, "approve", actor=BOB)
        assert len(await app.store.read(_wakeups)) == 1
    async with app:
        result = await (await app.run(run.id)).result(timeout=20)
    assert (result["approved"], result["content"], result["request_id"]) == (True, "b", second.id)


async def _waits(app: App, run_id: str) -> bool:
    return (await app.runs.get(run_id)).status == "WAITING"


def _wakeups(tx: Any) -> list[Any]:
    return tx.connection.execute("SELECT run_id FROM wakeup").fetchall()


async def test_a_revision_asks_whom_the_one_before_asked_last() -> None:
    async with desk() as opened:
        who = Audience(("ann", "bob"), excluded=("zoe",))
        first = await opened.open(audience=who, quorum="all")
        await opened.inbox.reassign(first.id, ["bob", "cem"], actor=ROBOT)
        second = await opened.decide(first, "cem", "edit", payload={"content": "x"})
        assert (second.asked, second.audience.excluded) == (("bob", "cem"), ("zoe",))


async def test_opening_the_next_revision_replaces_one_that_is_still_open() -> None:
    async with desk() as opened:
        first = await opened.open()
        second = await opened.open({"content": "better"}, previous=first.id)
        assert (second.thread, second.revision) == (first.id, 2)
        with pytest.raises(Conflict, match=f"was replaced by {second.id}"):
            await opened.decide(first, "ann", "approve")
        await opened.check_rebuild(first)
        assert [request.id for request in await views.requests(opened.app.store, PENDING)] == [second.id]


async def test_nobody_sees_the_proposal_of_a_request_that_isnt_the_one_before() -> None:
    async with desk() as opened:
        secret = await opened.app.store.do(_open_in_run, now=opened.clock.now())
        request = await opened.open({"content": "mine"}, previous=secret.id)
        assert (request.thread, request.revision, request.draft.previous) == (request.id, 1, None)
        assert (await views.detail(opened.app.store, request.id))["previous_proposal"] is None
        assert not (await opened.stored(secret)).ended


def _open_in_run(tx: Any, *, now: Any) -> Any:
    from handrail.inbox import moves

    made = draft({"content": "secret"})
    return moves.open_request(tx, made, now=now, request_id="req_of_a_run", run_id="run_1", address="0")


# -- claims ----------------------------------------------------------------------------------------------


async def test_a_claim_keeps_others_from_deciding_until_it_is_released() -> None:
    async with desk() as opened:
        request = await opened.open()
        claimed = await opened.inbox.claim(request.id, actor=ANN)
        assert (claimed.status, claimed.claimed_by) == ("CLAIMED", "ann")
        assert await opened.inbox.claim(request.id, actor=ANN) == claimed
        with pytest.raises(NotAllowed) as caught:
            await opened.decide(request, "bob", "approve")
        assert caught.value.rule == "claimed"
        with pytest.raises(NotAllowed):
            await opened.inbox.release(request.id, actor=BOB)
        with pytest.raises(IllegalMove) as refused:
            await opened.inbox.claim(request.id, actor=BOB)
        assert refused.value.winner == "ann"
        await opened.inbox.release(request.id, actor=ANN)
        assert (await opened.decide(request, "bob", "approve")).status == "RESOLVED"


async def test_who_claimed_decides() -> None:
    async with desk() as opened:
        request = await opened.open()
        await opened.inbox.claim(request.id, actor=ANN)
        decided = await opened.decide(request, "ann", "reject")
        assert (decided.status, decided.claimed_by) == ("RESOLVED", None)


async def test_nobody_claims_what_several_people_are_asked() -> None:
    async with desk() as opened:
        request = await opened.open(audience=["ann", "bob"], quorum="all")
        with pytest.raises(IllegalMove, match="several people"):
            await opened.inbox.claim(request.id, actor=ANN)
        assert await opened.stored(request) == request
        await opened.decide(request, "ann", "reject")
        with pytest.raises(Conflict) as caught:
            await opened.inbox.claim(request.id, actor=BOB)
        assert caught.value.winner == "ann"


async def test_who_is_asked_after_an_overdue_escalation_may_claim_at_once() -> None:
    async with desk() as opened:
        request = await opened.open(audience=["ann"], escalations=[escalation(10, "bob")])
        opened.clock.turn(10)
        assert (await opened.inbox.claim(request.id, actor=BOB)).claimed_by == "bob"


# -- reassigning, escalating, withdrawing, commenting ----------------------------------------------------


async def test_reassigning_keeps_who_was_excluded_out() -> None:
    async with desk() as opened:
        who = Audience(("ann",), excluded=("zoe",), not_initiator=True)
        request = await opened.open(audience=who, initiator="cem")
        moved = await opened.inbox.reassign(request.id, ["bob", "zoe", "cem"], actor=ROBOT, reason="holiday")
        assert moved.asked == ("bob",)
        for name in ("ann", "zoe", "cem"):
            with pytest.raises(NotAllowed):
                await opened.decide(request, name, "approve")
        with pytest.raises(InvalidInput):
            await opened.inbox.reassign(request.id, ["zoe", "cem"], actor=ROBOT)
        assert await opened.stored(request) == moved


async def test_reassigning_frees_a_claim() -> None:
    async with desk() as opened:
        request = await opened.open()
        await opened.inbox.claim(request.id, actor=ANN)
        moved = await opened.inbox.reassign(request.id, "bob", actor=ROBOT)
        assert (moved.status, moved.claimed_by) == ("OPEN", None)


async def test_reassigning_judges_again_by_the_votes_of_those_still_asked() -> None:
    async with desk() as opened:
        request = await opened.open(audience=["ann", "bob", "cem"], quorum="all")
        await opened.decide(request, "ann", "approve")
        moved = await opened.inbox.reassign(request.id, ["ann"], actor=ROBOT)
        assert moved.outcome is not None
        assert (moved.outcome.approved, moved.outcome.approvals, moved.outcome.asked) == (True, 1, 1)
        other = await opened.open(audience=["ann", "bob"], quorum="all")
        await opened.decide(other, "ann", "approve")
        moved = await opened.inbox.reassign(other.id, ["bob", "cem"], actor=ROBOT)
        assert moved.status == "OPEN"
        with pytest.raises(InvalidInput, match="name people"):
            await opened.inbox.reassign(other.id, [], actor=ROBOT)


async def test_escalating_frees_a_claim() -> None:
    async with desk() as opened:
        request = await opened.open(audience="ann", escalations=[escalation(10, "bob")])
        await opened.inbox.claim(request.id, actor=ANN)
        opened.clock.turn(10)
        await opened.sweep()
        stored = await opened.stored(request)
        assert (stored.status, stored.claimed_by) == ("OPEN", None)
        assert (await opened.decide(request, "bob", "approve")).status == "RESOLVED"


async def test_escalating_by_hand_takes_the_next_rung_and_the_clock_doesnt_take_it_again() -> None:
    async with desk() as opened:
        ladder = [escalation(10, "bob"), escalation(20, "cem")]
        request = await opened.open(audience=["ann"], escalations=ladder)
        assert (await opened.inbox.escalate(request.id, actor=ANN)).asked == ("ann", "bob")
        opened.clock.turn(10)
        assert await opened.sweep() == 0
        opened.clock.turn(10)
        await opened.sweep()
        stored = await opened.stored(request)
        assert (stored.asked, stored.escalated) == (("ann", "bob", "cem"), 2)
        with pytest.raises(IllegalMove, match="no further rung"):
            await opened.inbox.escalate(request.id, actor=ANN)


async def test_a_withdrawn_request_is_over() -> None:
    async with desk() as opened:
        request = await opened.open()
        gone = await opened.inbox.withdraw(request.id, actor=ROBOT, reason="no longer needed")
        assert (gone.status, gone.outcome, gone.ended_by) == ("WITHDRAWN", None, "operator")
        with pytest.raises(Conflict) as caught:
            await opened.decide(request, "ann", "approve")
        assert caught.value.winner == "operator"


async def test_comments_are_kept_in_order_and_end_with_the_request() -> None:
    async with desk() as opened:
        request = await opened.open(audience=["ann", "bob"])
        await opened.inbox.comment(request.id, "why?", actor=ANN)
        await opened.inbox.comment(request.id, "because", actor=BOB)
        detail = await views.detail(opened.app.store, request.id)
        assert [(line["by"], line["text"]) for line in detail["comments"]] == [
            ("ann", "why?"),
            ("bob", "because"),
        ]
        with pytest.raises(InvalidInput):
            await opened.inbox.comment(request.id, " ", actor=ANN)
        with pytest.raises(NotAllowed):
            await opened.inbox.comment(request.id, "me too", actor=Actor("zoe"))
        await opened.decide(request, "ann", "approve")
        with pytest.raises(Conflict) as caught:
            await opened.inbox.comment(request.id, "late", actor=BOB)
        assert caught.value.winner == "ann"


# -- views -----------------------------------------------------------------------------------------------


async def test_what_waits_for_a_person_is_what_they_may_do_most_urgent_first() -> None:
    async with desk() as opened:
        plain = await opened.open()
        soon = await opened.open(timeout=10)
        high = await opened.open(priority=5)
        await opened.open(audience=["bob"])
        taken = await opened.open()
        await opened.inbox.claim(taken.id, actor=BOB)
        voted = await opened.open(audience=["ann", "bob"], quorum="all")
        await opened.decide(voted, "ann", "approve")
        found = await views.open_for(opened.app.store, ANN, now=opened.clock.now())
        assert [request.id for request in found] == [high.id, soon.id, plain.id]
        assert len(await views.open_for(opened.app.store, ANN, now=opened.clock.now(), limit=1)) == 1


async def test_the_most_urgent_is_found_behind_many_others() -> None:
    async with desk() as opened:
        await asyncio.gather(*(opened.open() for _ in range(1001)))
        opened.clock.turn(1)
        urgent = await opened.open(priority=9)
        found = await views.open_for(opened.app.store, ANN, now=opened.clock.now(), limit=1)
        assert [request.id for request in found] == [urgent.id]


async def test_who_is_asked_blind_doesnt_read_the_votes_of_others_anywhere() -> None:
    async with desk() as opened:
        request = await opened.open(audience=["ann", "bob", "cem"], quorum="all", blind=True)
        await opened.decide(request, "ann", "approve", comment="secret opinion")
        before = await views.detail(opened.app.store, request.id, viewer="bob")
        assert before["decisions"] == []
        assert "decided" not in [line["move"] for line in before["log"]]
        await opened.decide(request, "bob", "approve")
        after = await views.detail(opened.app.store, request.id, viewer="bob")
        assert [vote["actor"] for vote in after["decisions"]] == ["ann", "bob"]
