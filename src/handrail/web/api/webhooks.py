"""Webhooks over HTTP, for admins: who is told what happens, what is still to be told, and who may call in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.web.api import links
from handrail.web.api import webhook_answers as answers
from handrail.web.api.bodies import InboundBody, WebhookBody, WebhookChange
from handrail.web.api.responses import problems, reading, writing
from handrail.web.api.route import ManagesWebhooks, StrictRoute
from handrail.web.auth.door import face_of
from handrail.webhooks import inbound
from handrail.webhooks.desk import MOST, public, public_delivery

router = APIRouter(prefix="/api/v1", tags=["webhooks"], route_class=StrictRoute)

WebhookId = Annotated[str, Path(max_length=200, description="the id of a webhook", examples=["wh_1"])]
InboundId = Annotated[
    str, Path(max_length=200, description="the id of an inbound webhook", examples=["in_1"])
]
Sequence = Annotated[int, Path(ge=1, le=2**62, description="of the event in the log", examples=[41])]


@router.get(
    "/webhooks", summary="List webhooks", responses=reading(answers.Webhooks), operation_id="list_webhooks"
)
async def list_webhooks(request: Request, caller: ManagesWebhooks) -> Response:
    """List all webhooks, the oldest first."""
    return JSONResponse({"items": [public(each) for each in await face_of(request).webhooks.listed()]})


@router.post(
    "/webhooks",
    status_code=201,
    summary="Add a webhook",
    responses=writing(answers.NewWebhook, 409, done=201, links=links.of_webhook()),
    operation_id="add_webhook",
)
async def add_webhook(request: Request, caller: ManagesWebhooks, body: WebhookBody) -> Response:
    """Tell this URL what happens from now on; the secret is in this answer and never shown again."""
    added, secret = await face_of(request).webhooks.add(
        body.url,
        actor=caller.actor,
        description=body.description,
        kinds=body.kinds,
        flow=body.flow,
        content=body.content,
    )
    return JSONResponse({**public(added), "secret": secret}, 201)


@router.get(
    "/webhooks/{webhook_id}",
    summary="Look at a webhook",
    responses=reading(answers.Webhook, 404),
    operation_id="show_webhook",
)
async def show_webhook(request: Request, caller: ManagesWebhooks, webhook_id: WebhookId) -> Response:
    """Return a webhook, and how many of its deliveries wait or were given up."""
    return JSONResponse(public(await face_of(request).webhooks.find(webhook_id)))


@router.patch(
    "/webhooks/{webhook_id}",
    summary="Change a webhook",
    responses=writing(answers.Webhook, 404, 409, links=links.of_webhook()),
    operation_id="change_webhook",
)
async def change_webhook(
    request: Request, caller: ManagesWebhooks, webhook_id: WebhookId, body: WebhookChange
) -> Response:
    """Change what is given. What happened while it was switched off isn't told."""
    changed = await face_of(request).webhooks.change(
        webhook_id,
        actor=caller.actor,
        url=body.url,
        description=body.description,
        kinds=body.kinds,
        flow=body.flow,
        content=body.content,
        active=body.active,
    )
    return JSONResponse(public(changed))


@router.delete(
    "/webhooks/{webhook_id}",
    status_code=204,
    summary="Remove a webhook",
    responses={204: {"description": "It is gone, with all that it wasn't told yet."}, **problems(404)},
    operation_id="remove_webhook",
)
async def remove_webhook(request: Request, caller: ManagesWebhooks, webhook_id: WebhookId) -> Response:
    """Tell this URL nothing any more."""
    await face_of(request).webhooks.remove(webhook_id, actor=caller.actor)
    return Response(status_code=204)


@router.post(
    "/webhooks/{webhook_id}/test",
    summary="Test a webhook",
    responses=writing(answers.Webhook, 404, 409, links=links.of_webhook()),
    operation_id="test_webhook",
)
async def send_test(request: Request, caller: ManagesWebhooks, webhook_id: WebhookId) -> Response:
    """Let an event `dev.handrail.webhook.tested` go to this webhook alone; its deliveries say how it went."""
    return JSONResponse(public(await face_of(request).webhooks.test(webhook_id, actor=caller.actor)))


@router.post(
    "/webhooks/{webhook_id}/secret",
    summary="Give a webhook a new secret",
    responses=writing(answers.NewWebhook, 404, links=links.of_webhook()),
    operation_id="rotate_webhook_secret",
)
async def rotate_secret(request: Request, caller: ManagesWebhooks, webhook_id: WebhookId) -> Response:
    """Make a new secret, and show it this once; for a day calls are signed with the one before as well."""
    rotated, secret = await face_of(request).webhooks.rotate(webhook_id, actor=caller.actor)
    return JSONResponse({**public(rotated), "secret": secret})


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    summary="List deliveries",
    responses=reading(answers.DeliveryPage, 404),
    operation_id="list_deliveries",
)
async def list_deliveries(
    request: Request,
    caller: ManagesWebhooks,
    webhook_id: WebhookId,
    state: Annotated[
        Literal["pending", "delivered", "failed"] | None, Query(description="only these")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Response:
    """List what a webhook is told, the newest first, in pages. What was done with 30 days ago is forgotten."""
    found, behind = await face_of(request).webhooks.deliveries(
        webhook_id, state=state, before=before, limit=limit
    )
    return JSONResponse({"items": [public_delivery(each) for each in found], "next": behind})


@router.post(
    "/webhooks/{webhook_id}/deliveries/{sequence}/redeliver",
    summary="Let a delivery go out again",
    responses=writing(answers.Delivery, 404, 409),
    operation_id="redeliver",
)
async def redeliver(
    request: Request, caller: ManagesWebhooks, webhook_id: WebhookId, sequence: Sequence
) -> Response:
    """Let it go out now, with the same id, without waiting for others of its subject."""
    again = await face_of(request).webhooks.redeliver(webhook_id, sequence, actor=caller.actor)
    return JSONResponse(public_delivery(again))


@router.get(
    "/inbound-webhooks",
    summary="List who may call in",
    responses=reading(answers.Inbounds),
    operation_id="list_inbound",
)
async def list_inbound(request: Request, caller: ManagesWebhooks) -> Response:
    """List all inbound webhooks, the newest first."""
    found = await face_of(request).webhooks.inbounds()
    return JSONResponse({"items": [inbound.public(each) for each in found]})


@router.post(
    "/inbound-webhooks",
    status_code=201,
    summary="Let a program call in",
    responses=writing(answers.NewInbound, 404, 409, done=201, links=links.of_inbound()),
    operation_id="add_inbound",
)
async def add_inbound(request: Request, caller: ManagesWebhooks, body: InboundBody) -> Response:
    """Let a program decide as a service account; the secret is in this answer and never shown again."""
    added, secret = await face_of(request).webhooks.add_inbound(body.person, body.label, actor=caller.actor)
    return JSONResponse({**inbound.public(added), "secret": secret}, 201)


@router.post(
    "/inbound-webhooks/{inbound_id}/secret",
    summary="Give an inbound webhook a new secret",
    responses=writing(answers.NewInbound, 404, 409, links=links.of_inbound()),
    operation_id="rotate_inbound_secret",
)
async def rotate_inbound(request: Request, caller: ManagesWebhooks, inbound_id: InboundId) -> Response:
    """Make a new secret, and show it this once; the one before counts for another day."""
    rotated, secret = await face_of(request).webhooks.rotate_inbound(inbound_id, actor=caller.actor)
    return JSONResponse({**inbound.public(rotated), "secret": secret})


@router.delete(
    "/inbound-webhooks/{inbound_id}",
    status_code=204,
    summary="Let a program call in no more",
    responses={204: {"description": "It has ended; it stays in the list."}, **problems(404)},
    operation_id="revoke_inbound",
)
async def revoke_inbound(request: Request, caller: ManagesWebhooks, inbound_id: InboundId) -> Response:
    """End it at once. One that was revoked stays as it is."""
    await face_of(request).webhooks.revoke_inbound(inbound_id, actor=caller.actor)
    return Response(status_code=204)
