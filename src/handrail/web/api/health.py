"""Whether the server lives, whether it can work, and what it has done, for those who watch it."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.people import rights
from handrail.people.rights import Right
from handrail.requests.errors import HandrailError
from handrail.web.api.delivery_measures import Deliveries, of_deliveries
from handrail.web.api.exposition import exposition
from handrail.web.api.responses import health_responses, metrics_responses
from handrail.web.auth.door import face_of, known
from handrail.web.face import LOOPBACK, Face

PATIENCE = 5.0
"""seconds in which the store has to answer"""

router = APIRouter(tags=["health"])


def _nothing(tx: Any) -> None:
    """Do nothing in a transaction: beginning and committing it is what is tried."""


@router.get(
    "/healthz",
    summary="Whether the process lives",
    description="Needs no login. Looks at nothing but itself.",
    responses=health_responses(),
    operation_id="healthz",
)
async def healthz() -> Response:
    """Answer."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    summary="Whether it can work",
    description="Needs no login. The store can be read and written, and a worker goes on with runs; else 503.",
    responses=health_responses(ready=True),
    operation_id="readyz",
)
async def readyz(request: Request) -> Response:
    """Try what work needs."""
    face = face_of(request)
    checks = {"store": await _store_works(face), "worker": face.works()}
    ready = all(checks.values())
    told = {name: "ok" if works else "failed" for name, works in checks.items()}
    return JSONResponse({"status": "ok" if ready else "failed", "checks": told}, 200 if ready else 503)


async def _store_works(face: Face) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await face.store.do(_nothing)
            await face.store.read(_nothing)
    except (HandrailError, TimeoutError):
        return False
    return True


@router.get(
    "/metrics",
    summary="What is measured, for Prometheus",
    description=(
        "Text format 0.0.4. On loopback it needs no login; elsewhere a key with the scope `runs:read`, or a session."
    ),
    responses=metrics_responses(),
    operation_id="metrics",
)
async def metrics(request: Request) -> Response:
    """Look at the store, and tell."""
    face = face_of(request)
    if face.hosts != LOOPBACK:
        rights.check(await known(request), Right.READ_RUNS)
    state = request.app.state
    found, told = await state.measuring.look(), await face.webhooks.told()
    text = exposition(found, state.measuring.tally, state.meter, face.clock.now())
    text += "".join(of_deliveries(found, told, _deliveries(face)))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _deliveries(face: Face) -> Deliveries:
    rests = face.resting()
    resting = {name: name in rests for name in face.channels or ()}
    return Deliveries(face.carried(), face.called(), resting, face.webhooks_resting())
