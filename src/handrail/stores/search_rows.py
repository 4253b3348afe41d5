"""Pending requests that hold a text, in the order of their list, as far as a bounded number of rows leads.

No index finds a part of a word: rows are read along an index that has their texts, each range in portions that grow.
The end of a portion is a step of its own in the merge of the ranges: whoever stops there has missed nothing before it.
"""

import heapq
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from handrail.inbox.filing import Lot, Place
from handrail.inbox.ports import Searched, Sought
from handrail.stores import list_rows
from handrail.stores.list_rows import ORDERS, SORTED, ListRows
from handrail.stores.searching import Condition, has_plain, has_text, text_condition

FIRST = 64
"""rows of the first portion of each range, which aren't counted; every further one has twice as many, up to"""
LARGEST = 2048
DEAR = 3
"""as many rows as one counts for in which a text without a letter from A to Z is looked for: it takes as long"""
ALWAYS = Condition("1", ())


class Step(NamedTuple):
    """A place up to which a range was searched; whether the request there was found."""

    place: Place
    found: bool


@dataclass(frozen=True, slots=True)
class Range:
    """Rows of a table in the order of an index; `within` is what else is true of those that are sought."""

    table: str
    where: Condition
    within: Condition
    order: str
    priority: int | None = None
    """of all of them"""


class SearchRows(ListRows):
    """The part of the inbox's port that looks for texts."""

    def search(self, lots: Collection[Lot], sought: Sought, text: str, limit: int, most: int) -> Searched:
        search = Search(self.connection, sought, 1 if has_plain(text) else DEAR)
        aside = [lot for lot in lots if lot.aside]
        parts = [[lot for lot in lots if not lot.aside], aside] if sought.order == "oldest" else [lots]
        ranges = [steps for part in parts if part for steps in self._ranges(search, part, text)]
        found: list[Place] = []
        last: Place | None = None
        key = SORTED[sought.order]
        # What is found at a place comes before the end of a portion there: that may be of a range which hasn't it.
        for place, holds in heapq.merge(*ranges, key=lambda step: (key(step.place), not step.found)):
            if last is not None and search.rows >= most:
                return Searched(found, last, search.rows)
            if holds and (not found or found[-1].id != place.id):
                found.append(place)
            last = place
            if len(found) == limit:
                break
        return Searched(found, None, search.rows)

    def _ranges(self, search: "Search", lots: Collection[Lot], text: str) -> list[Iterator[Step]]:
        sought, limit = search.sought, list_rows.FEW
        many = any(lot.key is None for lot in lots)
        if not many and sought.order != "oldest":
            return [search.steps(_of_lot(lot, sought, text)) for lot in lots]
        if self.count_places(lots, replace(sought, order="due", after=None), limit + 1) <= limit:
            return [search.sorted([_of_lot(lot, sought, text) for lot in lots])]
        within = _in_text(lots, text).and_(list_rows.within(lots))
        if sought.order == "oldest":
            return [search.steps(_by_id(lots, sought, within))]
        return [search.steps(_of_priority(one, sought, within)) for one in self.priorities()]


class Search:
    """Reads ranges, and counts the rows that it has searched."""

    def __init__(self, connection: sqlite3.Connection, sought: Sought, weight: int) -> None:
        self.sought = sought
        self._weight = weight
        self.rows = 0
        self._connection = connection

    def steps(self, of: Range) -> Iterator[Step]:
        """Give what a range holds, and the end of each portion, in order."""
        after, size = self.sought.after, FIRST
        if after is not None and of.priority is not None and self.sought.order == "urgent":
            if of.priority > after.priority:
                return
            after = None if of.priority < after.priority else after
        while True:
            begin = of.where if after is None else of.where.and_(_compared(of, ">", after))
            edge = self._edge(of, begin, size)
            portion = begin if edge is None else begin.and_(_compared(of, "<=", edge))
            yield from (Step(place, found=True) for place in self._places(of, portion))
            if edge is None:
                return
            yield Step(edge, found=False)
            after, size = edge, min(2 * size, LARGEST)
            self.rows += self._weight * size

    def sorted(self, ranges: Collection[Range]) -> Iterator[Step]:
        """Give what a few rows hold that no index has in order."""
        key, after = SORTED[self.sought.order], self.sought.after
        found = [place for one in ranges for place in self._places(one, one.where)]
        for place in sorted(found, key=key):
            if after is None or key(place) > key(after):
                yield Step(place, found=True)

    def _edge(self, of: Range, begin: Condition, size: int) -> Place | None:
        """Return the last of so many rows, None if there are fewer."""
        row = self._read(of, "id, priority, moment", begin, "LIMIT 1 OFFSET ?", size - 1).fetchone()
        return None if row is None else Place(*row)

    def _places(self, of: Range, portion: Condition) -> list[Place]:
        columns = "id, priority, moment, substr(lot, -1) = '~'"
        return [Place(*row) for row in self._read(of, columns, portion.and_(of.within))]

    def _read(self, of: Range, columns: str, where: Condition, rest: str = "", *more: int) -> sqlite3.Cursor:
        statement = f"SELECT {columns} FROM {of.table} WHERE {where.text} ORDER BY {of.order} {rest}"
        return self._connection.execute(statement, (*where.values, *more))


def _of_lot(lot: Lot, sought: Sought, text: str) -> Range:
    where = list_rows.conditions(lot, sought)
    within = ALWAYS if has_text(text, lot.flow or "") else _text(text)
    return Range(list_rows.table(lot), where, within, ORDERS["due"], lot.priority)


def _of_priority(priority: int, sought: Sought, within: Condition) -> Range:
    where = list_rows.urgent(priority).and_(list_rows.narrowed(sought))
    return Range(list_rows.URGENT, where, within, ORDERS["due"], priority)


def _by_id(lots: Collection[Lot], sought: Sought, within: Condition) -> Range:
    within = within.and_(list_rows.narrowed(sought))
    if any(lot.aside for lot in lots):
        return Range("aside INDEXED BY aside_request", ALWAYS, within, ORDERS["oldest"])
    pending = Condition("status IN ('OPEN', 'CLAIMED')", ())
    return Range("request INDEXED BY request_pending", pending, within, ORDERS["oldest"])


def _text(text: str) -> Condition:
    return text_condition(text, "title", "run_id")


def _in_text(lots: Collection[Lot], text: str) -> Condition:
    """Return what is true of a row that holds a text, or whose flow does."""
    flows = {lot.flow for lot in lots}
    named = [Lot(flow, None, None, None, aside=False) for flow in flows if flow and has_text(text, flow)]
    return Condition.any_of([_text(text), *map(list_rows.whole, named)])


def _compared(of: Range, sign: str, place: Place) -> Condition:
    if of.order == ORDERS["oldest"]:
        return Condition(f"id {sign} ?", (place.id,))
    return Condition(f"(moment, id) {sign} (?, ?)", (place.moment, place.id))
