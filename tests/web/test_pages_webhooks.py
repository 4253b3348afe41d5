"""The pages of webhooks: added, looked at, tested, switched, removed; secrets are shown once."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from handrail.people.facts import Role
from handrail.webhooks import desk
from handrail.webhooks.facts import Delivery
from tests.support.journey_process import until
from tests.support.web_browser import site
from tests.support.web_visits import ROOT, Place, Visitor, place, text
from tests.support.webhook_receiver import receiving, verified

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")
PATH = "/settings/webhooks"
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=30)
"""when nothing of a test is left that could call anybody"""


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app that works, and its pages."""
    async with place(allow_hosts="127.0.0.1") as made:
        yield made


async def added(here: Place, url: str, **fields: str) -> tuple[Visitor, str, str]:
    """Add a webhook as an admin; returns their browser, its id and its secret."""
    root = await here.visitor("rita", Role.ADMIN)
    page = (await root.post(PATH, 200, url=url, **fields)).text
    (secret,) = SECRET.findall(page)
    listed = await root.see(PATH)
    assert "whsec_" not in listed
    return root, re.findall(rf"{PATH}/(wh_[0-9a-f]+)", listed)[-1], secret


async def seen(visitor: Visitor, hook: str, words: str) -> str:
    """Return a webhook's page once it says these words."""

    async def says() -> str:
        page = text(await visitor.see(f"{PATH}/{hook}"))
        return page if words in page else ""

    return str(await until(says, f"the page says {words!r}"))


async def test_a_webhook_is_added_tested_and_its_deliveries_are_seen(here: Place) -> None:
    async with receiving() as receiver:
        root, hook, secret = await added(
            here, receiver.url, description="to the chat", kinds="opened, resolved"
        )
        listed = text(await root.see(PATH))
        assert "to the chat" in listed
        assert "opened, resolved" in listed
        await root.post(f"{PATH}/act", 303, webhook=hook, act="test")
        await until(lambda: receiver.calls, "it is called")
        (got,) = receiver.calls
        now = here.app.clock.now().timestamp()
        assert verified(secret, got.headers, got.body, now)["type"] == "dev.handrail.webhook.tested"
        page = await seen(root, hook, "the store Taken")
        assert "webhook_tested" in page


async def test_what_was_not_taken_says_why_and_goes_out_again(here: Place) -> None:
    async with receiving(lambda got: (500, {})) as receiver:
        root, hook, _ = await added(here, receiver.url)
        await root.post(f"{PATH}/act", 303, webhook=hook, act="test")
        await seen(root, hook, "it was answered with 500")
        page = await root.see(f"{PATH}/{hook}")
        sequence = re.findall(r'name="sequence" value="(\d+)"', page)[-1]
        receiver.answer = lambda got: (200, {})
        await root.post(f"{PATH}/act", 303, webhook=hook, act="redeliver", sequence=sequence)
        await seen(root, hook, "the store Taken")


async def test_it_is_switched_off_and_on_given_a_new_secret_and_removed(here: Place) -> None:
    root, hook, secret = await added(here, "http://127.0.0.1:1/")
    await root.post(f"{PATH}/act", 303, webhook=hook, act="off")
    assert "switched off by rita" in text(await root.see(PATH))
    await root.post(f"{PATH}/act", 303, webhook=hook, act="test")
    assert "switch it on first" in text(await root.see(f"{PATH}/{hook}"))
    await root.post(f"{PATH}/act", 303, webhook=hook, act="on")
    assert "Active" in text(await root.see(PATH))
    (other,) = SECRET.findall((await root.post(f"{PATH}/act", 200, webhook=hook, act="rotate")).text)
    assert other != secret
    await root.post(f"{PATH}/act", 303, webhook=hook, act="remove")
    assert "There is no webhook yet" in text(await root.see(PATH))
    await root.see(f"{PATH}/{hook}", 404)
    await root.post(f"{PATH}/act", 404, webhook=hook, act="remove")
    await root.post(f"{PATH}/act", 404, webhook=hook, act="dance")


async def test_what_cannot_be_added_says_so_beside_its_field_and_keeps_what_was_typed(here: Place) -> None:
    root = await here.visitor("rita", Role.ADMIN)
    page = (await root.post(PATH, 422, url="http://10.0.0.1/", description="mine")).text
    assert "not a public address" in text(page)
    assert 'value="mine"' in page
    page = (await root.post(PATH, 422, url="http://127.0.0.1/", kinds="dancing")).text
    assert "never happens" in text(page)
    page = (await root.post(PATH, 422, url='http://x"><script>/', kinds="<script>")).text
    assert "<script>" not in page.replace('<script src="', "").replace("<script defer", "")


async def test_a_program_may_call_in_until_it_is_revoked(here: Place) -> None:
    root = await here.visitor("rita", Role.ADMIN)
    assert "there is none" in text(await root.see(PATH))
    await here.people.add("robot", actor=ROOT, service=True)
    await root.post(f"{PATH}/inbound", 422, person="rita", label="checks")
    page = (await root.post(f"{PATH}/inbound", 200, person="robot", label="checks")).text
    (secret,) = SECRET.findall(page)
    (inbound,) = set(re.findall(r"inbound-webhooks/(in_[0-9a-f]+)/decisions", page))
    rotated = await root.post(f"{PATH}/inbound/act", 200, inbound=inbound, act="rotate")
    assert SECRET.findall(rotated.text) != [secret]
    await root.post(f"{PATH}/inbound/act", 303, inbound=inbound, act="revoke")
    assert "Revoked" in text(await root.see(PATH))
    await root.post(f"{PATH}/inbound/act", 303, inbound=inbound, act="rotate")
    await root.post(f"{PATH}/inbound/act", 404, inbound="in_none", act="revoke")


async def test_a_webhook_that_is_called_in_vain_is_never_shown_as_well(here: Place) -> None:
    async with receiving(lambda got: (500, {})) as receiver:
        root, hook, _ = await added(here, receiver.url, description="to the chat")
        assert "Active" in text(await root.see(PATH))
        await root.post(f"{PATH}/act", 303, webhook=hook, act="test")
        page = await seen(root, hook, "Failing it was answered with 500")
        assert "to the chat. It is told everything" in page
        assert "tried again" in page
        listed = text(await root.see(PATH))
        assert "Failing it was answered with 500" in listed
        assert "Active" not in listed
        await root.post(f"{PATH}/act", 303, webhook=hook, act="off")
        assert "Failing" not in text(await root.see(PATH)), "it isn't called"


async def test_deliveries_are_shown_by_how_they_stand(here: Place) -> None:
    async with receiving() as receiver:
        root, hook, _ = await added(here, receiver.url)
        await root.post(f"{PATH}/act", 303, webhook=hook, act="test")
        await seen(root, hook, "the store Taken")
        assert "webhook_tested" in text(await root.see(f"{PATH}/{hook}?state=delivered"))
        for state in ("pending", "failed"):
            page = text(await root.see(f"{PATH}/{hook}?state={state}"))
            assert "There is none of these." in page
            assert "webhook_tested" not in page
        assert "webhook_tested" in text(await root.see(f"{PATH}/{hook}?state=dancing")), "that is none"


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("script", [True, False])
async def test_many_webhooks_with_long_names_fit_on_a_phone(browser: Any, script: bool) -> None:
    def fill(tx: Any) -> str:
        given = {"actor": ROOT, "now": NOW, "kinds": ["reminded"]}
        long = f"https://hooks.example.com/{'x' * 300}?a=%3Cscript%3E"
        first = desk.add(tx, url=long, description="<script>alert(1)</script> " * 7, **given)
        tx.add_delivery(
            Delivery(
                first.id, 1, "evt_1", "reminded", "req_1", NOW, attempts=3, due_at=LATER, error="e" * 200
            )
        )
        for number in range(20):
            other = desk.add(tx, url=f"https://hooks.example.com/{number}", **given)
            desk.stop(tx, webhook=other, because=f"switched off by {'alice-' * 12}", actor=ROOT, now=NOW)
        return first.id

    async with site(browser) as served:
        hook = await served.app.store.do(fill)
        options = {"viewport": {"width": 375, "height": 740}, "java_script_enabled": script}
        visit = await served.visit("keeper", Role.ADMIN, **options)
        for path in (PATH, f"{PATH}/{hook}"):
            page = await visit.open(path)
            await expect(page.get_by_text("Failing", exact=True)).to_be_visible()
            if script:
                assert await page.evaluate("document.documentElement.scrollWidth") <= 375, path
        await page.get_by_text("Remove…").click()
        await page.get_by_role("button", name="Remove the webhook").click()
        await expect(page.locator(".note.is-done")).to_contain_text("The webhook was removed.")
        assert hook not in {each.webhook.id for each in await served.app.webhooks.listed()}
