"""What somebody meets who sees the pages for the first time: what is wrong, which row is which, what fits a phone."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from handrail import HumanApprovalNode, WebUIApprovalNode
from handrail.inbox import views
from handrail.people.facts import Role
from handrail.requests.decision import Verb
from tests.support.web_browser import PATIENCE, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 800}, "has_touch": True, "is_mobile": True}
SCHEMA = {
    "type": "object",
    "required": ["verdict", "amount", "why"],
    "properties": {
        "verdict": {"enum": ["pay", "refuse"], "title": "Verdict"},
        "amount": {"type": "number", "title": "Amount", "maximum": 100},
        "why": {"type": "string", "title": "Why", "minLength": 3},
        "on": {"type": "string", "format": "date", "title": "On"},
    },
}


async def form(site: Site, **options: Any) -> Page:
    """Return the page of a request that wants an answer."""
    asked = await site.ask("Is it covered?", verbs=(Verb.ANSWER, Verb.REJECT), response_schema=SCHEMA)
    return await (await site.visit(**options)).ask(asked)


async def box(part: Locator) -> Any:
    found = await part.bounding_box()
    assert found is not None
    return found


@pytest.mark.parametrize("scripts", [True, False])
async def test_all_that_is_wrong_with_an_answer_is_told_at_once_with_links(site: Site, scripts: bool) -> None:
    page = await form(site, java_script_enabled=scripts)
    await page.get_by_label("Amount").fill("abc")
    await page.get_by_role("button", name="Send my answer").click()
    summary = page.locator("#problem")
    await expect(summary).to_contain_text("3 answers need a change")
    if scripts:
        await expect(summary).to_be_focused()
    await expect(page.locator(".error")).to_have_count(3)
    await expect(page.locator(".error").nth(1)).to_contain_text("Write a number, such as 0.5.")
    await expect(page.get_by_label("Amount")).to_have_value("abc")
    await summary.get_by_role("link", name="Why").click()
    await expect(page.get_by_label("Why", exact=True)).to_be_focused()


async def test_a_field_that_a_link_leads_to_shows_its_label_below_the_bar(site: Site) -> None:
    page = await form(site, viewport={"width": 375, "height": 420})
    await page.get_by_role("button", name="Send my answer").click()
    await page.locator("#problem").get_by_role("link", name="Amount").click()
    label, bar = await box(page.get_by_text("Amount", exact=True).last), await box(page.locator(".bar").first)
    assert label["y"] >= bar["y"] + bar["height"], "the label is under the bar"


async def test_words_that_are_missing_are_asked_for_beside_their_field(site: Site) -> None:
    asked = await site.ask()
    page = await (await site.visit()).ask(asked)
    await page.locator("summary", has_text="Reject").click()
    await page.get_by_role("button", name="Reject", exact=True).click()
    await expect(page.locator("#problem")).to_be_focused()
    await expect(page.get_by_label("Why is it rejected?")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#say-reject-error")).to_contain_text("Say why")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.locator("#comment-error")).to_contain_text("Write what you want to say.")


async def test_half_a_date_is_not_sent_as_none(site: Site) -> None:
    page = await form(site)
    await page.get_by_label("pay").check()
    await page.get_by_label("Amount").fill("5")
    await page.get_by_label("Why", exact=True).fill("It is.")
    on = page.locator("input[type=date]")
    await on.press_sequentially("12")
    await page.get_by_role("button", name="Send my answer").click()
    await expect(on).to_be_focused()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Is it covered?")
    assert await page.locator("#problem").count() == 0


async def test_on_a_phone_the_answer_comes_before_talk(site: Site) -> None:
    page = await form(site, **PHONE)
    answer, talk = (
        page.get_by_role("heading", name="Your answer"),
        page.get_by_label("Comment without deciding"),
    )
    assert (await box(answer))["y"] < (await box(talk))["y"]


async def test_a_box_to_tick_is_as_large_as_a_finger_and_counts_are_told_once(site: Site) -> None:
    await site.ask("Publish the post about exports, which run every hour from now on, for all plans?")
    page = await (await site.visit(**PHONE, java_script_enabled=False)).open("/inbox")
    size = await box(page.locator(".item .box"))
    assert min(size["width"], size["height"]) >= 44
    title = await box(page.locator(".item a"))
    assert title["x"] >= size["x"] + size["width"], "the box doesn't cover the title"
    await page.touchscreen.tap(size["x"] + 40, size["y"] + 40)
    await expect(page.locator("input[name=pick]")).to_be_checked()
    await expect(page.locator(".sections .count")).to_be_hidden()
    await expect(page.locator(".list-head .meta")).to_be_hidden()
    await expect(page.locator("[data-count=mine]")).to_be_visible()


@pytest.mark.parametrize("width", [375, 1000, 1280])
async def test_a_title_has_two_lines_beside_nothing_but_its_row(site: Site, width: int) -> None:
    await site.ask("Publish the post about exports that run once every hour?", timeout=3000)
    page = await (await site.visit(viewport={"width": width, "height": 800})).open("/inbox")
    title = page.locator(".item a").first
    assert await title.evaluate("each => each.scrollHeight <= each.clientHeight"), "it is cut"


async def asked_by(site: Site, run_id: str) -> None:
    """Return once a run has asked."""
    async with asyncio.timeout(PATIENCE / 1000):
        while not await views.requests(site.app.store, run_id=run_id):  # noqa: ASYNC110 - a worker asks
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("width", [375, 1000, 1280])
async def test_rows_of_the_same_title_are_told_apart_by_their_runs(site: Site, width: int) -> None:
    site.app.flow("ask", WebUIApprovalNode())
    for name in ("ticket-1", "ticket-2"):
        await site.app.start("ask", {"content": "bees"}, name)
        await asked_by(site, name)
    visit = await site.visit(viewport={"width": width, "height": 800})
    page = await visit.open("/inbox")
    await expect(page.locator(".item")).to_have_count(2)
    for name in ("ticket-1", "ticket-2"):
        await expect(page.locator(".item .meta", has_text=f"ask · {name}")).to_be_visible()
    await page.locator(".item", has_text="ticket-1").get_by_role("link").click()
    await page.get_by_role("button", name="Approve").last.click()
    await expect(page.locator("[data-notice]")).to_contain_text("Approval required · ticket-1")


async def test_an_empty_inbox_says_once_that_it_fills_by_itself(site: Site) -> None:
    page = await (await site.visit(role=Role.REVIEWER)).open("/inbox")
    await expect(page.get_by_text("New requests appear here by themselves.")).to_have_count(1)


async def test_the_id_of_a_run_is_not_broken(site: Site) -> None:
    site.app.flow(
        "refund-requests", HumanApprovalNode(title="Refund the order that came two weeks too late?")
    )
    await site.app.start("refund-requests", {"content": "bees"}, "refund-88-1203", initiator="alice")
    page = await (await site.visit(viewport={"width": 1024, "height": 700})).open("/runs")
    link = page.get_by_role("link", name="refund-88-1203")
    assert await link.evaluate("each => each.getClientRects().length") == 1


async def test_a_text_from_right_to_left_stands_at_the_right(site: Site) -> None:
    asked = await site.ask(proposal={"content": "# مرحبا\n\nهذا **نص**.\n\nEnglish."})
    page = await (await site.visit(**PHONE)).ask(asked)
    where = """element => {
        const range = document.createRange(); range.selectNodeContents(element);
        const text = range.getBoundingClientRect(), room = element.getBoundingClientRect();
        return [Math.abs(text.left - room.left) < 2, Math.abs(text.right - room.right) < 2] }"""
    for words, at in (("مرحبا", [False, True]), ("هذا", [False, True]), ("English.", [True, False])):
        element = page.locator(".prose :is(h1, h2, h3, p)").filter(has_text=words).first
        assert await element.evaluate(where) == at, words
