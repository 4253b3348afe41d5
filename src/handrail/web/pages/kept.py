"""What somebody has written and the page has no field for any more: it is shown all the same, to be copied.

Fields go away where a request was settled, replaced or claimed while they wrote.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import FormData

from handrail.requests.wording import label
from handrail.web.pages.shown import Typed

Words = tuple[str, str]
"""what a field was called, and what stood in it"""
CALLED = {"comment": "Your words", "text": "Your comment", "to": "Who should decide", "reason": "Your reason"}


def kept(typed: Typed, page: Mapping[str, Any]) -> tuple[Words, ...]:
    """Return what was typed and isn't shown; `page` is what the template of the request is given."""
    found = list[Words]()
    if not (page["form"] or page["editing"]):
        found += _of_form(typed)
    if not _has_words(typed, page) and typed.comment.strip():
        found.append((CALLED["comment"], typed.comment))
    if not (page["may_comment"] and not page["editing"]) and typed.text.strip():
        found.append((CALLED["text"], typed.text))
    if not page["asking"]:
        found += [(CALLED.get(name, name), text) for name, text in typed.fields.items() if text.strip()]
    return tuple(found)


def of_post(form: FormData) -> tuple[Words, ...]:
    """Return the words that were posted, for a page that has none of the fields: never a password or a token."""
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and value.strip()]
    return tuple((called, text) for name, text in texts if (called := CALLED.get(name) or _field(name)))


def _field(name: str) -> str:
    """Return what a field of an answer or of an edited version is called; nothing for what only builds the form."""
    prefix, _, path = name.partition("/")
    if prefix not in ("answer", "edit") or any(sign in name for sign in ("!", ":")) or name.endswith("[]"):
        return ""
    if not path:  # an answer may be a single text; of a version it only says that it is one
        return "Your answer" if prefix == "answer" else ""
    return ", ".join(label(unquote(part)) for part in path.split("/"))


def _has_words(typed: Typed, page: Mapping[str, Any]) -> bool:
    if page["editing"]:
        return True
    takes_words = ("reject",) if page["form"] else ("reject", "request_changes")
    return (
        page["may_decide"]
        and not page["asking"]
        and typed.verb in takes_words
        and typed.verb in page["verbs"]
    )


def _of_form(typed: Typed) -> Iterator[Words]:
    for name, texts in (typed.draft or {}).items():
        if called := _field(name):
            yield from ((called, text) for text in texts if text.strip())
