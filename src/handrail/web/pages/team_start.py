"""Starting a run of a team from a page: the inputs that its tasks need, as a form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from handrail.requests.content import encode
from handrail.requests.errors import InvalidInput
from handrail.teams import plan
from handrail.teams.flow import TeamFlow
from handrail.web.face import Face
from handrail.web.pages.posting import text

PREFIX = "input-"


@dataclass(frozen=True, slots=True)
class Field:
    """One input: its name, and what stands in it."""

    name: str
    value: str
    as_json: bool = False
    """whether it is JSON, because it was no text before"""


@dataclass(frozen=True, slots=True)
class StartForm:
    """What a team is started with."""

    team: str
    fields: tuple[Field, ...]


def known_teams(face: Face) -> dict[str, TeamFlow]:
    """Return the teams that the app knows, by name."""
    return {name: flow for name, flow in face.flows.items() if isinstance(flow, TeamFlow)}


def form(flow: TeamFlow, values: Mapping[str, Any]) -> StartForm:
    """Return the form of a team, filled with inputs of before."""
    given = {**flow.inputs, **values}
    return StartForm(flow.team, tuple(_field(name, given.get(name, "")) for name in _names(flow)))


def typed(flow: TeamFlow, posted: FormData) -> StartForm:
    """Return the form with what was typed into it."""
    return StartForm(
        flow.team,
        tuple(
            Field(name, text(posted, PREFIX + name), posted.get(f"json-{name}") == "1")
            for name in _names(flow)
        ),
    )


def inputs(given: StartForm) -> dict[str, Any]:
    """Return the inputs that a form holds. Raises `InvalidInput` for one that is missing, or no JSON."""
    found: dict[str, Any] = {}
    for field in given.fields:
        if not field.value.strip():
            raise InvalidInput(f"{field.name}: the tasks of this team need a value; nothing was started")
        found[field.name] = _read(field)
    return found


def _read(field: Field) -> Any:
    if not field.as_json:
        return field.value
    try:
        return json.loads(field.value)
    except (ValueError, RecursionError):
        raise InvalidInput(f"{field.name}: write it as JSON; nothing was started") from None


def _names(flow: TeamFlow) -> list[str]:
    return [*plan.needed_inputs(flow.tasks)]


def _field(name: str, value: Any) -> Field:
    return Field(name, value) if isinstance(value, str) else Field(name, encode(value), as_json=True)
