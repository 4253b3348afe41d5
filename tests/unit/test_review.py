"""`MultiReviewerNode`, against a judge that tries every way in which the missing reviewers may still vote."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import permutations, product
from typing import Any

import pytest

from handrail import Actor, App, Audience, InvalidInput, MultiReviewerNode, StepFailed, escalation, outcome
from handrail.flows.review import review_result
from handrail.inbox import moves, views
from handrail.requests.content import content_hash
from handrail.requests.decision import Decision, Verb
from handrail.requests.judgement import judge
from handrail.requests.lifecycle import Decided, Event, Resolved, apply
from handrail.requests.policy import Policy
from handrail.requests.record import read_request, write_draft, write_state
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.testing.clock import TurnableClock
from handrail.testing.replay import replay
from tests.support.journey_runs import asked, say, working
from tests.support.requests_desk import NOW

Data = dict[str, Any]
PEOPLE = ("ann", "bob", "cem", "dia")
VOTES = (Verb.APPROVE, Verb.REJECT, Verb.ABSTAIN)
THRESHOLDS = (0, 0.25, 1 / 3, 0.5, 0.66, 0.7, 0.75, 1)
HUMAN = {"decided_by", "timestamp", "comment", "request_id"}
REVIEWED = {"reviews", "approval_rate", "approved", "total_reviewers"} | HUMAN


def verdict(votes: dict[str, Verb], people: Sequence[str], threshold: float) -> bool | None:
    """The brute-force judge: what all completions of the votes agree on, None if they don't or nobody has voted."""
    missing = [name for name in people if name not in votes]
    results = set()
    for rest in product((*VOTES, None), repeat=len(missing)):
        full = {**votes, **dict(zip(missing, rest, strict=True))}
        yes = len([name for name in people if full[name] is Verb.APPROVE])
        results.add(Fraction(yes, len(people)) >= Fraction(repr(threshold)))
    return results.pop() if votes and len(results) == 1 else None


def opened(node: MultiReviewerNode, people: tuple[str, ...]) -> HumanRequest:
    """The node's request as the inbox would open it, without any store."""
    draft = RequestDraft("review", "Review", {"content": "x"}, (Verb.APPROVE, Verb.REJECT), node.policy)
    shown = content_hash(draft.shown)
    return HumanRequest("req_1", draft, shown, "req_1", 1, NOW, node.policy.audience, people)


def voted(request: HumanRequest, who: str, verb: Verb) -> HumanRequest:
    """The request after one more vote, ended if that is the outcome."""
    request = apply(request, Event(request.id, NOW, who, Decided(Decision(verb, who, NOW))))
    if (result := judge(request, NOW)) is not None:
        request = apply(request, Event(request.id, NOW, who, Resolved(result)))
    return request


@pytest.mark.parametrize("n", range(1, 5))
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_it_ends_exactly_when_nothing_can_change_in_every_order_and_with_changed_votes(
    threshold: float, n: int
) -> None:
    people = PEOPLE[:n]
    pending, seen = [opened(MultiReviewerNode(people, threshold), people)], set()
    while pending:  # every state that any sequence of votes, changed ones too, leads to
        request = pending.pop()
        for who, verb in product(people, VOTES):
            after = voted(request, who, verb)
            order = tuple((vote.actor, vote.verb) for vote in after.decisions)
            if order in seen:
                continue
            seen.add(order)
            expected = verdict(dict(order), people, threshold)
            assert (after.outcome.approved if after.outcome else None) is expected, (order, after.outcome)
            if after.ended:
                check_result(review_result(after), order, people, bool(expected))
            else:
                pending.append(after)
    assert seen


def check_result(
    result: Data, order: Sequence[tuple[str, Verb]], people: Sequence[str], approved: bool
) -> None:
    expected = [(who, verb is Verb.APPROVE) for who, verb in order]
    assert [(review["reviewer"], review["approved"]) for review in result["reviews"]] == expected
    assert result["approval_rate"] == sum(yes for _, yes in expected) / len(people)
    assert (result["approved"], result["total_reviewers"]) == (approved, len(people))
    assert result.keys() == REVIEWED | (set() if approved else {"reason"})


@pytest.mark.parametrize("threshold", THRESHOLDS)
async def test_it_ends_exactly_then_in_an_app_too(threshold: float) -> None:
    ballots = [
        *product(VOTES, repeat=2),
        (Verb.APPROVE, Verb.APPROVE, Verb.REJECT),
        (Verb.REJECT, Verb.ABSTAIN, Verb.APPROVE),
        (Verb.REJECT, Verb.APPROVE, Verb.APPROVE),
    ]
    async with App(store="memory://", groups={"two": PEOPLE[:2], "three": PEOPLE[:3]}).work() as app:
        for size, group in ((2, "group:two"), (3, "group:three")):
            app.flow(group, MultiReviewerNode([group], threshold))
            for ballot in (each for each in ballots if len(each) == size):
                for order in permutations(zip(PEOPLE, ballot, strict=False)):
                    await check_run(app, group, order, PEOPLE[:size], threshold)


async def check_run(
    app: App, flow: str, order: Sequence[tuple[str, Verb]], people: Sequence[str], threshold: float
) -> None:
    run = await app.start(flow, {"content": "x"})
    (request,) = await asked(app, run_id=run.id)
    assert request.asked == tuple(people)
    given: dict[str, Verb] = {}
    for who, verb in order:
        request = await app.inbox.decide(request.id, verb, actor=Actor(who))
        given[who] = verb
        expected = verdict(given, people, threshold)
        assert request.ended is (expected is not None)
        if request.ended:
            check_result(without_content(await run.result(60)), list(given.items()), people, bool(expected))
            return
    raise AssertionError("everybody has voted and it goes on")


def without_content(result: Data) -> Data:
    assert result.pop("content") == "x"
    return result


@pytest.mark.parametrize(("threshold", "asked_people", "must"), [(0.66, 3, 2), (0.67, 3, 3), (0.7, 10, 7)])
def test_rates_are_judged_exactly(threshold: float, asked_people: int, must: int) -> None:
    people = tuple(f"person {number}" for number in range(asked_people))
    request = opened(MultiReviewerNode(people, threshold), people)
    for count, name in enumerate(people[:must], 1):
        request = voted(request, name, Verb.APPROVE)
        assert request.ended is (count == must)


async def test_everybody_is_asked_at_once_and_what_they_said_is_in_the_result() -> None:
    async with working(MultiReviewerNode(["bob", "ann", "cem"], 0.66)) as app:
        run = await app.start("flow", {"content": "the text", "id": "post_1", "n": 1})
        (request,) = await asked(app)
        assert (request.asked, request.draft.title) == (("bob", "ann", "cem"), "Review post_1")
        assert request.draft.proposal == {"content": "the text"}
        assert request.draft.verbs == (Verb.APPROVE, Verb.REJECT)
        for who, verb, comment in (
            ("cem", "reject", "dull"),
            ("bob", "approve", None),
            ("ann", "approve", "ok"),
        ):
            request = await app.inbox.decide(request.id, verb, actor=Actor(who), comment=comment)
        result = await run.result(60)
    assert result.keys() == {"content", "id", "n"} | REVIEWED
    assert [(each["reviewer"], each["approved"], each["comments"]) for each in result["reviews"]] == [
        ("cem", False, "dull"),
        ("bob", True, ""),
        ("ann", True, "ok"),
    ]
    assert all(each["timestamp"].endswith("Z") for each in result["reviews"])
    assert (result["approved"], result["approval_rate"], result["total_reviewers"]) == (True, 2 / 3, 3)
    assert (result["decided_by"], result["request_id"]) == ("bob, ann", request.id)


async def test_a_changed_vote_counts_once_and_comes_last() -> None:
    async with working(MultiReviewerNode(["ann", "bob", "cem"], 1)) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        for who, verb in (("ann", "approve"), ("bob", "approve"), ("ann", "reject")):
            await app.inbox.decide(request.id, verb, actor=Actor(who))
        result = await run.result(60)
    votes = [(each["reviewer"], each["approved"]) for each in result["reviews"]]
    assert votes == [("bob", True), ("ann", False)]
    assert (result["approved"], result["approval_rate"]) == (False, 1 / 3)


@pytest.mark.parametrize(("on_timeout", "approved"), [("reject", False), ("approve", True)])
@pytest.mark.parametrize("threshold", [0, 0.5])
async def test_after_a_timeout_the_policy_counts_and_not_the_rate(
    threshold: float, on_timeout: Any, approved: bool
) -> None:
    clock = TurnableClock()
    node = MultiReviewerNode(["ann", "bob", "cem"], threshold, timeout=60, on_timeout=on_timeout)
    async with working(node, clock=clock) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        if threshold:
            await app.inbox.decide(request.id, "approve", actor=Actor("ann"), comment="yes")
        clock.turn(60)
        result = await run.result(60)
    assert (result["approved"], result["reason"], result["timeout_seconds"]) == (approved, "timeout", 60)
    assert (result["decided_by"], len(result["reviews"])) == (None, 1 if threshold else 0)
    assert (result["approval_rate"], result["total_reviewers"]) == (1 / 3 if threshold else 0, 3)


async def test_what_a_timeout_comes_to_may_be_given_and_a_request_may_expire() -> None:
    for on_timeout, expected in (
        (outcome("approve", comment="as always"), (True, "timeout")),
        (None, (False, "expired")),
    ):
        clock = TurnableClock()
        async with working(MultiReviewerNode(["ann"], timeout=60, on_timeout=on_timeout), clock=clock) as app:
            run = await app.start("flow", {"content": "x"})
            await asked(app)
            clock.turn(60)
            result = await run.result(60)
            assert (result["approved"], result["reason"]) == expected


async def test_a_withdrawn_review_is_not_approved() -> None:
    async with working(MultiReviewerNode(["ann", "bob"], 0)) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        await app.inbox.withdraw(request.id, actor=Actor("ops"))
        result = await run.result(60)
    assert (result["approved"], result["reason"], result["reviews"]) == (False, "withdrawn", [])


async def test_reassigning_silence_is_no_consent_and_strangers_votes_go() -> None:
    async with working(MultiReviewerNode(["ann", "bob"], 0)) as app:
        await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        assert not (await app.inbox.reassign(request.id, ["cem"], actor=Actor("ops"))).ended
    async with working(MultiReviewerNode(["ann", "bob", "cem"], 1)) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        await app.inbox.decide(request.id, "approve", actor=Actor("ann"))
        await app.inbox.reassign(request.id, ["bob"], actor=Actor("ops"))
        await app.inbox.decide(request.id, "approve", actor=Actor("bob"))
        result = await run.result(60)
    assert [each["reviewer"] for each in result["reviews"]] == ["bob"]
    assert (result["approval_rate"], result["total_reviewers"]) == (1, 1)


async def test_it_can_be_replayed() -> None:
    node = MultiReviewerNode(["carol", "group:legal"], 0.6, escalations=[escalation(60, "dave")])
    result = await replay(node, {"content": "x"}, groups={"legal": ["erin", "carol"]})
    assert (result["total_reviewers"], result["approved"]) == (2, True)
    result = await replay(node, {"content": "x"}, answers=["reject"], groups={"legal": ["erin", "carol"]})
    assert (result["approval_rate"], result["approved"], "reason" in result) == (0, False, True)


@pytest.mark.parametrize(
    ("reviewers", "message"),
    [
        ([], "there are no reviewers"),
        (["ann", "bob", "ann"], "reviewer 'ann' is named twice"),
        (["group:a", "group:a"], "reviewer 'group:a' is named twice"),
        (["ann", ""], "no empty text"),
        (["group: "], "no empty text"),
        ([None], "a reviewer is a name"),
        ("ann", r"one text: give a list, \['ann'\]"),
        ({"ann", "bob"}, "not set"),
        (None, "not NoneType"),
        (Audience(("ann",)), "not Audience"),
    ],
)
def test_reviewers_are_a_list_of_different_names(reviewers: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        MultiReviewerNode(reviewers)


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan"), float("inf"), True, "0.5", None])
def test_a_threshold_is_a_number_from_0_to_1(threshold: Any) -> None:
    with pytest.raises(InvalidInput, match="approval_threshold"):
        MultiReviewerNode(["ann"], threshold)


def test_options_that_are_none_of_this_node_are_refused() -> None:
    with pytest.raises(InvalidInput, match="approval_threshold"):
        MultiReviewerNode(["ann"], quorum="all")
    with pytest.raises(InvalidInput, match="there is no option 'audiance'"):
        MultiReviewerNode(["ann"], audiance="ann")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("reviewers", "audience", "stranger"),
    [
        (["ann", "zoe"], ["ann", "bob"], "zoe"),
        (["ann", "zoe"], Audience(("ann", "zoe"), (), ("zoe",)), "zoe"),
        (["ann", "zoe"], Audience((), ("legal",), ("zoe",)), "zoe"),
        (["ann", "zoe"], Audience((), (), ("zoe",)), "zoe"),
    ],
)
def test_a_reviewer_outside_the_audience_is_refused_when_built(
    reviewers: list[str], audience: Any, stranger: str
) -> None:
    with pytest.raises(InvalidInput, match=f"'{stranger}' is to be asked and is not in the audience"):
        MultiReviewerNode(reviewers, audience=audience)


@pytest.mark.parametrize(
    ("reviewers", "audience", "stranger"),
    [
        (["ann", "zoe"], ["ann", "group:legal"], "zoe"),
        (["group:press"], ["group:legal"], "dia"),
        (["group:press"], ["bob"], "dia"),
        (["group:legal"], ["group:nobody"], "bob"),
        (["starter", "bob"], Audience((), ("legal",), (), True), "starter"),
    ],
)
async def test_where_groups_are_involved_it_is_refused_when_asked(
    reviewers: list[str], audience: Any, stranger: str
) -> None:
    groups = {"legal": ["bob", "cem", "starter"], "press": ["bob", "dia"]}
    node = MultiReviewerNode(reviewers, audience=audience, name="board")
    async with working(node, groups=groups) as app:
        run = await app.start("flow", {"content": "x"}, initiator="starter")
        with pytest.raises(StepFailed, match=f"'{stranger}' is to be asked") as caught:
            await run.result(60)
        assert (caught.value.name, caught.value.kind) == ("board", "InvalidInput")
        assert await views.requests(app.store) == []


async def test_reviewers_inside_the_audience_are_asked() -> None:
    groups = {"legal": ["bob", "cem", "dia"]}
    node = MultiReviewerNode(["bob", "group:legal"], 1, audience=Audience((), ("legal",), ("dia",)))
    async with working(node, groups=groups) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        assert request.asked == ("bob", "cem")
        assert request.policy.within == Audience((), ("legal",), ("dia",))
        await app.inbox.decide(request.id, "reject", actor=Actor("cem"))
        assert (await run.result(60))["approved"] is False


def test_the_limit_is_stored_and_requests_without_one_are_still_read() -> None:
    node = MultiReviewerNode(["ann"], audience=["ann", "bob"])
    request = opened(node, ("ann",))
    assert read_request(write_draft(request.draft), write_state(request)) == request
    old = write_draft(replace(request.draft, policy=Policy())).replace(',"within":null', "")
    assert "within" not in old
    assert read_request(old, write_state(request)).policy.within is None


async def test_a_revision_after_an_edit_asks_those_it_was_reassigned_to() -> None:
    async with App(store="memory://").connect() as app:
        within = Audience(("ann", "bob"))
        policy = Policy(within, MultiReviewerNode(["ann"], 1).policy.quorum, within=within)
        request = await app.inbox.open(RequestDraft("approval", "Well?", {"content": "x"}, policy=policy))
        await app.inbox.reassign(request.id, ["zoe"], actor=Actor("ops"))
        revised = await app.inbox.decide(request.id, "edit", actor=Actor("zoe"), payload={"content": "y"})
        assert (revised.revision, revised.asked, revised.status) == (2, ("zoe",), moves.PENDING[0])


async def test_the_page_s_example() -> None:
    node = MultiReviewerNode(["Alice", "Bob", "Charlie"], approval_threshold=0.66)
    async with working(node) as app:
        run = await app.start("flow", {"content": "This is the content to be reviewed."})
        await say(app, "approve", actor=Actor("Alice"))
        await say(app, "approve", actor=Actor("Charlie"))
        result = await run.result(60)
    assert f"Approved: {result['approved']} ({result['approval_rate'] * 100:.0f}%)" == "Approved: True (67%)"
