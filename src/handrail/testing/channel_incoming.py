"""What a channel must do with what people do there: let through what counts, once, and nothing else."""

from collections.abc import Awaitable, Callable
from unittest import SkipTest

from handrail.requests.decision import Strength, Verb
from handrail.requests.lifecycle import Commented
from handrail.requests.request import HumanRequest, Status
from handrail.testing.channel_desk import OPERATOR, ChannelDesk, channel_desk
from handrail.testing.channel_outgoing import check_ended, offers
from handrail.testing.other_side import OtherSide


def needs(side: OtherSide, *verbs: str) -> None:
    """Skip what a channel can't be asked for that doesn't receive these verbs."""
    if missing := set(verbs) - {str(verb) for verb in side.verbs}:
        raise SkipTest(f"nobody can {', '.join(sorted(missing))} through this channel")


def needs_comments(side: OtherSide) -> None:
    """Skip what a channel can't be asked for that doesn't receive comments."""
    if not side.comments:
        raise SkipTest("nobody can comment through this channel")


async def check_refused(
    desk: ChannelDesk, request: HumanRequest, name: str, act: Callable[[], Awaitable[None]]
) -> str:
    """Let somebody do what they may not: nothing has changed, and they were told why. Returns what they were told."""
    before, told = await desk.events(request), len(await desk.side.told(desk.side.addresses[name]))
    await act()
    assert await desk.events(request) == before, "nothing has changed"
    words = list(await desk.side.told(desk.side.addresses[name]))[told:]
    assert words or not desk.side.explains, f"{name} was not told why"
    return " ".join(words)


class IncomingContract:
    """What comes in."""

    async def test_a_decision_comes_back_with_who_made_it(self, side: OtherSide) -> None:
        needs(side, "approve", "reject")
        async with channel_desk(side) as desk:
            for number, (name, verb, comment) in enumerate(
                (("alice", "approve", ""), ("bob", "reject", "too loud"))
            ):
                request = await desk.open()
                await desk.deliver()
                await side.act(side.addresses[name], await desk.seen_by(request, number), verb, comment)
                decided = await desk.stored(request)
                assert decided.status is Status.RESOLVED
                (decision,) = decided.decisions
                assert (decision.actor, decision.verb, decision.comment or "") == (name, verb, comment)
                assert (decision.strength, decision.channel) == (Strength.CHANNEL, side.name)
                await desk.deliver()
                await check_ended(desk, request, name)

    async def test_votes_are_counted_by_person(self, side: OtherSide) -> None:
        needs(side, "approve", "reject")
        async with channel_desk(side) as desk:
            request = await desk.open(quorum="all")
            await desk.deliver()
            await side.act(side.addresses["alice"], await desk.seen_by(request), "approve")
            assert (await desk.stored(request)).status is Status.OPEN
            await desk.deliver()
            await side.act(side.addresses["bob"], await desk.seen_by(request, 1), "approve")
            decided = await desk.stored(request)
            assert {vote.actor for vote in decided.decisions} == {"alice", "bob"}
            assert decided.outcome is not None
            assert decided.outcome.verb is Verb.APPROVE

    async def test_a_comment_comes_back_and_is_not_told_where_it_came_from(self, side: OtherSide) -> None:
        needs_comments(side)
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            await side.say(side.addresses["alice"], await desk.seen_by(request), "Which cake?")
            said = [event.move for event in await desk.events(request) if isinstance(event.move, Commented)]
            assert [(each.by, each.text) for each in said] == [("alice", "Which cake?")]
            await desk.deliver()
            if side.channel.follows:
                heard = [words for words in await side.said() if "Which cake?" in words]
                assert len(heard) == len(side.recipients) - 1

    # -- who may not --------------------------------------------------------------------------------------------------

    async def test_a_stranger_decides_nothing(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open(audience=None)
            await desk.deliver()
            shown = await desk.seen_by(request)
            told = await check_refused(
                desk, request, "mallory", lambda: side.act(side.addresses["mallory"], shown, "approve")
            )
            assert "hello" not in told

    async def test_who_is_not_asked_decides_nothing(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            shown = await desk.seen_by(request)
            await check_refused(
                desk, request, "carol", lambda: side.act(side.addresses["carol"], shown, "approve")
            )

    async def test_who_was_switched_off_decides_nothing(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            shown = await desk.seen_by(request)
            await desk.app.people.change("alice", actor=OPERATOR, active=False)
            await check_refused(
                desk, request, "alice", lambda: side.act(side.addresses["alice"], shown, "approve")
            )

    async def test_a_viewer_decides_nothing(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            shown = await desk.seen_by(request)
            await desk.app.people.change("alice", actor=OPERATOR, role="viewer")
            await check_refused(
                desk, request, "alice", lambda: side.act(side.addresses["alice"], shown, "approve")
            )

    async def test_where_a_session_is_demanded_the_channel_is_not_enough(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open(require="session")
            await desk.deliver()
            shown = await desk.seen_by(request)
            await check_refused(
                desk, request, "alice", lambda: side.act(side.addresses["alice"], shown, "approve")
            )

    async def test_what_nobody_can_verify_decides_nothing(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            shown = await desk.seen_by(request)
            before = await desk.events(request)
            await side.forged(side.addresses["alice"], shown, "approve")
            assert await desk.events(request) == before
            await side.act(side.addresses["alice"], shown, "approve")
            assert (await desk.stored(request)).ended, "and what can be verified still does"

    async def test_what_was_not_offered_decides_nothing(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open(verbs=[Verb.REJECT])
            await desk.deliver()
            shown = await desk.seen_by(request)
            await check_refused(
                desk, request, "alice", lambda: side.act(side.addresses["alice"], shown, "approve")
            )

    # -- again, late, and out of order --------------------------------------------------------------------------------

    async def test_what_is_received_five_times_and_out_of_order_happens_once(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open(quorum="all")
            await desk.deliver()
            shown = await desk.seen_by(request)
            done = 0
            if side.comments:
                for text in ("Which cake?", "The one with cream."):
                    await side.say(side.addresses["alice"], shown, text)
                    done += 1
            await side.act(side.addresses["alice"], shown, "approve")
            before = await desk.events(request)
            for _ in range(4):
                for number in reversed(range(done + 1)):
                    await side.again(number)
            assert await desk.events(request) == before

    async def test_what_is_received_again_after_the_end_changes_nothing(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            await side.act(side.addresses["alice"], await desk.seen_by(request), "approve")
            await desk.deliver()
            before = await desk.events(request)
            await side.again(0)
            assert await desk.events(request) == before
            await desk.deliver()
            await check_ended(desk, request, "alice")

    async def test_who_is_second_hears_who_was_first(self, side: OtherSide) -> None:
        needs(side, "approve", "reject")
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.deliver()
            shown = await desk.seen_by(request, 1)
            await desk.decide(request, "alice", "approve")
            told = await check_refused(
                desk, request, "bob", lambda: side.act(side.addresses["bob"], shown, "reject", "too loud")
            )
            assert "alice" in told or not side.explains

    async def test_a_decision_on_what_was_replaced_counts_for_nothing(self, side: OtherSide) -> None:
        needs(side, "approve")
        async with channel_desk(side) as desk:
            old = await desk.open()
            await desk.deliver()
            shown = await desk.seen_by(old)
            new = await desk.open({"content": "hello again"}, previous=old.id)
            before = await desk.events(new)
            await check_refused(
                desk, old, "alice", lambda: side.act(side.addresses["alice"], shown, "approve")
            )
            assert await desk.events(new) == before
            await desk.deliver()
            assert bool(offers(await desk.seen_by(new)))
