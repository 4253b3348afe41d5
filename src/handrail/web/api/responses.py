"""What operations answer, as the OpenAPI document tells it: the types, and the problems that each may have."""

from typing import Any

from handrail.web.api import answers

JSONType = dict[str, Any]

PROBLEMS = {
    401: "Nobody is logged in, and no valid key was sent.",
    403: "Not yours to do; `rule` says which rule forbids it.",
    404: "There is no such thing, or it isn't yours to know.",
    405: "This address doesn't know the method.",
    409: "Too late, or taken; `winner` says who was faster.",
    413: "The body is over 1 MiB.",
    415: "The body isn't `application/json`.",
    421: "This server doesn't answer to that host.",
    422: "It doesn't fit; `fields` says where.",
    429: "Too much at once; `retry_after` says when to try again.",
    503: "The store can't do that now; `retry_after` says when to try again.",
}
EVERYWHERE = (401, 403, 421, 422, 503)
WITH_BODY = (413, 415)


def problem(status: int) -> JSONType:
    """Return how the document tells of a problem."""
    return {
        "description": PROBLEMS[status],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def problems(*statuses: int) -> dict[int | str, JSONType]:
    """Return the problems of an operation, beside those that all have."""
    return {status: problem(status) for status in sorted({*EVERYWHERE, *statuses})}


def reading(model: Any, *statuses: int) -> dict[int | str, JSONType]:
    """Return the responses of an operation that reads."""
    return {200: {"model": model, "description": "As it is now."}, **problems(*statuses)}


def writing(
    model: Any, *statuses: int, done: int = 200, links: JSONType | None = None
) -> dict[int | str, JSONType]:
    """Return the responses of an operation that changes something; `done` is the status of success."""
    success: JSONType = {"model": model, "description": "As it is afterwards."}
    if links:
        success["links"] = links
    return {done: success, **problems(*WITH_BODY, *statuses)}


def health_responses(ready: bool = False) -> dict[int | str, JSONType]:
    """Return the responses of the checks."""
    ok: JSONType = {"model": answers.Health, "description": "It does."}
    told: dict[int | str, JSONType] = {200: ok, 421: problem(421)}
    return told | ({503: {"model": answers.Health, "description": "It can't now."}} if ready else {})


def metrics_responses() -> dict[int | str, JSONType]:
    """Return the responses of the metrics."""
    text = {
        "description": "One family after the other.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    return {200: text, **{status: problem(status) for status in (401, 403, 421, 503)}}
