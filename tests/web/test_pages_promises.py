"""What a request's page promises and what then happens: rights, runs, revisions, deadlines, a store that fails."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from handrail import FeedbackLoop, FunctionNode, HumanApprovalNode, approval_required, ask, step
from handrail.inbox import moves, views
from handrail.inbox.inbox import Inbox
from handrail.people.facts import Role
from handrail.people.rights import Caller
from handrail.requests.decision import Actor, Strength, Verb
from handrail.requests.policy import Audience, escalation, policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.web.pages import sheet
from tests.support.web_visits import ROOT, Place, Visitor, place, text

VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)
JURY = {"audience": ["alice", "bob", "carol"], "quorum": "all", "blind": True}


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app that works, and its pages."""
    async with place(groups={"legal": ["bob"]}) as made:
        yield made


def inbox(here: Place) -> Inbox:
    return Inbox(here.app.store, here.clock)


async def asked(here: Place, rules: Mapping[str, Any]) -> HumanRequest:
    """Open a request without a run."""
    draft = RequestDraft("approval", "Publish?", {"content": "one"}, VERBS, policy(**rules))
    return await inbox(here).open(draft, initiator="alice")


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


# -- what may be done is told by what the act checks -----------------------------------------------------------------


async def test_a_viewer_who_is_asked_by_name_is_told_that_others_decide(here: Place) -> None:
    vera, bob = await here.visitor("vera", Role.VIEWER), await here.visitor("bob")
    request = await asked(here, {"audience": ["vera", "bob"]})
    page = text(await vera.see(f"/requests/{request.id}"))
    assert "a viewer doesn’t decide, admins and reviewers do. This one can be decided by bob." in page
    assert "One decides: bob" in page
    assert "One decides: bob" in text(await bob.see(f"/requests/{request.id}"))
    jury = await asked(here, {"audience": ["vera", "bob"], "quorum": "all"})
    assert "vera Can’t vote: a viewer" in text(await bob.see(f"/requests/{jury.id}"))
    alone = await asked(here, {"audience": ["vera"]})
    assert "can be decided by nobody that it names" in text(await vera.see(f"/requests/{alone.id}"))
    assert 'class="batch"' not in await vera.see("/inbox")
    assert 'class="batch"' in await bob.see("/inbox")


AUDIENCES = [
    {"audience": ["bob", "vera", "root"]},
    {},
    {"audience": Audience(("bob", "root"), not_initiator=True)},
    {"audience": Audience(excluded=("bob",))},
    {"audience": "group:legal"},
    {"audience": ["bob", "vera", "root"], "quorum": "all"},
    {"audience": ["alice", "root"], "require": "session"},
]


@pytest.mark.parametrize("rules", AUDIENCES)
async def test_a_page_offers_what_the_act_lets_pass_and_nothing_else(
    here: Place, rules: Mapping[str, Any]
) -> None:
    roles = {"alice": Role.REVIEWER, "bob": Role.REVIEWER, "vera": Role.VIEWER, "root": Role.ADMIN}
    for name, role in roles.items():
        await here.people.add(name, actor=ROOT, role=role)
    for name, role in roles.items():
        visitor = await here.visitor(name, role)
        for acts in ("decide", "claim", "comment", "remind", "reassign", "withdraw"):
            request = await asked(here, rules)
            answer = await visitor.http.get(f"/requests/{request.id}")
            given = {"seen": request.content_hash, "verb": "approve", "text": "so", "to": "root, bob"}
            await visitor.see("/settings/me")
            done = await visitor.http.post(
                f"/requests/{request.id}/{acts}", data={"form_token": visitor.token, **given}
            )
            sign = {
                "decide": "data-approve",
                "reassign": "ask=reassign",
                "withdraw": "ask=withdraw",
            }.get(acts, f'/{acts}"')
            assert done.status_code in (303, 403, 404, 409), (name, acts)
            assert (sign in answer.text) == (done.status_code == 303), (name, acts, done.status_code)


@pytest.mark.parametrize("act", ["remind", "escalate", "withdraw", "reassign", "comment", "claim"])
async def test_a_right_is_looked_at_in_the_transaction_that_moves(
    here: Place, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    bob = await here.visitor("bob")
    await here.people.add("carol", actor=ROOT)
    await bob.see("/settings/me")
    ladder = {"escalations": [escalation(after=60, to="carol")], "timeout": 60, "on_timeout": "escalate"}
    request = await asked(here, {"audience": ["bob"], **ladder})
    do, meant = here.app.store.do, list[str]()

    async def late(unit: Any, *given: Any, **named: Any) -> Any:
        """Let somebody else be asked just before anything about this request is written."""
        about = request.id in (named.get("request_id"), *given)
        if about and not meant:
            meant.append(act)
            await inbox(here).reassign(request.id, ["carol"], actor=who("alice"))
        return await do(unit, *given, **named)

    monkeypatch.setattr(here.app.store, "do", late)
    await bob.post(f"/requests/{request.id}/{act}", 404, text="so", to="bob", reason="mine")
    assert meant == [act]
    now = await views.request(here.app.store, request.id)
    assert (now.status, now.audience.users, now.escalated, now.claimed_by) == ("OPEN", ("carol",), 0, None)


# -- runs and revisions ----------------------------------------------------------------------------------------------


@approval_required(audience="bob")
def pay(amount: int) -> str:
    return f"paid {amount}"


async def asking_flow(data: dict[str, Any]) -> dict[str, Any]:
    return {"tone": await ask("Which tone?", audience="bob")}


async def paying(data: dict[str, Any]) -> dict[str, Any]:
    return {"paid": await pay(5)}


@pytest.mark.parametrize(
    ("flow", "told", "status"),
    [
        (HumanApprovalNode(audience="bob"), "The run takes that as a no: it goes on", "FINISHED"),
        (HumanApprovalNode(audience="bob", on_reject="stop"), "or ends where its flow stops", "FINISHED"),
        (FeedbackLoop(FunctionNode(lambda x: x), audience="bob"), "takes that as a no", "FINISHED"),
        (asking_flow, "gets no answer and fails", "FAILED"),
        (paying, "The call isn’t made, and the run fails", "FAILED"),
    ],
)
async def test_what_withdrawing_does_to_the_run_is_told_before_it_and_true(
    here: Place, flow: Any, told: str, status: str
) -> None:
    here.app.flow("ask", flow)
    alice = await here.visitor("alice")
    await here.run("ask", {"content": "rivers"}, "river")
    (request,) = await views.requests(here.app.store, run_id="river")
    assert told in text(await alice.see(f"/requests/{request.id}", ask="withdraw"))
    await alice.post(f"/requests/{request.id}/withdraw", reason="not needed")
    async with asyncio.timeout(20):
        while not (run := await here.app.runs.get("river")).settled:  # noqa: ASYNC110 - a worker goes on
            await asyncio.sleep(0.005)
    assert run.status == status


async def test_a_revision_that_a_run_has_replaced_leads_to_the_one_that_asks_now(here: Place) -> None:
    here.app.flow("loop", FeedbackLoop(FunctionNode(lambda x: x), audience=["alice", "bob"]))
    bob = await here.visitor("bob")
    await here.people.add("alice", actor=ROOT)
    await here.run("loop", {"content": "rivers"}, "river")
    (first,) = await views.requests(here.app.store, run_id="river")
    assert "is here" not in text(await bob.see(f"/requests/{first.id}"))
    await inbox(here).decide(first.id, "request_changes", actor=who("alice"), comment="shorter")
    await until_asked(here, "river", 2)
    newer = next(each for each in await views.requests(here.app.store, run_id="river") if each.id != first.id)
    page = await bob.see(f"/requests/{first.id}")
    assert "Revision 2 is here." in text(page)
    assert f'href="/requests/{newer.id}">Open revision 2' in page
    assert (await bob.http.get(f"/requests/{first.id}/state")).json()["newer"] == newer.id
    later = await bob.see(f"/requests/{newer.id}")
    assert "is here" not in text(later)
    await inbox(here).reassign(newer.id, ["alice"], actor=who("alice"))
    assert newer.id not in await bob.see(f"/requests/{first.id}")  # they may not see it any more


async def test_a_page_reads_a_bounded_part_of_a_long_run(here: Place) -> None:
    async def many_steps(data: dict[str, Any]) -> dict[str, Any]:
        for number in range(300):
            await step(f"s{number}", lambda: "done")
        return {"tone": await ask("Which tone?", audience="bob")}

    here.app.flow("long", many_steps)
    bob = await here.visitor("bob")
    await here.run("long", {}, "river")
    (request,) = await views.requests(here.app.store, run_id="river")
    page = await bob.see(f"/requests/{request.id}")
    told = text(page)
    assert "288 steps before" in told
    assert "Open the run to see all its steps" in told
    assert [f"S{number}<" in page for number in (0, 287, 288, 299)] == [False, False, True, True]
    person = Caller((await here.people.everybody())[0], who("bob"))
    read = await here.app.store.read(sheet.read, request_id=request.id, caller=person)
    assert len(read.steps) == sheet.STEPS


# -- time, and titles ------------------------------------------------------------------------------------------------


async def test_the_next_deadline_of_a_late_request_is_not_told_as_its_own(here: Place) -> None:
    bob = await here.visitor("bob")
    ladder = {"escalations": [escalation(after=3600, to="carol"), escalation(after=7200, to="root")]}
    request = await asked(here, {"audience": "bob", "timeout": 3600, "on_timeout": "escalate", **ladder})
    page = text(await bob.see(f"/requests/{request.id}"))
    assert "If nobody decides, it escalates: carol can decide it as well." in page
    assert "Next step" not in page
    here.clock.turn(3700)
    await here.app.store.do(moves.sweep_request, request_id=request.id, now=here.clock.now())
    page = text(await bob.see(f"/requests/{request.id}"))
    assert "1 min late Next step, " in page
    assert ": if nobody decides, it escalates: root can decide it as well." in page
    root = await here.visitor("root", Role.ADMIN)
    assert "The clock escalated Publish? its deadline had passed" in text(await root.see("/audit"))


async def test_a_page_is_called_by_its_request(here: Place) -> None:
    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    assert "<title>Publish? · Handrail</title>" in await bob.see(f"/requests/{request.id}")
    assert "<title>Mine · Handrail</title>" in await bob.see("/inbox")


# -- twice at once, and a store that fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [{"audience": ["alice", "bob"]}, JURY])
async def test_of_two_posts_of_one_form_at_once_one_counts(here: Place, rules: Mapping[str, Any]) -> None:
    bob = await here.visitor("bob")
    await bob.see("/settings/me")
    request = await asked(here, rules)
    fields = {"form_token": bob.token, "seen": request.content_hash, "verb": "approve"}
    address = f"/requests/{request.id}/decide"
    answers = await asyncio.gather(*(bob.http.post(address, data=fields) for _ in range(2)))
    assert len((await views.request(here.app.store, request.id)).decisions) == 1
    if rules is JURY:  # one may vote again while it is open: the same again changes nothing
        assert [each.status_code for each in answers] == [303, 303]
        return
    assert sorted(each.status_code for each in answers) == [303, 409]
    refused = text(next(each.text for each in answers if each.status_code == 409))
    assert "That is yours already; it counts once." in refused


async def test_a_store_that_fails_is_told_with_the_words_kept_and_what_to_do(here: Place) -> None:
    def full(tx: Any) -> None:
        pages = tx.connection.execute("PRAGMA page_count").fetchone()[0]
        tx.connection.execute(f"PRAGMA max_page_count = {pages}")

    def free(tx: Any) -> None:
        tx.connection.execute("PRAGMA max_page_count = 1000000")

    bob = await here.visitor("bob")
    request = await asked(here, {"audience": "bob"})
    await bob.see("/settings/me")
    words = "my <reasons> " + "at length " * 9000
    await here.app.store.do(full)
    bob.http.headers["referer"] = f"http://127.0.0.1:8000/requests/{request.id}?view=open"
    page = await decide(bob, request, 503, verb="reject", comment=words)
    assert "There is no room left" in text(page)
    assert "may not have been counted: look how it stands before you send it again" in text(page)
    assert f'href="/requests/{request.id}?view=open">Back to the page' in page
    assert "my &lt;reasons&gt; at length" in page
    assert "form_token" not in page.partition("<main")[2]
    await here.app.store.do(free)
    assert not (await views.request(here.app.store, request.id)).ended
    await decide(bob, request, 303, verb="reject", comment=words)
