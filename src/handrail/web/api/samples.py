"""Examples for the OpenAPI document: one for each body and each answer, made of its type where none was written.

What a field is called says what it looks like; its type says what it may be, and goes before the name.
"""

from typing import Any

Schema = dict[str, Any]

MOMENT = "2025-06-01T12:00:00Z"
WORDS: dict[str, str] = {
    "actor": "alice",
    "address": "T012:U345",
    "agent": "writer",
    "by": "alice",
    "channel": "slack",
    "comment": "Well put.",
    "content_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_by": "root",
    "detail": "request req_1 is already RESOLVED by alice",
    "display": "Alice",
    "email": "alice@example.com",
    "excluded": "carol",
    "flow": "publish-post",
    "groups": "legal",
    "guideline": "Is it true? Is it kind?",
    "id": "req_1",
    "initiator": "bob",
    "instance": "/api/v1/requests/req_1/decisions",
    "kind": "approval",
    "label": "pipeline",
    "name": "alice",
    "person": "alice",
    "quorum": "first",
    "reason": "on holiday",
    "reference": "5f0c1a2b",
    "request_id": "req_1",
    "run_id": "post-1",
    "task": "outline",
    "team": "release-notes",
    "text": "Ask the lawyers.",
    "thread": "req_1",
    "title": "Publish the post about bees?",
    "url": "https://hooks.example.com/handrail",
    "users": "alice",
}
"""what texts look like, by the name of their field"""
IDS: dict[str, Schema] = {
    "Board": {"id": "post-1"},
    "BoardRow": {"id": "post-1"},
    "Key": {"id": "2c0cacb837f1"},
    "NewKey": {"id": "2c0cacb837f1"},
    "Run": {"id": "post-1"},
    "RunDetail": {"id": "post-1"},
    "RunRow": {"id": "post-1"},
    "Step": {"address": "write"},
    "TaskDetail": {"id": "outline"},
    "TaskRow": {"id": "outline"},
}
"""what is named otherwise in some types"""
DATA = {"proposal": {"content": "Bees dance to tell where flowers are."}, "input": {"prompt": "bees"}}
"""what objects of anything hold"""


def add(document: Schema) -> None:
    """Add an example to each JSON body and answer of a document that has none."""
    schemas: Schema = document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                for kind, content in part.get("content", {}).items():
                    if "json" in kind and not _has_one(content, schemas):
                        content["example"] = sample(content["schema"], schemas)


def _has_one(content: Schema, schemas: Schema) -> bool:
    told = content.keys() & {"example", "examples"}
    return bool(told) or bool(_followed(content["schema"], schemas).get("examples"))


def _followed(schema: Schema, schemas: Schema) -> Schema:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def sample(schema: Schema, schemas: Schema, name: str = "") -> Any:
    """Return a value that fits a schema of the document.

    >>> sample({"type": "array", "items": {"type": "string"}}, {}, "name")
    ['alice']
    """
    schema = _followed(schema, schemas)
    match schema:
        case {"examples": [first, *_]}:
            return first
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"anyOf": [*kinds]}:
            return _of_kinds(kinds, schemas, name)
        case {"type": "object", "properties": dict() as known}:
            own = IDS.get(schema.get("title", ""), {})
            return {each: own.get(each) or sample(inner, schemas, each) for each, inner in known.items()}
        case {"type": "object", "additionalProperties": dict() as inner, **rest}:
            return {
                sample(rest.get("propertyNames", {"type": "string"}), schemas, "name"): sample(inner, schemas)
            }
        case {"type": "object"}:
            return DATA.get(name, {})
        case {"type": "array", "items": dict() as inner}:
            return [sample(inner, schemas, name)]
    return _plain(schema, name)


def _of_kinds(kinds: list[Schema], schemas: Schema, name: str) -> Any:
    """Return a value of the first kind; nothing, where there may be nothing and no field is called so."""
    if {"type": "null"} in kinds and name and name not in WORDS:
        return None
    return sample(kinds[0], schemas, name)


def _plain(schema: Schema, name: str) -> Any:
    match schema.get("type"):
        case "string" if schema.get("format") == "date-time" or name == "at":
            return MOMENT
        case "string":
            return WORDS.get(name, "text")
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return schema.get("default", False)
    return None
