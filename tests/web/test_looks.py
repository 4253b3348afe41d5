"""Every page on every size, light and dark: readable, reachable, without a serious finding of axe."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from handrail.people.facts import Role
from handrail.requests.decision import Verb
from handrail.requests.policy import AtLeast, escalation
from handrail.requests.request import HumanRequest
from tests.support.web_browser import ALL, Site, as_web

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]
POST = """# Exports run every hour

The wait fell from a day to an hour. See [the notes](https://example.com/notes).

| plan | price |
|---|---|
| small | 10 |

```python
export(every=timedelta(hours=1), to="s3://bucket/with/a/very/long/name/that/goes/on/and/on/and/on.parquet")
```
"""
SCHEMA = {
    "type": "object",
    "required": ["verdict", "amount"],
    "properties": {
        "verdict": {"enum": ["pay", "pay part", "refuse"], "title": "Verdict"},
        "amount": {"type": "number", "minimum": 0, "description": "After the deductible."},
        "paid": {"type": "boolean"},
        "on": {"type": "string", "format": "date-time"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"what": {"type": "string"}}}},
        "who": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "mail": {"type": "string", "format": "email"}},
        },
    },
}
SECTIONS = (
    "/runs",
    "/audit",
    "/settings",
    "/settings/me",
    "/settings/people",
    "/settings/groups",
    "/settings/keys",
)
HERE = [
    "/inbox",
    "/inbox?view=all",
    "/inbox?q=nothing+like+it",
    "/inbox?view=decided",
    "/inbox?view=nonsense",
]


async def furnished(made: Site) -> dict[str, HumanRequest]:
    """Ask one of each kind."""
    first = await made.ask(
        "Publish the post?", {"content": POST}, timeout=7200, guideline="- Every number has a **source**."
    )
    await made.app.inbox.decide(first.id, "request_changes", comment="Shorter.", actor=as_web("bob"))
    context = {
        "confidence": 0.41,
        "threshold": 0.7,
        "unsure": [{"text": "an hour", "reason": "no source"}],
        "order": {"n": 1},
    }
    changed = POST.replace("a day", "two days")
    return {
        "ended": first,
        "text": await made.ask(
            "Publish the post?", {"content": changed}, timeout=3000, previous=first.id, context=context
        ),
        "form": await made.ask(
            "Assess the claim", {"letter": "It broke."}, [Verb.ANSWER], response_schema=SCHEMA
        ),
        "vote": await made.ask(
            "Refund?",
            verbs=[Verb.APPROVE, Verb.REJECT],
            audience=["alice", "bob", "carol"],
            quorum=AtLeast(2),
            blind=True,
        ),
        "late": await made.ask(
            "A title that is so long that it has to be cut somewhere " * 3,
            timeout=0.001,
            on_timeout="escalate",
            escalations=[escalation(after=99_999, to="bob")],
            priority=10,
        ),
        "fields": await made.ask("Rows", {"name": "x", "rows": [{"a": 1, "b": "c" * 300}], "on": True}, ALL),
    }


def pages(asked: dict[str, HumanRequest]) -> list[str]:
    """Return an address of every page."""
    found = [*HERE, *SECTIONS, "/requests/none"]
    for request in asked.values():
        found.append(f"/requests/{request.id}")
    found += [f"/requests/{asked[name].id}?edit=1" for name in ("text", "fields")]
    found += [f"/requests/{asked['text'].id}?ask={move}" for move in ("reassign", "withdraw")]
    return found


async def serious(page: Page) -> list[str]:
    """Return what axe finds that is serious or critical."""
    found = await Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_axe_finds_nothing_serious_on_any_page(site: Site, look: str) -> None:
    asked = await furnished(site)
    visit = await site.visit("keeper", Role.ADMIN, color_scheme=look)
    for address in pages(asked):
        await visit.page.goto(site.url + address)
        assert await serious(visit.page) == [], address


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_axe_finds_nothing_serious_where_something_is_open(site: Site, look: str) -> None:
    asked = await furnished(site)
    visit = await site.visit("alice", color_scheme=look)
    page = await visit.ask(asked["text"])
    await page.locator("summary", has_text="Reject").click()
    assert await serious(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_label("More moves").click()
    assert await serious(page) == []
    await visit.ask(asked["text"], show="split")
    await page.get_by_text("Side by side", exact=True).click()
    assert await serious(page) == []
    await visit.ask(asked["form"])
    await page.evaluate("document.querySelector('#answer').noValidate = true")
    await page.get_by_label("Amount").fill("-4")
    await page.get_by_role("button", name="Send my answer").click()
    await expect(page.locator("#problem")).to_be_visible()
    assert await serious(page) == []
    await visit.open("/inbox")
    await page.locator("[name=pick]").first.check(force=True)
    assert await serious(page) == []
    await page.get_by_role("button", name="Reject…").click()
    assert await serious(page) == []
    stranger = await site.visit(None, color_scheme=look)
    await stranger.open("/login?next=/runs")
    assert await serious(stranger.page) == []
    await stranger.page.get_by_label("Name or email").fill("nobody")
    await stranger.page.get_by_label("Password").fill("wrong")
    await stranger.page.get_by_role("button", name="Sign in").click()
    await expect(stranger.page.get_by_role("alert")).to_be_visible()
    assert await serious(stranger.page) == []
    await stranger.open("/login/link/none", 403)
    assert await serious(stranger.page) == []


@pytest.mark.parametrize("width", [375, 768, 1024])
async def test_no_page_scrolls_sideways(site: Site, width: int) -> None:
    asked = await furnished(site)
    visit = await site.visit("keeper", Role.ADMIN, viewport={"width": width, "height": 740})
    for address in [*pages(asked), "/login"]:
        await visit.page.goto(site.url + address)
        measured = await visit.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert measured[0] <= width, address


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_on_a_phone_one_goes_from_the_list_to_a_request_and_back(site: Site, script: bool) -> None:
    asked = await furnished(site)
    visit = await site.visit(
        "alice",
        viewport={"width": 375, "height": 740},
        has_touch=True,
        is_mobile=True,
        java_script_enabled=script,
    )
    page = await visit.open("/inbox")
    await expect(page.locator(".item > a").first).to_be_visible()
    await expect(page.locator("[data-verbs]")).to_be_hidden()
    await page.locator(".item > a", has_text="Publish the post?").tap()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator(".item > a").first).to_be_hidden()
    for verb in ("Approve", "Edit", "Request changes", "Reject"):
        button = page.locator("[data-verbs]").locator("a, summary, button", has_text=verb).first
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= 40
        assert 0 <= box["x"] <= 375 - box["width"]
        assert box["y"] + box["height"] <= 740
    await page.locator("summary", has_text="Reject").tap()
    await expect(page.locator("#say-reject")).to_be_in_viewport()
    await page.locator("#say-reject").fill("No.")
    await page.locator("details[open]").get_by_role("button", name="Reject").tap()
    await site.until(asked["text"], "RESOLVED")
    await page.get_by_role("link", name="Inbox", exact=True).first.tap()
    await expect(page.locator(".item > a").first).to_be_visible()


async def test_the_theme_follows_the_system_and_can_be_changed(site: Site) -> None:
    asked = await site.ask()
    visit = await site.visit(color_scheme="dark")
    page = await visit.ask(asked)
    paper = "getComputedStyle(document.querySelector('#main')).backgroundColor"
    dark = await page.evaluate(paper)
    await page.get_by_role("button", name="Switch between light and dark").click()
    light = await page.evaluate(paper)
    assert light != dark
    await page.reload()
    assert await page.evaluate(paper) == light
    system = await site.visit("bob", color_scheme="light")
    assert await (await system.ask(asked)).evaluate(paper) == light
