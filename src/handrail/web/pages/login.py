"""The door: signing in by password or by a one-time link, and out again."""

from math import ceil
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handrail.people import session
from handrail.people.login import LoggedIn, Refused
from handrail.requests.errors import Conflict, NotAllowed
from handrail.requests.wording import lasting
from handrail.web.auth import fresh
from handrail.web.auth.door import caller_of, check_token, drop_cookie, face_of, secret_of, set_cookie
from handrail.web.pages.render import render

router = APIRouter()
WRONG = "The name or the password is wrong. Nothing was changed."


def back_to(after: str) -> str:
    """Return where to go after signing in: a page of ours, whatever was asked for.

    >>> back_to("/runs?status=FAILED"), back_to("https://elsewhere.example"), back_to("//elsewhere.example")
    ('/runs?status=FAILED', '/inbox', '/inbox')
    """
    ours = after.startswith("/") and not after.startswith(("//", "/\\")) and after.isprintable()
    return after if ours and not after.startswith(("/login", "/logout")) else "/inbox"


@router.get("/")
async def root() -> Response:
    """Open the inbox."""
    return RedirectResponse("/inbox", 303)


@router.get("/login", name="login")
async def show(request: Request, next: str = "") -> Response:
    """Show the form."""
    caller = await caller_of(request)
    if caller is not None and caller.session is not None:
        return RedirectResponse(back_to(next), 303)
    return await render(request, "login.html", after=next, who="", problem="")


@router.post("/login")
async def sign_in(
    request: Request,
    who: Annotated[str, Form(max_length=320)] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
    form_token: Annotated[str, Form()] = "",
) -> Response:
    """Begin a session."""
    check_token(request, form_token)
    face, address = face_of(request), request.client.host if request.client else "?"
    agent, instead = request.headers.get("user-agent"), secret_of(request)
    found = await face.people.log_in(who, password, address=address, agent=agent, instead=instead)
    match found:
        case LoggedIn():
            return entered(request, found, back_to(next))
        case Refused(wait) if wait > 0:
            told = f"Too many attempts. Try again in {lasting(ceil(wait))}; your password was not looked at."
            response = await render(request, "login.html", 429, after=next, who=who, problem=told)
            response.headers["retry-after"] = str(ceil(wait))
            return response
        case _:
            return await render(request, "login.html", 401, after=next, who=who, problem=WRONG)


@router.get("/login/link/{token}")
async def show_link(request: Request, token: str) -> Response:
    """Show what a link does. Looking doesn't use it: mail programs look, too."""
    try:
        link, person = await face_of(request).people.look_at_link(token)
    except NotAllowed as error:
        heading = "This link doesn't work"
        return await render(request, "login_link.html", 403, link=None, heading=heading, problem=str(error))
    if link.used_at is not None:
        told = "Links work once. Ask whoever keeps this inbox for another one."
        heading = (
            f"This link was used {lasting((face_of(request).clock.now() - link.used_at).total_seconds())} ago"
        )
        return await render(request, "login_link.html", 410, link=None, heading=heading, problem=told)
    return await render(request, "login_link.html", link=link, person=person)


@router.post("/login/link/{token}")
async def use_link(request: Request, token: str, form_token: Annotated[str, Form()] = "") -> Response:
    """Begin a session with a link, which is used then."""
    check_token(request, form_token)
    try:
        agent = request.headers.get("user-agent")
        found = await face_of(request).people.log_in_by_link(token, agent=agent, instead=secret_of(request))
        response = entered(request, found, "/inbox")
        fresh.mark(request, response, found.secret)
        return response
    except (NotAllowed, Conflict) as error:
        heading = "This link doesn't work any more"
        return await render(request, "login_link.html", 403, link=None, heading=heading, problem=str(error))


def entered(request: Request, found: LoggedIn, address: str) -> Response:
    """Return the way in, with the session."""
    response = RedirectResponse(address, 303)
    set_cookie(response, face_of(request), found.secret, session.LONGEST)
    return response


@router.post("/logout")
async def sign_out(request: Request, form_token: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    check_token(request, form_token)
    caller = await caller_of(request)
    if caller is not None and caller.session is not None:
        await face_of(request).people.log_out(caller.session)
    response = RedirectResponse("/login", 303)
    drop_cookie(response, face_of(request))
    return response
