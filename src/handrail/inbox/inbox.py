"""The one door by which a request changes. Every face, channel and run goes through it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Concatenate, ParamSpec

from handrail import killpoints
from handrail.inbox import moves
from handrail.inbox.ports import Clock, Store
from handrail.requests.content import JSON, as_stored
from handrail.requests.decision import Actor, Verb
from handrail.requests.errors import Conflict
from handrail.requests.identifier import new_id
from handrail.requests.policy import Audience, audience
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.requests.validation import check_storable

P = ParamSpec("P")
After = Callable[[HumanRequest], Awaitable[None]]


class Inbox:
    """Opens and moves requests in a store.

    Every method returns the request as it is afterwards, and raises `UnknownId`, `NotAllowed` (naming the rule),
    `InvalidDecision` (naming the fields) or `Conflict` (naming the winner).
    """

    def __init__(self, store: Store, clock: Clock, *, after: After | None = None) -> None:
        self._store = store
        self._clock = clock
        self._after = after
        """called with each request that has ended by what was done here"""

    async def open(self, draft: RequestDraft, *, initiator: str | None = None) -> HumanRequest:
        """Ask people something outside a run."""
        now = self._clock.now()
        return await self._store.do(
            moves.open_request, draft, now=now, request_id=new_id("req", now), initiator=initiator
        )

    async def decide(
        self,
        request_id: str,
        verb: Verb | str,
        *,
        actor: Actor,
        payload: JSON = None,
        comment: str | None = None,
        seen_hash: str | None = None,
    ) -> HumanRequest:
        """Add a person's decision.

        `payload` holds the changed keys with `edit` and the answer itself with `answer`; `comment` is the feedback
        with `request_changes`, and optional else. `seen_hash` is the content hash of what the person was shown.
        """
        if payload is not None:
            check_storable(payload, "payload")
            payload = as_stored(payload)
        killpoints.reach("decide:before")
        request = await self.do(
            moves.decide,
            request_id=request_id,
            verb=verb,
            actor=actor,
            now=self._clock.now(),
            payload=payload,
            comment=comment,
            seen_hash=seen_hash,
        )
        killpoints.reach("decide:after")
        return request

    async def claim(self, request_id: str, *, actor: Actor) -> HumanRequest:
        """Reserve a request for one person."""
        return await self.do(moves.claim, request_id=request_id, actor=actor, now=self._clock.now())

    async def release(self, request_id: str, *, actor: Actor) -> HumanRequest:
        """Give a claimed request back."""
        return await self.do(moves.release, request_id=request_id, actor=actor, now=self._clock.now())

    async def comment(self, request_id: str, text: str, *, actor: Actor) -> HumanRequest:
        """Say something about an open request."""
        now = self._clock.now()
        return await self.do(moves.comment, request_id=request_id, actor=actor, text=text, now=now)

    async def reassign(
        self, request_id: str, to: Audience | str | Iterable[str], *, actor: Actor, reason: str | None = None
    ) -> HumanRequest:
        """Ask other people instead."""
        now, who = self._clock.now(), audience(to)
        return await self.do(
            moves.reassign, request_id=request_id, actor=actor, to=who, now=now, reason=reason
        )

    async def escalate(self, request_id: str, *, actor: Actor) -> HumanRequest:
        """Take the next rung of the ladder now."""
        return await self.do(moves.escalate, request_id=request_id, actor=actor, now=self._clock.now())

    async def remind(self, request_id: str, *, actor: Actor) -> HumanRequest:
        """Remind the people asked now."""
        return await self.do(moves.remind, request_id=request_id, actor=actor, now=self._clock.now())

    async def withdraw(self, request_id: str, *, actor: Actor, reason: str | None = None) -> HumanRequest:
        """Take a request back."""
        return await self.do(
            moves.withdraw, request_id=request_id, actor=actor, now=self._clock.now(), reason=reason
        )

    async def do(
        self, unit: Callable[Concatenate[Any, P], HumanRequest | Conflict], *args: P.args, **kwargs: P.kwargs
    ) -> HumanRequest:
        """Run a unit of work that moves a request, until no race is lost by it."""
        while True:
            try:
                result = await self._store.do(unit, *args, **kwargs)
            except moves.LostRace:
                continue
            if isinstance(result, Conflict):
                raise result
            if self._after is not None and result.ended:
                await self._after(result)
            return result
