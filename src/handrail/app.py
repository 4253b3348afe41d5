"""The one wiring file: a store, an engine, an inbox, and flows by their names."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence, Sized
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from handrail import settings
from handrail.channels import terminal
from handrail.flows.carriers import uncarried
from handrail.flows.function import as_flow
from handrail.flows.node import ChainableNode
from handrail.flows.web_approval import request_url, web_url
from handrail.inbox.channel import Channel
from handrail.inbox.clock import SystemClock
from handrail.inbox.delivered import Tries
from handrail.inbox.inbox import Inbox
from handrail.inbox.outbox import Outbox
from handrail.inbox.ports import Clock
from handrail.inbox.receiving import receiving
from handrail.people.door import ChannelDoor
from handrail.people.groups import set_group
from handrail.people.people import People
from handrail.people.ports import PeopleTransaction
from handrail.people.secret import Secret
from handrail.requests.decision import SYSTEM
from handrail.requests.errors import InvalidFlow, InvalidInput, ProgrammingError, RunMismatch, UnknownId
from handrail.requests.facts import changed
from handrail.requests.identifier import new_id
from handrail.runs import many, units
from handrail.runs.draft import draft
from handrail.runs.migration import Mapped, migrate
from handrail.runs.ports import RunTransaction
from handrail.runs.process_tasks import ProcessTasks
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.runs import Runs, check_run_id, find, result_of
from handrail.stores.sqlite import SQLiteStore
from handrail.teams import moves as team_moves
from handrail.teams.flow import TeamFlow
from handrail.teams.team import Team
from handrail.teams.teams import Teams
from handrail.webhooks.delivering import Deliverer
from handrail.webhooks.sending import calling
from handrail.webhooks.webhooks import Webhooks
from handrail.worker import Work

if TYPE_CHECKING:
    from handrail.outgoing.call import Outgoing
    from handrail.web.face import Face

Function = Callable[..., Awaitable[dict[str, Any]]]
logger = logging.getLogger(__name__)


class Run:
    """One execution of a flow, as its starter holds it."""

    def __init__(self, app: "App", run_id: str) -> None:
        self._app = app
        self.id = run_id

    @property
    def status(self) -> RunStatus:
        """The status now, read from the store."""
        return self._app.store.read_now(find, run_id=self.id).status

    async def result(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the result once there is one; waits at most `timeout` seconds (`TimeoutError`, the run goes on).

        Raises `StepFailed`, `RunCancelled`, `RunAbandoned` or `RunNeedsAttention` if it came to that.
        """
        return result_of(await self._app.wait(self.id, timeout))

    async def cancel(self) -> None:
        """Cancel the run and withdraw its requests. Raises `Conflict` if it has ended otherwise."""
        await self._app.runs.cancel(self.id, actor=settings.os_user())

    async def retry(self) -> None:
        """Let a FAILED run go on at the step that failed."""
        await self._app.runs.retry(self.id, actor=settings.os_user())

    def __repr__(self) -> str:
        return f"<Run {self.id}>"


class App:
    """Flows with names, a store, and what makes them advance.

    Args:
        store: a URL (`sqlite:///handrail.db`, `memory://`), a path, or a store; by default `HANDRAIL_STORE` or
            `handrail.db` in the working directory.
        groups: people by the name of their group, for audiences such as `group:legal`. These groups are the code's:
            each opening of the app makes them so again, whatever was set by hand; all others stay as they were set.
        channels: by name, what carries requests to people who are not looking at an inbox; or just names of channels
            that are set up by environment variables, such as `["slack"]`; by default those of `HANDRAIL_CHANNELS`.
        concurrency: how many runs are executed at once; runs that wait don't count.
        allow_hosts: hosts (`host` or `host:port`) and networks that callbacks may reach though they aren't public; by
            default `HANDRAIL_ALLOW_HOSTS`, a list with commas.
        clock: tells the time.

    `async with app` opens the store and works on its runs until the block ends; `async with app.connect()` only opens
    it.

    >>> import asyncio
    >>> from handrail import App, FunctionNode
    >>> app = App(store="memory://")
    >>> _ = app.flow("shout", FunctionNode(lambda x: {"content": x["content"].upper()}))
    >>> async def main():
    ...     async with app:
    ...         run = await app.start("shout", {"content": "hello"})
    ...         return await run.result(timeout=10)
    >>> asyncio.run(main())
    {'content': 'HELLO'}
    """

    def __init__(
        self,
        *,
        store: str | SQLiteStore | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
        channels: Mapping[str, Channel] | Iterable[str] | None = None,
        concurrency: int = 100,
        allow_hosts: str | Sequence[str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if concurrency < 1:
            raise InvalidInput("concurrency is at least 1")
        self.flows: dict[str, ChainableNode] = {}
        self.groups = {name: tuple(people) for name, people in (groups or {}).items()}
        self.channels = settings.channels(channels)
        self.clock: Clock = clock or SystemClock()
        self.configured_store = store
        self.allowed = settings.allowed_hosts(allow_hosts)
        self._concurrency = concurrency
        self._store: SQLiteStore | None = None
        self._worker: Work | None = None

    # -- flows --------------------------------------------------------------------------------------------------------

    def flow(self, name: str, flow: ChainableNode | Function | None = None) -> Any:
        """Give a flow a name: `app.flow("publish-post", flow)`, or `@app.flow("publish-post")` on an async function.

        Returns the flow as a node. Raises `InvalidFlow` for a name that is taken or can't be one.
        """
        if flow is None:
            return lambda function: self.flow(name, function)
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise InvalidFlow(f"{name!r} can't be the name of a flow")
        if name in self.flows:
            raise InvalidFlow(f"two flows are named {name!r}: names in an app are unique")
        node = as_flow(flow)
        node.registered_as = name
        self.flows[name] = node
        if self._worker is not None:
            self._worker.runner.flows[name] = node
        return node

    def team(self, team: Team) -> Team:
        """Register a team under its name, so that the workers of this app work for it; returns it.

        Raises `InvalidFlow` for a name that is taken.
        """
        if not isinstance(team, Team):
            raise InvalidInput(f"app.team takes a Team, not {type(team).__name__}")
        self.flow(team.name, team.flow)
        team.home = self
        return team

    # -- opening ------------------------------------------------------------------------------------------------------

    @property
    def store(self) -> SQLiteStore:
        """The open store."""
        if self._store is None:
            raise ProgrammingError("the app is not open: use it inside `async with app:`")
        return self._store

    @property
    def inbox(self) -> Inbox:
        """The one door by which requests change."""
        return Inbox(self.store, self.clock, after=self.teams.look_after)

    @property
    def runs(self) -> Runs:
        """The runs of the store."""
        return Runs(self.store, self.clock, cancel=team_moves.cancel)

    @property
    def teams(self) -> Teams:
        """The boards of the store."""
        return Teams(self.store, self.clock)

    @property
    def people(self) -> People:
        """Who may use the store through pages and API."""
        return People(self.store, self.clock, Secret(self.store.path))

    @property
    def webhooks(self) -> Webhooks:
        """Who is told what happens, and who may call in."""
        return Webhooks(self.store, self.clock, self.people.secret, self.outgoing)

    def outgoing(self) -> "Outgoing":
        """Return what calls URLs that others have named. Raises `InvalidInput` where packages for it are missing."""
        return calling(self.allowed)

    def door(self, channel: str) -> ChannelDoor:
        """Return the door through which a channel brings in what people do."""
        secret = Secret(self.store.path)
        return ChannelDoor(channel, self.store, self.clock, self.inbox, self.link, secret)

    def link(self, request_id: str) -> str:
        """Return the address of a request's page, of the inbox for none."""
        base = web_url(self.store.web_url)
        return request_url(request_id, base) if request_id else base

    def face(self, url: str = "http://127.0.0.1:8000") -> "Face":
        """Return what a server shows of this app, to `handrail.web.server.create`; `url` is where people reach it."""
        from handrail.outgoing.call import Outgoing
        from handrail.web.face import Face

        return Face(
            store=self.store,
            clock=self.clock,
            flows=self.flows,
            start=self._start_stored,
            migrate=self.migrate,
            people=self.people,
            url=url,
            groups=frozenset(self.groups),
            channels=self.channels,
            outgoing=Outgoing(self.allowed),
            works=lambda: self._worker is not None and self._worker.works,
            resting=lambda: self._worker.outbox.resting() if self._worker is not None else {},
            carried=lambda: self._worker.outbox.tries if self._worker is not None else Tries(),
            webhooks_resting=lambda: self._worker.webhooks.resting() if self._worker is not None else {},
            called=lambda: self._worker.webhooks.tries if self._worker is not None else Tries(),
        )

    @asynccontextmanager
    async def connect(self, url: str | None = None) -> AsyncIterator[Self]:
        """Open the store without working on its runs; `url` (as `--store` gives it) goes before the app's own."""
        if self._store is not None:
            raise ProgrammingError("the app is open already")
        given = self.configured_store
        if url is None and isinstance(given, SQLiteStore):
            store = given
        else:
            store = settings.open_store(settings.store_url(url, given if isinstance(given, str) else None))
        self._store = await store.open()
        try:
            if self.groups:
                await store.do(_set_groups, groups=self.groups, now=self.clock.now())
            yield self
        finally:
            self._store = None
            await store.close()

    @asynccontextmanager
    async def work(self, url: str | None = None) -> AsyncIterator[Self]:
        """Open the store and work on its runs until the block ends."""
        async with self.connect(url), receiving(self.channels, self.door):
            outbox = Outbox(self.store, self.channels, self.clock, self.link)
            hooks = Deliverer(self.store, self.clock, self.people.secret, self.outgoing)
            work = Work(self.store, self.clock, self.flows, outbox, hooks, self._concurrency)
            for flow, names in uncarried(self.flows, self.channels).items():
                told = "flow %r asks through %s, which this app doesn't carry: App(channels=%s) or HANDRAIL_CHANNELS"
                logger.warning(told, flow, " and ".join(map(repr, names)), names)
            await work.start()
            self._worker = work
            try:
                yield self
            finally:
                self._worker = None
                await work.stop()
                await outbox.last_words()

    async def __aenter__(self) -> Self:
        working = self.work()
        await working.__aenter__()
        self._working = working
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._working.__aexit__(*error)

    # -- runs ---------------------------------------------------------------------------------------------------------

    async def start(
        self, name: str, data: dict[str, Any], run_id: str | None = None, *, initiator: str | None = None
    ) -> Run:
        """Start a run of the flow `name`; it is stored when this returns, and executed by any worker of the store.

        With a `run_id` that was used before, the same flow and the same input, it returns that run; else it raises
        `RunMismatch`. `initiator` is who started it, by default the user of the operating system.
        """
        flow = self._named(name)
        run_id = new_id("run", self.clock.now()) if run_id is None else check_run_id(run_id)
        run = self._draft(flow, data, run_id, name, name, initiator)
        await self._begin(run)
        return Run(self, run_id)

    async def _start_stored(
        self, name: str, data: dict[str, Any], run_id: str | None, *, initiator: str
    ) -> StoredRun:
        return await self.runs.get((await self.start(name, data, run_id, initiator=initiator)).id)

    async def start_many(
        self,
        name: str,
        items: many.Items,
        *,
        batch: str | None = None,
        wait: bool = False,
        progress: bool | None = None,
        initiator: str | None = None,
    ) -> list[Run]:
        """Start a run of the flow `name` for each item (an input), and return the runs in the items' order.

        Again with the same `batch` (by default `name`) it starts only what isn't started: see `handrail.runs.many`.
        `wait` returns when all have settled, `progress` shows a bar (None: on a terminal). Raises `InvalidItem`.
        """
        flow, batch = self._named(name), many.check_batch(name if batch is None else batch)
        with terminal.show_progress(
            name, len(items) if isinstance(items, Sized) else None, progress
        ) as shown:
            ids = await many.start(
                self.store,
                items,
                batch,
                lambda item: self._draft(flow, item, "", name, name, initiator),
                shown,
            )
            if wait:
                await many.settle(self.store, ids, shown)
        return [Run(self, run_id) for run_id in ids]

    def _named(self, name: str) -> ChainableNode:
        if (flow := self.flows.get(name)) is None:
            known = ", ".join(sorted(self.flows)) or "none is registered"
            raise UnknownId(f"there is no flow {name!r}; this app knows: {known}")
        return flow

    async def run(self, run_id: str) -> Run:
        """Return a run of the store. Raises `UnknownId`."""
        await self.runs.get(run_id)
        return Run(self, run_id)

    async def migrate(self, run_id: str, mapping: Mapped, *, actor: str | None = None) -> StoredRun:
        """Map old names of a run's past to new ones, and let it go on: see `handrail.runs.migration`."""
        who = actor or settings.os_user()
        return await self.store.do(
            migrate, run_id=run_id, mapping=tuple(mapping), now=self.clock.now(), actor=who
        )

    async def execute(self, flow: ChainableNode, data: dict[str, Any], run_id: str | None) -> dict[str, Any]:
        """Execute a flow that the caller holds, and return its result. What bare `flow.execute` comes to."""
        return result_of(await self.carry_out(flow, data, run_id))

    async def carry_out(
        self,
        flow: ChainableNode,
        data: dict[str, Any],
        run_id: str | None,
        *,
        name: str | None = None,
        initiator: str | None = None,
    ) -> StoredRun:
        """Execute a flow that the caller holds until its run has settled.

        `name` is what the run's flow is called if no app has given it a name; only the caller executes it then.
        """
        work = self._worker
        if work is None:
            raise ProgrammingError("the app is not working: use it inside `async with app:`")
        named = flow.registered_as
        known = work.runner.flows.get(named or "", flow)
        # What a team has done is kept: its run may be taken up by its id, also one that was made here.
        home = work.worker.id if run_id is None and not isinstance(flow, TeamFlow) else None
        run_id = new_id("run", self.clock.now()) if run_id is None else check_run_id(run_id)
        # Under its name only if that means this very flow here: another app's flow may have the same name.
        queue = named if named and known is flow else f"run:{run_id}"
        run = changed(self._draft(flow, data, run_id, named or name, queue, initiator), home=home)
        work.attend(run_id)
        try:
            await self._begin(run, flow)
            settled = await self.wait(run_id)
            work.forget(queue)
            return settled
        finally:
            work.disown(run_id)

    async def begin_team(
        self, flow: TeamFlow, inputs: dict[str, Any] | None, run_id: str | None
    ) -> StoredRun:
        """Store the run of a team, or find the one that has this id, and work on it here.

        Without inputs a run that exists is taken as it is. Raises `RunMismatch` for an id that means something else.
        """
        work = self._worker
        if work is None:
            raise ProgrammingError("the app is not working: start a team inside `async with app:`")
        existing = None if run_id is None else await self.store.read(_run_or_none, run_id=run_id)
        if existing is not None and existing.parent is not None:
            raise RunMismatch(
                f"run {run_id!r} is a round of an agent: attach to its team, run {existing.parent!r}",
                run_id=existing.id,
            )
        given = existing.input if existing is not None and inputs is None else inputs or {}
        run_id = new_id("run", self.clock.now()) if run_id is None else check_run_id(run_id)
        known = work.runner.flows.get(flow.registered_as or "") is flow
        run = self._draft(flow, given, run_id, flow.team, flow.team if known else f"run:{run_id}", None)
        await self._begin(run, flow)
        return run

    @property
    def person(self) -> str:
        """Who acts in this process, as the operating system knows them."""
        return settings.os_user()

    def tasks(self) -> ProcessTasks:
        """Return what gives tasks to people for code outside a run; they end with this worker."""
        if self._worker is None:
            raise ProgrammingError("the app is not working: use it inside `async with app:`")
        return ProcessTasks(self.store, self.clock, self._worker.worker.id, settings.os_user())

    def attended(self) -> list[str]:
        """Return the runs whose result somebody in this process waits for at this moment."""
        return list(self._worker.attended) if self._worker is not None else []

    def abandon(self) -> None:
        """Close the store where no event loop runs any more; other processes see this worker as dead."""
        if self._store is not None:
            if self._worker is not None:
                self._store.liveness.release(self._worker.worker.id)
            self._store.close_now()
        self._store = self._worker = None

    async def wait(self, run_id: str, timeout: float | None = None) -> StoredRun:
        """Return a run once it has settled. Raises `TimeoutError` after `timeout` seconds."""
        if self._worker is not None:
            return await self.runs.wait(self._worker.runner, run_id, timeout)
        async with asyncio.timeout(timeout):
            while True:  # nobody works here: whoever executes the run does that in another process
                if (run := await self.runs.get(run_id)).settled:
                    return run
                await asyncio.sleep(0.1)

    def _draft(
        self,
        flow: ChainableNode,
        data: dict[str, Any],
        run_id: str,
        name: str | None,
        queue: str,
        initiator: str | None,
    ) -> StoredRun:
        who = initiator or settings.os_user()
        return draft(flow, data, run_id=run_id, name=name, queue=queue, initiator=who, now=self.clock.now())

    async def _begin(self, run: StoredRun, flow: ChainableNode | None = None) -> None:
        """Store the run, and execute it here at once if there is room.

        Whoever stops waiting leaves a run that goes on: what is stored as RUNNING here is executed here.
        """
        await asyncio.shield(self._store_and_execute(run, flow))

    async def _store_and_execute(self, run: StoredRun, flow: ChainableNode | None) -> None:
        work = self._worker
        if work is None:
            await self.runs.create(run)
            return
        here = work.runner.room > 0 and (flow is not None or run.queue in work.runner.flows)
        if here:
            run = changed(run, status=RunStatus.RUNNING, worker=work.worker.id, token=1)
        with work.runner.reserved(int(here)):
            existing, new = await self.runs.create(run)
        if (
            flow is not None
        ):  # known from here on only: a run that is another flow's must not be executed with this one
            work.runner.flows.setdefault(existing.queue, flow)
        if new and here:
            work.runner.execute(units.Claimed(run))
        else:
            work.engine.look()


def _run_or_none(tx: RunTransaction, *, run_id: str) -> StoredRun | None:
    return tx.run(run_id)


def _set_groups(tx: PeopleTransaction, *, groups: Mapping[str, Sequence[str]], now: datetime) -> None:
    """Make the groups that code names what code says; that is logged where it changes something."""
    for name, people in groups.items():
        set_group(tx, name=name, people=people, actor=SYSTEM, now=now)
