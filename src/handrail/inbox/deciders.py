"""Who of those asked can decide, once people have accounts.

A flow may name anybody, and isn't stopped for it; people and programs that name somebody are told at once. A request
that too few can decide says so on its page, and `handrail doctor` lists it.
"""

from collections.abc import Collection, Iterable
from typing import Literal

from handrail.inbox.ports import InboxTransaction
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.policy import Audience, First, Quorum, needed
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.requests.routing import people

WORDS = {"unknown": "has no account", "off": "is switched off", "viewer": "is a viewer, who decides nothing"}
NEXT = {
    "unknown": "add them with `handrail users add`, or name somebody of `handrail users list`",
    "off": "switch them on with `handrail users on`, or name somebody else",
    "viewer": "give them another role with `handrail users role`, or name somebody else",
}
TOLD = 4
"""people whom a sentence names"""


def check_named(
    tx: InboxTransaction,
    audience: Audience,
    field: str,
    *,
    refused: Collection[Literal["unknown", "off", "viewer"]] = ("unknown", "off", "viewer"),
) -> None:
    """Raise `InvalidInput`, naming the field, for somebody who is named and can't decide, and for an empty group."""
    standing = tx.deciders(audience.users)
    if standing is None:
        return
    for name in audience.users:
        if (why := standing[name]) in refused:
            raise _refusal(field, f"{name!r} {WORDS[why]}", NEXT[why])
    for group in audience.groups:
        if not tx.members(group):
            raise _refusal(
                field, f"there is no group {group!r}", "add it with `handrail groups set`, or name another"
            )


def check_outside(tx: InboxTransaction, draft: RequestDraft, initiator: str | None) -> None:
    """Raise `InvalidInput`, naming the field, if a request from outside names strangers, or too few can decide it."""
    policy = draft.policy
    check_named(tx, policy.audience, "policy.audience", refused=("unknown", "off"))
    for place, rung in enumerate(policy.escalations):
        check_named(tx, rung.to, f"policy.escalations.{place}.to", refused=("unknown", "off"))
    check_enough(tx, policy.quorum, _asked(tx, policy.audience, initiator), (), "policy.audience")


def check_enough(
    tx: InboxTransaction,
    quorum: Quorum,
    asked: Collection[str] | None,
    decided: Collection[str],
    field: str,
) -> None:
    """Raise `InvalidInput`, naming the field, if too few of those asked can decide."""
    if told := _shortage(tx, quorum, asked, decided):
        raise _refusal(field, told, "name others, or give these an account that decides")


def shortage(tx: InboxTransaction, request: HumanRequest) -> str | None:
    """Say of an open request why those asked can't come to an outcome; None if they can.

    Where one decision is enough, they are the members of its groups as they are now.
    """
    if request.ended:
        return None
    quorum, asked = request.policy.quorum, request.asked
    if isinstance(quorum, First):
        asked = _asked(tx, request.audience, request.initiator)
    return _shortage(tx, quorum, asked, [decision.actor for decision in request.decisions])


def shortages(tx: InboxTransaction, *, requests: Iterable[HumanRequest]) -> list[str]:
    """Return those of these requests, by id, that too few can decide."""
    if tx.deciders(()) is None:
        return []
    return [request.id for request in requests if shortage(tx, request)]


def _asked(tx: InboxTransaction, audience: Audience, initiator: str | None) -> tuple[str, ...] | None:
    return None if audience.is_open else people(audience, tx.members, initiator)


def _shortage(
    tx: InboxTransaction, quorum: Quorum, asked: Collection[str] | None, decided: Collection[str]
) -> str | None:
    if not asked or (standing := tx.deciders(asked)) is None:
        return None
    unable = [name for name in asked if standing[name] != "able" and name not in decided]
    must, able = max(1, needed(quorum, len(asked))), len(asked) - len(unable)
    if able >= must:
        return None
    why = [f"{name!r} {WORDS[standing[name]]}" for name in unable[:TOLD]]
    if more := len(unable) - len(why):
        why.append(f"and {more} more")
    if able == 0:
        return f"nobody with an account can decide this: {', '.join(why)}"
    return f"{must} must approve, and only {able} of those asked can decide: {', '.join(why)}"


def _refusal(field: str, told: str, then: str) -> InvalidInput:
    return InvalidInput(f"{told}: {then}", fields=[FieldProblem(field, told)])
