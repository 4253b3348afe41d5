"""Fixtures of the unit tests."""

from collections.abc import AsyncIterator

import pytest

from handrail.stores.memory import MemoryStore
from tests.support.command_line import handrail
from tests.support.people_desk import quick_passwords

__all__ = ["handrail", "quick_passwords", "store"]


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    """A store that outlives the apps that use it."""
    store = MemoryStore()
    await store.open()
    yield store
    await store.close()
