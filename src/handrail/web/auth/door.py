"""Who is at the other end: a session in a cookie, or an API key. Looked up once for each request.

What a session does must come from a page of ours: its forms carry a token that only this session's pages know.
"""

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import Response

from handrail.people.rights import Caller
from handrail.web.face import Face
from handrail.web.failure import Refused, Stranger

COOKIE = "handrail"
"""over HTTPS `__Host-handrail`: no other host, and no page over HTTP, can set it"""
FIELD = "form_token"
HEADER = "x-form-token"


def face_of(request: Request) -> Face:
    """Return what the routes of this server may use."""
    face: Face = request.app.state.face
    return face


async def caller_of(request: Request) -> Caller | None:
    """Return who is at the other end, or None for a stranger. A key goes before a session."""
    if not hasattr(request.state, "caller"):
        request.state.caller = await _looked_up(request)
    caller: Caller | None = request.state.caller
    return caller


async def _looked_up(request: Request) -> Caller | None:
    people = face_of(request).people
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await people.key(text.strip())
    if secret := secret_of(request):
        return await people.session(secret)
    return None


def secret_of(request: Request) -> str | None:
    """Return the secret of the session that the browser has, if it has one, ended or not."""
    return request.cookies.get(cookie_name(face_of(request))) or None


async def known(request: Request) -> Caller:
    """Return who is at the other end. Raises `Stranger` for nobody."""
    if (caller := await caller_of(request)) is None:
        raise Stranger("sign in, or send an API key: Authorization: Bearer hr_...")
    return caller


def cookie_name(face: Face) -> str:
    """Return what the cookie of a session is called."""
    return f"__Host-{COOKIE}" if face.secure else COOKIE


def set_cookie(response: Response, face: Face, secret: str, lasts: float) -> None:
    """Let the browser keep a session: out of reach of scripts, and not sent from other sites' forms."""
    response.set_cookie(
        cookie_name(face),
        secret,
        max_age=int(lasts),
        httponly=True,
        secure=face.secure,
        samesite="lax",
        path="/",
    )


def drop_cookie(response: Response, face: Face) -> None:
    """Let the browser forget the session."""
    response.delete_cookie(cookie_name(face), path="/", httponly=True, secure=face.secure, samesite="lax")


def token_of(request: Request) -> str:
    """Return the token for the forms of this visit: bound to the session, or to nobody before the login."""
    secret = request.cookies.get(cookie_name(face_of(request)), "")
    key = face_of(request).people.secret.key("form")
    return hmac.new(key, hashlib.sha256(secret.encode()).digest(), hashlib.sha256).hexdigest()


def check_token(request: Request, given: object) -> None:
    """Raise `Refused` unless the form came from a page of this session."""
    if not isinstance(given, str) or not hmac.compare_digest(
        given.encode("utf-8", "replace"), token_of(request).encode()
    ):
        told = "this form is from another session, or was changed; open the page again"
        raise Refused(told, status=403, rule="form")
