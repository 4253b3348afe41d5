"""What commands print: data to stdout, as a table or as JSON; everything else to stderr.

Control and bidirectional characters are shown escaped: a text in the store can't move the cursor of whoever reads it.
On a terminal tables are drawn to its width; anywhere else nothing is coloured, wrapped or cut.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from handrail.channels.terminal.escape import one_line, visible

Item = dict[str, Any]
Columns = Mapping[str, Callable[[Item], str]]

_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""JSON escapes the other control characters itself."""
GAP = "  "
LONGEST_CELL = 1000
"""characters; what is longer than any id or name is shown whole by `show`"""


def note(text: str) -> None:
    """Print a line to stderr."""
    print(visible(text), file=sys.stderr, flush=True)


def say(text: str = "") -> None:
    """Print a line to stdout."""
    print(visible(text))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return `value` as JSON that is safe to show."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    text = json.dumps(value, ensure_ascii=plain, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def print_json(value: Any) -> None:
    """Print one JSON value: laid out for a terminal, else on one line."""
    print(json_text(value, indent=2 if sys.stdout.isatty() else None))


def print_items(items: Sequence[Item], columns: Columns, *, as_json: bool, empty: str) -> None:
    """Print a list of things; an empty one says so with `empty`, which names the store."""
    if as_json:
        print_json(list(items))
        if not items:
            note(empty)
    elif not items:
        say(empty)
    else:
        print_table(list(columns), [[cell(item) for cell in columns.values()] for item in items])


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their headings."""
    shown = [[one_line(cell, LONGEST_CELL) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _draw(headings, shown)
        return
    widths = [max(len(cell) for cell in column) for column in zip(headings, *shown, strict=True)]
    for row in [headings, *shown] if any(headings) else shown:
        print(GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(headings)
    )
    for place, heading in enumerate(headings):
        whole = heading.endswith("id") or heading == "status"
        width = max((len(row[place]) for row in rows), default=0) if whole else None
        table.add_column(heading, overflow="fold", no_wrap=whole, min_width=width)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def moment(text: str | None) -> str:
    """Return an ISO 8601 moment, in UTC, to the second."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%SZ") if text else ""


def asked(request: Item) -> str:
    """Return who is asked, in words; of a task in line, whom it waits for."""
    who = people(request["audience"])
    return f"in line for {who}" if request["in_line"] else who


def people(audience: Item) -> str:
    """Return who an audience is, in words."""
    named = [*audience["users"], *(f"group:{group}" for group in audience["groups"])]
    barred = [f"not {name}" for name in audience["excluded"]]
    barred += ["not the initiator"] if audience["not_initiator"] else []
    return ", ".join([*(named or ["everybody"]), *barred])
