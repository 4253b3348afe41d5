"""An admin looks after channels in a browser: has a message tried again, and says whose an address is."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import expect

from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.ports import MessageFilter
from handrail.people.facts import Role
from tests.support.web_browser import PATIENCE, Site, site

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


class Post(Channel):
    """A channel that delivers."""

    async def deliver(self, delivery: Delivery) -> str:
        return delivery.message.id


def give_up(tx: Any, *, request_id: str) -> None:
    """Let the message about a request be one that was given up."""
    (message,) = tx.find_messages(MessageFilter(request_id=request_id), None, 1)
    tx.update_message(replace(message, state="failed", attempts=60, error="channel_not_found"))


async def test_a_message_that_was_given_up_is_tried_again_with_a_button(site: Site) -> None:
    asked = await site.ask(channels=("post:#deploys",))
    await site.app.store.do(give_up, request_id=asked.id)
    visit = await site.visit("keeper", Role.ADMIN)
    page = await visit.ask(asked)
    told = page.get_by_role("region", name="Told through channels")
    await expect(told).to_contain_text("Given up after 60 tries")
    await expect(told).to_contain_text("channel_not_found")
    await told.get_by_role("button", name="Try again post #deploys").click()
    await expect(page.locator("[data-notice]")).to_contain_text("The message is tried now.")
    await expect(told).to_contain_text("Waits after 1 try")
    await expect(told.get_by_role("button")).to_have_count(0)


async def test_what_the_channel_of_the_server_has_delivered_is_told(browser: Any) -> None:
    async with site(browser, channels={"post": Post()}) as served:
        asked = await served.ask(channels=("post:#deploys",))
        visit = await served.visit("keeper", Role.ADMIN)
        page = await visit.ask(asked)
        told = page.get_by_role("region", name="Told through channels")
        async with asyncio.timeout(PATIENCE / 1000):
            while "The request · Sent" not in await told.inner_text():
                await page.reload()
        await expect(told).to_contain_text("post #deploys")


async def test_an_admin_adds_an_address_of_somebody_and_takes_it_away(site: Site) -> None:
    await site.person("alice")
    visit = await site.visit("keeper", Role.ADMIN)
    page = await visit.open("/settings/people/alice")
    part = page.get_by_role("region", name="On channels")
    await part.get_by_label("Channel").fill("slack")
    await part.get_by_label("Address there").fill("T012:U345")
    await part.get_by_role("button", name="Add the address").click()
    await expect(part.get_by_role("row", name="T012:U345")).to_be_visible()
    mine = await (await site.visit("alice")).open("/settings/me")
    await expect(mine.get_by_role("region", name="On channels")).to_contain_text("T012:U345")
    await part.get_by_role("button", name="Take away T012:U345 on slack").click()
    await expect(part.get_by_role("table")).to_have_count(0)
