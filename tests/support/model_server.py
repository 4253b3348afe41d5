"""A small server that speaks OpenAI's API as local ones do, and fails on demand: real HTTP, nothing mocked.

Each request takes the next of `faults`, if there is one, and is answered otherwise; `calls` keeps them all.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

PIECE = 5
"""characters in one chunk of a stream"""


@dataclass(frozen=True)
class Fault:
    """How a request fails: an HTTP status with an error code, or something ruder."""

    kind: Literal["status", "hang", "disconnect", "break", "garbage"] = "status"
    status: int = 500
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


HANG = Fault("hang")
DISCONNECT = Fault("disconnect")
BREAK = Fault("break")
"""a stream that breaks off after its first piece, or no answer at all"""
GARBAGE = Fault("garbage")
"""200, but a web page"""


def status(status: int, code: str | None = None, **headers: str) -> Fault:
    """Answer with this status; `retry_after="2"` becomes a header."""
    return Fault("status", status, code, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True)
class Call:
    """One request that came in."""

    path: str
    authorization: str | None
    body: dict[str, Any]
    at: float
    """when it came, in seconds of the monotonic clock"""

    @property
    def prompt(self) -> str:
        """The last message."""
        return str((self.body.get("messages") or self.body["input"])[-1]["content"])


class ModelServer:
    """The server, from entering it to leaving it; `port` to come back at the same address.

    `say` makes the text out of the prompt, `fill` the arguments if a tool call is asked for. `replies` are messages
    to answer with first, one a request. `key` is the only one it takes (any, by default). `connections` counts those
    that clients hold open.
    """

    def __init__(self, port: int = 0, *, key: str | None = None) -> None:
        self.key = key
        self.faults: deque[Fault] = deque()
        self.calls: list[Call] = []
        self.replies: deque[dict[str, Any]] = deque()
        self.say: Callable[[str], str] = lambda prompt: f"An answer to {prompt}"
        self.fill: Callable[[str], Any] = lambda prompt: {}
        self.released = threading.Event()
        self.connections = 0
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL has to be."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    @property
    def owner(self) -> ModelServer:
        return self.server.owner  # type: ignore[attr-defined, no-any-return]

    def setup(self) -> None:
        super().setup()
        with self.owner.lock:
            self.owner.connections += 1

    def finish(self) -> None:
        super().finish()
        with self.owner.lock:
            self.owner.connections -= 1

    def do_POST(self) -> None:
        owner = self.owner
        length = int(self.headers["content-length"])
        body = json.loads(self.rfile.read(length))
        call = Call(self.path, self.headers["authorization"], body, time.monotonic())
        owner.calls.append(call)
        fault = owner.faults.popleft() if owner.faults else None
        if fault is None and owner.key and call.authorization != f"Bearer {owner.key}":
            fault = status(401, "invalid_api_key")
        if fault is None and call.path not in ("/v1/chat/completions", "/v1/responses"):
            fault = status(404)
        try:
            self._fail(owner, call, fault) if fault else self._answer(owner, call)
        except OSError:
            self.close_connection = True  # the client has given up: that is its right

    def _fail(self, owner: ModelServer, call: Call, fault: Fault) -> None:
        self.close_connection = fault.kind in ("hang", "disconnect", "break")
        match fault.kind:
            case "status":
                # As real servers do, the error repeats what was sent: it must not get into messages of ours.
                told = f"key {call.authorization} asked {call.prompt!r}"
                error = {"message": told, "type": "error", "code": fault.code}
                self._send(fault.status, {"error": error}, fault.headers)
            case "hang":
                owner.released.wait(60)
            case "garbage":
                self._send(200, "<html>It works!</html>")
            case "break" if call.body.get("stream"):
                self._open_stream()
                self._event(_chunk(call.body["model"], {"role": "assistant", "content": "An an"}))

    def _answer(self, owner: ModelServer, call: Call) -> None:
        model, text = call.body["model"], owner.say(call.prompt)
        if call.path == "/v1/responses":
            self._send(200, _response(model, text))
            return
        message: dict[str, Any] = {"role": "assistant", "content": text}
        tools = call.body.get("tools")
        if owner.replies:
            message = {"role": "assistant", "content": None, **owner.replies.popleft()}
            tools = message.get("tool_calls")
        elif tools:
            name, arguments = tools[0]["function"]["name"], json.dumps(owner.fill(call.prompt))
            function = {"name": name, "arguments": arguments}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call-1", "type": "function", "function": function}],
            }
        if call.body.get("stream"):
            self._stream(call.body, text)
        else:
            finish = "tool_calls" if tools else "stop"
            choice = {"index": 0, "finish_reason": finish, "message": message}
            self._send(200, {**_head(model, "chat.completion"), "choices": [choice], "usage": USAGE})

    def _stream(self, body: dict[str, Any], text: str) -> None:
        self._open_stream()
        for piece in _pieces(text):
            self._event(_chunk(body["model"], {"role": "assistant", "content": piece}))
        self._event(_chunk(body["model"], {}, "stop"))
        if body.get("stream_options", {}).get("include_usage"):
            self._event({**_head(body["model"], "chat.completion.chunk"), "choices": [], "usage": USAGE})
        self._write("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _open_stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _event(self, data: dict[str, Any]) -> None:
        self._write(f"data: {json.dumps(data)}\n\n")

    def _write(self, text: str) -> None:
        body = text.encode()
        self.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")

    def _send(self, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "text/html" if isinstance(data, str) else "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": "answer-1", "object": kind, "created": 1, "model": f"{model}-0613"}


def _chunk(model: str, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**_head(model, "chat.completion.chunk"), "choices": [choice]}


def _response(model: str, text: str) -> dict[str, Any]:
    content = {"type": "output_text", "text": text, "annotations": []}
    message = {
        "type": "message",
        "id": "message-1",
        "role": "assistant",
        "status": "completed",
        "content": [content],
    }
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18, **details}
    return {
        **_head(model, "response"),
        "created_at": 1,
        "status": "completed",
        "output": [message],
        "usage": usage,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def wants(*calls: tuple[str, Any]) -> dict[str, Any]:
    """Return a message that calls tools, each a name and its arguments."""
    return {
        "tool_calls": [
            {
                "id": f"id-{place}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
                },
            }
            for place, (name, arguments) in enumerate(calls, 1)
        ]
    }


@contextmanager
def gone() -> Iterator[int]:
    """A port at which nobody listens, and which nobody else gets meanwhile."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler, bind_and_activate=False)
    server.server_bind()
    try:
        yield int(server.server_address[1])
    finally:
        server.server_close()
