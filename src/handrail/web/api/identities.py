"""Whom somebody is on channels, over HTTP: addresses that a channel verifies. One's own are for everybody to read."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.people import rights
from handrail.people.facts import Person
from handrail.people.identity import public
from handrail.people.naming import folded
from handrail.people.rights import Caller, Right
from handrail.web.api import answers, links
from handrail.web.api.bodies import IdentityBody
from handrail.web.api.people import UserName
from handrail.web.api.responses import problems, reading, writing
from handrail.web.api.route import Known, ManagesPeople, StrictRoute
from handrail.web.auth.door import face_of

router = APIRouter(prefix="/api/v1/users", tags=["people"], route_class=StrictRoute)

ChannelName = Annotated[str, Path(min_length=1, max_length=50, examples=["slack"])]
Address = Annotated[str, Path(min_length=1, max_length=254, examples=["T012:U345"])]


def is_own(caller: Caller, name: str) -> bool:
    """Whether this names the caller themselves."""
    mine: Person = caller.person
    return folded(name) in (folded(mine.name), mine.email)


@router.get(
    "/{name:path}/identities",
    summary="List who somebody is on channels",
    responses=reading(answers.Identities, 404),
    operation_id="list_identities",
)
async def list_identities(request: Request, caller: Known, name: UserName) -> Response:
    """List the addresses of somebody: your own, or as an admin anybody's.

    Everybody's own email is theirs on the channel `email`, and isn't listed.
    """
    if not is_own(caller, name):
        rights.check(caller, Right.PEOPLE)
    found = await face_of(request).people.identities(name)
    return JSONResponse({"items": [public(each) for each in found]})


@router.post(
    "/{name:path}/identities",
    status_code=201,
    summary="Add an address of somebody",
    responses=writing(answers.Identity, 404, 409, done=201, links=links.of_identity()),
    operation_id="add_identity",
)
async def add_identity(
    request: Request, caller: ManagesPeople, name: UserName, body: IdentityBody
) -> Response:
    """Say that an address on a channel is theirs: what it does is theirs from now on. Again it changes nothing."""
    added = await face_of(request).people.add_identity(name, body.channel, body.address, actor=caller.actor)
    return JSONResponse(public(added), 201)


@router.delete(
    "/{name:path}/identities/{channel}/{address:path}",
    status_code=204,
    summary="Take an address from somebody",
    responses={204: {"description": "It is nobody's now."}, **problems(404)},
    operation_id="remove_identity",
)
async def remove_identity(
    request: Request, caller: ManagesPeople, name: UserName, channel: ChannelName, address: Address
) -> Response:
    """What comes from that address is refused from now on; what was decided from there stays."""
    await face_of(request).people.remove_identity(channel, address, who=name, actor=caller.actor)
    return Response(status_code=204)
