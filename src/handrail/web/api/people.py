"""People over HTTP: who you are, users, groups and keys. All but the first is for admins."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.people.facts import Key, Person
from handrail.requests.errors import Conflict
from handrail.requests.identifier import utc_text
from handrail.web.api import answers
from handrail.web.api.bodies import GroupBody, KeyBody, UserBody, UserChange
from handrail.web.api.responses import problems, reading, writing
from handrail.web.api.route import Known, ManagesGroups, ManagesKeys, ManagesPeople, StrictRoute
from handrail.web.auth.door import face_of

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=StrictRoute)

UserName = Annotated[str, Path(min_length=1, max_length=320, examples=["alice"])]
GroupName = Annotated[str, Path(min_length=1, max_length=200, examples=["legal"])]
KeyId = Annotated[str, Path(min_length=1, max_length=100, examples=["3f1c0a9b2d4e"])]


def _plain(fact: Person | Key) -> dict[str, Any]:
    """Return a fact as an answer: moments in UTC."""
    return {
        name: utc_text(value) if isinstance(value, datetime) else value
        for name, value in asdict(fact).items()
    }


def _items(items: Sequence[Any]) -> JSONResponse:
    return JSONResponse({"items": list(items)})


@router.get("/me", summary="Who you are", responses=reading(answers.Me), operation_id="me")
async def me(request: Request, caller: Known) -> Response:
    """Return who the key or the session belongs to, with groups, and what the key is for."""
    groups = await face_of(request).people.groups_of(caller.name)
    return JSONResponse({**_plain(caller.person), "groups": groups, "scopes": caller.scopes})


@router.get("/users", summary="List users", responses=reading(answers.Users), operation_id="list_users")
async def list_users(request: Request, caller: ManagesPeople) -> Response:
    """List everybody, by name."""
    return _items([_plain(person) for person in await face_of(request).people.everybody()])


@router.post(
    "/users",
    status_code=201,
    summary="Add a user",
    responses=writing(
        answers.User,
        409,
        done=201,
        links={"show": {"operationId": "show_user", "parameters": {"name": "$response.body#/name"}}},
    ),
    operation_id="add_user",
)
async def add_user(request: Request, caller: ManagesPeople, body: UserBody) -> Response:
    """Add somebody. Without a password they log in by link."""
    added = await face_of(request).people.add(
        body.name,
        actor=caller.actor,
        role=body.role,
        display=body.display,
        email=body.email,
        service=body.service,
        password=body.password,
    )
    return JSONResponse(_plain(added), 201)


@router.get(
    "/users/{name:path}",
    summary="Look at a user",
    responses=reading(answers.User, 404),
    operation_id="show_user",
)
async def show_user(request: Request, caller: ManagesPeople, name: UserName) -> Response:
    """Return somebody by name or email."""
    return JSONResponse(_plain(await face_of(request).people.find(name)))


@router.patch(
    "/users/{name:path}",
    summary="Change a user",
    responses=writing(answers.User, 404, 409),
    operation_id="change_user",
)
async def change_user(request: Request, caller: ManagesPeople, name: UserName, body: UserChange) -> Response:
    """Change what is given; the last active admin stays one."""
    people = face_of(request).people
    known = await people.find(name)
    changed = await people.change(
        known.name,
        actor=caller.actor,
        role=body.role,
        display=body.display,
        email=body.email,
        active=body.active,
        password=body.password,
        keep=caller.session,
    )
    return JSONResponse(_plain(changed))


@router.get("/groups", summary="List groups", responses=reading(answers.Groups), operation_id="list_groups")
async def list_groups(request: Request, caller: ManagesGroups) -> Response:
    """List all groups with their people."""
    face = face_of(request)
    found = await face.people.groups()
    return _items(
        [{"name": name, "people": people, "fixed": name in face.groups} for name, people in found.items()]
    )


@router.put(
    "/groups/{name:path}",
    summary="Set a group",
    responses=writing(answers.Group, 404, 409),
    operation_id="set_group",
)
async def set_group(request: Request, caller: ManagesGroups, name: GroupName, body: GroupBody) -> Response:
    """Make these people the whole group; nobody removes it."""
    face = face_of(request)
    if name in face.groups:
        told = f"the app's code says who belongs to group {name!r}: change App(groups=...)"
        raise Conflict(told, about="state")
    people = await face.people.set_group(name, body.people, actor=caller.actor)
    return JSONResponse({"name": name, "people": people, "fixed": False})


@router.get("/keys", summary="List keys", responses=reading(answers.Keys), operation_id="list_keys")
async def list_keys(request: Request, caller: ManagesKeys) -> Response:
    """List all keys, the newest first."""
    return _items([_plain(key) for key in await face_of(request).people.keys()])


@router.post(
    "/keys",
    status_code=201,
    summary="Make a key",
    responses=writing(
        answers.NewKey,
        404,
        409,
        done=201,
        links={"revoke": {"operationId": "revoke_key", "parameters": {"key_id": "$response.body#/id"}}},
    ),
    operation_id="make_key",
)
async def make_key(request: Request, caller: ManagesKeys, body: KeyBody) -> Response:
    """Make a key, for somebody else too; its text is in this answer and never shown again."""
    key, text = await face_of(request).people.make_key(
        body.person or caller.name,
        body.label,
        body.scopes,
        actor=caller.actor,
        expires_in=body.expires_in,
    )
    return JSONResponse({**_plain(key), "key": text}, 201)


@router.delete(
    "/keys/{key_id}",
    status_code=204,
    summary="Revoke a key",
    responses={204: {"description": "It has ended; it stays in the list."}, **problems(404)},
    operation_id="revoke_key",
)
async def revoke_key(request: Request, caller: ManagesKeys, key_id: KeyId) -> Response:
    """End a key at once. One that was revoked stays as it is."""
    await face_of(request).people.revoke_key(key_id, actor=caller.actor)
    return Response(status_code=204)
