"""Coming in and going out: by password, by link, not at all; with script and without."""

import pytest
from playwright.async_api import Browser, Page, expect

from handrail.people import throttle
from handrail.people.facts import Kind
from handrail.testing.clock import TurnableClock
from tests.support.people_desk import quick_passwords
from tests.support.web_browser import ROOT, Site, site

__all__ = ["quick_passwords"]
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.slow,
    pytest.mark.usefixtures("quick_passwords"),
    pytest.mark.parametrize("script", [True, False], ids=["script", "no script"]),
]
PASSWORD = "correct horse battery staple"


async def sign_in(page: Page, password: str) -> None:
    """Fill in the form of the door, and return once another page has come."""
    await page.get_by_label("Name or email").fill("alice")
    await page.get_by_label("Password").fill(password)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Sign in").click()


async def test_a_stranger_signs_in_and_is_where_they_wanted_to_be(site: Site, script: bool) -> None:
    await site.app.people.add("alice", actor=ROOT, password=PASSWORD)
    asked = await site.ask("Behind the door")
    page = await (await site.visit(None, java_script_enabled=script)).ask(asked, show="document")
    await expect(page.get_by_role("heading", name="Sign in to decide")).to_be_visible()
    assert "Behind the door" not in await page.content()
    await sign_in(page, "wrong")
    await expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    await expect(page.get_by_label("Name or email")).to_have_value("alice")
    await sign_in(page, PASSWORD)
    await page.wait_for_url(f"**/requests/{asked.id}?show=document")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Behind the door")


async def test_a_link_signs_in_once_and_only_when_its_button_is_pressed(site: Site, script: bool) -> None:
    await site.person("alice")
    token = await site.app.people.make_link(Kind.LOGIN, "alice", actor=ROOT)
    looking = await site.visit(None, java_script_enabled=script)
    await looking.open(f"/login/link/{token}")
    visit = await site.visit(None, java_script_enabled=script)
    page = await visit.open(f"/login/link/{token}")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/inbox")
    await looking.page.get_by_role("button", name="Sign in").click()
    await expect(looking.page.get_by_role("heading", level=1)).to_contain_text("This link")
    await expect(looking.page.get_by_role("link", name="Sign in with a password")).to_be_visible()


async def test_after_many_wrong_passwords_one_has_to_wait(browser: Browser, script: bool) -> None:
    clock = TurnableClock()
    async with site(browser, clock=clock) as served:
        await served.app.people.add("alice", actor=ROOT, password=PASSWORD)
        page = await (await served.visit(None, java_script_enabled=script)).open("/login")
        alert = page.get_by_role("alert")
        for _ in range(throttle.FREE_BY_NAME):
            await sign_in(page, "wrong")
            await expect(alert).to_contain_text("The name or the password is wrong")
        for password in ("wrong", PASSWORD):
            await sign_in(page, password)
            await expect(alert).to_contain_text("Too many attempts. Try again in")
            await expect(alert).to_contain_text("your password was not looked at")
        clock.turn(throttle.FIRST_WAIT)
        await sign_in(page, PASSWORD)
        await expect(page).to_have_url(f"{served.url}/inbox")


async def test_whoever_leaves_is_out(site: Site, script: bool) -> None:
    asked = await site.ask()
    visit = await site.visit("alice", java_script_enabled=script)
    page = await visit.ask(asked)
    await visit.open("/settings/me")
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await expect(page.get_by_role("heading", name="Sign in to decide")).to_be_visible()
    await visit.open(f"/requests/{asked.id}")
    await expect(page.get_by_role("heading", name="Sign in to decide")).to_be_visible()
