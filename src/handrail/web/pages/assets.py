"""What pages load: files of the wheel, under names that change with their content, so that browsers keep them."""

import hashlib
from functools import cache
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "LICENSE": "text/plain; charset=utf-8",
}
FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def _content() -> dict[str, bytes]:
    folder = files("handrail.web") / "static"
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.name.split(".")[-1] in KINDS}


@cache
def asset(name: str) -> str:
    """Return the address of a file: it ends in a hash of its content."""
    return f"/static/{name}?{hashlib.sha256(_content()[name]).hexdigest()[:12]}"


class Assets:
    """Serves the files."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].rsplit("/", 1)[-1]
        if scope["method"] not in ("GET", "HEAD") or name not in _content():
            raise HTTPException(404)
        lasting = bool(scope["query_string"])
        headers = {"cache-control": FOR_GOOD if lasting else "no-cache"}
        response = Response(_content()[name], headers=headers, media_type=KINDS[name.split(".")[-1]])
        await response(scope, receive, send)
