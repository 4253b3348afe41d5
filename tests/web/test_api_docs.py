"""What the reference shows of the API is what the API takes."""

import json
import re
from pathlib import Path

from jsonschema import Draft202012Validator

from tests.support.web_desk import URL, Desk
from tests.web.test_api_boards import begun

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


async def test_the_calls_of_the_reference_are_answered_as_it_says(desk: Desk) -> None:
    known: dict[str, str] = {}
    blocks = re.findall(r"^```http\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    await begun(desk, "spec-1")
    async with desk.client("alice") as client:
        for block in blocks:
            filled = block.replace("{id}", known.get("id", "")).replace(
                "{content_hash}", known.get("content_hash", "")
            )
            head, _, body = filled.partition("\n\n")
            first, *headers = head.splitlines()
            method, path, _, status = first.split()
            sent = dict(line.split(": ") for line in headers)
            answer = await client.request(method, URL + path, json=json.loads(body), headers=sent)
            assert answer.status_code == int(status), answer.text
            known |= {name: answer.json().get(name, known.get(name)) for name in ("id", "content_hash")}


async def test_every_body_and_every_answer_has_an_example_that_fits(desk: Desk) -> None:
    document = (await desk.call(None, "GET", "/openapi.json")).json()
    schemas = document["components"]["schemas"]
    looked_at = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                for kind, content in part.get("content", {}).items():
                    if "json" not in kind:
                        continue
                    schema = content["schema"]
                    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
                    examples = named.get("examples") or [content["example"]]
                    whole = {**schema, "components": document["components"]}
                    for example in examples:
                        found = list(Draft202012Validator(whole).iter_errors(example))
                        assert not found, f"{method} {path}: {found[0].message}"
                        looked_at += 1
    assert looked_at > 200
