"""Parts of the documentation that are made from the code, so that they can't drift from it."""

import inspect
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import typer.main

from handrail.cli.program import program
from handrail.people.rights import TABLE as TABLE_OF_RIGHTS
from handrail.requests import errors
from handrail.requests.lifecycle import TABLE
from handrail.teams.status import TASK_MOVES, WORKFLOW_MOVES
from handrail.web.api import routes
from handrail.web.api.document import right_of


def lifecycle_table() -> str:
    """Return a Markdown table: a row for each move, a column for each state it can be made in."""
    states = [status for status, moves in TABLE.items() if moves]
    moves = list(dict.fromkeys(move for status in states for move in TABLE[status]))
    lines = [
        f"| move | {' | '.join(f'from `{status}`' for status in states)} |",
        "|---|" + "---|" * len(states),
    ]
    for move in moves:
        cells = [f"`{TABLE[status][move]}`" if move in TABLE[status] else "" for status in states]
        lines.append(f"| {move.__name__.lower()} | {' | '.join(cells)} |")
    final = ", ".join(f"`{status}`" for status, row in TABLE.items() if not row)
    return "\n".join([*lines, "", f"Final: {final}."])


def error_tree() -> str:
    """Return the tree of errors as the docstring of its module draws it."""
    drawn = inspect.getdoc(errors) or ""
    return f"```text\n{inspect.cleandoc(drawn[drawn.index('HandrailError') :])}\n```"


def command_table() -> str:
    """Return a Markdown table of the commands with their arguments, from the program itself."""
    lines = ["| command | does |", "|---|---|"]
    for name, command in _commands(typer.main.get_command(program), ""):
        arguments = [_written(parameter) for parameter in command.params if parameter.name != "help"]
        does = (command.help or "").split("\n\n")[0].replace("\n", " ")
        lines.append(f"| `{' '.join(['handrail', name, *filter(None, arguments)])}` | {does} |")
    return "\n".join(lines)


def _commands(group, prefix):
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def _written(parameter) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    option = parameter.opts[0]
    written = option if parameter.is_flag else f"{option} {parameter.metavar or 'VALUE'}"
    return written if parameter.required else f"[{written}]"


def operations_table() -> str:
    """Return a Markdown table of the operations of the API, with the scope that a key needs for each."""
    lines = ["| operation | does | scope | roles |", "|---|---|---|---|"]
    for route in routes():
        right = right_of(route.dependant)
        roles, scope = TABLE_OF_RIGHTS[right] if right else ((), "")
        path = route.path_format.removeprefix("/api/v1")
        cells = [f"`{scope}`" if scope else "", ", ".join(roles)]
        for method in sorted(route.methods or ()):
            lines.append(f"| `{method} {path}` | {route.summary} | {' | '.join(cells)} |")
    return "\n".join(lines)


def board_tables() -> str:
    """Return for tasks and for workflows a diagram, a table of all moves with their reasons, and what is final."""
    return "\n\n".join(
        f"## {title}\n\n{_diagram(moves)}\n\n{_moves(moves)}"
        for title, moves in (("A task", TASK_MOVES), ("The workflow", WORKFLOW_MOVES))
    )


def _diagram(moves: Mapping[Any, Mapping[Any, str]]) -> str:
    arrows = [
        f"    {before} --> {after}: {why}" for before, row in moves.items() for after, why in row.items()
    ]
    first = f"    [*] --> {next(iter(moves))}"
    return "\n".join(["```mermaid", "stateDiagram-v2", first, *arrows, "```"])


def _moves(moves: Mapping[StrEnum, Mapping[Any, str]]) -> str:
    lines = [
        f"| `{before}` | `{after}` | {why} |" for before, row in moves.items() for after, why in row.items()
    ]
    final = ", ".join(f"`{status}`" for status, row in moves.items() if not row)
    return "\n".join(["| from | to | when |", "|---|---|---|", *lines, "", f"Final: {final}."])


GENERATED = {
    "docs/reference/board.md": ("board", board_tables),
    "docs/reference/api.md": ("operations", operations_table),
    "docs/concepts/requests.md": ("lifecycle", lifecycle_table),
    "docs/reference/errors.md": ("errors", error_tree),
    "docs/reference/command-line.md": ("commands", command_table),
}
"""page: the name of the marked part, and what makes it"""


def split(page: str, name: str) -> tuple[str, str, str]:
    """Return what stands before, in and after the marked part of a page."""
    begin, end = f"<!-- {name}: generated, see tests/unit/test_docs.py -->\n", "<!-- end -->"
    before, found, rest = page.partition(begin)
    assert found, f"the page has no part marked {begin!r}"
    written, _, after = rest.partition(end)
    return before + begin, written, end + after
