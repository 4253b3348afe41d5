"""A board drawn for a terminal: columns beside each other if they can be read so, else groups under each other."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from handrail.channels.terminal.deadline import span
from handrail.channels.terminal.escape import one_line
from handrail.cli.printing import counted
from handrail.requests.identifier import parse_time
from handrail.teams.status import TaskStatus, WorkflowStatus

Item = dict[str, Any]
_T, _W = TaskStatus, WorkflowStatus

COLUMNS: Mapping[str, tuple[tuple[TaskStatus, ...], str]] = {
    "To do": ((_T.TODO,), "default"),
    "Doing": ((_T.DOING, _T.PAUSED, _T.RESUMED), "cyan"),
    "Blocked": ((_T.BLOCKED,), "red"),
    "Revise": ((_T.REVISE,), "magenta"),
    "Awaiting validation": ((_T.AWAITING_VALIDATION,), "yellow"),
    "Done": ((_T.DONE, _T.VALIDATED), "green"),
    "Aborted": ((_T.ABORTED,), "red"),
}
"""column: whose tasks it has, and its colour"""
ALWAYS = 6
"""columns that are there without tasks, too, if there is room"""
STYLES = {
    _W.BLOCKED: "yellow",
    _W.FINISHED: "green",
    _W.ERRORED: "red",
    _W.STOPPED: "red",
    _W.STOPPING: "red",
    _W.PAUSED: "magenta",
}
NARROWEST = 19
"""characters of each of the columns that are always there"""
READABLE = 24
"""characters of a column, if only those with tasks are drawn"""
MARGIN = 3
"""characters that stay free at the right: the ^C that a terminal writes there is not to break the line"""
MOST = 50
"""cards of a column that are drawn"""
OBSTACLE = 160
"""characters of a reason on a card"""


def drawn(board: Item, now: datetime, width: int, most: int = MOST) -> RenderableType:
    """Return a board (of `teams.record`) for a terminal of `width` characters, at most so many cards a column."""
    groups = {
        name: [task for task in board["tasks"] if task["status"] in statuses]
        for name, (statuses, _) in COLUMNS.items()
    }
    always = list(groups)[: ALWAYS if width // ALWAYS >= NARROWEST else 0]
    groups = {name: tasks for name, tasks in groups.items() if tasks or name in always}
    parts = [_head(board, now), Text()]
    if always or width // max(1, len(groups)) >= READABLE:
        parts.append(_beside(groups, now, most, width - MARGIN))
    else:
        parts += _under(groups, now, most)
    return Group(*parts)


def _head(board: Item, now: datetime) -> RenderableType:
    status = WorkflowStatus(board["status"])
    text = Text(overflow="fold")
    text.append(one_line(board["team"]), "bold")
    text.append("  ")
    text.append(f" {status} ", f"reverse {STYLES.get(status, 'cyan')}")
    text.append(f"  {one_line(board['run_id'])}\n")
    text.append(" · ".join([progress(board), *spent(board["usage"]), _age(board, now)]), "dim")
    if board["error"]:
        text.append(f"\n{one_line(board['error'], 500)}", "red")
    return text


def progress(board: Item) -> str:
    """Return how far a team is, in words."""
    counts = board["counts"]
    return f"{counts.get(TaskStatus.DONE, 0)} of {sum(counts.values())} done"


def spent(usage: Item) -> list[str]:
    """Return what models have used, in words: calls, and dollars as far as prices are known."""
    if not usage["calls"]:
        return []
    calls = counted(usage["calls"], "call")
    return [calls, price(usage)] if usage["unpriced_calls"] < usage["calls"] else [calls]


def price(usage: Item) -> str:
    """Return dollars, as far as prices are known: a call whose price nobody knows isn't free."""
    unpriced = usage["unpriced_calls"]
    if unpriced and unpriced == usage["calls"]:
        return "unknown"
    return f"${usage['cost']}{f' and {unpriced} of unknown price' if unpriced else ''}"


def _age(thing: Item, now: datetime) -> str:
    return f"for {span((now - parse_time(thing['moved_at'])).total_seconds())}"


def _beside(groups: Mapping[str, Sequence[Item]], now: datetime, most: int, width: int) -> RenderableType:
    table = Table(box=None, width=width, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for _ in groups:
        table.add_column(ratio=1, overflow="fold")
    table.add_row(*(_title(name, tasks) for name, tasks in groups.items()))
    table.add_row(*(Group(*_cards(tasks, now, most)) for tasks in groups.values()))
    return table


def _under(groups: Mapping[str, Sequence[Item]], now: datetime, most: int) -> Iterator[RenderableType]:
    for name, tasks in groups.items():
        yield _title(name, tasks)
        yield from _cards(tasks, now, most)


def _title(name: str, tasks: Sequence[Item]) -> Text:
    return Text(f"{name} {len(tasks)}", f"bold {COLUMNS[name][1]}")


def _cards(tasks: Sequence[Item], now: datetime, most: int) -> Iterator[RenderableType]:
    for task in tasks[:most]:
        yield _card(task, now)
        yield Text()
    if len(tasks) > most:
        yield Text(f"and {len(tasks) - most} more\n", "dim")


def _card(task: Item, now: datetime) -> Text:
    text = Text(overflow="fold")
    text.append(one_line(task["title"]), "bold")
    text.append(f"\n{task['id']} · {one_line(task['agent'])}", "dim")
    text.append(f"\n{' · '.join([_age(task, now), *spent(task['usage'])[1:], *_said(task)])}", "dim")
    for told, style in _state(task):
        text.append(f"\n{told}", style)
    return text


def _said(task: Item) -> list[str]:
    if not task["feedback"]:
        return []
    pending = f", {task['pending_feedback']} to work in" if task["pending_feedback"] else ""
    return [f"{task['feedback']} feedback{pending}"]


def _state(task: Item) -> Iterator[tuple[str, str]]:
    """Give what the column doesn't say about how a task stands."""
    match TaskStatus(task["status"]):
        case TaskStatus.BLOCKED:
            yield one_line(task["reason"] or "", OBSTACLE), "red"
        case TaskStatus.PAUSED | TaskStatus.RESUMED | TaskStatus.VALIDATED as status:
            yield status.lower(), "magenta"
        case TaskStatus.DOING if task["request_id"]:
            yield "waits for people", "yellow"
