"""What a mail server has found out about a mail, as its Authentication-Results header says it (RFC 8601).

Only the topmost header that bears the configured `authserv-id` is read: a server puts its own on top of whatever came
with the mail. What can't be read for certain says nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEADER = "authentication-results"
LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class Result:
    """What one method found: `dkim`, `pass`, and the properties such as `header.d`, all but values in lower case."""

    method: str
    found: str
    properties: tuple[tuple[str, str], ...] = ()

    def property(self, *names: str) -> str | None:
        """Return the first of these properties that is there."""
        return next((value for name in names for key, value in self.properties if key == name), None)


def results_of(headers: Sequence[tuple[str, str]], authserv_id: str) -> tuple[Result, ...] | None:
    """Return what the configured server says of a mail; None if it says nothing, or nothing that can be read.

    >>> results_of([(HEADER, "mx.example.com; dmarc=pass header.from=example.org")], "mx.example.com")
    (Result(method='dmarc', found='pass', properties=(('header.from', 'example.org'),)),)
    >>> results_of(
    ...     [(HEADER, "mx.evil.example; dmarc=pass header.from=example.org")], "mx.example.com"
    ... ) is None
    True
    """
    for name, value in headers:
        if name != HEADER:
            continue
        if (words := _statements(value)) is None:
            return None  # it may be ours, and what stands below it isn't
        if words and _is_by(words[0], authserv_id):
            return _results(words)
    return None


def _is_by(first: Sequence[str], authserv_id: str) -> bool:
    return bool(first) and first[0].lower() == authserv_id.lower()


def _results(statements: Sequence[Sequence[str]]) -> tuple[Result, ...] | None:
    if statements[0][1:] not in ([], ["1"]):  # a version that nobody knows
        return None
    told = [each for each in statements[1:] if each]
    if [[word.lower() for word in each] for each in told] == [["none"]]:
        return ()
    found = [_result(each) for each in told]
    return None if None in found else tuple(each for each in found if each is not None)


def _result(words: Sequence[str]) -> Result | None:
    pairs = [word.partition("=") for word in words]
    if any(not (name and equals and value) for name, equals, value in pairs):
        return None
    (method, _, found), *others = pairs
    name, _, version = method.lower().partition("/")
    if version not in ("", "1"):
        return None
    properties = tuple((key.lower(), value) for key, _, value in others)
    if len({key for key, _ in properties}) < len(properties):
        return None
    return Result(name, found.lower(), properties)


def _statements(value: str) -> list[list[str]] | None:
    """Return the words of each statement, without comments and quotation marks; None for what isn't well-formed."""
    if len(value) > LONGEST:
        return None
    found: list[list[str]] = [[]]
    word = ""
    quoted = False
    try:
        for character, is_quoted in _read(value):
            if is_quoted or not (character.isspace() or character == ";"):
                word, quoted = word + character, quoted or is_quoted
                continue
            if word or quoted:
                found[-1].append(word)
            word, quoted = "", False
            if character == ";":
                found.append([])
    except ValueError:
        return None
    if word or quoted:
        found[-1].append(word)
    return found


def _read(value: str) -> Iterator[tuple[str, bool]]:
    """Yield each character and whether it is quoted; a comment is a blank. Raises `ValueError` where none ends."""
    depth, quoted, characters = 0, False, iter(value)
    for character in characters:
        if character == "\\" and (quoted or depth):
            escaped = next(characters, None)
            if escaped is None:
                raise ValueError("nothing behind a backslash")
            if quoted:
                yield escaped, True
        elif quoted:
            quoted = character != '"'
            if quoted:
                yield character, True
        elif character == "(":
            depth += 1
            yield " ", False
        elif character == ")":
            depth -= 1
            if depth < 0:
                raise ValueError("a comment ends that hasn't begun")
        elif depth == 0:
            quoted = character == '"'
            if not quoted:
                yield character, False
    if depth or quoted:
        raise ValueError("something isn't closed")
