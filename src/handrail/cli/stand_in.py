"""A scripted stand-in for a language model, for the demo without a key. It says that it is one.

It really works on what it is given: it writes about the topic it is told, and a revision does what the feedback says
where a fixed rule knows how (title, shorter, longer, mention, remove, replace, list); where none does, it says so.
"""

import re

from handrail.flows.feedback import REVISION_PROMPT

NAME = "a scripted stand-in"
SIGNATURE = "*Drafted by a scripted stand-in for a language model.*"

_REVISION = re.compile(
    re.escape(REVISION_PROMPT)
    .replace(r"\{original\}", "(?P<original>.*)")
    .replace(r"\{feedback\}", "(?P<feedback>.*)"),
    re.DOTALL,
)
_ABOUT = re.compile(
    r"^\s*(?:please\s+)?(?:write|draft|create|compose)\b.*?\b(?:about|on|for|explaining)\s+", re.I | re.S
)
_VERBS = "make|add|mention|include|remove|drop|delete|replace|change|call|use|write|turn|give|say|shorten|expand|title"
_CLAUSES = re.compile(
    rf"\s*(?:[.;\n]+\s+|[;\n]+|,?\s+(?:and|then|but)\s+(?=(?:{_VERBS})\b)|,\s+(?=(?:{_VERBS})\b))\s*", re.I
)
_QUOTES = "\"'“”‘’«»„ .!"


def write(messages: list[dict[str, str]]) -> str:
    """Return a draft about what the last message asks for, or the revision it asks for."""
    prompt = messages[-1]["content"]
    if match := _REVISION.fullmatch(prompt):
        return revise(match["original"], match["feedback"])
    return draft(prompt)


def draft(prompt: str) -> str:
    """Return a short post about the topic of a prompt."""
    topic = " ".join(_ABOUT.sub("", prompt, count=1).split()).strip(_QUOTES) or "work that waits for people"
    paragraphs = [
        f"# {topic[:1].upper()}{topic[1:]}",
        f"There is more to say about {topic} than fits into a headline. This draft begins with what matters most.",
        f"First, {topic} concerns people before it concerns machines. "
        "Whoever has to live with the result should have a say in it before it counts, not after.",
        "Second, judgement takes time. A question may wait for an hour or for a month, "
        "and whatever waits must still be there when the answer comes.",
        f"So start small: pick one decision about {topic}, let a person make it, and look at what they changed.",
        SIGNATURE,
    ]
    return "\n\n".join(paragraphs)


def revise(original: str, feedback: str) -> str:
    """Return the text with each wish of the feedback carried out, or noted where no rule knows how."""
    text = original.replace(SIGNATURE, "").strip()
    for wish in filter(None, (clause.strip(" ,.") for clause in _CLAUSES.split(feedback))):
        text = _carried_out(text, wish)
    return f"{text}\n\n{SIGNATURE}"


def _carried_out(text: str, wish: str) -> str:
    for pattern, rule in _RULES:
        if (match := re.search(pattern, wish, re.I | re.S)) and (changed := rule(text, match)) != text:
            return changed
    return f"{text}\n\n> A reviewer wrote: “{wish}”. A script can't judge how to do that; a language model could."


def _title(text: str, match: re.Match[str]) -> str:
    body = _body(text)
    return "\n\n".join([f"# {match['title'].strip(_QUOTES)}", *body])


def _replace(text: str, match: re.Match[str]) -> str:
    old, new = match["old"].strip(_QUOTES), match["new"].strip(_QUOTES)
    return re.sub(re.escape(old), lambda _: new, text, flags=re.I) if old else text


def _shorter(text: str, match: re.Match[str]) -> str:
    """Keep the first sentence of each paragraph; where that is done already, drop the last paragraph."""
    heading, body = _heading(text), _body(text)
    brief = [
        paragraph if paragraph.startswith((">", "- ")) else _sentences(paragraph)[0] for paragraph in body
    ]
    if brief == body and len(body) > 1:
        brief = body[:-1]
    return "\n\n".join([*heading, *brief])


def _longer(text: str, match: re.Match[str]) -> str:
    topic = _topic(text)
    more = (
        f"An example makes this concrete. Somebody proposes a change to {topic}; a colleague reads it the next "
        "morning, asks for one correction, and approves the second version. Nothing was lost overnight."
    )
    further = f"And when {topic} grows, the same question comes back: who decides, by when, and what if nobody does?"
    return f"{text}\n\n{further if more in text else more}"


def _mention(text: str, match: re.Match[str]) -> str:
    what = match["what"].strip(_QUOTES)
    return f"{text}\n\nIt also matters to mention {what}: without that, the picture of {_topic(text)} is incomplete."


def _remove(text: str, match: re.Match[str]) -> str:
    """Remove the sentences that name it."""
    what = match["what"].strip(_QUOTES).lower()
    what = re.sub(r"^(?:the\s+)?(?:part|sentence|paragraph|bit)s?\s+(?:about|on|with)\s+", "", what)
    if what.startswith(("the last paragraph", "last paragraph")):
        return "\n\n".join([*_heading(text), *_body(text)[:-1]])
    kept = [
        " ".join(sentence for sentence in _sentences(paragraph) if what not in sentence.lower())
        for paragraph in _body(text)
    ]
    return "\n\n".join([*_heading(text), *filter(None, kept)])


def _list(text: str, match: re.Match[str]) -> str:
    items = [part if part.startswith(("- ", ">")) else f"- {part}" for part in _body(text)]
    return "\n\n".join([*_heading(text), "\n".join(items)])


_RULES = (
    (r"(?:title|heading|headline)\b[^\"“']*?(?:\bto\b|\bbe\b|:|\bis\b|=)\s*(?P<title>.+)", _title),
    (r"(?:\bcall it|title it|(?:title|heading|headline))\s*[:\"“']?\s*(?P<title>[\"“'].+)", _title),
    (r"\bcall it\s+(?P<title>.+)", _title),
    (r"\b(?:replace|change)\s+(?P<old>.+?)\s+(?:with|by|to|into)\s+(?P<new>.+)", _replace),
    (r"\buse\s+(?P<new>.+?)\s+(?:instead of|rather than)\s+(?P<old>.+)", _replace),
    (r"\b(?:short\w*|brief\w*|concise|trim|cut it|too long|less text)\b", _shorter),
    (r"\b(?:longer|long enough|expand\w*|more detail\w*|elaborate|too short|an? example)\b", _longer),
    (r"\b(?:bullet\w*|as a list|list)\b", _list),
    (r"\b(?:remove|drop|delete|leave out|without|don't mention|no)\s+(?P<what>.+)", _remove),
    (
        r"\b(?:mention|include|talk about|say something about|write about|add)"
        r"(?:\s+(?:something|a (?:sentence|paragraph|section|part|word|note)))?"
        r"(?:\s+(?:about|on|that))?\s+(?P<what>.+)",
        _mention,
    ),
)


def _heading(text: str) -> list[str]:
    first = text.split("\n\n", 1)[0]
    return [first] if first.startswith("# ") else []


def _body(text: str) -> list[str]:
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    return parts[len(_heading(text)) :]


def _sentences(paragraph: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", paragraph)


def _topic(text: str) -> str:
    heading = _heading(text)
    return heading[0].removeprefix("# ") if heading else "this"
