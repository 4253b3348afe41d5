"""API keys, for admins: for whom, for what and how long. A key's secret is shown once."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.facts import Scope
from handrail.people.rights import Right
from handrail.requests.errors import Conflict, InvalidInput, UnknownId
from handrail.web.auth.door import face_of
from handrail.web.pages.visit import go, posted, show, text_of, typed_into, visitor

router = APIRouter()
KEYS = "/settings/keys"
DAY = 86400.0
LASTING = {"30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}
"""days, and how they are called"""
SCOPES = {
    Scope.REQUESTS_READ: "read requests",
    Scope.REQUESTS_WRITE: "open, comment on, reassign and withdraw requests",
    Scope.DECIDE: "claim and decide",
    Scope.RUNS_READ: "read runs",
    Scope.RUNS_WRITE: "start, cancel and retry runs",
    Scope.ADMIN: "read the log, manage people, groups, keys and guidelines",
}


@router.get(KEYS)
async def list_keys(request: Request) -> Response:
    """Show all keys."""
    await visitor(request, Right.KEYS)
    return await _list(request)


async def _list(request: Request, status: int = 200, **values: Any) -> Response:
    people = face_of(request).people
    blank: dict[str, Any] = {"problems": {}, "typed": typed_into(days="90", scopes=())}
    return await show(
        request,
        "settings_keys.html",
        status,
        tab="keys",
        keys=await people.keys(),
        people=[person for person in await people.everybody() if person.active],
        scopes=SCOPES,
        lasting=LASTING,
        **{**blank, **values},
    )


@router.post(KEYS)
async def make(request: Request) -> Response:
    """Make a key and show it: this once."""
    caller, form = await posted(request, Right.KEYS)
    scopes = [scope for scope in form.getlist("scopes") if isinstance(scope, str)]
    typed: dict[str, Any] = {name: text_of(form, name) for name in ("label", "person", "days")}
    days = typed["days"]
    try:
        if days not in LASTING:
            raise InvalidInput("choose how long the key lasts")
        key, secret = await face_of(request).people.make_key(
            typed["person"],
            typed["label"],
            scopes,
            actor=caller.actor,
            expires_in=float(days) * DAY if days else None,
        )
    except (InvalidInput, Conflict, UnknownId) as error:
        status = 409 if isinstance(error, Conflict) else 422
        problems = {_field(error): str(error)}
        return await _list(request, status, problems=problems, typed={**typed, "scopes": scopes})
    return await show(
        request,
        "settings_once.html",
        tab="keys",
        heading=f"The key “{key.label}” for {key.person}",
        told="Copy it now: only a hash of it is kept, and nobody can show it again. "
        "Programs send it as Authorization: Bearer KEY.",
        secret=secret,
        label="API key",
        back=KEYS,
        back_word="API keys",
    )


def _field(error: Exception) -> str:
    """Return which field an error is about, as its words tell."""
    told = str(error)
    if isinstance(error, UnknownId | Conflict):
        return "person"
    return "scopes" if "scope" in told else "label" if "label" in told else "days"


@router.post(f"{KEYS}/revoke")
async def revoke(request: Request) -> Response:
    """End a key."""
    caller, form = await posted(request, Right.KEYS)
    key = await face_of(request).people.revoke_key(text_of(form, "key"), actor=caller.actor)
    return go(request, KEYS, f"The key “{key.label}” was revoked. What uses it is refused from now on.")
