"""The modals of Slack: where words, changes and answers are typed, and what they become if things moved meanwhile."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handrail.channels.slack import words
from handrail.channels.slack.answer import COMMENT
from handrail.channels.slack.block import LONGEST_TEXT, Block, actions, plain, section, verbatim
from handrail.channels.slack.ended import how_it_ended
from handrail.channels.slack.field import DoesNotFit, Field, Text
from handrail.channels.slack.foot import foot, open_page
from handrail.channels.slack.form import answer_form, edit_form, fits
from handrail.channels.slack.inputs import input_block
from handrail.channels.slack.offer import offered
from handrail.channels.slack.posting import Posting
from handrail.channels.slack.press import PREFIX
from handrail.channels.slack.refusal import why
from handrail.channels.slack.told import told
from handrail.requests import telling
from handrail.requests.decision import Verb
from handrail.requests.errors import HandrailError
from handrail.requests.request import HumanRequest

View = dict[str, Any]
LONGEST_TITLE = 24
ROOM = 4000
"""characters of a later revision that a modal shows"""


@dataclass(frozen=True, slots=True)
class Meant:
    """What a modal is about: it travels with it, and comes back when it is sent.

    `channel` and `ts` are the message it was opened from, if it was one.
    """

    verb: Verb
    request_id: str
    content_hash: str
    channel: str = ""
    ts: str = ""

    @property
    def metadata(self) -> str:
        """The `private_metadata` of the modal."""
        parts = [self.verb, self.request_id, self.content_hash, self.channel, self.ts]
        return json.dumps([str(each) for each in parts], separators=(",", ":"))


def meant(metadata: str) -> Meant | None:
    """Return what a modal that was sent is about; None if it is none of these."""
    try:
        found = json.loads(metadata)
    except ValueError:
        return None
    match found:
        case [str(verb), str(request_id), str(content_hash), str(channel), str(ts)] if verb in tuple(Verb):
            return Meant(Verb(verb), request_id, content_hash, channel, ts)
    return None


def modal(request: HumanRequest, verb: Verb, *, channel: str = "", ts: str = "") -> View | None:
    """Return the modal in which a verb is typed; None for one that needs none, or if it doesn't fit.

    `channel` and `ts` say from which message it is opened.
    """
    about = Meant(verb, request.id, request.content_hash, channel, ts)
    lead = [verbatim(request.draft.title)]
    try:
        match verb:
            case Verb.EDIT:
                fields = edit_form(request).fields
                return _form(about, words.EDIT_TITLE, words.EDIT_SEND, lead, fields)
            case Verb.ANSWER:
                fields = answer_form(request.draft.response_schema or {}).fields
                return _form(about, words.ANSWER_TITLE, words.ANSWER_SEND, lead, fields)
            case Verb.REQUEST_CHANGES:
                asks = _comment(words.CHANGES_ASK, telling.hints(request)["request_changes"])
                return _form(about, words.CHANGES_TITLE, words.CHANGES_SEND, lead, [asks])
            case Verb.REJECT:
                asks = _comment(words.REJECT_ASK, telling.hints(request)["reject"])
                return _form(about, words.REJECT_TITLE, words.REJECT_SEND, lead, [asks])
    except DoesNotFit:
        return None
    return None


def replaced(newer: HumanRequest, *, link: str | None) -> View:
    """Return what a modal becomes if its request was replaced meanwhile: the later revision, with its own buttons."""
    shown = told(newer, room=ROOM)
    found = offered(newer, whole=shown.whole, fits=fits)
    lead = section(words.REPLACED.format(newer.revision))
    return _closing(words.REPLACED_TITLE, [lead, *shown.blocks, *foot(newer, found, link)])


def decided(request: HumanRequest, *, link: str | None) -> View:
    """Return what a modal becomes if its request has ended meanwhile: how, by whom and when."""
    lead = section(f"{how_it_ended(request)} {words.NOT_SENT}")
    return _closing(words.DECIDED_TITLE, [verbatim(request.draft.title), lead, *_page(link)])


def refused(request: HumanRequest, error: HandrailError, *, link: str | None) -> View:
    """Return what a modal becomes for somebody who may not decide: why."""
    lead = section(why(request, error))
    return _closing(words.REFUSED_TITLE, [verbatim(request.draft.title), lead, *_page(link)])


def noted(said: Posting) -> View:
    """Return what a modal becomes where somebody would be told a word for them alone."""
    return _closing(words.NOT_DONE_TITLE, said.blocks or [section(said.text)])


def told_later(title: str, text: str) -> View:
    """Return what a modal becomes while its work goes on, and when that is done."""
    return _closing(title, [section(text)])


def _page(link: str | None) -> list[Block]:
    row = open_page(link)
    return [actions(row)] if row else []


def _comment(title: str, hint: str) -> Field:
    return Field((), COMMENT, title, hint, True, False, Text(most=LONGEST_TEXT))


def _form(about: Meant, title: str, send: str, lead: list[Block], fields: Sequence[Field]) -> View:
    return {
        "type": "modal",
        "callback_id": f"{PREFIX}:{about.verb}",
        "private_metadata": about.metadata,
        "title": plain(title, LONGEST_TITLE),
        "submit": plain(send, LONGEST_TITLE),
        "close": plain(words.CANCEL, LONGEST_TITLE),
        "blocks": [*lead, *map(input_block, fields)],
    }


def _closing(title: str, blocks: Sequence[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": f"{PREFIX}:told",
        "title": plain(title, LONGEST_TITLE),
        "close": plain(words.CLOSE, LONGEST_TITLE),
        "blocks": [*blocks],
    }
