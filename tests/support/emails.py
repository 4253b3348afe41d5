"""The corpus of raw replies under `tests/emails`, and short ways to make a mail."""

import tomllib
from pathlib import Path

from handrail.channels.email.incoming import Incoming, parse
from handrail.channels.email.verdict import Approve, Automatic, Changes, Reject, Unclear, Verdict

EMAILS = Path(__file__).parents[1] / "emails"
EXPECTED = tomllib.loads((EMAILS / "expected.toml").read_text("utf-8"))
SOURCES = tomllib.loads((EMAILS / "sources.toml").read_text("utf-8"))

MEANING: dict[str, str] = EXPECTED["meaning"]
DECIDED: dict[str, str] = EXPECTED["decided"]


def corpus_mail(name: str) -> Incoming:
    """One mail of the corpus, read."""
    return parse((EMAILS / name).read_bytes())


def plain(text: str, *headers: str) -> Incoming:
    """A mail of one plain text, from alice@example.com."""
    head = "\r\n".join(["From: alice@example.com", *headers, "Content-Type: text/plain; charset=utf-8"])
    return parse(f"{head}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}".encode())


def html(text: str) -> Incoming:
    """A mail of HTML only, from alice@example.com."""
    head = (
        "From: alice@example.com\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit"
    )
    return parse(f"{head}\r\n\r\n{text}".encode())


def meaning_of(verdict: Verdict) -> tuple[str, str]:
    """A verdict in the words of the table, and what was said besides."""
    match verdict:
        case Approve(said):
            return "approve", said
        case Reject(said):
            return "reject", said
        case Changes(said):
            return "changes", said
        case Automatic(kind):
            return f"automatic: {kind}", ""
        case Unclear():
            return "unclear", ""
