"""Many at once: what was selected is shown, decided item by item, and told item by item; what failed stays selected."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.rights import Caller, Right, check
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict, HandrailError, InvalidInput, UnknownId
from handrail.requests.request import HumanRequest
from handrail.web import acts
from handrail.web.auth.door import face_of
from handrail.web.failure import failure
from handrail.web.pages import posting, sheet
from handrail.web.pages.inbox import Known
from handrail.web.pages.login import back_to
from handrail.web.pages.render import render
from handrail.web.pages.visit import form_of

router = APIRouter()
MOST = 200
VERBS = (Verb.APPROVE, Verb.REJECT)


@dataclass(frozen=True, slots=True)
class Item:
    """One of the selected requests: as it is, or why it can't be decided with the others."""

    id: str
    title: str
    seen: str = ""
    problem: str = ""
    request: HumanRequest | None = None


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
        return await render(
            request,
            "many_done.html",
            status,
            items=results,
            verb=chosen,
            back=back,
            comment=comment,
            section_name="inbox",
        )
    items = await face_of(request).store.read(_items, picked=tuple(picked), caller=caller, verb=chosen)
    return await render(
        request,
        "many.html",
        422 if sure else 200,
        items=items,
        verb=chosen,
        back=back,
        comment=comment,
        problem="Say why; each run and its author get your words. Nothing was decided." if sure else "",
        section_name="inbox",
    )


def _items(tx: Any, *, picked: tuple[str, ...], caller: Caller, verb: Verb) -> list[Item]:
    return [_item(tx, request_id, caller, verb) for request_id in picked]


def _item(tx: Any, request_id: str, caller: Caller, verb: Verb) -> Item:
    try:
        request = sheet.visible(tx, request_id=request_id, caller=caller)
    except UnknownId as error:
        return Item(request_id, request_id, problem=str(error))
    title = request.draft.title
    if request.ended:
        return Item(request_id, title, problem="it is decided already")
    if (refused := acts.refusal(tx, caller=caller, right=Right.DECIDE, request=request)) is not None:
        return Item(request_id, title, problem=str(refused))
    if verb not in request.draft.verbs:
        return Item(request_id, title, problem="it needs answers; open it to decide")
    return Item(request_id, title, request.content_hash, request=request)


async def _decided(
    request: Request, caller: Caller, form: FormData, picked: list[str], verb: Verb
) -> list[Item]:
    """Decide one after the other: each is its own decision, and one that fails stops no other."""
    comment = posting.text(form, "comment").strip() or None
    found = []
    for request_id in picked:
        title = request_id
        try:
            shown = await face_of(request).store.read(sheet.visible, request_id=request_id, caller=caller)
            title, seen = shown.draft.title, posting.text(form, f"seen {request_id}")
            if not seen:
                raise Conflict(
                    "it was not among those that were shown; look at it, and decide again", winner=None
                )
            await acts.decide(face_of(request), caller, request_id, verb, comment=comment, seen_hash=seen)
            found.append(Item(request_id, title))
        except HandrailError as error:
            found.append(Item(request_id, title, problem=failure(error).detail))
    return found
