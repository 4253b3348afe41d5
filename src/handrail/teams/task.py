"""A unit of agent work, as its author writes it down."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from handrail.requests.errors import InvalidTeam
from handrail.requests.schema import schema_of
from handrail.teams.agent import Agent
from handrail.teams.plan import Planned, first_line

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


class Task:
    """A unit of agent work.

    Args:
        description: what is to be done; `{topic}` takes an input of the team, `{taskResult:task1}` the result of a
            task (by its `reference_id`, or by its place), `{{` and `}}` stand for braces.
        agent: who does it, an `Agent` of the team or its name.
        title: what it is called; by default the description's first line.
        expected_output: what the result is to look like.
        external_validation_required: whether a person has to approve the result.
        dependencies: tasks (or their ids) whose results it needs.
        is_deliverable: whether its result is the team's; the last such task counts, else the team's last one.
        allow_parallel_execution: whether it waits for its dependencies only, not for all tasks before it.
        output_schema: what the result has to be: a pydantic model, another type, or a JSON Schema.
        reference_id: what it is known by; by default `task1`, `task2` by its place in the team.

    Raises `InvalidTeam` for what can't be.

    >>> task = Task("Research {topic}", "Alice", external_validation_required=True)
    >>> task.title
    'Research {topic}'
    """

    def __init__(
        self,
        description: str,
        agent: Agent | str,
        title: str | None = None,
        expected_output: str | None = None,
        external_validation_required: bool = False,
        dependencies: Sequence["Task | str"] = (),
        is_deliverable: bool = False,
        allow_parallel_execution: bool = False,
        output_schema: Any = None,
        reference_id: str | None = None,
    ) -> None:
        if not isinstance(description, str) or not description.strip():
            raise InvalidTeam("a task needs a description: what is to be done")
        if not isinstance(agent, Agent | str) or (isinstance(agent, str) and not agent.strip()):
            raise InvalidTeam("a task needs an agent: an Agent of the team, or its name")
        if not isinstance(title, str | None) or (title is not None and not title.strip()):
            raise InvalidTeam("the title of a task is a text")
        if not isinstance(expected_output, str | None):
            raise InvalidTeam("the expected_output of a task is a text")
        if reference_id is not None and not (isinstance(reference_id, str) and ID.fullmatch(reference_id)):
            raise InvalidTeam(
                f"reference_id={reference_id!r}: use at most 80 letters, digits, dots, dashes and underscores"
            )
        if isinstance(dependencies, str | Task):
            dependencies = [dependencies]
        if not isinstance(dependencies, Iterable | None):
            raise InvalidTeam(
                f"the dependencies of a task are a list of tasks or of their ids: {dependencies!r}"
            )
        self.description = description.strip()
        self.agent = agent.strip() if isinstance(agent, str) else agent
        self.title = " ".join((title or first_line(self.description)).split())
        self.expected_output = expected_output
        self.external_validation_required = _flag(
            "external_validation_required", external_validation_required
        )
        self.dependencies = tuple(dependencies or ())
        self.is_deliverable = _flag("is_deliverable", is_deliverable)
        self.allow_parallel_execution = _flag("allow_parallel_execution", allow_parallel_execution)
        self.output_schema = output_schema
        self.reference_id = reference_id
        self.kind = None if isinstance(output_schema, dict | None) else _kind(output_schema)
        """the type of its result, if that isn't text or given as a JSON Schema"""
        self.json_schema = _json_schema(output_schema, self.kind)

    @property
    def agent_name(self) -> str:
        """The name of its agent."""
        return self.agent.name if isinstance(self.agent, Agent) else self.agent

    def __repr__(self) -> str:
        return f"<Task {self.title!r}>"


def _flag(name: str, value: Any) -> bool:
    """Return what is said with yes or no; a text such as "no" would count as yes."""
    if not isinstance(value, bool):
        raise InvalidTeam(f"{name}={value!r:.80}: give True or False")
    return value


def _kind(schema: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(schema)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise _no_schema(schema, error) from error


def _json_schema(schema: Any, kind: TypeAdapter[Any] | None) -> dict[str, Any] | None:
    if kind is None:
        return None if schema is None else schema_of(schema)
    try:
        return kind.json_schema()
    except PydanticUserError as error:
        raise _no_schema(schema, error) from error


def _no_schema(schema: Any, error: PydanticUserError | PydanticSchemaGenerationError) -> InvalidTeam:
    why = str(error).splitlines()[0]
    return InvalidTeam(
        f"output_schema={schema!r}: give a pydantic model, another type, or a JSON Schema ({why})"
    )


def several(given: Any) -> tuple[Any, ...]:
    """Return what is in a list, or in anything like one; nothing if it is none."""
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str | Mapping) else ()


def kinds(tasks: Sequence[Task], plan: Sequence[Planned]) -> dict[str, TypeAdapter[Any]]:
    """Return the types of results by the ids of their tasks."""
    both = zip(tasks, plan, strict=True)
    return {one.id: task.kind for task, one in both if task.kind is not None}


def planned(tasks: Sequence[Task]) -> tuple[Planned, ...]:
    """Return the tasks of a team as data, each with its id. Raises `InvalidTeam` for an unknown dependency."""
    ids = {id(task): task.reference_id or f"task{place}" for place, task in enumerate(tasks, 1)}
    return tuple(
        Planned(
            id=ids[id(task)],
            title=task.title,
            description=task.description,
            agent=task.agent_name,
            expected_output=task.expected_output,
            validated=task.external_validation_required,
            dependencies=tuple(_id_of(task, each, ids) for each in task.dependencies),
            deliverable=task.is_deliverable,
            parallel=task.allow_parallel_execution,
            output_schema=task.json_schema,
        )
        for task in tasks
    )


def _id_of(task: Task, dependency: "Task | str", ids: dict[int, str]) -> str:
    if isinstance(dependency, str):
        return dependency
    if not isinstance(dependency, Task) or id(dependency) not in ids:
        raise InvalidTeam(
            f"task {task.title!r} depends on {dependency!r}, which is no task of this team: add it to tasks"
        )
    return ids[id(dependency)]
