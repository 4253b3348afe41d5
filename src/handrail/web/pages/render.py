"""Renders templates: what every page has, and the words that templates use."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from handrail.web.auth.door import caller_of, face_of, token_of
from handrail.web.pages import words
from handrail.web.pages.assets import asset


@cache
def environment() -> Environment:
    """Return where templates are; everything they are given is escaped."""
    made = Environment(
        loader=PackageLoader("handrail.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset
    made.filters.update(words.FILTERS)
    return made


async def render(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Return a page.

    Beside `values` a template has `caller` (or None), `form_token` for its forms, `now` and `path`.
    """
    known = {
        "caller": await caller_of(request),
        "form_token": token_of(request),
        "now": face_of(request).clock.now(),
        "path": request.url.path,
        "live": False,
    }
    return HTMLResponse(environment().get_template(template).render({**known, **values}), status)
