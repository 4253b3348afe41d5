"""A schema in the words of people: titles, choices, limits, and what is wrong with an answer."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from handrail.requests.content import JSON
from handrail.requests.reference import Schema

LONGEST_LABEL = 80
_WORDS = re.compile(r"[a-z]+(?: [a-z]+)*")
_ACRONYMS = frozenset({"id", "url", "uri", "uuid", "ip", "api", "json", "html", "pdf", "vat", "iban"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KINDS = {
    "string": "Text",
    "number": "Number",
    "integer": "Whole number",
    "boolean": "Yes or no",
    "object": "Several fields",
    "array": "List",
    "null": "None",
}
FORMATS = {
    "date": "a date",
    "date-time": "a date and a time with its offset, such as 2026-03-01T12:00:00Z",
    "time": "a time, such as 12:30",
    "duration": "a duration, such as P1DT12H (a day and twelve hours)",
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "hostname": "the name of a host, such as example.org",
    "ipv4": "an IPv4 address, such as 192.0.2.1",
    "ipv6": "an IPv6 address, such as 2001:db8::1",
    "uri": "an address, such as https://example.org/",
    "uuid": "a UUID, such as 00000000-0000-4000-8000-000000000000",
    "regex": "a regular expression",
}
"""what a format asks for; the others are said as they are called"""
_OBVIOUS = frozenset({"date", "date-time", "time", "email", "idn-email"})
"""their inputs show it"""


def plain(text: object) -> str:
    """Return a text of the schema with the signs made visible that would turn or hide its neighbours.

    >>> plain("a\\u202eb")
    'a⟨U+202E⟩b'
    """
    return "".join(
        each if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else
        each if each in "\u200d\u200c" else f"⟨U+{ord(each):04X}⟩"
        for each in str(text)
    )  # fmt: skip


def humanised(key: str) -> str:
    """Return a key as a title.

    >>> humanised("customerId"), humanised("pay_to")
    ('Customer ID', 'Pay to')
    """
    parts = re.split(r"[\s_.\-]+", _CAMEL.sub(" ", key).strip("_ "))
    text = " ".join(part.upper() if part.lower() in _ACRONYMS else _lower(part) for part in parts if part)
    return plain(text[:1].upper() + text[1:]) or plain(key) or "(no name)"


def _lower(part: str) -> str:
    return part if part.isupper() and len(part) > 1 else part.lower()


def title(schema: Any, key: str) -> str:
    """Return what a field is called: its own title, but not one that a program made of its key."""
    own = schema.get("title") if isinstance(schema, dict) else None
    if not isinstance(own, str) or not own.strip() or own.lower() == key.replace("_", " ").lower():
        return humanised(key)
    return plain(own)


def noun(schema: Schema) -> str:
    """Return what one entry of a list is called, capitalised."""
    own = schema.get("title")
    return humanised(own) if isinstance(own, str) and own.strip() else "Entry"


def kind(schema: Schema) -> str:
    """Return what one of several kinds is called."""
    own = schema.get("title")
    if isinstance(own, str) and own.strip():
        return humanised(own)
    consts = [
        each["const"]
        for each in (schema.get("properties") or {}).values()
        if isinstance(each, dict) and isinstance(each.get("const"), str)
    ]
    if consts:
        return humanised(consts[0])
    if "const" in schema or "enum" in schema:
        return ", ".join(value(each) for each in schema.get("enum", [schema.get("const")])[:4])
    return _KINDS.get(str(schema.get("type")), "JSON")


def kinds(schemas: tuple[Schema, ...]) -> list[str]:
    """Return what several kinds are called, told apart by what they hold or by their number."""
    found = [kind(each) for each in schemas]
    for wording in (_with_fields, _with_number):
        found = [
            wording(each, words, number) if found.count(words) > 1 else words
            for number, (each, words) in enumerate(zip(schemas, found, strict=True), 1)
        ]
    return found


def _with_fields(schema: Schema, words: str, number: int) -> str:
    names = [humanised(each) for each in list(schema.get("properties") or ())[:3]]
    return f"{words} ({', '.join(names)})" if names else words


def _with_number(schema: Schema, words: str, number: int) -> str:
    return f"{words} {number}"


def value(found: JSON) -> str:
    """Return a value as it is offered."""
    match found:
        case None:
            return "None"
        case True:
            return "Yes"
        case False:
            return "No"
        case "":
            return "(empty text)"
        case str():
            return plain(found)
    text = plain(json.dumps(found, ensure_ascii=False))
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def values(found: list[JSON]) -> list[str]:
    """Return values as they are offered, each told from the others: as JSON where their words are the same.

    >>> values(["pay", "pay part"]), values(["kg", "lb"])
    (['Pay', 'Pay part'], ['kg', 'lb'])
    """
    given = [each for each in found if isinstance(each, str)]
    # Words begin with a capital; what is short throughout is rather a sign, which must stay as it is.
    are_words = all(_WORDS.fullmatch(each) for each in given) and any(len(each) > 4 for each in given)
    texts = [value(each.capitalize() if are_words and isinstance(each, str) else each) for each in found]
    return [
        plain(json.dumps(each, ensure_ascii=False)) if texts.count(text) > 1 else text
        for each, text in zip(found, texts, strict=True)
    ]


def sentence(parts: Iterator[str]) -> str:
    """Return parts as one sentence; nothing for nothing."""
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def of_number(schema: Schema, whole: bool) -> str:
    """Say the limits of a number: `0 to 60, in steps of 5.`"""
    return sentence(_of_number(schema, whole))


def _of_number(schema: Schema, whole: bool) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        yield f"{low} to {high}"
    else:
        yield from (f"at least {bound}" for bound in (low,) if bound is not None)
        yield from (f"at most {bound}" for bound in (high,) if bound is not None)
    yield from (f"more than {bound}" for bound in (over,) if bound is not None)
    yield from (f"less than {bound}" for bound in (under,) if bound is not None)
    if (step := schema.get("multipleOf")) is not None and not (whole and step == 1):
        yield f"in steps of {step}"
    elif whole:
        yield "a whole number"


def of_text(schema: Schema) -> str:
    """Say the limits of a text."""
    return sentence(_of_text(schema))


def _of_text(schema: Schema) -> Iterator[str]:
    form = schema.get("format")
    if isinstance(form, str) and form in FORMATS and form not in _OBVIOUS:
        yield FORMATS[form]
    yield from _count(schema.get("minLength"), schema.get("maxLength"), "character", 1)
    if isinstance(pattern := schema.get("pattern"), str):
        yield f"in the form {plain(pattern)}"


def of_entries(schema: Schema, what: str = "entry") -> str:
    """Say how many entries a list takes."""
    return sentence(_of_entries(schema, what))


def _of_entries(schema: Schema, what: str) -> Iterator[str]:
    pair = ("minProperties", "maxProperties") if schema.get("type") == "object" else ("minItems", "maxItems")
    yield from _count(schema.get(pair[0]), schema.get(pair[1]), what, 0)
    if schema.get("uniqueItems") is True and what == "entry":
        yield "each only once"


def _count(low: Any, high: Any, what: str, usual: int) -> Iterator[str]:
    low = None if low is not None and low <= usual else low
    if low is not None and low == high:
        yield counted(low, what)
    elif low is not None and high is not None:
        yield f"{low} to {counted(high, what)}"
    elif low is not None:
        yield f"at least {counted(low, what)}"
    elif high is not None:
        yield f"at most {counted(high, what)}"


def counted(count: Any, what: str) -> str:
    """Return a count with its noun.

    >>> counted(2, "entry")
    '2 entries'
    """
    return (
        f"{count} {what}"
        if count == 1
        else f"{count} {what[:-1]}ies"
        if what[-1] == "y"
        else f"{count} {what}s"
    )
