"""HTML of a mail: what a person can't see, and what a mail program quotes, never decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.channels.email.verdict import Approve, Unclear, decide, verdict_of
from handrail.channels.email.visible import visible_text
from tests.support.emails import html

HIDDEN = [
    "<div style='display:none'>{}</div>",
    "<div style='display : NONE !important'>{}</div>",
    "<div style='display:/* x */none'>{}</div>",
    "<div style='di\\73 play:none'>{}</div>",
    "<span style='visibility:hidden'>{}</span>",
    "<span style='font-size:0'>{}</span>",
    "<span style='font-size: 1px'>{}</span>",
    "<span style='color:#fff'>{}</span>",
    "<span style='color: rgb(255, 255, 255)'>{}</span>",
    "<span style='color:#00000000'>{}</span>",
    "<span style='background:#123;color:#123'>{}</span>",
    "<span style='opacity:0'>{}</span>",
    "<span style='mso-hide:all'>{}</span>",
    "<div style='position:absolute;left:-9999px'>{}</div>",
    "<div style='color: rgb(255 255 255 / 100%)'>{}</div>",
    "<div style='color: hsl(0 0% 100%)'>{}</div>",
    "<div style='color: rgba(0, 0, 0, 0%)'>{}</div>",
    "<div style='color: color(srgb 1 1 1)'>{}</div>",
    "<body text='#ffffff'><p>{}</p></body>",
    "<div style='background-color:#336699'><span style='color: #336699'>{}</span></div>",
    "<div style='opacity:1%'>{}</div>",
    "<div style='scale:0'>{}</div>",
    "<div style='font-size:calc(0px)'>{}</div>",
    "<div style='margin-top:-50em'>{}</div>",
    "<div style='text-indent:9999px;overflow:hidden'>{}</div>",
    "<div style='unicode-bidi:bidi-override;direction:rtl'>{}</div>",
    "<bdo dir=rtl>{}</bdo>",
    "<style>.a\\:b {{ display: none }}</style><p class='a:b'>{}</p>",
    "<div style='max-height:0;overflow:hidden'>{}</div>",
    "<div style='text-indent:-9999px'>{}</div>",
    "<font color='white'>{}</font>",
    "<font color='ffffff'>{}</font>",
    "<table width=0><tr><td>{}</td></tr></table>",
    "<p hidden>{}</p>",
    "<p aria-hidden='true'>{}</p>",
    "<div hidden><b>x</b><p>{}</p></div>",
    "<p><div hidden></p>{}</div>",
    "<!-- {} -->",
    "<!-- a -- >{} -->",
    "<!--[if mso]>{}<![endif]-->",
    "<script>{}</script>",
    "<style>{}</style>",
    "<title>{}</title>",
    "<template>{}</template>",
    "<noscript>{}</noscript>",
    "<textarea>{}</textarea>",
    "<select><option>{}</option></select>",
    "<object>{}</object>",
    "<head><meta charset=utf-8><title>{}</title></head>",
    "<style>.x{{display:none}}</style><p class='a x'>{}</p>",
    "<style>p #x, .y > .z {{ color: #FFF }}</style><b id=x>{}</b>",
    "<style><!-- a{{}} --><!-- .x{{font-size:0}} --></style><p class=x>{}</p>",
    "<style>@media screen {{ .x {{ visibility: hidden }} }}</style><p class=x>{}</p>",
    "<img alt='{}'>",
    "<input value='{}'>",
    "<a title='{}'></a>",
]
QUOTES = [
    "<blockquote>{}</blockquote>",
    "<blockquote type=cite>{}</blockquote>",
    "<div class=gmail_quote>{}</div>",
    "<div class='ydp1yahoo_quoted'>{}</div>",
    "<div class=moz-cite-prefix>{}</div>",
    "<div class=protonmail_quote>{}</div>",
    "<div id=divRplyFwdMsg></div><div>{}</div>",
    "<div id=appendonsend></div><div>{}</div>",
    "<div id=mail-editor-reference-message-container>{}</div>",
    "<span id=OLK_SRC_BODY_SECTION>{}</span>",
    "<q>{}</q>",
    "<div name=quote>{}</div>",
    "<div name=messageReplySection>{}</div>",
    "<div class=hs_reply_quote>{}</div>",
    "<div id=isReplyContent>{}</div>",
    "<div class=gmail_signature>{}</div>",
    "<div class=moz-signature>{}</div>",
    "<div id=Signature>{}</div>",
    "<p><b>From:</b> Bob<br><b>Sent:</b> Monday<br><b>To:</b> Alice</p><p>{}</p>",
]


@pytest.mark.parametrize("hidden", [*HIDDEN, *QUOTES])
def test_a_word_that_is_hidden_quoted_or_signed_decides_nothing(hidden: str) -> None:
    assert isinstance(verdict_of(html(hidden.format("approve"))), Unclear)
    assert isinstance(verdict_of(html(f"{hidden.format('approve')}<p>Let us talk.</p>")), Unclear)


@pytest.mark.parametrize("hidden", [*HIDDEN, *QUOTES])
def test_a_word_that_is_hidden_quoted_or_signed_changes_nothing_above_it(hidden: str) -> None:
    assert verdict_of(html(f"<p>approve</p>{hidden.format('reject')}")) == Approve()


@given(
    st.sampled_from(HIDDEN),
    st.sampled_from(["approve", "reject: no", "changes: all of it", "承認"]),
    st.sampled_from(["Approve", "Reject: too dear", "Changes: rename it", "We should talk", "Not approved"]),
)
def test_hidden_html_never_decides(hidden: str, word: str, own: str) -> None:
    verdict = verdict_of(html(f"{hidden.format(word)}<p>{own}</p>"))

    assert verdict == decide(own) or isinstance(verdict, Unclear)


@pytest.mark.parametrize(
    "shown",
    [
        "<p>approve</p>",
        "<html><head><meta charset=utf-8><body>approve",
        "<div dir=ltr>approve<br></div>",
        "<p class=MsoNormal><span style='font-size:11.0pt;color:#1F497D'>approve<o:p></o:p></span></p>",
        "<p style='margin:0cm;line-height:1;border-top-width:1px;text-transform:none'>ap<b>pro</b>ve</p>",
        "<style>p.MsoNormal{margin:0cm} a:hover{color:white} .x{display:none}</style><p class=MsoNormal>approve</p>",
        "<div class=elementToProof style='font-size: 12pt; color: rgb(0, 0, 0);'>approve</div>",
        "<p style='color: rgb(0 0 0 / 87%); background-color: rgb(255, 255, 255)'>approve</p>",
        "<body text='#000000' bgcolor='#FFFFFF'><p>approve</p></body>",
        "<table width='100%'><tr><td>approve</td></tr></table>",
        "&#97;pprove",
        "<![if !mso]>approve<![endif]>",
    ],
)
def test_what_is_seen_decides(shown: str) -> None:
    assert verdict_of(html(shown)) == Approve()


def test_a_comment_or_a_hidden_element_that_never_ends_hides_the_rest() -> None:
    assert visible_text("a<!-- <b>approve") == "a"
    assert visible_text("a<div hidden><p>approve</b></p><p>reject") == "a"


@given(st.text(alphabet="<>/!-= \"'abpdivstyle{}.:;&#", max_size=300))
def test_broken_html_never_fails(text: str) -> None:
    visible_text(text)


def test_html_made_to_be_slow_is_not_read() -> None:
    assert visible_text("<a" * 100 + ">approve") == ""
    assert visible_text("<b>" * 30_000 + "approve") == ""
    assert visible_text("<b>" * 1_000 + "approve") == ""
    assert visible_text("<style>" + "}" * 100_000 + "</style>approve") == ""
    assert visible_text("<p style='" + "color:hsl(;" * 90_000 + "'>approve") == ""
