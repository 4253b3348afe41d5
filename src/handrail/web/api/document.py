"""The OpenAPI document: what FastAPI makes of the routes, and who may call each, which their rights say."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from handrail.people.rights import TABLE, Right
from handrail.web.api import samples
from handrail.web.api.answers import Problem
from handrail.web.api.route import Needs, StrictRoute

DESCRIPTION = """
Ask people something, decide, and follow runs. Errors are problem documents (RFC 9457), moments are UTC in ISO 8601,
unknown fields and unknown query parameters are refused.
"""
SECURITY = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API key, `hr_…`; its scopes narrow what it may do",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "handrail",
        "description": "a login; what changes something needs the header X-Form-Token too",
    },
}


def describe(app: FastAPI, routes: Sequence[APIRoute]) -> None:
    """Let the application make its document so, and say who may call these routes."""
    made: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not made:
            made.update(_made(app, routes))
        return made

    app.openapi = openapi  # type: ignore[method-assign]


def _made(app: FastAPI, routes: Sequence[APIRoute]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=DESCRIPTION.strip(),
        routes=app.routes,
    )
    schemas = document["components"]["schemas"]
    _, problem = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    schemas.update(problem["$defs"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    samples.add(document)
    document["components"]["securitySchemes"] = SECURITY
    for route in routes:
        for method in (route.methods or ()) if isinstance(route, StrictRoute) else ():
            _secure(document["paths"][route.path_format][method.lower()], right_of(route.dependant))
    return document


def right_of(dependant: Dependant) -> Right | None:
    """Return the right that an operation needs."""
    return next((each.call.right for each in dependant.dependencies if isinstance(each.call, Needs)), None)


def _secure(operation: dict[str, Any], right: Right | None) -> None:
    """Say what an operation needs: a key with a scope or a login, and which roles may."""
    operation["security"] = [{"key": []}, {"session": []}]
    if right is not None:
        roles, scope = TABLE[right]
        who = " and ".join(f"{role}s" for role in roles)
        operation["description"] += f"\n\nFor {who}; a key needs the scope `{scope}`."
        operation["security"] = [{"key": [scope.value]}, {"session": []}]
