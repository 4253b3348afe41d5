"""What a reply decides: the first word of the first line that its sender wrote, and nothing where that isn't clear.

A greeting on a line of its own is passed over. `Yes`, `ok`, `no` and signs like a thumb decide nothing: they may
answer another question. A subject decides nothing either.
"""

import re
from dataclasses import dataclass

from handrail.channels.email.answer import Answer, without_disclaimer, without_greeting
from handrail.channels.email.automatic import Kind, kind_of
from handrail.channels.email.doubts import begins_with_other_verb, denies, doubtful, other_verb, turns
from handrail.channels.email.incoming import Incoming
from handrail.channels.email.quoting import own_text
from handrail.channels.email.words import NONE, VERBS, Verb, fold, languages_of


@dataclass(frozen=True, slots=True)
class Approve:
    """A clear yes, with what was said besides, or an empty text."""

    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A clear no, with the reason, or an empty text."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """It should be changed, and how."""

    feedback: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """It decides nothing; `why` is a reason without any words of the mail."""

    why: str


@dataclass(frozen=True, slots=True)
class Automatic:
    """No person wrote it as an answer."""

    kind: Kind


Verdict = Approve | Reject | Changes | Unclear | Automatic

_LONGEST_ANSWER = 50_000
_DASHES = frozenset({"-", "–", "—"})

NOTHING_WRITTEN = "nothing was written above or below the quote"
NO_VERB = "its first word is none that decides"
QUESTION = "it asks something"
BOTH = "it names two decisions"
BOUND = "it binds the decision to something, or takes it back"
NO_WORDS = "it doesn't say what to change"
TWO_TEXTS = "its plain text and its HTML don't say the same"
TOO_LONG = "it is too long for an answer"
INSTRUCTION = "it repeats the instruction"


def verdict_of(mail: Incoming) -> Verdict:
    """What this mail decides.

    >>> from handrail.channels.email.incoming import parse
    >>> verdict_of(parse(b"From: bob@example.com\\r\\n\\r\\nreject: too dear\\r\\n\\r\\n> approve?\\r\\n"))
    Reject(reason='too dear')
    """
    if kind := kind_of(mail):
        return Automatic(kind)
    decided = _of_text(mail.text)
    if mail.shown and type(_of_text(mail.shown)) is not type(decided):
        return Unclear(TWO_TEXTS)  # struck out in the one, it may look whole in the other
    return decided


def _of_text(text: str) -> Verdict:
    own = own_text(text)
    return Unclear(own.doubt) if own.doubt else decide(own.text)


def decide(text: str) -> Verdict:
    """What a text decides that its sender wrote, without any quote.

    >>> decide("Approved, thanks!")
    Approve(comment='thanks!')
    >>> decide("Approved if the tests pass")
    Unclear(why='its first word is none that decides')
    """
    lines = without_greeting(text)
    if not lines:
        return Unclear(NOTHING_WRITTEN)
    if len(text) > _LONGEST_ANSWER:
        return Unclear(TOO_LONG)
    said = Answer.of(lines)
    verb = VERBS.get(said.phrase)
    if verb is None:
        return Unclear(NO_VERB)
    if begins_with_other_verb(said.rest, verb) or other_verb(said.tail, verb):
        return Unclear(BOTH)
    match verb:
        case Verb.APPROVE:
            return _approved(said)
        case Verb.REJECT:
            return _rejected(said)
        case Verb.CHANGES:
            return _changed(said)


def _approved(said: Answer) -> Verdict:
    if _asks(said):
        return Unclear(QUESTION)
    below = without_disclaimer(said.rest)
    if other_verb(below, Verb.APPROVE):
        return Unclear(BOTH)
    if doubtful(said.paragraph, languages_of(said.phrase)) or turns(below) or denies(below):
        return Unclear(BOUND)
    return Approve(said.words)


def _rejected(said: Answer) -> Verdict:
    if _asks(said):
        return Unclear(QUESTION)
    reason = said.words
    if _only_placeholder(reason):
        return Unclear(INSTRUCTION)
    if said.explained:
        return Reject(reason)
    if other_verb(said.rest, Verb.REJECT):
        return Unclear(BOTH)
    if said.glad or doubtful(said.line, languages_of(said.phrase)) or turns(said.rest):
        return Unclear(BOUND)
    return Reject(reason)


def _changed(said: Answer) -> Verdict:
    named = said.explained or said.separator[:1] in _DASHES
    if said.separator and not named:
        return Unclear(NO_VERB)
    feedback = said.words
    enough = 1 if named else 3
    if not _has_words(feedback, enough) or _only_placeholder(feedback) or _asks_for_nothing(feedback):
        return Unclear(NO_WORDS)
    return Changes(feedback)


def _asks(said: Answer) -> bool:
    return "?" in fold(said.line) or said.separator == "…"


def _only_placeholder(text: str) -> bool:
    """Whether this says nothing, or stands so in our own instruction: `reason`, `<what to change>`."""
    return " ".join(re.findall(r"[\w']+", fold(text))) in NONE


def _asks_for_nothing(text: str) -> bool:
    """Whether it begins with a word like `none`: `changes: none needed`."""
    words = re.findall(r"[\w']+", fold(text))
    return bool(words) and words[0] in NONE - {"text", "feedback", "what", "why"}


def _has_words(text: str, enough: int) -> bool:
    words = re.findall(r"\w+", text)
    return len(words) >= enough or sum(map(len, words)) >= 4 * enough
