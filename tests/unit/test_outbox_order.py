"""In which order somebody is told of a request, and what it costs to find that out."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.inbox.order import Standing, going
from handrail.inbox.ports import Message
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import START
from tests.support.store_work import worked

HOUR = timedelta(hours=1)


def overtakes_none(line: list[Standing], at: int) -> bool:
    """The rule, pair by pair: neither this message nor one before it overtakes another."""
    me = line[at]
    return not any(
        earlier.due_at > later.due_at and not (me.keeps and earlier.calls)
        for behind, later in enumerate(line[: at + 1])
        for earlier in line[:behind]
    )


@given(
    st.lists(st.builds(Standing, st.just(""), st.integers(1, 4), st.booleans(), st.booleans()), max_size=8)
)
def test_a_line_gone_through_once_says_the_same_as_each_pair_of_it(drawn: list[Standing]) -> None:
    line = [each._replace(id=str(number)) for number, each in enumerate(drawn)]
    assert list(going(line)) == [each.id for at, each in enumerate(line) if overtakes_none(line, at)]


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = MemoryStore()
    await opened.open()
    yield opened
    await opened.close()


def message(number: int, **fields: Any) -> Message:
    given = {
        "request_id": "req_1",
        "channel": "slack",
        "occasion": "commented",
        "due_at": START,
        "to": "@bob",
    }
    return Message(f"msg_{number:06}", **{**given, **fields})


async def due(store: MemoryStore, messages: list[Message]) -> tuple[int, list[Message]]:
    """Store messages; return what it costs to look at what is due, and what that is."""
    found: list[Message] = []

    def look(tx: Any) -> int:
        for each in messages:
            tx.add_message(each)
        return worked(tx, lambda tx: found.extend(tx.due_messages(["slack"], START, 100)))

    return await store.do(look), found


def quiet(number: int) -> list[Message]:
    """Comments that wait for the end of quiet hours, and between them what keeps true what was told."""
    held = {"due_at": START + HOUR, "news": "commented", "waits": "quiet"}
    return [
        replace(message(at), news="kept", occasion="changed") if at % 20 == 0 else message(at, **held)
        for at in range(number)
    ]


def failed(number: int) -> list[Message]:
    """Comments behind one that failed."""
    return [message(0, due_at=START + HOUR, attempts=1), *(message(at) for at in range(1, number))]


def ready(number: int) -> list[Message]:
    """Comments that may all go."""
    return [message(at) for at in range(number)]


@pytest.mark.parametrize(("line", "go"), [(quiet, (50, 100)), (failed, (0, 0)), (ready, (100, 100))])
async def test_a_line_that_is_twice_as_long_costs_twice_as_much(
    store: MemoryStore, line: Callable[[int], list[Message]], go: tuple[int, int]
) -> None:
    once, few = await due(store, line(1000))
    await store.do(lambda tx: tx.connection.execute("DELETE FROM message"))
    twice, many = await due(store, line(2000))
    assert (len(few), len(many)) == go
    assert once > 100
    assert twice < 2.5 * once


async def test_what_is_due_to_others_is_read_no_further_than_it_is_taken(store: MemoryStore) -> None:
    some, _ = await due(store, [message(at, to=f"@{at}") for at in range(200)])
    more, found = await due(store, [message(at, to=f"@{at}") for at in range(200, 2000)])
    assert more < 1.5 * some
    assert [each.to for each in found] == [f"@{at}" for at in range(100)]


async def test_what_is_due_is_in_order_over_all_channels(store: MemoryStore) -> None:
    there = [
        message(at, channel=("slack", "email")[at % 2], to=f"@{at}", due_at=START - timedelta(seconds=at % 5))
        for at in range(20)
    ]
    await due(store, there)
    found = await store.read(lambda tx: tx.due_messages(["email", "slack", "email"], START, 15))
    assert found == sorted(there, key=lambda each: (each.due_at, each.id))[:15]
