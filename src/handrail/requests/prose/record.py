"""A value as JSON people can read: what is shown where no better shape fits, and what values are compared by."""

import json

from handrail.requests.content import JSON


def as_json(value: JSON) -> str:
    """Return a value as indented JSON; one that is nested too deeply for that on one line.

    >>> as_json({"a": [1]})
    '{\\n  "a": [\\n    1\\n  ]\\n}'
    """
    for indent in (2, None):
        try:
            return json.dumps(value, ensure_ascii=False, indent=indent)
        except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
            continue
    return "(this value can't be written as JSON: it is nested too deeply, or a number is too long)"


def in_words(value: str | float | bool | None) -> str:
    """Return a simple value as people say it.

    >>> [in_words(each) for each in (True, None, 0.5, "text", "")]
    ['yes', 'none', '0.5', 'text', 'empty']
    """
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value or "empty"
    return as_json(value)
