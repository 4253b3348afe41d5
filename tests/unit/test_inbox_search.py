"""A search gives what a look at every request gives, page by page, however little of it one page may look at."""

import random
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest

from handrail.inbox import listing
from handrail.inbox.filing import TITLE, place_of
from handrail.inbox.listing import ORDERS, Listing, Source
from handrail.inbox.ports import Order
from handrail.inbox.viewer import Viewer
from handrail.requests.facts import changed
from handrail.requests.policy import Audience, Policy
from handrail.requests.request import HumanRequest, RequestDraft, Status
from handrail.stores import list_rows, search_rows
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import START
from handrail.testing.store_samples import request

SEEN = 200
"""rows in which one page looks for a text"""
WORDS = [
    "Grüße",
    "ÜBER",
    "100%",
    "a_b",
    "it's",
    '"so"',
    "Заявка",
    "заявка",
    "[x]",
    "back\\slash",
    "refund",
    "REFUND",
]
TEXTS = [
    "grü",
    "über",
    "0%",
    "_b",
    "'",
    '"S',
    "ЗАЯ",
    "явк",
    "[X]",
    "\\S",
    "refund 7",
    "flow-1",
    "RUN-12",
    "77",
]
ABSENT = ["nowhere", "нет", "ü nowhere"]
ALICE, ADMIN = Viewer("alice", ("legal",)), Viewer("boss", (), True)
ASKED = [((), ()), (("alice",), ("legal",)), (("bob",), ()), ((), ("legal",)), (("alice", "bob"), ())]
AUDIENCES = [Audience(users, groups) for users, groups in ASKED]


def asked(number: int, chance: random.Random) -> HumanRequest:
    title = f"{' '.join(chance.choices(WORDS, k=2))} {number}"
    policy = Policy(chance.choice(AUDIENCES))
    draft = RequestDraft(
        "approval", title, {"content": 1}, policy=policy, priority=chance.choice([0, 0, 1, 7])
    )
    return request(
        number,
        draft=draft,
        deadline=chance.choice([None, START + timedelta(hours=chance.randrange(50))]),
        run_id=f"Run-{number}",
        flow=chance.choice([None, "flow-1", "flow-2"]),
    )


def insert(tx: Any, requests: list[HumanRequest]) -> None:
    for one in requests:
        tx.insert_request(one)


def end(tx: Any, requests: list[HumanRequest]) -> None:
    for one in requests:
        assert tx.update_request(
            changed(one, status=Status.RESOLVED, ended_at=START, version=one.version + 1), one.version
        )


def matching(requests: list[HumanRequest], who: Viewer, which: Listing) -> list[str]:
    """Return what a search is to give, by looking at everything."""
    assert which.text is not None
    found = [one for one in requests if holds(one, which.text) and (who.everything or who.sees(one))]
    return [one.id for one in sorted(found, key=lambda one: place(one, which.order))]


def holds(one: HumanRequest, text: str) -> bool:
    return any(
        text.lower() in (held or "").lower() for held in (one.draft.title[:TITLE], one.flow, one.run_id)
    )


def place(one: HumanRequest, order: Order) -> Any:
    at = place_of(one)
    return {"due": (at.moment, at.id), "urgent": (-at.priority, at.moment, at.id), "oldest": at.id}[order]


@pytest.fixture(params=["lots told apart", "lots taken together", "walked along"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take each way through the rows, in short portions, and few of them for one page."""
    monkeypatch.setattr(Source.__init__, "__defaults__", (None, listing.LOOKED_AT, SEEN))
    monkeypatch.setattr(search_rows, "FIRST", 8)
    monkeypatch.setattr(search_rows, "LARGEST", 32)
    if request.param != "lots told apart":
        monkeypatch.setattr(list_rows, "MOST_LOTS", 1)
    if request.param == "walked along":
        monkeypatch.setattr(list_rows, "FEW", 0)


async def searched(store: MemoryStore, who: Viewer, which: Listing, between: Any = None) -> list[list[str]]:
    """Return the ids of each page; `between` is called between two."""
    pages: list[list[str]] = []
    after = None
    while True:
        page = await listing.page(store, who, which, now=START, after=after, limit=10)
        pages.append([row.id for row in page.rows])
        if (after := page.next) is None:
            return pages
        if between is not None:
            await between()


@pytest.mark.usefixtures("ways")
async def test_a_search_finds_what_a_look_at_everything_finds() -> None:
    chance = random.Random(1)
    requests = [asked(number, chance) for number in range(900)]
    store = await MemoryStore().open()
    try:
        await store.do(insert, requests)
        for order in ORDERS:
            for text in TEXTS + ABSENT:
                for who in (ALICE, ADMIN):
                    which = Listing("open", order, text=text)
                    pages = await searched(store, who, which)
                    assert list(chain(*pages)) == matching(requests, who, which), (order, text, who)
    finally:
        await store.close()


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("text", ["refund", "77", "явк"])
async def test_pages_lose_and_repeat_nothing_while_requests_come_and_go(order: Order, text: str) -> None:
    chance = random.Random(2)
    requests = [asked(number, chance) for number in range(0, 2000, 2)]
    coming = [asked(number, chance) for number in range(1, 2000, 2)]
    chance.shuffle(coming)
    lasting, going = requests[::2], requests[1::2]
    which = Listing("open", order, text=text)
    store = await MemoryStore().open()
    try:
        await store.do(insert, requests)

        async def between() -> None:
            new, old = coming[:7], going[:3]
            del coming[:7], going[:3]
            await store.do(insert, new)
            await store.do(end, old)

        found = list(chain(*await searched(store, ADMIN, which, between)))
        assert len(set(found)) == len(found)
        stayed = matching(lasting, ADMIN, which)
        assert [one for one in found if one in set(stayed)] == stayed
    finally:
        await store.close()


async def test_a_page_ends_where_enough_was_searched_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Source.__init__, "__defaults__", (None, listing.LOOKED_AT, SEEN))
    monkeypatch.setattr(list_rows, "FEW", 0)
    monkeypatch.setattr(list_rows, "MOST_LOTS", 1)
    monkeypatch.setattr(search_rows, "FIRST", 8)
    monkeypatch.setattr(search_rows, "LARGEST", 32)
    chance = random.Random(3)
    last = replace(asked(9999, chance), deadline=None)
    last = changed(last, draft=replace(last.draft, title="The last of all", priority=0))
    store = await MemoryStore().open()
    try:
        await store.do(insert, [*(asked(number, chance) for number in range(1500)), last])
        for order in ORDERS:
            which = Listing("open", order, text="last of all")
            pages = await searched(store, ADMIN, which)
            assert 3 < len(pages) < 20, "each looks at a part"
            assert list(chain(*pages)) == [last.id]
            assert pages[0] == []
            first = await listing.page(store, ADMIN, which, now=START, near=True)
            beside = await listing.neighbours(store, ADMIN, which, last.id, now=START, page=first)
            assert (beside.position, beside.next, beside.more) == (None, None, True)
    finally:
        await store.close()


async def test_a_text_that_is_slow_to_look_for_is_looked_for_in_fewer_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Source.__init__, "__defaults__", (None, listing.LOOKED_AT, SEEN))
    monkeypatch.setattr(list_rows, "FEW", 0)
    monkeypatch.setattr(search_rows, "FIRST", 8)
    monkeypatch.setattr(search_rows, "LARGEST", 32)
    chance = random.Random(4)
    store = await MemoryStore().open()
    try:
        await store.do(insert, [asked(number, chance) for number in range(1500)])
        slow, fast, partly = [
            len(await searched(store, ADMIN, Listing("open", "oldest", text=text)))
            for text in ("нет", "nowhere", "nö")
        ]
        assert slow > 2 * fast
        assert partly == fast
    finally:
        await store.close()
