"""Makes the ASGI application: the API under /api/v1, the pages at /, and what both have in common."""

import logging
from collections.abc import Mapping
from importlib.metadata import version
from math import ceil
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from handrail.requests.errors import FieldProblem, HandrailError, UnknownId
from handrail.web import api, pages
from handrail.web.called import called
from handrail.web.face import Face
from handrail.web.failure import Failure, Misfit, Refused, as_problem, failure
from handrail.web.guard import Guard
from handrail.web.pages import errors
from handrail.web.pages.assets import Assets

log = logging.getLogger("handrail.web")

FOR_PROGRAMS = ("/api/", "/channels/", "/healthz", "/readyz", "/metrics")
"""paths whose errors are problem documents; elsewhere they are pages"""
WHO = frozenset({"actor", "by", "decided_by", "initiator", "reviewer", "user"})
"""fields of a body by which programs try to say who acts"""


def create(face: Face) -> ASGIApp:
    """Return the server's application.

    It works as long as the app it was made from is open: serve it with any ASGI server in the same event loop.
    """
    app = FastAPI(
        title="Handrail",
        version=version("handrail"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        summary="Requests to people, their decisions, and the runs that wait for them.",
    )
    app.state.face = face
    app.mount("/static", Assets())
    app.router.routes.extend(called(face.channels or {}))
    api.install(app)
    for router in pages.routers():
        app.include_router(router, include_in_schema=False)
    # `Exception` alone would do, but what is caught only there is raised again, and logged by the server as a crash.
    for kind in (Exception, HandrailError, HTTPException, RequestValidationError, ClientDisconnect):
        app.add_exception_handler(kind, tell)
    return Guard(_Checked(app), hosts=face.hosts, secure=face.secure)


class _Checked:
    """Inside the guard: what it refused is told like any other error, by the same words for pages and programs."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = scope.get("state", {}).get("refused")
        if refused is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        response = await tell(Request(scope, receive), refused)
        await response(scope, receive, send)


async def tell(request: Request, error: Exception) -> Response:
    """Answer with what an error means: a problem document for programs, a page for people."""
    caller = getattr(request.state, "caller", None)
    told = failure(_as_ours(error, request), caller.name if caller else None)
    reference = request.state.reference
    if told.status >= 500:
        log.error("request %s failed: %s %s", reference, request.method, request.url.path, exc_info=error)
    if request.url.path.startswith(FOR_PROGRAMS):
        return problem(request, told)
    response = await errors.page(request, told)
    if told.status == 405:
        response.headers["allow"] = _allowed(request)
    return response


def problem(request: Request, told: Failure) -> JSONResponse:
    """Return a failure as a problem document."""
    headers = {"retry-after": str(ceil(told.wait))} if told.wait else {}
    if told.status == 401:
        headers["www-authenticate"] = 'Bearer realm="handrail"'
    if told.status == 405:
        headers["allow"] = _allowed(request)
    document = as_problem(told, instance=request.url.path, reference=request.state.reference)
    return JSONResponse(document, told.status, headers, media_type="application/problem+json")


def _as_ours(error: Exception, request: Request) -> Exception:
    """Return the error of our own tree for one of the framework's."""
    match error:
        case RequestValidationError():
            found = error.errors()
            in_body = any(each["loc"][0] == "body" for each in found)
            return Misfit("body" if in_body else "parameter", [_field(each) for each in found])
        case HTTPException(status_code=404):
            return UnknownId("there is nothing at this address")
        case HTTPException(status_code=405):
            return Refused(
                f"this address takes {_allowed(request)}, and not {request.method[:20]}", status=405
            )
        case HTTPException():
            return Refused(str(error.detail), status=error.status_code)
        case ClientDisconnect():  # nobody reads this any more; it is none of our faults
            return Refused("the connection ended before the body was whole; send it again", status=400)
    return error


def _allowed(request: Request) -> str:
    """Return the methods that an address takes, as the header Allow has them; HEAD goes wherever GET does."""
    routes = [route for router in (*api.ROUTERS, *pages.routers()) for route in router.routes]
    here = [
        route for route in routes if isinstance(route, Route) and route.path_regex.match(request.url.path)
    ]
    found = {method for route in here for method in route.methods or ()}
    return ", ".join(sorted({*found, "HEAD"} if "GET" in found else found))


def _field(found: Mapping[str, Any]) -> FieldProblem:
    """Return where something that was sent doesn't fit, and what is wrong there."""
    place, message = found["loc"][1:], found["msg"]
    if found["type"] == "extra_forbidden":
        message = "is not known here"
        if place and place[-1] in WHO:
            message += ": who acts is whose key or login it is, and never said in a body"
    return FieldProblem(".".join(map(str, place)), message)
