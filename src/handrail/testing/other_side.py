"""What is behind a channel: what people see there, and what they do. A channel's author writes it for the contract.

It looks and acts as people would, and never asks the channel what it believes: it reads the folder, the mailbox, the
server to which the channel has sent. An address that the channel would verify is taken as given by it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from handrail.inbox.channel import Channel


@dataclass(frozen=True)
class Shown:
    """A request as it lies before people at this moment.

    `to` is before whom, in the channel's words. `text` is all that they read there, as they read it: without the
    markup of the other side, with its escapes undone. `verbs` is what they are offered to decide; opening the request
    elsewhere is no verb. `place` is for the other side's own use.
    """

    to: str
    text: str
    verbs: frozenset[str] = frozenset()
    place: Any = None


class OtherSide(ABC):
    """What people see and do behind a channel.

    A person acts by `act` and `say`; each returns when the channel has dealt with it, whether it let that pass or not.
    """

    name: ClassVar[str]
    """what the channel is registered as, such as `slack`"""
    channel: Channel
    recipients: tuple[str, str]
    """two whom or where to, in the channel's words; those whom the suite asks read both"""
    addresses: Mapping[str, str]
    """the address of each of `alice`, `bob`, `carol` and `mallory`, as the channel hands it to its door: alice and bob
    are asked, carol is not, mallory is nobody that the store knows"""
    verbs: ClassVar[frozenset[str]] = frozenset({"approve", "reject", "request_changes"})
    """what people can decide there at all; nothing, of a channel by which nothing comes back"""
    store: str = "memory://"
    """where the suite keeps its requests: a URL of a store"""
    comments: ClassVar[bool] = True
    """whether people can comment there"""
    explains: ClassVar[bool] = True
    """whether somebody who is refused is told why: see `told`"""
    updates: ClassVar[bool] = True
    """whether what lies before people changes there when somebody claims a request or votes"""
    can_be_down: ClassVar[bool] = True
    """whether there is anything that the channel could fail to reach"""
    ended: Mapping[str, str] = {"expired": "expired", "withdrawn": "withdrawn", "replaced": "replaced"}
    """a word by which people see how a request has ended that nobody has decided, in any case of letters"""

    @abstractmethod
    async def shown(self) -> Sequence[Shown]:
        """Return all requests that lie before people, repetitions included, in the order in which they came.

        Of a channel that doesn't follow, the last one about a request counts.
        """

    @abstractmethod
    async def said(self) -> Sequence[str]:
        """Return what was said beside them: the words of reminders and comments."""

    @abstractmethod
    async def act(self, address: str, shown: Shown, verb: str, comment: str = "") -> None:
        """Let somebody decide on what they were shown, by a button, a reply or a file."""

    async def say(self, address: str, shown: Shown, text: str) -> None:
        """Let somebody comment on what they were shown."""
        raise NotImplementedError

    async def forged(self, address: str, shown: Shown, verb: str) -> None:
        """Let somebody whom the channel can't verify decide in the name of an address."""
        raise NotImplementedError

    async def again(self, number: int) -> None:
        """Let the channel receive once more what was done as the `number`-th act or say, from 0, just as it was."""
        raise NotImplementedError

    async def told(self, address: str) -> Sequence[str]:
        """Return what the channel has told somebody alone, such as why they may not decide."""
        return ()

    async def down(self) -> None:
        """Let the channel reach nobody."""
        raise NotImplementedError

    async def up(self) -> None:
        """Let the channel reach everybody again."""
        raise NotImplementedError
