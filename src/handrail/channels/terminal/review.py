"""One request from its first line on the screen to its end here: decided, skipped, given up, or ended by others."""

import asyncio
from collections.abc import Sequence
from enum import Enum, auto

from handrail.channels.terminal.commands import commands, offered, understood
from handrail.channels.terminal.conversation import Back, Conversation, Desk, Gone, Refused
from handrail.channels.terminal.edit import Edit
from handrail.channels.terminal.editor import NoEditor, Page
from handrail.channels.terminal.form import EDITOR, MISSING, Form
from handrail.channels.terminal.screen import keys
from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict, FieldProblem, HandrailError
from handrail.requests.request import HumanRequest


class Ended(Enum):
    """How it went."""

    DECIDED = auto()
    SKIPPED = auto()
    QUIT = auto()
    """nothing more is to be asked here"""
    ELSEWHERE = auto()


SURPRISE = 0.7
"""seconds that a person gets to see that the question they were answering is gone"""


async def review(desk: Desk, request: HumanRequest) -> Ended:
    """Show a request and ask until there is a decision, or none is wanted."""
    async with Conversation(desk, request) as conversation:
        review = _Review(conversation)
        try:
            await conversation.show()
            # Nothing typed before all of it was shown may count as an answer to it.
            desk.screen.keyboard.forget()
            return await review.run()
        except Gone as gone:
            conversation.tell_end(gone.request)
            await asyncio.sleep(SURPRISE)  # what is typed in this moment was not meant for the next question
            return Ended.ELSEWHERE
        except EOFError:
            desk.screen.end_line()
            return Ended.QUIT
        finally:
            review.edit.close()


class _Review:
    def __init__(self, conversation: Conversation) -> None:
        self.talk = conversation
        self.screen = conversation.screen
        self.request = conversation.request
        self.edit = Edit(conversation)
        self._answer: JSON = MISSING

    async def run(self) -> Ended:
        """Ask for commands until one ends it; where only an answer is wanted, ask for that first."""
        line: str | None = None
        if self.request.draft.verbs == (Verb.ANSWER,):
            self.screen.note("(type / for skip, quit and more)")
            line = "answer"
        while True:
            try:
                if line is None:
                    self.screen.prompt(keys(offered(self.request)))
                    self.screen.end_line()
                    line = await self.talk.line("> ")
                given, line = line, None
                if (ended := await self._obey(given)) is not None:
                    return ended
            except Back as back:
                line = back.line or None
            except Refused:
                continue

    async def _obey(self, line: str) -> Ended | None:
        command = understood(line, self.request)
        if command is None:
            if line.strip():
                self.screen.warn("Type one of the letters in brackets; ? explains them.")
            return None
        match command.name:
            case "skip":
                return Ended.SKIPPED
            case "quit":
                return Ended.QUIT
            case "help":
                self._help()
            case "view":
                await self.talk.show(as_source=True)
            case "comment":
                await self._comment()
            case verb if await self._decide(Verb(verb)):
                return Ended.DECIDED
        return None

    async def _decide(self, verb: Verb) -> bool:
        match verb:
            case Verb.EDIT:
                return await self.edit.run()
            case Verb.ANSWER:
                await self._give_answer()
            case Verb.REQUEST_CHANGES:
                if not (feedback := await self._text(f"What should change? ({EDITOR} for the editor) ")):
                    self.screen.note("Nothing sent: feedback needs words.")
                    return False
                await self.talk.decide(verb, comment=feedback)
            case Verb.REJECT:
                reason = await self._text("Why? (optional; / goes back) ")
                await self.talk.decide(verb, comment=reason or None)
            case _:
                await self.talk.decide(verb)
        return True

    async def _give_answer(self) -> None:
        """Ask until the answer fits; what was given before is kept, and only what was wrong is asked for again."""
        form = Form(self.screen, self.talk.ask, self._write, self.request.draft.response_schema or {})
        wrong: tuple[str, ...] = ()
        while True:
            self._answer = await form.fill(self._answer, wrong)
            try:
                await self.talk.decide(Verb.ANSWER, payload=self._answer)
                return
            except Refused as refused:
                if not refused.fields:
                    raise
                wrong = _top_level(refused.fields)

    async def _text(self, prompt: str) -> str:
        """Return a line, or what was written in the editor."""
        line = (await self.talk.ask(prompt)).strip()
        if line == EDITOR:
            return ((await self._write("", ".md")) or "").strip()
        return line

    async def _write(self, text: str, suffix: str) -> str | None:
        page = Page(text, suffix)
        try:
            return await page.edit()
        except NoEditor as error:
            self.screen.warn(f"{str(error).capitalize()}.")
            return None
        finally:
            page.discard()

    async def _comment(self) -> None:
        if not (text := await self._text("Your comment: ")):
            return
        try:
            await self.talk.desk.inbox.comment(self.request.id, text, actor=self.talk.desk.actor)
        except Conflict:
            return  # the next prompt finds out how it has ended
        except HandrailError as error:
            self.screen.warn(f"{error}")
            return
        self.screen.note("Your comment is stored; the request is still open.")

    def _help(self) -> None:
        for command in commands(self.request):
            self.screen.show(keys(f"  {command.label:<18} {command.help}"))


def _top_level(fields: Sequence[FieldProblem]) -> tuple[str, ...]:
    """Return the fields of the answer to ask for again; nothing if it is the whole that is wrong."""
    names = [problem.path.split(".")[0] for problem in fields]
    return tuple(dict.fromkeys(names)) if all(names) else ()
