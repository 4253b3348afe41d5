"""What a channel must come through: an other side that can't be reached, and a process that dies while it sends."""

from unittest import SkipTest

from handrail.app import App
from handrail.flows.approval import HumanApprovalNode
from handrail.inbox import views
from handrail.inbox.channel import Channel
from handrail.requests.decision import Actor
from handrail.testing.channel_desk import PEOPLE, channel_desk
from handrail.testing.channel_outgoing import check_ended, offers
from handrail.testing.clock import TurnableClock
from handrail.testing.other_side import OtherSide
from handrail.testing.store_units import until

HOUR = 3600.0


def needs_a_way_down(side: OtherSide) -> None:
    """Skip what can't happen to a channel that reaches nothing over a distance."""
    if not side.can_be_down:
        raise SkipTest("there is nothing that this channel could fail to reach")


class TroubleContract:
    """What goes wrong."""

    async def test_what_was_asked_while_it_was_down_is_told_once_it_is_up(self, side: OtherSide) -> None:
        needs_a_way_down(side)
        async with channel_desk(side) as desk:
            known = await desk.open()
            await desk.deliver()
            await side.down()
            opened = [await desk.open() for _ in range(10)]
            await desk.deliver()
            await desk.decide(opened[0], "alice", "approve")
            await desk.decide(known, "alice", "approve")
            for _ in range(60):
                await desk.turn(HOUR / 60)
            waiting = await desk.messages(opened[1])
            assert {message.state for message in waiting} == {"pending"}, "nothing is given up"
            assert all(message.error for message in waiting[-1:]), "and it says what is wrong"
            await side.up()
            await desk.settle()
            await check_ended(desk, known, "alice")
            assert all(not offers(shown) for shown in await desk.shown(opened[0]))
            for request in opened[1:]:
                found = await desk.everything(request)
                assert sorted(shown.to for shown in found) == sorted(side.recipients), "each once"
                assert {message.state for message in await desk.messages(request)} == {"sent"}

    async def test_a_channel_that_is_down_blocks_no_run(self, side: OtherSide) -> None:
        needs_a_way_down(side)
        async with channel_desk(side):
            pass  # whatever the channel needs to have been opened once
        await side.down()
        channels = [f"{side.name}:{to}" for to in side.recipients]
        app = App(store="memory://", channels={side.name: side.channel}, clock=TurnableClock())
        app.flow("asks", HumanApprovalNode(audience=list(PEOPLE), channels=channels))
        async with app:
            run = await app.start("asks", {"content": "hello"})
            await until(lambda: run.status == "WAITING")
            (request,) = await views.requests(app.store)
            await app.inbox.decide(request.id, "approve", actor=Actor("alice"))
            assert (await run.result(timeout=60))["approved"] is True
        await side.up()

    async def test_killed_between_sending_and_noting_it_people_see_it_once(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.die_while_delivering()
            await desk.deliver()
            assert {shown.to for shown in await desk.shown(request)} == set(side.recipients)
            if type(side.channel).find is not Channel.find:
                assert len(await desk.everything(request)) == len(side.recipients), (
                    "it can look what is there"
                )
            await desk.decide(request, "alice", "approve")
            await desk.deliver()
            await check_ended(desk, request, "alice")

    async def test_what_was_sent_by_a_process_that_died_ends_with_its_request(self, side: OtherSide) -> None:
        async with channel_desk(side) as desk:
            request = await desk.open()
            await desk.die_while_delivering()
            before = {shown.to for shown in await desk.everything(request)}
            assert before, "something had been sent"
            await desk.decide(request, "alice", "approve")
            await desk.deliver()
            found = await desk.shown(request)
            assert {shown.to for shown in found} >= before
            assert all(not offers(shown) and "alice" in shown.text for shown in found)
            assert {message.state for message in await desk.messages(request)} == {"sent"}
