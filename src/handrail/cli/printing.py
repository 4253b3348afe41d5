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
BROAD = 28
"""characters that a column gets before its cells are folded"""
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


def print_items(
    items: Sequence[Item], columns: Columns, *, as_json: bool, empty: str, spare: Sequence[str] = ()
) -> None:
    """Print a list of things; an empty one says so with `empty`, which names the store.

    On a narrow terminal `spare` columns make room for the others, in this order.
    """
    if as_json:
        print_json(list(items))
        if not items:
            note(empty)
    elif not items:
        say(empty)
    else:
        print_table(list(columns), [[cell(item) for cell in columns.values()] for item in items], spare)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str] = ()) -> None:
    """Print rows under their headings."""
    shown = [[one_line(cell, LONGEST_CELL) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _draw(headings, shown, spare)
        return
    widths = [max(len(cell) for cell in column) for column in zip(headings, *shown, strict=True)]
    for row in [headings, *shown] if any(headings) else shown:
        print(GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str]) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(headings)
    )
    console = Console(highlight=False)
    widths = {
        heading: max(map(cell_len, (heading, *cells)))
        for heading, *cells in zip(headings, *rows, strict=True)
    }
    left_out = _left_out(widths, spare, console.width) if spare else []
    places = [place for place, heading in enumerate(headings) if heading not in left_out]
    for place in places:
        heading = headings[place]
        whole = _is_whole(heading)
        table.add_column(
            heading, overflow="fold", no_wrap=whole, min_width=widths[heading] if whole else None
        )
    for row in rows:
        table.add_row(*(Text(row[place]) for place in places))
    console.print(table)
    if left_out:
        note(f"no room for {', '.join(left_out)}: --json, or a wider terminal, shows all")


def _is_whole(heading: str) -> bool:
    """Whether a column's cells are never folded."""
    return heading.endswith("id") or heading == "status"


def _left_out(widths: Mapping[str, int], spare: Sequence[str], room: int) -> list[str]:
    """Return which of the spare columns have to go, so that no other one is narrower than can be read."""
    needed = {
        heading: width if _is_whole(heading) else min(width, BROAD) for heading, width in widths.items()
    }
    gone: list[str] = []
    for heading in spare:
        if sum(width + len(GAP) for width in needed.values()) <= room:
            break
        del needed[heading]
        gone.append(heading)
    return gone


def moment(text: str | None) -> str:
    """Return an ISO 8601 moment, in UTC, to the second."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%SZ") if text else ""


def counted(count: int, what: str) -> str:
    """Return a number of things.

    >>> counted(1, "call"), counted(2, "call")
    ('1 call', '2 calls')
    """
    return f"{count} {what}{'' if count == 1 else 's'}"


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
