"""Every action of the inbox, with script and without: what a person does, and what the store says afterwards."""

import pytest
from playwright.async_api import Locator, Page, expect

from handrail.people.facts import Role
from handrail.requests.decision import Strength, Verb
from handrail.requests.policy import AtLeast, escalation
from tests.support.web_browser import Site, as_web

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.slow,
    pytest.mark.parametrize("script", [True, False], ids=["script", "no script"]),
]


ALL_BUT_EDIT = (Verb.APPROVE, Verb.REJECT)
SCHEMA = {
    "type": "object",
    "required": ["verdict", "payment"],
    "properties": {
        "verdict": {"enum": ["pay", "refuse"]},
        "payment": {
            "type": "object",
            "required": ["amount"],
            "properties": {
                "amount": {"type": "number", "minimum": 0, "maximum": 500},
                "to": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
        },
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["what"],
                "properties": {
                    "what": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}


def verbs(page: Page) -> Locator:
    """Return where decisions are made."""
    return page.locator("[data-verbs]")


async def say(page: Page, verb: str, words: str) -> None:
    """Open what a verb asks, write, and send it."""
    await verbs(page).locator("summary", has_text=verb).click()
    await verbs(page).locator("details[open] textarea").fill(words)
    await verbs(page).locator("details[open]").get_by_role("button", name=verb).click()


async def told(page: Page, text: str) -> None:
    """Wait until the page says what was done."""
    await expect(page.locator("[data-notice]")).to_contain_text(text)


async def menu(page: Page, item: str) -> None:
    """Choose a move from the menu of the request."""
    await page.get_by_label("More moves").click()
    await page.locator(".menu").get_by_text(item).click()


async def test_approving_opens_the_next_request_and_says_what_was_done(site: Site, script: bool) -> None:
    first, second = await site.ask("The first?", timeout=1000), await site.ask("The second?", timeout=9999)
    visit = await site.visit("alice", java_script_enabled=script)
    page = await visit.ask(first)
    await verbs(page).get_by_role("button", name="Approve").click()
    await expect(page.locator("[data-notice]")).to_contain_text("Approved. The first?")
    await expect(page.get_by_role("heading", level=1)).to_have_text("The second?")
    decided = await site.stored(first)
    assert (decided.status, decided.decisions[0].actor, decided.decisions[0].verb) == (
        "RESOLVED",
        "alice",
        "approve",
    )
    assert decided.decisions[0].strength is Strength.SESSION
    assert (await site.stored(second)).status == "OPEN"


async def test_an_edited_version_is_what_is_approved(site: Site, script: bool) -> None:
    asked = await site.ask(proposal={"title": "Rivers", "content": "They run.\n\nThey do.", "words": 2})
    visit = await site.visit(java_script_enabled=script)
    page = await visit.ask(asked)
    await verbs(page).get_by_role("link", name="Edit & approve").click()
    await page.locator("#edit").get_by_label("Content").fill("They run\nto the sea.")
    await page.locator("#edit").get_by_label("Comment").fill("Where to?")
    await page.get_by_role("button", name="Approve my version").click()
    await told(page, "Edited and approved.")
    decided = (await site.stored(asked)).decisions[0]
    assert (decided.verb, decided.payload, decided.comment) == (
        "edit",
        {"content": "They run\nto the sea."},
        "Where to?",
    )


async def test_discarding_an_edit_changes_nothing(site: Site, script: bool) -> None:
    asked = await site.ask(proposal={"content": "They run."})
    page = await (await site.visit(java_script_enabled=script)).ask(asked, edit="1")
    await page.locator("#edit").get_by_label("Content").fill("Away with it")
    await page.get_by_role("link", name="Discard changes").click()
    await expect(page.get_by_text("They run.")).to_be_visible()
    await verbs(page).get_by_role("link", name="Edit & approve").click()
    await expect(page.locator("#edit").get_by_label("Content")).to_have_value("They run.")
    assert (await site.stored(asked)).status == "OPEN"


async def test_requested_changes_carry_the_words(site: Site, script: bool) -> None:
    asked = await site.ask()
    page = await (await site.visit(java_script_enabled=script)).ask(asked)
    await say(page, "Request changes", "Shorter,\nplease.")
    await told(page, "Requested changes.")
    decided = (await site.stored(asked)).decisions[0]
    assert (decided.verb, decided.comment) == ("request_changes", "Shorter,\nplease.")


async def test_rejecting_takes_a_reason(site: Site, script: bool) -> None:
    asked = await site.ask()
    page = await (await site.visit(java_script_enabled=script)).ask(asked)
    await verbs(page).locator("summary", has_text="Reject").click()
    await verbs(page).locator("details[open]").get_by_role("button", name="Reject").click()
    assert (await site.stored(asked)).status == "OPEN"  # the browser asks for the words first
    await verbs(page).locator("details[open] textarea").fill("It names a customer.")
    await verbs(page).locator("details[open]").get_by_role("button", name="Reject").click()
    await told(page, "Rejected.")
    assert (await site.stored(asked)).decisions[0].comment == "It names a customer."


async def test_a_form_with_nested_parts_and_entries_is_answered(site: Site, script: bool) -> None:
    asked = await site.ask("Assess the claim", verbs=[Verb.ANSWER], response_schema=SCHEMA)
    page = await (await site.visit(java_script_enabled=script)).ask(asked)
    form = page.locator("#answer")
    await form.get_by_label("Pay", exact=True).check()
    await form.get_by_label("Amount").fill("120.5")
    for each in ("To", "Items"):
        await add(page, each)
    await form.get_by_label("Name").fill("carol")
    await add(page, "Items")
    await expect(form.get_by_label("What")).to_have_count(2)
    await form.get_by_label("What").first.fill("a lamp")
    await form.get_by_label("What").last.fill("a floor")
    await remove(page, 0)
    await expect(form.get_by_label("What")).to_have_count(1)
    await expect(form.get_by_label("What")).to_have_value("a floor")
    await expect(form.get_by_label("Amount")).to_have_value("120.5")
    await form.get_by_label("Comment").fill("Seen on the photographs.")
    await verbs(page).get_by_role("button", name="Send my answer").click()
    await told(page, "Answered.")
    decided = (await site.stored(asked)).decisions[0]
    assert decided.payload == {
        "verdict": "pay",
        "payment": {"amount": 120.5, "to": {"name": "carol"}},
        "items": [{"what": "a floor"}],
    }
    assert decided.comment == "Seen on the photographs."


async def test_abstaining_from_a_request_that_one_decides(site: Site, script: bool) -> None:
    asked = await site.ask(audience=["alice", "bob"])
    page = await (await site.visit(java_script_enabled=script)).ask(asked)
    await menu(page, "Abstain")
    await told(page, "Your vote is counted.")
    stored = await site.stored(asked)
    assert (stored.status, stored.decisions[0].verb) == ("OPEN", "abstain")


async def test_a_blind_vote_shows_nothing_of_the_others_until_it_is_given(site: Site, script: bool) -> None:
    asked = await site.ask(
        audience=["alice", "bob", "carol"], quorum=AtLeast(2), blind=True, verbs=ALL_BUT_EDIT
    )
    await site.app.inbox.decide(asked.id, "approve", actor=as_web("bob"), comment="Looks right to me.")
    page = await (await site.visit("alice", java_script_enabled=script)).ask(asked)
    await expect(page.locator(".seats")).to_contain_text("Voted, hidden")
    assert "Looks right to me." not in await page.content()
    await say(page, "Reject", "It does not.")
    await told(page, "Your vote is counted.")
    await page.get_by_role("link", name="See it").click()
    await expect(page.locator(".seats")).to_contain_text("Approved")
    await expect(page.locator(".thread")).to_contain_text("Looks right to me.")
    assert [each.verb for each in (await site.stored(asked)).decisions] == ["approve", "reject"]


async def test_abstaining_from_a_vote(site: Site, script: bool) -> None:
    asked = await site.ask(audience=["alice", "bob", "carol"], quorum=AtLeast(2), verbs=ALL_BUT_EDIT)
    page = await (await site.visit("alice", java_script_enabled=script)).ask(asked)
    await verbs(page).get_by_role("button", name="Abstain").click()
    await told(page, "Your vote is counted.")
    assert (await site.stored(asked)).decisions[0].verb == "abstain"


async def test_claiming_and_releasing(site: Site, script: bool) -> None:
    asked = await site.ask()
    visit = await site.visit("alice", java_script_enabled=script)
    other = await site.visit("bob", java_script_enabled=script)
    page = await visit.ask(asked)
    await menu(page, "Claim")
    await told(page, "Claimed.")
    assert (await site.stored(asked)).claimed_by == "alice"
    await expect(page.get_by_text("Claimed by you")).to_be_visible()
    await expect(verbs(await other.ask(asked))).to_contain_text("alice has claimed it and can release it.")
    await menu(page, "Release")
    await told(page, "Released.")
    assert (await site.stored(asked)).claimed_by is None


async def test_commenting_decides_nothing(site: Site, script: bool) -> None:
    asked = await site.ask()
    page = await (await site.visit(java_script_enabled=script)).ask(asked)
    await page.get_by_label("Comment without deciding").fill("Who is **the source**?")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await told(page, "Comment added.")
    await expect(page.locator(".thread")).to_contain_text("Who is the source?")
    assert await site.kinds(asked) == ["opened", "commented"]


async def test_reassigning_asks_somebody_else(site: Site, script: bool) -> None:
    asked = await site.ask(audience="alice")
    await site.person("bob")
    page = await (await site.visit("keeper", Role.ADMIN, java_script_enabled=script)).ask(asked)
    await menu(page, "Reassign")
    await page.get_by_label("Who should decide?").fill("bob")
    await page.get_by_label("Why?").fill("alice is away")
    await page.get_by_role("button", name="Reassign", exact=True).click()
    await told(page, "Reassigned.")
    assert (await site.stored(asked)).audience.users == ("bob",)


async def test_escalating_takes_the_next_rung_now(site: Site, script: bool) -> None:
    asked = await site.ask(audience="alice", escalations=[escalation(after=9999, to="bob")])
    page = await (await site.visit("keeper", Role.ADMIN, java_script_enabled=script)).ask(asked)
    await menu(page, "Escalate")
    await page.get_by_role("button", name="Escalate", exact=True).click()
    await told(page, "Escalated.")
    assert (await site.stored(asked)).escalated == 1


async def test_reminding(site: Site, script: bool) -> None:
    asked = await site.ask(audience="alice")
    page = await (await site.visit("keeper", Role.ADMIN, java_script_enabled=script)).ask(asked)
    await menu(page, "Remind those asked")
    await told(page, "Reminded.")
    assert "reminded" in await site.kinds(asked)


async def test_withdrawing_takes_the_request_back(site: Site, script: bool) -> None:
    asked = await site.ask(audience="alice")
    page = await (await site.visit("keeper", Role.ADMIN, java_script_enabled=script)).ask(asked)
    await menu(page, "Withdraw")
    await page.get_by_label("Why?").fill("sent twice")
    await page.get_by_role("button", name="Withdraw the request").click()
    await told(page, "Withdrawn.")
    await expect(page.get_by_role("heading", name="Withdrawn by keeper")).to_be_visible()
    assert (await site.stored(asked)).status == "WITHDRAWN"


@pytest.mark.parametrize(("verb", "words"), [("Approve", ""), ("Reject", "All too late.")])
async def test_many_at_once_with_a_result_for_each(site: Site, script: bool, verb: str, words: str) -> None:
    good = [await site.ask(f"Good {number}") for number in (1, 2)]
    taken = await site.ask("Taken")
    form = await site.ask("Needs answers", verbs=[Verb.ANSWER], response_schema=SCHEMA)
    left = await site.ask("Left alone")
    page = await (await site.visit(java_script_enabled=script)).open("/inbox?sort=oldest")
    for each in (*good, taken, form):
        await page.locator(f"[name=pick][value={each.id}]").check()
    await page.locator(".batch").get_by_role("button", name=verb).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{verb} 3 requests?")
    await expect(page.locator(".points li", has_text="Needs answers")).to_contain_text("open it to decide")
    await site.app.inbox.decide(taken.id, "reject", actor=as_web("bob"), comment="No.")
    if words:
        await page.get_by_label("Why are they rejected?").fill(words)
    await page.get_by_role("button", name=f"{verb} all 3").click()
    done = "approved" if verb == "Approve" else "rejected"
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"2 {done}, 1 not")
    await expect(page.locator(".points li", has_text="Taken")).to_contain_text("bob")
    for each in good:
        decided = (await site.stored(each)).decisions[0]
        assert (decided.verb, decided.comment) == (verb.lower(), words or None)
    assert [(await site.stored(each)).status for each in (form, left)] == ["OPEN", "OPEN"]
    await expect(page.locator(".points li", has_text="Taken")).to_contain_text("bob rejected this")
    await expect(page.get_by_role("button", name="Try the")).to_have_count(0)


async def test_a_list_is_filtered_searched_sorted_and_paged(site: Site, script: bool) -> None:
    for number in range(40):
        await site.ask(f"Bulk {number:02}", timeout=10_000 + number, audience="alice")
    late = await site.ask("The urgent one", priority=10, timeout=90_000)
    other = await site.ask("Asks bob", audience="bob")
    page = await (await site.visit("alice", java_script_enabled=script)).open("/inbox")
    titles = page.locator(".item > a")
    await expect(titles).to_have_count(30)
    await page.get_by_role("link", name="Show more").click()
    await expect(titles).to_have_count(11)
    await search(page, script, "urgent")
    await expect(titles).to_have_text(["The urgent one"])
    await search(page, script, "")
    await expect(titles).to_have_count(30)
    await page.get_by_label("Sort by").select_option("urgent")
    if not script:
        await page.get_by_role("button", name="Search and sort").click()
    await expect(titles.first).to_have_text(late.draft.title)
    await expect(page.locator(".item", has_text=other.draft.title)).to_have_count(0)
    await page.get_by_role("link", name="Decided by me").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You have decided nothing yet")


async def search(page: Page, script: bool, text: str) -> None:
    """Search the list."""
    if not await page.get_by_label(
        "Search requests"
    ).is_visible():  # a narrow or a plain page opens the list first
        await page.get_by_role("link", name="Inbox").first.click()
    await page.get_by_label("Search requests").fill(text)
    await page.get_by_label("Search requests").press("Enter")


async def add(page: Page, what: str) -> None:
    """Add an entry or a part that is left out."""
    button = page.locator("#answer").get_by_role("button", name=f"Add {what}")
    await (
        button
        if await button.count()
        else page.locator("#answer fieldset", has=page.locator("legend", has_text=what))
        .get_by_role("button", name="Add")
        .last
    ).click()


async def remove(page: Page, place: int) -> None:
    """Take an entry out."""
    await page.locator("#answer").get_by_role("button", name="Remove").nth(place).click()
