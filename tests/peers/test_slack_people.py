"""Who is who in Slack: direct messages find people, people are found by what Slack vouches for, and `/handrail`."""

import pytest

from handrail import Actor
from handrail.people.facts import Role
from handrail.requests.request import HumanRequest
from tests.support.slack import User
from tests.support.slack.courier import PATIENCE
from tests.support.slack_office import BUTTON, ROOT, WAYS, Office, Way, decisions, office, text_of


async def _addresses(at: Office) -> dict[str, str]:
    return {each.address: each.person for each in await at.app.people.identities()}


async def _approved(at: Office, user: User, request: HumanRequest) -> str | None:
    """Let somebody press Approve in #deploys; returns whose decision that was."""
    message = at.posted()[-1]
    await at.slack.click(user, message, BUTTON["approve"])
    await at.slack.until(lambda: at.slack.ephemerals(user) or BUTTON["approve"] not in message.buttons)
    return (await at.now(request)).winner


@pytest.mark.parametrize("way", WAYS)
async def test_a_direct_message_finds_its_person_by_email_and_remembers_them(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open("slack:@alice")
        message = await at.message(at.slack.direct(at.alice))
        await at.settled(request)
        assert await _addresses(at) == {"T0HOME:U0ALICE": "alice"}
        await at.slack.click(at.alice, message, BUTTON["approve"])
        assert decisions(await at.decided(request)) == [("alice", "approve")]
        assert at.posted() == []
        await at.open("slack:@alice")
        await at.message(at.slack.direct(at.alice), 1)
        assert len(at.slack.calls("users.lookupByEmail")) == 1


async def test_a_stored_address_is_used_before_the_email() -> None:
    async with office() as at:
        await at.app.people.add_identity("alice", "slack", "T0OTHER:U0BOB", actor=ROOT)
        await at.app.people.add_identity("alice", "slack", "T0HOME:U0DAVE", actor=ROOT)
        request = await at.open("slack:@alice")
        message = await at.message(at.slack.direct(at.dave))
        await at.slack.click(at.dave, message, BUTTON["approve"])
        assert decisions(await at.decided(request)) == [("alice", "approve")]
        assert at.slack.calls("users.lookupByEmail") == []


async def test_an_address_that_is_taken_away_is_not_used_any_more() -> None:
    async with office() as at:
        await at.app.people.add_identity("alice", "slack", "T0HOME:U0DAVE", actor=ROOT)
        await at.settled(await at.open("slack:@alice"))
        await at.app.people.remove_identity("slack", "T0HOME:U0DAVE", actor=ROOT)
        await at.settled(await at.open("slack:@alice"))
        assert [len(at.posted(at.slack.direct(each))) for each in (at.dave, at.alice)] == [1, 1]


async def test_without_a_recipient_everybody_who_is_asked_gets_a_direct_message() -> None:
    async with office() as at:
        await at.app.people.set_group("release", ["alice", "bob"], actor=ROOT)
        request = await at.open("slack", audience="group:release")
        for user in (at.alice, at.bob):
            await at.message(at.slack.direct(user))
        await at.settled(request)
        assert len(at.slack.calls("chat.postMessage")) == 2


async def _nobody_knows(at: Office) -> str:
    await at.app.people.add("erin", actor=ROOT)
    return "erin"


async def _no_such_person(at: Office) -> str:
    return "frank"


async def _not_in_slack(at: Office) -> str:
    await at.app.people.add("erin", actor=ROOT, email="erin@example.com")
    return "erin"


async def _a_robot(at: Office) -> str:
    at.slack.user("U0ERIN", "erin", email="erin@example.com", bot=True)
    return await _not_in_slack(at)


async def _gone(at: Office) -> str:
    at.slack.user("U0ERIN", "erin", email="erin@example.com", deleted=True)
    return await _not_in_slack(at)


async def _elsewhere(at: Office) -> str:
    at.slack.user("U0ERIN", "erin", email="erin@example.com", team="T0OTHER")
    return await _not_in_slack(at)


async def _somebody_else_s(at: Office) -> str:
    await at.app.people.add_identity("carol", "slack", "T0HOME:U0DAVE", actor=ROOT)
    await at.app.people.add("erin", actor=ROOT, email="dave@example.com")
    return "erin"


async def _switched_off(at: Office) -> str:
    await at.app.people.add_identity("bob", "slack", "T0HOME:U0BOB", actor=ROOT)
    await at.app.people.change("bob", actor=ROOT, active=False)
    return "bob"


UNKNOWN = {
    "no email": (
        _nobody_knows,
        "nobody knows where 'erin' is in Slack, or they are switched off here: give them an email",
    ),
    "no such person": (_no_such_person, "nobody knows where 'frank' is in Slack"),
    "not in Slack": (_not_in_slack, "nobody there has this person's email"),
    "a robot": (_a_robot, "nobody there has this person's email"),
    "gone": (_gone, "nobody there has this person's email"),
    "in another workspace": (_elsewhere, "nobody there has this person's email"),
    "somebody else's": (_somebody_else_s, "who has the email of 'erin' in Slack is 'carol' here"),
    "switched off": (_switched_off, "nobody knows where 'bob' is in Slack"),
}


@pytest.mark.parametrize("how", UNKNOWN)
async def test_whom_nobody_finds_in_slack_the_outbox_says_so(how: str) -> None:
    finding, words = UNKNOWN[how]
    async with office() as at:
        name = await finding(at)
        request = await at.open(f"slack:@{name}", "slack:#deploys")
        await at.message()
        await at.until(lambda tx: any(each.error for each in tx.messages(request.id, 100)))
        (failing,) = [each for each in await at.messages(request) if each.error]
        assert failing.to == f"@{name}"
        assert words in (failing.error or "")
        assert len(at.slack.calls("chat.postMessage")) == 1


async def test_a_guest_of_the_workspace_is_who_has_their_email() -> None:
    async with office() as at:
        guest = at.slack.user("U0ERIN", "erin", email="erin@example.com", guest=True)
        at.deploys.members.add(guest.id)
        await at.app.people.add("erin", actor=ROOT, email="erin@example.com")
        request = await at.open()
        await at.message()
        assert await _approved(at, guest, request) == "erin"


async def test_nobody_becomes_a_person_by_an_email_that_this_workspace_does_not_vouch_for() -> None:
    async with office() as at:
        foreign = at.slack.user("U0FOREIGN", "alice", email="alice@example.com", team="T0OTHER")
        robot = at.slack.user("U0ROBOT", "robot", email="alice@example.com", bot=True)
        at.deploys.members |= {foreign.id, robot.id}
        request = await at.open()
        await at.message()
        assert await _approved(at, foreign, request) is None
        assert await _approved(at, robot, request) is None
        assert await _addresses(at) == {}
        assert "T0OTHER:U0FOREIGN" in text_of(at.slack.ephemerals(foreign)[0])
        assert (await at.now(request)).decisions == ()


async def test_the_same_user_id_of_another_workspace_is_another_person() -> None:
    async with office() as at:
        await at.app.people.add_identity("alice", "slack", "T0HOME:U0FOREIGN", actor=ROOT)
        foreign = at.slack.user("U0FOREIGN", "mallory", email="alice@example.com", team="T0OTHER")
        at.deploys.members.add(foreign.id)
        request = await at.open()
        message = await at.message()
        assert await _approved(at, foreign, request) is None
        await at.settled(request)
        await at.slack.type(foreign, at.deploys, "hello", message.ts)
        assert await at.comments(request) == []


async def test_an_address_stays_whose_it_was_when_emails_change() -> None:
    async with office() as at:
        first = await at.open()
        await at.message()
        assert await _approved(at, at.alice, first) == "alice"
        await at.app.people.change("alice", actor=ROOT, email="alice@other.example")
        at.alice.email = "bob@example.com"
        second = await at.open(proposal={"content": "version 5"})
        await at.message(number=1)
        assert await _approved(at, at.alice, second) == "alice"
        assert await _addresses(at) == {"T0HOME:U0ALICE": "alice"}


async def test_two_people_are_two_people() -> None:
    async with office() as at:
        request = await at.open("slack:@alice", "slack:@bob", audience=["alice", "bob"], quorum="all")
        messages = {user.name: await at.message(at.slack.direct(user)) for user in (at.alice, at.bob)}
        await at.slack.click(at.alice, messages["alice"], BUTTON["approve"])
        await at.shows(messages["bob"], "alice approved")
        await at.slack.click(at.bob, messages["bob"], BUTTON["approve"])
        assert decisions(await at.decided(request)) == [("alice", "approve"), ("bob", "approve")]


@pytest.mark.parametrize("way", WAYS)
async def test_who_presses_while_slack_can_not_be_asked_is_told_to_try_again(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        message = await at.message()
        at.slack.refuse_next("users.info", "internal_error", status=500)
        assert (await at.slack.click(at.alice, message, BUTTON["approve"])).acknowledged
        await at.word(at.alice, "Try it again")
        assert (await at.now(request)).decisions == ()
        assert await _approved(at, at.alice, request) == "alice"


async def test_a_word_is_told_again_when_slack_can_not_say_whose_it_is() -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        at.slack.patience = 0.5
        at.slack.refuse_next("users.info", "internal_error", status=500)
        sent = await at.slack.type(at.alice, at.deploys, "hello", message.ts)
        assert sent is not None
        assert not sent.acknowledged
        at.slack.patience = PATIENCE
        again = await at.slack.retry(sent)
        assert again is not None
        assert again.acknowledged
        assert await at.comments(request) == [("alice", "hello")]


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_is_lost_that_comes_in_while_slack_does_not_say_whose_app_this_is(way: Way) -> None:
    async with office(way=way) as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        at.slack.patience = 0.5
        at.slack.refuse_next("auth.test", "internal_error", status=500)
        sent = await at.slack.type(at.alice, at.deploys, "hello", message.ts)
        assert sent is not None
        assert not sent.acknowledged
        at.slack.patience = PATIENCE
        assert await at.slack.retry(sent) is not None
        assert await at.comments(request) == [("alice", "hello")]


@pytest.mark.parametrize("organisation", ["E0OURS", "E0THEIRS"])
async def test_who_writes_as_one_of_our_organisation_is_one_of_this_workspace(organisation: str) -> None:
    async with office() as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        said = await at.slack.type(at.alice, at.deploys, "hello", message.ts, hold=True)
        assert said is not None
        said.payload["event"]["user_team"] = organisation
        said.payload["authorizations"][0]["enterprise_id"] = "E0OURS"
        await at.slack.send(said)
        if organisation == "E0THEIRS":
            await at.word(at.alice, "(E0THEIRS:U0ALICE) belongs to nobody here")
        mine = [("alice", "hello")] if organisation == "E0OURS" else []
        assert await at.comments(request) == mine


async def test_slack_is_answered_in_time_even_if_it_does_not_say_whose_app_this_is() -> None:
    async with office(way="http") as at:
        request = await at.open()
        message = await at.message()
        await at.settled(request)
        at.slack.patience = 10.0
        hold = at.slack.hold_next("auth.test")
        sent = await at.slack.type(at.alice, at.deploys, "hello", message.ts)
        assert sent is not None
        assert sent.status == 503, "it is answered, so that Slack tells it again"
        hold.release()
        assert await at.slack.retry(sent) is not None
        assert await at.comments(request) == [("alice", "hello")]


@pytest.mark.parametrize("way", WAYS)
async def test_the_command_lists_mine_the_most_urgent_first(way: Way) -> None:
    async with office(way=way) as at:
        await at.open(title="later", timeout=7200, audience="alice")
        await at.open(title="of bob", audience="bob")
        await at.open(title="soon <!channel>", timeout=600, audience=["alice", "bob"])
        await at.open(title="held", audience=["alice", "bob"])
        (held,) = [each for each in await at.all_open() if each.draft.title == "held"]
        await at.app.inbox.claim(held.id, actor=Actor("bob"))
        assert (await at.slack.command(at.alice, "/handrail")).acknowledged
        text = text_of(await at.word(at.alice, "My open work"))
        assert text.index("soon &lt;!channel&gt;") < text.index("later")
        assert "of bob" not in text
        assert "held" not in text
        assert at.slack.messages(at.slack.direct(at.alice)) == []


async def test_the_command_says_how_much_more_there_is() -> None:
    async with office() as at:
        for number in range(25):
            await at.open(title=f"number {number:02}", timeout=600 + number)
        await at.slack.command(at.alice, "/handrail", "whatever else")
        text = text_of(await at.word(at.alice, "5 more in the inbox"))
        assert "number 19" in text
        assert "number 20" not in text


async def test_the_command_says_that_nothing_waits_and_who_is_nobody() -> None:
    async with office() as at:
        await at.slack.command(at.alice, "/handrail", channel=at.deploys)
        await at.word(at.alice, "Nothing waits for you")
        await at.open()
        await at.slack.command(at.dave, "/handrail", channel=at.deploys)
        word = await at.word(at.dave, "belongs to nobody here")
        assert "Deploy" not in text_of(word)
        await at.app.people.change("bob", actor=ROOT, role=Role.VIEWER)
        await at.slack.command(at.bob, "/handrail", channel=at.deploys)
        await at.word(at.bob, "Nothing waits for you")


async def test_the_command_is_answered_while_slack_can_not_be_asked() -> None:
    async with office() as at:
        await at.open()
        at.slack.refuse_next("users.info", "internal_error", status=500)
        await at.slack.command(at.alice, "/handrail")
        await at.word(at.alice, "Try it again")
        assert at.slack.troubles(at.alice) == []
