"""The door for all that a face asks about webhooks. To the units it adds time, threads, the guard and secrets."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from handrail.inbox.ports import Clock, Store
from handrail.people.secret import Secret
from handrail.requests.decision import Actor
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.webhooks import desk, inbound, signing
from handrail.webhooks.desk import Standing, Told
from handrail.webhooks.facts import Delivery, Inbound, State, Webhook

if TYPE_CHECKING:
    from handrail.outgoing.call import Outgoing


class Webhooks:
    """The webhooks of a store.

    Methods raise `UnknownId`, `InvalidInput` or `Conflict` as the units of the same name say. `outgoing` makes what
    says whether a URL may be called.
    """

    def __init__(
        self, store: Store, clock: Clock, secret: Secret, outgoing: "Callable[[], Outgoing]"
    ) -> None:
        self._store = store
        self._clock = clock
        self._secret = secret
        self._outgoing = outgoing

    async def listed(self) -> list[Standing]:
        """Return all webhooks, the oldest first."""
        return await self._store.read(desk.listed)

    async def told(self) -> Told:
        """Return how they stand, for whoever measures."""
        return await self._store.read(desk.told)

    async def find(self, webhook_id: str) -> Standing:
        """Return a webhook and how it stands."""
        return await self._store.read(desk.stands, webhook_id=webhook_id)

    async def add(
        self,
        url: str,
        *,
        actor: Actor,
        description: str = "",
        kinds: Iterable[str] = (),
        flow: str | None = None,
        content: bool = False,
    ) -> tuple[Standing, str]:
        """Add a webhook; returns it and its secret. Raises `InvalidInput` for a URL that this server won't call."""
        await self._check(url)
        added = await self._store.do(
            desk.add,
            url=url,
            actor=actor,
            now=self._clock.now(),
            description=description,
            kinds=tuple(kinds),
            flow=flow,
            content=content,
        )
        return Standing(added, 0, 0), self._written(added)

    async def change(
        self,
        webhook_id: str,
        *,
        actor: Actor,
        url: str | None = None,
        description: str | None = None,
        kinds: Iterable[str] | None = None,
        flow: str | None = None,
        content: bool | None = None,
        active: bool | None = None,
    ) -> Standing:
        """Change what is given."""
        if url is not None:
            await self._check(url)
        await self._store.do(
            desk.change,
            webhook_id=webhook_id,
            actor=actor,
            now=self._clock.now(),
            url=url,
            description=description,
            kinds=None if kinds is None else tuple(kinds),
            flow=flow,
            content=content,
            active=active,
        )
        return await self.find(webhook_id)

    async def rotate(self, webhook_id: str, *, actor: Actor) -> tuple[Standing, str]:
        """Give a webhook a new secret; returns it."""
        now = self._clock.now()
        rotated = await self._store.do(desk.rotate, webhook_id=webhook_id, actor=actor, now=now)
        return await self.find(webhook_id), self._written(rotated)

    async def remove(self, webhook_id: str, *, actor: Actor) -> Webhook:
        """Remove a webhook."""
        return await self._store.do(desk.remove, webhook_id=webhook_id, actor=actor, now=self._clock.now())

    async def test(self, webhook_id: str, *, actor: Actor) -> Standing:
        """Let an event go to this webhook alone."""
        await self._store.do(desk.test, webhook_id=webhook_id, actor=actor, now=self._clock.now())
        return await self.find(webhook_id)

    async def deliveries(
        self, webhook_id: str, *, state: State | None = None, before: int | None = None, limit: int = 50
    ) -> tuple[list[Delivery], int | None]:
        """Return deliveries, the newest first, and the `before` of what follows."""
        return await self._store.read(
            desk.deliveries, webhook_id=webhook_id, state=state, before=before, limit=limit
        )

    async def redeliver(self, webhook_id: str, sequence: int, *, actor: Actor) -> Delivery:
        """Let a delivery go out now."""
        now = self._clock.now()
        return await self._store.do(
            desk.redeliver, webhook_id=webhook_id, sequence=sequence, actor=actor, now=now
        )

    # -- calls that come in -------------------------------------------------------------------------------------------

    async def inbounds(self) -> list[Inbound]:
        """Return who may call in, the newest first."""
        return await self._store.read(inbound.listed)

    async def add_inbound(self, person: str, label: str, *, actor: Actor) -> tuple[Inbound, str]:
        """Let a program act as a service account; returns its secret."""
        now = self._clock.now()
        added = await self._store.do(inbound.add, person=person, label=label, actor=actor, now=now)
        return added, self._written(added)

    async def rotate_inbound(self, inbound_id: str, *, actor: Actor) -> tuple[Inbound, str]:
        """Give it a new secret; returns it."""
        now = self._clock.now()
        rotated = await self._store.do(inbound.rotate, inbound_id=inbound_id, actor=actor, now=now)
        return rotated, self._written(rotated)

    async def revoke_inbound(self, inbound_id: str, *, actor: Actor) -> Inbound:
        """End it."""
        now = self._clock.now()
        return await self._store.do(inbound.revoke, inbound_id=inbound_id, actor=actor, now=now)

    def _written(self, whose: Webhook | Inbound) -> str:
        return signing.written(signing.keys(self._secret, whose, self._clock.now())[0])

    async def _check(self, url: str) -> None:
        try:
            await self._outgoing().check(url)
        except InvalidInput as error:
            raise InvalidInput(str(error), fields=[FieldProblem("url", str(error))]) from None
