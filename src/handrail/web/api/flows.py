"""Flows over HTTP: which there are, and what reviewers of each are told."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.flows.node import ChainableNode
from handrail.people.facts import Guideline
from handrail.requests.errors import UnknownId
from handrail.requests.identifier import utc_text
from handrail.teams import plan
from handrail.teams.flow import TeamFlow
from handrail.web.api import answers
from handrail.web.api.bodies import GuidelineBody
from handrail.web.api.responses import reading, writing
from handrail.web.api.route import ReadsRequests, ReadsRuns, StrictRoute, WritesGuidelines
from handrail.web.auth.door import face_of

router = APIRouter(prefix="/api/v1", tags=["flows"], route_class=StrictRoute)

FlowName = Annotated[str, Path(min_length=1, max_length=200, examples=["publish-post"])]


@router.get("/flows", summary="List flows", responses=reading(answers.Flows), operation_id="list_flows")
async def list_flows(request: Request, caller: ReadsRuns) -> Response:
    """List the flows that this server or a worker knows."""
    face = face_of(request)
    elsewhere = await face.store.read(_known_to_workers)
    names = sorted({*face.flows, *elsewhere})
    return JSONResponse(
        {
            "items": [
                {
                    "name": name,
                    "startable": name in face.flows,
                    "nodes": face.flows[name].signature() if name in face.flows else [],
                    **_team(face.flows.get(name)),
                }
                for name in names
            ]
        }
    )


def _team(flow: ChainableNode | None) -> dict[str, Any]:
    if not isinstance(flow, TeamFlow):
        return {"team": False, "inputs": []}
    needed = plan.needed_inputs(flow.tasks).items()
    inputs = [{"name": name, "task": task, "required": name not in flow.inputs} for name, task in needed]
    return {"team": True, "inputs": inputs}


def _known_to_workers(tx: Any) -> set[str]:
    return {flow for worker in tx.workers() for flow in worker.flows}


@router.get(
    "/guidelines/{flow:path}",
    summary="Read a flow's guideline",
    responses=reading(answers.Guideline, 404),
    operation_id="show_guideline",
)
async def show_guideline(request: Request, caller: ReadsRequests, flow: FlowName) -> Response:
    """Return what reviewers of a flow are told now."""
    if (found := await face_of(request).people.guideline(flow)) is None:
        raise UnknownId("this flow has no guideline; an admin can write one")
    return _told(found)


@router.put(
    "/guidelines/{flow:path}",
    summary="Write a flow's guideline",
    responses=writing(answers.Guideline, 404),
    operation_id="set_guideline",
)
async def set_guideline(
    request: Request, caller: WritesGuidelines, flow: FlowName, body: GuidelineBody
) -> Response:
    """Make a text the guideline of a flow from now on; it is a new version, and the old ones stay in the history."""
    return _told(await face_of(request).people.set_guideline(flow, body.text, actor=caller.actor))


def _told(found: Guideline) -> JSONResponse:
    return JSONResponse(
        {
            "flow": found.flow,
            "version": found.version,
            "text": found.text,
            "created_at": utc_text(found.created_at),
            "created_by": found.created_by,
        }
    )
