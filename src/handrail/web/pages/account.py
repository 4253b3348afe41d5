"""The settings of whoever is signed in: name, password, sessions, keyboard, and the overview of all settings."""

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.facts import Person
from handrail.people.rights import Caller, Right, check
from handrail.requests.errors import InvalidInput, UnknownId
from handrail.requests.wording import lasting
from handrail.web.auth import fresh
from handrail.web.auth.door import face_of
from handrail.web.pages.visit import go, posted, show, text_of, visitor
from handrail.web.pages.wishing import sheet

router = APIRouter()
ME = "/settings/me"
KEYBOARD = "handrail-keyboard"
"""the cookie that turns shortcuts off; scripts read it"""
A_YEAR = 365 * 86400
HANDLE = 16
"""characters of a session's id that a page names it by"""


@router.get("/settings")
async def overview(request: Request) -> Response:
    """Show what can be set, with what is set now."""
    caller, face = await visitor(request), face_of(request)
    counts: dict[str, int] = {}
    if caller.is_admin:
        everybody = await face.people.everybody()
        counts = {
            "people": sum(person.active for person in everybody),
            "groups": len(await face.people.groups()),
            "keys": sum(key.revoked_at is None for key in await face.people.keys()),
            "webhooks": sum(each.webhook.active for each in await face.webhooks.listed()),
        }
    guidelines = len(await face.people.guidelines())
    return await show(request, "settings_overview.html", tab="", counts=counts, guidelines=guidelines)


@router.get(ME)
async def account(request: Request) -> Response:
    """Show my account."""
    return await account_page(request, await visitor(request))


async def account_page(
    request: Request,
    caller: Caller,
    status: int = 200,
    problems: dict[str, str] | None = None,
    *,
    notify: tuple[dict[str, Any], InvalidInput] | None = None,
) -> Response:
    """Show my account; `notify` is what was typed as my notifications, and what is wrong with it."""
    face = face_of(request)
    given, wrong = notify or (None, None)
    known = await face.people.notifications(caller.name)
    return await show(
        request,
        "settings_account.html",
        status,
        tab="me",
        problems=problems or {},
        groups=await face.people.groups_of(caller.name),
        sessions=await face.people.sessions(caller.name),
        keys=await face.people.keys(caller.name),
        identities=await face.people.identities(caller.name),
        notify=sheet(face, known, f"{ME}/notifications", mine=True, given=given, wrong=wrong),
        handle=HANDLE,
        needs_old=caller.person.has_password and not fresh.is_fresh(request, face.clock.now()),
        shortcuts=request.cookies.get(KEYBOARD) != "off",
    )


@router.post(f"{ME}/name")
async def rename(request: Request) -> Response:
    """Change how I am shown."""
    caller, form = await posted(request)
    try:
        await face_of(request).people.change(
            caller.name, actor=caller.actor, display=text_of(form, "display")
        )
    except InvalidInput as error:
        return await account_page(request, caller, 422, {"display": str(error)})
    return go(request, ME, "Your name was changed.")


@router.post(f"{ME}/password")
async def change_password(request: Request) -> Response:
    """Change my password, which ends my other sessions."""
    caller, form = await posted(request)
    new, again = _raw(form, "new"), _raw(form, "again")
    if new != again:
        return await account_page(
            request, caller, 422, {"again": "This is not the same as the new password."}
        )
    try:
        problems, status = await _set_password(request, caller, _raw(form, "old"), new)
    except InvalidInput as error:
        problems, status = {"new": str(error)}, 422
    if problems:
        return await account_page(request, caller, status, problems)
    response = go(request, ME, "Your password was changed. Your other sessions have ended.")
    fresh.forget(response)
    return response


async def _set_password(request: Request, caller: Caller, old: str, new: str) -> tuple[dict[str, str], int]:
    """Return what is wrong, and with which status that is told."""
    face = face_of(request)
    if not caller.person.has_password or fresh.is_fresh(request, face.clock.now()):
        await face.people.set_password(caller.name, new, actor=caller.actor, keep=caller.session)
        return {}, 200
    address = request.client.host if request.client else "?"
    changed = await face.people.change_password(
        caller.name, old, new, actor=caller.actor, address=address, keep=caller.session
    )
    if isinstance(changed, Person):
        return {}, 200
    if changed.wait > 0:
        return {"old": f"Too many attempts. Try again in {lasting(changed.wait)}; nothing was changed."}, 429
    return {"old": "This is not your password. Nothing was changed."}, 422


def _raw(form: FormData, name: str) -> str:
    """Return a password as it was typed: blanks count."""
    given = form.get(name)
    return given if isinstance(given, str) else ""


@router.post(f"{ME}/session")
async def end_session(request: Request) -> Response:
    """End one of my sessions, or all but this one."""
    caller, form = await posted(request)
    people, wanted = face_of(request).people, text_of(form, "session")
    mine = await people.sessions(caller.name)
    here = caller.session.id if caller.session else ""
    ended = [
        each
        for each in mine
        if (wanted == "others" and each.id != here) or (len(wanted) == HANDLE and each.id.startswith(wanted))
    ]
    if not ended and wanted != "others":
        return go(request, ME, "That session had ended already.")
    for each in ended:
        await people.log_out(each)
    return go(
        request, ME, "The session was ended." if len(ended) == 1 else f"{len(ended)} sessions were ended."
    )


@router.post(f"{ME}/keyboard")
async def set_keyboard(request: Request) -> Response:
    """Turn the keyboard shortcuts on or off in this browser."""
    _, form = await posted(request)
    on = text_of(form, "shortcuts") == "on"
    response = go(request, ME, f"Keyboard shortcuts are {'on' if on else 'off'} in this browser.")
    if on:
        response.delete_cookie(KEYBOARD, path="/", samesite="lax")
    else:
        secure = face_of(request).secure
        response.set_cookie(KEYBOARD, "off", max_age=A_YEAR, secure=secure, samesite="lax", path="/")
    return response


@router.post(f"{ME}/key")
async def revoke_key(request: Request) -> Response:
    """Revoke one of my API keys."""
    caller, form = await posted(request)
    face, key_id = face_of(request), text_of(form, "key")
    key = next((key for key in await face.people.keys(caller.name) if key.id == key_id), None)
    if key is None:
        check(caller, Right.KEYS)
        raise UnknownId("you have no such key; Settings lists those you have")
    await face.people.revoke_key(key.id, actor=caller.actor)
    return go(request, ME, f"The key “{key.label}” was revoked. What uses it is refused from now on.")
