"""A search that ends before everything was looked at says so, and goes on where it has ended."""

import html
import re
from collections.abc import AsyncIterator

import pytest

from handrail.inbox import listing
from handrail.inbox.inbox import Inbox
from handrail.inbox.listing import Source
from handrail.people.facts import Role
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.stores import search_rows
from tests.support.web_visits import Place, place, text


@pytest.fixture
async def here(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """An app whose pages look for a text in a few requests each."""
    monkeypatch.setattr(Source.__init__, "__defaults__", (None, listing.LOOKED_AT, 4))
    monkeypatch.setattr(search_rows, "FIRST", 2)
    monkeypatch.setattr(search_rows, "LARGEST", 2)
    async with place() as made:
        yield made


async def asked(here: Place, title: str, hours: int) -> HumanRequest:
    draft = RequestDraft("approval", title, {"content": "one"}, policy=policy(timeout=3600 * hours))
    return await Inbox(here.app.store, here.clock).open(draft, initiator="alice")


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADMIN])
async def test_a_search_goes_on_until_everything_was_looked_at(here: Place, role: Role) -> None:
    for number in range(1, 30):
        await asked(here, f"Common {number}", number)
    rare = await asked(here, "Rare", 40)
    bob = await here.visitor("bob", role)
    page, pages = await bob.see("/inbox?view=open&q=rare"), 1
    while rare.id not in page:
        assert "No request matches “rare” so far" in text(page)
        on = re.search(r'href="([^"]+)">Search on<', page)
        assert on, text(page)
        page, pages = await bob.see(html.unescape(on[1])), pages + 1
    assert pages > 3
    assert "Search on" not in page
    assert "so far" not in text(page)


async def test_a_request_that_was_found_has_its_place_in_the_list(here: Place) -> None:
    found = [await asked(here, f"Rare {number}", number) for number in range(1, 4)]
    for number in range(5, 30):
        await asked(here, f"Common {number}", number)
    bob = await here.visitor("bob")
    page = await bob.see(f"/requests/{found[1].id}?view=open&q=rare")
    assert "2 of 3+" in text(page), "the rest of the list may hold more"
    assert f"/requests/{found[0].id}?" in page
    assert f"/requests/{found[2].id}?" in page
