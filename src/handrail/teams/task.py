"""A unit of agent work, as its author writes it down."""

import re
from collections.abc import Sequence
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
        if not isinstance(agent, Agent | str) or not agent:
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
        self.description = description.strip()
        self.agent = agent
        self.title = " ".join((title or first_line(self.description)).split())
        self.expected_output = expected_output
        self.external_validation_required = bool(external_validation_required)
        self.dependencies = tuple(dependencies)
        self.is_deliverable = bool(is_deliverable)
        self.allow_parallel_execution = bool(allow_parallel_execution)
        self.output_schema = output_schema
        self.reference_id = reference_id
        self.json_schema = _json_schema(output_schema)

    @property
    def agent_name(self) -> str:
        """The name of its agent."""
        return self.agent.name if isinstance(self.agent, Agent) else self.agent

    def __repr__(self) -> str:
        return f"<Task {self.title!r}>"


def _json_schema(schema: Any) -> dict[str, Any] | None:
    if schema is None or isinstance(schema, dict):
        return None if schema is None else schema_of(schema)
    try:
        return TypeAdapter(schema).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise InvalidTeam(
            f"output_schema={schema!r}: give a pydantic model, another type, or a JSON Schema"
        ) from error


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
