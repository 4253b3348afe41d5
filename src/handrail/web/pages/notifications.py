"""Notifications: by which channels somebody is told what, and when. One's own, and for admins those of others."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.rights import Right
from handrail.requests.errors import InvalidInput
from handrail.web.auth.door import face_of
from handrail.web.pages import account, persons
from handrail.web.pages.address import of_person
from handrail.web.pages.visit import go, posted, show, text_of, visitor
from handrail.web.pages.wishing import sheet, typed

router = APIRouter()
DEFAULT = "/settings/notifications"


@router.post(f"{account.ME}/notifications")
async def set_mine(request: Request) -> Response:
    """Set my notifications."""
    caller, form = await posted(request)
    face, given = face_of(request), typed(form)
    if text_of(form, "default"):
        await face.people.default_notifications(caller.name, actor=caller.actor)
        return go(request, account.ME, "You are notified as everybody is who has set nothing.")
    try:
        await face.people.set_notifications(
            caller.name, given, actor=caller.actor, channels=face.channels_to_people
        )
    except InvalidInput as error:
        return await account.account_page(request, caller, 422, notify=(given, error))
    return go(request, account.ME, "Your notifications were set.")


@router.post("/settings/person/notifications")
async def set_theirs(request: Request) -> Response:
    """Set somebody's notifications."""
    caller, form = await posted(request, Right.PEOPLE)
    face, given, name = face_of(request), typed(form), text_of(form, "name")
    person = await face.people.find(name)
    if text_of(form, "default"):
        await face.people.default_notifications(name, actor=caller.actor)
        return go(request, of_person(person.name), f"{person.display} is notified by the default.")
    try:
        await face.people.set_notifications(name, given, actor=caller.actor, channels=face.channels_to_people)
    except InvalidInput as error:
        if not error.fields:  # it isn't about what was typed
            notice = {"text": str(error), "status": "blocked"}
            return await persons.person_page(request, caller, name, 422, notice=notice)
        return await persons.person_page(request, caller, name, 422, notify=(given, error))
    return go(request, of_person(person.name), f"The notifications of {person.display} were set.")


@router.get(DEFAULT)
async def default(request: Request) -> Response:
    """Show how those are notified who have set nothing themselves."""
    await visitor(request, Right.PEOPLE)
    return await _default(request)


async def _default(
    request: Request,
    status: int = 200,
    given: Mapping[str, Any] | None = None,
    wrong: InvalidInput | None = None,
) -> Response:
    face = face_of(request)
    known = await face.people.notifications(None)
    notify = sheet(face, known, DEFAULT, given=given, wrong=wrong)
    return await show(request, "settings_notifications.html", status, tab="notifications", notify=notify)


@router.post(DEFAULT)
async def set_default(request: Request) -> Response:
    """Set how those are notified who have set nothing themselves."""
    caller, form = await posted(request, Right.PEOPLE)
    face, given = face_of(request), typed(form)
    try:
        await face.people.set_notifications(None, given, actor=caller.actor, channels=face.channels_to_people)
    except InvalidInput as error:
        return await _default(request, 422, given, error)
    return go(request, DEFAULT, "The default was set.")
