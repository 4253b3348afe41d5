"""Who may decide, how many must, by when, and what if nobody does: the facts. `judgement` applies them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from handrail.requests.decision import Strength
from handrail.requests.errors import InvalidInput
from handrail.requests.outcome import GivenOutcome

GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may decide. Without users and groups that is everybody who reaches the inbox.

    `excluded` people never may, `not_initiator` bars whoever started the run.
    """

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    not_initiator: bool = False

    @property
    def is_open(self) -> bool:
        """Whether anybody may decide who isn't excluded."""
        return not self.users and not self.groups

    def widened(self, other: "Audience") -> "Audience":
        """Return this audience and the other's people; an open one stays open."""
        if self.is_open:
            return self
        return Audience(
            tuple(dict.fromkeys(self.users + other.users)),
            tuple(dict.fromkeys(self.groups + other.groups)),
            self.excluded,
            self.not_initiator,
        )


def is_name(name: object) -> bool:
    """Whether this can be what a person or a group is called: two that look alike must not be two."""
    return isinstance(name, str) and bool(name) and name == name.strip() and name.isprintable()


def audience(who: "Audience | str | Iterable[str] | None") -> Audience:
    """Return an audience: a name, several, `group:NAME` for a group, or nothing for everybody.

    >>> audience(["alice", "group:legal"])
    Audience(users=('alice',), groups=('legal',), excluded=(), not_initiator=False)
    """
    if isinstance(who, Audience):
        return who
    names = [who] if isinstance(who, str) else list(who or ())
    if bad := [name for name in names if not isinstance(name, str) or not is_name(name.removeprefix(GROUP))]:
        raise InvalidInput(
            f"an audience is made of names and 'group:NAME', not of {type(bad[0]).__name__}, empty text, or names "
            "with blanks around them or characters that nobody sees"
        )
    return Audience(
        tuple(dict.fromkeys(name for name in names if not name.startswith(GROUP))),
        tuple(dict.fromkeys(name.removeprefix(GROUP) for name in names if name.startswith(GROUP))),
    )


@dataclass(frozen=True, slots=True)
class First:
    """The first decision is the outcome."""

    kind: Literal["first"] = "first"


@dataclass(frozen=True, slots=True)
class All:
    """Everybody asked must approve."""

    kind: Literal["all"] = "all"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many people must approve."""

    count: int
    kind: Literal["at_least"] = "at_least"


@dataclass(frozen=True, slots=True)
class Fraction:
    """Such a share of the people asked must approve: approvals / asked >= share."""

    share: float
    kind: Literal["fraction"] = "fraction"


Quorum = First | All | AtLeast | Fraction


def at_least(count: int) -> AtLeast:
    """Ask until `count` people have approved, or can't any more."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidInput(f"at_least needs a whole number from 1, not {count!r}")
    return AtLeast(count)


def fraction(share: float) -> Fraction:
    """Ask until the `share` (0 < share <= 1) of those asked has approved, or can't any more."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise InvalidInput(f"fraction needs a share over 0 and up to 1, not {share!r}")
    return Fraction(float(share))


def quorum(value: Quorum | str) -> Quorum:
    """Return a quorum; `"first"` and `"all"` may be written as text."""
    match value:
        case First() | All():
            return value
        case AtLeast(count):
            return at_least(count)
        case Fraction(share):
            return fraction(share)
        case "first":
            return First()
        case "all":
            return All()
    raise InvalidInput(f"{value!r} is no quorum; use 'first', 'all', at_least(n) or fraction(x)")


def needed(quorum: Quorum, asked: int) -> int:
    """Return how many of `asked` people must approve; exact, so 0.7 of 10 is 7 and 0.66 of 3 is 2."""
    match quorum:
        case First():
            return 1
        case All():
            return asked
        case AtLeast(count):
            return count
        case Fraction(share):
            # Both are the nearest floats, so they compare as the numbers that people mean: 5/6 as well as 0.66.
            return next(count for count in range(asked + 1) if reaches(count, asked, share))


def reaches(approvals: int, asked: int, share: float) -> bool:
    """Whether so many approvals of those asked are at least the share."""
    return approvals == asked or approvals / asked >= share


@dataclass(frozen=True, slots=True)
class Escalation:
    """One rung of the ladder: `after` seconds from opening the audience is widened by `to`."""

    after: float
    to: Audience


def escalation(after: float, to: "Audience | str | Iterable[str]") -> Escalation:
    """Return a rung of the escalation ladder: `after` seconds (from opening) `to` may decide too and are told."""
    if (who := audience(to)).is_open:
        raise InvalidInput("an escalation needs to know whom to ask: name people or groups")
    return Escalation(seconds(after, "after"), who)


OnTimeout = Literal["reject", "approve", "escalate"] | GivenOutcome | None


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may decide, how many must, by when (seconds from opening), and what if nobody does.

    `on_timeout=None` lets a request expire without an outcome. With `"escalate"` each deadline takes the next rung
    of the ladder and runs anew; after the last rung it is a rejection.
    """

    audience: Audience = Audience()
    quorum: Quorum = First()
    timeout: float | None = None
    on_timeout: OnTimeout = "reject"
    escalations: tuple[Escalation, ...] = ()
    reminders: tuple[float, ...] = ()
    require: Strength = Strength.ASSERTED
    blind: bool = False
    """whether reviewers see each other's decisions only after their own"""
    within: Audience | None = None
    """to whom everybody must belong who is asked first; looked at when the request is opened"""


def policy(
    *,
    audience: "Audience | str | Iterable[str] | None" = None,
    quorum: Quorum | str = First(),
    timeout: float | None = None,
    on_timeout: OnTimeout = "reject",
    escalations: Sequence[Escalation] = (),
    reminders: Sequence[float] = (),
    require: Strength | str = Strength.ASSERTED,
    blind: bool = False,
) -> Policy:
    """Return a checked policy. Raises `InvalidInput` for what can't be meant.

    >>> policy(audience=["alice", "bob"], quorum="all", timeout=3600).quorum
    All(kind='all')
    """
    who, how_many = _audience(audience), _quorum(quorum)
    if on_timeout not in ("reject", "approve", "escalate", None) and not isinstance(on_timeout, GivenOutcome):
        raise InvalidInput(
            f"on_timeout={on_timeout!r}: use 'reject', 'approve', 'escalate', outcome(...) or None"
        )
    if on_timeout == "escalate" and not escalations:
        raise InvalidInput(
            "on_timeout='escalate' needs a ladder: escalations=[escalation(after=3600, to='manager')]"
        )
    if isinstance(how_many, All | Fraction) and who.is_open:
        raise InvalidInput(f"quorum {how_many.kind!r} needs to know who is asked: name an audience")
    if (
        isinstance(how_many, AtLeast)
        and not who.is_open
        and not who.groups
        and how_many.count > len(who.users)
    ):
        raise InvalidInput(f"at_least({how_many.count}) can't be reached by {len(who.users)} people")
    return Policy(
        who,
        how_many,
        None if timeout is None else seconds(timeout, "timeout"),
        on_timeout,
        tuple(sorted(escalations, key=lambda rung: rung.after)),
        tuple(sorted(seconds(after, "a reminder") for after in reminders)),
        _strength(require),
        blind,
    )


def _strength(value: Strength | str) -> Strength:
    names = {strength.name.lower(): strength for strength in Strength}
    if isinstance(value, Strength):
        return value
    if isinstance(value, str) and value.lower() in names:
        return names[value.lower()]
    raise InvalidInput(f"require={value!r}: use {', '.join(names)}")


_audience, _quorum = audience, quorum  # `policy` has arguments of the same names


def seconds(value: float, what: str) -> float:
    """Return a number of seconds over 0, at most a hundred years; raises `InvalidInput` naming `what`."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not isfinite(value)
        or not 0 < value <= 3.2e9
    ):
        raise InvalidInput(f"{what}={value!r}: give seconds, over 0 and at most a hundred years")
    return float(value)
