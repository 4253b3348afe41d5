"""The lists of the inbox as rows of SQLite: pending requests by their lots, ended ones by flow, lines of the log.

A list is a merge of ranges of one index, each read as far as it is needed. Nothing is scanned whole but where lots are
so many that reading all of them is the cheaper way.
"""

import heapq
import itertools
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from handrail.inbox.filing import NEVER, Lot, Place, parse_lot
from handrail.inbox.ports import LogEntry, LogFilter, Order, Sought
from handrail.requests.content import SEPARATOR
from handrail.requests.decision import SYSTEM
from handrail.requests.errors import StoreCorrupt
from handrail.requests.identifier import parse_time
from handrail.requests.moments import to_moment, to_number
from handrail.requests.record import read_outline
from handrail.requests.request import HumanRequest
from handrail.runs.ports import RunFilter
from handrail.runs.run import RunStatus, StoredRun
from handrail.stores.searching import Condition, text_condition
from handrail.stores.statements import statements

SQL = statements("lists")
LAST = "\U0010ffff"
MOST_LOTS = 100
"""lots that are told apart when all of them are wanted"""
FEW = 3000
"""requests that are sorted by id in memory; more of them lie densely among all, and are found by walking along"""
URGENT = "request INDEXED BY request_urgent"

ORDERS: dict[Order, str] = {
    "due": "moment, id",
    "urgent": "priority DESC, moment, id",
    "oldest": "id",
}


def _due(place: Place) -> Any:
    return place.moment, place.id


def _urgent(place: Place) -> Any:
    return -place.priority, place.moment, place.id


def _oldest(place: Place) -> Any:
    return place.id


SORTED = {"due": _due, "urgent": _urgent, "oldest": _oldest}


class ListRows:
    """The part of the inbox's port that lists read."""

    connection: sqlite3.Connection

    def write_events(self) -> None: ...

    def lots(self, keys: Collection[str] | None) -> list[Lot]:
        if keys is None:
            return self._all_lots()
        found: list[Lot] = []
        for aside in ("", "_aside"):
            for flow in self._flows(aside):
                for key in keys:
                    found += self._lots_between(f"{flow}{SEPARATOR}{key}{SEPARATOR}", aside)
        return found

    def _all_lots(self) -> list[Lot]:
        found = list(itertools.islice(self._lots_between("", ""), MOST_LOTS))
        if len(found) < MOST_LOTS:
            return found
        return [Lot(flow or None, None, None, None, aside=False) for flow in self._flows("")]

    def _flows(self, aside: str) -> Iterator[str]:
        """Give the flows that have lots, by skipping from one to the next."""
        after = ""
        while row := self.connection.execute(SQL[f"first_lot{aside}"], (after, LAST)).fetchone():
            flow = row[0].partition(SEPARATOR)[0]
            yield flow
            after = f"{flow}{SEPARATOR}{LAST}"

    def _lots_between(self, beginning: str, aside: str) -> Iterator[Lot]:
        row: tuple[str, int] | None = None
        while True:
            following = None
            if row is not None:
                following = self.connection.execute(SQL[f"next_priority{aside}"], row).fetchone()
            if following is None:
                between = (row[0] if row else beginning, beginning + LAST)
                following = self.connection.execute(SQL[f"first_lot{aside}"], between).fetchone()
            if following is None:
                return
            row = following
            yield parse_lot(following[0], following[1], bool(aside))

    def count_places(self, lots: Collection[Lot], sought: Sought, limit: int) -> int:
        if sought.until is not None and any(lot.key is None for lot in lots):
            inside = within(lots).and_(narrowed(sought))
            return self._count([(URGENT, urgent(one).and_(inside)) for one in self.priorities()], limit)
        found = self._count([(table(lot), conditions(lot, sought)) for lot in lots if not lot.aside], limit)
        aside = [lot for lot in lots if lot.aside]
        if found < limit and aside:  # each may be in several
            places = self._merged(aside, replace(sought, order="due"), limit - found)
            found += sum(1 for _ in itertools.islice(places, limit - found))
        return found

    def _count(self, ranges: Iterable[tuple[str, Condition]], limit: int) -> int:
        """Return how many rows there are in tables where something is true, at most `limit`."""
        found = 0
        for place, where in ranges:
            if found < limit:
                statement = f"SELECT count(*) FROM (SELECT 1 FROM {place} WHERE {where.text} LIMIT ?)"
                found += self.connection.execute(statement, (*where.values, limit - found)).fetchone()[0]
        return found

    def places(self, lots: Collection[Lot], sought: Sought, limit: int) -> list[Place]:
        if sought.order != "oldest":
            many = any(lot.key is None for lot in lots)
            if many and (sought.until or self.count_places(lots, replace(sought, after=None), FEW + 1) > FEW):
                return list(itertools.islice(self._urgent(lots, sought, limit), limit))
            return list(itertools.islice(self._merged(lots, sought, limit), limit))
        parts = [
            self._oldest([lot for lot in lots if lot.aside is aside], sought, limit)
            for aside in (False, True)
        ]
        return list(itertools.islice(_once(heapq.merge(*parts, key=_oldest)), limit))

    def _urgent(self, lots: Collection[Lot], sought: Sought, limit: int) -> Iterator[Place]:
        """Give places by walking along all pending requests of each priority."""
        order: Order = "due" if sought.order == "oldest" else sought.order
        inside = within(lots).and_(narrowed(sought))
        ranges = [self._of_priority(one, inside, order, sought.after, limit) for one in self.priorities()]
        return heapq.merge(*ranges, key=SORTED[order])

    def priorities(self) -> Iterator[int]:
        """Give the priorities that pending requests have."""
        after = -NEVER
        while row := self.connection.execute(SQL["next_urgent"], (after,)).fetchone():
            (after,) = row
            yield after

    def _of_priority(
        self, priority: int, inside: Condition, order: Order, after: Place | None, limit: int
    ) -> Iterator[Place]:
        where = urgent(priority).and_(inside)
        if after is not None:
            where = where.and_(_behind(order, after))
        columns = "id, priority, moment, substr(lot, -1) = '~'"
        statement = f"SELECT {columns} FROM {URGENT} WHERE {where.text} ORDER BY moment, id LIMIT ?"
        yield from (
            Place(*row) for row in self.connection.execute(statement, (*where.values, limit)).fetchall()
        )

    def _merged(self, lots: Collection[Lot], sought: Sought, limit: int) -> Iterator[Place]:
        limit = max(1, limit)
        size = min(limit, max(8, 2 * limit // max(1, len(lots))))
        ranges = [self._range(lot, sought, limit if lot.priority is None else size) for lot in lots]
        return _once(heapq.merge(*ranges, key=SORTED[sought.order]))

    def _range(self, lot: Lot, sought: Sought, size: int) -> Iterator[Place]:
        """Give the places of one lot in order, read in portions."""
        while True:
            where = conditions(lot, sought)
            if sought.after is not None:
                where = where.and_(_behind(sought.order, sought.after))
            order = ORDERS["due" if lot.priority is not None else sought.order]
            statement = (
                f"SELECT {_columns(lot)} FROM {table(lot)} WHERE {where.text} ORDER BY {order} LIMIT ?"
            )
            rows = self.connection.execute(statement, (*where.values, size)).fetchall()
            found = [Place(*row) for row in rows]
            yield from found
            if len(found) < size:
                return
            sought = replace(sought, after=found[-1])

    def _oldest(self, lots: list[Lot], sought: Sought, limit: int) -> list[Place]:
        if not lots:
            return []
        behind = None if sought.after is None else sought.after.id
        unordered = replace(sought, order="due", after=None)
        if self.count_places(lots, unordered, FEW + 1) > FEW:  # counting is cheaper than reading
            return self._walk(lots, sought, behind or "", limit)
        found = self._merged(lots, unordered, FEW)
        later = (place for place in found if behind is None or place.id > behind)
        return heapq.nsmallest(limit, later, key=_oldest)

    def _walk(self, lots: list[Lot], sought: Sought, behind: str, limit: int) -> list[Place]:
        """Return the next places by walking along all pending requests."""
        aside = lots[0].aside
        table = "aside INDEXED BY aside_request" if aside else "request INDEXED BY request_pending"
        where = Condition("id > ?", (behind,))
        if not aside:
            where = where.and_(Condition("status IN ('OPEN', 'CLAIMED')", ()))
        where = where.and_(within(lots)).and_(narrowed(sought))
        columns = "id, priority, moment, substr(lot, -1) = '~'"
        statement = f"SELECT {columns} FROM {table} WHERE {where.text} GROUP BY id ORDER BY id LIMIT ?"
        return [Place(*row) for row in self.connection.execute(statement, (*where.values, limit))]

    def ended_places(self, flow: str | None, after: Place | None, limit: int) -> list[Place]:
        begin = (after.moment, after.id) if after is not None else (NEVER + 1, "")
        flows = [flow] if flow is not None else [None, *self._ended_flows()]
        found = [self.connection.execute(SQL["ended"], (one, *begin, limit)).fetchall() for one in flows]
        newest = heapq.merge(*found, key=lambda row: (row[2], row[0]), reverse=True)
        return [Place(*row) for row in itertools.islice(newest, limit)]

    def _ended_flows(self) -> Iterator[str]:
        after = ""
        while row := self.connection.execute(SQL["next_ended_flow"], (after,)).fetchone():
            (after,) = row
            yield after

    def decided_places(self, actor: str, after: Place | None, limit: int) -> list[Place]:
        self.write_events()
        before = NEVER if after is None else after.moment
        values = {"actor": actor, "before": before, "limit": limit}
        return [Place(*row) for row in self.connection.execute(SQL["decided"], values)]

    def youngest_places(self, after: Place | None, limit: int) -> list[Place]:
        before = LAST if after is None else after.id
        return [Place(*row) for row in self.connection.execute(SQL["youngest"], (before, limit))]

    def outlines(self, request_ids: Collection[str]) -> dict[str, HumanRequest]:
        found = {}
        for request_id in request_ids:
            if (row := self.connection.execute(SQL["outline"], (request_id,)).fetchone()) is not None:
                found[request_id] = _outline(request_id, *row)
        return found

    def lines(self, which: LogFilter, low: int, high: int, limit: int, *, ascending: bool) -> list[LogEntry]:
        self.write_events()
        where = Condition("sequence BETWEEN ? AND ?", (low, high)).and_(_log_condition(which))
        statement = (
            "SELECT sequence, at, actor, kind, request_id, run_id, data, hash FROM event "
            f"WHERE {where.text} ORDER BY sequence {'' if ascending else 'DESC'} LIMIT ?"
        )
        return [LogEntry(*row) for row in self.connection.execute(statement, (*where.values, limit))]

    def sequence_at(self, moment: datetime) -> int:
        self.write_events()
        low, high = self.connection.execute(SQL["sequence_bounds"]).fetchone()
        low, high = low or 1, (high or 0) + 1
        while low < high:
            middle = (low + high) // 2
            row = self.connection.execute(SQL["at"], (middle,)).fetchone()
            if row is None or parse_time(row[0]) >= moment:
                high = middle
            else:
                low = middle + 1
        return low

    def newest_runs(
        self, which: RunFilter, before: tuple[datetime, str] | None, limit: int
    ) -> list[StoredRun]:
        where = Condition("1", ())
        if before is not None:
            where = where.and_(Condition("(created_at, id) < (?, ?)", (to_number(before[0]), before[1])))
        if which.statuses:
            marks = ", ".join("?" * len(which.statuses))
            where = where.and_(Condition(f"status IN ({marks})", tuple(map(str, which.statuses))))
        for column, value in (("flow", which.flow), ("initiator", which.initiator)):
            if value is not None:
                where = where.and_(Condition(f"{column} = ?", (str(value),)))
        if which.text:
            where = where.and_(text_condition(which.text, "id"))
        if which.parent is None:
            index, where = "run_alone", where.and_(Condition("parent IS NULL", ()))
        else:
            index, where = "run_parent", where.and_(Condition("parent = ?", (which.parent,)))
        statement = (
            "SELECT id, flow, queue, status, created_at, updated_at, initiator, error FROM run "
            f"INDEXED BY {index} WHERE {where.text} ORDER BY created_at DESC, id DESC LIMIT ?"
        )
        rows = self.connection.execute(statement, (*where.values, limit))
        return [_run(*row) for row in rows]

    def requests_of_run(self, run_id: str, limit: int) -> list[str]:
        return [request_id for (request_id,) in self.connection.execute(SQL["of_run"], (run_id, limit))]

    def groups_of(self, person: str) -> tuple[str, ...]:
        return tuple(group for (group,) in self.connection.execute(SQL["groups_of"], (person,)))


def _once(places: Iterator[Place]) -> Iterator[Place]:
    """Give each place once: a request that lies in several lots comes several times in a row."""
    last = None
    for place in places:
        if place.id != last:
            yield place
        last = place.id


def table(lot: Lot) -> str:
    """Return where the rows of a lot are, with the index that has them in order."""
    return "aside" if lot.aside else "request INDEXED BY request_lot"


def _columns(lot: Lot) -> str:
    careful = "substr(lot, -1) = '~'" if lot.key is None else str(int(bool(lot.careful)))
    return f"id, priority, moment, {careful}"


def conditions(lot: Lot, sought: Sought) -> Condition:
    """Return what is true of a row of a lot that is sought, wherever the list begins."""
    exact = Condition("lot = ? AND priority = ?", (lot.name, lot.priority))
    return (whole(lot) if lot.key is None else exact).and_(narrowed(sought))


def urgent(priority: int) -> Condition:
    """Return what is true of a pending request of a priority, so that the index of them is used."""
    return Condition("lot IS NOT NULL AND priority = ?", (priority,))


def within(lots: Collection[Lot]) -> Condition:
    """Return what is true of a row that lies in one of the lots."""
    names = json.dumps([lot.name for lot in lots if lot.key is not None])
    among = [Condition("lot IN (SELECT value FROM json_each(?))", (names,))] if names != "[]" else []
    among += [whole(lot) for lot in lots if lot.key is None]
    return Condition.any_of(among)


def whole(lot: Lot) -> Condition:
    """Return what is true of a row of a flow, whomever it asks."""
    mark = "" if lot.careful is None else f" AND substr(lot, -1) {'=' if lot.careful else '<>'} '~'"
    return Condition(f"(lot > ? AND lot < ?{mark})", (lot.name, lot.name + LAST))


def narrowed(sought: Sought) -> Condition:
    """Return what is true of a row of any lot that is sought."""
    if sought.until is None:
        return Condition("1", ())
    return Condition("moment <= ?", (to_number(sought.until),))


def _behind(order: Order, after: Place) -> Condition:
    """Return what is true of the places behind one, in a way that an index can be used for."""
    if order == "due":
        return Condition("(moment, id) > (?, ?)", (after.moment, after.id))
    place = (after.moment, after.id, after.priority)
    return Condition(
        "(priority < ? OR (priority = ? AND (moment, id) > (?, ?)))", (place[2], place[2], *place[:2])
    )


def _log_condition(which: LogFilter) -> Condition:
    where = Condition("1", ())
    if which.actor is not None:
        others = " AND actor <> 'handrail'" if which.actor != SYSTEM.name else ""
        where = where.and_(Condition(f"actor = ?{others}", (which.actor,)))
    if which.kind is not None:
        where = where.and_(Condition("kind = ?", (which.kind,)))
    if which.request_id is not None:
        where = where.and_(Condition("request_id = ?", (which.request_id,)))
    if which.run_id is not None:
        of_run = (
            "((run_id = ? AND request_id IS NULL) OR "
            "request_id IN (SELECT id FROM request WHERE request.run_id = ?))"
        )
        where = where.and_(Condition(of_run, (which.run_id, which.run_id)))
    if which.since is not None:
        where = where.and_(Condition("at >= ?", (which.since.isoformat(),)))
    if which.until is not None:
        where = where.and_(Condition("at < ?", (which.until.isoformat(),)))
    return where


def _run(
    run_id: str,
    flow: str | None,
    queue: str,
    status: str,
    created: int,
    updated: int,
    initiator: str | None,
    error: str | None,
) -> StoredRun:
    failure = None if error is None else json.loads(error)
    moments = to_moment(created), to_moment(updated)
    return StoredRun(run_id, flow, queue, {}, RunStatus(status), *moments, initiator, error=failure)


def _outline(request_id: str, state: str, facts: str, title: str, priority: int) -> HumanRequest:
    try:
        return read_outline(state, facts, title, priority)
    except (ValueError, KeyError, TypeError):  # its text would show the content
        raise StoreCorrupt(
            f"request {request_id} can't be read, its row is damaged: restore the database from a backup"
        ) from None
