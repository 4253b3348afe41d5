"""What others send is shown as text: nothing of it runs, and the page stays as usable as ever."""

import pytest
from playwright.async_api import Page, expect

from handrail.people.facts import Role
from handrail.requests.decision import Verb
from tests.support.web_browser import ALL, Site, as_web

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]
SCRIPT = "<script>alert(1); document.title = 'taken'</script><img src=x onerror=\"document.title='taken'; alert(2)\">"
HOSTILE = {
    "script": SCRIPT,
    "attributes": '" onmouseover="alert(1)" autofocus onfocus="alert(2)" x=\'',
    "html": "</title></textarea></main></div><style>*{display:none!important}</style><base href='https://evil.example/'>"
    "<form action='https://evil.example/'><iframe src='javascript:alert(1)'></iframe>",
    "markdown": "[click](javascript:alert(1)) ![x](https://evil.example/pixel.png) <svg onload=alert(1)>\n\n"
    "[ref]: javascript:alert(1)\n[ref]\n\n" + "> " * 400 + "deep",
    "turned": "safe \u202etxt.exe\u202c \u2066x\u2069 \u0007\u001b[31m \ufeff zero\u200bwidth",
    "template": "{{ 7 * 7 }} {% raw %} ${7*7} %s %(x)s",
    "long": "x" * 1_000_000,
    "lines": "line\n" * 100_000,
}


async def usable(page: Page) -> None:
    """Fail unless the page is whole, and its verbs can be reached and clicked."""
    assert (await page.title()).endswith(" · Handrail")
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    verbs = page.locator("[data-verbs]")
    for verb in ("Reject", "Request changes"):
        await verbs.locator("summary", has_text=verb).click()
        await expect(verbs.locator("details[open] textarea")).to_be_visible()
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert (
        await page.evaluate("document.querySelectorAll('main script, iframe, base, object, embed').length")
        == 0
    )


@pytest.mark.parametrize("kind", HOSTILE)
async def test_hostile_content_in_every_field_leaves_the_page_usable(site: Site, kind: str) -> None:
    text = HOSTILE[kind]
    short, piece = text[:2000], text[:300]
    await site.person("bob")
    asked = await site.ask(
        piece.replace("\n", " "),
        {"content": text, piece: {"deep": [short, {piece: short}]}, "rows": [{piece: piece, "b": 1}]},
        ALL,
        context={"why": short, "unsure": [{"text": piece, "reason": piece}], piece: short},
        guideline=short,
        effect=short,
    )
    await site.app.inbox.comment(asked.id, short, actor=as_web("bob"))
    visit = await site.visit("alice", Role.REVIEWER)
    page = await visit.ask(asked)
    await usable(page)
    await visit.open(f"/requests/{asked.id}?edit=1")
    await page.get_by_role("link", name="Discard changes").click()
    await visit.open(f"/requests/{asked.id}?whole=1")
    await usable(page)
    await visit.open("/inbox")
    await page.locator("[data-verbs] summary", has_text="Reject").click()
    await page.locator("#say-reject").fill(short)
    await page.locator("details[open]").get_by_role("button", name="Reject").click()
    await expect(page.locator("[data-notice]")).to_contain_text("Rejected.")
    decided = await site.stored(asked)
    assert decided.decisions[0].comment == short.strip()
    after = await visit.ask(decided)
    assert (
        await after.evaluate("document.querySelectorAll('main script, iframe, base, object, embed').length")
        == 0
    )


@pytest.mark.parametrize("kind", ["script", "html", "turned", "lines"])
async def test_a_hostile_schema_makes_a_form_that_works(site: Site, kind: str) -> None:
    piece = HOSTILE[kind][:200]
    schema = {
        "type": "object",
        "title": piece,
        "required": [piece],
        "properties": {
            piece: {"type": "string", "title": piece, "description": piece},
            "b": {"enum": [piece, "x"], "title": "B"},
        },
    }
    asked = await site.ask(piece.replace("\n", " "), verbs=[Verb.ANSWER], response_schema=schema)
    page = await (await site.visit()).ask(asked)
    await page.locator("#answer input.input, #answer textarea").first.fill(piece.replace("\n", " "))
    await page.get_by_role("button", name="Send my answer").click()
    await site.until(asked, "RESOLVED")
    await expect(page).to_have_title("Mine · Handrail")


async def test_a_megabyte_that_somebody_types_is_told_what_to_do_about(site: Site) -> None:
    asked = await site.ask()
    page = await (await site.visit()).ask(asked)
    await page.evaluate("document.querySelector('#comment').removeAttribute('maxlength')")
    await page.locator("#comment").evaluate("field => { field.value = 'x'.repeat(1_500_000); }")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.get_by_role("alert").or_(page.get_by_role("heading", level=1)).first).to_be_visible()
    assert (await site.stored(asked)).status == "OPEN"
    assert await site.kinds(asked) == ["opened"]


async def test_a_search_for_markup_finds_nothing_and_runs_nothing(site: Site) -> None:
    visit = await site.visit()
    page = await visit.open("/inbox")
    await page.get_by_label("Search requests").fill(SCRIPT)
    await page.get_by_label("Search requests").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("No request matches “<script>")
