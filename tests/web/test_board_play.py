"""A board that others watch: every state of a task, from an obstacle to the end, as it shows in their browsers."""

import pytest
from playwright.async_api import Page, expect

from handrail.people.facts import Role
from tests.support.web_browser import Site
from tests.support.web_team import Minds, by, card_in, spec_team, started, until, until_team

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_two_browsers_watch_a_task_from_its_obstacle_to_the_end(site: Site) -> None:
    minds = Minds()
    run_id = await started(site.app, spec_team(minds))
    acting = await (await site.visit("alice")).open(f"/boards/{run_id}?task=task1")
    watching = [await site.visit(name, Role.ADMIN) for name in ("bob", "carol")]
    wall = await watching[0].open(f"/boards/{run_id}")
    card = await watching[1].open(f"/boards/{run_id}?task=task1")
    for each in watching:
        await each.live()

    async def everywhere(column: str, status: str, workflow: str) -> None:
        for page in (wall, card):
            await expect(card_in(page, column, "Draft")).to_have_count(1)
            await expect(page.locator("[data-workflow]")).to_have_text(workflow)
        await expect(card.locator("[data-part=panel-status]")).to_have_text(status)

    await everywhere("doing", "Doing", "Running")
    minds.say("ann", {"block": "Nobody gave me the brief"})
    await everywhere("blocked", "Blocked", "Blocked")
    await expect(card_in(wall, "blocked", "Draft")).to_contain_text("Nobody gave me the brief")

    await acting.get_by_role("button", name="Pause").click()
    await everywhere("blocked", "Blocked", "Paused")
    await _feedback(acting, "The brief: honey")
    await everywhere("revise", "Revise", "Paused")
    await expect(card_in(wall, "revise", "Draft").locator(".said")).to_contain_text("1")
    await expect(card.locator(".thread")).to_contain_text("The brief: honey")

    await acting.get_by_role("button", name="Resume").click()
    await everywhere("doing", "Doing", "Running")
    minds.say("ann", "Honey is **good**.")
    await everywhere("awaiting", "Awaiting validation", "Blocked")
    await expect(card_in(wall, "awaiting", "Draft")).to_contain_text("Waits for you")
    await expect(card.locator("[data-part=result] strong")).to_have_text("good")
    await expect(card.locator(".thread")).to_contain_text("Processed")

    await acting.goto(f"{site.url}/boards/{run_id}?task=task1")
    await acting.get_by_role("button", name="Validate").click()
    await everywhere("done", "Done", "Running")
    await expect(card.locator(".rail")).to_contain_text("Validated")
    await expect(card_in(wall, "doing", "Write up")).to_have_count(1)
    minds.say("will", "The end")
    await everywhere("done", "Done", "Finished")
    await expect(card_in(wall, "done", "Write up")).to_have_count(1)
    assert "Honey is **good**." in minds.heard["will"][0]


async def _feedback(page: Page, text: str) -> None:
    await page.locator("summary", has_text="Give feedback").click()
    await page.get_by_label("What should change?").fill(text)
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.locator("[data-notice]")).to_contain_text("Feedback given")


async def test_a_revision_that_arrives_while_another_is_read_waits_and_stops_the_verbs(site: Site) -> None:
    minds = Minds()
    run_id = await started(site.app, spec_team(minds))
    minds.say("ann", "The first")
    await until(site.app, run_id, "task1", "AWAITING_VALIDATION")
    visit = await site.visit("alice")
    page = await visit.open(f"/boards/{run_id}?task=task1")
    await visit.live()
    await site.app.teams.give_feedback(run_id, "task1", "Longer", actor=by("bob"))
    await expect(card_in(page, "doing", "Draft")).to_have_count(1)
    minds.say("ann", "The second")
    await expect(page.locator("[data-live-notice]")).to_contain_text(
        "Revision 2 arrived while you were reading 1"
    )
    await expect(page.locator("[data-part=result]")).to_contain_text("The first")
    await expect(page.locator(".thread")).to_contain_text("Longer")
    await page.get_by_role("link", name="Show it").click()
    await expect(page.locator("[data-part=result] ins")).to_contain_text("second")
    await page.get_by_role("button", name="Validate").click()
    await until(site.app, run_id, "task1", "DONE")


async def test_what_somebody_types_survives_what_others_do(site: Site) -> None:
    minds = Minds()
    run_id = await started(site.app, spec_team(minds))
    minds.say("ann", "The first")
    await until(site.app, run_id, "task1", "AWAITING_VALIDATION")
    visit = await site.visit("alice")
    page = await visit.open(f"/boards/{run_id}?task=task1")
    await visit.live()
    await page.locator("summary", has_text="Give feedback").click()
    await page.get_by_label("What should change?").fill("Half a thought")
    await site.app.teams.validate(run_id, "task1", actor=by("bob"))
    await expect(page.locator("[data-live-notice]")).to_contain_text("what you type is kept")
    await expect(page.get_by_label("What should change?")).to_have_value("Half a thought")
    await expect(page.get_by_role("button", name="Send feedback")).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("link", name="Show it").click()
    await page.locator("summary", has_text="Give feedback").click()
    await expect(page.get_by_label("What should change?")).to_have_value("Half a thought")
    await page.get_by_role("button", name="Send feedback").click()
    await until(site.app, run_id, "task1", "DOING")


async def test_the_list_and_the_board_over_all_teams_change_in_place(site: Site) -> None:
    minds = Minds()
    run_id = await started(site.app, spec_team(minds))
    one, other = await site.visit("alice"), await site.visit("alice")
    rows, cards = await one.open("/boards"), await other.open("/boards?view=cards")
    await one.live()
    await other.live()
    await expect(rows.locator("tr", has_text=run_id)).to_contain_text("Running")
    await expect(card_in(cards, "doing", "Draft")).to_contain_text("spec")
    minds.say("ann", "Done")
    await expect(rows.locator("tr", has_text=run_id)).to_contain_text("Blocked")
    await expect(rows.locator("tr", has_text=run_id)).to_contain_text("1 task")
    await expect(rows.locator("[data-count=boards]")).to_contain_text("1")
    await expect(card_in(cards, "awaiting", "Draft")).to_have_count(1)
    await site.app.start("spec", {}, "spec-2", initiator="alice")
    await expect(rows.get_by_role("link", name="1 new")).to_be_visible()
    await expect(card_in(cards, "doing", "Draft")).to_have_count(1)
    await card_in(cards, "awaiting", "Draft").get_by_role("link").click()
    await cards.wait_for_url(f"**/boards/{run_id}?task=task1")


async def test_stopping_asks_first_and_aborts_what_is_left(site: Site) -> None:
    minds = Minds()
    run_id = await started(site.app, spec_team(minds))
    page = await (await site.visit("alice")).open(f"/boards/{run_id}")
    await until(site.app, run_id, "task1", "DOING")
    await page.locator("summary", has_text="Stop…").click()
    await expect(page.get_by_text("2 tasks are aborted")).to_be_visible()
    await page.get_by_role("button", name="Stop the team").click()
    await until_team(site.app, run_id, "STOPPED")
    await expect(page.locator("[data-workflow]")).to_have_text("Stopped")
    await expect(page.get_by_role("region", name="Aborted").locator(".card")).to_have_count(2)
    await expect(page.locator("#done .card")).to_have_count(0)
    await expect(page.locator("summary", has_text="Stop…")).to_have_count(0)
