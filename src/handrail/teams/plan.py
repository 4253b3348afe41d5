"""What a team is to do, as data: its tasks in order, what each waits for, and the placeholders in their texts.

Everything that can be wrong with it is found when the team is built, or when it is started; nothing half-way.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from handrail.requests.content import JSON, encode
from handrail.requests.errors import InvalidTeam

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_.-]+)?)\}")
RESULT = "taskResult:"
TITLE = 120
"""characters of a description that become a title"""


@dataclass(frozen=True)
class Planned:
    """A task as it is planned: what a run of the team keeps of it, whatever becomes of the code."""

    id: str
    title: str
    description: str
    agent: str
    expected_output: str | None = None
    validated: bool = False
    """whether a person has to approve its result"""
    dependencies: tuple[str, ...] = ()
    """the tasks whose results it needs, those of placeholders included"""
    deliverable: bool = False
    parallel: bool = False
    """whether it waits for its dependencies only, and not for all tasks before it"""
    output_schema: dict[str, Any] | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Planned":
        """Return what the log or a row holds."""
        return cls(**{**data, "dependencies": tuple(data.get("dependencies", ()))})


def names_in(text: str) -> list[str]:
    """Return the placeholders of a text: `topic` of `{topic}`; `{{` and `}}` stand for braces."""
    return [name for name in PLACEHOLDER.findall(text) if name]


def fill(text: str, values: Mapping[str, JSON]) -> str:
    """Return the text with its placeholders replaced; what isn't text is put in as JSON.

    >>> fill("Write about {topic} in {{braces}}", {"topic": "bees"})
    'Write about bees in {braces}'
    """

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        found = values[match[1]]
        return found if isinstance(found, str) else encode(found)

    return PLACEHOLDER.sub(value, text)


def needed_inputs(tasks: Iterable[Planned]) -> dict[str, str]:
    """Return the inputs that the tasks' texts need, each with the first task that does."""
    needed: dict[str, str] = {}
    for task in tasks:
        for name in [*_placeholders(task), *names_in(task.title)]:
            if not name.startswith(RESULT):
                needed.setdefault(name, task.id)
    return needed


def check_inputs(tasks: Iterable[Planned], inputs: Collection[str]) -> None:
    """Raise `InvalidTeam` for a placeholder that nobody fills."""
    for name, task in needed_inputs(tasks).items():
        if name not in inputs:
            raise InvalidTeam(
                f"task {task!r} has the placeholder {{{name}}} and nobody fills it: give inputs={{{name!r}: ...}}, "
                f"or write {{{{{name}}}}} if the braces are meant"
            )


def _placeholders(task: Planned) -> list[str]:
    return [*names_in(task.description), *names_in(task.expected_output or "")]


def joined(tasks: Sequence[Planned]) -> tuple[Planned, ...]:
    """Return the tasks with what their placeholders depend on.

    Raises `InvalidTeam` for equal ids, unknown dependencies or results, and tasks that wait for each other.
    """
    ids = [task.id for task in tasks]
    if twice := next((one for one in ids if ids.count(one) > 1), None):
        raise InvalidTeam(f"two tasks have the reference_id {twice!r}: ids in a team are unique")
    found = tuple(_with_results(task, ids) for task in tasks)
    _check_order(found)
    return found


def _with_results(task: Planned, ids: Sequence[str]) -> Planned:
    results = [name.removeprefix(RESULT) for name in _placeholders(task) if name.startswith(RESULT)]
    meant = [_meant(name, ids) for name in results]
    for name, one in zip([*task.dependencies, *results], [*task.dependencies, *meant], strict=True):
        if one not in ids:
            raise InvalidTeam(
                f"task {task.id!r} depends on {name!r}, and there is no such task: {', '.join(ids)}"
            )
        if one == task.id:
            raise InvalidTeam(f"task {task.id!r} depends on itself")
    for name in names_in(task.title):  # a title only names it: the task doesn't wait for it
        if name.startswith(RESULT) and _meant(name.removeprefix(RESULT), ids) not in ids:
            raise InvalidTeam(
                f"the title of task {task.id!r} names {{{name}}}, and there is no such task: {', '.join(ids)}"
            )
    every = tuple(dict.fromkeys([*task.dependencies, *meant]))
    return replace(task, dependencies=every)


def _meant(name: str, ids: Sequence[str]) -> str:
    """Return the task that a placeholder means: by its id, or as `task2` by its place."""
    place = re.fullmatch(r"task([1-9][0-9]{0,5})", name)
    if name in ids or place is None or int(place[1]) > len(ids):
        return name
    return ids[int(place[1]) - 1]


def results_meant(task: Planned, ids: Sequence[str]) -> dict[str, str]:
    """Return the placeholders of results in a task's texts, with the tasks that they mean."""
    return {
        name: _meant(name.removeprefix(RESULT), ids)
        for name in _placeholders(task)
        if name.startswith(RESULT)
    }


def _check_order(tasks: Sequence[Planned]) -> None:
    """Raise `InvalidTeam` for tasks that wait for each other; "all before a place" is a node of its own."""
    waits: dict[object, list[object]] = {}
    for place, task in enumerate(tasks):
        waits[task.id] = [*task.dependencies, *([] if task.parallel else [place])]
        waits[place + 1] = [task.id, place]
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        ring = " waits for ".join(repr(one) for one in reversed(error.args[1]) if isinstance(one, str))
        raise InvalidTeam(
            f"these tasks wait for each other: {ring}. A task waits for its dependencies and, without "
            "allow_parallel_execution, for all tasks before it"
        ) from None


def result_task(tasks: Iterable[Planned]) -> str:
    """Return the task whose result is the team's: its last deliverable one, else its last one."""
    planned = list(tasks)
    return next((task.id for task in reversed(planned) if task.deliverable), planned[-1].id)


def titled(task: Planned, inputs: Mapping[str, JSON]) -> Planned:
    """Return a task with the placeholders of its title replaced, those of results by the task's name; else its id."""
    results = {name: name.removeprefix(RESULT) for name in names_in(task.title) if name.startswith(RESULT)}
    return replace(task, title=" ".join(shown(task.title, {**results, **inputs}).split())[:500] or task.id)


def shown(text: str, inputs: Mapping[str, JSON]) -> str:
    """Return a text as people see it: with its inputs, and with the placeholders of results as they are."""
    return fill(text, {name: inputs.get(name, f"{{{name}}}") for name in names_in(text)})


def first_line(text: str) -> str:
    """Return what a task is called without a title of its own: the first line of its description, cut if it is long."""
    line = (text.splitlines() or [""])[0].strip()
    return line if len(line) <= TITLE else line[: TITLE - 1].rstrip() + "…"


def has_own_title(task: Planned, inputs: Mapping[str, JSON]) -> bool:
    """Whether a task is called otherwise than by the first line of its description."""
    return task.title != titled(replace(task, title=first_line(task.description)), inputs).title
