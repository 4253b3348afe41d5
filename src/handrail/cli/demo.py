"""`handrail demo --terminal`: a model writes, a person gives feedback and approves, the result is published to a file.

The first example to read. Kill it wherever you like and start it again: it goes on where it stood.
"""

import asyncio
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from handrail import App, FeedbackLoop, FunctionNode, LLMNode, RevisionNode, settings
from handrail.app import Run
from handrail.channels import terminal
from handrail.channels.terminal.attend import Attended
from handrail.channels.terminal.bell import Bell
from handrail.channels.terminal.hints import open_inbox
from handrail.channels.terminal.screen import Screen
from handrail.cli import stand_in
from handrail.flows.answer import OnStream, StreamEvent
from handrail.flows.node import ChainableNode
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.requests.errors import StepFailed
from handrail.runs.run import ENDED_RUNS, RunStatus, StoredRun

FLOW = "publish-post"
FOLDER = Path("handrail-demo")
STORE = "sqlite:///handrail-demo.db"
PROMPT = "Write a short post about why software should ask people before it acts"


# -- the flow: all there is to it -----------------------------------------------------------------------------------


def publish_post(model: Any, on_stream: OnStream | None = None) -> ChainableNode:
    """Return the flow: draft, review in rounds, publish."""
    revise = RevisionNode(LLMNode(model, on_stream=on_stream))
    return (
        LLMNode(model, on_stream=on_stream, name="write")
        | FunctionNode(lambda x: {"output": x["content"]}, name="draft")
        | FeedbackLoop(revise, max_iterations=10, title="Publish this post?", name="review")
        | FunctionNode(publish, name="publish")
    )


def publish(x: dict[str, Any]) -> dict[str, Any]:
    """Write the post that was approved into a file, whole or not at all; doing it again changes nothing."""
    if x["status"] != "approved":
        return {"published": None, "status": x["status"]}
    text = f"{x['final_output'].rstrip()}\n"
    FOLDER.mkdir(exist_ok=True)
    path = _free_path(text)
    with tempfile.NamedTemporaryFile("w", dir=FOLDER, prefix=".", delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    return {
        "published": str(path),
        "status": x["status"],
        "approved_by": x["decided_by"],
        "rounds": x["iterations"],
    }


# -- the model: yours, or a script that says so ---------------------------------------------------------------------


def choose_model() -> tuple[Any, str]:
    """Return the model that the environment names and what to call it; without one, the scripted stand-in."""
    named = os.environ.get("HANDRAIL_MODEL")
    if os.environ.get("OPENAI_API_KEY") or (os.environ.get("OPENAI_BASE_URL") and named):
        return named or "gpt-4o", named or "gpt-4o"
    return stand_in.write, stand_in.NAME


# -- the command ------------------------------------------------------------------------------------------------------


def demo_command(store: str | None) -> None:
    """Run the demo, or go on with the one that was interrupted.

    Args:
        store: a store's URL or path; by default `handrail-demo.db` in the working directory.

    Raises a `HandrailError` if the store can't be used, and `SystemExit` if nothing came to its end.
    """
    screen = Screen()
    try:
        code = asyncio.run(_Demo(screen, store or STORE).run())
    except KeyboardInterrupt:
        screen.command(
            "\nStopped. Nothing is lost: run the demo again and it goes on exactly where it stood."
        )
        raise SystemExit(130) from None
    if code:
        raise SystemExit(code)


class _Demo:
    """One run of the demo, from wherever it stands to its end."""

    def __init__(self, screen: Screen, store: str) -> None:
        self._screen = screen
        self._store = store
        self._model, self._model_name = choose_model()

    async def run(self) -> int:
        """Return the exit code."""
        app = App()
        app.flow(FLOW, publish_post(self._model, self._tell))
        async with app.work(self._store):
            run = await self._begin(app)
            if run is None:
                return 130
            if not self._screen.keyboard.usable:
                return await self._without_terminal(app, run)
            attending = asyncio.create_task(
                terminal.attend(
                    app.inbox, app.store, app.clock, settings.os_user(), lambda: Attended([run.id], [])
                )
            )
            try:
                return await self._report(run)
            finally:
                attending.cancel()
                with suppress(asyncio.CancelledError):
                    await attending

    async def _begin(self, app: App) -> Run | None:
        """Return the run that was interrupted, or a new one; None if nobody wants one."""
        runs = await app.runs.list(flow=FLOW)
        unfinished = next((run for run in reversed(runs) if _goes_on(run)), None)
        self._screen.note(self._introduction())
        if unfinished is not None:
            self._screen.show(f"Going on with {unfinished.id} exactly where it stood.", style="bold")
            run = await app.run(unfinished.id)
            if unfinished.status not in (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING):
                await run.retry()
            return run
        prompt = PROMPT
        if self._screen.keyboard.usable:
            self._screen.show(f"What shall the model write? Enter takes: {PROMPT}")
            self._screen.prompt("> ")
            try:
                prompt = (await self._screen.keyboard.line()).strip() or PROMPT
            except EOFError:
                self._screen.end_line()
                return None
        return await app.start(FLOW, {"prompt": prompt}, run_id=f"demo-{len(runs) + 1}")

    def _tell(self, event: StreamEvent) -> None:
        """Say that the model is at work: each time it begins."""
        if event.kind == "restart":
            self._screen.note(f"{event.run_id}: {self._model_name} is writing ...")

    def _introduction(self) -> str:
        if self._model is stand_in.write:
            model = (
                "No OPENAI_API_KEY is set, nor OPENAI_BASE_URL with HANDRAIL_MODEL: a scripted stand-in writes. "
                "It is no language model, but it works on what you type."
            )
        else:
            model = f"The model is {self._model_name}."
        return f"{model}\nYou review what it writes. Kill this at any moment and start it again: it goes on."

    async def _without_terminal(self, app: App, run: Run) -> int:
        """Work until a person is needed: here nobody can be asked, so it ends there, and says how to decide."""
        with Bell().listening(app.store) as bell:
            while not (asked := await views.requests(app.store, PENDING, run_id=run.id)):
                if (await app.runs.get(run.id)).settled:
                    return await self._report(run)
                await bell.wait()
        self._screen.command(
            f"The demo needs a terminal to ask you; {run.id} waits in {app.store.where} for {asked[0].id}."
        )
        if command := open_inbox(app.store):
            self._screen.command(f"Decide in a terminal with: {command}")
            self._screen.command("Then run the demo again: it goes on from there.")
        return 1

    async def _report(self, run: Run) -> int:
        """Say what came of it."""
        try:
            result = await run.result()
        except StepFailed as error:
            self._screen.warn(f"{error}")
            self._screen.show(
                "Nothing is lost: put right what it names and run the demo again; it goes on there."
            )
            return 1
        if result["published"] is None:
            self._screen.show(f"Not published: it was {result['status'].replace('_', ' ')}.")
        else:
            self._screen.show(f"Published, approved by {result['approved_by']} in round {result['rounds']}:")
            print(result["published"], flush=True)
        self._screen.note("Run the demo again for another post.")
        return 0


def _goes_on(run: StoredRun) -> bool:
    """Whether there is something to go on with; a failed run is tried again."""
    return run.status not in ENDED_RUNS or run.status is RunStatus.FAILED


def _free_path(text: str) -> Path:
    """Return a file named after the post's title, and not that of another post."""
    lines = [line.lstrip("# ") for line in text.splitlines() if line.strip()]
    slug = re.sub(r"[\W_]+", "-", (lines or ["post"])[0].lower()).strip("-")[:60].strip("-") or "post"
    number = 1
    while True:
        path = FOLDER / (f"{slug}.md" if number == 1 else f"{slug}-{number}.md")
        if not path.exists() or path.read_bytes() == text.encode():
            return path
        number += 1
