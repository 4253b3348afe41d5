"""A server that is killed and comes back: the page says so, refuses to decide meanwhile, and recovers by itself."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from handrail import App
from tests.support.web_app import app as flows
from tests.support.web_browser import PATIENCE
from tests.support.web_process import Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.journey]


@pytest_asyncio.fixture(loop_scope="session", name="server")
async def process(tmp_path: Path) -> AsyncIterator[Served]:
    """A server that runs."""
    made = Served(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def start(server: Served, topic: str) -> None:
    """Start a run from another process than the server's: this one."""
    app = App(store=server.store)
    app.flow("publish", flows.flows["publish"])
    async with app.connect():
        await app.start("publish", {"topic": topic})


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_page_outlives_its_server(server: Served, browser: Browser, how: signal.Signals) -> None:
    await start(server, "rivers")
    async with await browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        await page.goto(await server.link())
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator("[data-approve]")).to_be_visible()
        await page.locator("[data-live-state]:not([hidden])").wait_for(state="attached")
        await page.get_by_label("Comment without deciding").fill("Half a thought")
        said = await server.stop(how)
        assert "Traceback" not in said
        await expect(page.locator("#offline")).to_contain_text("Not connected.")
        await expect(page.locator("[data-approve]")).to_have_attribute("aria-disabled", "true")
        await server.start()
        await expect(page.locator("#offline")).to_have_count(0, timeout=30_000)
        await expect(page.locator("[data-approve]")).not_to_have_attribute("aria-disabled", "true")
        await expect(page.get_by_label("Comment without deciding")).to_have_value("Half a thought")
        await start(server, "lakes")  # it is live again, also for what other processes do
        await expect(page.get_by_role("button", name="1 new")).to_be_visible()
        await page.locator("[data-approve]").click()
        await expect(page.locator("[data-notice]")).to_contain_text("Approved.")


async def test_what_strangers_ask_for_is_no_crash_in_the_log(server: Served, browser: Browser) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        for path in ("/inbox", "/requests/none", "/nothing", "/login/link/none"):
            await page.goto(server.url + path)
        await page.goto(await server.link())
        await page.get_by_role("button", name="Sign in").click()
        for path in ("/requests/none", "/nothing"):
            answer = await page.goto(server.url + path)
            assert answer is not None
            assert answer.status == 404
    said = await server.stop(signal.SIGTERM)
    assert "Traceback" not in said
    assert "rror" not in said.replace("/login", "")


async def test_a_server_tells_its_store_where_it_is(server: Served) -> None:
    app = App(store=server.store)
    async with app.connect():
        assert app.store.web_url == server.url
