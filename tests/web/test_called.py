"""Channels that are called over HTTP: what reaches them, what is kept from them, and what answers elsewhere."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from handrail.inbox.channel import Channel
from handrail.web.guard import HEADERS, MOST_JSON
from handrail.web.server import create
from tests.support.web_desk import URL, Desk, face_of


class Bell(Channel):
    """A channel that is called: it keeps what reached it, and answers like a chat service's endpoint."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.http = Starlette(
            routes=[
                Route("/", self.receive, methods=["POST"]),
                Route("/actions", self.receive, methods=["POST"]),
                Route("/broken", self.fail, methods=["POST"]),
            ]
        )

    async def receive(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        self.headers.append(dict(request.headers))
        return PlainTextResponse("ok")

    async def fail(self, request: Request) -> Response:
        raise ValueError("a secret token")


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
async def caller(desk: Desk, bell: Bell) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody outside, who has no login."""
    face = replace(face_of(desk.app, desk.people), channels={"bell": bell, "quiet": Channel()})
    transport = httpx.ASGITransport(create(face), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


@pytest.mark.parametrize("path", ["/channels/bell", "/channels/bell/", "/channels/bell/actions"])
async def test_the_raw_body_and_its_signature_reach_the_channel_without_a_login(
    caller: httpx.AsyncClient, bell: Bell, path: str
) -> None:
    body = b"payload=%7B%22a%22%3A1%7D&x=\xff\x00\r\n"
    headers = {
        "x-signature": "v0=abc",
        "content-type": "application/x-www-form-urlencoded",
        "cookie": "handrail=x",
    }
    answer = await caller.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert bell.bodies == [body]
    assert bell.headers[0]["x-signature"] == "v0=abc"
    assert "cookie" not in bell.headers[0]
    assert "set-cookie" not in answer.headers
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"] == "no-store"


async def test_other_hosts_pages_of_other_sites_and_large_bodies_are_refused(
    caller: httpx.AsyncClient, bell: Bell
) -> None:
    for headers, status in (
        ({"host": "evil.example"}, 421),
        ({"origin": "https://evil.example"}, 403),
    ):
        refused = await caller.post("/channels/bell", content=b"x", headers=headers)
        assert refused.status_code == status
        assert refused.headers["content-type"] == "application/problem+json"
    assert (await caller.post("/channels/bell", content=b"x" * MOST_JSON)).status_code == 200
    large = await caller.post("/channels/bell", content=b"x" * (MOST_JSON + 1))
    assert large.status_code == 413, large.text
    assert len(bell.bodies) == 1


async def test_what_no_channel_answers_is_a_problem_document(caller: httpx.AsyncClient) -> None:
    for path in ("/channels/none", "/channels/quiet", "/channels/", "/channels/bells"):
        answer = await caller.post(path, content=b"x")
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await caller.get("/channels/bell")).status_code == 405
    assert (await caller.post("/channels/bell/none")).status_code == 404


async def test_a_channel_that_breaks_tells_nobody_why(caller: httpx.AsyncClient, caplog: Any) -> None:
    answer = await caller.post("/channels/bell/broken", content=b"x")
    assert answer.status_code == 500
    assert "secret" not in answer.text


async def test_calls_are_counted_by_route(caller: httpx.AsyncClient) -> None:
    await caller.post("/channels/bell/actions", content=b"x")
    text = (await caller.get("/metrics")).text
    assert 'handrail_http_requests_total{method="POST",route="/channels/bell",status="200"} 1' in text


async def test_channels_are_no_part_of_the_document(caller: httpx.AsyncClient, desk: Desk) -> None:
    answer = await desk.call("root", "GET", "/openapi.json")
    assert "/channels/" not in answer.text
