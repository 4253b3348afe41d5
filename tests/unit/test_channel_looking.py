"""Looking again and again, for channels that nobody calls: nothing that goes wrong ends it or holds anything up."""

import asyncio
import logging

import pytest

from handrail.inbox.channel import looking


async def test_what_is_found_is_taken_again_until_it_is_gone_and_one_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    there, taken, looks = ["bad", "good", "slow to go"], [], 0
    done = asyncio.Event()

    def find() -> list[str]:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise OSError("hunter2")
        return list(there)

    async def take(what: str) -> None:
        taken.append(what)
        if taken.count("bad") == 5:
            done.set()
        if what == "bad":
            raise ValueError("hunter2")
        if what == "good" or taken.count(what) == 2:
            there.remove(what)

    async with asyncio.timeout(20), looking(find, take, every=0.001):
        await done.wait()
    assert there == ["bad"]
    assert (taken.count("good"), taken.count("slow to go")) == (1, 2)
    told = [record.getMessage().rpartition(": ")[2] for record in caplog.records]
    assert told == ["ValueError", "OSError", "ValueError"], "when it begins, and by its kind"


async def test_it_ends_with_its_block_and_the_error_of_the_block_is_the_blocks() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def take(what: str) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def block() -> None:
        async with looking(lambda: ["x"], take, every=0.001):
            await begun.wait()
            raise LookupError

    with pytest.raises(LookupError):
        await block()
    assert ended.is_set()
