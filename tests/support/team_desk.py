"""A board in a store in memory whose agents are the test: it ends rounds, asks and decides by the units themselves."""

import asyncio
from collections.abc import Callable
from typing import Any

from handrail.inbox import moves as inbox
from handrail.inbox.ports import Filter
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, IllegalMove
from handrail.requests.request import Status
from handrail.runs import units
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.verification import verify
from handrail.stores.memory import MemoryStore
from handrail.teams import moves, work
from handrail.teams.board import Board
from handrail.teams.card import Card
from handrail.teams.plan import Planned, joined
from handrail.teams.round import CallUsage, RoundEnd
from handrail.teams.status import WorkflowStatus
from handrail.testing.clock import TurnableClock
from tests.support.requests_desk import draft

RUN = "team"
BOB = Actor("bob")
CALL = CallUsage(10, 5, "0.001")
PENDING = (Status.OPEN, Status.CLAIMED)


class BoardDesk:
    """One run of a team; every method is one transaction of a store of its own."""

    def __init__(self, tasks: list[Planned]) -> None:
        self.tasks = joined(tasks)
        self.clock = TurnableClock()
        self.store = MemoryStore()
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self.store.open())
        self.do(units.create, run=self._run())

    def _run(self) -> StoredRun:
        now = self.clock.now()
        return StoredRun(RUN, "team", "team", {}, RunStatus.PENDING, now, now, initiator="alice")

    def close(self) -> None:
        """Check the whole log once more, and end."""
        found = self._loop.run_until_complete(verify(self.store))
        self._loop.run_until_complete(self.store.close())
        self._loop.close()
        assert found.ok, found.problems

    def do(self, unit: Callable[..., Any], **arguments: Any) -> Any:
        """Run a unit."""
        return self._loop.run_until_complete(self.store.do(unit, **arguments))

    def act(self, unit: Callable[..., Any], **arguments: Any) -> str | None:
        """Run what a person does to the board; returns how it was refused."""
        found = self.do(unit, run_id=RUN, actor=BOB, now=self._turned(), **arguments)
        if isinstance(found, Conflict):
            return "illegal" if isinstance(found, IllegalMove) else "conflict"
        return None

    def _turned(self) -> Any:
        return self.clock.turn(1)

    # -- the run of the team ----------------------------------------------------------------------------------------

    def look(self) -> bool:
        """Let the team's run look at its board, if anything has woken it; returns whether."""
        return bool(self.do(_look, tasks=self.tasks, now=self._turned()))

    # -- the runs of agents -------------------------------------------------------------------------------------------

    def end(self, child: str, what: str, value: Any = None, heard: int = 0, calls: int = 0) -> None:
        """Let an agent's run come to an end."""
        self.do(
            _end, child=child, what=what, value=value, heard=heard, usage=[CALL] * calls, now=self._turned()
        )

    def ask(self, child: str) -> None:
        """Let an agent's run ask people for something, and wait."""
        self.do(_ask, child=child, request_id=f"req_{child}", now=self._turned())

    def decide(self, request_id: str, verb: str, **said: Any) -> None:
        """Decide a request in the inbox; the board isn't looked at."""
        self.do(inbox.decide, request_id=request_id, verb=verb, actor=BOB, now=self._turned(), **said)

    def withdraw(self, request_id: str) -> None:
        """Take a request back."""
        self.do(inbox.withdraw, request_id=request_id, actor=BOB, now=self._turned())

    def consult(self, task: str, child: str, heard: int, worked_in: int, calls: int) -> work.Notes:
        """Let an agent tell and ask what it does between two calls."""
        found: work.Notes = self.do(
            work.consult,
            run_id=RUN,
            task=task,
            child=child,
            heard=heard,
            worked_in=worked_in,
            usage=[CALL] * calls,
            now=self._turned(),
        )
        return found

    def told(self, task: str, heard: int, last: int) -> list[str]:
        """Return the feedback that an agent is told then."""
        found = self.do(work.told, run_id=RUN, task=task, heard=heard, last=last)
        return [said["content"] for said in found]

    # -- looking ------------------------------------------------------------------------------------------------------

    def card(self, task: str) -> Card:
        """Return a card as its row is."""
        found = self.do(lambda tx: tx.card(RUN, task))
        assert found is not None
        return found  # type: ignore[no-any-return]

    def view(self) -> Any:
        """Return what the model is compared with, from the rows."""
        return self.do(_view)

    def rows(self) -> Any:
        """Return everything that rows keep of a board."""
        return self.do(_rows)

    def board(self) -> Board:
        """Return what the log makes."""
        return Board.rebuilt(self.log())

    def log(self) -> list[Any]:
        """Return the log of the team's run."""
        return list(self.do(lambda tx: tx.team_log(RUN, 0, 1 << 30)))

    def open_requests(self) -> list[Any]:
        """Return all requests that wait for people."""
        return list(self.do(lambda tx: tx.requests(Filter(PENDING))))

    def request(self, request_id: str) -> Any:
        """Return a request."""
        return self.do(lambda tx: tx.request(request_id))

    def run(self, run_id: str = RUN) -> StoredRun:
        """Return a run."""
        found = self.do(lambda tx: tx.run(run_id))
        assert found is not None
        return found  # type: ignore[no-any-return]

    def children(self) -> list[StoredRun]:
        """Return every round's run."""
        return [run for run in self.do(lambda tx: tx.runs((), None, None, 1 << 30)) if run.parent == RUN]


def _taken(tx: Any, run_id: str, now: Any) -> StoredRun | None:
    claimed = units.claim(tx, run_ids=[run_id], queues=["team"], worker="worker", now=now)
    return claimed[0].run if claimed else None


def _look(tx: Any, *, tasks: Any, now: Any) -> bool:
    if (run := _taken(tx, RUN, now)) is None:
        return False
    team = moves.advance(tx, run_id=RUN, name="team", tasks=tasks, inputs={}, now=now)
    ends = {
        WorkflowStatus.FINISHED: (RunStatus.FINISHED, {"result": {}}),
        WorkflowStatus.ERRORED: (RunStatus.FAILED, {"error": {"message": "broken"}}),
    }
    if team.status in ends:
        status, more = ends[team.status]
        assert units.finish(tx, run=run, now=now, status=status, **more) is not None
    else:
        assert units.record(tx, run_id=RUN, token=run.token, now=now, entries=[], park=True)
    return True


def _end(tx: Any, *, child: str, what: str, value: Any, heard: int, usage: list[CallUsage], now: Any) -> None:
    if what == "cancelled":
        units.cancel(tx, run_id=child, now=now, actor="bob")
        return
    tx.add_wakeup(child, "", now)
    run = _taken(tx, child, now)
    assert run is not None
    if what == "failed":
        units.finish(tx, run=run, now=now, status=RunStatus.FAILED, error={"message": "broken"})
        return
    blocked = value if what == "blocked" else None
    result = None if what == "blocked" else value
    said = RoundEnd(result, blocked, heard, usage).write()
    units.finish(tx, run=run, now=now, status=RunStatus.FINISHED, result=said)


def _ask(tx: Any, *, child: str, request_id: str, now: Any) -> None:
    run = _taken(tx, child, now)
    assert run is not None
    question = units.Question(request_id, draft(), "team", "tool", None)
    assert units.record(
        tx, run_id=child, token=run.token, now=now, entries=[], question=question, park=True, parent=RUN
    )


def _view(tx: Any) -> Any:
    team = tx.team(RUN)
    return str(team.status), {
        card.id: (
            str(card.status),
            card.round,
            card.ready,
            card.result,
            [[said.content, str(said.status)] for said in tx.feedback(RUN, card.id)],
            card.usage.calls,
        )
        for card in tx.cards(RUN)
    }


def _rows(tx: Any) -> Any:
    team, cards = tx.team(RUN), tx.cards(RUN)
    return (
        (team.name, team.status, team.error, team.inputs, team.begun_at),
        {card.id: card for card in cards},
        {card.id: tuple(tx.feedback(RUN, card.id)) for card in cards},
    )
