"""Channels that are called over HTTP, such as by a chat service: each answers at /channels/NAME, and below.

Who calls proves that to the channel, by a signature over the bytes of the body: they reach it as they came. Nobody
logs in there, so no cookie reaches it; host, origin, size and headers are the guard's, as everywhere.
"""

from collections.abc import Iterator, Mapping

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handrail.inbox.channel import Channel

PATH = "/channels/"


def called(channels: Mapping[str, Channel]) -> Iterator[Route]:
    """Return the routes of the channels that are called."""
    for name, channel in channels.items():
        if channel.http is not None:
            application = Called(f"{PATH}{name}", channel.http)
            yield Route(f"{PATH}{name}", application, include_in_schema=False)
            yield Route(f"{PATH}{name}/{{rest:path}}", application, include_in_schema=False)


class Called:
    """A channel's own application, as it is reached below its path: there it answers at `/` and whatever it has.

    The body is read before, so that one that is too large is refused whatever the application does with errors.
    """

    def __init__(self, path: str, application: ASGIApp) -> None:
        self.path_format = path
        """by which its answers are counted"""
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self
        root, path = self.path_format, scope["path"]
        inner = {
            **scope,
            "root_path": scope.get("root_path", "") + root,
            "path": path if path != root else f"{path}/",
            "headers": [(name, value) for name, value in scope["headers"] if name != b"cookie"],
        }
        await self._application(inner, await _read(receive), send)


async def _read(receive: Receive) -> Receive:
    """Read the body, and return what gives it once more, as one part."""
    body, more, parts = bytearray(), True, list[Message]()
    while more:
        message = await receive()
        if message["type"] != "http.request":  # whoever called is gone: nothing is to be made of a part
            parts.append(message)
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    else:
        parts.append({"type": "http.request", "body": bytes(body), "more_body": False})

    async def receiving() -> Message:
        return parts.pop() if parts else await receive()

    return receiving
