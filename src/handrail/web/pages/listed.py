"""The list of the inbox as a page shows it: what was asked for in the address, and rows with their words."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from handrail.inbox.counting import Count, Counts
from handrail.inbox.listing import Listing, Page, Row
from handrail.requests.errors import InvalidInput
from handrail.requests.request import Status
from handrail.web.content.text import plain
from handrail.web.pages.words import due

VIEWS = {
    "mine": "Mine",
    "open": "Open",
    "overdue": "Overdue",
    "unclaimed": "Unclaimed",
    "decided": "Decided by me",
    "all": "All",
}
NOTHING = {
    "mine": "Nothing waits for you",
    "open": "Nothing is open",
    "overdue": "Nothing is overdue",
    "unclaimed": "Everything is claimed",
    "decided": "You have decided nothing yet",
    "all": "There are no requests",
}
LATEST = ("decided", "all")
"""views that begin with what came last, however they are sorted"""
SORTS = {"due": "Due first", "urgent": "Most urgent", "oldest": "Oldest"}
PAGE = 30
SOON = timedelta(hours=1)


@dataclass(frozen=True)
class Query:
    """What was asked for: a view, its order, and what narrows it."""

    view: str = "mine"
    sort: str = "due"
    flow: str | None = None
    text: str | None = None
    after: str | None = None

    @property
    def listing(self) -> Listing:
        """What is read for it."""
        view = "decided_by_me" if self.view == "decided" else self.view
        return Listing(view, self.sort, self.flow, self.text)  # type: ignore[arg-type]

    def address(self, part: str | None = None, **changed: str | None) -> str:
        """Return the address of this list, changed in parts; from its beginning, unless told otherwise."""
        if "q" in changed:
            changed["text"] = changed.pop("q") or None
        parts: dict[str, Any] = {"after": None, **{key: value or None for key, value in changed.items()}}
        at = replace(self, **parts)
        return "/inbox" + _written(at, part)

    def open(self, request_id: str) -> str:
        """Return the address of a request, with this list beside it."""
        return f"/requests/{quote(request_id, safe='')}" + _written(self)


def query(view: str, sort: str, flow: str, q: str, after: str) -> Query:
    """Return what an address asks for. Raises `InvalidInput` for a view or an order that there isn't."""
    if view not in VIEWS or sort not in SORTS:
        raise InvalidInput(f"there is no such view; use {', '.join(VIEWS)}, sorted by {', '.join(SORTS)}")
    return Query(view, sort, flow or None, q.strip() or None, after or None)


@dataclass(frozen=True)
class Line:
    """One request in the list."""

    id: str
    title: str
    look: str
    icon: str
    state: str
    due: str
    due_look: str
    deadline: datetime | None
    about: tuple[str, ...]
    pickable: bool


@dataclass(frozen=True)
class Group:
    """Requests that are due at about the same time."""

    word: str
    rows: tuple[Line, ...]


@dataclass(frozen=True)
class View:
    """A view in the navigation."""

    name: str
    word: str
    count: Count | None


@dataclass(frozen=True)
class Listed:
    """The list, told."""

    query: Query
    items: tuple[Row, ...]
    groups: tuple[Group, ...]
    counts: Counts
    page: Page

    @property
    def next(self) -> str | None:
        """The cursor of what follows."""
        return self.page.next

    @property
    def word(self) -> str:
        """What the view is called."""
        return VIEWS[self.query.view]

    @property
    def nothing(self) -> str:
        """What an empty view comes to."""
        return NOTHING[self.query.view]

    @property
    def searched(self) -> bool:
        """Whether a text narrows it."""
        return self.query.text is not None

    @property
    def cut(self) -> bool:
        """Whether the search ended before the page was full, and can go on."""
        return self.searched and self.next is not None and len(self.items) < PAGE

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """The orders to choose from; what is over has one of its own."""
        return [] if self.query.view in LATEST else list(SORTS.items())

    @property
    def views(self) -> list[View]:
        """The views to choose from."""
        counted = {name: getattr(self.counts, name) for name in ("mine", "open", "overdue", "unclaimed")}
        return [View(name, word, counted.get(name)) for name, word in VIEWS.items()]

    @property
    def total(self) -> str:
        """How many there are, as far as it is known."""
        known = {view.name: view.count for view in self.views}.get(self.query.view)
        if known is None or self.query.flow or self.query.text:
            return f"{len(self.items)}{'+' if self.next else ''}"
        return f"{known} {'open' if self.query.view != 'overdue' else 'overdue'}"

    @property
    def is_counted(self) -> bool:
        """Whether the navigation says how many there are, too."""
        counted = self.query.view in {view.name for view in self.views if view.count and view.count.number}
        return counted and not self.query.flow and not self.query.text

    @property
    def is_later(self) -> bool:
        """Whether it doesn't begin with the first."""
        return self.query.after is not None

    @property
    def more(self) -> str | None:
        """Where the list goes on."""
        return self.address(after=self.next) if self.next else None

    def address(self, part: str | None = None, **changed: str | None) -> str:
        """Return the address of this list, changed in parts; from its beginning, unless told otherwise."""
        return self.query.address(part, **changed)

    def open(self, request_id: str) -> str:
        """Return the address of a request, with this list beside it."""
        return self.query.open(request_id)


def _written(at: Query, part: str | None = None) -> str:
    given = {
        "view": at.view if at.view != "mine" else None,
        "sort": at.sort if at.sort != "due" else None,
        "flow": at.flow,
        "q": at.text,
        "after": at.after,
        "part": part,
    }
    written = urlencode({key: value for key, value in given.items() if value})
    return f"?{written}" if written else ""


def listed(at: Query, page: Page, counts: Counts, now: datetime) -> Listed:
    """Return the list with its words."""
    lines = [(_when(row, now, at), _line(row, now)) for row in page.rows]
    groups = []
    for word in dict.fromkeys(word for word, _ in lines):
        groups.append(Group(word, tuple(line for each, line in lines if each == word)))
    return Listed(at, tuple(page.rows), tuple(groups), counts, page)


def _when(row: Row, now: datetime, at: Query) -> str:
    """Return under which heading a request stands; only the order by deadline has headings that follow it."""
    if at.view in LATEST:
        return "Latest first"
    if at.sort != "due":
        return SORTS[at.sort]
    if row.deadline is None:
        return "Later"
    if row.deadline <= now:
        return "Overdue"
    return "Due today" if row.deadline.astimezone().date() == now.astimezone().date() else "Later"


ENDS = {
    Status.RESOLVED: ("is-done", "done", "Decided"),
    Status.EXPIRED: ("is-ended", "clock", "Expired"),
    Status.WITHDRAWN: ("is-ended", "x", "Withdrawn"),
}


def _line(row: Row, now: datetime) -> Line:
    late = row.deadline is not None and row.deadline <= now
    soon = row.deadline is not None and not late and row.deadline - now < SOON
    about = [row.flow or "no flow", *([plain(row.run_id, 60)] if row.run_id else [])]
    if row.status in ENDS:
        look, icon, state = ENDS[row.status]
        return Line(row.id, row.title, look, icon, state, state, "", None, (*about, *_more(row)), False)
    if late:
        look, icon, state = "is-overdue", "clock", "Overdue"
    elif row.claimed_by:
        look, icon, state = "is-soon", "user", f"Claimed by {row.claimed_by}"
    else:
        look, icon, state = "is-todo", "todo", "Open"
    when = due(row.deadline, now)
    due_look = "is-overdue" if late else "is-soon" if soon else ""
    told = (*about, *_more(row))
    return Line(row.id, row.title, look, icon, state, when, due_look, row.deadline, told, True)


def _more(row: Row) -> list[str]:
    found = []
    if row.claimed_by:
        found.append(f"claimed by {row.claimed_by}")
    if row.needed > 1:
        found.append(f"{row.given} of {row.asked or row.needed} votes")
    if row.revision > 1:
        found.append(f"revision {row.revision}")
    if row.confidence is not None:
        found.append(f"confidence {row.confidence:.2f}")
    if row.priority > 0:
        found.append("urgent" if row.priority >= 10 else f"priority {row.priority}")
    return found
