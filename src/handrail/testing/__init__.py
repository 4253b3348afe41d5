"""Shipped to users: contract suites, simulated reviewers, a clock to turn, replay.

Here `replay` is the function; its module is reached by `from handrail.testing.replay import ...`.
"""

from typing import TYPE_CHECKING, Any

from handrail.testing.clock import TurnableClock as TurnableClock
from handrail.testing.random_reviewer import RandomReviewer as RandomReviewer
from handrail.testing.replay import replay as replay
from handrail.testing.review import reviewing as reviewing
from handrail.testing.reviewers import Reviewer as Reviewer
from handrail.testing.reviewers import ScriptedReviewer as ScriptedReviewer
from handrail.testing.reviewers import SlowReviewer as SlowReviewer

if TYPE_CHECKING:
    from handrail.testing.channel_contract import ChannelContract as ChannelContract
    from handrail.testing.channel_contract import OtherSide as OtherSide
    from handrail.testing.channel_contract import Shown as Shown
    from handrail.testing.store_contract import StoreContract as StoreContract


def __getattr__(name: str) -> Any:
    # Only on demand: its asserts tell more if pytest has been asked to rewrite them before they are imported.
    if name == "StoreContract":
        from handrail.testing.store_contract import StoreContract

        return StoreContract
    if name in ("ChannelContract", "OtherSide", "Shown"):
        from handrail.testing import channel_contract

        return getattr(channel_contract, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
