"""The pages of what went wrong: what is so, what was kept, what to do next."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handrail.web.failure import Failure
from handrail.web.pages.render import render


async def page(request: Request, told: Failure) -> Response:
    """Return the page for a failure; strangers go to the login, and back afterwards."""
    if told.status == 401:
        back = request.url.path if request.method == "GET" else "/"
        query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
        return RedirectResponse("/login?" + urlencode({"next": back + query}), 303)
    response = await render(
        request, "failure.html", told.status, told=told, reference=request.state.reference
    )
    if told.wait:
        response.headers["retry-after"] = str(max(1, round(told.wait)))
    return response
