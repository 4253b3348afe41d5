"""A flow as a program of its own: `handrail.main(flow)` at the end of a script.

It takes the options of `handrail run` and ends as that does. What it needs is imported when it is called, so that
`import handrail` stays quick.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from handrail.flows.function import as_flow
from handrail.flows.node import ChainableNode
from handrail.teams.team import Team


def main(
    flow: ChainableNode | Team | Callable[..., Awaitable[dict[str, Any]]], data: dict[str, Any] | None = None
) -> NoReturn:
    """Execute a flow, or let a team work, as the command line says, asking in this terminal, and print its result.

    Args:
        flow: a node, an async function over nodes, or a team.
        data: the input (of a team the values for placeholders), unless the command line gives one as JSON; without it
            the command line has to.

    The command line takes `[JSON] [--run-id ID] [--as NAME] [--store URL] [--json]`; `--help` shows these and the
    docstring of the script. With `--run-id` the same command goes on after a crash. Messages and exit codes are those
    of `handrail run`. Always raises `SystemExit`; before that `InvalidFlow` for what is no flow.

    >>> from handrail import HumanApprovalNode
    >>> flow = HumanApprovalNode(title="Publish it?")
    >>> if __name__ == "__main__" and "post.py" in sys.argv[0]:
    ...     main(flow, {"content": "Hello"})
    """
    from handrail.cli import call
    from handrail.cli.execution import script

    path, about = sys.argv[0], sys.modules["__main__"].__doc__
    node = flow.flow if isinstance(flow, Team) else as_flow(flow)
    if isinstance(flow, Team) and data is None:
        data = {}  # a team may bring its inputs itself
    call(script(node, data, path, about), sys.argv[1:], f"python {path}")
