"""Channels receive while an app works; one that can't begin or doesn't end holds no run up."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from handrail import Actor, App, HumanApprovalNode
from handrail.inbox import receiving, views
from handrail.inbox.channel import Channel, Delivery, Door
from handrail.requests.errors import ChannelDown
from handrail.testing.store_units import until


class Odd(Channel):
    """A channel that receives in an odd way."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.tries = 0
        self.receives = asyncio.Event()
        self.together = asyncio.Barrier(1)

    async def deliver(self, delivery: Delivery) -> None:
        pass

    def serve(self, door: Door) -> AbstractAsyncContextManager[None]:
        self.tries += 1
        if self.how == "raises at once":
            raise ValueError("hunter2")
        return self._serve()

    @asynccontextmanager
    async def _serve(self) -> AsyncIterator[None]:
        if self.how == "is down at first" and self.tries == 1:
            raise ChannelDown("nobody answers")
        if self.how == "cancels itself at first" and self.tries == 1:
            raise asyncio.CancelledError
        if self.how == "hangs":
            await asyncio.Event().wait()
        self.receives.set()
        yield
        if self.how == "fails in the end":
            raise OSError("hunter2")
        if self.how == "doesn't end":
            await asyncio.Event().wait()
        if self.how == "ends with the others":
            await self.together.wait()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BEGINNING", "ENDING", "CUT_OFF", "PAUSE"):
        monkeypatch.setattr(receiving, name, 0.01)


@pytest.mark.parametrize("how", ["raises at once", "hangs", "fails in the end", "doesn't end"])
async def test_a_channel_that_receives_in_an_odd_way_holds_up_no_run_and_no_other_channel(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    odd, well = Odd(how), Odd("well")
    app = App(store="memory://", channels={"odd": odd, "well": well})
    app.flow("asks", HumanApprovalNode(channels=["odd", "well"]))
    async with app:
        await well.receives.wait()
        run = await app.start("asks", {"content": "hello"})
        await until(lambda: run.status == "WAITING")
        (request,) = await views.requests(app.store)
        await app.inbox.decide(request.id, "approve", actor=Actor("alice"))
        assert (await run.result(timeout=60))["approved"] is True
    assert how == "doesn't end" or "channel odd" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("how", ["is down at first", "cancels itself at first"])
async def test_a_channel_that_could_not_begin_is_tried_again(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    odd = Odd(how)
    async with App(store="memory://", channels={"odd": odd}):
        await odd.receives.wait()
    assert odd.tries == 2


async def test_channels_stop_beside_each_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "ENDING", 60)
    together = asyncio.Barrier(3)
    channels = {name: Odd("ends with the others") for name in ("a", "b", "c")}
    for each in channels.values():
        each.together = together
    async with App(store="memory://", channels=channels):
        await asyncio.gather(*(each.receives.wait() for each in channels.values()))
    assert not caplog.records
