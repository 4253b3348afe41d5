"""Callbacks: a program is told, signed, that its request has ended; what isn't taken is tried again."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from handrail import App
from handrail.inbox.outbox import Outbox
from handrail.inbox.outside import CHANNEL, open_outside
from handrail.outgoing.address import allowed
from handrail.outgoing.call import Outgoing
from handrail.people.secret import Secret
from handrail.requests.decision import Actor
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from handrail.web.callback import Callbacks, is_signed, signature, signing_secret
from tests.support.requests_desk import NOW, draft

ALICE = Actor("alice")


class Receiver:
    """A program that keeps what it is called with and answers as it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
        self.heads.append({name.lower(): value for name, value in lines})
        self.bodies.append(await reader.readexactly(int(self.heads[-1]["content-length"])))
        writer.write(f"HTTP/1.1 {self.status} Told\r\ncontent-length: 0\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    receiving = Receiver()
    listening = await asyncio.start_server(receiving.serve, "127.0.0.1", 0)
    receiving.port = listening.sockets[0].getsockname()[1]
    try:
        yield receiving
    finally:
        listening.close()


class Outside:
    """A store, what is opened in it from outside, and the channel that calls back."""

    def __init__(self, app: App, clock: TurnableClock, allow: str) -> None:
        self.app = app
        self.clock = clock
        self.secret = Secret(None)
        self.channel = Callbacks(app.store, clock, self.secret, Outgoing(allowed(allow)))

    async def open(self, url: str | None, number: int = 1) -> HumanRequest:
        opened = await self.app.store.do(
            open_outside,
            draft({"content": "a secret text"}, channels=[CHANNEL]),
            now=self.clock.now(),
            request_id=f"req_{number}",
            initiator="robot",
            callback_url=url,
        )
        return opened.request

    async def deliver(self) -> int:
        return await Outbox(self.app.store, {CHANNEL: self.channel}, self.clock).deliver_due()


@asynccontextmanager
async def outside(allow: str = "127.0.0.1") -> AsyncIterator[Outside]:
    clock = TurnableClock()
    app = App(store="memory://", clock=clock)
    async with app.connect():
        yield Outside(app, clock, allow)


async def test_a_program_is_told_once_that_its_request_has_ended() -> None:
    async with outside() as opened, receiver() as receiving:
        request = await opened.open(f"http://127.0.0.1:{receiving.port}/done?key=1")
        await opened.deliver()
        assert receiving.bodies == []
        await opened.app.inbox.decide(
            request.id, "edit", actor=ALICE, payload={"content": "better"}, comment="so"
        )
        await opened.deliver()
        await opened.deliver()
        (body,), (head,) = receiving.bodies, receiving.heads
        told = json.loads(body)
        assert told["event"] == "request.ended"
        assert (told["request_id"], told["status"]) == (request.id, "RESOLVED")
        assert told["outcome"]["verb"] == "edit"
        assert told["outcome"]["approved"] is True
        assert told["outcome"]["payload"] == {"content": "better"}
        assert told["outcome"]["by"] == ["alice"]
        assert b"a secret text" not in body
        assert head["content-type"] == "application/json"
        assert head["handrail-delivery"] == told["delivery"]
        secret = signing_secret(opened.secret)
        assert is_signed(body, head["handrail-signature"], secret=secret, now=opened.clock.now())


async def test_what_is_not_taken_is_tried_again_with_the_same_delivery_and_a_fresh_signature() -> None:
    async with outside() as opened, receiver() as receiving:
        request = await opened.open(f"http://127.0.0.1:{receiving.port}/")
        await opened.app.inbox.withdraw(request.id, actor=ALICE)
        receiving.status = 503
        await opened.deliver()
        assert await opened.deliver() == 0
        receiving.status = 302
        opened.clock.turn(60)
        await opened.deliver()
        receiving.status = 204
        opened.clock.turn(600)
        await opened.deliver()
        opened.clock.turn(86400)
        assert await opened.deliver() == 0
        assert len({head["handrail-delivery"] for head in receiving.heads}) == 1
        assert len({head["handrail-signature"] for head in receiving.heads}) == 3
        assert json.loads(receiving.bodies[-1])["outcome"] is None


async def test_an_address_that_is_not_allowed_is_not_called_at_delivery_either() -> None:
    async with outside(allow="") as opened, receiver() as receiving:
        request = await opened.open(f"http://127.0.0.1:{receiving.port}/")
        await opened.app.inbox.decide(request.id, "approve", actor=ALICE)
        await opened.deliver()
        assert receiving.bodies == []
        waiting = await opened.app.store.read(lambda tx: tx.messages(request.id, 10))
        assert [(each.occasion, each.state, each.error) for each in waiting] == [
            ("ended", "pending", "InvalidInput"),
            ("opened", "sent", None),
        ]


async def test_a_request_without_a_url_calls_nobody() -> None:
    async with outside() as opened:
        request = await opened.open(None)
        await opened.app.inbox.decide(request.id, "approve", actor=ALICE)
        await opened.deliver()
        waiting = await opened.app.store.read(lambda tx: tx.messages(request.id, 10))
        assert {each.state for each in waiting} == {"sent"}


def test_a_signature_holds_for_its_body_its_secret_and_its_moment_only(tmp_path: Path) -> None:
    secret, other = (signing_secret(Secret(tmp_path / name)) for name in ("one.db", "two.db"))
    header = signature(b"{}", secret=secret, now=NOW)
    assert is_signed(b"{}", header, secret=secret, now=NOW + timedelta(seconds=299))
    assert not is_signed(b"{}", header, secret=secret, now=NOW + timedelta(seconds=302))
    assert not is_signed(b"{}", header, secret=secret, now=NOW - timedelta(seconds=302))
    assert not is_signed(b"{ }", header, secret=secret, now=NOW)
    assert not is_signed(b"{}", header, secret=other, now=NOW)
    odd = (header.replace("t=", "t=1"), header.replace("v1=", "v1=\u00e9"), "t=" + "9" * 400)
    for wrong in (*odd, "", "t=,v1=", "t=1", "v1=ab", "nonsense"):
        assert not is_signed(b"{}", wrong, secret=secret, now=NOW)


def test_the_signing_secret_stays_the_same_for_a_store(tmp_path: Path) -> None:
    store = tmp_path / "handrail.db"
    assert signing_secret(Secret(store)) == signing_secret(Secret(store))
