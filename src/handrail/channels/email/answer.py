"""An answer taken apart: the phrase that may decide, what divides it from its words, and those words.

The phrase decides only if nothing stands beside it but what can't change it: `approve this, thanks`, but not
`approve the first one`.
"""

import re
from dataclasses import dataclass

from handrail.channels.email.doubts import GLAD, doubtful, other_verb
from handrail.channels.email.words import AFTER, CLOSINGS, GREETINGS, VERBS, Verb, fold

_SEPARATOR = re.compile(r"[:：,，、;；。!！…?？]|\.(?=\s|$)|\s?(?<![-–—])[-–—]{1,3}(?=\s|$)|—")
_EMPHASIS = "*_` \t¡"
_SIGNS = "".join(GLAD) + "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_LEADING = "*_ \t:：,，、;；。.!！-–—"
_LONGEST_GREETING = 40
_CLOSING_LINES = 8
_DISCLAIMER = re.compile(
    r"confidential|intended recipient|privileged|vertraulich|confidentiel|confidencial|riservat"
    r"|vertrouwelijk|poufn|機密|기밀|机密"
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
    """The lines below the first."""

    @classmethod
    def of(cls, lines: list[str]) -> "Answer":
        bare = lines[0].strip().lstrip(_EMPHASIS)
        found = _SEPARATOR.search(bare)
        head = bare[: found.start()] if found else bare
        tail = bare[found.end() :] if found else ""
        separator = found[0].strip() if found else ""
        phrase = _phrase(fold(head.rstrip(_EMPHASIS + _SIGNS)))
        return cls(phrase, not GLAD.isdisjoint(lines[0]), separator, tail, "\n".join(lines[1:]))

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
        return f"{first}\n{_without_closing(self.rest.rstrip())}".strip()

    @property
    def paragraph(self) -> str:
        """The rest of the first line and the lines right under it, which may be one sentence."""
        below = "" if self.rest.startswith("\n") else self.rest.partition("\n\n")[0]
        return f"{self.line}\n{below}"


def _phrase(head: str) -> str:
    """The deciding phrase at the beginning, if nothing follows it but what may."""
    words = head.split(" ")
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
    starts = {" ".join(words[:count]) for count in (1, 2, 3)}
    return (
        len(folded) <= _LONGEST_GREETING
        and len(words) <= 5
        and not starts.isdisjoint(GREETINGS)
        and folded.rstrip()[-1:] not in {":", "?"}
        and not doubtful(line, frozenset())
        and not any(other_verb(line, verb) for verb in (Verb.APPROVE, Verb.REJECT))
    )


def _without_closing(text: str) -> str:
    """Without `Best regards` and the name below it, if they are the end of the text."""
    lines = text.split("\n")
    for at in range(max(0, len(lines) - _CLOSING_LINES), len(lines)):
        if fold(lines[at].strip(" ,.!，。、！-–")) in CLOSINGS:
            return "\n".join(lines[:at]).strip()
    return text


def without_disclaimer(text: str) -> str:
    return "\n\n".join(part for part in text.split("\n\n") if not _DISCLAIMER.search(part.lower()))
