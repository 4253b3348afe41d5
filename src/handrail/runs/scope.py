"""What a step sees of its run: where it is, what is recorded there, and how it does more.

The calls of a frame come in the same order in every execution. Each takes the next entry of the frame: a completed
one gives its recorded result, one that is missing is executed and recorded, a different one means that the past
doesn't match the flow.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from time import monotonic_ns
from typing import Any, NoReturn

from handrail import killpoints
from handrail.flows.execution import Data, Parked, StepOptions, Stopped, _current
from handrail.flows.node import ChainableNode
from handrail.requests.content import JSON, LIMIT, decode, encode, plain
from handrail.requests.errors import (
    HandrailError,
    InvalidInput,
    ModelError,
    NonDeterministicNode,
    ProgrammingError,
    StoreError,
)
from handrail.requests.facts import changed
from handrail.requests.identifier import new_id, parse_time
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.runs import interruption, tasks
from handrail.runs.activation import Activation, Strand, being_cancelled, cut_off, is_failure
from handrail.runs.branches import close_unused, run_branches
from handrail.runs.journal import (
    ANY_KIND,
    Entry,
    State,
    as_failure,
    failure_of,
    in_words,
    is_final,
    place_of,
    refusal_of,
)
from handrail.runs.units import Question

LONGEST_PAUSE = 86_400.0
"""seconds between two attempts, whatever a server asks for"""


class Scope:
    """The execution of one frame: the run itself, a node, or a branch."""

    def __init__(
        self,
        activation: Activation,
        strand: Strand,
        frame: str = "",
        *,
        parent: "Scope | None" = None,
        around: "Scope | None" = None,
        own: Entry | None = None,
        node: ChainableNode | None = None,
        repeatable: bool = False,
    ) -> None:
        self.activation = activation
        self.strand = strand
        self.address = frame
        self.parent = parent
        self._around = around or parent
        self.own = own
        self.node = node
        self.repeatable = repeatable
        """whether the code in here comes to the same each time: see `ChainableNode.repeatable`"""
        self.entries = strand.frames.get(frame, [])
        self._taken_in = 0
        self._written = own is None or bool(self.entries)
        self._cursor = 0
        self._cut = False
        self._expired = False
        """whether a step was cancelled in its middle: what it came to is not recorded, so nothing may follow"""
        self._names: dict[str, int] = {}

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.activation.run_id

    @property
    def web_url(self) -> str | None:
        """Where people reach the pages of the store, if they are served."""
        return self.activation.store.web_url

    def now(self) -> datetime:
        """Return the present moment, which a replay would not repeat."""
        return self.activation.clock.now()

    def take_in(self, text: str | None) -> JSON:
        """Return a recorded result, and remember how large it is: the result of this step may hold it."""
        self._taken_in += len(text or "")
        return decode(text or "null")

    def given(self) -> int:
        """Return how many bytes of JSON this step was given: so many more may its own result have."""
        return self._taken_in + (self._around.given() if self._around else self.activation.input_size())

    # -- taking the next entry ------------------------------------------------------------------------------------

    def take(self, name: str | None, kind: str) -> tuple[Entry, bool]:
        """Return the next entry of this frame, and whether it is recorded."""
        self.activation.check(self.strand)
        self._check_whole()
        ordinal, label = self._cursor, self._label(name)
        self._cursor += 1
        if ordinal < len(self.entries):
            recorded = self.entries[ordinal]
            if (recorded.label, recorded.kind) == (label, kind):
                return recorded, True
            if (recorded.label, recorded.kind) != (label, ANY_KIND):
                self.differs(ordinal, place_of(recorded), {"name": label, "kind": kind})
        return Entry(self.address, ordinal, label, kind, State.OPEN), False

    def _label(self, name: str | None) -> str:
        if name is None:
            return str(self._cursor)
        self._names[name] = count = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}~{count}"

    def beside(self, entry: Entry) -> "Scope":
        """Return the scope of what is asked about a step of this frame, apart from what is inside it."""
        return Scope(self.activation, self.strand, entry.address + "!", parent=self)

    def skip_done(self) -> int:
        """Go on behind the entries that are done; returns the place of the next one."""
        while self._cursor < len(self.entries) and self.entries[self._cursor].state is State.DONE:
            self._cursor += 1
        return self._cursor

    async def settle(self, ordinal: int, *together: Entry) -> None:
        """Store that an entry of this frame is over, and what that means for others."""
        self.entries[ordinal] = changed(self.entries[ordinal], state=State.DONE)
        await self.write(self.entries[ordinal], *together)

    def differs(self, ordinal: int, recorded: dict[str, Any] | None, flow: dict[str, Any] | None) -> NoReturn:
        """End this execution: what is recorded at `ordinal` of this frame is not what the flow has there."""
        difference = {"frame": self.address, "position": ordinal, "recorded": recorded, "flow": flow}
        message = (
            f"the past of run {self.run_id} doesn't match: {in_words(difference)}. If the flow "
            "was changed, map old names to new with `handrail migrate`; if it wasn't, use step(), now() and uuid() for "
            "whatever differs between two executions"
        )
        raise self.activation.end(NonDeterministicNode(message, difference=difference))

    @asynccontextmanager
    async def refusals_kept(self, entry: Entry) -> AsyncIterator[None]:
        """Record it when a request is refused: whatever the flow makes of that, a replay has to hear it again."""
        if entry.state is State.FAILED:
            raise refusal_of(entry, self.run_id)
        try:
            yield
        except HandrailError as error:
            if not isinstance(error, StoreError | ProgrammingError):
                failure = encode(as_failure(entry.address, error))
                await self.write(changed(entry, state=State.FAILED, value=failure, request_id=None))
            raise

    def check_question(self, entry: Entry, draft: RequestDraft) -> None:
        """End this execution unless what is asked now is what was asked then."""
        if entry.value != draft.question_hash:
            before = self.strand.requests.get(entry.request_id or "")
            recorded: dict[str, Any] = {**place_of(entry), "question": entry.value}
            flow: dict[str, Any] = {**place_of(entry), "question": draft.question_hash}
            if before is not None and before.draft.question_hash == entry.value:
                recorded["title"], flow["title"] = before.draft.title, draft.title
                flow["part"] = draft.parts_unlike(before.draft)
            self.differs(entry.ordinal, recorded, flow)

    def close(self) -> None:
        """Check that everything recorded in this frame was reached."""
        if self.activation.doom is not None or self.strand.parked:
            self.activation.check(self.strand)
        self._check_whole()
        if self._cursor < len(self.entries):
            self.differs(self._cursor, place_of(self.entries[self._cursor]), None)

    def _check_whole(self) -> None:
        if self._cut:
            where = f"in {self.address!r}" if self.address else "of the flow"
            raise ProgrammingError(
                f"a step {where} was cut off by a timeout or a cancellation around it, which a replay can't repeat; "
                "bound a step by its own attempt_timeout, and a request by its timeout"
            )

    # -- writing --------------------------------------------------------------------------------------------------

    def _marks(self, *, parking: bool = False) -> "list[tuple[Scope, Entry]]":
        """Return the entries of the steps around, as far as they have to be written with an inner one."""
        found: list[tuple[Scope, Entry]] = []
        scope: Scope | None = self
        while scope is not None:
            if scope.own is not None and (not scope._written or (parking and scope.own.state is State.BEGUN)):
                found.append((scope, changed(scope.own, state=State.OPEN)))
            scope = scope.parent
        return found

    async def write(self, *entries: Entry, park: bool = False, **together: Any) -> None:
        """Store entries of this frame, and what goes together with them."""
        marks = self._marks(parking=park)
        await self.activation.write(
            self.strand, [*(mark for _, mark in marks), *entries], park=park, **together
        )
        for scope, mark in marks:
            scope.own, scope._written = mark, True

    async def _done(self, entry: Entry, text: str, *, owing: bool, took: int) -> None:
        """Record the result of a step: now, or with what comes next if that is as good."""
        entry = changed(entry, state=State.DONE, value=text, took=took)
        if not self.repeatable:
            await self.write(entry)
            killpoints.reach("step:after")
            return
        for scope, mark in self._marks():
            self.strand.hold(mark, owing=False)
            scope.own, scope._written = mark, True
        self.strand.hold(entry, owing=owing)

    async def _write_before(self) -> None:
        """Store what is held before anything is done that a replay can't repeat: at once if it owes something."""
        if self.strand.owing:
            await self.write()
            killpoints.reach("step:after")
        else:
            self.activation.write_soon(self.strand)

    async def park(self, *entries: Entry, **together: Any) -> NoReturn:
        """Let this branch of the run wait, and unwind."""
        await self.write(*entries, park=True, **together)
        raise Parked

    # -- the calls ------------------------------------------------------------------------------------------------

    async def run_node(self, node: ChainableNode, body: Callable[[], Awaitable[JSON]]) -> Data:
        """Execute a node as a step of this run."""
        entry, recorded = self.take(node.name, node.kind)
        result: Data = await self._run(entry, recorded, body, node.options, node)
        return result

    async def step(self, name: str, body: Callable[[], Awaitable[JSON]], options: StepOptions) -> JSON:
        """Execute a function as a step of this run."""
        entry, recorded = self.take(name, "step")
        return await self._run(entry, recorded, body, options, None)

    async def ask(self, draft: RequestDraft, name: str | None = None) -> HumanRequest:
        """Return the request once it has ended; until then the run waits."""
        entry, recorded = self.take(name, "ask")
        if recorded and entry.request_id is not None:
            self.check_question(entry, draft)
            request = self.strand.requests[entry.request_id]
            if request.ended:
                self._taken_in += LIMIT
                return request
            await self.park()
        request_id = new_id("req", self.now())
        question = Question(request_id, draft, self.activation.flow, entry.address, self.activation.initiator)
        killpoints.reach("ask:before")
        waiting = changed(entry, state=State.WAITING, value=draft.question_hash, request_id=request_id)
        async with self.refusals_kept(entry):
            await self.write(waiting, question=question, park=True)
        killpoints.reach("ask:after")
        raise Parked

    @property
    def task_scope(self) -> str:
        """What the ids of tasks are unique in: the run, or the process for a node that was executed outside one."""
        alone = self.activation.home is not None and self.activation.whole is self.node
        return self.activation.home or self.run_id if alone else self.run_id

    async def submit(self, draft: RequestDraft, own: bool) -> str:
        """Open a task, or join the one that has its key; returns the key. `own` says whether it ends with this run."""
        return await tasks.submit(self, draft, own and self.task_scope == self.run_id)

    async def wait_for(self, key: str, timeout: float | None) -> HumanRequest | None:
        """Return the task once it is done, or None if that took longer than `timeout` seconds."""
        request = await tasks.wait_for(self, key, timeout)
        self._taken_in += LIMIT
        return request

    async def wait_until_done(self, key_prefix: str) -> None:
        """Return once no task is left whose key begins so."""
        await tasks.wait_until_done(self, key_prefix)

    async def sleep(self, duration: float) -> None:
        """Wait; the run is forgotten meanwhile."""
        entry, recorded = self.take(None, "sleep")
        if recorded and entry.value is not None:
            wake_at = parse_time(decode(entry.value))
            if wake_at <= self.now():
                return
            await self.park(wake_at=wake_at)
        wake_at = self.now() + timedelta(seconds=duration)
        waiting = changed(entry, state=State.WAITING, value=encode(wake_at.isoformat()))
        await self.write(waiting, wake_at=wake_at, park=True)
        killpoints.reach("sleep:after")
        raise Parked

    async def remember(self, kind: str, make: Callable[[], JSON]) -> JSON:
        """Return what `make` gave the first time."""
        entry, recorded = self.take(None, kind)
        if recorded and entry.value is not None:
            return decode(entry.value)
        text = encode(make())
        await self.write(changed(entry, state=State.DONE, value=text))
        return decode(text)

    async def gather(
        self,
        branches: Sequence[Awaitable[JSON] | Callable[[], Awaitable[JSON]]],
        limit: int | None = None,
    ) -> list[JSON]:
        """Execute branches at once; each waits and wakes alone."""
        try:
            entry, recorded = self.take(None, "gather")
            return await run_branches(self, entry, recorded, branches, limit)
        except asyncio.CancelledError:
            self._cut = True
            raise
        finally:
            close_unused(branches)

    # -- executing one step -----------------------------------------------------------------------------------------

    async def _run(
        self,
        entry: Entry,
        recorded: bool,
        body: Callable[[], Awaitable[JSON]],
        options: StepOptions,
        node: ChainableNode | None,
    ) -> JSON:
        if recorded:
            match entry.state:
                case State.DONE:
                    return self.take_in(entry.value)
                case State.FAILED:
                    raise failure_of(entry, self.run_id)
                case State.STOPPED:
                    raise Stopped(decode(entry.value or "{}"))
                case State.BEGUN:
                    happened = await interruption.ask_what_happened(self, entry)
                    if happened is not None:
                        await self.write(changed(entry, state=State.DONE, value=happened))
                        return self.take_in(happened)
        if options.on_interrupt == "ask":
            entry = changed(entry, state=State.BEGUN)
            await self.write(entry)
            killpoints.reach("begin:after")
        repeatable = node is not None and node.repeatable
        if self.strand.held and not repeatable:
            await self._write_before()
        inner = Scope(
            self.activation,
            self.strand,
            entry.address,
            parent=self,
            own=entry,
            node=node,
            repeatable=repeatable,
        )
        inner._written = recorded or entry.state is State.BEGUN
        killpoints.reach("step:before")
        began = monotonic_ns()
        try:
            text = await inner._attempt(body, options.attempt_timeout)
        except Stopped as stop:
            self._check_alive()
            await self.write(
                changed(entry, state=State.STOPPED, value=encode(stop.result, given=inner.given))
            )
            raise
        except BaseException as error:
            if not is_failure(error):
                self._cut = self._cut or being_cancelled()
                cut_off(error)
                raise
            self._check_alive()
            if inner._expired and entry.state is State.BEGUN:
                await self.park(
                    wake_at=self.now()
                )  # cut off in its middle: a person is asked, as after a crash
            entry = changed(entry, took=(monotonic_ns() - began) // 1000)
            raise await self._failed(entry, error, options) from error
        killpoints.reach("step:executed")
        await self._done(entry, text, owing=not repeatable, took=(monotonic_ns() - began) // 1000)
        return self.take_in(text)

    async def _attempt(self, body: Callable[[], Awaitable[JSON]], limit: float | None) -> str:
        """Execute the body in this scope and return its result as text."""
        token = _current.set(self)
        try:
            if limit is None:
                result = await body()
            else:
                async with asyncio.timeout(limit) as bound:
                    result = await body()
        except TimeoutError:
            if limit is not None and bound.expired():
                self._expired = True
                raise TimeoutError(f"the attempt took longer than attempt_timeout={limit:g} s") from None
            raise
        finally:
            _current.reset(token)
        if self.node is not None and not isinstance(result := plain(result), dict):
            self._check_alive()
            what = type(result).__name__
            raise InvalidInput(
                f"node {self.address!r} ({self.node.kind}) returned {what}; a node returns a dict"
            )
        self.close()
        return encode(result, f"the result of {self.address!r}", self.given)

    def _check_alive(self) -> None:
        """Raise again what user code may have caught: that the run waits, or has ended here."""
        if self.activation.doom is not None:
            raise self.activation.doom
        if self.strand.parked:
            raise Parked

    async def _failed(self, entry: Entry, error: BaseException, options: StepOptions) -> Exception:
        """Store a failed attempt. Either the run waits for the next one, or the failure is final and returned."""
        attempt = entry.attempt + 1
        if attempt <= options.retries and not is_final(error):
            wake_at = self.now() + timedelta(seconds=_pause(options, attempt, error))
            again = changed(entry, state=State.OPEN, attempt=attempt)
            await self.write(again, wake_at=wake_at, again=entry.address, park=True)
            raise Parked
        entry = changed(
            entry, state=State.FAILED, value=encode(as_failure(entry.address, error)), attempt=attempt
        )
        await self.write(entry)
        return failure_of(entry, self.run_id)


def _pause(options: StepOptions, attempt: int, error: BaseException) -> float:
    """Return the seconds to wait: what the node says, or what a model's server asked for if that is longer."""
    asked = error.retry_after if isinstance(error, ModelError) else None
    return max(options.pause(attempt), min(asked or 0.0, LONGEST_PAUSE))
