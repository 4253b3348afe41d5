"""What a reply decides: the first word of the first line that its sender wrote, and nothing where that isn't clear.

A greeting on a line of its own is passed over. `Yes`, `ok`, `no` and signs like a thumb decide nothing: they may
answer another question. A subject decides nothing either.
"""

import re
from collections.abc import Set
from dataclasses import dataclass

from handrail.channels.email.answer import Answer, without_disclaimer, without_greeting
from handrail.channels.email.automatic import Kind, kind_of
from handrail.channels.email.doubts import (
    begins_with_other_verb,
    denies,
    doubtful,
    only_denies,
    other_verb,
    sad,
    takes_back,
    turns,
)
from handrail.channels.email.incoming import Incoming
from handrail.channels.email.praise import is_kind
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
_MOST_LINES = 20_000
"""of a mail, with all that it quotes"""
_REASON = 3
"""words that a reason has at least"""
_OVERRIDES = frozenset("\u202d\u202e")
"""What makes a text read otherwise than it is written."""
_POSTSCRIPT = re.compile(r"^\W*(?:p\.?\s?s|n\.?b)\b", re.IGNORECASE | re.MULTILINE)
_DASHES = frozenset({"-", "–", "—"})

NOTHING_WRITTEN = "nothing was written above or below the quote"
NO_VERB = "its first word is none that decides"
QUESTION = "it asks something"
BOTH = "it names two decisions"
BOUND = "it binds the decision to something, or takes it back"
BESIDES = "it says more beside the approval"
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
    names = frozenset(re.findall(r"[^\W_]+", fold(mail.name)))
    decided = _of_text(mail.text, names)
    if mail.shown is not None and type(_of_text(mail.shown, names)) is not type(decided):
        return Unclear(TWO_TEXTS)  # struck out in the one, it may look whole in the other
    return decided


def _of_text(text: str, names: Set[str]) -> Verdict:
    if text.count("\n") > _MOST_LINES:
        return Unclear(TOO_LONG)
    own = own_text(text)
    return Unclear(own.doubt) if own.doubt else decide(own.text, names)


def decide(text: str, names: Set[str] = frozenset()) -> Verdict:
    """What a text decides that its sender wrote, without any quote; `names` are the sender's, folded.

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
    said = Answer.of(lines, names)
    verb = VERBS.get(said.phrase)
    if verb is None:
        return Unclear(NO_VERB)
    if not _OVERRIDES.isdisjoint(text):
        return Unclear(BOUND)
    match verb:
        case Verb.APPROVE:
            return _approved(said, names)
        case Verb.REJECT:
            return _rejected(said)
        case Verb.CHANGES:
            return _changed(said)


def _approved(said: Answer, names: Set[str]) -> Verdict:
    if _asks(said):
        return Unclear(QUESTION)
    if other_verb(said.besides, Verb.APPROVE) or other_verb(said.closing, Verb.APPROVE, Verb.REJECT):
        return Unclear(BOTH)
    if (
        doubtful(said.besides, languages_of(said.phrase))
        or _POSTSCRIPT.search(said.closing)
        or turns(said.closing)
        or denies(without_disclaimer(said.closing))
    ):
        return Unclear(BOUND)
    if not said.explained and not is_kind(said.besides, names):
        return Unclear(BESIDES)
    return Approve(said.words)


def _rejected(said: Answer) -> Verdict:
    if _asks(said):
        return Unclear(QUESTION)
    reason = said.words
    if _only_placeholder(reason):
        return Unclear(INSTRUCTION)
    # What is to be changed may be the reason, on the line of the word or below.
    explained = said.explained and fold(reason) not in VERBS
    others = Verb.APPROVE if explained else None
    if (
        other_verb(f"{said.tail}\n{said.rest}", Verb.REJECT, others)
        or other_verb(said.closing, Verb.REJECT, Verb.APPROVE)
        or begins_with_other_verb(said.rest, Verb.REJECT)
    ):
        return Unclear(BOTH)
    if any(only_denies(line) for line in f"{reason}\n{said.closing}".split("\n")):
        return Unclear(BOUND)
    if said.explained:
        return Reject(reason)
    if said.glad or sad(said.line) or turns(said.rest) or _turned(said):
        return Unclear(BOUND)
    return Reject(reason)


def _turned(said: Answer) -> bool:
    """Whether the first line takes a rejection back: `not really` does, `not in this budget` is a reason."""
    short = len(re.findall(r"[\w']+", said.tail)) < _REASON and len(said.tail) < _REASON * 2
    return takes_back(said.line, languages_of(said.phrase)) or (short and denies(said.line))


def _changed(said: Answer) -> Verdict:
    if other_verb(said.tail, Verb.CHANGES) or begins_with_other_verb(
        f"{said.rest}\n{said.closing}", Verb.CHANGES
    ):
        return Unclear(BOTH)
    named = said.explained or said.separator[:1] in _DASHES
    if said.separator and not named:
        return Unclear(NO_VERB)
    feedback = said.words
    enough = 1 if named else 3
    if is_kind(feedback) and not doubtful(feedback, frozenset()):
        return Unclear(NO_WORDS)
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
