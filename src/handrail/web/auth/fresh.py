"""Who has just come by a one-time link: for a quarter of an hour they may set a password without knowing the old one.

It is a signed cookie beside that of the session, and worth nothing without it.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from handrail.web.auth.door import cookie_name, face_of

COOKIE = "handrail-link"
LASTS = 900
"""seconds"""


def mark(request: Request, response: Response, secret: str) -> None:
    """Let the browser keep that the session with this secret began by a link."""
    until = int((face_of(request).clock.now() + timedelta(seconds=LASTS)).timestamp())
    response.set_cookie(
        COOKIE,
        f"{until}.{_signed(request, secret, until)}",
        max_age=LASTS,
        httponly=True,
        secure=face_of(request).secure,
        samesite="lax",
        path="/",
    )


def is_fresh(request: Request, now: datetime) -> bool:
    """Whether this session began by a link a short while ago."""
    until, _, signature = request.cookies.get(COOKIE, "").partition(".")
    secret = request.cookies.get(cookie_name(face_of(request)), "")
    if not (until.isascii() and until.isdigit() and len(until) < 15 and secret):
        return False
    right = hmac.compare_digest(signature.encode(), _signed(request, secret, int(until)).encode())
    return right and now.timestamp() < int(until)


def forget(response: Response) -> None:
    """It was used."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def _signed(request: Request, secret: str, until: int) -> str:
    key = face_of(request).people.secret.key("fresh")
    told = f"{until}.{hashlib.sha256(secret.encode()).hexdigest()}"
    return hmac.new(key, told.encode(), "sha256").hexdigest()
