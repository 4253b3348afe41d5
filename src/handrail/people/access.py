"""What somebody does with a request: whether they may is looked at in the transaction that does it.

What a caller may not read doesn't exist for them: `UnknownId`, in the same words as for an id that nobody has.
"""

from collections.abc import Callable
from typing import Any

from handrail.inbox.ports import InboxTransaction
from handrail.inbox.viewer import Viewer
from handrail.people import rights
from handrail.people.rights import Caller, Right
from handrail.requests.errors import Conflict, NotAllowed, UnknownId
from handrail.requests.request import HumanRequest
from handrail.requests.routing import check_may_act, check_not_claimed


def unknown(kind: str, name: str) -> UnknownId:
    """Return what is said of something that isn't there, or isn't the caller's to know."""
    return UnknownId(f"there is no {kind} {name[:80]!r} that you may read; the list shows those you may")


def viewer_of(tx: InboxTransaction, caller: Caller) -> Viewer:
    """Return a caller as the lists see them, whatever their key is for."""
    return Viewer(caller.name, tx.groups_of(caller.name), caller.reads_everything, caller.actor.strength)


def readable(tx: InboxTransaction, *, caller: Caller, request_id: str) -> HumanRequest:
    """Return a request that the caller reads. Raises `UnknownId`, and `NotAllowed` for a key without the scope."""
    rights.check(caller, Right.READ_REQUESTS)
    request = tx.request(request_id)
    if request is None or not viewer_of(tx, caller).sees(request):
        raise unknown("request", request_id)
    return request


def refusal(
    tx: InboxTransaction, *, caller: Caller, right: Right, request: HumanRequest
) -> NotAllowed | None:
    """Return why a caller may not do something with an open request, by the checks of the act; None if they may."""
    try:
        rights.check_request(caller, right, request, tx.members)
        if right in rights.BY_THE_INBOX:
            check_may_act(request, caller.actor, tx.members)
        if right is Right.DECIDE:
            check_not_claimed(request, caller.actor)
    except NotAllowed as error:
        return error
    return None


def moved(
    tx: InboxTransaction,
    unit: Callable[..., HumanRequest | Conflict],
    *,
    caller: Caller,
    right: Right,
    request_id: str,
    arguments: dict[str, Any],
) -> HumanRequest | Conflict:
    """Move a request by a unit of `inbox.moves`, if the caller reads it and has the right."""
    request = tx.request(request_id)
    if request is None or not viewer_of(tx, caller).sees(request):
        raise unknown("request", request_id)
    rights.check_request(caller, right, request, tx.members)
    return unit(tx, request_id=request_id, actor=caller.actor, **arguments)
