"""Serves the application with uvicorn, in the event loop of the app: its socket, its address, its end."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import uvicorn

from handrail.requests.errors import InvalidInput
from handrail.web.face import Face
from handrail.web.server import create


class Serving:
    """A server, from its socket to its end. The socket is bound first, so that port 0 has an address to tell."""

    def __init__(self, host: str, port: int, url: str | None = None) -> None:
        self._host = host
        self._port = port
        self._given = url
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Bind the socket. Raises `InvalidInput` for an address that can't be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # Named as TCP, or asyncio leaves small answers waiting for more.
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((self._host.strip("[]"), self._port))
        except OSError as error:
            self._socket.close()
            raise InvalidInput(
                f"can't listen on {self._host}:{self._port}: {error.strerror or error}; choose another with --port"
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()
        self._socket.close()

    @property
    def url(self) -> str:
        """Where people reach it."""
        if self._given:
            return self._given.rstrip("/")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._socket.getsockname()[1]}"

    async def begin(self, face: Face) -> None:
        """Begin to answer."""
        # Proxies are believed only where one was announced: else anybody could say which address they come from.
        config = uvicorn.Config(
            create(face),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=self._given is not None,
            timeout_graceful_shutdown=3,
        )
        self._server = _Server(config, face)
        self._task = asyncio.create_task(self._server.serve([self._socket]), name="handrail web")
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        if self._task.done():
            self._task.result()

    async def until(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set; raises what ended the server before."""
        waiting = asyncio.create_task(stopping.wait())
        assert self._task is not None
        await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def _end(self) -> None:
        if self._task is None:
            return
        self._server.should_exit = True
        await self._task


class _Server(uvicorn.Server):
    """Leaves signals to whoever started it, and ends streams first: they never end by themselves."""

    def __init__(self, config: uvicorn.Config, face: Face) -> None:
        super().__init__(config)
        self._face = face

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the streams, then stop as uvicorn does."""
        await self._face.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
