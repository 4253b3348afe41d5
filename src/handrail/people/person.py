"""Who there is: names and emails are unique whatever their case, and one active admin always stays.

Nobody is ever deleted, the log names them; who is switched off loses sessions, keys and links for good.
"""

from dataclasses import replace
from datetime import datetime

from handrail.people.entry import enter
from handrail.people.facts import Kind, Person, Role
from handrail.people.naming import check_email, check_label, check_name, folded
from handrail.people.ports import PeopleTransaction
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, InvalidInput, UnknownId


def parse_role(role: Role | str) -> Role:
    """Return a role by its name. Raises `InvalidInput`."""
    try:
        return Role(role)
    except ValueError:
        raise InvalidInput(f"{role!r} is no role: use {', '.join(Role)}") from None


def add(
    tx: PeopleTransaction,
    *,
    name: str,
    actor: Actor,
    now: datetime,
    role: Role | str = Role.REVIEWER,
    display: str | None = None,
    email: str | None = None,
    service: bool = False,
    password: str | None = None,
) -> Person:
    """Add somebody; `password` is its hash. Raises `InvalidInput`, or `Conflict` for a taken name or email."""
    if service and password is not None:
        raise InvalidInput("a service account has no password: make a key for it")
    added = Person(
        name=check_name(name),
        display=check_label(display, "a display name") if display else name,
        role=parse_role(role),
        created_at=now,
        changed_at=now,
        email=check_email(email) if email else None,
        service=service,
        has_password=password is not None,
    )
    _check_free(tx, folded(name))
    _check_free(tx, added.email)
    tx.insert_person(added, folded(name), password)
    data = {"person": name, "role": str(added.role), "service": service}
    enter(tx, "person_added", data, now=now, actor=actor.name)
    return added


def _check_free(tx: PeopleTransaction, text: str | None, own: str | None = None) -> None:
    """Raise `Conflict` if a folded name or email leads to somebody else than `own`."""
    if text and (known := tx.identity("email", text)) is not None and known.person not in ("", own):
        raise Conflict(f"{known.person!r} has that email as an address: choose another", about="taken")
    if text and (other := tx.person_called(text)) is not None and other.name != own:
        raise Conflict(f"{other.name!r} has that name or email already: choose another", about="taken")


def found(tx: PeopleTransaction, *, who: str) -> Person | None:
    """Return who has a name or an email, whatever its case."""
    return tx.person_called(folded(who))


def find(tx: PeopleTransaction, *, who: str) -> Person:
    """Return who has a name or an email, whatever its case. Raises `UnknownId`."""
    if (person := found(tx, who=who)) is None:
        raise UnknownId(f"there is no person {who!r}; `handrail users list` lists them")
    return person


def everybody(tx: PeopleTransaction) -> list[Person]:
    """Return everybody, by name."""
    return tx.people()


def change(
    tx: PeopleTransaction,
    *,
    name: str,
    actor: Actor,
    now: datetime,
    role: Role | str | None = None,
    display: str | None = None,
    email: str | None = None,
    active: bool | None = None,
    password: str | None = None,
    keep: str | None = None,
) -> Person:
    """Change what is given; an empty email takes it away. `password` is a hash, see `set_password`.

    Raises `UnknownId`, `InvalidInput`, or `Conflict` for a taken email and for the last active admin.
    """
    before = find(tx, who=name)
    if password is not None:
        set_password(tx, name=before.name, password=password, actor=actor, now=now, keep=keep)
        before = find(tx, who=before.name)
    after = replace(
        before,
        role=before.role if role is None else parse_role(role),
        display=before.display if display is None else check_label(display, "a display name"),
        email=before.email if email is None else (check_email(email) if email else None),
        active=before.active if active is None else active,
    )
    if after == before:
        return before
    _check_free(tx, after.email, before.name)
    _check_admin_stays(tx, before, after)
    after = replace(after, changed_at=now)
    tx.update_person(after)
    if before.active and not after.active:
        _shut_out(tx, before.name, now)
    enter(tx, "person_changed", _difference(before, after), now=now, actor=actor.name)
    return after


def _check_admin_stays(tx: PeopleTransaction, before: Person, after: Person) -> None:
    if _administers(before) and not _administers(after) and tx.active_admins() == 1:
        raise Conflict(
            f"{before.name!r} is the last active admin: make somebody else an admin first", about="state"
        )


def _administers(person: Person) -> bool:
    return person.active and person.role is Role.ADMIN and not person.service


def _shut_out(tx: PeopleTransaction, name: str, now: datetime) -> None:
    """End everything by which somebody gets in; none of it comes back when they do."""
    tx.delete_sessions(name, None)
    tx.delete_unused_links(name, None)
    for key in tx.keys(name):
        if key.revoked_at is None:
            tx.update_key(replace(key, revoked_at=now))


def _difference(before: Person, after: Person) -> dict[str, object]:
    """Return what the log says of a change: of an email only that it is another."""
    told: dict[str, object] = {"person": before.name}
    for part in ("role", "display", "active"):
        if (value := getattr(after, part)) != getattr(before, part):
            told[part] = value
    return told | ({"email": "changed"} if before.email != after.email else {})


def set_password(
    tx: PeopleTransaction, *, name: str, password: str, actor: Actor, now: datetime, keep: str | None = None
) -> Person:
    """Store the hash of a password; every session ends but `keep` (its id), and so do links to log in.

    Raises `UnknownId`, and `InvalidInput` for a service account.
    """
    person = find(tx, who=name)
    if person.service:
        raise InvalidInput(f"{person.name!r} is a service account and has no password: make a key for it")
    tx.set_password(person.name, password, now)
    tx.delete_sessions(person.name, keep)
    tx.delete_unused_links(person.name, Kind.LOGIN)
    enter(tx, "password_set", {"person": person.name}, now=now, actor=actor.name)
    return replace(person, has_password=True, changed_at=now)
