"""A visit to a page: whose session it is, the forms it posts, and what is said on the page they lead to."""

from collections import defaultdict
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from handrail.people.rights import Caller, Right, check
from handrail.web.auth.door import FIELD, caller_of, check_token, known
from handrail.web.failure import Refused, Stranger
from handrail.web.guard import MOST
from handrail.web.pages.notice import Notice, leave
from handrail.web.pages.render import render
from handrail.web.pages.waiting import waiting

MOST_FIELDS = 20_000
ICONS = {"done": "done", "blocked": "alert"}


async def visitor(request: Request, right: Right | None = None) -> Caller:
    """Return whose page this is: somebody with a session, for a key may be narrower than its person.

    Raises `Stranger`, and `NotAllowed` for who doesn't have the right.
    """
    caller = await known(request)
    if caller.session is None:
        raise Stranger("pages are for people who have signed in; with an API key use /api/v1")
    if right is not None:
        check(caller, right)
    return caller


async def posted(request: Request, right: Right | None = None) -> tuple[Caller, FormData]:
    """Return who has posted a form of ours, and what it says."""
    form = await form_of(request)
    return await visitor(request, right), form


async def form_of(request: Request) -> FormData:
    """Return what a page of this session has posted. Raises `Refused` for any other, and for what is no text."""
    try:
        form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=MOST)
        for name, value in form.multi_items():
            f"{name}{value}".encode()
    except UnicodeError:
        raise Refused(
            "the form is not in UTF-8; open the page again and send it from there", status=400
        ) from None
    check_token(request, form.get(FIELD))
    request.state.posted = form  # a page that says what went wrong shows the words that were in it
    return form


def text_of(form: FormData, name: str) -> str:
    """Return what stands in a field of text, with nothing around it."""
    given = form.get(name)
    return given.strip() if isinstance(given, str) else ""


def typed_into(**given: Any) -> defaultdict[str, Any]:
    """Return what stands in the fields of a form that is shown: nothing, where nothing was typed."""
    return defaultdict(str, given)


def go(request: Request, address: str, told: str, look: str = "done") -> Response:
    """Send on to a page that says something; `look` is the status of a part: done, blocked, soon."""
    return leave(request, address, noticed(told, look))


def noticed(told: str, look: str) -> Notice:
    """Return what is said above a page."""
    return Notice(told[:1000], look=look, icon=ICONS.get(look, "info"))


async def show(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Return a page; a `notice` given here goes before the one that waits."""
    if (given := values.get("notice")) is None:
        values.pop("notice", None)
    elif not isinstance(given, Notice):
        values["notice"] = noticed(given["text"], given["status"])
    caller = await caller_of(request)
    counted = {} if caller is None or caller.session is None else await waiting(request, caller)
    return await render(request, template, status, **{**counted, **values})
