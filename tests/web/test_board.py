"""What people do on boards: from the card, by keys, without a script, on a phone; and what is in their way."""

from datetime import datetime

import pytest
from playwright.async_api import Page, Route, expect

from handrail import Agent, Task, Team
from handrail.inbox.moves import open_request
from handrail.people.facts import Role
from handrail.requests.decision import Verb
from handrail.requests.policy import Policy
from handrail.requests.request import RequestDraft
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.units import create
from handrail.teams.desk import Desk
from handrail.teams.ports import TeamTransaction
from handrail.teams.status import WorkflowStatus
from tests.support import waiting
from tests.support.web_browser import Site
from tests.support.web_team import Minds, by, card_in, lay_out, spec_team, started, until, until_team
from tests.web.test_looks import serious

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTILE = '<img src=x onerror="alert(1)">\u202eevil</textarea><script>alert(2)</script>'


async def awaiting(site: Site, run_id: str = "spec-1", minds: Minds | None = None) -> Minds:
    """Start a team whose first task awaits validation."""
    minds = minds or Minds()
    await started(site.app, spec_team(minds), run_id)
    minds.say("ann", "The draft")
    await until(site.app, run_id, "task1", "AWAITING_VALIDATION")
    return minds


async def test_everything_works_without_a_script(site: Site) -> None:
    minds = await awaiting(site)
    visit = await site.visit("alice", java_script_enabled=False)
    page = await visit.open("/boards")
    await page.get_by_role("link", name="spec", exact=True).last.click()
    await page.get_by_role("link", name="Draft").click()
    await expect(page.locator("[data-part=result]")).to_contain_text("The draft")
    await page.locator("summary", has_text="Give feedback").click()
    await page.get_by_label("What should change?").fill("Longer")
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.locator(".thread")).to_contain_text("Longer")
    minds.say("ann", {"block": "How long?"})
    await until(site.app, "spec-1", "task1", "BLOCKED")
    await page.reload()
    await page.locator("summary", has_text="Unblock").click()
    await page.get_by_label("What has changed?").fill("Two pages")
    await page.get_by_role("button", name="Unblock").last.click()
    await expect(page.locator(".thread")).to_contain_text("Two pages")
    minds.say("ann", "The longer draft")
    await until(site.app, "spec-1", "task1", "AWAITING_VALIDATION")
    await page.reload()
    await expect(page.locator("[data-part=result] ins")).to_contain_text("longer")
    await page.get_by_role("link", name="Whole result").click()
    await expect(page.locator("[data-part=result] ins")).to_have_count(0)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("[data-workflow]")).to_have_text("Paused")
    await page.get_by_role("button", name="Resume").click()
    await page.get_by_role("link", name="Close the card").click()
    await card_in(page, "awaiting", "Draft").get_by_role("link").click()
    await page.get_by_role("button", name="Validate").click()
    await expect(page.locator("[data-part=panel-status]")).to_have_text("Done")


async def test_a_run_is_started_with_the_inputs_that_the_tasks_need(site: Site) -> None:
    minds = await awaiting(site)
    page = await (await site.visit("alice")).open("/boards/spec-1")
    await page.locator("summary", has_text="Start a run").click()
    await expect(page.get_by_label("market")).to_have_value("bees")
    await page.get_by_label("market").fill("wasps")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(card_in(page, "doing", "Draft")).to_have_count(1)
    assert "/boards/spec-1" not in page.url
    await page.get_by_role("link", name="Draft").click()
    await expect(page.locator(".panel .asked")).to_have_text("Draft it for wasps")
    await waiting.until(lambda: "wasps" in minds.heard["ann"][-1])


async def test_keys_move_between_cards_open_close_validate_and_give_feedback(site: Site) -> None:
    await awaiting(site)
    visit = await site.visit("alice")
    page = await visit.open("/boards/spec-1")
    await visit.live()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("link", name="Write up")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("link", name="Draft")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("link", name="Write up")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel-h")).to_be_focused()
    await page.keyboard.press("f")
    await expect(page.get_by_label("What should change?")).to_be_focused()
    await page.keyboard.type("v f ?")
    await expect(page.get_by_label("What should change?")).to_have_value("v f ?")
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("What should change?")).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_have_count(0)
    await expect(page.get_by_role("link", name="Draft")).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_contain_text("Give feedback")
    await page.keyboard.press("Escape")
    await page.go_back()
    await expect(page.locator("#panel-h")).to_be_visible()
    await page.locator("[data-evidence]").scroll_into_view_if_needed()
    await expect(page.locator("[data-approve]")).to_be_visible()
    await page.keyboard.press("v")
    await page.keyboard.press("v")
    await until(site.app, "spec-1", "task1", "DONE")


async def test_of_two_who_decide_one_round_the_second_is_told_who_was_faster_and_keeps_their_words(
    site: Site,
) -> None:
    minds = await awaiting(site)
    visit = await site.visit("alice", java_script_enabled=False)
    page = await visit.open("/boards/spec-1?task=task1")
    await page.locator("summary", has_text="Give feedback").click()
    await page.get_by_label("What should change?").fill("Too late")
    await site.app.teams.validate("spec-1", "task1", actor=by("bob"))
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.locator("#problem")).to_contain_text("bob was faster")
    await expect(page.get_by_label("What should change?")).to_have_value("Too late")
    await expect(page.locator("[data-part=panel-status]")).to_have_text("Done")
    await page.get_by_role("button", name="Send feedback").click()
    await until(site.app, "spec-1", "task1", "DOING")
    minds.say("ann", "Another")
    await until(site.app, "spec-1", "task1", "AWAITING_VALIDATION")
    other = await (await site.visit("alice", java_script_enabled=False)).open("/boards/spec-1?task=task1")
    await site.app.teams.give_feedback("spec-1", "task1", "No", actor=by("bob"))
    await other.get_by_role("button", name="Validate").click()
    await expect(other.locator("#problem")).to_contain_text("bob was faster")
    await expect(other.locator("#problem")).to_contain_text("Your validation was not counted")


async def test_a_reload_after_a_conflict_shows_the_card(site: Site) -> None:
    await awaiting(site)
    visit = await site.visit("alice")
    await visit.context.route("**/boards/*", _unless_a_script_looks)
    await visit.context.route(
        "**/live", lambda route: route.fulfill(status=429)
    )  # it hears of nothing either
    page = await visit.open("/boards/spec-1?task=task1")
    await site.app.teams.validate("spec-1", "task1", actor=by("bob"))
    await page.locator("[data-approve]").click()
    await expect(page.locator("#problem")).to_be_focused()
    await page.wait_for_url("**/boards/spec-1?task=task1")
    await page.reload()
    await expect(page.locator("#panel-h")).to_have_text("Draft")


async def _unless_a_script_looks(route: Route) -> None:
    await (route.abort() if route.request.resource_type == "fetch" else route.continue_())


async def test_a_validation_that_does_not_say_what_was_shown_counts_for_nothing(site: Site) -> None:
    await awaiting(site)
    visit = await site.visit("alice", java_script_enabled=False)
    page = await visit.open("/boards/spec-1?task=task1")
    for each in await page.locator("[name=round]").all():
        await each.evaluate("field => field.value = ''")
    await page.get_by_role("button", name="Validate").click()
    await expect(page.locator("#problem")).to_contain_text("which round was shown")
    await until(site.app, "spec-1", "task1", "AWAITING_VALIDATION")


async def test_a_stranger_finds_no_board_and_a_viewer_no_buttons(site: Site) -> None:
    minds = Minds()
    await started(site.app, spec_team(minds))
    bob = await site.visit("bob")
    await bob.open("/boards/spec-1", status=404)
    await bob.open("/boards/none", status=404)
    minds.say("ann", "The draft")
    await until(site.app, "spec-1", "task1", "AWAITING_VALIDATION")
    page = await bob.open("/boards/spec-1?task=task1")  # it asks him now
    await expect(page.get_by_role("button", name="Validate")).to_be_visible()
    await expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    await expect(page.locator(".board-head")).to_contain_text("Whoever started this run")
    watcher = await site.visit("vera", Role.VIEWER)
    page = await watcher.open("/boards/spec-1?task=task1")
    await expect(page.locator(".decide")).to_contain_text("a viewer doesn’t decide")
    for name in ("Validate", "Send feedback", "Pause", "Stop…"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    status = await _post(page, "/board/feedback", run="spec-1", task="task1", content="x", round="1")
    assert status == 403
    assert await _post(page, "/board/validate", run="spec-1", task="task1", round="1") == 403
    assert await _post(page, "/board/stop", run="spec-1") == 403
    assert await _post(bob.page, "/board/stop", run="spec-1") == 403
    await until(site.app, "spec-1", "task1", "AWAITING_VALIDATION")


async def _post(page: Page, path: str, **fields: str) -> int:
    """Post a form with the page's token, as a script would."""
    found: int = await page.evaluate(
        """async ([path, fields]) => {
            const body = new URLSearchParams({form_token: document.body.dataset.formToken, ...fields});
            return (await fetch(path, {method: "POST", redirect: "manual", body})).status;
        }""",
        [path, fields],
    )
    return found


async def test_feedback_without_words_is_refused_and_says_why(site: Site) -> None:
    await awaiting(site)
    page = await (await site.visit("alice", java_script_enabled=False)).open("/boards/spec-1?task=task1")
    await page.locator("summary", has_text="Give feedback").click()
    await page.get_by_label("What should change?").fill("   ")
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.locator("#problem")).to_contain_text("feedback needs a text", ignore_case=True)
    await until(site.app, "spec-1", "task1", "AWAITING_VALIDATION")


async def test_a_form_without_its_token_is_refused(site: Site) -> None:
    await awaiting(site)
    page = await (await site.visit("alice")).open("/boards/spec-1")
    assert await _post(page, "/board/stop", run="spec-1", form_token="0" * 64) == 403
    await until_team(site.app, "spec-1", "BLOCKED")


async def test_hostile_texts_are_shown_as_text(site: Site) -> None:
    minds = Minds()
    ann = Agent("ann", "Analyst", model=minds.of("ann"))
    task = Task(f"Write {HOSTILE} {{{{not}}}}", ann, title=HOSTILE, external_validation_required=True)
    team = Team("<b>spec</b>", [ann], [task])
    await started(site.app, team, "run/<i>?&1")
    minds.say("ann", f"# {HOSTILE}\n\n[click](javascript:alert(3))")
    await until(site.app, "run/<i>?&1", "task1", "AWAITING_VALIDATION")
    visit = await site.visit("alice")
    page = await visit.open("/boards")
    await page.get_by_role("link", name="<b>spec</b>").last.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("<b>spec</b>")
    await page.locator(".card a").click()
    await expect(page.locator("#panel-h")).to_contain_text("<script>alert(2)</script>")
    await expect(page.locator("[data-part=result]")).to_contain_text("<script>")
    await page.locator("summary", has_text="Give feedback").click()
    await page.get_by_label("What should change?").fill(HOSTILE)
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.locator(".thread")).to_contain_text("<script>alert(2)</script>")
    assert (
        await page.locator("main img, main script, .panel img, .panel script, a[href^=javascript]").count()
        == 0
    )
    minds.say("ann", {"block": HOSTILE})
    await expect(page.locator("#blocked .waits")).to_contain_text("<img")


async def test_the_pages_of_runs_and_requests_lead_to_the_card(site: Site) -> None:
    await awaiting(site)
    visit = await site.visit("alice")
    page = await visit.open("/runs")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="spec-1").click()
    await expect(page.locator("main")).to_contain_text("Rounds of its agents")
    await page.get_by_role("link", name="task1/1").click()
    await page.get_by_role("link", name="Open its card on the board").click()
    await expect(page.locator("#panel-h")).to_have_text("Draft")
    await page.get_by_role("link", name="Open it in the inbox").click()
    await page.wait_for_url("**/requests/*")
    await page.get_by_role("link", name="Open its card on the board").click()
    await expect(page.locator("#panel-h")).to_have_text("Draft")
    await page.goto(f"{site.url}/runs/spec-1")
    await page.get_by_role("link", name="Open the board").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("spec")


async def test_a_card_whose_agent_asks_before_it_goes_on_leads_to_the_request(site: Site) -> None:
    minds = Minds()
    await started(site.app, spec_team(minds))
    await until(site.app, "spec-1", "task1", "DOING")
    draft = RequestDraft("approval", "Send the mail?", {"to": "bob"}, (Verb.APPROVE, Verb.REJECT), Policy())
    now = site.app.clock.now()
    await site.app.store.do(
        open_request, draft=draft, now=now, request_id="req_mail", run_id="spec-1/task1/1", initiator="alice"
    )
    page = await (await site.visit("alice")).open("/boards/spec-1")
    await expect(page.locator(".figures")).to_contain_text("1 agent asks before going on")
    await expect(card_in(page, "doing", "Draft")).to_contain_text("Waits for you")
    await page.get_by_role("link", name="Draft").click()
    await page.get_by_role("link", name="Send the mail?").click()
    await page.get_by_role("link", name="Open its card on the board").click()
    await expect(page.locator("#panel-h")).to_have_text("Draft")


async def test_a_run_that_nobody_has_taken_up_has_its_board_already(site: Site) -> None:
    team = spec_team(Minds())
    site.app.team(team)
    now = site.app.clock.now()
    run = StoredRun(
        "later", "spec", "elsewhere", {"market": "wasps"}, RunStatus.PENDING, now, now, initiator="alice"
    )
    await site.app.store.do(create, run=run)
    page = await (await site.visit("alice")).open("/boards/later?task=task1")
    await expect(page.locator("[data-workflow]")).to_have_text("About to begin")
    await expect(page.locator("#todo .card")).to_have_count(2)
    await expect(page.locator(".panel .asked")).to_contain_text("Draft it for")
    await expect(page.locator(".decide .btn")).to_have_count(0)


async def test_a_team_that_has_met_an_error_says_which_and_is_resumed(site: Site) -> None:
    team, run_id = spec_team(Minds()), "spec-1"
    site.app.team(team)
    await site.app.store.do(
        lay_out, now=site.app.clock.now(), initiator="alice", run_id=run_id, flow="elsewhere"
    )
    await site.app.store.do(break_down, run_id=run_id, now=site.app.clock.now())
    page = await (await site.visit("alice")).open(f"/boards/{run_id}")
    await expect(page.locator("[data-workflow]")).to_have_text("Errored")
    await expect(page.locator("[data-part=trouble]")).to_contain_text("the disk is full")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator("[data-workflow]")).to_have_text("Running")


def break_down(tx: TeamTransaction, *, run_id: str, now: datetime) -> None:
    """Let a team meet an error."""
    desk = Desk.opened(tx, run_id, now, "spec")
    desk.workflow(WorkflowStatus.ERRORED, error="the disk is full")
    desk.close()


async def test_what_people_changed_when_validating_is_a_revision(site: Site) -> None:
    await awaiting(site)
    card = await site.app.store.read(lambda tx: tx.card("spec-1", "task1"))  # type: ignore[attr-defined]
    await site.app.inbox.decide(
        card.request, "edit", payload={"content": "The better draft"}, actor=by("bob")
    )
    await until(site.app, "spec-1", "task2", "DOING")
    page = await (await site.visit("alice")).open("/boards/spec-1?task=task1")
    await expect(page.locator("[data-part=result]")).to_contain_text("edited when it was validated")
    await page.get_by_role("link", name="Changes since 1").click()
    await expect(page.locator("[data-part=result] ins")).to_contain_text("better")


async def test_a_long_log_is_shown_a_page_at_a_time(site: Site) -> None:
    await awaiting(site)
    await site.app.teams.validate("spec-1", "task1", actor=by("bob"))
    await until(site.app, "spec-1", "task2", "DOING")
    for number in range(40):
        await site.app.teams.give_feedback("spec-1", "task2", f"Wish {number}", actor=by("bob"))
    page = await (await site.visit("alice", java_script_enabled=False)).open("/boards/spec-1?task=task2")
    await expect(page.locator("[data-part=log] li")).to_have_count(30)
    await expect(page.locator("[data-part=log] li").last).to_contain_text("Feedback 40")
    await page.get_by_role("link", name="Older").click()
    await expect(page.locator("[data-part=log] li").first).to_contain_text("Doing, round 1")
    await expect(page.locator("[data-part=log] li").last).to_contain_text("Feedback 10")


async def test_on_a_phone_nothing_scrolls_sideways_and_a_card_stands_alone(site: Site) -> None:
    await awaiting(site)
    visit = await site.visit("alice", viewport={"width": 375, "height": 800}, has_touch=True)
    for path in ("/boards", "/boards?view=cards", "/boards/spec-1", "/boards/spec-1?task=task1"):
        page = await visit.open(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375, path
    await expect(page.locator(".board")).to_be_hidden()
    await expect(page.get_by_role("button", name="Validate")).to_be_in_viewport()
    await page.get_by_role("link", name="Close the card").click()
    await expect(page.locator(".board")).to_be_visible()
    await page.locator(".jump a", has_text="Awaiting").click()
    await expect(card_in(page, "awaiting", "Draft")).to_be_in_viewport()


@pytest.mark.slow
@pytest.mark.parametrize("look", ["light", "dark"])
async def test_axe_finds_nothing_serious_on_boards(site: Site, look: str) -> None:
    minds = await awaiting(site)
    await site.app.teams.give_feedback("spec-1", "task1", "Longer", actor=by("bob"))
    minds.say("ann", "The longer draft")
    await until(site.app, "spec-1", "task1", "AWAITING_VALIDATION")
    await site.app.start("spec", {}, "spec-2", initiator="alice")
    minds.say("ann", {"block": "No brief"})
    await until(site.app, "spec-2", "task1", "BLOCKED")
    visit = await site.visit("alice", color_scheme=look)
    for path in (
        "/boards",
        "/boards?start=1&team=spec",
        "/boards?view=cards",
        "/boards?team=nobody",
        "/boards/spec-1",
        "/boards/spec-1?task=task1",
        "/boards/spec-1?task=task2",
        "/boards/spec-2?task=task1",
    ):
        page = await visit.open(path)
        assert await serious(page) == [], path
    await page.locator("summary", has_text="Unblock").click()
    assert await serious(page) == []
