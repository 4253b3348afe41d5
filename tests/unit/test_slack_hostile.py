"""Whatever is asked, its message is one that Slack takes, and nothing in it mentions, hides or is lost unseen."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.channels.slack.ended import ended
from handrail.channels.slack.listing import Waiting, listing
from handrail.channels.slack.message import message
from handrail.channels.slack.modal import decided, modal, replaced
from handrail.channels.slack.posting import Posting
from handrail.channels.slack.thread import line
from handrail.requests.content import content_hash
from handrail.requests.decision import Decision, Verb
from handrail.requests.facts import changed
from handrail.requests.lifecycle import Commented, Event
from handrail.requests.outcome import Outcome
from handrail.requests.policy import Audience, First, at_least
from handrail.requests.request import HumanRequest, Status
from handrail.requests.visible import SUSPECT, is_needed, visible
from tests.support.requests_desk import NOW, pure_request
from tests.support.slack_limits import buttons, check_posting, check_view, shown

LINK = "https://inbox.example/requests/req_1"
TRICKS = (
    *(
        "<!channel>",
        "<@U1>",
        "&lt;!here&gt;",
        "@here",
        "`",
        "```",
        "*b*",
        "_i_",
        "~s~",
        ":tada:",
        "\u202e",
        "\0",
    ),
    *(
        "👩\u200d💻",
        "\r\n",
        "\n\n",
        "- x\n",
        "1. y\n",
        "> z\n",
        "# h\n",
        "[a](https://evil.example)",
        "![p](http://x.y)",
    ),
    *(
        "<https://evil.example|ok>",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "    code\n",
        "\u200b",
        "\u2028",
        "[U+",
        "](",
        "&",
    ),
)
texts = st.lists(
    st.sampled_from(TRICKS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=12
)
hostile = texts.map("".join)
long = st.tuples(hostile.filter(bool), st.integers(1, 3000)).map(lambda drawn: (drawn[0] * drawn[1])[:20_000])
anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | hostile
    | long,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=8,
)
objects = st.dictionaries(hostile, anything, max_size=4)
names = st.lists(
    st.sampled_from(["alice", "*bob*", "_x", ">y", "`z`", "<!here>", "a&b", ":tada:"]),
    unique=True,
    min_size=1,
)
choices = st.lists(anything, min_size=1, max_size=7).map(lambda values: {"enum": values})


@st.composite
def requests(draw: st.DrawFn) -> HumanRequest:
    asked = draw(names)
    verbs = draw(st.lists(st.sampled_from([*Verb]), min_size=1, unique=True))
    request = pure_request(
        asked,
        [],
        proposal=draw(objects) or {"content": draw(hostile)},
        verbs=verbs,
        context=draw(objects),
        guideline=draw(st.none() | hostile),
        quorum=draw(st.sampled_from([First(), at_least(1), at_least(len(asked))])),
        blind=draw(st.booleans()),
        timeout=draw(st.none() | st.just(60)),
        response_schema=draw(st.none() | choices),
    )
    title, effect = draw(hostile | long), draw(st.none() | hostile)
    made = replace(request.draft, title=title or "x", effect=effect)
    votes = draw(st.lists(st.sampled_from([*Verb]), max_size=len(asked)))
    return changed(
        request,
        draft=made,
        content_hash=content_hash(made.shown),
        flow=draw(st.none() | hostile),
        claimed_by=draw(st.none() | st.sampled_from(asked)),
        revision=draw(st.integers(1, 3)),
        deadline=NOW + timedelta(seconds=60) if made.policy.timeout else None,
        decisions=tuple(Decision(verb, name, NOW) for verb, name in zip(votes, asked, strict=False)),
    )


def check_seen(posting: Posting) -> None:
    """Nobody is shown a character that they can't see."""
    text = shown(posting.blocks)
    hidden = [found[0] for found in SUSPECT.finditer(text) if not is_needed(text, found.start())]
    assert not hidden


@given(requests(), st.none() | requests(), st.booleans())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_any_request_makes_a_message_that_slack_takes(
    request: HumanRequest, previous: HumanRequest | None, has_page: bool
) -> None:
    found = message(request, link=LINK if has_page else None, previous=previous)
    check_posting(found)
    check_seen(found)
    assert len(json.dumps(found.blocks)) < 200_000


def words_of(value: Any) -> list[str]:
    """Return the words that people must have been shown."""
    match value:
        case dict():
            return [word for each in value.values() for word in words_of(each)]
        case list():
            return [word for each in value for word in words_of(each)]
        case str():
            written = visible(
                "".join(" " if each < " " else each for each in value)
            )  # JSON has its own escapes
            plain = "".join(each if each.isalnum() else " " for each in written)
            return [word for word in plain.split() if word.isascii()]
    return []


@given(requests())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_who_can_approve_has_been_shown_every_word(request: HumanRequest) -> None:
    found = message(request, link=LINK)
    if not {"Approve", "Edit and approve", "Answer"} & set(buttons(found)):
        return
    text = shown(found.blocks)
    draft = request.draft
    for part in (draft.proposal, draft.context, draft.guideline, draft.title):
        missing = [word for word in words_of(part) if word not in text and word.upper() not in text.upper()]
        assert not missing, part


@given(requests(), hostile | long, anything)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_any_ending_comment_and_list_is_one_that_slack_takes(
    request: HumanRequest, text: str, answer: Any
) -> None:
    outcome = Outcome(Verb.ANSWER, NOW, ("*a*", "<!here>"), answer, text)
    over = changed(request, status=Status.RESOLVED, outcome=outcome, ended_at=NOW, superseded_by="req_2")
    check_posting(ended(over, link=LINK, newer=LINK))
    check_seen(ended(over, link=LINK, newer=LINK))
    check_view(decided(over, link=LINK))
    told = line(request, Event("req_1", NOW, "x", Commented("<!here>", text)))
    assert told is not None
    check_posting(told)
    check_seen(told)
    check_posting(listing([Waiting(request, LINK)] * 30, total=99, inbox=LINK))


def test_a_flow_whose_name_is_blank_leaves_no_empty_text_in_a_list() -> None:
    request = changed(pure_request(["alice"], []), flow=" \n")
    check_posting(listing([Waiting(request, LINK)], total=1, inbox=LINK))


@given(requests())
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_any_modal_is_one_that_slack_takes(request: HumanRequest) -> None:
    check_view(replaced(request, link=LINK))
    for verb in Verb:
        if (view := modal(request, verb, channel="C1", ts="1.2")) is not None:
            check_view(view)


def test_a_megabyte_of_anything_is_cut() -> None:
    texts = (
        "x" * 1_000_000,
        "- a\n" * 200_000,
        "[" * 1_000_000,
        "<!channel>" * 100_000,
        "👩\u200d💻" * 90_000,
    )
    for text in texts:
        request = pure_request(["alice"], [], proposal={"content": text})
        found = message(request, link=LINK)
        check_posting(found)
        assert buttons(found) == ["Request changes", "Reject", "Open"]


def test_an_audience_with_hostile_names_stays_words() -> None:
    request = changed(pure_request(["alice"], []), audience=Audience(("<!channel>", "*b*")))
    assert "One decides: <!channel> or *b*" in shown(message(request, link=LINK).blocks)
