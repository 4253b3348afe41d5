"""The pages of what went wrong: what is so, what was kept, what to do next."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handrail.requests.errors import HandrailError
from handrail.web.auth.door import caller_of
from handrail.web.failure import Failure
from handrail.web.pages.render import render


async def page(request: Request, told: Failure) -> Response:
    """Return the page for a failure; strangers go to the login, and back afterwards."""
    if told.status == 401:
        return RedirectResponse("/login?" + urlencode({"next": _back(request)}), 303)
    await _look_who(request)
    response = await render(
        request, "failure.html", told.status, told=told, reference=request.state.reference
    )
    if told.wait:
        response.headers["retry-after"] = str(max(1, round(told.wait)))
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
