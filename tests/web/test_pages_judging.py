"""What the pages of requests keep, hide and say: nothing typed is lost, votes stay blind, words fit the case."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from handrail import FunctionNode, HumanApprovalNode
from handrail.flows.function import as_flow
from handrail.inbox import views
from handrail.inbox.inbox import Inbox
from handrail.people.facts import Role
from handrail.requests.decision import Actor, Strength, Verb
from handrail.requests.policy import Audience, policy
from handrail.requests.request import HumanRequest, RequestDraft
from tests.support.web_visits import Place, Visitor, place, text

VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)
JURY = {"audience": ["alice", "bob", "carol"], "quorum": "all", "blind": True}


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app that works, and its pages."""
    async with place(groups={"legal": ["bob"]}) as made:
        yield made


def inbox(here: Place) -> Inbox:
    return Inbox(here.app.store, here.clock)


async def asked(here: Place, rules: Mapping[str, Any], **given: Any) -> HumanRequest:
    """Open a request without a run."""
    proposal, by = given.pop("proposal", {"content": "one"}), given.pop("by", "alice")
    draft = RequestDraft("approval", "Publish?", proposal, VERBS, policy(**rules), **given)
    return await inbox(here).open(draft, initiator=by)


async def until_asked(here: Place, run_id: str, number: int) -> None:
    """Wait until a run has asked as many requests."""
    async with asyncio.timeout(20):
        while len(await views.requests(here.app.store, run_id=run_id)) < number:  # noqa: ASYNC110 - a worker asks
            await asyncio.sleep(0.005)


def who(name: str) -> Actor:
    return Actor(name, Strength.SESSION, "web")


async def decide(visitor: Visitor, request: HumanRequest, expected: int, **fields: str) -> str:
    address = f"/requests/{request.id}/decide"
    answer = await visitor.post(address, expected, seen=request.content_hash, **fields)
    return answer.text


# -- nothing typed is lost ------------------------------------------------------------------------------------------


async def test_words_stay_on_the_page_when_somebody_was_faster(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": ["alice", "bob"]})
    await inbox(here).decide(request.id, "approve", actor=who("alice"))
    page = await decide(bob, request, 409, verb="reject", comment="my <reasons>")
    assert "my &lt;reasons&gt;" in page
    page = await decide(
        bob, request, 409, verb="edit", edit="1", comment="shorter", **{"edit/content": "my version"}
    )
    assert "my version" in page
    assert "shorter" in page
    answer = await bob.post(f"/requests/{request.id}/comment", 409, text="my comment")
    assert "my comment" in answer.text


async def test_words_stay_on_the_page_when_another_revision_has_arrived(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, JURY)
    await inbox(here).decide(request.id, "edit", actor=who("alice"), payload={"content": "two"})
    page = await decide(bob, request, 409, verb="request_changes", comment="my wish")
    assert "Revision 2 arrived" in page
    assert "my wish" in page


async def test_words_stay_on_the_page_of_whom_it_does_not_ask(here: Place) -> None:
    alice = await here.visitor("alice")
    request = await asked(here, {"audience": "bob"})
    assert "my reasons" in await decide(alice, request, 403, verb="reject", comment="my reasons")


async def test_words_that_a_field_shows_again_are_not_shown_twice(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    page = await decide(bob, request, 422, verb="edit", edit="1", comment="why", **{"edit/content": "one"})
    assert "nothing is changed" in text(page)
    assert "What you wrote" not in page


async def test_words_that_are_too_many_come_back(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    long = "y" * 1_100_000
    answer = await bob.post(f"/requests/{request.id}/comment", 413, text=long)
    assert long in answer.text
    page = await decide(bob, request, 422, verb="reject", comment=long)
    assert long in page


async def test_a_form_that_was_sent_twice_is_told_that_it_counts_once(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    await decide(bob, request, 303, verb="approve")
    page = text(await decide(bob, request, 409, verb="approve"))
    assert "That is yours already; it counts once." in page
    assert "not counted" not in page


async def test_only_what_was_written_is_shown_as_that(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {})
    await inbox(here).decide(request.id, "approve", actor=who("alice"))
    page = text(await decide(bob, request, 409, verb="edit", edit="1", **{"edit/content": "MINE"}))
    assert "What you wrote Content MINE" in page
    assert "Your answer" not in page


# -- words fit the case -----------------------------------------------------------------------------------------------


async def test_nothing_is_said_of_a_run_where_there_is_none(here: Place) -> None:
    bob = await here.visitor("bob")
    one = text(await bob.see(f"/requests/{(await asked(here, {})).id}"))
    assert "Whoever asked goes on only with a person’s approval." in one
    assert "There is no further revision; whoever asked gets your words." in one
    assert "the run" not in one.lower().replace("the runs", "")
    edited = text(await bob.see(f"/requests/{(await asked(here, {})).id}", edit=1))
    assert "What you save here settles it." in edited
    own = await asked(here, {"audience": Audience(users=("bob", "carol"), not_initiator=True)}, by="bob")
    assert "You asked this, and its policy doesn’t let people approve" in text(
        await bob.see(f"/requests/{own.id}")
    )
    page = text(await decide(bob, own, 403, verb="approve"))
    assert "'bob' opened it and may not decide" in page


async def test_one_vote_is_not_called_the_end(here: Place) -> None:
    bob = await here.visitor("bob")
    page = text(await bob.see(f"/requests/{(await asked(here, JURY)).id}"))
    assert page.count("It is one vote, and counts with the others") == 2
    assert "There is no further revision" not in page


async def test_doubts_are_linked_only_to_what_is_on_the_page(here: Place) -> None:
    bob = await here.visitor("bob")
    context = {"unsure": [{"text": "one", "reason": "of how many?"}]}
    request = await asked(here, {}, context=context)
    for query, links in (({}, 1), ({"edit": 1}, 0)):
        page = await bob.see(f"/requests/{request.id}", **query)
        assert "of how many?" in page
        assert (page.count('href="#doubt-1"'), page.count('id="doubt-1"')) == (links, links)


async def test_the_doubts_of_a_question_are_marked_in_what_stands_beside_it(here: Place) -> None:
    bob = await here.visitor("bob")
    draft = RequestDraft(
        "question",
        "Which seat?",
        {"question": "Which seat?"},
        (Verb.ANSWER,),
        policy(),
        context={"ticket": "The seat is gone", "unsure": ["seat"]},
        response_schema={"enum": ["a", "b"]},
    )
    page = await bob.see(f"/requests/{(await inbox(here).open(draft)).id}")
    assert page.count('href="#doubt-1"') == page.count('id="doubt-1"') == 1


async def test_a_choice_of_which_the_model_was_not_sure_is_not_made_in_the_editor(here: Place) -> None:
    bob = await here.visitor("bob")
    rules = {"threshold": 0.7, "confidence": 0.5}
    sure, unsure = [
        await asked(here, {}, context={**rules, **more}, proposal={"content": "one", "urgent": True})
        for more in ({"confidence": 0.9}, {})
    ]
    pages = [await bob.see(f"/requests/{each.id}", edit=1) for each in (sure, unsure)]
    assert [page.count(" checked") for page in pages] == [1, 0]
    page = await decide(bob, unsure, 422, verb="edit", edit="1", **{"edit/content": "two"})
    assert "Urgent" in text(page)
    await decide(bob, unsure, 303, verb="edit", edit="1", **{"edit/content": "two", "edit/urgent": "0"})
    assert (await views.request(here.app.store, unsure.id)).decisions[0].payload == {"content": "two"}


# -- many at once ---------------------------------------------------------------------------------------------------


async def many(bob: Visitor, request: HumanRequest, expected: int, **fields: str) -> str:
    answer = await bob.post("/requests/many", expected, pick=request.id, **fields)
    return answer.text


async def test_what_is_no_verb_approves_nothing(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    seen = {f"seen {request.id}": request.content_hash}
    for verb in ("", "approved", "edit"):
        await many(bob, request, 422, verb=verb, sure="1", **seen)
    assert not (await views.request(here.app.store, request.id)).ended


async def test_what_was_not_shown_is_not_decided(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    assert "not among those that were shown" in await many(bob, request, 207, verb="approve", sure="1")
    assert not (await views.request(here.app.store, request.id)).ended


async def test_rejecting_many_without_a_word_is_refused_in_words(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    page = await many(bob, request, 422, verb="reject", sure="1", comment=" \n")
    assert "Nothing was decided" in page


async def test_words_about_many_are_there_when_some_failed(here: Place) -> None:
    alice = await here.visitor("alice")
    request = await asked(here, {"audience": "bob"})
    seen = {f"seen {request.id}": request.content_hash}
    page = await many(alice, request, 207, verb="reject", sure="1", comment="my reasons", **seen)
    assert "my reasons" in page


# -- what a reader may see ------------------------------------------------------------------------------------------


async def test_a_run_shows_nothing_of_requests_that_ask_only_others(here: Place) -> None:
    here.app.flow(
        "two",
        as_flow(FunctionNode(lambda x: x, name="begin"))
        | HumanApprovalNode(name="first", title="A question for alice", audience="alice")
        | HumanApprovalNode(name="second", title="A question for bob", audience="bob"),
    )
    bob, alice = await here.visitor("bob"), await here.visitor("alice")
    await here.visitor("carol")
    await here.run("two", {"content": "rivers"}, "river", initiator="carol")
    (first,) = await views.requests(here.app.store, run_id="river")
    assert "A question for alice" in await alice.see("/runs/river")
    await bob.see("/runs/river", 404)
    await inbox(here).decide(first.id, "approve", actor=who("alice"))
    await until_asked(here, "river", 2)
    page = await bob.see("/runs/river")
    assert "A question for bob" in page
    assert "A question for alice" not in page
    _, key = await here.people.make_key("bob", "reads", ["runs:read", "requests:read"], actor=who("bob"))
    bob.http.headers["authorization"] = f"Bearer {key}"
    shown = (await bob.http.get("/api/v1/runs/river")).json()["requests"]
    assert [each["title"] for each in shown] == ["A question for bob"]
    _, key = await here.people.make_key("bob", "narrow", ["runs:read"], actor=who("bob"))
    bob.http.headers["authorization"] = f"Bearer {key}"
    assert (await bob.http.get("/api/v1/runs/river")).json()["requests"] == []


async def test_the_list_of_runs_names_no_request_that_asks_only_others(here: Place) -> None:
    here.app.flow(
        "two",
        HumanApprovalNode(name="first", title="A question for bob", audience="bob")
        | HumanApprovalNode(name="second", title="A question for alice", audience="alice"),
    )
    alice, bob = await here.visitor("alice"), await here.visitor("bob")
    await here.run("two", {"content": "rivers"}, "river", initiator="carol")
    (first,) = await views.requests(here.app.store, run_id="river")
    await inbox(here).decide(first.id, "approve", actor=who("bob"))
    await until_asked(here, "river", 2)
    assert "A question for alice" in await alice.see("/runs")
    page = await bob.see("/runs")
    assert "river" in page
    assert "A question for alice" not in page


async def test_the_audit_hides_blind_votes_until_they_are_known(here: Place) -> None:
    root = await here.visitor("root", Role.ADMIN)
    request = await asked(here, JURY)
    await inbox(here).decide(request.id, "approve", actor=who("alice"), comment="my secret view")
    for path in ("/audit", "/audit/export.csv", "/audit/export.jsonl"):
        told = (await root.http.get(path)).text
        assert "my secret view" not in told, path
        assert "approved" not in told, path
        assert '"approve"' not in told, path
    for name in ("bob", "carol"):
        await inbox(here).decide(request.id, "approve", actor=who(name))
    for path in ("/audit", "/audit/export.csv", "/audit/export.jsonl"):
        assert "my secret view" in (await root.http.get(path)).text, path


# -- words that fit the case ----------------------------------------------------------------------------------------


async def test_an_ended_request_says_what_was_done_to_it(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": ["alice", "bob"]})
    await inbox(here).decide(request.id, "request_changes", actor=who("alice"), comment="shorter")
    assert "alice requested changes to this" in text(await bob.see(f"/requests/{request.id}"))
    jury = await asked(here, JURY)
    await inbox(here).decide(jury.id, "edit", actor=who("alice"), payload={"content": "two"})
    page = text(await bob.see(f"/requests/{jury.id}"))
    assert "alice changed this: a later revision asks instead" in page
    assert "Open revision 2" in page


async def test_who_joined_after_it_was_asked_is_told_so_and_has_no_buttons(here: Place) -> None:
    root = await here.visitor("root", Role.ADMIN)
    dave = await here.visitor("dave")
    await root.post("/settings/groups", name="jury", members="alice, bob", new="on")
    request = await asked(here, {"audience": "group:jury", "quorum": "all"})
    await root.post("/settings/groups", name="jury", members="alice, bob, dave")
    page = await dave.see(f"/requests/{request.id}")
    assert "It was asked before you joined: 2 people vote on it." in text(page)
    assert 'value="approve" aria-keyshortcuts' not in page


async def test_who_is_excluded_is_told_so(here: Place) -> None:
    root = await here.visitor("root", Role.ADMIN)
    request = await asked(here, {"audience": Audience(excluded=("root",))})
    assert "You are excluded from deciding this one." in text(await root.see(f"/requests/{request.id}"))


async def test_a_problem_beside_the_fields_of_a_version_is_said(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    page = await decide(bob, request, 422, verb="approve", edit="1", **{"edit/content": "two"})
    assert "0 answers" not in page
    assert "must be empty with approve" in text(page)


async def test_a_decision_that_does_not_say_what_was_shown_is_not_counted(here: Place) -> None:
    alice = await here.visitor("alice")
    request = await here.app.inbox.open(RequestDraft("approval", "Publish it?", {"content": "words"}))
    answer = await alice.post(f"/requests/{request.id}/decide", 409, verb="approve")
    assert "say what was shown" in answer.text
    assert not (await views.request(here.app.store, request.id)).ended


async def test_who_may_not_comment_sees_no_empty_feedback(here: Place) -> None:
    request = await asked(here, {})
    reader, reviewer = await here.visitor("carol", Role.VIEWER), await here.visitor("alice")
    path = f"/requests/{request.id}"
    assert ">Feedback</h2>" not in await reader.see(path)
    assert ">Feedback</h2>" in await reviewer.see(path)
    await inbox(here).comment(request.id, "Who is the source?", actor=Actor("alice"))
    page = await reader.see(path)
    assert ">Feedback</h2>" in page
    assert "Who is the source?" in page
    assert "Comment without deciding" not in page
