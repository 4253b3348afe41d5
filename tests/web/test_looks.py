"""Every page on every size, light and dark: readable, reachable, without a serious finding of axe."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from handrail.inbox.listing import page_of
from handrail.inbox.ports import MessageFilter
from handrail.people.facts import Role
from handrail.requests.decision import Verb
from handrail.requests.policy import AtLeast, escalation
from handrail.requests.request import HumanRequest
from handrail.webhooks.facts import Delivery, Webhook
from tests.support.web_browser import ALL, ROOT, Site, as_web

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
WIDER = """[...document.querySelectorAll("html, .main, .scroll, .list, .nav")]
    .filter(each => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1).map(each => each.className)"""
"""the zones that scroll sideways; code and wide tables scroll in boxes of their own"""
PARTED = """marks => marks.filter(mark => {
    const line = box => box.top + box.height / 2, box = mark.getBoundingClientRect();
    const [before, after] = [document.createRange(), document.createRange()];
    before.setStart(mark.previousSibling.firstChild, mark.previousSibling.firstChild.length - 1);
    before.setEnd(mark.previousSibling.firstChild, mark.previousSibling.firstChild.length);
    after.setStart(mark.nextSibling, 0);
    after.setEnd(mark.nextSibling, 1);
    const beside = mark.nextSibling.data.startsWith(",") ? [before, after] : [before];
    return beside.some(each => Math.abs(line(each.getBoundingClientRect()) - line(box)) > box.height);
}).map(mark => mark.textContent)"""
"""the numbers of doubts on another line than the word before them, or than the comma after them"""
SECTIONS = (
    "/runs",
    "/audit",
    "/settings",
    "/settings/me",
    "/settings/people",
    "/settings/people/dora",
    "/settings/groups",
    "/settings/keys",
    "/settings/webhooks",
    "/settings/webhooks/wh_looks",
    "/settings/notifications",
    "/keyboard",
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
    await made.person("dora")
    for address in ("T012:U345", f"{'a.long.name.' * 5}at@example.com"):
        await made.app.people.add_identity("dora", "slack", address, actor=ROOT)
    told = await made.ask(
        "Told through channels?", channels=("slack:#deploys", f"email:{'x' * 60}@example.com", "pager")
    )
    await made.app.store.do(fail_to_tell, request_id=told.id)
    await made.app.store.do(hook_up, now=made.app.clock.now())
    await made.app.people.add("robot", actor=ROOT, service=True)
    for label in ("checks", "label " * 30):
        await made.app.webhooks.add_inbound("robot", label, actor=ROOT)
    wishes = {"channels": {"asked": ["slack", "email"], "reminded": ["email"]}, "digest": {"every": "daily"}}
    await made.app.people.set_notifications(None, wishes, actor=ROOT)
    return {
        "told": told,
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


def fail_to_tell(tx: Any, *, request_id: str) -> None:
    """Let a message about a request be given up, and another one be tried later."""
    slack, email, _ = tx.find_messages(MessageFilter(request_id=request_id), None, 3)
    tx.update_message(replace(slack, state="failed", attempts=60, error=f"refused: {'no such place ' * 12}"))
    tx.update_message(replace(email, attempts=9, due_at=email.due_at + timedelta(hours=1), error="x" * 120))


def hook_up(tx: Any, *, now: datetime) -> None:
    """Add a webhook that hears of nothing at present, with deliveries of each kind."""
    url = f"https://hooks.example.com/{'a-long-path/' * 12}"
    hook = Webhook(
        "wh_looks", url, "to the chat " * 10, now, "root", 10**9, active=False, stopped_because="gone"
    )
    tx.insert_webhook(hook)
    for number, (state, error) in enumerate((("delivered", None), ("failed", "it was answered with 500"))):
        subject = f"req_{number:024}"
        made = Delivery(hook.id, number + 1, "evt_1", "decided", subject, now, state, 3, now, done_at=now)
        tx.add_delivery(replace(made, error=error))
    for number in (8, 9):
        tx.add_delivery(Delivery(hook.id, number, "evt_1", "task_feedback_given", "run_1", now, due_at=now))


def pages(asked: dict[str, HumanRequest]) -> list[str]:
    """Return an address of every page."""
    found = [*HERE, *SECTIONS, "/requests/none"]
    for request in asked.values():
        found.append(f"/requests/{request.id}")
    found += [f"/requests/{asked[name].id}?edit=1" for name in ("text", "fields")]
    found += [f"/requests/{asked['text'].id}?ask={move}" for move in ("reassign", "withdraw")]
    return found


def damage(tx: Any, *, request_id: str) -> None:
    """Spoil a request as it is stored."""
    tx.connection.execute("UPDATE request SET draft = '{}' WHERE id = ?", (request_id,))


async def serious(page: Page) -> list[str]:
    """Return what axe finds that is serious or critical, once colours have changed that were about to."""
    await page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")
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
    await page.locator("[name=pick]").first.check()
    assert await serious(page) == []
    await page.get_by_role("button", name="Reject…").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Reject 1 request?")
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


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_axe_finds_nothing_serious_in_the_list_of_keys(site: Site, look: str) -> None:
    visit = await site.visit(color_scheme=look)
    page = await visit.ask(await site.ask())
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    assert await serious(page) == []
    await visit.open("/keyboard")
    assert await serious(page) == []


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_axe_finds_nothing_serious_where_somebody_was_faster(site: Site, look: str) -> None:
    asked = await site.ask()
    page = await (await site.visit(color_scheme=look)).ask(asked)
    for what in ("**/state", "**/inbox*part=list*"):  # else the page hears of it, and stops the verbs
        await page.route(what, lambda route: route.abort())
    await site.app.inbox.decide(asked.id, "approve", actor=as_web("bob"))
    await page.locator("summary", has_text="Request changes").click()
    await page.locator("#say-request_changes").fill("Half a page of good advice.")
    async with page.expect_response("**/decide*") as answered:
        await page.locator("details[open]").get_by_role("button", name="Request changes").click()
    assert (await answered.value).status == 409
    await expect(page.locator("#problem")).to_be_visible()
    assert await serious(page) == []


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_axe_finds_nothing_serious_where_the_server_is_at_fault(
    site: Site, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await site.ask()
    visit = await site.visit(color_scheme=look)
    await site.app.store.do(damage, request_id=asked.id)
    page = await visit.open(f"/requests/{asked.id}", 503)
    assert await serious(page) == []
    read = site.app.store.read

    async def unforeseen(unit: Any, *given: Any, **named: Any) -> Any:
        return await read(unit, *given, **named) if unit is not page_of else 1 / 0

    monkeypatch.setattr(site.app.store, "read", unforeseen)
    await visit.open("/inbox", 500)
    await expect(page.get_by_role("heading", name="Our fault")).to_be_visible()
    assert await serious(page) == []
    visit.seen.failures.clear()  # these were meant


@pytest.mark.parametrize(
    ("width", "text"), [(320, 100), (375, 100), (768, 100), (1024, 100), (640, 200), (1280, 200)]
)
async def test_no_page_scrolls_sideways(site: Site, width: int, text: int) -> None:
    asked = await furnished(site)
    visit = await site.visit("keeper", Role.ADMIN, viewport={"width": width, "height": 740})
    for address in [*pages(asked), "/login"]:
        await visit.page.goto(site.url + address)
        await visit.page.evaluate("size => { document.documentElement.style.fontSize = size; }", f"{text}%")
        assert await visit.page.evaluate(WIDER) == [], address


@pytest.mark.parametrize("width", [375, 1024])
async def test_where_the_list_stands_alone_no_row_looks_open(site: Site, width: int) -> None:
    await furnished(site)
    visit = await site.visit("alice", viewport={"width": width, "height": 740})
    page = await visit.open("/inbox")
    await expect(page.locator("#main")).to_be_hidden()
    backs = "rows => new Set(rows.map(row => getComputedStyle(row).backgroundColor)).size"
    assert await page.locator(".item").evaluate_all(backs) == 1


async def test_the_mark_of_a_doubt_never_parts_from_what_stands_beside_it(site: Site) -> None:
    text = "We cannot add a second seat after the downgrade of our plan, it fails with an error every time."
    context = {"unsure": [{"text": word, "reason": "speaks for billing"} for word in ("seat", "plan")]}
    asked = await site.ask("Which topic?", {"content": text}, context=context)
    page = await (await site.visit()).ask(asked)
    for width in range(320, 760, 4):
        await page.set_viewport_size({"width": width, "height": 740})
        assert await page.locator(".content .doubt-n").evaluate_all(PARTED) == [], width


async def test_a_verb_without_a_neighbour_fills_its_row_on_a_phone(site: Site) -> None:
    for verbs in ([Verb.APPROVE, Verb.REJECT], ALL[1:], ALL):
        asked = await site.ask(verbs=verbs)
        visit = await site.visit("alice", viewport={"width": 375, "height": 740})
        page = await visit.ask(asked)
        boxes = [
            await each.bounding_box() for each in await page.locator("[data-verbs] > :not(.effect)").all()
        ]
        rows = [
            sum(box["width"] for box in boxes if box and box["y"] == y) for y in {b["y"] for b in boxes if b}
        ]
        assert min(rows) > 300


async def test_on_paper_there_is_what_is_judged_in_full_and_nothing_to_press(site: Site) -> None:
    asked = await furnished(site)
    visit = await site.visit("alice", color_scheme="dark", viewport={"width": 700, "height": 740})
    page = await visit.ask(asked["text"])
    await page.emulate_media(media="print")
    for gone in (".nav", ".list", ".bar", "[data-verbs]"):
        await expect(page.locator(gone).first).to_be_hidden()
    cut = "all => all.filter(each => each.scrollHeight > each.clientHeight + 1).map(each => each.className)"
    assert (
        await page.locator("html, body, .app, #main, .scroll").evaluate_all(
            cut + ".filter(name => name.length > 0)"
        )
        == []
    )
    assert await page.evaluate("getComputedStyle(document.body).colorScheme") == "light"


async def test_without_colours_or_motion_what_is_chosen_can_still_be_told(site: Site) -> None:
    asked = await furnished(site)
    visit = await site.visit("alice", forced_colors="active", reduced_motion="reduce")
    page = await visit.ask(asked["text"])
    outlined = "each => getComputedStyle(each).outlineStyle"
    assert await page.locator(".nav [aria-current]").first.evaluate(outlined) == "solid"
    assert await page.locator(".seg :checked + label").evaluate(outlined) == "solid"
    moving = "all => all.filter(each => getComputedStyle(each).transitionDuration !== '0s').length"
    assert await page.locator("*").evaluate_all(moving) == 0


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


async def test_a_long_list_leaves_its_head_whole(site: Site) -> None:
    for number in range(30):
        await site.ask(f"Request {number}")
    alice = await site.visit("alice")
    page = await alice.open("/inbox")
    heights = await page.locator(".list-head").evaluate("head => [head.scrollHeight, head.clientHeight]")
    assert heights[0] <= heights[1], "its title or its search would be cut off"


async def test_an_answer_of_one_field_is_named_once_for_the_eye_and_still_for_the_ear(site: Site) -> None:
    choice = await site.ask(verbs=[Verb.ANSWER], response_schema={"enum": ["dry", "warm"]})
    titled = await site.ask(verbs=[Verb.ANSWER], response_schema={"type": "string", "title": "Tone"})
    alice = await site.visit("alice")
    page = await alice.ask(choice)
    group = page.get_by_role("group", name="Your answer")
    await expect(group).to_be_visible()
    legend = await group.locator("legend").bounding_box()
    assert legend is not None
    assert legend["height"] <= 1
    page = await alice.ask(titled)
    label = await page.get_by_text("Tone", exact=True).bounding_box()
    assert label is not None
    assert label["height"] > 10


@pytest.mark.parametrize("width", [375, 1280, 1920])
async def test_the_verbs_for_many_stand_side_by_side(site: Site, width: int) -> None:
    for number in range(2):
        await site.ask(f"Request {number}")
    visit = await site.visit(viewport={"width": width, "height": 800})
    page = await visit.open("/inbox" if width > 1000 else "/inbox?view=open")
    await page.locator("[name=pick]").first.check(force=True)
    boxes = [await button.bounding_box() for button in await page.locator(".batch .btn").all()]
    tops, widths = [{round(box[side]) for box in boxes if box} for side in ("y", "width")]
    assert (len(boxes), len(tops)) == (2, 1)
    assert max(widths) - min(widths) < 30
