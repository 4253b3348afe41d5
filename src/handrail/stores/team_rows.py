"""Boards as rows of SQLite: what moves apart from what is large, so that a change writes little."""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from heapq import merge
from itertools import islice
from typing import Any

from handrail.inbox.ports import LogEntry
from handrail.requests.content import decode, writer
from handrail.requests.moments import to_moment, to_number
from handrail.stores.statements import statements
from handrail.teams.card import Card, Feedback, Usage, total
from handrail.teams.plan import Planned
from handrail.teams.ports import StoredTeam
from handrail.teams.status import FeedbackStatus, TaskStatus, WorkflowStatus

COLUMNS = (
    "card.place, card.task, card.title, card.agent, card.status, card.ready, card.parallel, card.round, card.since, "
    "card.run, card.request_id, card.reason, card.moved_at, card.feedback, card.processed, card.counted, card.calls, "
    "card.input_tokens, card.output_tokens, card.cost, card.unpriced"
)
SQL = {name: text.replace("{columns}", COLUMNS) for name, text in statements("teams").items()}
TEAM = "run_id, name, status, version, inputs, result_task, error, begun_at, moved_at"

_write = writer()


class TeamRows:
    """The port of teams, on SQLite."""

    connection: sqlite3.Connection

    def write_events(self) -> None: ...

    def insert_team(self, team: StoredTeam) -> None:
        row = (
            team.run_id,
            team.name,
            team.status.value,
            team.version,
            _write(team.inputs),
            team.result_task,
            team.error,
            to_number(team.begun_at),
            to_number(team.moved_at),
        )
        self.connection.execute(SQL["insert_team"], row)

    def team(self, run_id: str) -> StoredTeam | None:
        row = self.connection.execute(SQL["team"], (run_id,)).fetchone()
        return _team(row) if row else None

    def update_team(self, team: StoredTeam) -> bool:
        row = (
            team.status.value,
            team.version,
            team.error,
            to_number(team.moved_at),
            team.run_id,
            team.version - 1,
        )
        return self.connection.execute(SQL["update_team"], row).rowcount == 1

    def teams(
        self,
        statuses: Collection[WorkflowStatus],
        name: str | None,
        before: tuple[datetime, str] | None,
        limit: int,
    ) -> list[StoredTeam]:
        each = [self._teams(status, name, before, limit) for status in statuses or (None,)]
        latest = merge(*each, key=lambda team: (team.begun_at, team.run_id), reverse=True)
        return list(islice(latest, limit))

    def _teams(
        self, status: WorkflowStatus | None, name: str | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[StoredTeam]:
        """Return the latest teams of one status, which is what an index has in order."""
        conditions, values = ["1"], list[Any]()
        if status is not None:
            conditions.append("status = ?")
            values.append(status.value)
        if name is not None:
            conditions.append("name = ?")
            values.append(name)
        if before is not None:
            conditions.append("(begun_at, run_id) < (?, ?)")
            values += [to_number(before[0]), before[1]]
        where = " AND ".join(conditions)
        statement = f"SELECT {TEAM} FROM team WHERE {where} ORDER BY begun_at DESC, run_id DESC LIMIT ?"
        return [_team(row) for row in self.connection.execute(statement, [*values, limit])]

    def insert_cards(self, run_id: str, cards: Collection[Card]) -> None:
        done = {card.id for card in cards if card.status is TaskStatus.DONE}
        self.connection.executemany(SQL["insert_card"], [_card_row(run_id, card, done) for card in cards])
        texts = [(run_id, card.id, _write(asdict(card.planned)), None) for card in cards]
        self.connection.executemany(SQL["insert_text"], texts)
        needs = [(run_id, card.id, needed) for card in cards for needed in card.planned.dependencies]
        self.connection.executemany(SQL["insert_dependency"], needs)

    def card(self, run_id: str, task: str) -> Card | None:
        row = self.connection.execute(SQL["card"], {"run_id": run_id, "task": task}).fetchone()
        return _card(row) if row else None

    def cards(self, run_id: str, statuses: Collection[TaskStatus] = (), limit: int = -1) -> list[Card]:
        if not statuses:
            return self._cards("cards", run_id, limit=limit)
        wanted = json.dumps([status.value for status in statuses])
        return self._cards("cards_in", run_id, statuses=wanted, limit=limit)

    def outlines_of_cards(self, run_id: str) -> list[Card]:
        return self._cards("outlines", run_id)

    def update_card(self, run_id: str, card: Card, *, result: bool = False) -> None:
        done = card.status is TaskStatus.DONE
        self.connection.execute(SQL["count_missing"], {"run_id": run_id, "task": card.id, "done": done})
        self.connection.execute(SQL["update_card"], (*_moving(card), run_id, card.id))
        if result:
            self.connection.execute(SQL["update_result"], (_write(card.result), run_id, card.id))

    def any_open(self, run_id: str) -> bool:
        return self.connection.execute(SQL["any_open"], (run_id,)).fetchone() is not None

    def decided_cards(self, run_id: str) -> list[Card]:
        return self._cards("decided_cards", run_id)

    def next_cards(self, run_id: str, limit: int) -> list[Card]:
        return self._cards("next_cards", run_id, limit=limit)

    def dependants(self, run_id: str, task: str) -> list[Card]:
        return self._cards("dependants", run_id, task=task)

    def _cards(self, name: str, run_id: str, **values: Any) -> list[Card]:
        return [_card(row) for row in self.connection.execute(SQL[name], {"run_id": run_id, **values})]

    def task_counts(self, run_id: str) -> dict[TaskStatus, int]:
        rows = self.connection.execute(SQL["task_counts"], (run_id,))
        return {TaskStatus(status): count for status, count in rows}

    def usage_of_team(self, run_id: str) -> Usage:
        calls, into, out, unpriced = self.connection.execute(SQL["usage"], (run_id,)).fetchone()
        costs = self.connection.execute(SQL["costs"], (run_id,))
        cost = total(Decimal(text) for (text,) in costs)  # SQLite would add them as floats
        return Usage(calls or 0, into or 0, out or 0, cost, unpriced or 0)

    def insert_feedback(self, run_id: str, task: str, feedback: Feedback) -> None:
        given = to_number(feedback.given_at or feedback.timestamp)
        row = (
            run_id,
            task,
            feedback.number,
            feedback.content,
            feedback.status.value,
            feedback.given_by,
            given,
            to_number(feedback.timestamp),
        )
        self.connection.execute(SQL["insert_feedback"], row)

    def process_feedback(self, run_id: str, task: str, after: int, upto: int, at: datetime) -> None:
        self.connection.execute(SQL["process_feedback"], (to_number(at), run_id, task, after, upto))

    def feedback(self, run_id: str, task: str, after: int = 0, limit: int = -1) -> list[Feedback]:
        rows = self.connection.execute(SQL["feedback"], (run_id, task, after, limit))
        return [
            Feedback(content, FeedbackStatus(status), to_moment(changed), number, by, to_moment(given))
            for number, content, status, by, given, changed in rows
        ]

    def team_log(self, run_id: str, after: int, limit: int) -> list[LogEntry]:
        self.write_events()
        return [LogEntry(*row) for row in self.connection.execute(SQL["team_log"], (run_id, after, limit))]

    def latest_team_log(self, run_id: str, before: int | None, limit: int) -> list[LogEntry]:
        self.write_events()
        values = (run_id, before if before is not None else 1 << 62, limit)
        return [LogEntry(*row) for row in self.connection.execute(SQL["latest_team_log"], values)]

    def latest_task_log(
        self, run_id: str, task: str, before: int | None, limit: int, looked_at: int
    ) -> tuple[list[LogEntry], int | None]:
        self.write_events()
        place = {
            "run_id": run_id,
            "before": before if before is not None else 1 << 62,
            "looked_at": looked_at,
        }
        rows = self.connection.execute(SQL["latest_task_log"], {**place, "task": task, "limit": limit})
        lines = [LogEntry(*row) for row in rows]
        if len(lines) == limit:
            return lines, lines[-1].sequence
        last = self.connection.execute(SQL["looked_at"], place).fetchone()
        return lines, last[0] if last else None

    def unmet(self, run_id: str) -> list[tuple[str, str]]:
        return [(task, needs) for task, needs in self.connection.execute(SQL["unmet"], (run_id,))]


def _team(row: tuple[Any, ...]) -> StoredTeam:
    run_id, name, status, version, inputs, result_task, error, begun, moved = row
    return StoredTeam(
        run_id,
        name,
        WorkflowStatus(status),
        decode(inputs),
        to_moment(begun),
        to_moment(moved),
        error,
        version,
        result_task,
    )


def _card_row(run_id: str, card: Card, done: Collection[str]) -> tuple[Any, ...]:
    planned = card.planned
    missing = len(set(planned.dependencies) - set(done))
    return (
        run_id,
        card.place,
        card.id,
        planned.title,
        planned.agent,
        planned.parallel,
        missing,
        *_moving(card),
    )


def _moving(card: Card) -> tuple[Any, ...]:
    """Return what changes of a card, in the order in which both statements name it."""
    usage = card.usage
    return (
        card.status.value,
        card.ready,
        card.round,
        card.since,
        card.run,
        card.request,
        card.reason,
        to_number(card.moved_at),
        card.feedback,
        card.processed,
        card.counted,
        usage.calls,
        usage.input_tokens,
        usage.output_tokens,
        str(usage.cost),
        usage.unpriced,
    )


def _card(row: tuple[Any, ...]) -> Card:
    """Return a card from its columns, and from its texts if they were read, too."""
    place, task, title, agent, status, ready, parallel, number, since, run, request, reason, moved = row[:13]
    feedback, processed, counted, calls, into, out, cost, unpriced = row[13:21]
    planned, result = row[21:] or (None, None)
    plan = Planned(task, title, "", agent, parallel=bool(parallel))
    return Card(
        planned=plan if planned is None else Planned.read(decode(planned)),
        place=place,
        moved_at=to_moment(moved),
        status=TaskStatus(status),
        round=number,
        since=since,
        run=run,
        request=request,
        reason=reason,
        result=None if result is None else decode(result),
        feedback=feedback,
        processed=processed,
        usage=Usage(calls, into, out, Decimal(cost), unpriced),
        counted=counted,
        ready=bool(ready),
    )
