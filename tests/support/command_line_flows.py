"""An app and flows that the tests of the command line name as MODULE:ATTRIBUTE."""

import asyncio
import os
import time
from typing import Any

from handrail import App, FunctionNode, HumanApprovalNode, ask

CALLS: list[str] = []
"""the steps that were executed in this process"""


def _draft(data: dict[str, Any]) -> dict[str, Any]:
    CALLS.append("draft")
    if path := os.environ.get("DRAFTS"):
        with open(path, "a") as file:
            file.write("draft\n")
    return {"id": "post_1", "content": f"About {data['topic']}"}


def _fragile(data: dict[str, Any]) -> dict[str, Any]:
    CALLS.append("fragile")
    if "broken" not in CALLS:
        return data
    raise ValueError("no\nway \x1b[31mred")


publish = (
    FunctionNode(_draft, name="draft")
    | HumanApprovalNode(name="approve")
    | FunctionNode(lambda x: {"published": x["approved"], "content": x["content"]}, name="publish")
)
renamed = (
    FunctionNode(_draft, name="write")
    | HumanApprovalNode(name="approve")
    | FunctionNode(lambda x: {"published": x["approved"], "content": x["content"]}, name="publish")
)
shout = FunctionNode(lambda x: {"content": x["content"].upper()}, name="shout")
fragile = FunctionNode(_fragile, name="fragile")


async def greet(name: str) -> dict[str, Any]:
    return {"greeting": f"Hello {name}"}


async def tone(topic: str) -> dict[str, Any]:
    return {"tone": await ask("Which tone?", choices=["dry", "warm"])}


def not_a_flow(data: dict[str, Any]) -> dict[str, Any]:
    return data


class Shelf:
    """Attributes may be dotted."""

    greet = staticmethod(greet)


app = App()
app.flow("publish-post", publish)
app.flow("tone", tone)


async def _tone_of(subject: str) -> dict[str, Any]:
    return {"tone": await ask(subject)}


other_words_app = App()
other_words_app.flow("tone", _tone_of)

renamed_app = App()
renamed_app.flow("publish-post", renamed)


def _block(data: dict[str, Any]) -> dict[str, Any]:
    print("blocking", flush=True)
    time.sleep(600)
    return data


async def _linger(data: dict[str, Any]) -> dict[str, Any]:
    print("lingering", flush=True)
    try:
        await asyncio.sleep(600)
    finally:
        await asyncio.sleep(600)
    return data


app.flow("block", FunctionNode(_block, name="block"))
app.flow("linger", FunctionNode(_linger, name="linger"))
