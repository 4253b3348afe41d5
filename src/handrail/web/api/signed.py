"""Decisions by a signed call: no key and no login, the signature says who decides (Standard Webhooks).

The bytes are judged before anything is made of them; what isn't signed well learns nothing.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.requests.errors import FieldProblem, HandrailError, NotAllowed
from handrail.requests.record import public
from handrail.web.api import answers
from handrail.web.api.bodies import BatchItem
from handrail.web.api.responses import problems
from handrail.web.api.route import parse
from handrail.web.auth.door import face_of
from handrail.web.failure import Misfit, Refused
from handrail.webhooks import signing
from handrail.webhooks.receiving import RULE

router = APIRouter(prefix="/api/v1", tags=["webhooks"])

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/BatchItem"},
                "example": {"request_id": "req_1", "verb": "approve"},
            }
        },
    },
    "security": [],
}


@router.post(
    "/inbound-webhooks/{inbound_id}/decisions",
    summary="Decide by a signed call",
    operation_id="decide_signed",
    openapi_extra=BODY,
    responses={
        200: {"model": answers.Request, "description": "As it is afterwards."},
        **problems(404, 409, 413),
    },
)
async def decide_signed(
    request: Request,
    inbound_id: Annotated[str, Path(max_length=200, examples=["in_1"])],
    webhook_id: Annotated[str, Header(alias=signing.ID, description="new for each call")] = "",
    timestamp: Annotated[
        str, Header(alias=signing.TIMESTAMP, description="seconds since 1970, within five minutes")
    ] = "",
    signature: Annotated[
        str, Header(alias=signing.SIGNATURE, description="`v1,` and the HMAC-SHA256, in base64")
    ] = "",
) -> Response:
    """Decide as the service account whose secret has signed `<webhook-id>.<webhook-timestamp>.<body>`.

    A call counts once: again, it is a conflict, and changes nothing. Role and audience are the account's.
    """
    receiver, body = face_of(request).receiver, await request.body()
    headers = {signing.ID: webhook_id, signing.TIMESTAMP: timestamp, signing.SIGNATURE: signature}
    try:
        call = await receiver.verify(inbound_id, headers, body)
    except NotAllowed as error:
        raise (Refused(str(error), status=401) if error.rule == RULE else error) from None
    try:
        said = _read(body)
    except HandrailError as error:
        await receiver.refuse(call, error)
        raise
    decided = await receiver.decide(call, said)
    return JSONResponse(public(decided, call.person))


def _read(body: bytes) -> BatchItem:
    """Return what a signed body says. Raises `InvalidInput` or `Misfit`."""
    value = parse(body)
    try:
        return BatchItem.model_validate(value)
    except ValidationError as error:
        raise Misfit("body", [_field(each) for each in error.errors()]) from None


def _field(error: Mapping[str, Any]) -> FieldProblem:
    told = "Input should be an object" if error["type"] == "model_type" else error["msg"]
    return FieldProblem(".".join(map(str, error["loc"])), told)
