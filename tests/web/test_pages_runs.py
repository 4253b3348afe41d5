"""The pages of runs: who sees which, what one shows, and what can be done with it."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from handrail import FunctionNode, HumanApprovalNode, Parallel
from handrail.flows.execution import Data
from handrail.flows.function import as_flow
from handrail.inbox import views
from handrail.people.facts import Role
from handrail.requests.decision import Actor, Strength
from handrail.requests.policy import escalation
from handrail.runs.run import RunStatus
from handrail.web.pages import runs
from tests.support.web_visits import FAILS, Place, place, text

BOB = Actor("bob", Strength.SESSION, "web")
NASTY = "<script>alert(1)</script>"


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app that works, and its pages."""
    async with place() as made:
        yield made


async def settled(here: Place, run_id: str, status: RunStatus) -> None:
    """Wait until a run has come to a status."""
    async with asyncio.timeout(20):
        while (await here.app.runs.get(run_id)).status is not status:  # noqa: ASYNC110 - a worker sets it
            await asyncio.sleep(0.005)


async def request_of(here: Place, run_id: str) -> str:
    (request,) = await views.requests(here.app.store, run_id=run_id)
    return request.id


# -- the list -------------------------------------------------------------------------------------------------------


async def test_the_list_shows_the_newest_run_first_with_what_it_waits_for(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("write", {"prompt": "rivers"}, "first")
    here.clock.turn(60)
    await here.run("approve", {"prompt": "lakes"}, "second")
    page = await alice.see("/runs")
    assert page.index(">second<") < page.index(">first<")
    assert f'href="/requests/{await request_of(here, "second")}">Publish the post?<' in page
    assert "Finished" in page
    assert "Waiting" in page
    assert "1 min ago" in page


async def test_filters_narrow_the_list(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("write", {"prompt": "rivers"}, "written-1", "alice")
    await here.run("approve", {"prompt": "rivers"}, "waiting-1", "bob")
    await here.run("publish", {"content": "x"}, "failed-1", "bob")

    async def shown(**query: str) -> set[str]:
        page = await alice.see("/runs", **query)
        return {name for name in ("written-1", "waiting-1", "failed-1") if f">{name}<" in page}

    assert await shown() == {"written-1", "waiting-1", "failed-1"}
    assert await shown(status="waiting") == {"waiting-1"}
    assert await shown(status="attention") == {"failed-1"}
    assert await shown(flow="write") == {"written-1"}
    assert await shown(text="ITING") == {"waiting-1"}
    assert await shown(mine="on") == {"written-1"}
    assert await shown(flow="write", status="waiting") == set()
    assert await shown(status="nothing like that") == {"written-1", "waiting-1", "failed-1"}


async def test_older_leads_through_all_runs_once(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PAGE", 3)
    alice = await here.visitor("alice", Role.ADMIN)
    names = [f"run-{place}" for place in range(8)]
    for name in names:
        here.clock.turn(1)
        await here.run("write", {"prompt": "x"}, name)
    seen: list[str] = []
    address = "/runs?flow=write"
    for _ in range(5):
        page = await alice.see(address)
        seen += [name for name in reversed(names) if f">{name}<" in page]
        older = [part.split('"')[0] for part in page.split('href="') if ">Older<" in part[:400]]
        if not older:
            break
        address = older[-1].replace("&amp;", "&")
        assert "flow=write" in address
    assert seen == list(reversed(names))


async def test_pages_of_who_may_not_read_all_are_whole_and_lose_nothing(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "PAGE", 3)
    for place_of in range(14):
        here.clock.turn(1)
        starter = "bob" if place_of % 3 == 0 or place_of > 11 else "alice"
        await here.run("write", {"prompt": "x"}, f"run-{place_of:02}", starter)
    bob = await here.visitor("bob")
    pages: list[list[str]] = []
    address = "/runs"
    for _ in range(6):
        page = await bob.see(address)
        pages.append(re.findall(r">(run-\d\d)<", page))
        older = [part.split('"')[0] for part in page.split('href="') if ">Older<" in part[:400]]
        if not older:
            break
        address = older[-1].replace("&amp;", "&")
    assert [len(page) for page in pages[:2]] == [3, 3]
    assert [name for page in pages for name in page] == [
        f"run-{place_of:02}" for place_of in (13, 12, 9, 6, 3, 0)
    ]


async def test_who_neither_started_nor_is_asked_sees_no_run(here: Place) -> None:
    await here.run("approve", {"prompt": "rivers"}, "asks-bob", "alice")
    await here.run("write", {"prompt": "rivers"}, "asks-nobody", "alice")
    alice, bob, carol = [await here.visitor(name) for name in ("alice", "bob", "carol")]
    admin = await here.visitor("root", Role.ADMIN)
    for visitor, sees in (
        (alice, {"asks-bob", "asks-nobody"}),
        (bob, {"asks-bob"}),
        (carol, set[str]()),
        (admin, {"asks-bob", "asks-nobody"}),
    ):
        page = await visitor.see("/runs")
        assert {name for name in ("asks-bob", "asks-nobody") if f">{name}<" in page} == sees, visitor.name
        for name in ("asks-bob", "asks-nobody"):
            await visitor.see(f"/runs/{name}", 200 if name in sees else 404)


async def test_a_run_that_is_not_theirs_is_told_as_one_that_is_not_there(here: Place) -> None:
    await here.run("write", {"prompt": "rivers"}, "hidden", "alice")
    carol = await here.visitor("carol")
    hidden, missing = await carol.see("/runs/hidden", 404), await carol.see("/runs/missing", 404)
    assert text(hidden).replace("hidden", "missing") == text(missing)


async def test_strangers_sign_in_first_and_come_back(here: Place) -> None:
    stranger = await here.visitor(None)
    answer = await stranger.http.get("/runs?status=waiting")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fruns%3Fstatus%3Dwaiting")


# -- one run --------------------------------------------------------------------------------------------------------


async def test_a_run_is_a_timeline_with_inputs_outputs_and_what_models_used(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("write", {"prompt": "rivers"}, "post")
    page = await alice.see("/runs/post")
    said = text(page)
    assert said.index("Started") < said.index("Draft") < said.index("FunctionNode") < said.index("Result")
    assert '"prompt": "rivers"' in said
    assert '"content": "# rivers' in said
    assert "input: the result of Draft" in said
    assert (
        "Calls 1 Function write in place of a model Log" in said
    )  # what the second step passes on is not counted again
    assert "alice started the run" in said
    assert "The run finished" in said
    assert "$" not in said


async def test_costs_are_shown_where_a_result_tells_them(here: Place) -> None:
    def told(data: Data) -> Data:
        usage = {"input_tokens": 1200, "output_tokens": 30, "requests": 1, "cost": 0.0125}
        return {**data, "model": "gpt-4o", "usage": usage}

    here.app.flow("priced", FunctionNode(told, name="ask"))
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("priced", {"prompt": "x"}, "priced-1")
    assert "Input 1,200 tokens Output 30 tokens Cost $0.0125" in text(await alice.see("/runs/priced-1"))


async def test_steps_tell_when_and_how_long(here: Place) -> None:
    await here.run("write", {"prompt": "rivers"}, "post")
    entries = await here.app.store.read(lambda tx: tx.entries("post", ""))
    assert [entry.at for entry in entries] == [int(here.clock.now().timestamp() * 1e6)] * 2
    assert all(entry.took is not None and entry.took >= 0 for entry in entries)


async def test_an_old_entry_without_times_is_shown_without_them(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("write", {"prompt": "rivers"}, "post")
    await here.app.store.do(lambda tx: tx.connection.execute("UPDATE journal SET at = NULL, took = NULL"))
    said = text(await alice.see("/runs/post"))
    assert "Draft Done LLMNode · function write" in said


async def test_branches_are_indented_and_the_open_request_is_linked(here: Place) -> None:
    tone = HumanApprovalNode(name="tone", title="Is the tone right?", audience="bob")
    here.app.flow("both", Parallel(FunctionNode(lambda x: {"facts": 2}, name="facts"), tone))
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("both", {"content": "x"}, "both-1")
    page = await alice.see("/runs/both-1")
    assert "Branch 0 Done" in text(page)
    assert "Branch 1 Waits" in text(page)
    assert 'class="is-done depth-3"' in page
    assert (
        f'Waiting for <a href="/requests/{await request_of(here, "both-1")}">Is the tone right?</a>' in page
    )


async def test_a_decided_request_tells_who_decided_and_what_they_said(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("approve", {"prompt": "rivers"}, "post")
    here.clock.turn(timedelta(hours=1, minutes=9))
    await here.app.inbox.decide(await request_of(here, "post"), "approve", actor=BOB, comment="Short & true")
    await settled(here, "post", RunStatus.FINISHED)
    said = text(await alice.see("/runs/post"))
    assert "Publish the post? Approved approval · at review/0 · by bob, after 1 h 9 min Short & true" in said


async def test_nothing_that_a_run_holds_becomes_markup(here: Place) -> None:
    def fail(data: Data) -> Data:
        raise ValueError(NASTY)

    here.app.flow(NASTY, FunctionNode(fail, name="step <b>", retries=0))
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run(NASTY, {NASTY: NASTY, "hidden": "abc\u202edef"}, f"run {NASTY}", NASTY)
    listed = await alice.see("/runs")
    address = listed.split('<th scope="row"><a href="')[1].split('"')[0]
    page = await alice.see(address)
    for shown in (listed, page):
        assert NASTY not in shown
        assert "&lt;script&gt;" in shown
    assert "\u202e" not in page
    assert "U+202E" in page


async def test_a_large_result_leaves_the_page_usable(here: Place) -> None:
    here.app.flow("large", FunctionNode(lambda x: {"content": "y" * 900_000}, name="grow"))
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("large", {"content": "x" * 900_000}, "large-1")
    page = await alice.see("/runs/large-1")
    assert len(page) < 100_000
    assert "Its output is too large to show here: 900,014 characters" in text(page)
    assert "20,000 of 900,0" in text(page)


async def test_a_run_id_may_be_any_printable_text(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("write", {"prompt": "x"}, "posts/1?a=b#ü")
    listed = await alice.see("/runs")
    assert 'href="/runs/posts%2F1%3Fa%3Db%23%C3%BC"' in listed
    assert "posts/1?a=b#ü" in text(await alice.see("/runs/posts%2F1%3Fa%3Db%23%C3%BC"))


# -- what can be done -------------------------------------------------------------------------------------------------


async def test_cancel_says_what_it_does_and_does_it(here: Place) -> None:
    alice = await here.visitor("alice")
    await here.run("approve", {"prompt": "rivers"}, "post")
    said = text(await alice.see("/runs/post"))
    assert "Cancel the run…" in said
    assert "1 open request is withdrawn" in said
    after = await alice.act("/run/cancel", run="post")
    assert "The run was cancelled. What it asked was withdrawn." in after
    assert "Cancelled" in after
    assert "The run was cancelled." not in text(await alice.see("/runs/post"))  # the notice is shown once
    again = await alice.post("/run/cancel", 303, run="post")  # the same wish, fulfilled already
    assert again.headers["location"] == "/runs/post"


async def test_a_run_that_has_ended_can_not_be_cancelled(here: Place) -> None:
    alice = await here.visitor("alice")
    await here.run("write", {"prompt": "rivers"}, "post")
    page = await alice.see("/runs/post")
    assert "Cancel the run…" not in page
    answer = await alice.post("/run/cancel", 409, run="post")
    assert "run post is already FINISHED. Nothing was changed." in text(answer.text)


async def test_a_failed_run_tells_its_error_and_goes_on_at_the_step_that_failed(here: Place) -> None:
    alice = await here.visitor("alice")
    await here.run("publish", {"content": "x"}, "post")
    said = text(await alice.see("/runs/post"))
    assert "ValueError in publish the server said <no>" in said
    assert "It goes on at the step that failed, publish , and executes that step once more" in said
    FAILS["now"] = False
    assert "goes on as soon as a worker" in await alice.act("/run/retry", run="post")
    await settled(here, "post", RunStatus.FINISHED)
    assert "alice retried the run" in text(await alice.see("/runs/post"))
    answer = await alice.post("/run/retry", 409, run="post")
    assert "only FAILED and NEEDS_ATTENTION can be tried again" in text(answer.text)


async def changed(here: Place, run_id: str = "rivers") -> None:
    """Bring a run to where its past doesn't match its flow."""

    async def old(data: Data) -> Data:
        await FunctionNode(lambda x: {"a": 1}, name="draft").execute(data)
        return await HumanApprovalNode(name="review", audience="bob").execute({"content": "hello"})

    async def new(data: Data) -> Data:
        await FunctionNode(lambda x: {"a": 1}, name="outline").execute(data)
        return await HumanApprovalNode(name="review", audience="bob").execute({"content": "hello"})

    here.app.flow("changing", old)
    await here.run("changing", {"topic": "rivers"}, run_id)
    node = as_flow(new)
    node.registered_as = "changing"
    assert here.app._worker is not None
    here.app.flows["changing"] = here.app._worker.runner.flows["changing"] = node
    await here.app.inbox.decide(await request_of(here, run_id), "approve", actor=BOB)
    await settled(here, run_id, RunStatus.NEEDS_ATTENTION)


async def test_a_run_whose_past_does_not_match_is_mapped_by_a_suggestion(here: Place) -> None:
    alice = await here.visitor("alice")
    await changed(here)
    page = await alice.see("/runs/rivers")
    said = text(page)
    assert "Recorded draft FunctionNode The flow has outline FunctionNode" in said
    assert "draft=outline if draft is called outline now" in said
    assert 'name="mapping" value="draft=outline"' in page
    assert "checked" not in page
    assert "Mapped draft=outline." in await alice.act("/run/migrate", run="rivers", mapping="draft=outline")
    await settled(here, "rivers", RunStatus.FINISHED)


async def test_a_mapping_that_is_none_is_told_beside_its_field_and_kept(here: Place) -> None:
    alice = await here.visitor("alice")
    await changed(here)
    for fields, told in (
        ({"mapping": "own", "own": "<draft>"}, "'<draft>' is no mapping: write OLD=NEW"),
        ({"mapping": "own", "own": "else=outline"}, "nothing is recorded as 'else'"),
        ({}, "choose a mapping, or write one"),
    ):
        answer = await alice.post("/run/migrate", 422, run="rivers", **fields)
        assert told in text(answer.text)
        assert 'aria-invalid="true" aria-describedby="mapping-error"' in answer.text
    kept = await alice.post("/run/migrate", 422, run="rivers", mapping="own", own="<draft>")
    assert "&lt;draft&gt;</textarea>" in kept.text
    assert (await here.app.runs.get("rivers")).status is RunStatus.NEEDS_ATTENTION


@pytest.mark.parametrize("act", ["cancel", "retry", "migrate"])
async def test_only_the_initiator_and_admins_act_on_a_run(here: Place, act: str) -> None:
    bob, carol = await here.visitor("bob"), await here.visitor("carol")
    viewer = await here.visitor("vera", Role.VIEWER)
    await here.run("approve", {"prompt": "rivers"}, "post")
    assert f"/run/{act}" not in await bob.see("/runs/post")
    refused = await bob.post(f"/run/{act}", 403, run="post", mapping="a=b")  # asked: reads it, and no more
    assert "depends on who started it" in text(refused.text)
    await carol.post(f"/run/{act}", 404, run="post", mapping="a=b")
    answer = await viewer.http.post(f"/run/{act}", data={"form_token": "x", "run": "post"})
    assert answer.status_code == 403
    assert (await here.app.runs.get("post")).status is RunStatus.WAITING


@pytest.mark.parametrize("act", ["cancel", "retry", "migrate"])
async def test_a_form_without_its_token_changes_nothing(here: Place, act: str) -> None:
    alice = await here.visitor("alice")
    await here.run("approve", {"prompt": "rivers"}, "post")
    await alice.see("/runs/post")
    for fields in ({"run": "post"}, {"run": "post", "form_token": "0" * 64}):
        answer = await alice.http.post(f"/run/{act}", data=fields)
        assert answer.status_code == 403
    assert (await here.app.runs.get("post")).status is RunStatus.WAITING


async def test_a_notice_that_was_tampered_with_is_not_shown(here: Place) -> None:
    alice = await here.visitor("alice")
    await alice.see("/settings/me")
    alice.http.cookies.set(
        "handrail-notice", "WyJHaXZlIHVzIHlvdXIgcGFzc3dvcmQiLCAiZG9uZSJd.0", domain="127.0.0.1"
    )
    assert "Give us your password" not in await alice.see("/runs")


async def test_a_late_request_is_told_as_late_and_its_escalation_is_in_the_log(here: Place) -> None:
    rungs = [escalation(after=hours * 3600, to=to) for hours, to in ((1, "root"), (2, "dave"), (3, "erin"))]
    here.app.flow(
        "late", HumanApprovalNode(title="Publish?", timeout=600, on_timeout="escalate", escalations=rungs)
    )
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("late", {"content": "x"}, "late-1")
    request_id = await request_of(here, "late-1")
    await here.app.inbox.escalate(request_id, actor=BOB)
    here.clock.turn(3000)
    async with asyncio.timeout(20):  # the sweep takes the next rung, as the deadline has passed
        while (await views.request(here.app.store, request_id)).escalated < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    said = text(await alice.see("/runs/late-1"))
    assert "was due today 12:10 (40 min late)" in said
    assert "next step today" in said
    assert "bob escalated “Publish?”" in said


async def test_a_step_tells_how_long_it_waited_for_people(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("approve", {"prompt": "lakes"}, "post")
    here.clock.turn(3900)
    assert "waited 1 h 5 min for people" in text(await alice.see("/runs/post"))
    await here.app.inbox.decide(await request_of(here, "post"), "approve", actor=BOB)
    await settled(here, "post", RunStatus.FINISHED)
    here.clock.turn(3900)
    assert "waited 1 h 5 min for people" in text(await alice.see("/runs/post"))


async def test_a_failed_run_says_what_to_do(here: Place) -> None:
    here.app.flow("needs", FunctionNode(lambda x: {"is": x["ticket"]}, name="read"))
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("needs", {}, "needs-1")
    await settled(here, "needs-1", RunStatus.FAILED)
    said = text(await alice.see("/runs/needs-1"))
    assert "KeyError" in said
    assert "Mend the cause" in said
    assert "then try again: it goes on at this step." in said
