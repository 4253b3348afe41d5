"""Pages that are open while others work: what changes in place, what waits, and what stops the verbs."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from handrail import FeedbackLoop, FunctionNode
from handrail.inbox import views
from tests.support.web_browser import Site, as_web
from tests.support.web_team import Minds, by, spec_team, started

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_new_requests_wait_until_they_are_let_in_and_counts_change_in_place(site: Site) -> None:
    first = await site.ask("The first", timeout=5000)
    visit = await site.visit()
    page = await visit.ask(first)
    await visit.live()
    await page.locator(f"[name=pick][value={first.id}]").check()
    await site.ask("The second", timeout=1000)
    arrivals = page.get_by_role("button", name="1 new")
    await expect(arrivals).to_be_visible()
    await expect(page.locator("[data-count=mine]")).to_contain_text("2")
    await expect(page.locator(".item > a")).to_have_text(["The first"])
    await arrivals.click()
    await expect(page.locator(".item > a")).to_have_text(["The second", "The first"])
    await expect(arrivals).to_be_hidden()
    await expect(page.locator(f"[name=pick][value={first.id}]")).to_be_checked()
    await expect(page.locator("a[aria-current=true]", has_text="The first")).to_be_visible()


async def test_a_row_that_others_decide_or_claim_changes_where_it_stands(site: Site) -> None:
    here, decided, claimed = [await site.ask(title, timeout=500) for title in ("Here", "Decided", "Claimed")]
    visit = await site.visit()
    page = await visit.ask(here)
    await visit.live()
    await site.app.inbox.decide(decided.id, "approve", actor=as_web("bob"))
    await site.app.inbox.claim(claimed.id, actor=as_web("bob"))
    await expect(page.locator(".item", has_text="Decided").locator(".due")).to_have_text("Decided")
    await expect(page.locator(".item", has_text="Decided").locator("input")).to_be_disabled()
    await expect(page.locator(".item", has_text="Claimed").locator(".due")).to_have_text("Claimed")
    await expect(page.locator(".item")).to_have_count(3)


async def test_a_decision_of_somebody_else_stops_the_verbs_and_keeps_what_was_typed(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit()
    page = await visit.ask(asked)
    await visit.live()
    await page.locator("summary", has_text="Reject").click()
    await page.locator("#say-reject").fill("Almost sent")
    await site.app.inbox.decide(asked.id, "approve", actor=as_web("bob"))
    await expect(page.locator("[data-live-notice]")).to_contain_text(
        "bob approved this just now. Nothing of yours"
    )
    send = page.locator("details[open]").get_by_role("button", name="Reject")
    await expect(send).to_have_attribute("aria-disabled", "true")
    await page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")
    disabled = "button => [getComputedStyle(button).backgroundColor, getComputedStyle(button).color]"
    assert await send.evaluate(disabled) == await page.locator("[data-approve]").evaluate(disabled)
    await send.click(force=True)
    await page.locator("#say-reject").focus()
    await page.locator("#said").evaluate("said => { said.textContent = '' }")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#said")).to_contain_text("bob approved this just now.")
    await expect(page.locator("#say-reject")).to_have_value("Almost sent")
    await page.get_by_role("link", name="See the decision").click()
    await expect(page.get_by_role("heading", name="bob approved this")).to_be_visible()
    await expect(page.locator("header details.raw")).to_contain_text("Almost sent")
    assert len((await site.stored(asked)).decisions) == 1


async def test_a_conflict_in_the_editor_is_told_in_full_and_leads_on(site: Site) -> None:
    asked, other = await site.ask("Lost", {"content": "hello"}), await site.ask("The next one")
    visit = await site.visit()
    page = await visit.ask(asked, edit="1")
    await visit.live()
    await page.locator("#edit").get_by_label("Content").fill("My own\n\nversion")
    await site.app.inbox.decide(asked.id, "reject", actor=as_web("bob"), comment="It promises a date.")
    told = page.locator("[data-live-notice]")
    await expect(told).to_contain_text(
        "bob rejected this just now. “It promises a date.” Nothing of yours was counted"
    )
    await told.get_by_role("link", name="See the decision").click()
    await expect(page.get_by_role("heading", name="bob rejected this")).to_be_visible()
    await expect(page.locator("header details.raw")).to_have_text("What you wroteContentMy own\n\nversion")
    await page.locator("header").get_by_role("link", name="Next request").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("The next one")
    assert not (await site.stored(other)).ended


async def test_a_decision_of_ones_own_in_another_window_is_told_as_that(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit()
    page = await visit.ask(asked)
    await visit.live()
    await site.app.inbox.decide(asked.id, "approve", actor=as_web("alice"))
    await expect(page.locator("[data-live-notice]")).to_contain_text("That is yours already; it counts once.")


async def test_a_claim_of_somebody_else_stops_the_verbs_and_takes_back_what_was_said(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit()
    page = await visit.ask(asked)
    await page.get_by_label("Comment without deciding").fill("Who is the source?")
    await page.get_by_role("button", name="Comment").click()
    await expect(page.locator(".strip[data-notice]")).to_contain_text("Comment added.")
    await visit.live()
    await page.locator("summary", has_text="Reject").click()
    await page.locator("#say-reject").fill("Half a thought")
    await site.app.inbox.claim(asked.id, actor=as_web("bob"))
    await expect(page.locator("[data-live-notice]")).to_contain_text(
        "bob has claimed this; what you typed is kept."
    )
    await expect(page.locator(".strip[data-notice]")).to_have_count(0)
    open_yet = "[data-verbs] .btn:not([aria-disabled=true]), .talk .btn:not([aria-disabled=true])"
    await expect(page.locator(open_yet)).to_have_count(0)
    await page.get_by_role("link", name="Show it").click()
    await expect(page.locator("[data-verbs]")).to_contain_text("bob has claimed it and can release it.")
    await expect(page.locator("header details.raw")).to_contain_text("Half a thought")
    assert not (await site.stored(asked)).ended


async def test_ones_own_claim_in_another_window_stops_nothing(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit()
    page = await visit.ask(asked)
    await visit.live()
    await site.app.inbox.claim(asked.id, actor=as_web("alice"))
    await expect(page.locator("[data-live-notice]")).to_contain_text(
        "This has changed while you were reading."
    )
    await page.locator("[data-approve]").click()
    await site.until(asked, "RESOLVED")


async def test_a_new_revision_stops_the_verbs_until_it_is_seen(site: Site) -> None:
    asked = await site.ask(proposal={"content": "First."})
    visit = await site.visit()
    page = await visit.ask(asked)
    await visit.live()
    newer = await site.ask(proposal={"content": "Second."}, previous=asked.id)
    await expect(page.locator("[data-live-notice]")).to_contain_text(
        "Revision 2 is here: it arrived while you were reading 1."
    )
    await expect(page.locator("[data-approve]")).to_have_attribute("aria-disabled", "true")
    await page.locator("[data-approve]").click(force=True)
    await page.keyboard.press("a")
    await page.get_by_role("link", name="Show what changed").click()
    await page.wait_for_url(f"**/requests/{newer.id}*")
    await expect(page.locator("[data-approve]")).not_to_have_attribute("aria-disabled", "true")
    assert (await site.stored(newer)).status == "OPEN"


SENT_BY_SCRIPT = """async ([path, fields]) => {
    const token = document.body.dataset.formToken ?? document.querySelector("[name=form_token]").value;
    const body = new URLSearchParams({form_token: token, ...fields});
    await fetch(path, {method: "POST", redirect: "manual", body});
}"""
"""posts a form, and doesn't go where the answer leads: the page is still there while it is told what has happened"""


@pytest.mark.parametrize("tab", ["the same tab", "another tab"])
async def test_what_was_done_is_said_on_the_next_page_though_a_script_looks_before(
    site: Site, tab: str
) -> None:
    asked = await site.ask()
    visit = await site.visit()
    page = await visit.ask(asked)
    await visit.live()
    looking = page if tab == "the same tab" else await visit.context.new_page()
    if looking is not page:
        await looking.goto(f"{site.url}/inbox")
        await looking.locator("[data-live-state]:not([hidden])").wait_for(state="attached")
    await page.evaluate(SENT_BY_SCRIPT, [f"/requests/{asked.id}/comment", {"text": "Why?"}])
    async with looking.expect_response("**/inbox*part=list*"):
        await site.app.inbox.comment(asked.id, "Why not?", actor=as_web("bob"))
    await page.reload()
    await expect(page.locator("[data-notice]")).to_contain_text("Comment added.")
    await page.reload()
    await expect(page.locator("[data-notice]")).to_have_count(0)


async def test_what_was_done_on_a_board_is_said_on_the_next_page_though_a_script_looks_before(
    site: Site,
) -> None:
    await started(site.app, spec_team(Minds()))
    visit = await site.visit()
    page = await visit.open("/boards/spec-1?task=task1")
    await visit.live()
    await page.evaluate(SENT_BY_SCRIPT, ["/board/pause", {"run": "spec-1"}])
    async with page.expect_response("**/boards/spec-1*"):
        await site.app.teams.resume("spec-1", actor=by("bob"))
    await page.reload()
    await expect(page.locator("[data-notice]")).to_contain_text("Paused")


async def test_an_empty_inbox_fills_by_itself(site: Site) -> None:
    visit = await site.visit()
    page = await visit.open("/inbox")
    await expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    await visit.live()
    await site.ask("Here I am")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Here I am")


async def test_rows_of_a_later_page_stay_as_they_are(site: Site) -> None:
    for number in range(32):
        await site.ask(f"Bulk {number:02}", timeout=10_000 + number)
    visit = await site.visit()
    page = await visit.open("/inbox")
    await page.get_by_role("link", name="Show more").click()
    await expect(page.locator(".item > a")).to_have_text(["Bulk 30", "Bulk 31"])
    await visit.live()
    await site.ask("Elsewhere", timeout=50_000)
    await expect(page.get_by_role("button", name="1 new")).to_be_visible()
    await expect(page.locator(".item .due", has_text="Decided")).to_have_count(0)


async def test_a_decision_shows_in_other_browsers_within_a_moment(site: Site) -> None:
    asked, other = await site.ask("Read"), await site.ask("Decided elsewhere")
    visit, decider = await site.visit("alice"), await site.visit("bob")
    page = await visit.ask(asked)
    await visit.live()
    deciding = await decider.ask(other)
    await deciding.locator("[data-approve]").click()
    await expect(page.locator(".item.is-gone", has_text="Decided elsewhere")).to_be_visible()


async def test_without_a_network_the_page_says_so_stops_the_verbs_and_recovers(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit()
    page = await visit.ask(asked)
    await visit.live()
    await page.get_by_label("Comment without deciding").fill("Half a thought")
    await visit.context.set_offline(True)
    await expect(page.locator("#offline")).to_contain_text("Not connected.")
    await expect(page.locator("[data-approve]")).to_have_attribute("aria-disabled", "true")
    await page.locator("[data-approve]").click(force=True)
    await page.keyboard.press("Control+Enter")
    await visit.context.set_offline(False)
    await expect(page.locator("#offline")).to_have_count(0)
    await expect(page.locator("[data-approve]")).not_to_have_attribute("aria-disabled", "true")
    await expect(page.get_by_label("Comment without deciding")).to_have_value("Half a thought")
    assert (await site.stored(asked)).status == "OPEN"
    await page.locator("[data-approve]").click()
    await site.until(asked, "RESOLVED")


async def test_a_countdown_goes_on_without_being_read_out(site: Site) -> None:
    visit, asked = await site.visit(), await site.ask(timeout=90)
    page = await visit.ask(asked)
    left = page.locator("time[data-countdown]")
    before = await left.inner_text()
    await expect(left).not_to_have_text(before)
    assert await left.evaluate("element => !element.closest('[role=status], [role=alert], [aria-live]')")


async def test_an_old_revision_tells_of_the_one_that_a_run_has_sent(site: Site) -> None:
    let_on = asyncio.Event()

    async def revise(data: dict[str, Any]) -> dict[str, Any]:
        await let_on.wait()
        return data

    site.app.flow("loop", FeedbackLoop(FunctionNode(revise), audience=["alice", "bob"]))
    await site.app.start("loop", {"content": "Rivers."}, "river", initiator="carol")
    async with asyncio.timeout(20):
        while not (found := await views.requests(site.app.store, run_id="river")):  # noqa: ASYNC110 - a worker asks
            await asyncio.sleep(0.01)
    visit = await site.visit()
    page = await visit.ask(found[0])
    await visit.live()
    await site.app.inbox.decide(found[0].id, "request_changes", comment="Shorter.", actor=as_web("bob"))
    strip = page.locator("[data-live-notice]")
    await expect(strip).to_contain_text("bob requested changes to this")
    let_on.set()
    await expect(strip).to_contain_text("Revision 2 is here: it arrived while you were reading 1.")
    await strip.get_by_role("link", name="Show what changed").click()
    await expect(page.locator("[data-verbs]")).to_have_attribute("aria-label", "Decide on revision 2")
