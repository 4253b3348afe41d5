"""What each role may do: a table, and pure functions that apply it. Every refusal names its rule and who may.

A key's scopes narrow what its person may do. Whose decision a request is, the inbox says: here a role only opens the
way to it. Admins read everything, the others what asks them, what they have decided or what they have started.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from handrail.people.facts import Person, Role, Scope, Session
from handrail.requests.decision import Actor
from handrail.requests.errors import NotAllowed
from handrail.requests.request import HumanRequest
from handrail.requests.routing import Members


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has proved who they are. `scopes` is what their key narrows them to, None without a key."""

    person: Person
    actor: Actor
    scopes: tuple[Scope, ...] | None = None
    session: Session | None = None

    @property
    def name(self) -> str:
        """Their name, as audiences and the log have it."""
        return self.person.name

    @property
    def role(self) -> Role:
        """Their role now."""
        return self.person.role

    @property
    def is_admin(self) -> bool:
        """Whether they may do everything that their key lets them."""
        return self.role is Role.ADMIN

    @property
    def reads_everything(self) -> bool:
        """Whether they read requests and runs that don't concern them."""
        return self.role is Role.ADMIN


class Right(StrEnum):
    """Something that not everybody may do."""

    READ_REQUESTS = "read requests"
    READ_RUNS = "read runs"
    READ_LOG = "read the log"
    OPEN = "open requests"
    DECIDE = "decide"
    CLAIM = "claim and release requests"
    COMMENT = "comment on requests"
    REASSIGN = "reassign requests"
    ESCALATE = "escalate requests"
    REMIND = "send reminders"
    WITHDRAW = "withdraw requests"
    START = "start runs"
    CANCEL = "cancel runs"
    RETRY = "retry runs"
    MIGRATE = "migrate runs"
    FEEDBACK = "give feedback to teams and unblock tasks"
    STEER = "pause, resume and stop teams"
    SETTINGS = "see the settings"
    PEOPLE = "manage people"
    GROUPS = "manage groups"
    KEYS = "manage keys"
    GUIDELINES = "manage guidelines"
    NOTIFICATIONS = "set notifications"
    OUTBOX = "see the outbox and have messages tried again"
    WEBHOOKS = "manage webhooks"


_EVERYBODY = (Role.ADMIN, Role.REVIEWER, Role.VIEWER)
_WORKERS = (Role.ADMIN, Role.REVIEWER)
_ADMINS = (Role.ADMIN,)

TABLE: dict[Right, tuple[tuple[Role, ...], Scope]] = {
    Right.READ_REQUESTS: (_EVERYBODY, Scope.REQUESTS_READ),
    Right.READ_RUNS: (_EVERYBODY, Scope.RUNS_READ),
    Right.READ_LOG: (_ADMINS, Scope.ADMIN),
    Right.OPEN: (_WORKERS, Scope.REQUESTS_WRITE),
    Right.DECIDE: (_WORKERS, Scope.DECIDE),
    Right.CLAIM: (_WORKERS, Scope.DECIDE),
    Right.COMMENT: (_WORKERS, Scope.REQUESTS_WRITE),
    Right.REASSIGN: (_WORKERS, Scope.REQUESTS_WRITE),
    Right.ESCALATE: (_WORKERS, Scope.REQUESTS_WRITE),
    Right.REMIND: (_WORKERS, Scope.REQUESTS_WRITE),
    Right.WITHDRAW: (_WORKERS, Scope.REQUESTS_WRITE),
    Right.START: (_WORKERS, Scope.RUNS_WRITE),
    Right.CANCEL: (_WORKERS, Scope.RUNS_WRITE),
    Right.RETRY: (_WORKERS, Scope.RUNS_WRITE),
    Right.MIGRATE: (_WORKERS, Scope.RUNS_WRITE),
    Right.FEEDBACK: (_WORKERS, Scope.DECIDE),
    Right.STEER: (_WORKERS, Scope.RUNS_WRITE),
    Right.SETTINGS: (_ADMINS, Scope.ADMIN),
    Right.PEOPLE: (_ADMINS, Scope.ADMIN),
    Right.GROUPS: (_ADMINS, Scope.ADMIN),
    Right.KEYS: (_ADMINS, Scope.ADMIN),
    Right.GUIDELINES: (_ADMINS, Scope.ADMIN),
    Right.NOTIFICATIONS: (_EVERYBODY, Scope.REQUESTS_WRITE),
    Right.OUTBOX: (_ADMINS, Scope.ADMIN),
    Right.WEBHOOKS: (_ADMINS, Scope.ADMIN),
}
"""right: the roles that have it, and the scope that a key needs for it"""

OF_THE_INITIATOR = frozenset({Right.READ_REQUESTS, Right.REMIND, Right.ESCALATE, Right.WITHDRAW})
"""what whoever started it may do with a request that doesn't ask them; not reassign it to whom they like"""
OF_THE_ASKED = frozenset({Right.READ_RUNS, Right.FEEDBACK})
"""what whoever is asked by a request of a run may do with the run"""
BY_THE_INBOX = frozenset({Right.DECIDE, Right.CLAIM, Right.COMMENT})
"""what the inbox itself lets only the audience do"""


def check(caller: Caller, right: Right) -> None:
    """Raise `NotAllowed` unless the caller's role (rule `role`) and key (rule `scope`) give a right."""
    roles, scope = TABLE[right]
    if caller.role not in roles:
        raise NotAllowed(
            f"{caller.name!r} is a {caller.role} and may not {right}: {who_may(right)} may", rule="role"
        )
    if caller.scopes is not None and scope not in caller.scopes:
        raise NotAllowed(
            f"this key may not {right}: use one with the scope {scope}, it has {', '.join(caller.scopes)}",
            rule="scope",
        )


def who_may(right: Right) -> str:
    """Return which roles have a right.

    >>> who_may(Right.DECIDE)
    'admins and reviewers'
    """
    return " and ".join(f"{role}s" for role in TABLE[right][0])


def includes(request: HumanRequest, name: str, members: Members) -> bool:
    """Whether somebody is in the audience of a request, as it is now."""
    audience = request.audience
    if name in audience.excluded or (audience.not_initiator and name == request.initiator):
        return False
    return (
        audience.is_open or name in audience.users or any(name in members(group) for group in audience.groups)
    )


def check_request(caller: Caller, right: Right, request: HumanRequest, members: Members) -> None:
    """Raise `NotAllowed` unless the caller has a right, and has it for this request (rule `audience`)."""
    check(caller, right)
    if caller.is_admin or right in BY_THE_INBOX or (right is Right.READ_REQUESTS and caller.reads_everything):
        return
    if includes(request, caller.name, members):
        return
    if right in OF_THE_INITIATOR and caller.name == request.initiator:
        return
    started = ", whoever started it" if right in OF_THE_INITIATOR else ""
    raise NotAllowed(
        f"{caller.name!r} may not {right} that ask others, as {request.id} does: its audience{started} and admins may",
        rule="audience",
    )


def check_run(caller: Caller, right: Right, initiator: str | None, *, asked: bool = False) -> None:
    """Raise `NotAllowed` unless the caller has a right, and has it for the run that `initiator` started.

    `asked` is whether a request of the run asks them, or did: who is asked may read it, give feedback where it is a
    team's, and no more (rule `initiator`).
    """
    check(caller, right)
    concerned = asked and right in OF_THE_ASKED
    if caller.is_admin or concerned or (initiator is not None and caller.name == initiator):
        return
    raise NotAllowed(
        f"{caller.name!r} may not {right} that others have started: their initiator and admins may",
        rule="initiator",
    )


def may(caller: Caller, right: Right) -> bool:
    """Whether `check` lets it pass: what a page shows a button for."""
    return _passes(lambda: check(caller, right))


def may_for_run(caller: Caller, right: Right, initiator: str | None, *, asked: bool = False) -> bool:
    """Whether `check_run` lets it pass."""
    return _passes(lambda: check_run(caller, right, initiator, asked=asked))


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except NotAllowed:
        return False
    return True
