"""Everything with keys alone: what each does, when it does nothing, and that approving waits until all was seen."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect

from handrail.people.facts import Role
from tests.support.web_browser import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
LONG = {
    "content": "\n\n".join(f"Paragraph {number}: a line that is there to be read." for number in range(80))
}

FOCUS = """[
    document.activeElement.innerText ?? "",
    [null, "::after"].map(part => getComputedStyle(document.activeElement, part).outlineStyle),
]"""
"""what has the focus, and how that is shown: on itself, or on what covers the row"""


async def ready(page: Page) -> Page:
    """Return a page whose script listens to keys, and has seen what is in view."""
    await page.locator("[data-live-state]:not([hidden])").wait_for(state="attached")
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


async def test_j_and_k_go_to_the_next_and_the_previous_request(site: Site) -> None:
    asked = [await site.ask(f"Number {number}", timeout=1000 + number) for number in range(3)]
    page = await ready(await (await site.visit()).ask(asked[0]))
    title = page.get_by_role("heading", level=1)
    for key, shown, place in (
        ("j", "Number 1", "2 of 3"),
        ("j", "Number 2", "3 of 3"),
        ("k", "Number 1", "2 of 3"),
    ):
        await page.keyboard.press(key)
        await expect(title).to_have_text(shown)
        await expect(title).to_be_focused()
        await expect(page.locator("#said")).to_have_text(f"{place} {shown}")
        await ready(page)
    await page.reload()
    await expect(title).not_to_be_focused()


async def test_m_goes_to_the_comment_and_l_claims_and_releases(site: Site) -> None:
    asked = await site.ask()
    page = await ready(await (await site.visit()).ask(asked))
    await page.keyboard.press("m")
    await expect(page.get_by_label("Comment without deciding")).to_be_focused()
    await page.keyboard.press("Escape")
    for said, claimed in (("Claimed.", "alice"), ("Released.", None)):
        await page.keyboard.press("l")
        await expect(page.locator("[data-notice]")).to_contain_text(said)
        assert (await site.stored(asked)).claimed_by == claimed
        await ready(page)


@pytest.mark.parametrize("rules", [{}, {"audience": ["alice", "bob"], "quorum": "all"}], ids=["one", "votes"])
async def test_b_abstains_only_when_it_is_pressed_again(site: Site, rules: dict[str, Any]) -> None:
    asked = await site.ask(**rules)
    page = await ready(await (await site.visit()).ask(asked))
    await page.keyboard.press("b")
    await expect(page.get_by_role("button", name="Abstain")).to_be_focused()
    await expect(page.locator("#said")).to_have_text("Press again to abstain.")
    assert not (await site.stored(asked)).decisions
    await page.keyboard.press("b")
    await expect(page.locator("[data-notice]")).to_be_visible()
    assert (await site.stored(asked)).decisions[0].verb == "abstain"


@pytest.mark.parametrize(("key", "asks"), [("s", "Reassign the request"), ("w", "Take the request back?")])
async def test_s_and_w_ask_before_they_move_anything(site: Site, key: str, asks: str) -> None:
    asked = await site.ask(audience="alice")
    page = await ready(await (await site.visit("keeper", Role.ADMIN)).ask(asked))
    await page.keyboard.press(key)
    await expect(page.locator(".asking h2")).to_contain_text(asks)
    assert (await site.stored(asked)).status == "OPEN"


async def test_every_key_of_a_request_is_in_the_list_of_all_keys(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit("keeper", Role.ADMIN)
    page = await visit.ask(asked)
    offered = await page.locator("[data-key]").evaluate_all(
        "all => all.map(each => [each.dataset.key, each.getAttribute('aria-keyshortcuts')])"
    )
    assert all(key == told for key, told in offered)
    assert {key for key, _ in offered} >= set("aecrblmsw")
    await visit.open("/keyboard")
    listed = set(await page.locator("#all-keys kbd").all_inner_texts())
    assert {key for key, _ in offered} <= listed


async def test_a_approves_at_once_what_was_in_view(site: Site) -> None:
    asked = await site.ask()
    page = await ready(await (await site.visit()).ask(asked))
    await page.keyboard.press("a")
    await expect(page.locator("[data-notice]")).to_contain_text("Approved.")
    await site.until(asked, "RESOLVED")


async def test_a_goes_to_the_button_first_while_there_is_more_to_see(site: Site) -> None:
    asked = await site.ask(proposal=LONG)
    page = await ready(await (await site.visit()).ask(asked))
    await page.keyboard.press("a")
    await expect(page.get_by_role("button", name="Approve")).to_be_focused()
    await expect(page.locator("#said")).to_contain_text("You have not seen all of it.")
    assert (await site.stored(asked)).status == "OPEN"
    await page.keyboard.press("Enter")
    await site.until(asked, "RESOLVED")


async def test_a_approves_at_once_after_all_was_scrolled_through(site: Site) -> None:
    asked = await site.ask(proposal=LONG)
    page = await ready(await (await site.visit()).ask(asked))
    await page.get_by_text("Paragraph 79").scroll_into_view_if_needed()
    await page.get_by_label("Comment without deciding").scroll_into_view_if_needed()
    await ready(page)
    await page.keyboard.press("a")
    await site.until(asked, "RESOLVED")


async def test_e_opens_the_editor_and_control_enter_sends_it(site: Site) -> None:
    asked = await site.ask()
    page = await ready(await (await site.visit()).ask(asked))
    await page.keyboard.press("e")
    await page.wait_for_url("**edit=1*")
    await page.locator("#edit").get_by_label("Content").fill("Mine.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("[data-notice]")).to_contain_text("Edited and approved.")
    assert (await site.stored(asked)).decisions[0].payload == {"content": "Mine."}


@pytest.mark.parametrize(("key", "verb"), [("c", "request_changes"), ("r", "reject")])
async def test_c_and_r_ask_for_words_and_control_enter_sends_them(site: Site, key: str, verb: str) -> None:
    asked = await site.ask()
    page = await ready(await (await site.visit()).ask(asked))
    await page.keyboard.press(key)
    await expect(page.locator(f"#say-{verb}")).to_be_focused()
    await page.keyboard.type("jack racked a xylophone")  # letters that are keys, too
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("[data-notice]")).to_be_visible()
    decided = (await site.stored(asked)).decisions[0]
    assert (decided.verb, decided.comment) == (verb, "jack racked a xylophone")


async def test_escape_closes_what_is_open_and_gives_the_focus_back(site: Site) -> None:
    page = await ready(await (await site.visit()).ask(await site.ask()))
    await page.keyboard.press("r")
    await expect(page.locator("#say-reject")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#say-reject")).to_be_hidden()
    await expect(page.locator("summary", has_text="Reject")).to_be_focused()
    await page.keyboard.press("/")
    await expect(page.get_by_label("Search requests")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Search requests")).not_to_be_focused()


async def test_x_selects_for_many_at_once(site: Site) -> None:
    asked = await site.ask()
    page = await ready(await (await site.visit()).ask(asked))
    box = page.locator(f"[name=pick][value={asked.id}]")
    await page.keyboard.press("x")
    await expect(box).to_be_checked()
    await expect(page.get_by_role("group", name="Decide on selected")).to_be_visible()
    await page.keyboard.press("x")
    await expect(box).not_to_be_checked()


async def test_what_is_selected_stays_so_from_request_to_request_until_it_is_decided(site: Site) -> None:
    asked = [await site.ask(f"Number {number}", timeout=1000 + number) for number in range(3)]
    page = await ready(await (await site.visit()).ask(asked[0]))
    boxes = [page.locator(f"[name=pick][value={each.id}]") for each in asked]
    for key, title in (("x", "Number 0"), ("j", "Number 1"), ("x", "Number 1"), ("j", "Number 2")):
        await page.keyboard.press(key)
        await expect(page.get_by_role("heading", level=1)).to_have_text(title)
        await ready(page)
    for box, checked in zip(boxes, (True, True, False), strict=True):
        await expect(box).to_be_checked(checked=checked)
    await page.goto(f"{site.url}/inbox?view=open")  # another list has its own
    await ready(page)
    await expect(page.locator("[name=pick]:checked")).to_have_count(0)
    await page.goto(f"{site.url}/inbox")
    await page.get_by_role("group", name="Decide on selected").get_by_role("button", name="Approve…").click()
    await page.get_by_role("button", name="Approve all 2").click()
    await page.get_by_role("link", name="Back to the inbox").click()
    await ready(page)
    await expect(page.locator("[name=pick]:checked")).to_have_count(0)
    assert [(await site.stored(each)).status for each in asked] == ["RESOLVED", "RESOLVED", "OPEN"]


async def test_e_goes_to_the_first_field_and_the_verbs_stay_in_view(site: Site) -> None:
    asked = await site.ask(proposal={"title": "Rivers", **LONG})
    page = await ready(await (await site.visit()).ask(asked))
    await page.keyboard.press("e")
    await expect(page.locator("#edit").get_by_label("Title")).to_be_focused()
    await page.locator("#edit").get_by_label("Content").focus()
    for verb in ("Approve my version", "Discard changes"):
        box = await page.locator("[data-verbs]").get_by_text(verb).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800
    await page.keyboard.type("abc")
    await page.locator("[data-verbs]").get_by_text("Discard changes").click()
    await expect(page.locator("[data-approve]")).to_be_visible()
    await (await ready(page)).keyboard.press("e")
    await expect(page.locator("#edit").get_by_label("Content")).not_to_have_value("abc")
    await expect(page.locator("#edit .kept")).to_have_count(0)


async def test_the_field_of_a_short_text_grows_with_what_is_written(site: Site) -> None:
    page = await (await site.visit()).ask(await site.ask(proposal={"content": "hello"}), edit="1")
    field = page.locator("#edit").get_by_label("Content")
    before = await field.bounding_box()
    await field.fill("\n\n".join(f"Paragraph {number}" for number in range(20)))
    after = await field.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > 2 * before["height"]
    assert await field.evaluate("field => field.scrollHeight <= field.clientHeight")


async def test_an_answer_is_sent_with_control_enter(site: Site) -> None:
    schema = {"type": "object", "required": ["tone"], "properties": {"tone": {"type": "string"}}}
    asked = await site.ask(verbs=["answer"], response_schema=schema)
    page = await ready(await (await site.visit()).ask(asked))
    await page.get_by_label("Tone").fill("dry")
    await page.keyboard.press("Control+Enter")
    await site.until(asked, "RESOLVED")
    assert (await site.stored(asked)).decisions[0].payload == {"tone": "dry"}


@pytest.mark.parametrize("press", ["Control+a", "Alt+a", "Meta+a"])
async def test_keys_with_a_modifier_are_the_browsers(site: Site, press: str) -> None:
    asked = await site.ask()
    page = await ready(await (await site.visit()).ask(asked))
    await page.keyboard.press(press)
    await page.keyboard.press("x")  # this one counts, so the one before was looked at
    await expect(page.locator(f"[name=pick][value={asked.id}]")).to_be_checked()
    await expect(page.get_by_role("button", name="Approve").first).not_to_be_focused()
    assert (await site.stored(asked)).status == "OPEN"


async def test_keys_do_nothing_in_fields(site: Site) -> None:
    asked = await site.ask()
    page = await ready(await (await site.visit()).ask(asked))
    comment = page.get_by_label("Comment without deciding")
    await comment.press_sequentially("a car, jerk? /x")
    await expect(comment).to_have_value("a car, jerk? /x")
    await expect(comment).to_be_focused()
    await page.get_by_label("Sort by").focus()
    await page.keyboard.press("a")
    await expect(page.get_by_label("Sort by")).to_be_focused()
    assert (await site.stored(asked)).status == "OPEN"


async def test_keys_can_be_turned_off(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit()
    await visit.context.add_cookies([{"name": "handrail-keyboard", "value": "off", "url": site.url}])
    page = await ready(await visit.ask(asked))
    for key in "aecrx/?":
        await page.keyboard.press(key)
    await expect(page.locator("details[open], dialog[open], [name=pick]:checked, :focus")).to_have_count(0)
    assert (await site.stored(asked)).status == "OPEN"
    await page.locator("summary", has_text="Reject").click()
    await expect(page.locator("#say-reject")).to_be_focused()
    await page.keyboard.type("No.")
    await page.keyboard.press("Control+Enter")  # sending isn't a shortcut of one letter: it stays
    await site.until(asked, "RESOLVED")


async def test_the_question_mark_shows_all_keys_and_gives_the_focus_back(site: Site) -> None:
    visit = await site.visit()
    page = await ready(await visit.ask(await site.ask()))
    await page.get_by_label("Next request").or_(page.get_by_role("button", name="Comment")).last.focus()
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    await expect(dialog).to_contain_text("Request changes")
    await expect(dialog.locator("dt").first).to_be_in_viewport()
    assert await dialog.evaluate("dialog => dialog.scrollTop") == 0, "it is read from its beginning"
    await page.keyboard.press("a")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name="Comment")).to_be_focused()


async def test_g_and_a_letter_go_to_another_section(site: Site) -> None:
    visit, asked = await site.visit(), await site.ask()
    await visit.page.clock.set_fixed_time(
        datetime.now(UTC)
    )  # the second key is in time, however slow this is
    page = await ready(await visit.ask(asked))
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await page.wait_for_url("**/inbox")


async def test_a_page_can_be_walked_with_tab_and_every_stop_is_seen(site: Site) -> None:
    page = await ready(await (await site.visit()).ask(await site.ask()))
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    reached = set()
    for _ in range(60):
        await page.keyboard.press("Tab")
        name, outlines = await page.evaluate(FOCUS)
        reached.add(name.split("\n")[0].strip())
        assert set(outlines) != {"none"}, name
        if name.strip().startswith("Reject"):
            break
    assert any(name.startswith("Approve") for name in reached)


@pytest.mark.parametrize(("key", "word", "ended"), [("a", "Approve", "APPROVE"), ("r", "Reject", "REJECT")])
async def test_a_and_r_decide_what_is_selected_and_control_enter_confirms(
    site: Site, key: str, word: str, ended: str
) -> None:
    asked = [await site.ask(f"Number {number}", timeout=1000 + number) for number in range(3)]
    page = await ready(await (await site.visit()).ask(asked[0]))
    heading = page.get_by_role("heading", level=1)
    for pressed, shown in (("x", "Number 0"), ("j", "Number 1"), ("x", "Number 1")):
        await page.keyboard.press(pressed)
        await expect(heading).to_have_text(shown)
        await ready(page)
    await page.keyboard.press(key)
    await expect(heading).to_have_text(f"{word} 2 requests?")
    await expect(heading).to_be_focused()
    if key == "r":
        await page.get_by_label("Why are they rejected?").fill("Not now.")
    await page.keyboard.press("Control+Enter")
    await expect(heading).to_have_text(f"2 {'approved' if key == 'a' else 'rejected'}")
    await expect(heading).to_be_focused()
    stored = [await site.stored(request) for request in asked]
    assert [str(each.outcome.verb).upper() if each.outcome else None for each in stored] == [
        ended,
        ended,
        None,
    ]
