"""What every store must do, as tests: an adapter passes them all or is no store.

Subclass `StoreContract` in a test module and give it a fixture `store`, an open and empty store. The tests are plain
coroutines that assert; run them with pytest and pytest-asyncio in its auto mode.

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def store(self):
            store = await MyStore(...).open()
            yield store
            await store.close()
"""

from handrail.testing.store_inbox import InboxContract
from handrail.testing.store_journal import JournalContract
from handrail.testing.store_lists import ListContract
from handrail.testing.store_people import PeopleContract
from handrail.testing.store_runs import RunContract
from handrail.testing.store_tasks import TaskContract
from handrail.testing.store_teams import TeamContract
from handrail.testing.store_units import UnitContract
from handrail.testing.store_wakeups import WakeupContract
from handrail.testing.store_webhooks import WebhookContract


class StoreContract(
    UnitContract,
    InboxContract,
    ListContract,
    RunContract,
    WakeupContract,
    JournalContract,
    TaskContract,
    PeopleContract,
    TeamContract,
    WebhookContract,
):
    """Everything the ports of inbox, runs, people, teams and webhooks ask of a store, closing it twice included."""
