"""The app of a process in which flows are executed without one: what bare `flow.execute` comes to.

There is one for each event loop and store. It lives as long as its event loop, and asks in the terminal.
"""

import asyncio
import os
from contextlib import suppress
from typing import Any

from handrail import settings
from handrail.app import App
from handrail.channels import terminal
from handrail.channels.terminal.attend import Attended
from handrail.flows.execution import fill_open_tasks, fill_start_run
from handrail.flows.node import ChainableNode
from handrail.requests.errors import StoreClosed
from handrail.runs.process_tasks import ProcessTasks
from handrail.runs.run import StoredRun
from handrail.runs.runs import result_of
from handrail.teams.home import fill_open_home


class _Host:
    """The app of a process in which flows are executed without one; it lives as long as the event loop."""

    def __init__(self, url: str, person: str, key: tuple[int, str, str, str]) -> None:
        self.key = key
        self.person = person
        self.app = App(store=url)
        self.loop = asyncio.get_running_loop()
        self.tasks: ProcessTasks | None = None
        self._ready: asyncio.Future[App] = self.loop.create_future()
        # asyncio.run cancels the tasks that are left: that is how the app is closed in the end.
        self._task = self.loop.create_task(self._serve(), name="handrail bare execution")

    async def ready(self) -> App:
        """Return the app once it works; raises what kept it from working."""
        return await asyncio.shield(self._ready)

    async def _serve(self) -> None:
        try:
            async with self.app:
                self.tasks = self.app.tasks()
                self._ready.set_result(self.app)
                attendant = asyncio.create_task(self._attend(self.app), name="handrail terminal")
                try:
                    await asyncio.Event().wait()
                finally:
                    # At the end of its loop asyncio has cancelled it already: once more would cut its last words off.
                    if not attendant.cancelling():
                        attendant.cancel()
                    with suppress(asyncio.CancelledError):
                        await attendant
        except Exception as error:
            if not self._ready.done():
                self._ready.set_exception(error)
        finally:
            _hosts.pop(self.key, None)
            if not self._ready.done():
                self._ready.set_exception(
                    StoreClosed("the event loop ended before the store was open; run it again")
                )

    def abandon(self) -> None:
        """Close what is left after an event loop was closed without cancelling its tasks."""
        _hosts.pop(self.key, None)
        self.app.abandon()

    async def _attend(self, app: App) -> None:
        """Ask here, in the terminal, what the runs of this process ask."""
        await terminal.attend(app.inbox, app.store, app.clock, self.person, self._attended)

    def _attended(self) -> Attended:
        return Attended(self.app.attended(), list(self.tasks.awaited) if self.tasks else [])


_hosts: dict[tuple[int, str, str, str], _Host] = {}
"""by event loop, URL, the folder in which a relative URL is meant, and who is asked"""


async def execute_here(
    flow: ChainableNode,
    data: dict[str, Any],
    run_id: str | None = None,
    *,
    url: str | None = None,
    name: str | None = None,
    person: str | None = None,
) -> StoredRun:
    """Execute a flow in this process without an app of its own, until its run has settled; it asks in the terminal.

    `url` is the store, by default `HANDRAIL_STORE` or `handrail.db`; `name` what the run's flow is called if no app
    has given it a name; `person` who sits here, by default the user of the operating system.
    """
    host = await _host(settings.store_url(url), person or settings.os_user())
    return await host.app.carry_out(flow, data, run_id, name=name, initiator=person)


async def _host(url: str, person: str) -> _Host:
    """Return the host of this event loop, this store and this person, working."""
    for left in [host for host in _hosts.values() if host.loop.is_closed()]:
        left.abandon()
    key = (id(asyncio.get_running_loop()), url, os.getcwd(), person)
    if (host := _hosts.get(key)) is None:
        host = _hosts[key] = _Host(url, person, key)
    await host.ready()
    return host


async def app_here(url: str | None = None, person: str | None = None) -> App:
    """Return the app in which this process executes flows without one of their own; arguments as `execute_here`."""
    return (await _host(settings.store_url(url), person or settings.os_user())).app


async def _start_run(node: ChainableNode, data: dict[str, Any], run_id: str | None) -> dict[str, Any]:
    return result_of(await execute_here(node, data, run_id))


async def _open_tasks() -> ProcessTasks:
    host = await _host(settings.store_url(), settings.os_user())
    return host.tasks or host.app.tasks()


fill_start_run(_start_run)


fill_open_tasks(_open_tasks)
fill_open_home(app_here)
