"""What stands beside the lists: earlier decisions, the log as people read it, runs, and cursors."""

from dataclasses import replace

import pytest

from handrail import Actor
from handrail.inbox import audit, counting, cursor, listing, moves, views
from handrail.inbox.audit import export, timeline
from handrail.inbox.counting import Count
from handrail.inbox.filing import Place
from handrail.inbox.listing import Listing
from handrail.inbox.ports import LogFilter
from handrail.inbox.similar import similar, words
from handrail.inbox.viewer import Viewer
from handrail.requests.errors import InvalidInput, UnknownId
from handrail.requests.identifier import new_id
from handrail.requests.policy import audience
from handrail.requests.request import HumanRequest
from handrail.runs import listing as runs
from handrail.runs.ports import RunFilter
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import START
from handrail.testing.store_samples import moment, request, run
from tests.support.requests_desk import Desk, desk, draft

BOSS = Viewer("boss", everything=True)
BOB = Viewer("bob")


async def asked(opened: Desk, content: str, flow: str = "publish", **options: str) -> HumanRequest:
    """Open a request as a node of a flow does."""
    now = opened.clock.now()
    place = {"now": now, "request_id": new_id("req", now), "flow": flow, "address": "1/ask"}
    return await opened.app.store.do(moves.open_request, draft({"content": content}, **options), **place)


# -- similar ---------------------------------------------------------------------------------------------


async def test_earlier_decisions_come_the_likest_first() -> None:
    async with desk() as opened:
        for content, verb in (
            ("a note about tea", "approve"),
            ("a note about tea and coffee", "reject"),
            ("nothing of the kind", "approve"),
            ("a note about coffee", "approve"),
        ):
            one = await asked(opened, content)
            await opened.decide(one, "bob", verb, comment=f"on {content}")
        other_flow = await asked(opened, "a note about coffee today", flow="other")
        await opened.decide(other_flow, "bob", "approve")
        hidden = await asked(opened, "a note about coffee today", audience="carol")
        await opened.decide(hidden, "carol", "approve")
        await opened.inbox.withdraw((await asked(opened, "a note about coffee today")).id, actor=Actor("bob"))
        now = await asked(opened, "A note about COFFEE today")
        found = await similar(opened.app.store, now.id, BOB)
        assert [(one.verb, one.comment, round(one.share, 2)) for one in found] == [
            ("approve", "on a note about coffee", 0.8),
            ("reject", "on a note about tea and coffee", 0.57),
            ("approve", "on a note about tea", 0.5),
        ]
        assert found[0].by == ("bob",)
        boss = await similar(opened.app.store, now.id, BOSS, most=1)
        assert [one.id for one in boss] == [hidden.id]
        with pytest.raises(UnknownId):
            await similar(opened.app.store, "req_none", BOB)


def test_words_end_somewhere() -> None:
    assert len(words({"text": " ".join(map(str, range(100_000)))})) == 2000
    assert words({"a": [None, {"b": "x-y"}]}) == {"x", "y"}


# -- audit -----------------------------------------------------------------------------------------------


async def audited(store: MemoryStore, which: LogFilter, limit: int = 2) -> list[int]:
    found: list[int] = []
    before = None
    while True:
        page = await audit.audit(store, which, before=before, limit=limit)
        found += [line.sequence for line in page.lines]
        if (before := page.next) is None:
            return found


@pytest.mark.parametrize("stretch", [20_000, 3], ids=["whole", "in stretches"])
async def test_the_log_is_read_in_pages_both_ways(monkeypatch: pytest.MonkeyPatch, stretch: int) -> None:
    monkeypatch.setattr(audit, "STRETCH", stretch)
    store = await MemoryStore().open()
    try:
        for number in range(1, 21):
            await store.do(
                lambda tx, number: tx.append_event(
                    ("odd", "even")[number % 2 == 0],
                    "{}",
                    at=moment(number),
                    actor=("bob", "carol")[number % 3 == 0],
                    run_id=f"run_{number % 2}",
                ),
                number,
            )
        every = range(1, 21)
        for which, wanted in (
            (LogFilter(), [*every]),
            (LogFilter(kind="odd"), [*every][::2]),
            (LogFilter("carol"), [3, 6, 9, 12, 15, 18]),
            (LogFilter(kind="none"), []),
            (LogFilter(since=moment(5), until=moment(9)), [5, 6, 7, 8]),
            (LogFilter(kind="even", since=moment(19)), [20]),
            (LogFilter(since=moment(30)), []),
            (LogFilter(until=moment(0)), []),
        ):
            assert await audited(store, which) == wanted[::-1], which
            exported = [line.sequence async for page in export(store, which, page=3) for line in page]
            assert exported == wanted, which
        assert [line.sequence for line in await timeline(store, "run_1")] == [*every][::2]
        with pytest.raises(InvalidInput, match="1 to 1000"):
            await audit.audit(store, LogFilter(), limit=0)
    finally:
        await store.close()


# -- runs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("looked", [300, 1])
async def test_runs_are_listed_for_whom_they_concern(monkeypatch: pytest.MonkeyPatch, looked: int) -> None:
    monkeypatch.setattr(runs, "LOOKED_AT", looked)
    store = await MemoryStore().open()
    try:
        for number in range(9):
            one = run(f"run_{number}", created_at=moment(number), initiator=("bob", "carol")[number % 2])
            await store.do(lambda tx, one: tx.insert_run(one), one)
        asks = request(1, run_id="run_5", audience=audience("bob"))
        await store.do(lambda tx: tx.insert_request(asks))
        await store.do(lambda tx: tx.insert_request(request(2, run_id="run_7", audience=audience("group:x"))))
        for viewer, wanted in (
            (BOSS, [8, 7, 6, 5, 4, 3, 2, 1, 0]),
            (BOB, [8, 6, 5, 4, 2, 0]),
            (Viewer("dan"), []),
            (Viewer("dan", ("x",)), [7]),
        ):
            found: list[str] = []
            after = None
            while True:
                page = await runs.page(store, viewer, RunFilter(), after=after, limit=2)
                found += [one.id for one in page.runs]
                if (after := page.next) is None:
                    break
            assert found == [f"run_{number}" for number in wanted], viewer
        for limit, bad in ((0, None), (1, "nonsense"), (1, cursor.write(Place("a", 0, 1 << 62), "runs"))):
            with pytest.raises(InvalidInput):
                await runs.page(store, BOSS, RunFilter(), after=bad, limit=limit)
    finally:
        await store.close()


# -- cursors and counts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["", "x", "ü", "W10", "bnVsbA", "A" * 2000, "WyJkdWUiLDEsMSwxXQ"])
async def test_a_cursor_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInput, match="leave it out to begin again"):
        cursor.read(bad, "due")


def test_a_cursor_of_another_order_is_refused() -> None:
    place = Place("req_1", -3, 1 << 62)
    text = cursor.write(place, "due")
    assert text is not None
    assert cursor.read(text, "due") == place
    with pytest.raises(InvalidInput):
        cursor.read(text, "urgent")


async def test_lists_that_dont_exist_are_refused() -> None:
    async with desk() as opened:
        for which, limit in (
            (Listing("none"), 1),  # type: ignore[arg-type]
            (Listing("open", "none"), 1),  # type: ignore[arg-type]
            (Listing(), 0),
            (Listing(), 201),
        ):
            with pytest.raises(InvalidInput, match="use"):
                await listing.page(opened.app.store, BOB, which, now=START, limit=limit)


async def test_a_page_is_whole_though_others_decide_meanwhile() -> None:
    async with desk() as opened:
        store = opened.app.store
        ids = [(await opened.open()).id for _ in range(7)]
        first = await listing.page(store, BOB, Listing(), now=START, limit=3)
        for one in (ids[2], ids[3]):
            await opened.inbox.decide(one, "approve", actor=Actor("carol"))
        second = await listing.page(store, BOB, Listing(), now=START, after=first.next, limit=3)
        assert [row.id for row in (*first.rows, *second.rows)] == [*ids[:3], *ids[4:]]
        assert second.next is None
        beside = await listing.neighbours(store, BOB, Listing(), ids[3], now=START)
        assert (beside.position, beside.next) == (None, ids[4]), "it has been decided: what was behind it"


async def test_a_row_shows_what_a_list_needs() -> None:
    async with desk() as opened:
        made = await opened.open(
            audience=["bob", "carol", "dan"],
            quorum="all",
            context={"confidence": 0.42},
            timeout=60,
            priority=2,
        )
        await opened.decide(made, "carol", "approve")
        (row,) = (await listing.page(opened.app.store, BOB, Listing(), now=START)).rows
        assert (row.title, row.kind, row.status) == ("Publish?", "approval", "OPEN")
        assert (row.given, row.needed, row.asked, row.confidence) == (1, 3, 3, 0.42)
        assert (row.deadline, row.priority, row.version, row.revision) == (made.deadline, 2, 2, 1)


async def test_counts_are_capped() -> None:
    store = await MemoryStore().open()

    def unit(tx: object, begin: int) -> None:
        for number in range(begin, begin + 600):
            flow = ("many", "few")[number % 60 == 0]
            tx.insert_request(replace(request(number), id=new_id("req", START), flow=flow))  # type: ignore[attr-defined]

    try:
        for begin in (0, 600):
            await store.do(unit, begin)
        for viewer in (BOB, BOSS):
            found = await counting.counts(store, viewer, now=START)
            assert (str(found.mine), str(found.open), str(found.unclaimed)) == ("999+",) * 3
            assert (found.overdue, found.flows["few"]) == (Count(0), Count(20))
            assert found.flows["many"] == Count(999, more=True)
    finally:
        await store.close()


async def test_what_waits_for_somebody_is_found_by_their_groups() -> None:
    async with desk(groups={"legal": ["ann"]}) as opened:
        made = await opened.open(audience="group:legal")
        assert await views.open_for(opened.app.store, Actor("ann"), now=START) == [made]
        assert await views.open_for(opened.app.store, Actor("bob"), now=START) == []
