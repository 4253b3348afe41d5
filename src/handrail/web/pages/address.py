"""Where pages are: the addresses that templates link to."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode


def of_request(request_id: str) -> str:
    """Return the address of a request in the inbox."""
    return f"/requests/{quote(request_id, safe='')}"


def of_run(run_id: str) -> str:
    """Return the address of a run; its id may be any printable text.

    >>> of_run("posts/1?")
    '/runs/posts%2F1%3F'
    """
    return f"/runs/{quote(run_id, safe='')}"


def of_board(run_id: str) -> str:
    """Return the address of the board of a team's run."""
    return f"/boards/{quote(run_id, safe='')}"


def of_task(run_id: str, task: str) -> str:
    """Return the address of a card, open beside its board.

    >>> of_task("spec/1", "task1")
    '/boards/spec%2F1?task=task1'
    """
    return f"{of_board(run_id)}?task={quote(task, safe='')}"


def of_person(name: str) -> str:
    """Return the address of somebody's settings."""
    return f"/settings/people/{quote(name, safe='')}"


def of_guideline(flow: str) -> str:
    """Return the address of a flow's guideline."""
    return f"/settings/guidelines/{quote(flow, safe='')}"


def queried(path: str, values: dict[str, Any], **more: Any) -> str:
    """Return a path with those values in its query that are given.

    >>> queried("/runs", {"flow": "post", "text": ""}, status="FAILED")
    '/runs?flow=post&status=FAILED'
    """
    given = {name: value for name, value in {**values, **more}.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(given)}" if given else path


FILTERS: dict[str, Callable[..., Any]] = {
    "request_address": of_request,
    "run_address": of_run,
    "board_address": of_board,
    "task_address": of_task,
    "person_address": of_person,
    "guideline_address": of_guideline,
    "queried": queried,
}
