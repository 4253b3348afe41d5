"""Webhooks, for admins: who is told what happens, what wasn't taken, and who may call in. A secret is shown once."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.rights import Right
from handrail.requests.errors import Conflict, HandrailError, InvalidInput, UnknownId
from handrail.web.auth.door import face_of
from handrail.web.pages.visit import go, posted, show, text_of, typed_into, visitor
from handrail.webhooks.facts import State

router = APIRouter()
WEBHOOKS = "/settings/webhooks"
SHOWN = 50
STATES: dict[State | None, str] = {
    None: "All",
    "pending": "Waiting",
    "delivered": "Taken",
    "failed": "Given up",
}
LOOKS = {
    "delivered": ("is-done", "done", "Taken"),
    "pending": ("is-soon", "clock", "Waits"),
    "failed": ("is-blocked", "alert", "Given up"),
}


@router.get(WEBHOOKS)
async def list_webhooks(request: Request) -> Response:
    """Show who is told what, and who may call in."""
    await visitor(request, Right.WEBHOOKS)
    return await _list(request)


async def _list(request: Request, status: int = 200, **values: Any) -> Response:
    face = face_of(request)
    people = await face.people.everybody()
    blank: dict[str, Any] = {"problems": {}, "typed": typed_into()}
    return await show(
        request,
        "settings_webhooks.html",
        status,
        tab="webhooks",
        webhooks=await face.webhooks.listed(),
        inbounds=await face.webhooks.inbounds(),
        accounts=[person for person in people if person.service and person.active],
        **{**blank, **values},
    )


@router.post(WEBHOOKS)
async def add(request: Request) -> Response:
    """Add a webhook and show its secret: this once."""
    caller, form = await posted(request, Right.WEBHOOKS)
    typed: dict[str, Any] = {name: text_of(form, name) for name in ("url", "description", "kinds", "flow")}
    typed["content"] = text_of(form, "content") == "on"
    try:
        added, secret = await face_of(request).webhooks.add(
            typed["url"],
            actor=caller.actor,
            description=typed["description"],
            kinds=typed["kinds"].replace(",", " ").split(),
            flow=typed["flow"],
            content=typed["content"],
        )
    except (InvalidInput, Conflict) as error:
        fields = error.fields if isinstance(error, InvalidInput) else ()
        problems = {fields[0].path if fields else "url": str(error)}
        status = 409 if isinstance(error, Conflict) else 422
        return await _list(request, status, problems=problems, typed=typed_into(**typed))
    return await _once(
        request, f"The webhook to {added.webhook.url}", secret, "Its receiver checks calls with it."
    )


async def _once(request: Request, heading: str, secret: str, use: str) -> Response:
    return await show(
        request,
        "settings_once.html",
        tab="webhooks",
        heading=heading,
        told=f"Copy it now: it is not shown again. {use}",
        secret=secret,
        label="Secret",
        back=WEBHOOKS,
        back_word="Webhooks",
    )


@router.get(f"{WEBHOOKS}/{{webhook_id}}")
async def show_webhook(request: Request, webhook_id: str) -> Response:
    """Show one webhook and what it was told, the newest first."""
    await visitor(request, Right.WEBHOOKS)
    face, before = face_of(request), request.query_params.get("before", "")
    behind = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    state = next((each for each in STATES if each == request.query_params.get("state")), None)
    found, more = await face.webhooks.deliveries(webhook_id, state=state, before=behind, limit=SHOWN)
    return await show(
        request,
        "settings_webhook.html",
        tab="webhooks",
        standing=await face.webhooks.find(webhook_id),
        deliveries=found,
        here=f"{WEBHOOKS}/{webhook_id}",
        state=state,
        states=STATES,
        looks=LOOKS,
        more=more,
    )


@router.post(f"{WEBHOOKS}/act")
async def act(request: Request) -> Response:
    """Test, switch, rotate or remove a webhook, or let a delivery go out again."""
    caller, form = await posted(request, Right.WEBHOOKS)
    webhooks, webhook_id, what = face_of(request).webhooks, text_of(form, "webhook"), text_of(form, "act")
    here, actor = f"{WEBHOOKS}/{webhook_id}", caller.actor
    try:
        match what:
            case "test":
                await webhooks.test(webhook_id, actor=actor)
                return go(request, here, "A test is on its way: look below in a moment.")
            case "on" | "off":
                await webhooks.change(webhook_id, actor=actor, active=what == "on")
                told = (
                    "It is told what happens from now on." if what == "on" else "It is told nothing any more."
                )
                return go(request, here, told)
            case "rotate":
                _, secret = await webhooks.rotate(webhook_id, actor=actor)
                return await _once(
                    request,
                    "The new secret",
                    secret,
                    "For a day calls are signed with the one before as well.",
                )
            case "remove":
                await webhooks.remove(webhook_id, actor=actor)
                return go(request, WEBHOOKS, "The webhook was removed.")
            case "redeliver":
                await webhooks.redeliver(webhook_id, _number(text_of(form, "sequence")), actor=actor)
                return go(request, here, "It goes out now.")
    except Conflict as error:
        return go(request, here, str(error), "blocked")
    raise UnknownId("there is nothing like that to do with a webhook")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise UnknownId("there is no such delivery")
    return int(text)


@router.post(f"{WEBHOOKS}/inbound")
async def add_inbound(request: Request) -> Response:
    """Let a program call in and show its secret: this once."""
    caller, form = await posted(request, Right.WEBHOOKS)
    typed = {name: text_of(form, name) for name in ("person", "label")}
    try:
        added, secret = await face_of(request).webhooks.add_inbound(
            typed["person"], typed["label"], actor=caller.actor
        )
    except (InvalidInput, Conflict, UnknownId) as error:
        problems = {"label" if "label" in str(error) else "person": str(error)}
        return await _list(request, _status(error), problems=problems, typed=typed_into(**typed))
    use = f"Calls to /api/v1/inbound-webhooks/{added.id}/decisions are signed with it."
    return await _once(request, f"“{added.label}” acts as {added.person}", secret, use)


def _status(error: HandrailError) -> int:
    return 409 if isinstance(error, Conflict) else 422


@router.post(f"{WEBHOOKS}/inbound/act")
async def act_inbound(request: Request) -> Response:
    """Give it a new secret, or end it."""
    caller, form = await posted(request, Right.WEBHOOKS)
    webhooks, inbound_id = face_of(request).webhooks, text_of(form, "inbound")
    try:
        match text_of(form, "act"):
            case "rotate":
                _, secret = await webhooks.rotate_inbound(inbound_id, actor=caller.actor)
                return await _once(
                    request, "The new secret", secret, "The one before counts for another day."
                )
            case "revoke":
                ended = await webhooks.revoke_inbound(inbound_id, actor=caller.actor)
                return go(
                    request, WEBHOOKS, f"“{ended.label}” was revoked: its calls are refused from now on."
                )
    except Conflict as error:
        return go(request, WEBHOOKS, str(error), "blocked")
    raise UnknownId("there is nothing like that to do")
