"""The store in memory keeps the contract, and its thread never leaves anybody waiting."""

from collections.abc import AsyncIterator

import pytest

pytest.register_assert_rewrite("handrail.testing", "tests.support.store_lanes")

from handrail.stores.memory import MemoryStore  # noqa: E402
from handrail.testing.store_contract import StoreContract  # noqa: E402
from tests.support.store_lanes import LaneContract  # noqa: E402


class TestMemoryStore(StoreContract, LaneContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[MemoryStore]:
        store = await MemoryStore().open()
        yield store
        await store.close()

    async def test_each_store_is_a_world_of_its_own(self, store: MemoryStore) -> None:
        other = await MemoryStore().open()
        await other.do(lambda tx: tx.set_members("legal", ["alice"]))
        assert not await store.read(lambda tx: tx.members("legal"))
        await other.close()
        await other.open()
        assert not await other.read(lambda tx: tx.members("legal")), "it ends when it is closed"
        await other.close()
