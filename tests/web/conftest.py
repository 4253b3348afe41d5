"""Fixtures of the web's tests: a server in this process, and people who reach it with keys."""

from collections.abc import AsyncIterator

import pytest

from tests.support.web_desk import Desk, desk_on


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A server on a store in memory, with alice, bob, carol (a viewer) and root (an admin)."""
    async with desk_on("memory://") as desk:
        yield desk
