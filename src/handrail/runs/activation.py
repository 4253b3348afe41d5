"""One execution of a run, from being claimed to its next wait: what its steps share, and their one way to write."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handrail.flows.execution import Parked, Stopped
from handrail.inbox.ports import Clock, Store
from handrail.requests.errors import ForeignTask, StoreBusy, StoreError, StoreFull
from handrail.requests.facts import changed
from handrail.runs import units
from handrail.runs.journal import Entry, State
from handrail.runs.units import Frames, Question, Requests

if TYPE_CHECKING:
    from handrail.flows.node import ChainableNode
    from handrail.runs.branches import Gather

logger = logging.getLogger(__name__)

SOON = 0.02
"""seconds after which held results are stored, if a step is being executed that long"""
PATIENCE = 30.0
"""seconds to keep trying to store what has been done, while the disk is full or the database locked"""
LARGEST = 4096
"""characters of results that are kept in memory of one run that waits"""


class Fenced(BaseException):
    """The run belongs to somebody else by now, or was cancelled: stop without a trace."""


class Cancelled(BaseException):
    """A person who was asked about an interrupted step cancelled the run."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


def is_failure(error: BaseException) -> bool:
    """Whether user code failed: also by what would end the process, or by a cancellation that nobody asked for.

    Whatever comes out of a step that is being cancelled is no failure, also if user code has turned the cancellation
    into another error: the step was cut off.
    """
    match error:
        case Parked() | Stopped() | Fenced() | Cancelled() | KeyboardInterrupt() | GeneratorExit():
            return False
    return not being_cancelled()


def being_cancelled() -> bool:
    """Whether the present task was told to stop."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def cut_off(error: BaseException) -> None:
    """Raise what goes on through the rest of an execution, if that isn't what its code has raised."""
    if isinstance(error, Exception):
        raise asyncio.CancelledError from error


@dataclass(eq=False)
class Strand:
    """A branch that is executed, or the run itself: one asyncio task that waits and wakes alone."""

    path: str
    task: "asyncio.Task[Any] | None"
    branch: Entry | None = None
    frames: Frames = field(default_factory=dict)
    requests: Requests = field(default_factory=dict)
    parked: bool = False
    written: list[Entry] | None = field(default_factory=list)
    """what this execution has written, None if the store has, or may have, made something else of it"""
    held: dict[tuple[str, int], Entry] = field(default_factory=dict)
    """entries that are stored with the next ones, by frame and ordinal"""
    soon: asyncio.TimerHandle | None = None
    """stores what is held if nothing else does in a moment"""
    owing: bool = False
    """whether a replay might not come to all of them again: then nothing may be done before they are stored"""
    _size: int = 0

    def hold(self, entry: Entry, *, owing: bool) -> None:
        """Keep an entry for the next write."""
        self.held[entry.frame, entry.ordinal] = entry
        self.owing = self.owing or owing

    def last_entries(self) -> list[Entry]:
        """Return what is held, to be stored with the end of this strand."""
        self.stop_waiting()
        return list(self.held.values())

    def stop_waiting(self) -> None:
        """What is held is stored with what is being stored now."""
        if self.soon is not None:
            self.soon.cancel()
            self.soon = None

    def end(self) -> None:
        """Let go of what holds this strand: its task does so through its context, and the ring would stay."""
        self.task = None
        self.stop_waiting()

    def remember(self, written: list[Entry], entries: list[Entry]) -> None:
        """Keep what was written before with what was written now, unless that is too much."""
        self._size += sum(len(entry.value or "") for entry in entries)
        if self._size <= LARGEST:
            written.extend(entries)
            self.written = written


@dataclass(eq=False)
class Activation:
    """What all steps of one execution share."""

    run_id: str
    token: int
    flow: str | None
    initiator: str | None
    store: Store
    clock: Clock
    input_size: Callable[[], int] = lambda: 0
    """tells how many bytes of JSON the run was started with"""
    doom: BaseException | None = None
    """what ended this execution; every further call raises it again, whatever user code caught"""
    whole: "ChainableNode | None" = None
    """the flow that is executed"""
    home: str | None = None
    """the worker that the run lives and dies with"""
    parent: str | None = None
    """the run that has begun this one"""
    gathers: "dict[str, Gather]" = field(default_factory=dict)
    """by their addresses, those whose branches are executed now"""
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """held while answers are taken up, and while a gather makes sure that there are none before it waits"""
    about_to_take: bool = False
    """whether somebody waits for that lock already to take answers up: one is enough"""

    def check(self, strand: Strand) -> None:
        """Raise what has ended this execution, or `ForeignTask` for a call from a task that the run doesn't know."""
        if self.doom is not None:
            raise self.doom
        if strand.task is not asyncio.current_task():
            raise ForeignTask(
                f"a step of run {self.run_id} was called from another asyncio task; "
                "use handrail.gather(...) instead of asyncio.gather or create_task, and attempt_timeout instead "
                "of wait_for"
            )
        if strand.parked:
            raise Parked

    def end(self, doom: BaseException) -> BaseException:
        """Let every further call raise `doom`; returns it."""
        self.doom = self.doom or doom
        return self.doom

    async def write(
        self,
        strand: Strand,
        entries: list[Entry],
        *,
        question: Question | None = None,
        watch: str | None = None,
        wake_at: datetime | None = None,
        again: str | None = None,
        park: bool = False,
    ) -> None:
        """Store entries, and with them what goes together; after `park` the strand can't do anything more."""
        strand.stop_waiting()
        if park:
            strand.parked = True
            if strand.branch is not None:
                entries = [*entries, changed(strand.branch, state=State.WAITING)]
        if strand.held:
            latest = {(entry.frame, entry.ordinal): entry for entry in entries}
            entries = list((strand.held | latest).values())
        # Unknown until the store has answered: whoever is cut off from the answer can't say what is stored.
        written, strand.written = strand.written, None
        try:
            held = await self.insist(
                units.record,
                run_id=self.run_id,
                token=self.token,
                now=self.clock.now(),
                entries=entries,
                question=question,
                watch=watch,
                strand=strand.path,
                wake_at=wake_at,
                again=again,
                park=park,
                parent=self.parent,
            )
        except Exception:  # refused: nothing was stored, so the strand doesn't wait
            strand.parked, strand.written = False, written
            raise
        if not held:
            raise self.end(Fenced())
        strand.held, strand.owing = {}, False
        told = again is None and watch is None and (question is None or question.draft.key is None)
        if written is not None and told:
            strand.remember(written, entries)

    def write_soon(self, strand: Strand) -> None:
        """Store what is held unless that happens in a moment anyway: a step that takes long is about to be executed."""
        if strand.soon is None:
            loop = asyncio.get_running_loop()
            strand.soon = loop.call_later(SOON, lambda: loop.create_task(self._write_held(strand)))

    async def _write_held(self, strand: Strand) -> None:
        if strand.soon is None or self.doom is not None:
            return  # the next write is under way: it takes them along, and what it stores is newer
        strand.soon, held = None, dict(strand.held)
        try:
            entries = list(held.values())
            stored = await self.store.do(
                units.record, run_id=self.run_id, token=self.token, now=self.clock.now(), entries=entries
            )
        except StoreError as error:
            logger.info(
                "run %s: results are stored with the next ones: %s", self.run_id, type(error).__name__
            )
            return
        if stored:  # if not, the next write finds out
            strand.held = {
                place: entry for place, entry in strand.held.items() if held.get(place) is not entry
            }
            if strand.written is not None:
                strand.remember(strand.written, entries)

    async def take_up(self) -> bool:
        """Let branches go on whose answers have come while others are executed; False if none are executed now."""
        if self.about_to_take:
            return True
        self.about_to_take = True
        async with self.taking:
            self.about_to_take = False
            if not self.gathers:
                return False
            if self.doom is not None:
                return True  # it ends: whoever executes the run next finds the answers
            opened = await self.store.do(
                units.take_up, run_id=self.run_id, token=self.token, now=self.clock.now()
            )
            for branch in opened:
                if (gather := self.gathers.get(branch.frame)) is not None:
                    gather.reopen(branch.ordinal)
            return True

    async def insist(self, unit: Any, **arguments: Any) -> Any:
        """Run a unit; while there is no room or the database is locked, keep trying: work that is done is not lost."""
        pause, waited = 0.2, 0.0
        while True:
            try:
                return await self.store.do(unit, **arguments)
            except (StoreFull, StoreBusy) as error:
                if waited >= PATIENCE:
                    raise self.end(error) from error
                logger.warning("run %s can't be stored yet: %s", self.run_id, error)
                try:
                    await asyncio.sleep(pause)
                except (
                    asyncio.CancelledError
                ):  # by a time limit around it: nothing is stored, so nothing may follow
                    self.end(error)
                    raise
                waited += pause
                pause = min(pause * 2, 5.0)
            except StoreError as error:
                raise self.end(error) from error
