"""The API under /api/v1 (FastAPI, RFC 9457 problems), and what those who watch the server read."""

from fastapi import FastAPI
from fastapi.routing import APIRoute

from handrail.runs.measures import Measuring
from handrail.web.api import (
    boards,
    document,
    events,
    flows,
    health,
    identities,
    notifications,
    outbox,
    people,
    requests,
    runs,
    signed,
    webhooks,
)
from handrail.web.meter import Meter, Metered

ROUTERS = (
    requests.router,
    runs.router,
    boards.router,
    flows.router,
    identities.router,  # before people, whose names may have slashes
    notifications.router,
    people.router,
    outbox.router,
    webhooks.router,
    signed.router,
    events.router,
    health.router,
)


def install(app: FastAPI) -> None:
    """Add the API to the server's application, which has its `face` already."""
    app.state.meter = Meter()
    app.state.measuring = Measuring(app.state.face.store)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Metered, meter=app.state.meter)
    document.describe(app, routes())


def routes() -> list[APIRoute]:
    """Return all routes."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
