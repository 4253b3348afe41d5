"""What can be told about a text without reading it: its length and its form.

The score begins at 1. A grave problem costs 0.5 and a slight one 0.2, never below 0: at the usual pass mark of 0.7 one
grave problem or two slight ones fail. What isn't a text, or holds nothing, scores 0.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from handrail.flows.execution import Data

SHORT, LONG = 10, 200
"""characters: up to so many are too few, from so many on a text ends with a sentence"""
GRAVE, SLIGHT = 5, 2
"""tenths of the score"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that may be wrong with a text: what it costs, its words, and how it is found."""

    cost: int
    words: str
    found_in: Callable[[str], bool]


def automated_check(data: Data) -> Data:
    """Return `score` (0 to 1) of the text under `content`, and a `comment` that names the problems if there are any.

    >>> automated_check({"content": "This is high-quality content that needs validation."})
    {'score': 1.0}
    >>> automated_check({"content": "short"})
    {'score': 0.5, 'comment': 'it has 10 characters or fewer'}
    """
    content: Any = data.get("content")
    if not isinstance(content, str):
        return {"score": 0.0, "comment": "there is no text under the key content"}
    if not content.strip():
        return {"score": 0.0, "comment": "the text is empty"}
    found = [problem for problem in PROBLEMS if problem.found_in(content.strip())]
    score = max(0, 10 - sum(problem.cost for problem in found)) / 10
    return {"score": score, **({"comment": "; ".join(p.words for p in found)} if found else {})}


CODE = re.compile(r"^```.*?^```[^\n]*$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
BRACKET = re.compile(r"(?<![:;])(?<![:;]-)[(\[{]|[:;]-?\((?!\s|$)|[)\]}]")
"""not the one of a sad face"""
BEFORE_A_LONE_ONE = re.compile(r"(?:(?:^|[\s,;])\w{1,3}|[:;]-?)$")
"""what stands before the closing bracket of `a)` and of a happy face"""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
PLACEHOLDER = re.compile(
    r"\b(?:TODO|FIXME|TBD|XXX)\b|(?i:\blorem ipsum\b)|\{\{[^{}\n]{0,80}\}\}|(?i:\[(?:insert|your)\b[^\]\n]{0,80}\])"
)
TOKEN = re.compile(r"\w+|[^\w\s]")
END = re.compile(r"[.!?…:。！？][\"'”’“»«)\]*_]*$")
NO_PROSE = re.compile(r"\s*(?:[-*+•|#>]|\d+[.)]\s|https?://|```)")
DOUBLED_RIGHTLY = frozenset({"had", "that", "very", "so", "no", "ha", "bye", "die", "sie", "vous", "nous"})
PAIRS = {")": "(", "]": "[", "}": "{"}


def _without_code(text: str) -> str:
    return CODE.sub(" ", text)


def _has_control_characters(text: str) -> bool:
    return CONTROL.search(text) is not None


def _has_placeholders(text: str) -> bool:
    return PLACEHOLDER.search(_without_code(text)) is not None


def _has_no_words(text: str) -> bool:
    return not any(c.isalpha() for c in text)


def _has_open_brackets(text: str) -> bool:
    stack: list[str] = []
    plain = _without_code(text)
    for found in BRACKET.finditer(plain):
        bracket, before = found[0][-1], plain[max(0, found.end() - 6) : found.end() - 1]
        if bracket not in PAIRS:
            stack.append(bracket)
        elif stack and stack[-1] == PAIRS[bracket]:
            stack.pop()
        elif bracket != ")" or not BEFORE_A_LONE_ONE.search(before):
            return True
    return bool(stack)


def _has_open_quotes(text: str) -> bool:
    plain = re.sub(r"(?<=\d)\"", " ", _without_code(text))  # inches
    return sum(plain.count(mark) for mark in '"“”„') % 2 == 1 or plain.count("«") != plain.count("»")


def _has_open_fences(text: str) -> bool:
    return sum(line.startswith("```") for line in text.splitlines()) % 2 == 1


def _has_doubled_words(text: str) -> bool:
    tokens = TOKEN.findall(_without_code(text).lower())
    return any(a == b and a.isalpha() and a not in DOUBLED_RIGHTLY for a, b in pairwise(tokens))


def _shouts(text: str) -> bool:
    letters = [c for c in _without_code(text) if c.isupper() or c.islower()]
    loud = len(letters) >= 20 and sum(map(str.isupper, letters)) > 0.7 * len(letters)
    return loud or "!!!" in text


def _stops_in_the_middle(text: str) -> bool:
    last = text.splitlines()[-1]
    return len(text) >= LONG and not NO_PROSE.match(last) and not END.search(last)


PROBLEMS = (
    Problem(GRAVE, f"it has {SHORT} characters or fewer", lambda text: len(text) <= SHORT),
    Problem(GRAVE, "it has control characters", _has_control_characters),
    Problem(GRAVE, "it has placeholders that nobody has filled in", _has_placeholders),
    Problem(GRAVE, "it has no words", _has_no_words),
    Problem(GRAVE, "it shouts", _shouts),
    Problem(SLIGHT, "a bracket is not closed, or not opened", _has_open_brackets),
    Problem(SLIGHT, "a quotation is not closed", _has_open_quotes),
    Problem(SLIGHT, "a code fence is not closed", _has_open_fences),
    Problem(SLIGHT, "a word stands twice in a row", _has_doubled_words),
    Problem(SLIGHT, "it stops without the end of a sentence", _stops_in_the_middle),
)
