"""A mail as HTML: inline styles only, nothing loaded from elsewhere, colours that hold on light and on dark.

Text keeps the colour that the mail program gives it; what is quiet or framed is so by transparency. All text is
escaped, and no attribute holds any but an address that `requests.prose.link` lets pass.
"""

from collections.abc import Iterable
from html import escape

from handrail.channels.email.block import (
    Action,
    Block,
    Changed,
    Code,
    Difference,
    Entry,
    Head,
    Items,
    Line,
    Prose,
    Quote,
    Title,
)
from handrail.channels.email.direction import direction
from handrail.channels.email.prose import prose_html
from handrail.requests.visible import visible

_FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_BODY = f"margin:0;padding:0;font-family:{_FONT};font-size:16px;line-height:1.5;color-scheme:light dark"
_SHEET = "max-width:600px;margin:0 auto;padding:20px 16px;overflow-wrap:anywhere;word-break:break-word"
_PRE = (
    "margin:0 0 16px;padding:10px 12px;border-radius:6px;background-color:rgba(128,128,128,.14);"
    "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;line-height:1.45;white-space:pre-wrap"
)
_QUOTE = (
    "margin:0 0 16px;padding:2px 0 2px 12px;border-left:3px solid rgba(128,128,128,.6);white-space:pre-wrap"
)
_BUTTON = "display:inline-block;padding:12px 22px;border-radius:8px;font-weight:600;text-decoration:none"
_FIRST = f"{_BUTTON};background-color:#1f5fbf;border:1px solid #1f5fbf;color:#ffffff"
_OTHER = f"{_BUTTON};border:1px solid rgba(128,128,128,.7);color:inherit"

_SIDE = "padding:1px 0 1px 10px;border-left:3px solid"
_SIGNS = {
    "-": ("del", "− ", f"{_SIDE} #c74a40;opacity:.8"),
    "+": ("ins", "+ ", f"{_SIDE} #2f9455"),
    "": ("span", "", "font-weight:600"),
}


def html_text(title: str, blocks: Iterable[Block]) -> str:
    """Return the HTML of a mail."""
    shown = "\n".join(_shown(block) for block in blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en" style="color-scheme:light dark"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{_said(title)}</title></head>\n"
        f'<body style="{_BODY}"><div style="{_SHEET}">\n{shown}\n</div></body></html>\n'
    )


def _said(text: str) -> str:
    return escape(visible(text))


def _shown(block: Block) -> str:
    match block:
        case Title(text):
            return f'<h1{direction(text)} style="margin:0 0 12px;font-size:22px;line-height:1.3">{_said(text)}</h1>'
        case Head(text):
            return f'<h2 style="margin:24px 0 8px;font-size:16px;line-height:1.4">{_said(text)}</h2>'
        case Line(text, label, quiet):
            style = "font-size:14px;opacity:.8" if quiet else ""
            head = f"<strong>{_said(label)}:</strong> " if label else ""
            return f'<p{direction(text)} style="margin:0 0 12px;{style}">{head}{_said(text)}</p>'
        case Prose(text):
            return prose_html(text)
        case Items(texts):
            listed = "".join(
                f'<li{direction(text)} style="white-space:pre-wrap">{_said(text)}</li>' for text in texts
            )
            return f'<ul style="margin:0 0 16px;padding-left:22px">{listed}</ul>'
        case Code(text):
            return f'<pre style="{_PRE}">{_said(text)}</pre>'
        case Quote(text):
            return f'<blockquote{direction(text)} style="{_QUOTE}">{_said(text)}</blockquote>'
        case Action(text, url, first):
            link = f'<a href="{escape(url)}" style="{_FIRST if first else _OTHER}">{_said(text)}</a>'
            return f'<p style="margin:20px 0">{link}</p>'
        case Entry(title, url, lines):
            told = "".join(f"<br>{_said(line)}" for line in lines)
            link = f'<a href="{escape(url)}" style="font-weight:600;color:inherit">{_said(title)}</a>'
            beside = f'<span style="font-size:14px;opacity:.8">{told}</span>'
            return f'<p{direction(title)} style="margin:0 0 16px">{link}{beside}</p>'
        case Difference(lines):
            return f'<div style="margin:0 0 16px">{"".join(map(_line, lines))}</div>'


def _line(changed: Changed) -> str:
    """Return a changed line: its sign and its frame say what it is, whoever sees no colours."""
    tag, sign, frame = _SIGNS[changed.sign]
    text = "".join(
        f"<{tag}>{_said(piece)}</{tag}>" if differs else _said(piece) for piece, differs in changed.pieces
    )
    way = direction("".join(piece for piece, _ in changed.pieces))
    return f'<p{way} style="margin:0 0 6px;white-space:pre-wrap;{frame}">{sign}{text}</p>'
