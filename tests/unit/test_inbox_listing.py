"""The lists of the inbox give what the rules say, whoever looks and however much of it is looked at at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.inbox import counting, listing
from handrail.inbox.filing import TITLE
from handrail.inbox.listing import ORDERS, Listing, Neighbours, Source
from handrail.inbox.viewer import Viewer, is_work
from handrail.requests.content import content_hash
from handrail.requests.decision import Actor, Decision, Strength, Verb
from handrail.requests.facts import changed
from handrail.requests.lifecycle import Decided
from handrail.requests.policy import All, AtLeast, Audience, First, Policy
from handrail.requests.record import write_move
from handrail.requests.request import HumanRequest, RequestDraft, Status
from handrail.requests.routing import may_see, people
from handrail.stores import list_rows, search_rows
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import START
from tests.support.requests_desk import pure_request

NAMES = ("ann", "bob", "cem")
GROUPS = {"legal": ("ann", "bob"), "press": ("cem",)}
TITLES = ("Publish?", "Grüße 50%", "GRÜSSE_x", "a" * 300 + "publish", "", "[x]*?\\", 'it\'s "a\nb"')
TEXTS = (
    "pub",
    "ü",
    "%",
    "_",
    "x",
    "Ü",
    "grü",
    "Ss",
    "nothing",
    "RUN_1",
    "[x]*?\\",
    "]",
    "'",
    '"',
    "a\n",
    "\nr",
    "e 50%",
)
STATUSES = (
    (Status.OPEN,),
    (Status.CLAIMED,),
    (Status.RESOLVED,),
    (Status.OPEN, Status.RESOLVED),
    (Status.CLAIMED, Status.EXPIRED),
)
ENDED_VERBS = (Verb.APPROVE, Verb.REJECT)


def groups_of(name: str) -> tuple[str, ...]:
    return tuple(group for group, people_of in GROUPS.items() if name in people_of)


def members(group: str) -> tuple[str, ...]:
    return GROUPS.get(group, ())


audiences = st.builds(
    Audience,
    st.lists(st.sampled_from(NAMES), unique=True, max_size=2).map(tuple),
    st.lists(st.sampled_from([*GROUPS, "empty"]), unique=True, max_size=2).map(tuple),
    st.sampled_from([(), (), (), ("ann",)]),
    st.sampled_from([False, False, True]),
)


@st.composite
def some_requests(draw: Any) -> list[HumanRequest]:
    return [_request(draw, number) for number in range(draw(st.integers(0, 14)))]


def _request(draw: Any, number: int) -> HumanRequest:
    audience, initiator = draw(audiences), draw(st.sampled_from([None, *NAMES]))
    quorum = draw(st.sampled_from([First(), First(), All(), AtLeast(1)]))
    policy = Policy(audience, quorum, require=draw(st.sampled_from([Strength.ASSERTED, Strength.SESSION])))
    draft = RequestDraft(
        "approval",
        draw(st.sampled_from(TITLES)),
        {"content": "x"},
        policy=policy,
        priority=draw(st.sampled_from([0, 0, 3, -1])),
    )
    status = draw(st.sampled_from([Status.OPEN, Status.OPEN, Status.CLAIMED, Status.RESOLVED]))
    voters = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
    return HumanRequest(
        id=f"req_{number:04d}",
        draft=draft,
        content_hash=content_hash(draft.shown),
        thread=f"req_{number:04d}",
        revision=1,
        opened_at=START,
        audience=audience,
        asked=None if audience.is_open else people(audience, members, initiator),
        deadline=draw(st.sampled_from([None, START, START + timedelta(seconds=5), START - timedelta(1)])),
        run_id=draw(st.sampled_from([None, "run_1", "run_2"])),
        flow=draw(st.sampled_from([None, "a", "a'b", "publish"])),
        initiator=initiator,
        status=status,
        claimed_by=draw(st.sampled_from(NAMES)) if status is Status.CLAIMED else None,
        decisions=tuple(Decision(draw(st.sampled_from(ENDED_VERBS)), name, START) for name in voters),
        ended_at=START + timedelta(seconds=draw(st.integers(0, 3))) if status is Status.RESOLVED else None,
        in_line=draw(st.sampled_from([False, False, False, True])),
    )


def write(tx: Any, requests: list[HumanRequest]) -> None:
    """Store requests as they come to be: opened, then moved to what they are."""
    for group, who in GROUPS.items():
        tx.set_members(group, who)
    for one in requests:
        opened = changed(one, status=Status.OPEN, claimed_by=None, decisions=(), ended_at=None, version=1)
        tx.insert_request(opened)
        for decision in one.decisions:
            tx.append_event(
                "decided", write_move(Decided(decision)), at=START, actor=decision.actor, request_id=one.id
            )
        if one != opened:
            assert tx.update_request(changed(one, version=2), 1)


def expected(requests: list[HumanRequest], who: Viewer, which: Listing) -> list[str]:
    """Return what the rules say, by looking at everything."""
    found = [one for one in requests if _listed(one, who, which)]
    match which.view, which.order:
        case ("ended", _):
            found.sort(key=lambda one: (one.ended_at, one.id), reverse=True)
        case ("decided_by_me" | "all", _):
            found.sort(key=lambda one: one.id, reverse=True)
        case (_, "due"):
            found.sort(key=_due)
        case (_, "urgent"):
            found.sort(key=lambda one: (-one.draft.priority, *_due(one)))
    return [one.id for one in found]


def _due(one: HumanRequest) -> Any:
    return one.deadline is None, one.deadline or START, one.id


def _listed(one: HumanRequest, who: Viewer, which: Listing) -> bool:
    if not (who.everything or may_see(one, who.name, who.groups)):
        return False
    if which.flow is not None and one.flow != which.flow:
        return False
    if which.statuses and one.status not in which.statuses:
        return False
    if which.text is not None:
        held = (one.draft.title[:TITLE], one.flow or "", one.run_id or "")
        if not any(which.text.lower() in each.lower() for each in held):
            return False
    match which.view:
        case "mine":
            may = may_see(one, who.name, who.groups)
            return not one.ended and may and is_work(one, Actor(who.name, who.strength), members)
        case "overdue":
            return not one.ended and one.deadline is not None and one.deadline <= START
        case "unclaimed":
            return not one.ended and one.claimed_by is None
        case "open":
            return not one.ended
        case "ended":
            return one.ended
        case "decided_by_me":
            return any(decision.actor == who.name for decision in one.decisions)
    return True


viewers = st.builds(
    lambda name, everything, strength: Viewer(name, groups_of(name), everything, strength),
    st.sampled_from([*NAMES, "dan"]),
    st.booleans(),
    st.sampled_from([Strength.ASSERTED, Strength.SESSION]),
)
listings = st.builds(
    Listing,
    st.sampled_from(listing.VIEWS),
    st.sampled_from(ORDERS),
    st.sampled_from([None, None, "a", "a'b", "none"]),
    st.sampled_from([None, None, *TEXTS]),
    st.sampled_from([(), (), *STATUSES]).map(frozenset),
)


async def paged(store: MemoryStore, who: Viewer, which: Listing, limit: int) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = await listing.page(store, who, which, now=START, after=after, limit=limit)
        assert len(page.rows) <= limit
        found += [row.id for row in page.rows]
        if (after := page.next) is None:
            return found


@pytest.mark.parametrize("few", [3000, 0], ids=["sorted in memory", "walked along"])
@pytest.mark.parametrize("lots", [300, 1], ids=["lots told apart", "lots taken together"])
@settings(max_examples=60, deadline=None)
@given(
    requests=some_requests(), who=viewers, which=listings, limit=st.integers(1, 6), looked=st.integers(1, 9)
)
async def test_a_list_gives_what_the_rules_say_each_once_and_in_order(
    requests: list[HumanRequest], who: Viewer, which: Listing, limit: int, looked: int, few: int, lots: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(list_rows, "FEW", few)
        patch.setattr(list_rows, "MOST_LOTS", lots)
        patch.setattr(search_rows, "FIRST", 1)
        patch.setattr(search_rows, "LARGEST", 4)
        store = await MemoryStore().open()
        try:
            await store.do(write, requests)
            wanted = expected(requests, who, which)
            assert await paged(store, who, which, limit) == wanted
            patch.setattr(Source.__init__, "__defaults__", (None, looked, looked))
            assert await paged(store, who, which, limit) == wanted, "in short pages"
            patch.setattr(Source.__init__, "__defaults__", (None, None, 10**9))
            for place, one in enumerate(wanted):
                beside = await listing.neighbours(store, who, which, one, now=START)
                around = [None, *wanted, None][place : place + 3]
                assert beside == Neighbours(place + 1, len(wanted), False, around[0], around[2])
                page = await listing.page(store, who, which, now=START, limit=limit, near=True)
                again = await listing.neighbours(store, who, which, one, now=START, page=page)
                assert again == beside, "of a page that was read"
        finally:
            await store.close()


def _due_at(request_id: str, audience: Audience, deadline: datetime) -> HumanRequest:
    asked = None if audience.is_open else people(audience, members, None)
    draft = changed(pure_request([], []).draft, title="Publish?")
    return HumanRequest(
        request_id, draft, "hash", request_id, 1, START, audience, asked=asked, deadline=deadline
    )


async def test_a_search_in_what_is_late_the_oldest_first_finds_nothing_that_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(list_rows, "FEW", 0)  # as many as are walked along
    several = Audience(("ann",), ("legal",))  # filed aside, under each whom it asks
    late = ("req_1", Audience(), START), ("req_2", several, START)
    later = ("req_3", Audience(), START + timedelta(1)), ("req_4", several, START + timedelta(1))
    store = await MemoryStore().open()
    try:
        await store.do(write, [_due_at(*each) for each in (*late, *later)])
        which = Listing("overdue", "oldest", text="pub")
        for everything in (False, True):
            who = Viewer("ann", ("legal",), everything=everything)
            assert await paged(store, who, which, 5) == [each[0] for each in late]
    finally:
        await store.close()


@settings(max_examples=80, deadline=None)
@given(requests=some_requests(), who=viewers)
async def test_counts_are_the_lengths_of_the_lists(requests: list[HumanRequest], who: Viewer) -> None:
    store = await MemoryStore().open()
    try:
        await store.do(write, requests)
        found = await counting.counts(store, who, now=START)
        for view in ("mine", "open", "overdue", "unclaimed"):
            count = getattr(found, view)
            assert (count.number, count.more) == (len(expected(requests, who, Listing(view))), False), view
        opened = [one for one in requests if one.id in expected(requests, who, Listing("open"))]
        flows = {flow: count.number for flow, count in found.flows.items()}
        assert flows == {flow: sum(one.flow == flow for one in opened) for flow in {o.flow for o in opened}}
    finally:
        await store.close()


async def test_a_request_of_several_that_its_starter_may_decide_too_counts_once() -> None:
    who = Audience(("bob",), ("legal",))
    one = changed(pure_request(["bob"], []), audience=who, asked=None, initiator="ann")
    store = await MemoryStore().open()
    try:
        await store.do(write, [one])
        ann = Viewer("ann", ("legal",))
        found = await counting.counts(store, ann, now=START)
        assert (found.mine.number, found.open.number) == (1, 1)
    finally:
        await store.close()


@pytest.mark.parametrize("lots", [300, 1], ids=["lots told apart", "lots taken together"])
async def test_claimed_ones_are_found_among_open_ones(lots: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_rows, "MOST_LOTS", lots)
    some = [
        changed(pure_request(None, []), id=f"req_{number:04d}", audience=Audience()) for number in range(30)
    ]
    taken = [
        changed(one, status=Status.CLAIMED, claimed_by="ann") if one.id == "req_0025" else one for one in some
    ]
    store = await MemoryStore().open()
    try:
        await store.do(write, taken)
        which = Listing("open", "oldest", statuses=frozenset({Status.CLAIMED}))
        for who in (Viewer("ann"), Viewer("root", everything=True)):
            assert await paged(store, who, which, 5) == ["req_0025"]
    finally:
        await store.close()
