"""Groups, for admins: whom `group:NAME` means. Those that the app's code names are only shown."""

import re
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.rights import Right
from handrail.requests.errors import Conflict, InvalidInput
from handrail.requests.wording import count
from handrail.web.auth.door import face_of
from handrail.web.pages.visit import go, posted, show, text_of, typed_into, visitor

router = APIRouter()


@router.get("/settings/groups")
async def list_groups(request: Request) -> Response:
    """Show the groups."""
    await visitor(request, Right.GROUPS)
    return await _list(request)


async def _list(request: Request, status: int = 200, **values: Any) -> Response:
    face = face_of(request)
    blank: dict[str, Any] = {"problems": {}, "typed": typed_into()}
    return await show(
        request,
        "settings_groups.html",
        status,
        tab="groups",
        groups=await face.people.groups(),
        of_code=face.groups,
        people={person.name: person for person in await face.people.everybody()},
        **{**blank, **values},
    )


@router.post("/settings/groups")
async def set_group(request: Request) -> Response:
    """Make a group, or change who belongs to it; without members there is none any more."""
    caller, form = await posted(request, Right.GROUPS)
    face, name = face_of(request), text_of(form, "name").removeprefix("group:")
    typed = {"name": name, "members": text_of(form, "members"), "new": text_of(form, "new")}
    members = [part.strip() for part in re.split(r"[\n,]", typed["members"]) if part.strip()]
    if name in face.groups:
        raise Conflict(f"the group {name!r} is set by the app's code: change it there", about="state")
    problem = _refusal(name, members, typed["new"] == "on", await face.people.groups())
    if problem is None:
        try:
            await face.people.set_group(name, members, actor=caller.actor)
        except InvalidInput as error:
            problem = ("name" if repr(name) in str(error) else "members", str(error))
    if problem is not None:
        return await _list(request, 422, problems=dict([problem]), typed=typed)
    told = f"has {count(len(members), 'member')}" if members else "was removed"
    return go(request, "/settings/groups", f"The group {name} {told}.")


def _refusal(
    name: str, members: list[str], new: bool, groups: dict[str, tuple[str, ...]]
) -> tuple[str, str] | None:
    """Return the field and the reason why a form can't be meant so."""
    if new and name in groups:
        return "name", "There is a group with this name: change it in the list."
    if new and not members:
        return "members", "Name who belongs to it: a group without members is none."
    return None
