"""The pages of what went wrong: what is so, what was kept, what to do next."""

from math import ceil
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handrail.requests.errors import HandrailError
from handrail.web.auth.door import caller_of
from handrail.web.failure import Failure
from handrail.web.pages.kept import of_post
from handrail.web.pages.render import render

RULES = {
    "role": "What somebody may do here depends on their role. An admin can give you another one.",
    "scope": "A key can do only what it was made for.",
    "audience": "A request belongs to the people that it asks. An admin can reassign it to you.",
    "initiator": "What may be done with a run depends on who started it.",
    "excluded": "Whoever asked has excluded you from deciding this.",
    "strength": "This can be decided only by somebody who has signed in.",
    "in line": "It is nobody’s turn yet: each of its workers has enough to do.",
    "claimed": "Who claims a request has it alone until they release it.",
    "link": "A link works once, for one person and one thing, until it expires.",
}
"""the rules by which something is refused, in words for people"""


async def page(request: Request, told: Failure) -> Response:
    """Return the page for a failure; strangers go to the login, and back afterwards."""
    if told.status == 401:
        return RedirectResponse("/login?" + urlencode({"next": _back(request)}), 303)
    await _look_who(request)
    form = getattr(request.state, "posted", None)
    response = await render(
        request,
        "failure.html",
        told.status,
        told=told,
        rule=RULES.get(told.rule or "", ""),
        reference=request.state.reference,
        posted=request.method == "POST",
        words=of_post(form) if form is not None else (),
        back=_back(request),
    )
    if told.wait:
        response.headers["retry-after"] = str(ceil(told.wait))
    return response


def _back(request: Request) -> str:
    """Return which page they were on: of a form that they sent, the one that it stood on."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc != request.headers.get("host") or not came.path:
        return "/"
    return came.path + (f"?{came.query}" if came.query else "")


async def _look_who(request: Request) -> None:
    """Find out for whom the page is; a store that can't say so now must not keep the page from being shown."""
    try:
        await caller_of(request)
    except HandrailError:
        request.state.caller = None
