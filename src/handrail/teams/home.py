"""Where a team works: an app that has registered it, or the process itself. Filled in by the application."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from handrail.inbox.ports import Clock, Store
from handrail.requests.errors import ProgrammingError
from handrail.runs.run import StoredRun
from handrail.teams.flow import TeamFlow


class Home(Protocol):
    """What a team needs of an app."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def person(self) -> str:
        """Who acts here, as the operating system knows them."""
        ...

    async def begin_team(
        self, flow: TeamFlow, inputs: dict[str, Any] | None, run_id: str | None
    ) -> StoredRun:
        """Store the run of a team, or find the one that has this id, and work on it here."""
        ...

    async def wait(self, run_id: str, timeout: float | None = None) -> StoredRun:
        """Return a run once it has settled."""
        ...


_open_home: Callable[[], Awaitable[Home]] | None = None


def fill_open_home(open_home: Callable[[], Awaitable[Home]]) -> None:
    """Say where teams work that no app has registered; the application does this when `handrail` is imported."""
    global _open_home
    _open_home = open_home


async def home() -> Home:
    """Return where a team works that no app has registered."""
    if _open_home is None:
        raise ProgrammingError("import handrail before starting a team: it brings the store and the engine")
    return await _open_home()
