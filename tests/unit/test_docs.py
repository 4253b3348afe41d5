"""What the documentation shows is true: its Python runs, its links lead somewhere, its tables come from the code.

Every Python block of the README and of docs/ is executed as a script of its own, in an empty folder, against a store of
its own and a local model server, while a simulated person approves and answers whatever is asked.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from handrail import Actor, App
from handrail.inbox import views
from handrail.requests.decision import Verb
from handrail.requests.errors import HandrailError
from handrail.requests.request import HumanRequest
from handrail.testing.specimen import specimen
from tests.support.generated_docs import GENERATED, split
from tests.support.model_server import ModelServer

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\(([^)#\s]*)#([^)]*)\)")
TEST = re.compile(r"\[`(test_\w+)`\]\(([^)#\s]+)\)")
EXPECTED = {
    "README.md:0": "approved by somebody",
    "README.md:1": "'receipt': 'refunded 20 EUR for A-17'",
    "README.md:2": "approved ",
    "first-flow.md:0": "'sent': True",
    "first-flow.md:2": "'going': 'yes'",
    "patterns.md:0": "{'published': True}",
    "patterns.md:1": "approved 1",
    "patterns.md:2": "True 2",
    "patterns.md:3": "True\nTrue",
    "teams.md:0": "BLOCKED None",
    "teams.md:1": "FINISHED Bees make honey.",
    "teams.md:2": "BLOCKED ['req_",
    "write-a-channel.md:0": "decided by alice",
    "webhooks.md:0": "dev.handrail.webhook.tested",
    "patterns.md:4": "completed alice",
    "patterns.md:5": "True",
    "patterns.md:6": "q0 completed\nq1 completed",
    "patterns.md:7": "refunded 20 EUR for A-17",
    "patterns.md:8": "True True",
    "patterns.md:9": "{'euros': 20}\nTrue",
    "patterns.md:10": "1",
    "patterns.md:11": "[True, True]",
    "patterns.md:12": "[True, True]",
}
"""what some blocks have to print"""

SNIPPETS = [
    pytest.param(code, EXPECTED.get(f"{page.name}:{number}", ""), id=f"{page.relative_to(ROOT)}:{number}")
    for page in PAGES
    for number, code in enumerate(BLOCK.findall(page.read_text()))
]


@pytest.mark.slow
@pytest.mark.parametrize(("code", "expected"), SNIPPETS)
async def test_python_of_the_documentation_runs(code: str, expected: str, tmp_path: Path) -> None:
    script = tmp_path / "snippet.py"
    script.write_text(code)
    url = f"sqlite:///{tmp_path}/handrail.db"
    with ModelServer() as server:
        environment = {
            **os.environ,
            "HANDRAIL_STORE": url,
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_KEY": "none",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            script,
            cwd=tmp_path,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        waits = expected.startswith(
            "BLOCKED"
        )  # what the page shows is how it stands before anybody has answered
        person = asyncio.create_task(asyncio.sleep(60) if waits else answer_everything(url))
        try:
            output, errors = await asyncio.wait_for(process.communicate(), 60)
        finally:
            person.cancel()
    assert process.returncode == 0, errors.decode()
    assert expected in output.decode()


async def answer_everything(url: str) -> None:
    """Approve and answer whatever is asked, until cancelled."""
    async with App(store=url).connect() as app:
        while True:
            for request in await views.requests(app.store, ["OPEN"]):
                await answer(app, request)
            await asyncio.sleep(0.05)


async def answer(app: App, request: HumanRequest) -> None:
    """Approve, or give the simplest answer: the first choice, the highest score."""
    try:
        if Verb.APPROVE in request.draft.verbs:
            await app.inbox.decide(request.id, "approve", actor=Actor(who_for(request)))
        else:
            payload = specimen(request.draft.response_schema or {})
            await app.inbox.decide(request.id, "answer", payload=payload, actor=Actor(who_for(request)))
    except HandrailError as error:
        print("not answered:", error)


def who_for(request: HumanRequest) -> str:
    """Return somebody who may decide and has not."""
    decided = {vote.actor for vote in request.decisions}
    return next((name for name in request.asked or () if name not in decided), "somebody")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_headings(page: Path) -> None:
    targets = [target for target in ANCHOR.findall(page.read_text()) if "://" not in target[0]]
    missing = [
        target
        for target in targets
        if target[1] not in anchors(page.parent / target[0] if target[0] else page)
    ]
    assert not missing


def anchors(page: Path) -> set[str]:
    """Return what a page's headings are called in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tests_that_are_named_exist(page: Path) -> None:
    named = TEST.findall(page.read_text())
    missing = [name for name, file in named if f"def {name}(" not in (page.parent / file).read_text()]
    assert not missing


@pytest.mark.parametrize("name", GENERATED)
def test_generated_parts_are_those_of_the_code(name: str) -> None:
    page = ROOT / name
    part, make = GENERATED[name]
    before, written, after = split(page.read_text(), part)
    expected = f"{make()}\n"
    if os.environ.get("HANDRAIL_WRITE_DOCS"):
        page.write_text(before + expected + after)
        return
    assert written == expected, "run this test with HANDRAIL_WRITE_DOCS=1 to write the part anew"
