"""Approving with changes: the proposal in the person's editor, only what has changed is sent.

What somebody wrote is never lost: it stays in its file until a decision was made with it.
"""

import asyncio
import json

from rich.text import Text

from handrail.channels.terminal.conversation import Conversation, Refused
from handrail.channels.terminal.difference import as_text, difference
from handrail.channels.terminal.editor import NoEditor, Page, editor
from handrail.channels.terminal.form import parse_json
from handrail.channels.terminal.screen import keys
from handrail.requests.content import JSON, content_hash
from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest


def editable(proposal: dict[str, JSON]) -> tuple[str, str]:
    """Return the text to edit and the suffix of its file: Markdown for a lone text, else JSON."""
    values = list(proposal.values())
    if len(values) == 1 and isinstance(values[0], str):
        return values[0], ".md"
    return json.dumps(proposal, ensure_ascii=False, indent=2) + "\n", ".json"


def changes(proposal: dict[str, JSON], text: str) -> dict[str, JSON]:
    """Return the keys whose values an edited text changes. Raises `ValueError` saying what can't be taken over."""
    if editable(proposal)[1] == ".md":
        [(key, old)] = proposal.items()
        return {} if text == old else {key: text}
    edited = parse_json(text)
    if not isinstance(edited, dict):
        raise ValueError("it must stay an object, with the same keys")
    if missing := [key for key in proposal if key not in edited]:
        raise ValueError(f"{', '.join(missing)} must stay: an edit changes values and removes no key")
    return {
        key: value for key, value in edited.items() if key not in proposal or not _same(value, proposal[key])
    }


def _same(one: JSON, other: JSON) -> bool:
    return content_hash(one) == content_hash(other)


class Edit:
    """The edit of one request; it may be left and taken up again."""

    def __init__(self, conversation: Conversation) -> None:
        self._talk = conversation
        self._proposal = conversation.request.draft.proposal
        self._page: Page | None = None
        self._written = False

    async def run(self) -> bool:
        """Return whether a decision was made; False leads back to the commands, with what was written kept."""
        if editor() is None:
            return await self._typed()
        if self._page is None:
            self._page = Page(*editable(self._proposal))
        while True:
            try:
                changed = changes(self._proposal, await self._page.edit())
            except NoEditor as error:
                self._talk.screen.warn(f"{str(error).capitalize()}.")
                return False
            except asyncio.CancelledError:
                self._written = self._page.changed
                raise
            except ValueError as error:
                self._written = True
                self._talk.screen.warn(f"That can't be taken over: {error}.")
                if not await self._again():
                    return False
                continue
            self._written = bool(changed)
            match await self._send(changed):
                case "again":
                    continue
                case "back":
                    return False
                case _:
                    return True

    async def _send(self, changed: dict[str, JSON]) -> str:
        """Show what has changed and send it if that is right; returns `done`, `again` or `back`."""
        talk = self._talk
        if not changed:
            return await self._unchanged()
        self._show(changed)
        answer = "?"
        while answer not in ("", "y", "yes", "e", "edit", "b", "back", "n", "no"):
            prompt = keys("Approve with these changes? [Y]es, [e]dit again, [b]ack: ")
            answer = (await talk.line(prompt)).strip().lower()
        if answer.startswith("e"):
            return "again"
        if answer not in ("", "y", "yes"):
            return "back"
        try:
            await talk.decide(Verb.EDIT, payload=changed)
        except Refused:
            return "again" if await self._again() else "back"
        self._written = False
        return "done"

    async def _unchanged(self) -> str:
        talk = self._talk
        if Verb.APPROVE not in talk.request.draft.verbs:
            talk.screen.note("Nothing has changed.")
            return "back"
        if not await talk.confirm("Nothing has changed. Approve it as it is?", default=False):
            return "back"
        try:
            await talk.decide(Verb.APPROVE)
        except Refused:
            return "back"
        return "done"

    async def _again(self) -> bool:
        return await self._talk.confirm("Edit again? Your text is kept.", default=True)

    def _show(self, changed: dict[str, JSON]) -> None:
        screen = self._talk.screen
        for key, value in changed.items():
            if len(self._proposal) > 1 or key not in self._proposal:
                screen.show(Text(f"{key}:", style="cyan"))
            old = as_text(self._proposal.get(key, ""))
            screen.show(
                difference(old, as_text(value)) or Text("(what can be seen of it is the same)", style="dim")
            )

    async def _typed(self) -> bool:
        """Ask for each value here: there is no editor."""
        talk = self._talk
        talk.screen.note("No editor is installed (set EDITOR to use yours). An empty line keeps a value.")
        changed: dict[str, JSON] = {}
        for key, old in self._proposal.items():
            value = await (self._text(key) if isinstance(old, str) else self._json(key))
            if value is not None and not _same(value, old):
                changed[key] = value
        return await self._send(changed) == "done"

    async def _text(self, key: str) -> str | None:
        self._talk.screen.show(f"{key}: type the new text; a line with only a dot ends it")
        lines: list[str] = []
        while (line := await self._talk.ask("  ")) != ".":
            if not line and not lines:
                return None
            lines.append(line)
        return "\n".join(lines)

    async def _json(self, key: str) -> JSON | None:
        while line := (await self._talk.ask(f"{key} (JSON in one line): ")).strip():
            try:
                return parse_json(line)
            except ValueError as error:
                self._talk.screen.warn(f"That is not JSON: {error}.")
        return None

    def close(self) -> None:
        """Remove the file, or say where it is if something was written that nothing came of."""
        if self._page is None:
            return
        if self._written:
            self._talk.screen.note(f"What you wrote is kept in {self._page.path}")
        else:
            self._page.discard()


def can_edit(request: HumanRequest) -> bool:
    """Whether the request may be approved with changes."""
    return Verb.EDIT in request.draft.verbs
