"""Markdown is shown, never obeyed: only allowed tags, attributes and addresses come out, and nothing is hidden."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.requests.prose.passage import passages
from handrail.web.content.layout import layout
from handrail.web.content.markdown import markdown_html, prose_html, text_html
from handrail.web.content.safe import safe
from tests.support.web_content import read

MEBIBYTE = 1024 * 1024
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a xlink:href=javascript:alert(1)>x</a></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<!-- <script> --><style>@import 'http://evil.example'</style><base href=//evil.example>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1)) [y](file:///etc/passwd) [z](//evil.example) [r](/relative)",
    "<javascript:alert(1)> <data:text/html,x> <vbscript:x>",
    "[x]\n\n[x]: javascript:alert(1)",
    "[x]: https://a.example 'onmouseover=alert(1)'\n\n[x]",
    '[x](https://a.example "\\" onmouseover=\\"alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "[x](https://a.example/' onclick='alert(1))",
    "![x](javascript:alert(1)) ![y](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x](https://evil.example/pixel.png) ![](http://evil.example)",
    '![" onerror="alert(1)](data:image/png;base64,AAAA)',
    "![a [b](javascript:alert(1))](data:image/png;base64,AAAA)",
    "[![x](https://a.example/x.png)](https://b.example)",
    '```"><script>alert(1)</script>\nx\n```',
    "`<script>` **<b>** ~~<i>~~",
    '|<script>|"onclick=|\n|-|-|\n|</td></table><script>|[x](javascript:1)|',
    "# </h1><script>alert(1)</script>\n> </blockquote><form action=//evil.example>",
    "1. </li></ol><input autofocus onfocus=alert(1)>",
    '<https://a.example/?"><script>alert(1)</script>>',
    "[x](https://bank.example\\@evil.example) [y](https://[::1) [z](https://user:pw@evil.example)",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62; &#0; &#xD800;",
    "<p id=main class=decide style='position:fixed'>",
    "[a](https://a.example/\u202ex) \u202e[b](https://b.example)",
]
HUGE = {
    "brackets": "[" * MEBIBYTE,
    "images": "![" * (MEBIBYTE // 2),
    "links": "[a](" * (MEBIBYTE // 4),
    "quotations": ">" * 100_000,
    "items": "- " * (MEBIBYTE // 2),
    "stars": "*a **b " * (MEBIBYTE // 7),
    "ticks": "`a" * (MEBIBYTE // 2),
    "wide table": "|a" * 30_000 + "\n" + "|-" * 30_000 + "\n" + "|b" * 30_000,
    "long table": "|a|b|\n|-|-|\n" + "|1|2|\n" * (MEBIBYTE // 6),
    "overrides": "\u202e" * MEBIBYTE,
    "entities": "&amp;" * (MEBIBYTE // 5),
    "one word": "a" * MEBIBYTE,
    "prose": "Some **words** and a [link](https://a.example).\n\n" * (MEBIBYTE // 50),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_markdown_acts(attack: str) -> None:
    for text in (attack, f"**a**\n\n{attack}", f"- {attack}", f"|a|\n|-|\n|{attack}|"):
        read(layout(passages(text) or ()))  # safe before anything is cleaned
        read(markdown_html(text).html)
        read(prose_html(text).html)
        read(text_html(text).html)


@pytest.mark.parametrize("attack", ATTACKS)
def test_html_that_slipped_through_would_be_cleaned(attack: str) -> None:
    read(safe(attack))


@pytest.mark.parametrize("name", HUGE)
def test_a_mebibyte_of_anything_is_cut_or_shown_as_written(name: str) -> None:
    shown = markdown_html(HUGE[name])
    read(shown.html)
    assert shown.cut == (len(HUGE[name]) > 64 * 1024)
    assert len(shown.html) < MEBIBYTE
    whole = markdown_html(HUGE[name], limit=None)
    assert not whole.cut
    assert whole.shown == whole.total


def test_what_is_shown_of_a_long_text_is_said() -> None:
    shown = prose_html("x" * MEBIBYTE)
    assert "Shown: 64 of 1,024 KB" in shown.html
    assert (shown.cut, shown.shown, shown.total) == (True, 64 * 1024, MEBIBYTE)


@given(st.text(st.characters()) | st.text("[]()<>!`*_~|-#:\"'\\&;\n aхj./\u202e", max_size=60))
def test_any_text_is_safe(text: str) -> None:
    read(markdown_html(text).html)
    read(prose_html(text).html)


def test_markdown_reads_like_a_page_with_headings_below_the_pages_own() -> None:
    html = markdown_html("# One\n## Two\n\n- a\n- b\n\n|h|\n|-|\n|c|\n\n```\nx < 1\n```\n").html
    assert '<h2 class="h1">One</h2>' in html
    assert "<h3>Two</h3>" in html
    assert '<div class="scroll-x" tabindex="0" role="region" aria-label="Table 1">' in html
    assert '<pre tabindex="0" role="group" aria-label="Code"><code>x &lt; 1</code></pre>' in html


def test_links_say_where_they_lead_when_their_text_says_otherwise() -> None:
    html = markdown_html("[www.bank.example](https://evil.example/x) [notes](https://a.example)").html
    assert read(html) == "www.bank.example notes"
    assert '</a><span class="host"> (evil.example)</span>' in html
    assert html.count("host") == 1
    assert html.count('target="_blank" rel="noopener noreferrer nofollow"') == 2


def test_pictures_are_shown_from_their_own_data_only() -> None:
    data = "data:image/png;base64," + "A" * 100_000
    shown = markdown_html(f"![logo]({data}) ![far](https://a.example/x.png)")
    assert f'<img src="{data}" alt="logo">' in shown.html
    assert not shown.cut
    assert read(shown.html) == "Image: far (a.example)"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("text\n\n[//]: # (hidden)", "hidden"),
        ("|a|\n|-|\n|1|hidden|", "hidden"),
        ("> " * 30 + "hidden", "hidden"),
        ("```python hidden\nx\n```", "hidden"),
        ('[a](https://a.example "hidden")', "hidden"),
        ("[hidden](javascript:alert(1))", "alert"),
        ("a <!-- hidden --> b", "hidden"),
        ("&#8238;**x**", "U+202E"),
    ],
)
def test_what_markdown_would_hide_is_shown(text: str, hidden: str) -> None:
    html = markdown_html(text).html
    assert hidden in html.replace("<wbr>", "")
    assert hidden in str(html).split(">", 1)[1]
