"""Who somebody is on a channel: an address there, which the channel verifies, belongs to one person.

On the channel `email` everybody's own email is theirs; other addresses are added by an admin, or learnt from a channel
that vouches for the email of its users. An address that belongs to nobody can't do anything.
"""

from datetime import datetime

from handrail.people import person as people
from handrail.people.entry import enter
from handrail.people.facts import Identity, Person
from handrail.people.naming import folded
from handrail.people.ports import PeopleTransaction
from handrail.people.rights import Caller
from handrail.requests.channels import check_channel_name
from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, UnknownId
from handrail.requests.identifier import utc_text

EMAIL = "email"
LONGEST = 254


def check_address(channel: str, address: str) -> tuple[str, str]:
    """Return a channel's name and an address as they are stored. Raises `InvalidInput`."""
    channel, address = channel.strip(), address.strip()
    check_channel_name(channel)
    if not address or not address.isprintable() or len(address) > LONGEST:
        told = f"has 1 to {LONGEST} characters that one can see, such as T012:U345"
        raise InvalidInput(f"an address {told}", fields=[FieldProblem("address", told)])
    return channel, folded(address) if channel == EMAIL else address


def public(known: Identity) -> dict[str, str]:
    """Return an address as JSON, with the words of the documentation as keys."""
    return {
        "channel": known.channel,
        "address": known.address,
        "person": known.person,
        "added_at": utc_text(known.at),
        "added_by": known.added_by,
    }


def owner(tx: PeopleTransaction, channel: str, address: str) -> Person | None:
    """Return whose address it is."""
    if (known := tx.identity(channel, folded(address) if channel == EMAIL else address)) is not None:
        return tx.person(known.person) if known.person else None
    if channel == EMAIL:
        found = tx.person_called(folded(address))
        return found if found is not None and found.email == folded(address) else None
    return None


def caller(tx: PeopleTransaction, channel: str, address: str) -> Caller:
    """Return who acts through a channel. Raises `NotAllowed` (rule `identity`) for a stranger."""
    found = owner(tx, channel, address)
    if found is None:
        raise NotAllowed(
            f"nobody is known by {address} on {channel}: an admin adds it with "
            f"`handrail users identity NAME {channel} {address}`",
            rule="identity",
        )
    if not found.active or found.service:
        raise NotAllowed(
            f"{found.name!r} can't act through {channel}: the account is switched off", rule="identity"
        )
    return Caller(found, Actor(found.name, Strength.CHANNEL, channel))


def add(
    tx: PeopleTransaction, *, name: str, channel: str, address: str, actor: Actor, now: datetime
) -> Identity:
    """Say that an address belongs to somebody.

    Raises `UnknownId`, `InvalidInput` for a service account, `Conflict` for the address of somebody else.
    """
    channel, address = check_address(channel, address)
    person = people.find(tx, who=name)
    if person.service:
        raise InvalidInput(f"{person.name!r} is a service account: it acts with keys, not through channels")
    if (known := owner(tx, channel, address)) is not None and known.name != person.name:
        raise Conflict(
            f"{known.name!r} has that address on {channel} already: take it away there first", about="taken"
        )
    if (same := tx.identity(channel, address)) is not None:
        if same.person:
            return same
        tx.delete_identity(channel, address)
    added = Identity(channel, address, person.name, now, actor.name)
    tx.insert_identity(added)
    enter(tx, "identity_added", {"person": person.name, "channel": channel}, now=now, actor=actor.name)
    return added


def remove(
    tx: PeopleTransaction,
    *,
    channel: str,
    address: str,
    actor: Actor,
    now: datetime,
    name: str | None = None,
) -> Identity:
    """Take an address away from whose it is, or from `name` only; no channel learns it again. Raises `UnknownId`."""
    channel, address = check_address(channel, address)
    person = people.find(tx, who=name) if name is not None else None
    known = tx.identity(channel, address)
    if known is None or not known.person or (person is not None and known.person != person.name):
        whose = "nobody has" if person is None else f"{person.name!r} doesn't have"
        own = ", beside their own email, which changes with the account" if channel == EMAIL else ""
        raise UnknownId(f"{whose} that address on {channel}{own}")
    tx.delete_identity(channel, address)
    if channel != EMAIL:  # it stays known as nobody's, until an admin gives it to somebody
        tx.insert_identity(Identity(channel, address, "", now, actor.name))
    enter(tx, "identity_removed", {"person": known.person, "channel": channel}, now=now, actor=actor.name)
    return known


def listed(tx: PeopleTransaction, *, person: str | None = None) -> list[Identity]:
    """Return the addresses of somebody, or all, by channel and address."""
    return tx.identities(people.find(tx, who=person).name if person is not None else None)


def addresses(tx: PeopleTransaction, *, person: str, channel: str) -> list[str]:
    """Return what somebody is known by on a channel."""
    found = [each.address for each in tx.identities(person) if each.channel == channel]
    if channel == EMAIL and (known := tx.person(person)) is not None and known.email:
        found.append(known.email)
    return found


def learn(tx: PeopleTransaction, *, channel: str, address: str, email: str, now: datetime) -> str | None:
    """Note that an address belongs to whoever has an email that the channel has verified; returns who that is.

    None for an email that nobody has, for an address that was taken away from somebody, and where somebody is switched
    off or a service account.
    """
    if (known := owner(tx, channel, address)) is not None:
        return known.name
    found = owner(tx, EMAIL, email) if tx.identity(channel, address) is None else None
    if found is None or not found.active or found.service:
        return None
    add(
        tx,
        name=found.name,
        channel=channel,
        address=address,
        actor=Actor(channel, Strength.CHANNEL, channel),
        now=now,
    )
    return found.name
