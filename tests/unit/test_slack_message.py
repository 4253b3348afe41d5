"""Messages for Slack: all that is asked, buttons for what can be decided there, and how it ended."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handrail.channels.slack.ended import ended
from handrail.channels.slack.listing import Waiting, listing
from handrail.channels.slack.message import message
from handrail.channels.slack.posting import Posting
from handrail.channels.slack.press import Press, pressed
from handrail.channels.slack.refusal import refusal, stranger
from handrail.channels.slack.thread import line
from handrail.requests.content import content_hash
from handrail.requests.decision import Actor, Strength, Verb
from handrail.requests.errors import Conflict, FieldProblem, HandrailError, InvalidDecision, NotAllowed
from handrail.requests.facts import changed
from handrail.requests.lifecycle import (
    Claimed,
    Commented,
    Decided,
    Escalated,
    Event,
    Move,
    Opened,
    Reassigned,
    Released,
    Reminded,
)
from handrail.requests.outcome import Outcome
from handrail.requests.policy import Audience, at_least
from handrail.requests.request import HumanRequest, Status
from handrail.requests.routing import check_may_act
from tests.support.requests_desk import ALL_VERBS, NOW, pure_request
from tests.support.slack_limits import buttons, check_posting, shown

LINK = "https://inbox.example/requests/req_1"
PAST = NOW + timedelta(minutes=5)


def asks(proposal: dict[str, Any] | None = None, *, title: str | None = None, **options: Any) -> HumanRequest:
    """Return an open request that two people are asked."""
    request = pure_request(
        options.pop("asked", ["alice", "bob"]), options.pop("votes", []), proposal=proposal, **options
    )
    if title is not None:
        draft = replace(request.draft, title=title)
        request = changed(request, draft=draft, content_hash=content_hash(draft.shown))
    timeout = request.policy.timeout
    return changed(request, deadline=NOW + timedelta(seconds=timeout)) if timeout else request


def posted(request: HumanRequest, **more: Any) -> Posting:
    found = message(request, link=more.pop("link", LINK), **more)
    check_posting(found)
    return found


def read(request: HumanRequest, **more: Any) -> str:
    return shown(posted(request, **more).blocks)


def presses(found: Posting) -> list[Press]:
    rows = [each for block in found.blocks if block["type"] == "actions" for each in block["elements"]]
    return [press for each in rows if (press := pressed(each))]


def test_it_says_what_is_asked_why_and_what_happens_then() -> None:
    draft_parts = {"context": {"why": "the tone is new", "audience": "customers"}, "guideline": "Be kind."}
    request = asks({"content": "Hello", "max_retries": 3, "live": True, "note": None}, **draft_parts)
    request = changed(request, draft=replace(request.draft, effect="It is sent to 300 customers."))
    text = read(request)
    for part in (
        "Publish?",
        "Content: Hello",
        "Max retries: 3",
        "Live: yes",
        "Note: none",
        "Why: The tone is new.",
    ):
        assert part in text
    for part in ("Audience: customers", "How to judge", "Be kind.", "Then: It is sent to 300 customers."):
        assert part in text
    assert "One decides: alice or bob" in text


def test_the_buttons_are_bound_to_what_was_shown() -> None:
    request = asks(verbs=[Verb.APPROVE, Verb.REJECT])
    found = posted(request)
    assert buttons(found) == ["Approve", "Reject", "Open"]
    assert presses(found) == [
        Press(Verb.APPROVE, "req_1", request.content_hash),
        Press(Verb.REJECT, "req_1", request.content_hash),
    ]


def test_all_verbs_have_a_button_in_their_order() -> None:
    assert buttons(posted(asks(verbs=ALL_VERBS))) == [
        "Approve",
        "Edit and approve",
        "Request changes",
        "Reject",
        "Answer",
        "Open",
    ]


def test_who_votes_can_abstain_and_who_decides_alone_leaves_it() -> None:
    assert "Abstain" in buttons(posted(asks(quorum="all")))
    assert "Abstain" not in buttons(posted(asks()))


@pytest.mark.parametrize(
    "action", [{}, {"action_id": "other:approve", "value": "a|b"}, {"action_id": 1, "value": "a|b"}]
)
def test_another_button_is_none_of_ours(action: dict[str, object]) -> None:
    assert pressed(action) is None


@pytest.mark.parametrize("value", ["", "req_1", "|hash", "req_1|"])
def test_a_button_without_its_request_or_hash_is_none_of_ours(value: str) -> None:
    assert pressed({"action_id": "handrail:approve", "value": value}) is None


@pytest.mark.parametrize(
    "name", ["handrail:open", "handrail:publish", "handrail:answer:x", "handrail:answer:99999"]
)
def test_a_button_without_a_verb_of_ours_is_none_of_ours(name: str) -> None:
    assert pressed({"action_id": name, "value": "req_1|hash"}) is None


@pytest.mark.parametrize(
    "request_",
    [
        asks({"content": "x" * 20_000}),
        asks({"content": "x"}, context={"log": "y" * 20_000}),
        asks({"content": "x"}, guideline="z" * 20_000),
        asks({"content": "x"}, title="t" * 20_000),
        asks({"rows": [{"n": number} for number in range(2000)]}),
        asks({"content": "data:image/png;base64," + "A" * 200}),
        asks({"a": "b", "picture": "data:image/png;base64," + "A" * 200}),
        asks({"content": "# Look\n\n![x](data:image/png;base64," + "A" * 200 + ")"}),
        asks({"content": "# Look\n\n![x](data:image/png;base64,AAAA)"}),
    ],
    ids=["proposal", "context", "guideline", "title", "rows", "picture", "part", "in text", "small"],
)
def test_who_can_not_see_all_of_it_can_say_no_and_open_it_but_not_yes(request_: HumanRequest) -> None:
    found = posted(request_)
    assert buttons(found) == ["Request changes", "Reject", "Open"]
    assert "can’t be approved here" in shown(found.blocks)


def test_a_title_that_the_header_cuts_is_shown_whole_below() -> None:
    title = "Publish " + "very " * 60 + "soon?"
    found = posted(asks(title=title))
    assert title in shown(found.blocks)
    assert "Approve" in buttons(found)


def test_where_a_login_is_demanded_there_is_only_the_page() -> None:
    found = posted(asks(require="session"))
    assert buttons(found) == ["Open"]
    assert "who has signed in" in shown(found.blocks)
    assert "Approve" in buttons(posted(asks(require="channel")))


def test_what_waits_in_line_has_no_buttons() -> None:
    assert buttons(posted(changed(asks(), in_line=True))) == ["Open"]


def test_without_a_page_it_says_how_to_see_the_whole() -> None:
    found = posted(asks({"content": "x" * 20_000}), link=None)
    assert "handrail show `req_1`".replace("`", "") in shown(found.blocks).replace("`", "")
    assert "Open" not in buttons(found)
    assert "Open" not in buttons(posted(asks(), link="javascript:alert(1)"))


def test_who_has_claimed_it_is_said() -> None:
    request = changed(asks(), status=Status.CLAIMED, claimed_by="bob")
    assert "bob has claimed it" in read(request)


def test_the_deadline_is_shown_in_the_time_of_each_reader() -> None:
    text = str(posted(asks(timeout=3600)).blocks)
    seconds = int((NOW + timedelta(hours=1)).timestamp())
    assert f"Until <!date^{seconds}^{{date_short_pretty}} at {{time}}|" in text
    assert "else it counts as rejected." in text


def test_votes_are_told_and_those_of_a_blind_vote_only_counted() -> None:
    votes = [("alice", Verb.APPROVE)]
    assert "alice approved" in read(asks(quorum="all", votes=votes))
    blind = read(asks(quorum="all", votes=votes, blind=True))
    assert "alice" not in blind
    assert "1 vote so far" in blind


def test_how_sure_the_machine_was_is_said_and_where_it_was_not() -> None:
    context = {
        "confidence": 0.62,
        "threshold": 0.8,
        "unsure": [{"text": "38 minutes", "reason": "no source"}, "nine hours"],
    }
    text = read(asks(context=context))
    assert "sure to 0.62; from 0.80 on nobody is asked" in text
    assert "“38 minutes”: no source" in text
    assert "“nine hours”" in text
    assert "Beside it" not in text


@pytest.mark.parametrize(
    "context",
    [
        {"why": ["a"]},
        {"confidence": "high"},
        {"unsure": [{"text": "a", "reason": 3}]},
        {"unsure": [{"text": "a", "by": "b"}]},
    ],
)
def test_what_has_no_place_of_its_own_stands_beside_it(context: dict[str, Any]) -> None:
    assert "Beside it" in read(asks(context=context))


def test_a_question_that_is_its_title_is_not_shown_twice() -> None:
    assert read(asks({"question": "Publish?"})).count("Publish?") == 1


def test_markdown_is_shown_as_it_is_meant() -> None:
    content = "# Plan\n\nIt is **bold**, *soft*, ~~gone~~ and `a*b`.\n\n1. one\n2. two\n   - deep\n\n> said\n\n    code"
    elements = posted(asks({"content": content})).blocks[2]["elements"]
    styles = {
        each["text"]: each.get("style") for part in elements for each in part["elements"] if "text" in each
    }
    assert styles["Plan"] == styles["bold"] == {"bold": True}
    assert (styles["soft"], styles["gone"], styles["a*b"]) == (
        {"italic": True},
        {"strike": True},
        {"code": True},
    )
    lists = [each for each in elements if each["type"] == "rich_text_list"]
    assert [(each["style"], each["indent"], len(each["elements"])) for each in lists] == [
        ("ordered", 0, 2),
        ("bullet", 1, 1),
    ]
    assert [each["type"] for each in elements[-2:]] == ["rich_text_quote", "rich_text_preformatted"]


def test_a_list_goes_on_counting_after_what_stands_between_its_items() -> None:
    elements = posted(asks({"content": "3. one\n\n   ```\n   code\n   ```\n4. two"})).blocks[2]["elements"]
    lists = [each for each in elements if each["type"] == "rich_text_list"]
    assert [each["offset"] for each in lists] == [2, 3]


def test_a_list_that_counts_from_nought_is_shown_as_it_is() -> None:
    (judged,) = posted(asks({"content": "0. **none**\n1. one"})).blocks[2]["elements"]
    assert judged["type"] == "rich_text_section", "Slack's own lists begin with one"
    assert judged["elements"][0]["text"] == "0. **none**\n1. one"


def test_a_link_shows_where_it_leads() -> None:
    text = read(asks({"content": "[our bank](https://evil.example/login) and <https://good.example>"}))
    assert "our bank (https://evil.example/login)" in text
    assert text.count("https://good.example") == 1


def test_what_is_no_address_of_the_web_is_no_link() -> None:
    blocks = posted(asks({"content": "[x](javascript:alert(1)) **b**"})).blocks
    assert "'link'" not in str(blocks)
    assert "javascript:alert(1)" in shown(blocks)


def test_a_text_of_which_markdown_would_hide_a_word_is_shown_as_written() -> None:
    content = "**Hi**\n\n[hidden]: https://evil.example"
    assert content in read(asks({"content": content}))


def test_a_hidden_character_can_not_begin_a_link() -> None:
    content = "x \u202e(https://evil.example) " + "**b** " * 3000
    assert "'link'" not in str(posted(asks({"content": content})).blocks)


def test_a_list_of_similar_objects_is_a_table_and_what_is_nested_is_json() -> None:
    text = read(
        asks({"rows": [{"name": "alice", "n": 1}, {"name": "bob", "n": 20}], "deep": {"a": [1, {"b": 2}]}})
    )
    assert "name  | n\nalice | 1\nbob   | 20" in text
    assert '"b": 2' in text


def test_what_has_changed_since_the_revision_before_is_shown() -> None:
    old = asks({"content": "one\ntwo\nthree"})
    new = changed(asks({"content": "one\n2\nthree"}), revision=2, id="req_2")
    text = read(new, previous=old)
    assert "Revision 2" in text
    assert "What has changed since revision 1" in text
    assert "- two\n+ 2" in text
    assert "- one" not in text


def test_many_changes_are_cut_without_taking_the_buttons() -> None:
    old, new = asks({"content": "a\n" * 2000}), asks({"content": "b"})
    assert "Too much to compare" in read(new, previous=old)
    found = posted(
        asks({"content": "b"}), previous=asks({"content": "\n".join(f"line {n}" for n in range(500))})
    )
    assert "which the page shows" in shown(found.blocks)
    assert "Approve" in buttons(found)
    assert "Nothing of what is proposed has changed" in read(new, previous=new)


def answers(schema: dict[str, Any]) -> list[str]:
    return buttons(posted(asks(verbs=[Verb.ANSWER], response_schema=schema)))


@pytest.mark.parametrize(
    ("schema", "shown_as"),
    [
        ({"type": "boolean"}, ["Yes", "No"]),
        ({"enum": ["dry", "off-dry", "sweet"]}, ["dry", "off-dry", "sweet"]),
        ({"enum": ["pay", "decline"]}, ["Pay", "Decline"]),
        ({"oneOf": [{"const": 1, "title": "Low"}, {"const": 2, "title": "High"}]}, ["Low", "High"]),
        ({"type": ["boolean", "null"]}, ["Yes", "No", "None"]),
        ({"enum": list("abcdef")}, ["Answer"]),
        ({"enum": ["x" * 76, "y"]}, []),
        ({"enum": ["a b", "a  b"]}, []),
        ({"enum": ["a", "b"], "type": "integer"}, ["Answer"]),
        ({"type": "string"}, ["Answer"]),
    ],
)
def test_few_short_answers_are_buttons(schema: dict[str, Any], shown_as: list[str]) -> None:
    assert answers(schema) == [*shown_as, "Open"]


def test_a_button_names_its_answer() -> None:
    found = presses(posted(asks(verbs=[Verb.ANSWER], response_schema={"type": "boolean"})))
    assert [press.choice for press in found] == [0, 1]


def test_what_fits_no_modal_is_edited_on_the_page() -> None:
    found = posted(asks({"content": "x" * 3001}, verbs=[Verb.APPROVE, Verb.EDIT]))
    assert buttons(found) == ["Approve", "Open"]
    assert "doesn’t fit a form of Slack" in shown(found.blocks)


def ends(verb: Verb, **more: Any) -> HumanRequest:
    outcome = Outcome(verb, PAST, ("alice",), more.pop("payload", None), more.pop("comment", None), **more)
    return changed(asks(), status=Status.RESOLVED, outcome=outcome, ended_at=PAST, ended_by="alice")


def closed(request: HumanRequest, **more: Any) -> str:
    found = ended(request, link=LINK, **more)
    check_posting(found)
    assert presses(found) == []
    assert buttons(found)[-1] == "Open"
    return shown(found.blocks)


def test_an_ended_request_says_how_and_when_and_has_no_buttons() -> None:
    text = closed(ends(Verb.APPROVE))
    assert "alice approved this" in text
    assert f"<!date^{int(PAST.timestamp())}" in text


def test_what_was_said_answered_and_changed_is_shown() -> None:
    assert "too *long*" in closed(ends(Verb.REJECT, comment="too *long*"))
    assert "Content: shorter" in closed(ends(Verb.EDIT, payload={"content": "shorter"}))
    assert "42" in closed(ends(Verb.ANSWER, payload=42))


def test_silence_expiry_and_withdrawal_are_told_apart() -> None:
    assert "counts as rejected" in closed(ends(Verb.REJECT, cause="timeout"))
    assert "nobody decided in time" in closed(changed(asks(), status=Status.EXPIRED, ended_at=PAST))
    withdrawn = changed(asks(), status=Status.WITHDRAWN, ended_at=PAST, ended_by="bob")
    assert "Withdrawn by bob" in closed(withdrawn)


def test_a_replaced_request_leads_to_its_later_revision() -> None:
    replaced = changed(asks(), status=Status.WITHDRAWN, ended_at=PAST, superseded_by="req_2")
    text = closed(replaced, newer="https://inbox.example/requests/req_2")
    assert "Replaced by a later revision" in text
    assert "Open the later revision" in text


def told(move: Move, request: HumanRequest | None = None) -> str | None:
    found = line(
        request or asks(quorum="all", votes=[("alice", Verb.APPROVE)]),
        Event("req_1", PAST, "alice", move),
    )
    if found is None:
        return None
    check_posting(found)
    assert buttons(found) == []
    return shown(found.blocks).strip()


def test_the_thread_is_told_what_happens_elsewhere() -> None:
    who = Audience(("carol",))
    assert told(Reminded("handrail", 1)) == "Reminder: this still waits for a decision."
    assert told(Commented("bob", "look at <!channel>")) == "bob says:\nlook at <!channel>"
    assert (
        told(Escalated("handrail", who, None, 1, None)) == "This has been escalated: carol can decide it now."
    )
    assert told(Reassigned("bob", who, None)) == "This asks carol now."
    assert told(Claimed("bob")) == "bob has claimed it."
    assert told(Released("bob")) == "It is free again: anybody it asks can decide."
    assert told(Opened(asks())) is None


def test_a_vote_is_told_to_the_thread_and_a_blind_one_only_counted() -> None:
    request = asks(quorum="all", votes=[("alice", Verb.APPROVE)])
    assert told(Decided(request.decisions[0]), request) == "alice approved. 1 of 2 needed to approve."
    blind = asks(quorum="all", votes=[("alice", Verb.APPROVE)], blind=True)
    assert told(Decided(blind.decisions[0]), blind) == "Somebody has decided: 1 of 2 have voted."
    assert told(Decided(request.decisions[0]), ends(Verb.APPROVE)) is None


def why(request: HumanRequest, error: HandrailError) -> str:
    found = refusal(request, error, link=LINK)
    check_posting(found)
    return shown(found.blocks)


def refused_by(request: HumanRequest, name: str) -> str:
    with pytest.raises(NotAllowed) as caught:
        check_may_act(request, Actor(name, Strength.CHANNEL, "slack"), lambda group: ())
    return why(request, caught.value)


def test_who_may_not_decide_is_told_why() -> None:
    assert "This asks alice or bob, not you." in refused_by(asks(), "carol")
    barred = Audience((), (), ("carol",))
    assert "You are excluded" in refused_by(changed(asks(), audience=barred), "carol")
    started = changed(asks(), audience=Audience((), (), (), True), initiator="carol")
    assert "Anybody can decide it" in refused_by(started, "carol")
    assert "who has signed in" in refused_by(asks(require="session"), "alice")
    assert "one of its workers" in refused_by(changed(asks(), in_line=True), "alice")
    held = changed(asks(), claimed_by="bob")
    assert "bob has claimed it" in why(held, NotAllowed("", rule="claimed"))
    assert "You can’t decide this." in why(asks(), NotAllowed("", rule="role"))
    assert "belongs to nobody here" in shown(stranger("T1:U1").blocks)


def test_a_second_click_is_told_who_decided_and_when() -> None:
    text = why(ends(Verb.APPROVE), Conflict("late", winner="alice"))
    assert "alice approved this" in text
    assert f"<!date^{int(PAST.timestamp())}" in text
    assert "Nothing was decided." in text
    assert "not what is asked now" in why(asks(), Conflict("other", about="content"))
    fault = InvalidDecision("no", fields=[FieldProblem("score", "is required")])
    assert "score is required" in why(asks(), fault)


def test_my_work_is_listed_with_the_way_to_each() -> None:
    request = changed(asks(title="Pay *bob* <!here>?", timeout=60), flow="pay")
    rows = [Waiting(request, LINK, "https://team.slack.example/archives/C1/p1"), Waiting(asks(), None)]
    found = listing(rows, total=2, inbox="https://inbox.example/")
    check_posting(found)
    text = shown(found.blocks)
    assert "Pay *bob* <!here>?" in text
    assert "|message>" in text
    assert "pay" in text
    assert "more in the inbox" not in text
    assert [block["accessory"]["url"] for block in found.blocks if "accessory" in block] == [LINK]


def test_more_work_than_fits_is_counted() -> None:
    found = listing([Waiting(asks(), LINK)] * 60, total=134, inbox=None)
    check_posting(found)
    assert "114 more in the inbox" in shown(found.blocks)


def test_no_work_is_said() -> None:
    found = listing([], total=0, inbox=LINK)
    check_posting(found)
    assert found.text == "Nothing waits for you."


def test_a_fraction_of_votes_is_counted() -> None:
    assert "0 of 2 needed" in told(
        Decided(asks(votes=[("alice", Verb.REJECT)]).decisions[0]), asks(quorum=at_least(2))
    )  # type: ignore[operator]
