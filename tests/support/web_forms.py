"""What a browser posts: the form is rendered, its HTML parsed, and each input gives what HTML says it gives."""

import re
from html.parser import HTMLParser

from jinja2 import Environment, PackageLoader, StrictUndefined

from handrail.web.form.fields import Form

Pair = tuple[str, str]

PAGE = '{% import "form.html" as forms %}<form method="post">{{ forms.summary(form) }}{{ forms.fields(form) }}</form>'
_FLOAT = re.compile(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?")
_SHAPES = {
    "date": re.compile(r"\d{4,}-\d\d-\d\d"),
    "time": re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,3})?)?"),
    "datetime-local": re.compile(r"\d{4,}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?"),
    "number": _FLOAT,
}


def html_of(form: Form) -> str:
    """Return the form as HTML."""
    made = Environment(
        loader=PackageLoader("handrail.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = lambda name: f"/static/{name}"
    return made.from_string(PAGE).render(form=form)


class Page(HTMLParser):
    """A rendered form: what it posts untouched (`pairs`), and its parts for a look at them."""

    def __init__(self, form: Form) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html_of(form)
        self.pairs: list[Pair] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._area: tuple[str, list[str]] | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self.open: list[str] = []
        self.feed(self.html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute twice in {tag}"
        self.tags.append((tag, given))
        if tag not in ("input", "use"):
            self.open.append(tag)
        match tag:
            case "input":
                self._input(given)
            case "textarea":
                self._area = (given["name"], [])
            case "select":
                self._select = (given["name"], [])
            case "option" if self._select:
                self._select[1].append((given["value"], "selected" in given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "textarea" and self._area:
            text = "".join(self._area[1]).replace("\r\n", "\n").replace("\r", "\n")
            self.pairs.append((self._area[0], text.removeprefix("\n").replace("\n", "\r\n")))
            self._area = None
        if tag == "select" and self._select:
            values = self._select[1]
            chosen = [value for value, selected in values if selected] or [values[0][0]]
            self.pairs.append((self._select[0], chosen[-1]))
            self._select = None

    def _input(self, given: dict[str, str]) -> None:
        kind, value = given.get("type", "text"), given.get("value", "")
        if kind in ("radio", "checkbox"):
            if "checked" in given:
                self.pairs.append((given["name"], value))
            return
        if kind != "hidden":
            value = value.replace("\n", "").replace("\r", "")
        if kind in _SHAPES and not _SHAPES[kind].fullmatch(value):
            value = ""
        if kind in ("email", "url"):
            value = value.strip()
        if kind in ("datetime-local", "time") and value.endswith(":00") and value.count(":") == 2:
            value = value.removesuffix(":00")
        self.pairs.append((given["name"], value))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """Return the attributes of all tags that have these."""
        return [
            given
            for each, given in self.tags
            if each == tag and all(given.get(name.rstrip("_")) == value for name, value in wanted.items())
        ]

    def press(self, value: str) -> list[Pair]:
        """Return what is posted with a button that changes the form; its value begins with this."""
        buttons = [each for each in self.all("button") if each["value"].startswith(value)]
        assert buttons, f"no button {value!r}: {[each['value'] for each in self.all('button')]}"
        assert "formnovalidate" in buttons[-1]
        return [*self.pairs, (buttons[-1]["name"], buttons[-1]["value"])]


def put(pairs: list[Pair], texts: dict[str, str]) -> list[Pair]:
    """Return a post with other texts; a name that wasn't posted, as of radio buttons, is added."""
    left = [(name, text) for name, text in pairs if name not in texts]
    return [*left, *texts.items()]
