"""What a channel must put before people, and keep true."""

import unicodedata
from collections import Counter
from unittest import SkipTest

from handrail.requests.decision import Actor, Verb
from handrail.requests.policy import escalation
from handrail.requests.request import HumanRequest
from handrail.testing.channel_desk import OPERATOR, ChannelDesk, channel_desk
from handrail.testing.other_side import OtherSide, Shown

HOSTILE = (
    "<script>alert(1)</script><b onmouseover=x>bold</b>",
    "<!channel> <@U0123> <https://evil.example|your bank>",
    "&lt;i&gt; &amp;amp; &#60;",
    "{{7*7}} ${7*7} %s %(x)s {0}",
    "=1+1 -- ; ' <!--",
)
"""texts that somewhere mean something else than what they say"""
UNSEEN = ("user\u202egnp.exe", "a\x1b[2Jb", "left\u2066right", "one\x00two", "bell\x07end")
"""texts with characters that nobody sees, and that make others read otherwise"""
LONG = 400_000


def squeezed(text: str) -> str:
    """Return a text without its white space: how a line is broken is the other side's business."""
    return "".join(text.split())


def offers(shown: Shown) -> set[str]:
    """Return what somebody is offered to decide there."""
    return {str(verb) for verb in shown.verbs}


async def check_ended(desk: ChannelDesk, request: HumanRequest, *words: str) -> None:
    """Whoever has seen a request reads how it has ended, and is offered nothing."""
    found = await desk.shown(request)
    assert {shown.to for shown in found} == set(desk.side.recipients)
    for shown in found:
        assert not offers(shown), f"{shown.to} is still offered {offers(shown)}"
        for word in words:
            assert word.casefold() in shown.text.casefold(), f"{shown.to} doesn't read {word!r}"


class OutgoingContract:
    """What goes out."""

    async def test_people_see_what_they_judge_and_what_they_may_do(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open({"content": "Cake at four."}, context={"why": "a birthday"})
            await desk.deliver()
            asked = {str(verb) for verb in request.draft.verbs}
            for number in (0, 1):
                shown = await desk.seen_by(request, number)
                for part in ("Cake at four.", "a birthday"):
                    assert squeezed(part).casefold() in squeezed(shown.text).casefold()
                assert offers(shown) == asked & {str(verb) for verb in side.verbs}

    async def test_only_what_may_be_decided_is_offered(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open(verbs=[Verb.REJECT])
            await desk.deliver()
            assert offers(await desk.seen_by(request)) <= {"reject"}

    async def test_content_is_text_and_nothing_else(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            texts = [*HOSTILE, *UNSEEN]
            request = await desk.open({"content": "\n".join(texts), "list": texts}, context={"said": texts})
            await desk.deliver()
            assert len(await desk.everything(request)) == len(side.recipients)
            for shown in await desk.shown(request):
                for text in HOSTILE:
                    assert squeezed(text) in squeezed(shown.text)
                odd = {each for each in shown.text if unicodedata.category(each) in ("Cc", "Cf")} - set(
                    "\n\t\r"
                )
                assert not odd, f"people see what is not there: {odd}"
                assert offers(shown) <= {str(verb) for verb in request.draft.verbs}

    async def test_what_was_cut_is_not_offered_for_approval(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open({"content": "word " * (LONG // 5) + "the very end"})
            await desk.deliver()
            for shown in await desk.shown(request):
                whole = squeezed("the very end") in squeezed(shown.text)
                assert whole or "approve" not in offers(shown), "nobody approves what they haven't seen"

    async def test_each_recipient_gets_it_once(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            one, two = side.recipients
            request = await desk.open(to=[one, two, one])
            alone = await desk.open(to=[two])
            await desk.deliver()
            await desk.deliver()
            assert Counter(shown.to for shown in await desk.everything(request)) == {one: 1, two: 1}
            assert Counter(shown.to for shown in await desk.everything(alone)) == {two: 1}

    # -- what changes -------------------------------------------------------------------------------------------------

    async def test_a_claim_is_seen_and_its_release(self, side: OtherSide) -> None:
        if not (side.channel.follows and side.updates):
            raise SkipTest("what the channel has sent stays as it is")
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            before = [shown.text for shown in await desk.everything(request)]
            await desk.app.inbox.claim(request.id, actor=Actor("alice"))
            await desk.deliver()
            claimed = await desk.everything(request)
            assert all("alice" in shown.text and shown.text not in before for shown in claimed)
            await desk.app.inbox.release(request.id, actor=Actor("alice"))
            await desk.deliver()
            released = await desk.everything(request)
            assert not {shown.text for shown in released} & {shown.text for shown in claimed}
            assert len(released) == len(side.recipients)

    async def test_votes_are_seen(self, side: OtherSide) -> None:
        if not (side.channel.follows and side.updates):
            raise SkipTest("what the channel has sent stays as it is")
        async with channel_desk(side) as desk:
            request = await desk.open(quorum="all")
            await desk.deliver()
            before = {shown.text for shown in await desk.everything(request)}
            await desk.decide(request, "alice", "approve")
            await desk.deliver()
            after = {shown.text for shown in await desk.everything(request)}
            assert len(after - before) == len(after)
            assert len(await desk.everything(request)) == len(side.recipients)

    async def test_nobody_gets_it_twice_because_others_are_asked(self, side: OtherSide) -> None:
        if not side.channel.follows:
            raise SkipTest("the channel doesn't follow: it tells everything that happens")
        async with channel_desk(side) as desk:
            request = await desk.open(audience="alice", escalations=[escalation(60, "bob")])
            await desk.app.inbox.reassign(request.id, ["alice", "carol"], actor=OPERATOR)
            await desk.deliver()
            await desk.turn(60)
            assert sorted(shown.to for shown in await desk.everything(request)) == sorted(side.recipients)
            assert (await desk.stored(request)).escalated == 1

    # -- how it ends --------------------------------------------------------------------------------------------------

    async def test_a_decision_elsewhere_ends_it_here(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            approved, rejected = await desk.open(), await desk.open()
            await desk.deliver()
            await desk.decide(approved, "alice", "approve")
            await desk.decide(rejected, "bob", "reject", comment="too loud")
            await desk.deliver()
            await check_ended(desk, approved, "alice")
            await check_ended(desk, rejected, "bob")

    async def test_what_expires_says_so(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open(timeout=60, on_timeout=None)
            await desk.deliver()
            await desk.turn(60)
            await check_ended(desk, request, side.ended["expired"])

    async def test_what_is_withdrawn_says_so(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            await desk.app.inbox.withdraw(request.id, actor=OPERATOR)
            await desk.deliver()
            await check_ended(desk, request, side.ended["withdrawn"])

    async def test_what_a_next_revision_replaces_says_so(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            old = await desk.open()
            await desk.deliver()
            new = await desk.open({"content": "hello again"}, previous=old.id)
            await desk.deliver()
            await check_ended(desk, old, side.ended["replaced"])
            for number in (0, 1):
                shown = await desk.seen_by(new, number)
                assert squeezed("hello again") in squeezed(shown.text)
                assert bool(offers(shown)) == bool(side.verbs)

    async def test_what_has_ended_before_it_was_delivered_asks_nobody(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.decide(request, "alice", "approve")
            await desk.deliver()
            found = await desk.everything(request)
            assert not found if side.channel.follows else all(not offers(shown) for shown in found)

    # -- what is said -------------------------------------------------------------------------------------------------

    async def test_reminders_and_comments_arrive(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open(reminders=[60])
            await desk.deliver()
            silence = len(await side.said())
            await desk.turn(60)
            assert len(await side.said()) == silence + len(side.recipients)
            await desk.comment(request, "bob", "Which cake?")
            await desk.deliver()
            heard = [words for words in await side.said() if "Which cake?" in words]
            assert len(heard) == len(side.recipients)
            assert all("bob" in words for words in heard)
            assert len(await desk.shown(request)) == len(side.recipients), "they still see it, once"

    async def test_a_comment_from_before_it_was_delivered_arrives_after_it(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.comment(request, "bob", "Which cake?")
            await desk.deliver()
            assert sum("Which cake?" in words for words in await side.said()) == len(side.recipients)
            assert len(await desk.shown(request)) == len(side.recipients)
