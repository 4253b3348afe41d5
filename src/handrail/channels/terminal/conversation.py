"""What one person and the terminal say to each other about one request, which may end meanwhile through others.

A decision is always sent with the hash of what was on the screen.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.text import Text

from handrail.channels.terminal.bell import Bell
from handrail.channels.terminal.render import SAID, ending, rendered
from handrail.channels.terminal.screen import Screen, keys
from handrail.inbox import views
from handrail.inbox.inbox import Inbox
from handrail.inbox.ports import Clock, Store
from handrail.requests.content import JSON
from handrail.requests.decision import Actor, Verb
from handrail.requests.errors import Conflict, FieldProblem, InvalidDecision, NotAllowed, StoreBusy, StoreFull
from handrail.requests.request import HumanRequest

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """Who sits at which terminal, and the inbox before them."""

    screen: Screen
    inbox: Inbox
    store: Store
    clock: Clock
    actor: Actor


class Gone(Exception):
    """The request has ended through somebody else, or through time."""

    def __init__(self, request: HumanRequest) -> None:
        super().__init__(request.id)
        self.request = request


class Back(Exception):
    """The person wants to leave a form or a question: back to the commands. `line` is what was typed."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self.line = line


class Refused(Exception):
    """The decision was not taken, and the request is still open; what was typed is not lost."""

    def __init__(self, fields: Iterable[FieldProblem] = ()) -> None:
        super().__init__()
        self.fields = tuple(fields)


class Conversation:
    """Asks and tells, about one request."""

    def __init__(self, desk: Desk, request: HumanRequest) -> None:
        self.desk = desk
        self.screen = desk.screen
        self.request = request

    async def __aenter__(self) -> "Conversation":
        self._end = asyncio.create_task(self._watch(), name=f"handrail terminal {self.request.id}")
        return self

    async def __aexit__(self, *error: object) -> None:
        self._end.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await self._end

    async def _watch(self) -> HumanRequest:
        """Return the request once it has ended."""
        with Bell().listening(self.desk.store) as bell:
            while not (request := await views.request(self.desk.store, self.request.id)).ended:
                # At once: the run that waits for this may come to its end, and with it the process.
                await bell.wait(calm=0)
        return request

    async def show(self, *, as_source: bool = False) -> None:
        """Show all of the request."""
        previous = await views.previous_proposal(self.desk.store, self.request)
        width = self.screen.width
        self.screen.show(*rendered(self.request, previous, self.desk.clock.now(), width, as_source=as_source))

    async def line(self, prompt: Text | str) -> str:
        """Prompt and return the line. Raises `EOFError` for Ctrl-D and `Gone` when the request has ended."""
        self.screen.prompt(prompt)
        typing = asyncio.create_task(self.screen.keyboard.line())
        try:
            await asyncio.wait({typing, self._end}, return_when=asyncio.FIRST_COMPLETED)
            if typing.done():
                return typing.result()
        finally:
            if not typing.done():
                typing.cancel()
                with suppress(asyncio.CancelledError):
                    await typing
        raise Gone(self._end.result())

    async def ask(self, prompt: Text | str) -> str:
        """Prompt for something of its own; a line that begins with `/` and is a command leads back to the commands."""
        line = await self.line(prompt)
        if line.strip().lower() in LEADS_BACK:
            raise Back(line.strip()[1:])
        return line

    async def confirm(self, question: str, *, default: bool) -> bool:
        """Ask a yes-or-no question."""
        choice = "[Y/n]" if default else "[y/N]"
        while True:
            answer = (await self.line(keys(f"{question} {choice} "))).strip().lower()
            if answer in ("", "y", "yes", "n", "no"):
                return default if not answer else answer.startswith("y")

    async def decide(self, verb: Verb, *, payload: JSON = None, comment: str | None = None) -> None:
        """Send a decision and say what came of it.

        Raises `Gone` if somebody was faster and `Refused` if the decision doesn't fit; both are said on the screen.
        """
        given: dict[str, Any] = {"payload": payload, "comment": comment}
        try:
            request = await self.desk.inbox.decide(
                self.request.id, verb, actor=self.desk.actor, seen_hash=self.request.content_hash, **given
            )
        except Conflict:
            raise Gone(await views.request(self.desk.store, self.request.id)) from None
        except NotAllowed as error:
            self.screen.warn(f"Not allowed: {error}.")
            raise Refused from None
        except InvalidDecision as error:
            self.complain(error.fields or (FieldProblem("", str(error)),))
            raise Refused(error.fields) from None
        except (StoreBusy, StoreFull) as error:
            self.screen.warn(f"It could not be stored: {error}. Try again.")
            raise Refused from None
        self._confirm(verb, request)

    def complain(self, fields: Iterable[FieldProblem]) -> None:
        """Say what is wrong with a decision, and where."""
        self.screen.warn("That doesn't fit yet:")
        for problem in fields:
            where = f"{problem.path} " if problem.path not in ("", "payload") else ""
            self.screen.warn(f"  {where}{problem.message}")

    def _confirm(self, verb: Verb, request: HumanRequest) -> None:
        said = f"You {SAID[verb]}."
        if request.superseded_by or request.id != self.request.id:
            said += " The edited version is asked anew."
        elif not request.ended:
            said += " It stays open for the others."
        self.screen.show(Text(f"✓ {said}", style="green"))

    def tell_end(self, request: HumanRequest) -> None:
        """Say that the request has ended without this person."""
        self.screen.end_line()
        self.screen.keyboard.forget()
        if request.ended:
            self.screen.warn(f"Decided meanwhile: {ending(request)}.")
        else:  # what was shown is not what it holds
            self.screen.warn("It has changed meanwhile; it is shown again.")


LEADS_BACK = frozenset(
    {
        "/",
        "/?",
        "/h",
        "/help",
        "/s",
        "/skip",
        "/q",
        "/quit",
        "/m",
        "/comment",
        "/v",
        "/view",
        "/b",
        "/abstain",
    }
)
