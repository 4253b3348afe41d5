"""Renders templates: what every page has, and the words that templates use."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from handrail.requests.wording import label
from handrail.web.auth.door import caller_of, face_of, token_of
from handrail.web.content.text import marked, visible
from handrail.web.pages import address, browser, notice, status, telling, value, words
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
    made.filters.update(address.FILTERS)
    made.filters.update(at_silence=telling.at_silence, answered_by=status.answered_by)
    made.filters.update(marked=marked, visible=visible, label=label, shown=value.shown, browser=browser.told)
    return made


async def render(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Return a page.

    Beside `values` a template has `caller` (or None), `form_token` for its forms, `now`, `path` and `notice`.
    """
    said = notice.take(request)
    known = {
        "caller": await caller_of(request),
        "form_token": token_of(request),
        "now": face_of(request).clock.now(),
        "path": request.url.path,
        "live": False,
        "notice": said,
    }
    page = HTMLResponse(environment().get_template(template).render({**known, **values}), status)
    if said is not None:
        page.delete_cookie(notice.COOKIE, path="/")
    return page
