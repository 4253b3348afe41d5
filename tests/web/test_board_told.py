"""What a board tells at a glance: which run it is, what was aborted, which model works, what waits, what was faster."""

import pytest
from playwright.async_api import expect

from handrail import Agent, Task, Team
from tests.support import waiting
from tests.support.web_browser import Site
from tests.support.web_team import Minds, by, card_in, spec_team, started, until, until_team
from tests.web.test_looks import serious

HEIGHTS = """link => {
  const range = document.createRange();
  range.selectNodeContents(link);
  return [link.getBoundingClientRect().height, range.getBoundingClientRect().height];
}"""
"""of a link, and of what is written in it"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def awaiting(site: Site, run_id: str = "spec-1") -> Minds:
    """Start a team whose first task awaits validation."""
    minds = Minds()
    await started(site.app, spec_team(minds), run_id)
    minds.say("ann", "The draft")
    await until(site.app, run_id, "task1", "AWAITING_VALIDATION")
    return minds


async def test_runs_of_one_team_are_told_apart_by_their_ids_and_inputs(site: Site) -> None:
    minds = await awaiting(site)
    await site.app.start("spec", {"market": "wasps"}, "spec-2", initiator="alice")
    minds.say("ann", "Another")
    await until(site.app, "spec-2", "task1", "AWAITING_VALIDATION")
    page = await (await site.visit("alice")).open("/boards/spec-2")
    await expect(page.locator(".board-head")).to_contain_text("spec-2 · market: wasps")
    await expect(page).to_have_title("spec, spec-2 · Handrail")
    await page.goto(f"{site.url}/boards?view=cards")
    for run_id in ("spec-1", "spec-2"):
        await expect(page.locator("#awaiting .card", has_text=f"spec · {run_id}")).to_have_count(1)


async def test_what_is_aborted_has_a_place_of_its_own_that_is_seen_only_then(site: Site) -> None:
    minds = await awaiting(site)
    await site.app.teams.validate("spec-1", "task1", actor=by("alice"))
    await until(site.app, "spec-1", "task2", "DOING")
    await waiting.until(lambda: minds.heard["will"])
    page = await (await site.visit("alice")).open("/boards/spec-1")
    column = page.get_by_role("region", name="Aborted")
    await expect(page.get_by_role("region", name="Done")).to_be_visible()
    await expect(column).to_have_count(0)
    await site.app.teams.stop("spec-1", actor=by("alice"))
    await until_team(site.app, "spec-1", "STOPPED")
    await page.reload()
    await expect(column.locator(".card")).to_have_count(1)
    await expect(page.locator("#h-done .count")).to_have_text("1")
    await expect(page.locator(".figures")).to_contain_text("1 of 2 done · 1 aborted")


async def test_the_model_of_an_agent_is_named_where_it_has_a_name(site: Site) -> None:
    ann = Agent("ann", "Analyst", model="gpt-4o")
    bea = Agent("bea", "Analyst", model=Minds().of("bea"))
    site.app.team(Team("named", [ann, bea], [Task("Ask", bea), Task("Look", ann)]))
    await site.app.start("named", {}, "named-1", initiator="alice")
    await until(site.app, "named-1", "task1", "DOING")
    page = await (await site.visit("alice")).open("/boards/named-1?task=task2")
    await expect(page.locator(".panel .facts")).to_contain_text("ann, gpt-4o")
    await page.goto(f"{site.url}/boards/named-1?task=task1")
    await expect(page.locator(".panel .facts dd").first).to_have_text("bea")


async def test_whoever_was_faster_in_another_tab_is_told_what_they_did(site: Site) -> None:
    await awaiting(site)
    one = await (await site.visit("alice", java_script_enabled=False)).open("/boards/spec-1?task=task1")
    other = await (await site.visit("alice", java_script_enabled=False)).open("/boards/spec-1?task=task1")
    await one.get_by_role("button", name="Validate").click()
    await expect(one.locator("[data-part=panel-status]")).to_have_text("Done")
    await other.locator("summary", has_text="Give feedback").click()
    await other.get_by_label("What should change?").fill("Too late")
    await other.get_by_role("button", name="Send feedback").click()
    await expect(other.locator("#problem")).to_contain_text("You have validated it already")
    await expect(other.locator("#problem")).to_contain_text(
        "Your feedback was not given; your words are kept."
    )
    await expect(other.get_by_label("What should change?")).to_have_value("Too late")


async def test_validating_twice_counts_once_and_says_so(site: Site) -> None:
    await awaiting(site)
    pages = [
        await (await site.visit("alice", java_script_enabled=False)).open("/boards/spec-1?task=task1")
        for _ in range(2)
    ]
    for page in pages:
        await page.get_by_role("button", name="Validate").click()
    await expect(pages[1].locator("#problem")).to_contain_text("You have validated it already")
    await expect(pages[1].locator("#problem")).to_contain_text("It counts once.")


async def test_the_keys_of_a_board_come_first_on_a_board(site: Site) -> None:
    await awaiting(site)
    visit = await site.visit("alice")
    page = await visit.open("/boards/spec-1")
    await visit.live()
    await page.keyboard.press("?")
    await expect(page.locator("#keys section h2").first).to_have_text("On a board")
    await visit.open("/runs")
    await page.keyboard.press("?")
    await expect(page.locator("#keys section h2").first).to_have_text("In the list")


async def test_every_page_counts_what_waits_beside_inbox_and_boards(site: Site) -> None:
    minds = await awaiting(site)
    visit = await site.visit("alice")
    for path in ("/inbox", "/boards", "/boards/spec-1", "/runs", "/settings/me", "/keyboard"):
        page = await visit.open(path)
        for section in ("inbox", "boards"):
            await expect(page.locator(f"[data-count={section}]")).to_contain_text("1")
    page = await visit.open("/boards/spec-1")
    await visit.live()
    await site.app.teams.give_feedback("spec-1", "task1", "Longer", actor=by("bob"))
    await expect(page.locator("[data-count=inbox]")).to_have_count(0)
    await expect(page.locator("[data-count=boards]")).to_have_count(0)
    minds.say("ann", "The longer draft")
    await expect(page.locator("[data-count=inbox]")).to_contain_text("1")


async def test_the_footer_follows_a_card_that_is_done_again_while_its_old_result_is_read(site: Site) -> None:
    minds = await awaiting(site)
    await site.app.teams.validate("spec-1", "task1", actor=by("bob"))
    await until(site.app, "spec-1", "task2", "DOING")
    minds.say("will", "The text")
    await until(site.app, "spec-1", "task2", "DONE")
    visit = await site.visit("alice")
    page = await visit.open("/boards/spec-1?task=task2")
    await visit.live()
    await site.app.teams.give_feedback("spec-1", "task2", "Longer", actor=by("bob"))
    await expect(page.locator(".decide .effect")).to_contain_text("before the next call")
    minds.say("will", "The longer text")
    await expect(page.locator("[data-live-notice]")).to_contain_text("Revision 2 arrived")
    await expect(page.locator("[data-part=panel-status]")).to_have_text("Done")
    await expect(page.locator(".decide .effect")).to_contain_text("Feedback opens it again")
    await expect(page.locator(".decide .btn").first).to_have_attribute("aria-disabled", "true")
    await expect(page.locator("[data-evidence]")).to_contain_text("The text")


async def test_a_phone_shows_the_columns_that_have_cards_and_folds_the_filters(site: Site) -> None:
    await awaiting(site)
    visit = await site.visit("alice", viewport={"width": 375, "height": 800}, has_touch=True)
    page = await visit.open("/boards/spec-1")
    await expect(page.locator("#awaiting, #todo").locator("visible=true")).to_have_count(2)
    await expect(page.locator("#doing, #blocked, #revise, #done").locator("visible=true")).to_have_count(0)
    await expect(page.locator(".jump")).to_contain_text("Blocked 0")
    page = await visit.open("/boards")
    await expect(page.get_by_role("navigation", name="Status")).to_be_hidden()
    await page.locator(".unfold-by").tap()
    await expect(page.get_by_role("navigation", name="Status")).to_be_visible()


async def test_a_small_desktop_shows_all_columns_and_room_around_long_names(site: Site) -> None:
    await started(site.app, spec_team(Minds(), "a-specification-of-a-product"), "spec-1")
    await until(site.app, "spec-1", "task1", "DOING")
    visit = await site.visit("alice", viewport={"width": 1280, "height": 800})
    page = await visit.open("/boards/spec-1")
    done = await page.locator("#done").bounding_box()
    assert done is not None
    assert done["x"] + done["width"] <= 1280
    link = page.locator(".nav a", has_text="a-specification")
    outer, inner = await link.evaluate(HEIGHTS)
    assert inner > 30, "it has more than one line"
    assert outer - inner >= 5


@pytest.mark.parametrize("width", [800, 1024, 1150])
async def test_beside_a_card_that_lies_over_the_board_all_acts_can_be_reached(site: Site, width: int) -> None:
    await awaiting(site)
    visit = await site.visit("alice", viewport={"width": width, "height": 768})
    page = await visit.open("/boards/spec-1?task=task1")
    panel = await page.locator(".panel").bounding_box()
    card = await card_in(page, "awaiting", "Draft").bounding_box()
    assert panel is not None
    assert card is not None
    assert card["x"] + card["width"] <= panel["x"]
    await page.locator("summary", has_text="Stop…").click()
    await expect(page.get_by_role("button", name="Stop the team")).to_be_visible()
    await page.get_by_role("button", name="Stop the team").click(trial=True)
    await page.get_by_role("button", name="Pause").click(trial=True)


@pytest.mark.slow
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1024, 1440])
async def test_axe_finds_nothing_serious_on_open_forms_and_stopped_boards(
    site: Site, look: str, width: int
) -> None:
    minds = Minds()
    await started(site.app, spec_team(minds))
    minds.say("ann", {"block": "No brief"})
    await until(site.app, "spec-1", "task1", "BLOCKED")
    visit = await site.visit("alice", color_scheme=look, viewport={"width": width, "height": 800})
    page = await visit.open("/boards/spec-1?task=task1")
    await visit.live()
    await page.keyboard.press("u")
    await expect(page.get_by_label("What has changed?")).to_be_focused()
    assert await serious(page) == []
    page = await visit.open("/boards")
    assert await serious(page) == []
    await site.app.teams.stop("spec-1", actor=by("alice"))
    for path in ("/boards/spec-1", "/boards/spec-1?task=task1"):
        page = await visit.open(path)
        assert await serious(page) == [], path
