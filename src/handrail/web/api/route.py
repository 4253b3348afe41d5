"""What every operation of the API has in common: who asks is known first, then the query, then the body.

A body is JSON and nothing else, read strictly: what JSON doesn't have, what nobody can store and what is nested too
deep is refused here, so that operations meet only values that they can keep.
"""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from handrail.people import rights
from handrail.people.rights import Caller, Right
from handrail.requests.content import encode
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.reading import LONGEST_NUMBER
from handrail.web.auth.door import HEADER, check_token, known
from handrail.web.failure import Misfit, Refused

DEEPEST = 64
"""levels of lists and objects in a body; stored ones are read back by code that goes no deeper than 200"""
TOO_GREAT = "a number in the body is too large for any computer; send it as text"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> Handler:
        """Return what answers: the checks, then the operation."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None
        parameters = frozenset(field.alias for field in self.dependant.query_params)

        async def handler(request: Request) -> Response:
            caller = await known(request)
            if request.method not in SAFE:
                if caller.session is not None:
                    check_token(request, request.headers.get(HEADER))
                request = await read_body(request, takes_body)
            if unknown := sorted(set(request.query_params) - parameters):
                raise Misfit("parameter", [FieldProblem(name[:80], "is not known here") for name in unknown])
            return await handle(request)

        return handler


@dataclass(frozen=True)
class Needs:
    """Gives an operation its caller. Raises `NotAllowed` unless their role and their key give them a right."""

    right: Right | None = None

    async def __call__(self, request: Request) -> Caller:
        caller = await known(request)
        if self.right is not None:
            rights.check(caller, self.right)
        return caller


Known = Annotated[Caller, Depends(Needs())]
ReadsRequests = Annotated[Caller, Depends(Needs(Right.READ_REQUESTS))]
Opens = Annotated[Caller, Depends(Needs(Right.OPEN))]
Decides = Annotated[Caller, Depends(Needs(Right.DECIDE))]
Claims = Annotated[Caller, Depends(Needs(Right.CLAIM))]
Comments = Annotated[Caller, Depends(Needs(Right.COMMENT))]
Reassigns = Annotated[Caller, Depends(Needs(Right.REASSIGN))]
Escalates = Annotated[Caller, Depends(Needs(Right.ESCALATE))]
Reminds = Annotated[Caller, Depends(Needs(Right.REMIND))]
Withdraws = Annotated[Caller, Depends(Needs(Right.WITHDRAW))]
ReadsRuns = Annotated[Caller, Depends(Needs(Right.READ_RUNS))]
Starts = Annotated[Caller, Depends(Needs(Right.START))]
Cancels = Annotated[Caller, Depends(Needs(Right.CANCEL))]
Retries = Annotated[Caller, Depends(Needs(Right.RETRY))]
Migrates = Annotated[Caller, Depends(Needs(Right.MIGRATE))]
GivesFeedback = Annotated[Caller, Depends(Needs(Right.FEEDBACK))]
Steers = Annotated[Caller, Depends(Needs(Right.STEER))]
ManagesPeople = Annotated[Caller, Depends(Needs(Right.PEOPLE))]
ManagesGroups = Annotated[Caller, Depends(Needs(Right.GROUPS))]
ManagesKeys = Annotated[Caller, Depends(Needs(Right.KEYS))]
LooksAfterMessages = Annotated[Caller, Depends(Needs(Right.OUTBOX))]
ManagesWebhooks = Annotated[Caller, Depends(Needs(Right.WEBHOOKS))]
WritesGuidelines = Annotated[Caller, Depends(Needs(Right.GUIDELINES))]


async def read_body(request: Request, takes_body: bool) -> Request:
    """Return the request with its body read as JSON. Raises `Refused`, `InvalidInput` or `Misfit`."""
    body = await request.body()
    if not body:
        return request
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(
            f"send the body as application/json, not as {kind[:80] or 'something unnamed'}", status=415
        )
    value = parse(body)
    if not takes_body:
        check_nothing(value)
    return _Read(request, value)


class _Read(Request):
    """A request whose body was read already."""

    def __init__(self, request: Request, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._body = request._body
        self._json = value


def parse(body: bytes) -> Any:
    """Return the value of a JSON text. Raises `InvalidInput` for anything that can't be stored as it is.

    >>> parse(b'{"score": 0.5}')
    {'score': 0.5}
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise _too_deep() from None
    except InvalidInput:
        raise
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidInput(f"the body is no JSON in UTF-8{where}; send one JSON value") from None
    if text.count("[") + text.count("{") > DEEPEST and _is_too_deep(value):
        raise _too_deep()
    if "\\ud" in text.lower():
        encode(value, "the body", lambda: len(body))
    return value


def _refuse_constant(name: str) -> Any:
    raise InvalidInput(f"{name} is no JSON number; leave it out or send null")


def _finite(text: str) -> float:
    if not isfinite(value := float(text)):
        raise InvalidInput(TOO_GREAT)
    return value


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:  # no form could take it back
        raise InvalidInput(TOO_GREAT)
    return int(text)


def _too_deep() -> InvalidInput:
    return InvalidInput(f"the body is nested deeper than {DEEPEST} levels; send it as text, or flatter")


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [each for each in level if isinstance(each, dict | list)]
        if not level:
            return False
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return True


def check_nothing(value: Any) -> None:
    """Raise `Misfit` unless a body says nothing: operations without one take `{}` as well."""
    if isinstance(value, dict):
        if value:
            raise Misfit("body", [FieldProblem(name[:80], "is not known here") for name in value])
    elif value is not None:
        raise Misfit("body", [FieldProblem("", "this takes no body")])
