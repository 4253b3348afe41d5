"""What the inbox needs of a store: a transaction, and a way to run a unit of work in one.

A unit of work is a plain synchronous function `unit(tx, **arguments)`. It does nothing but use `tx`, so it is safe
to run twice; `await store.do(unit, ...)` resolves after the commit.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, Literal, NamedTuple, ParamSpec, Protocol, TypeVar

from handrail.inbox.filing import Lot, Place
from handrail.inbox.wishes import Wishes
from handrail.requests.lifecycle import Event
from handrail.requests.record import Written
from handrail.requests.request import HumanRequest, Status

P = ParamSpec("P")
R = TypeVar("R")


Line = tuple[int, str, str, str, str | None, str | None, str]
"""what a hash of the log covers: sequence, moment, actor, kind, request, run and data"""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the hash-chained log. `hash` covers the line and the hash before it."""

    sequence: int
    at: str
    actor: str
    kind: str
    request_id: str | None
    run_id: str | None
    data: str
    hash: str

    @property
    def line(self) -> Line:
        """What its hash covers."""
        return self.sequence, self.at, self.actor, self.kind, self.request_id, self.run_id, self.data


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be told to people through a channel, stored with the move that caused it."""

    id: str
    request_id: str
    channel: str
    occasion: str
    """why: opened, claimed, released, decided, reminded, escalated, reassigned, commented, changed, ended,
    answered (what a channel says to one person about what they sent)"""
    due_at: datetime
    attempts: int = 0
    """how often its delivery was begun: after a crash nobody knows what came of the last one"""
    state: str = "pending"
    """pending, sent or failed"""
    error: str | None = None
    to: str = ""
    """whom or where to, in the channel's words (`#deploys`, `@alice`); empty where the channel decides"""
    place: str | None = None
    """what it is about of that which was sent before: see `Sent`"""
    detail: dict[str, Any] | None = None
    """of a comment: `text`, `by`, and the place `of` the channel that it came from; of an answer what the channel
    needs"""
    news: str | None = None
    """as which kind of news somebody's wishes have stored it (`asked`, `reminded` ...); `kept` keeps such a one true"""
    waits: str | None = None
    """for what it waits until `due_at`: `quiet` hours of its recipient, or their `digest`"""


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages a face wants to see. Those that are pending or failed, and those of a request, are found by an
    index."""

    state: Literal["pending", "failed"] | None = None
    channel: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that a channel has put before people for a request, and by which it finds that again."""

    request_id: str
    channel: str
    to: str
    place: str
    """the channel's own reference, as text; unique for this request and channel"""
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests a face wants to see."""

    statuses: tuple[Status, ...] = ()
    run_id: str | None = None
    thread: str | None = None
    flow: str | None = None
    after: str | None = None
    limit: int = 1000
    key_prefix: str | None = None
    """how the keys of tasks begin"""
    awaited_by: tuple[str, ...] = ()
    """runs that asked it, that have begun a run which did, or that wait for it"""


Order = Literal["due", "urgent", "oldest"]
Deciding = Literal["able", "viewer", "off", "unknown"]
"""whether somebody can decide: they have an account that does, one that only looks, one that is switched off, none"""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which pending requests of some lots are looked for, and in which order; ties are in the order of ids."""

    order: Order = "due"
    after: Place | None = None
    """the place behind which to begin"""
    until: datetime | None = None
    """by when the deadline is"""


class Searched(NamedTuple):
    """What was found of a text, in order."""

    places: list[Place]
    reached: Place | None
    """where the looking was ended before the end of the list and before enough was found"""
    rows: int
    """about how many were looked at"""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines of the log a face wants to see. A filter by actor, request or run finds them by an index."""

    actor: str | None = None
    kind: str | None = None
    request_id: str | None = None
    run_id: str | None = None
    """lines about the run itself and about its requests"""
    since: datetime | None = None
    until: datetime | None = None
    """before when"""


class InboxTransaction(Protocol):
    """One transaction, as the inbox sees it."""

    def request(self, request_id: str) -> HumanRequest | None: ...
    def requests(self, which: Filter) -> list[HumanRequest]: ...
    def keyed(self, key: str) -> HumanRequest | None:
        """Return the task that is known by `key`."""
        ...

    def release_key(self, request_id: str) -> None:
        """Let another task have the key of this one."""
        ...

    def ended_tasks(self, keys: Collection[str]) -> list[HumanRequest]:
        """Return the tasks with these keys that have ended."""
        ...

    def last_pending(self, key_prefix: str) -> str | None:
        """Return the id of the youngest task that is not done, of those whose key begins so."""
        ...

    def load(self, worker: str) -> int:
        """Return how many open tasks are assigned to a worker."""
        ...

    def last_task(self, worker: str) -> str:
        """Return the id of the youngest task that was ever assigned to a worker, "" if there is none."""
        ...

    def in_line(self, worker: str) -> list[str]:
        """Return the tasks that wait for a worker, at most one of each pool: the most urgent ones first."""
        ...

    def add_watch(self, request_id: str, run_id: str, strand: str) -> None:
        """Wake a branch of a run when a request ends that it waits for without having asked it."""
        ...

    def take_watchers(self, request_id: str) -> list[tuple[str, str]]:
        """Delete and return who waits for a request: runs and their branches."""
        ...

    def delete_watches(self, run_id: str) -> None: ...
    def insert_request(self, request: HumanRequest, written: Written | None = None) -> None:
        """Store a new request; `written` is what `write_request` gives, where that is known already."""
        ...

    def update_request(self, request: HumanRequest, since: int) -> bool:
        """Store `request` if the stored version is `since`, which it was made from; False if somebody was faster."""
        ...

    def lots(self, keys: Collection[str] | None) -> list[Lot]:
        """Return the lots that have requests, of those that ask so; all for None."""
        ...

    def count_places(self, lots: Collection[Lot], sought: Sought, limit: int) -> int:
        """Return how many requests these lots have, at most `limit`."""
        ...

    def places(self, lots: Collection[Lot], sought: Sought, limit: int) -> list[Place]:
        """Return requests of these lots in order, each once."""
        ...

    def search(self, lots: Collection[Lot], sought: Sought, text: str, limit: int, most: int) -> Searched:
        """Return requests of these lots whose title, flow or run id holds a text, whatever the case of its letters.

        It ends after about `most` rows, and goes on behind `reached`; it always comes further than `sought.after`.
        """
        ...

    def ended_places(self, flow: str | None, after: Place | None, limit: int) -> list[Place]:
        """Return requests that have ended (of one flow, or all), the latest first; `moment` is when."""
        ...

    def decided_places(self, actor: str, after: Place | None, limit: int) -> list[Place]:
        """Return requests in which somebody decided, by their last decision, the latest first; `moment` is its place
        in the log."""
        ...

    def youngest_places(self, after: Place | None, limit: int) -> list[Place]:
        """Return all requests, the youngest first."""
        ...

    def outlines(self, request_ids: Collection[str]) -> dict[str, HumanRequest]:
        """Return requests without what they show, by id: what `record.read_outline` makes."""
        ...

    def lines(self, which: LogFilter, low: int, high: int, limit: int, *, ascending: bool) -> list[LogEntry]:
        """Return lines of the log with a sequence from `low` to `high`, in order or the newest first."""
        ...

    def sequence_at(self, moment: datetime) -> int:
        """Return the sequence of the first line of the log at or after a moment, one behind the last if none is.

        The log is taken as ordered in time; where the clocks of processes differ, by as much it isn't.
        """
        ...

    def groups_of(self, person: str) -> tuple[str, ...]:
        """Return the groups that somebody belongs to."""
        ...

    def deciders(self, names: Collection[str]) -> Mapping[str, Deciding] | None:
        """Return of each of these people whether they can decide; None as long as nobody has an account."""
        ...

    def name_of(self, email: str) -> str | None:
        """Return the name of whoever has an email."""
        ...

    def misfiled_requests(self) -> list[str]:
        """Return the requests that are filed under something else than they hold: only tampering does that."""
        ...

    def has_wishes(self) -> bool:
        """Whether anybody was ever told anything by their wishes."""
        ...

    def wishes(self, names: Collection[str] | None) -> Mapping[str, Wishes]:
        """Return the wishes of these people, or of all who decide and wish to hear what asks everybody.

        Only of people who have an account that isn't switched off and is none of a program; who has none of their own
        has those of everybody.
        """
        ...

    def told_by_wishes(self, request_id: str) -> list[Message]:
        """Return the messages about a request that wishes have stored."""
        ...

    def waiting_for_digest(
        self, channel: str, to: str, place: str | None, now: datetime, limit: int
    ) -> list[Message]:
        """Return what is due of somebody's digest on a channel and bears this mark, the oldest first."""
        ...

    def due_requests(self, now: datetime, limit: int) -> list[str]: ...
    def next_request_due(self) -> datetime | None: ...
    def members(self, group: str) -> Collection[str]: ...
    def set_members(self, group: str, people: Collection[str]) -> None: ...
    def guideline_text(self, flow: str) -> str | None:
        """Return the guideline of a flow as it is now."""
        ...

    def append_event(
        self,
        kind: str,
        data: str,
        *,
        at: datetime,
        actor: str,
        request_id: str | None = None,
        run_id: str | None = None,
    ) -> None: ...
    def events(self, request_id: str) -> list[Event]: ...
    def log(self, after: int, limit: int) -> list[LogEntry]: ...
    def end_of_log(self) -> int:
        """Return the sequence of the last entry, 0 for none."""
        ...

    def add_message(self, message: Message) -> None: ...
    def due_messages(self, channels: Collection[str], now: datetime, limit: int) -> list[Message]:
        """Return messages that are due, the earliest first, without those that an earlier one to the same recipient
        about the same request keeps waiting."""
        ...

    def next_message_due(self, channels: Collection[str]) -> datetime | None: ...
    def update_message(self, message: Message) -> None: ...
    def messages(self, request_id: str | None, limit: int) -> list[Message]: ...
    def message(self, message_id: str) -> Message | None: ...
    def find_messages(self, which: MessageFilter, before: str | None, limit: int) -> list[Message]:
        """Return messages with an id before `before`, the newest first."""
        ...

    def count_messages(self, state: Literal["pending", "failed"], limit: int) -> dict[str, int]:
        """Return how many messages of each channel are in a state, at most `limit` of each."""
        ...

    def first_pending(self, channel: str, limit: int) -> list[Message]:
        """Return the pending messages of a channel that are or were due first."""
        ...

    def add_sent(self, sent: Sent) -> None:
        """Store what a channel has sent; nothing if that is known."""
        ...

    def sent(self, request_id: str, channel: str) -> list[Sent]:
        """Return what a channel has sent for a request, the first one first."""
        ...

    def sent_at(self, channel: str, place: str) -> Sent | None:
        """Return what a channel has sent to a place."""
        ...

    def receive(self, channel: str, received_id: str, now: datetime, request_id: str | None = None) -> bool:
        """Note that a channel has received something, about a request if there is one; False if it had before."""
        ...

    def forget_received(self, before: datetime) -> None:
        """Forget what was received before a moment, but for what is about a request that is still open."""
        ...

    def add_wakeup(self, run_id: str, strand: str, not_before: datetime) -> None: ...
    def signal(self, topic: str, subject: str) -> None:
        """Ring the doorbell `topic` for `subject` once this transaction is committed."""
        ...


Tx = TypeVar("Tx", bound=InboxTransaction, contravariant=True)


class Store(Protocol):
    """Where everything is kept. `do` writes, `read` sees one consistent moment."""

    @property
    def web_url(self) -> str | None:
        """Where people reach its pages; None if nobody has served them yet."""
        ...

    async def do(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R: ...
    async def read(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R: ...
    def listen(self, listener: "Listener") -> Callable[[], None]:
        """Call `listener` on this event loop after commits that rang; returns what ends it."""
        ...

    def follow(self, follower: "Follower") -> Callable[[], None]:
        """Let `follower` go on in the same transaction with what units have woken; returns what ends it."""
        ...


class Follower(Protocol):
    """Goes on with runs that were woken, in the transaction that woke them: nobody is faster, nothing is read twice.

    It saves time and changes nothing else: a store may do without it, and does where it is in trouble.
    """

    def take(self, tx: Any, run_ids: Sequence[str]) -> Mapping[str, Any]:
        """Take some of the runs; returns something for each taken one, by its id."""
        ...

    def taken(self, found: Mapping[str, Any], committed: bool) -> None:
        """Called on the event loop once that is committed, or was taken back."""
        ...


Listener = Callable[[Sequence[tuple[str, str]]], None]
"""Gets (topic, subject) pairs; `("elsewhere", "")` means that another process has committed something."""


class Clock(Protocol):
    """Tells the time. Tests turn it."""

    def now(self) -> datetime: ...
