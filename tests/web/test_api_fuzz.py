"""Whatever a program sends, an answer is one that the document names: never a 5xx, always of the type it says.

Schemathesis reads the OpenAPI document and makes up calls of every operation, valid and invalid ones.
"""

import asyncio
from contextlib import suppress

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from handrail.teams.ports import TeamTransaction
from handrail.teams.status import WorkflowStatus
from tests.support.team_flows import spec_team
from tests.support.waiting import until
from tests.support.web_desk import Desk
from tests.support.web_server import serving

EXAMPLES = 12
"""calls of each operation in each mode"""
BOARD = {"run_id": "spec-1", "task_id": "analyse"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def call_everything(schema: BaseSchema, mode: GenerationMode, key: str) -> int:
    """Call every operation a number of times and check each answer; returns how many took calls."""
    session = requests.Session()
    session.headers["authorization"] = f"Bearer {key}"
    count = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/events"):
            continue  # it has no end

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def call(case: schemathesis.Case) -> None:
            case.validate_response(case.call(session=session), checks=CHECKS)
            if "/boards/{run_id}" in case.operation.path:  # made-up ids hardly ever are those of a board
                case.path_parameters = {**case.path_parameters, **BOARD}
                case.validate_response(case.call(session=session), checks=CHECKS)

        with suppress(Unsatisfiable):  # what takes nothing can't be called wrongly
            call()
            count += 1
    session.close()
    return count


async def with_board(desk: Desk) -> None:
    """Let a team work until it waits for people."""
    desk.app.team(spec_team())
    await desk.app.start("spec", {"topic": "bees"}, "spec-1", initiator="root")
    await until(lambda: desk.app.store.read_now(_is_blocked))


def _is_blocked(tx: TeamTransaction) -> bool:
    team = tx.team("spec-1")
    return team is not None and team.status is WorkflowStatus.BLOCKED


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_made_up_calls_are_answered_as_the_document_says(desk: Desk, mode: GenerationMode) -> None:
    await with_board(desk)
    async with serving(desk.asgi) as url:
        schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{url}/api/v1/openapi.json")
        assert await asyncio.to_thread(call_everything, schema, mode, desk.keys["root"]) >= 20
