"""What has just happened, said on the next page: kept in a signed cookie between a form and where it leads.

A script that looks what has changed meanwhile, on that page or in another tab, leaves it there: it shows it to nobody.
"""

from dataclasses import asdict, dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handrail.web.auth.door import face_of

COOKIE = "handrail_notice"
LASTS = 60
"""seconds"""
BY_SCRIPT = "HX-Request"
"""the header by which scripts say that nobody will see the page as it is; htmx sends it by itself"""


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence about what was done; `look` is a status class without its `is-`."""

    title: str
    text: str = ""
    look: str = "done"
    icon: str = "check"
    link: str = ""
    link_word: str = ""


def leave(request: Request, address: str, notice: Notice) -> Response:
    """Lead to a page that says `notice`."""
    response = RedirectResponse(address, 303)
    value = _signer(request).dumps(asdict(notice))
    if len(value) < 3500:  # what a browser keeps of a cookie
        secure = face_of(request).secure
        response.set_cookie(
            COOKIE, value, max_age=LASTS, httponly=True, secure=secure, samesite="lax", path="/"
        )
    return response


def take(request: Request) -> Notice | None:
    """Return what is to be said on this page."""
    if BY_SCRIPT in request.headers or not (value := request.cookies.get(COOKIE)):
        return None
    try:
        return Notice(**_signer(request).loads(value, max_age=LASTS))
    except (BadSignature, TypeError):
        return None


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(face_of(request).people.secret.key("notice"))
