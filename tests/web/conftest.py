"""Fixtures of the web's tests: a server in this process and people who reach it with keys; a browser and an inbox."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.support.web_browser import ARGUMENTS, PATIENCE, Site, closed, site
from tests.support.web_desk import Desk, desk_on

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; `make browser` installs it, or name yours in CHROMIUM")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        await closed(started)


@pytest_asyncio.fixture(loop_scope="session", name="site")
async def served(browser: Browser) -> AsyncIterator[Site]:
    """An inbox that is served."""
    async with site(browser) as made:
        yield made


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A server on a store in memory, with alice, bob, carol (a viewer) and root (an admin)."""
    async with desk_on("memory://") as desk:
        yield desk
