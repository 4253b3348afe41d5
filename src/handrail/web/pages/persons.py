"""People, for admins: who there is, adding somebody, what they may do, and one-time links."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.inbox.outside import CHANNEL
from handrail.people.facts import Kind, Person, Role
from handrail.people.rights import Caller, Right
from handrail.requests.errors import Conflict, HandrailError, InvalidInput, UnknownId
from handrail.web.auth.door import face_of
from handrail.web.pages.address import of_person
from handrail.web.pages.visit import go, posted, show, text_of, typed_into, visitor
from handrail.web.pages.wishing import sheet

router = APIRouter()
LINK_LASTS = 3 * 86400.0
"""seconds: it has to reach somebody first"""


@router.get("/settings/people")
async def list_people(request: Request) -> Response:
    """Show who there is."""
    await visitor(request, Right.PEOPLE)
    return await _list(request)


async def _list(request: Request, status: int = 200, **values: Any) -> Response:
    people = await face_of(request).people.everybody()
    blank = {"problems": {}, "typed": typed_into(role=Role.REVIEWER), "adding": False}
    return await show(
        request,
        "settings_people.html",
        status,
        tab="people",
        people=people,
        roles=list(Role),
        **{**blank, **values},
    )


@router.post("/settings/people")
async def add(request: Request) -> Response:
    """Add somebody; a person gets a one-time link, a service account gets keys."""
    caller, form = await posted(request, Right.PEOPLE)
    typed = {name: text_of(form, name) for name in ("name", "display", "email", "role", "service")}
    try:
        person = await face_of(request).people.add(
            typed["name"],
            actor=caller.actor,
            role=typed["role"],
            display=typed["display"] or None,
            email=typed["email"] or None,
            service=typed["service"] == "on",
        )
    except (InvalidInput, Conflict) as error:
        problems = {_field(error): str(error)}
        return await _list(request, _status(error), problems=problems, typed=typed, adding=True)
    if person.service:
        return go(request, "/settings/keys", f"{person.name} was added. Make a key for it here.")
    return await _link(request, caller, person, f"{person.display} was added")


def _field(error: HandrailError) -> str:
    """Return which field an error is about, as its words tell."""
    told = str(error)
    fields = {
        "display name": "display",
        "no email": "email",
        "has that name or email": "name",
        "no role": "role",
    }
    return next((field for words, field in fields.items() if words in told), "name")


def _status(error: HandrailError) -> int:
    return 409 if isinstance(error, Conflict) else 422


async def _link(request: Request, caller: Caller, person: Person, heading: str) -> Response:
    """Make a link and show it: this once."""
    face = face_of(request)
    token = await face.people.make_link(Kind.LOGIN, person.name, actor=caller.actor, lasts=LINK_LASTS)
    return await show(
        request,
        "settings_once.html",
        tab="people",
        heading=heading,
        told=f"Give this link to {person.display}. It signs them in once, within three days, "
        "and lets them choose a password. It is shown only now.",
        secret=face.link(f"/login/link/{token}"),
        label="One-time link",
        back=of_person(person.name),
        back_word=person.display,
    )


@router.get("/settings/people/{name:path}")
async def person(request: Request, name: str) -> Response:
    """Show somebody."""
    caller = await visitor(request, Right.PEOPLE)
    return await person_page(request, caller, name)


async def person_page(
    request: Request,
    caller: Caller,
    name: str,
    status: int = 200,
    *,
    notify: tuple[dict[str, Any], InvalidInput] | None = None,
    **values: Any,
) -> Response:
    """Show somebody; `notify` is what was typed as their notifications, and what is wrong with it."""
    face, people = face_of(request), face_of(request).people
    found = await people.find(name)
    given, wrong = notify or (None, None)
    known = None if found.service else await people.notifications(found.name)
    blank: dict[str, Any] = {"problems": {}, "typed": None, "added": typed_into()}
    return await show(
        request,
        "settings_person.html",
        status,
        tab="people",
        person=found,
        itself=found.name == caller.name,
        roles=list(Role),
        groups=await people.groups_of(found.name),
        keys=await people.keys(found.name),
        sessions=await people.sessions(found.name),
        identities=await people.identities(found.name),
        carried=sorted(name for name in face_of(request).channels or () if name != CHANNEL),
        notify=sheet(face, known, "/settings/person/notifications", given=given, wrong=wrong)
        if known
        else None,
        **{**blank, **values},
    )


@router.post("/settings/person/change")
async def change(request: Request) -> Response:
    """Change how somebody is shown, and what they may do."""
    caller, form = await posted(request, Right.PEOPLE)
    name, typed = text_of(form, "name"), {each: text_of(form, each) for each in ("display", "email", "role")}
    try:
        changed = await face_of(request).people.change(
            name, actor=caller.actor, display=typed["display"], email=typed["email"], role=typed["role"]
        )
    except (InvalidInput, Conflict) as error:
        field = "role" if "last active admin" in str(error) else _field(error)
        field = "email" if field == "name" else field
        return await person_page(
            request, caller, name, _status(error), problems={field: str(error)}, typed=typed
        )
    return go(request, of_person(changed.name), f"{changed.display} was changed.")


@router.post("/settings/person/identity")
async def add_identity(request: Request) -> Response:
    """Say that an address on a channel is somebody's."""
    caller, form = await posted(request, Right.PEOPLE)
    name, typed = text_of(form, "name"), {each: text_of(form, each) for each in ("channel", "address")}
    try:
        added = await face_of(request).people.add_identity(
            name, typed["channel"], typed["address"], actor=caller.actor
        )
    except (InvalidInput, Conflict) as error:
        fields = error.fields if isinstance(error, InvalidInput) else ()
        problems = {fields[0].path if fields else "address": str(error)}
        if isinstance(error, InvalidInput) and not fields:  # it isn't about what was typed
            return await person_page(
                request, caller, name, 422, notice={"text": str(error), "status": "blocked"}
            )
        return await person_page(
            request, caller, name, _status(error), problems=problems, added=typed_into(**typed)
        )
    return go(request, of_person(added.person), f"{added.address} on {added.channel} is {added.person} now.")


@router.post("/settings/person/identity/remove")
async def remove_identity(request: Request) -> Response:
    """Take an address from somebody; what comes from there is refused from now on."""
    caller, form = await posted(request, Right.PEOPLE)
    name = text_of(form, "name")
    try:
        gone = await face_of(request).people.remove_identity(
            text_of(form, "channel"), text_of(form, "address"), who=name, actor=caller.actor
        )
    except UnknownId:
        person = await face_of(request).people.find(name)
        return go(request, of_person(person.name), "That address was taken away already.")
    return go(request, of_person(gone.person), f"{gone.address} on {gone.channel} is nobody now.")


@router.post("/settings/person/active")
async def switch(request: Request) -> Response:
    """Switch somebody off, which ends their sessions, keys and links; or on again."""
    caller, form = await posted(request, Right.PEOPLE)
    name, active = text_of(form, "name"), text_of(form, "active") == "on"
    try:
        changed = await face_of(request).people.change(name, actor=caller.actor, active=active)
    except Conflict as error:
        return await person_page(request, caller, name, 409, problems={"active": str(error)})
    told = "can sign in again" if active else "is switched off; sessions, keys and links have ended"
    return go(request, of_person(changed.name), f"{changed.display} {told}.")


@router.post("/settings/person/link")
async def make_link(request: Request) -> Response:
    """Make a one-time link for somebody who lost the password."""
    caller, form = await posted(request, Right.PEOPLE)
    found = await face_of(request).people.find(text_of(form, "name"))
    if found.service or not found.active:
        what = "is a service account: make a key for it" if found.service else "is switched off"
        return await person_page(
            request, caller, found.name, 409, problems={"link": f"{found.display} {what}."}
        )
    return await _link(request, caller, found, f"A link for {found.display}")
