"""What people wish to hear, over HTTP: one's own for everybody, those of others and the default for admins."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.people import rights
from handrail.people.notifications import public
from handrail.people.rights import Caller, Right
from handrail.web.api import answers, links
from handrail.web.api.identities import is_own
from handrail.web.api.notification_bodies import NotificationsBody
from handrail.web.api.people import UserName
from handrail.web.api.responses import reading, writing
from handrail.web.api.route import Known, ManagesPeople, StrictRoute
from handrail.web.auth.door import face_of

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=StrictRoute)


def _check(caller: Caller, name: str, right: Right) -> None:
    """Raise `NotAllowed` unless this names the caller and their key is for that, or they manage people."""
    rights.check(caller, right if is_own(caller, name) else Right.PEOPLE)


@router.get(
    "/notifications",
    summary="Look at the default notifications",
    responses=reading(answers.Notifications),
    operation_id="show_default_notifications",
)
async def show_default_notifications(request: Request, caller: ManagesPeople) -> Response:
    """Return what all hear who have set nothing themselves; for admins."""
    return JSONResponse(public(await face_of(request).people.notifications(None)))


@router.put(
    "/notifications",
    summary="Set the default notifications",
    responses=writing(answers.Notifications),
    operation_id="set_default_notifications",
)
async def set_default_notifications(
    request: Request, caller: ManagesPeople, body: NotificationsBody
) -> Response:
    """Set what all hear who have set nothing themselves; what isn't given is off."""
    face = face_of(request)
    known = await face.people.set_notifications(
        None, body.model_dump(), actor=caller.actor, channels=face.channels_to_people
    )
    return JSONResponse(public(known))


@router.get(
    "/users/{name:path}/notifications",
    summary="Look at somebody's notifications",
    responses=reading(answers.Notifications, 404),
    operation_id="show_notifications",
)
async def show_notifications(request: Request, caller: Known, name: UserName) -> Response:
    """Return by which channels somebody is told what, and when: you, or as an admin anybody.

    Of yourself, a key needs the scope `requests:read`; of others `admin`.
    """
    _check(caller, name, Right.READ_REQUESTS)
    return JSONResponse(public(await face_of(request).people.notifications(name)))


@router.put(
    "/users/{name:path}/notifications",
    summary="Set somebody's notifications",
    responses=writing(answers.Notifications, 404, links=links.of_notifications()),
    operation_id="set_notifications",
)
async def set_notifications(
    request: Request, caller: Known, name: UserName, body: NotificationsBody
) -> Response:
    """Set by which channels somebody is told what, and when; what isn't given is off.

    Of yourself, a key needs the scope `requests:write`; of others `admin`.
    """
    _check(caller, name, Right.NOTIFICATIONS)
    face = face_of(request)
    known = await face.people.set_notifications(
        name, body.model_dump(), actor=caller.actor, channels=face.channels_to_people
    )
    return JSONResponse(public(known))


@router.delete(
    "/users/{name:path}/notifications",
    summary="Go back to the default notifications",
    responses=writing(answers.Notifications, 404),
    operation_id="reset_notifications",
)
async def reset_notifications(request: Request, caller: Known, name: UserName) -> Response:
    """Let somebody hear what all do who have set nothing themselves; returns what that is."""
    _check(caller, name, Right.NOTIFICATIONS)
    known = await face_of(request).people.default_notifications(name, actor=caller.actor)
    return JSONResponse(public(known))
