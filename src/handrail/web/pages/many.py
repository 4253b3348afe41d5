"""Many at once: what was selected is shown, decided item by item, and told item by item.

What can only be judged on its own page (a form, a text too long to be shown) is refused here, before and after the
question. What failed and may be tried again stays selected; what is over isn't tried again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from handrail.flows.node import ChainableNode
from handrail.people import access
from handrail.people.rights import Caller, Right, check
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict, HandrailError, InvalidInput, NotAllowed, UnknownId
from handrail.requests.policy import First
from handrail.requests.request import HumanRequest
from handrail.web import acts
from handrail.web.auth.door import face_of
from handrail.web.content.value import proposal_html
from handrail.web.failure import failure
from handrail.web.pages import conflict, posting, sheet, shown, telling
from handrail.web.pages.inbox import Known
from handrail.web.pages.login import back_to
from handrail.web.pages.visit import form_of, show

router = APIRouter()
MOST = 200
VERBS = (Verb.APPROVE, Verb.REJECT)
NOT_SHOWN = "it was not among those that were shown; look at it, and decide again"


@dataclass(frozen=True, slots=True)
class Item:
    """One of the selected requests: as it is, or why it can't be decided with the others."""

    id: str
    title: str
    problem: str = ""
    request: HumanRequest | None = None
    again: bool = False
    """whether what failed may be tried again as it is"""
    effect: str = ""
    """what happens if it is decided"""
    who: str = ""
    """how many must agree, where the effect doesn't say so"""
    vote: str = ""
    """how far the votes have come, where this was one of several"""


@router.post("/requests/many")
async def many(request: Request, caller: Known) -> Response:
    """Show what was selected and ask; with `sure` decide it."""
    form = await form_of(request)
    check(caller, Right.DECIDE)
    back, verb = back_to(posting.text(form, "back") or "/inbox"), posting.text(form, "verb")
    picked = [str(each) for each in dict.fromkeys(form.getlist("pick"))][:MOST]
    if verb not in VERBS:
        raise InvalidInput(f"many at once can be decided with {' or '.join(VERBS)}; go back and choose one")
    chosen, comment, sure = Verb(verb), posting.text(form, "comment"), bool(posting.text(form, "sure"))
    has_words = chosen is Verb.APPROVE or bool(comment.strip())
    if sure and has_words:
        results = await _decided(request, caller, form, picked, chosen)
        status = 200 if not any(item.problem for item in results) else 207
        return await show(
            request,
            "many_done.html",
            status,
            items=results,
            verb=chosen,
            back=back,
            comment=comment,
            section_name="inbox",
        )
    return await show(
        request,
        "many.html",
        422 if sure else 200,
        items=await _read(request, caller, picked, chosen),
        verb=chosen,
        back=back,
        comment=comment,
        problem="Say why; whoever asked gets your words. Nothing was decided." if sure else "",
        section_name="inbox",
    )


async def _read(request: Request, caller: Caller, picked: list[str], verb: Verb) -> list[Item]:
    face = face_of(request)
    return await face.store.read(
        _items, picked=tuple(picked), caller=caller, verb=verb, now=face.clock.now(), flows=face.flows
    )


def _items(tx: Any, /, *, picked: tuple[str, ...], **given: Any) -> list[Item]:
    return [_item(tx, request_id, **given) for request_id in picked]


def _item(
    tx: Any,
    request_id: str,
    *,
    caller: Caller,
    verb: Verb,
    now: datetime,
    flows: Mapping[str, ChainableNode],
) -> Item:
    try:
        request = sheet.visible(tx, request_id=request_id, caller=caller)
    except UnknownId as error:
        return Item(request_id, request_id, problem=str(error))
    refused = access.refusal(tx, caller=caller, right=Right.DECIDE, request=request)
    problem = conflict.settled(request, now)[0] or (str(refused) if refused else _unseen(request, verb))
    following = shown.following(flows.get(request.flow or ""), request)
    return Item(
        request_id,
        request.draft.title,
        problem,
        request,
        effect=telling.effect(request, following),
        who=telling.who_decides(request) if isinstance(request.policy.quorum, First) else "",
    )


def _unseen(request: HumanRequest, verb: Verb) -> str:
    """Return why a request can only be decided on its own page: what has to be filled in, or read to its end."""
    if verb not in request.draft.verbs:
        return "it needs answers; open it to decide"
    if verb is Verb.APPROVE and proposal_html(request.draft.proposal).cut:
        return "it is too long to be shown at once; open it to decide"
    return ""


async def _decided(
    request: Request, caller: Caller, form: FormData, picked: list[str], verb: Verb
) -> list[Item]:
    """Decide one after the other: each is its own decision, and one that fails stops no other."""
    comment = posting.text(form, "comment").strip() or None
    return [
        await _one(request, caller, request_id, verb, posting.text(form, f"seen {request_id}"), comment)
        for request_id in picked
    ]


async def _one(
    request: Request, caller: Caller, request_id: str, verb: Verb, seen: str, comment: str | None
) -> Item:
    item = Item(request_id, request_id)
    try:
        [item] = await _read(request, caller, [request_id], verb)
        if item.problem:
            return item
        if not seen:
            return replace(item, problem=NOT_SHOWN, again=True)
        done = await acts.decide(face_of(request), caller, request_id, verb, comment=comment, seen_hash=seen)
    except (Conflict, NotAllowed) as error:
        [after] = await _read(request, caller, [request_id], verb)
        return after if after.problem else replace(after, problem=failure(error).detail, again=True)
    except HandrailError as error:
        return replace(item, problem=failure(error).detail, again=True)
    return item if done.ended else replace(item, vote=telling.so_far(done))
