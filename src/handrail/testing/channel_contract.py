"""What every channel must do, as tests: a channel passes them all, or is none.

Subclass `ChannelContract` in a test module and give it a fixture `side`, an `OtherSide`: the channel, and what people
see and do behind it. What a channel can't do is said there, and shows as skipped. The tests are plain coroutines that
assert; run them with pytest and pytest-asyncio in its auto mode.

    class TestMyChannel(ChannelContract):
        @pytest.fixture
        async def side(self):
            yield MyOtherSide(MyChannel(...))
"""

from handrail.testing.channel_incoming import IncomingContract
from handrail.testing.channel_outgoing import OutgoingContract
from handrail.testing.channel_troubles import TroubleContract
from handrail.testing.other_side import OtherSide, Shown

__all__ = ["ChannelContract", "OtherSide", "Shown"]


class ChannelContract(OutgoingContract, IncomingContract, TroubleContract):
    """Everything that is asked of a channel: what goes out, what comes in, what goes wrong."""
