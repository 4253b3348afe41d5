"""What is in the way: somebody was faster, fields don't fit, the session or the server is gone. No words get lost."""

import pytest
from playwright.async_api import Page, expect

from handrail.people.facts import Role
from handrail.requests.decision import Verb
from handrail.requests.policy import Audience
from tests.support.web_browser import Site, as_web

pytestmark = pytest.mark.asyncio(loop_scope="session")
SCHEMA = {
    "type": "object",
    "required": ["score"],
    "properties": {
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
}
both = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


async def deaf(page: Page) -> None:
    """Let a page not hear of what happens: this is the moment between two looks."""
    for what in ("**/state", "**/inbox*part=list*"):
        await page.route(what, lambda route: route.abort())


@both
async def test_of_two_who_decide_the_second_learns_who_won_and_keeps_the_words(
    site: Site, script: bool
) -> None:
    asked = await site.ask()
    page = await (await site.visit("alice", java_script_enabled=script)).ask(asked)
    if script:
        await deaf(page)
    other = await (await site.visit("bob", java_script_enabled=script)).ask(asked)
    await other.locator("summary", has_text="Reject").click()
    await other.locator("#say-reject").fill("It names a customer.")
    await other.locator("details[open]").get_by_role("button", name="Reject").click()
    await site.until(asked, "RESOLVED")
    await page.locator("summary", has_text="Request changes").click()
    await page.locator("#say-request_changes").fill("Half a page of good advice.")
    async with page.expect_response("**/decide*") as answered:
        await page.locator("details[open]").get_by_role("button", name="Request changes").click()
    assert (await answered.value).status == 409
    problem = page.locator("#problem")
    await expect(problem).to_contain_text("bob rejected this")
    await expect(problem).to_contain_text("It names a customer.")
    await expect(problem).to_contain_text("Your request for changes was not counted.")
    await expect(problem.get_by_label("Your words")).to_have_text("Half a page of good advice.")
    await expect(problem).to_be_focused()
    assert len((await site.stored(asked)).decisions) == 1
    await problem.get_by_role("link", name="Next request").click()
    await page.wait_for_url("**/inbox")


# Without a script only: with one the page hears of it and stops the verbs, sooner or later than the click.
@pytest.mark.parametrize("script", [False], ids=["no script"])
async def test_a_lost_answer_is_shown_as_it_was_filled_in(site: Site, script: bool) -> None:
    asked = await site.ask(verbs=[Verb.ANSWER], response_schema=SCHEMA)
    page = await (await site.visit("alice", java_script_enabled=script)).ask(asked)
    await page.get_by_label("Score").fill("4")
    if script:
        await deaf(page)
    await site.app.inbox.decide(asked.id, "answer", payload={"score": 1}, actor=as_web("bob"))
    await page.get_by_role("button", name="Send my answer").click()
    await expect(page.locator("#problem")).to_contain_text("Your answer was not counted.")
    await expect(page.locator("#problem").get_by_label("score")).to_have_text("4")


@both
async def test_a_decision_on_a_replaced_revision_offers_what_changed(site: Site, script: bool) -> None:
    asked = await site.ask(proposal={"content": "First."})
    page = await (await site.visit(java_script_enabled=script)).ask(asked)
    if script:
        await deaf(page)
    newer = await site.ask(proposal={"content": "Second."}, previous=asked.id)
    await page.locator("[data-verbs]").get_by_role("button", name="Approve").click()
    await expect(page.locator("#problem")).to_contain_text("Revision 2 arrived while you were reading 1")
    await page.get_by_role("link", name="Show what changed").click()
    await expect(page.locator("ins").first).to_contain_text("Second")
    assert (await site.stored(newer)).status == "OPEN"


@both
async def test_fields_at_fault_are_summed_up_with_links_to_them(site: Site, script: bool) -> None:
    asked = await site.ask(verbs=[Verb.ANSWER], response_schema=SCHEMA)
    page = await (await site.visit(java_script_enabled=script)).ask(asked)
    await page.locator("#answer").evaluate("form => { form.noValidate = true; }") if script else None
    await page.get_by_label("Score").fill("9")
    if not script:
        await page.evaluate("document.querySelector('#answer').noValidate = true")
    async with page.expect_response("**/decide*") as answered:
        await page.get_by_role("button", name="Send my answer").click()
    assert (await answered.value).status == 422
    problem = page.locator("#problem")
    await expect(problem).to_be_focused()
    await expect(problem).to_contain_text("5")
    await expect(page.get_by_label("Score")).to_have_value("9")
    await expect(page.get_by_label("Score")).to_have_attribute("aria-invalid", "true")
    await problem.get_by_role("link", name="Score").click()
    await expect(page.get_by_label("Score")).to_be_focused() if script else None
    assert (await site.stored(asked)).status == "OPEN"
    await page.get_by_label("Score").fill("5")
    await page.get_by_role("button", name="Send my answer").click()
    await site.until(asked, "RESOLVED")


async def test_drafts_of_comments_edits_and_forms_survive_a_reload(site: Site) -> None:
    text, form = await site.ask(), await site.ask("A form", verbs=[Verb.ANSWER], response_schema=SCHEMA)
    visit = await site.visit()
    page = await visit.ask(text)
    await page.get_by_label("Comment without deciding").fill("To be said")
    await page.locator("summary", has_text="Reject").click()
    await page.locator("#say-reject").fill("Why not")
    await page.reload()
    await expect(page.get_by_label("Comment without deciding")).to_have_value("To be said")
    await expect(page.locator("#say-reject")).to_have_value("Why not")
    await page.get_by_role("link", name="Edit & approve").click()
    await page.wait_for_url("**edit=1*")  # and its script listens to what is typed
    await page.locator("#edit").get_by_label("Content").fill("Mine")
    await page.reload()
    await expect(page.locator("#edit").get_by_label("Content")).to_have_value("Mine")
    await expect(page.locator("#edit .kept")).to_be_visible()
    await visit.ask(form)
    await page.get_by_label("Score").fill("3")
    for words in ("one", "two"):
        await page.locator("#answer").get_by_role("button", name="Add").last.click()
        await expect(page.locator("#answer .entry input").last).to_have_value("")
        await page.locator("#answer .entry input").last.fill(words)
    await page.reload()
    await expect(page.get_by_label("Score")).to_have_value("3")
    notes = page.locator("#answer .entry input")
    await expect(notes).to_have_count(2)
    await expect(notes.last).to_have_value("two")
    await page.get_by_role("button", name="Send my answer").click()
    await site.until(form, "RESOLVED")
    assert (await site.stored(form)).decisions[0].payload == {"score": 3, "notes": ["one", "two"]}


async def test_a_draft_is_gone_once_it_was_sent_or_discarded(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit()
    page = await visit.ask(asked)
    await page.get_by_label("Comment without deciding").fill("Said")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.locator("[data-notice]")).to_contain_text("Comment added.")
    await expect(page.get_by_label("Comment without deciding")).to_have_value("")
    await visit.ask(asked, edit="1")
    await page.locator("#edit").get_by_label("Content").fill("Mine")
    await page.get_by_role("link", name="Discard changes").click()
    await visit.ask(asked, edit="1")
    await expect(page.locator("#edit").get_by_label("Content")).not_to_have_value("Mine")


async def test_after_a_session_has_ended_one_signs_in_and_is_back_with_the_draft(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit("alice")
    page = await visit.ask(asked)
    await page.locator("summary", has_text="Reject").click()
    await page.locator("#say-reject").fill("A reason that took long to write.")
    await site.app.people.set_password("alice", "correct horse battery staple", actor=as_web("alice"))
    for session in await site.app.people.sessions("alice"):
        await site.app.people.log_out(session)
    await page.locator("details[open]").get_by_role("button", name="Reject").click()
    await page.get_by_label("Name or email").fill("alice")
    await page.get_by_label("Password").fill("correct horse battery staple")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**/requests/{asked.id}")
    await expect(page.locator("#say-reject")).to_have_value("A reason that took long to write.")
    assert (await site.stored(asked)).status == "OPEN"


async def test_a_page_says_that_its_session_has_ended(site: Site) -> None:
    visit = await site.visit("alice")
    page = await visit.ask(await site.ask())
    await visit.live()
    for session in await site.app.people.sessions("alice"):
        await site.app.people.log_out(session)
    await expect(page.locator("[data-signed-out]")).to_contain_text("You are signed out")
    await page.get_by_role("link", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Sign in to decide")).to_be_visible()


PRESSES = """() => {
    // Of several submits in one moment the browser sends one by itself: what counts is which of them are let through.
    const let_through = [];
    addEventListener("submit", (event) => let_through.push(!event.defaultPrevented));
    const approve = document.querySelector("[data-approve]"), reject = document.querySelector("#say-reject").form;
    const press = () => document.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
    approve.click();
    const told = approve.innerText;
    press();
    approve.click();
    approve.form.requestSubmit(approve);
    reject.noValidate = true;
    reject.requestSubmit();
    return { told, let_through };
}"""


async def test_while_a_decision_is_on_its_way_nothing_is_sent_again(site: Site) -> None:
    asked, after = await site.ask("First", timeout=1000), await site.ask("Second", timeout=9999)
    visit = await site.visit()
    page = await visit.ask(asked)
    await visit.live()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    # A press that is refused already at the button comes to no submit at all; the other two are stopped there.
    assert await page.evaluate(PRESSES) == {"told": "Sending…", "let_through": [True, False, False]}
    await expect(page.get_by_role("heading", level=1)).to_have_text("Second")
    assert len(sent) == 1
    assert (await site.stored(after)).status == "OPEN"


async def test_what_only_others_may_see_or_do_is_said(site: Site) -> None:
    private = await site.ask("Between us", audience="bob")
    visit = await site.visit("alice")
    page = await visit.open(f"/requests/{private.id}", 404)
    assert "Between us" not in await page.content()
    own = await site.ask("My own", audience=Audience(not_initiator=True), initiator="alice")
    page = await visit.ask(own)
    await expect(page.locator(".effect")).to_contain_text("doesn’t let people approve their own work")
    looker = await site.visit("carol", Role.VIEWER)
    page = await looker.ask(await site.ask("For all", audience=["carol", "bob"]))
    await expect(page.locator(".effect")).to_contain_text("a viewer doesn’t decide")
