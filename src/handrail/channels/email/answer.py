"""An answer taken apart: the phrase that may decide, what divides it from its words, and those words.

The phrase decides only if nothing stands beside it but what can't change it: `approve this, thanks`, but not
`approve the first one`.
"""

import re
from collections.abc import Set
from dataclasses import dataclass

from handrail.channels.email.doubts import GLAD, doubtful, other_verb
from handrail.channels.email.words import AFTER, CLOSINGS, GREETINGS, VERBS, Verb, fold

_SEPARATOR = re.compile(
    r"[:：,，、;；。!！…?？]|\.(?=\s|$)|\s?(?<![-–—])[-–—]{1,3}(?=\s|$)|—"
    r"|\s(?=(?:because|weil|wegen|parce que|porque|perch[éè]|omdat|ponieważ|bo)\b)",
    re.IGNORECASE,
)
_EMPHASIS = "*_` \t¡"
_SIGNS = "".join(GLAD) + "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_LEADING = "*_ \t:：,，、;；。.!！-–—"
_LONGEST_GREETING = 40
_CLOSING_LINES = 20
_MOST_WORDS = 12
"""of a phrase that decides, with what may follow it"""
_DISCLAIMER = re.compile(
    r"confidential|intended recipient|privileged|vertraulich|confidentiel|confidencial|riservat"
    r"|vertrouwelijk|poufn|機密|기밀|机密|before printing|virus-free|scanned for viruses"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer taken apart around the first division of its first line."""

    phrase: str
    """What decides, folded; empty where more stands before the division than may."""
    glad: bool
    """Whether the first line has a sign like a thumb up."""
    separator: str
    tail: str
    rest: str
    """The lines below the first, down to a closing or the sender's name."""
    closing: str
    """What stands from there on."""

    @classmethod
    def of(cls, lines: list[str], names: Set[str] = frozenset()) -> "Answer":
        bare = lines[0].strip().lstrip(_EMPHASIS)
        found = _SEPARATOR.search(bare)
        head = bare[: found.start()] if found else bare
        tail = bare[found.end() :] if found else ""
        separator = found[0].strip() if found else ""
        phrase = _phrase(fold(head.rstrip(_EMPHASIS + _SIGNS)))
        end = _closing(lines, names)
        rest, closing = "\n".join(lines[1:end]), "\n".join(lines[end:])
        return cls(phrase, not GLAD.isdisjoint(lines[0]), separator, tail, rest, closing)

    @property
    def explained(self) -> bool:
        """Whether it was written as the instruction has it: the word, a colon, and what it is about."""
        return self.separator in {":", "："}

    @property
    def line(self) -> str:
        """All of the first line behind the deciding phrase."""
        return self.separator + self.tail

    @property
    def words(self) -> str:
        """All that was said besides the deciding phrase, without a closing and a disclaimer."""
        first = self.tail.lstrip(_LEADING).rstrip()
        return f"{first}\n{self.rest.strip()}".strip()

    @property
    def besides(self) -> str:
        """The rest of the first line with its division, and what stands below but disclaimers."""
        return f"{self.line}\n{without_disclaimer(self.rest)}"


def _phrase(head: str) -> str:
    """The deciding phrase at the beginning, if nothing follows it but what may."""
    words = head.split(" ")
    if len(words) > _MOST_WORDS:
        return ""
    for count in range(min(4, len(words)), 0, -1):
        phrase = " ".join(words[:count])
        if phrase in VERBS:
            return phrase if _may_follow(words[count:]) else ""
    return ""


def _may_follow(words: list[str]) -> bool:
    if not words:
        return True
    return any(
        " ".join(words[:n]) in AFTER and _may_follow(words[n:]) for n in range(min(4, len(words)), 0, -1)
    )


def without_greeting(text: str) -> list[str]:
    """The lines from the first one that says something; one greeting is passed over, as it decides nothing."""
    lines = text.strip().split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return []
    if _greets(lines[first]):
        following = "\n".join(lines[first + 1 :]).strip()
        return following.split("\n") if following else []
    return lines[first:]


def _greets(line: str) -> bool:
    folded = fold(line)
    words = re.findall(r"[\w'.-]+", folded)
    starts = {" ".join(words[:count]).rstrip(".") for count in (1, 2, 3)}
    return (
        len(folded) <= _LONGEST_GREETING
        and len(words) <= 5
        and not starts.isdisjoint(GREETINGS)
        and folded.rstrip()[-1:] not in {":", "?"}
        and not doubtful(line, frozenset())
        and not any(other_verb(line, verb) for verb in (Verb.APPROVE, Verb.REJECT))
    )


def _closing(lines: list[str], names: Set[str]) -> int:
    """Where `Best regards` or the sender's name begins the end of a text."""
    for at in range(max(1, len(lines) - _CLOSING_LINES), len(lines)):
        parts = [fold(part.strip(" ,.!，。、！-–")) for part in lines[at].split(" / ")]
        if CLOSINGS.issuperset(parts) or _is_name(lines[at], names):
            return at
    return len(lines)


def _is_name(line: str, names: Set[str]) -> bool:
    words = re.findall(r"[^\W_]+", fold(line))
    return bool(words) and all(word in names for word in words)


def without_disclaimer(text: str) -> str:
    return "\n\n".join(part for part in text.split("\n\n") if not _DISCLAIMER.search(part.lower()))
