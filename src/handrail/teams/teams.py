"""The boards of a store, for those who look at them and act on them: pages, API, command line, and teams themselves."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from handrail import killpoints
from handrail.inbox.moves import LostRace
from handrail.inbox.ports import Clock, Store
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, HandrailError
from handrail.requests.request import HumanRequest
from handrail.teams import moves
from handrail.teams.card import Card
from handrail.teams.ports import StoredTeam
from handrail.teams.validation import KIND

R = TypeVar("R")
logger = logging.getLogger(__name__)


class Teams:
    """What people do with boards.

    Every method raises `UnknownId`, `NotAllowed` (naming the rule), `InvalidInput`, and `Conflict` (naming the winner)
    or `IllegalMove` where the board has moved on.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def validate(
        self, run_id: str, task: str, *, actor: Actor, round: int | None = None, comment: str | None = None
    ) -> Card:
        """Approve the result of a task; `round` is the one that the person was shown."""
        return await self.do(
            moves.validate, run_id=run_id, task=task, actor=actor, round=round, comment=comment
        )

    async def give_feedback(
        self, run_id: str, task: str, content: str, *, actor: Actor, round: int | None = None
    ) -> Card:
        """Say what is to be different; `round` is the one that the person was shown awaiting validation, if it was."""
        return await self.do(
            moves.give_feedback, run_id=run_id, task=task, content=content, actor=actor, round=round
        )

    async def unblock(self, run_id: str, task: str, *, actor: Actor, note: str | None = None) -> Card:
        """Say that the obstacle of a BLOCKED task is removed; `note` is told to its agent."""
        return await self.do(moves.unblock, run_id=run_id, task=task, actor=actor, note=note)

    async def pause(self, run_id: str, *, actor: Actor) -> StoredTeam:
        """Let agents end the call they are in, and begin no other."""
        return await self.do(moves.pause, run_id=run_id, actor=actor)

    async def resume(self, run_id: str, *, actor: Actor) -> StoredTeam:
        """Let a team that was paused, or has met an error, go on."""
        return await self.do(moves.resume, run_id=run_id, actor=actor)

    async def stop(self, run_id: str, *, actor: Actor) -> StoredTeam:
        """End the work of a team for good."""
        return await self.do(moves.stop, run_id=run_id, actor=actor)

    async def look(self, run_id: str) -> StoredTeam:
        """Let a board take in what has happened: a decision, say, while no worker lived."""
        return await self.do(moves.look, run_id=run_id)

    async def rest(self, run_id: str) -> tuple[StoredTeam, list[dict[str, Any]]]:
        """Let a board take in what has happened, and return how it stands then, with what needs people."""
        return await self.do(moves.rest, run_id=run_id)

    async def look_after(self, request: HumanRequest) -> None:
        """Let a board take in that a request about a result has ended; the decision counts, whatever comes of this."""
        if request.draft.kind == KIND and request.run_id is not None:
            try:
                await self.look(request.run_id)
            except HandrailError as error:  # whoever works on its run takes it in
                logger.info("the board of %s takes in %s later: %s", request.run_id, request.id, error)

    async def do(self, unit: Callable[..., R | Conflict], **arguments: Any) -> R:
        """Run a unit of work on a board, until no race is lost by it."""
        killpoints.reach("team:before")
        while True:
            try:
                result = await self._store.do(unit, now=self._clock.now(), **arguments)
            except LostRace:
                continue
            killpoints.reach("team:after")
            if isinstance(result, Conflict):
                raise result
            return result
