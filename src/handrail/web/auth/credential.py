"""What somebody keeps proving themselves with while a connection stays open: looked up again, without being used."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail.people import key, session
from handrail.people.facts import Person, Scope
from handrail.people.ports import PeopleTransaction


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """An API key or the secret of a session, as it was sent."""

    kind: Literal["key", "session"]
    text: str


Standing = tuple[Person, tuple[Scope, ...] | None]
"""somebody as they are now, and what their key narrows them to"""


def standings(
    tx: PeopleTransaction, *, credentials: Collection[Credential], now: datetime
) -> dict[Credential, Standing]:
    """Return whose each credential is now; those that have ended are left out.

    A session isn't touched: it ends some time after a person was last seen, however long a page stays open.
    """
    found: dict[Credential, Standing] = {}
    for each in credentials:
        match each.kind:
            case "key" if owned := key.find(tx, text=each.text, now=now):
                found[each] = (owned[1], owned[0].scopes)
            case "session" if begun := session.find(tx, secret=each.text, now=now):
                found[each] = (begun[1], None)
    return found
