"""What votes come to, against a judge that tries every way in which the others may still vote."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.requests.decision import Decision, Verb
from handrail.requests.judgement import judge, overdue_move
from handrail.requests.lifecycle import Decided, Event, apply
from handrail.requests.policy import AtLeast, at_least, escalation, fraction, needed
from handrail.requests.request import HumanRequest
from tests.support.requests_desk import NOW, pure_request

PEOPLE = ("ann", "bob", "cem", "dia", "eli")
VOTES = (Verb.APPROVE, Verb.ANSWER, Verb.REJECT, Verb.REQUEST_CHANGES, Verb.ABSTAIN)
SAYS_YES = {
    Verb.APPROVE: True,
    Verb.ANSWER: True,
    Verb.REJECT: False,
    Verb.REQUEST_CHANGES: False,
    Verb.ABSTAIN: False,
}

QUORUMS: list[tuple[str, Any]] = [
    ("all", lambda yes, asked: yes == asked),
    *((at_least(n), lambda yes, asked, n=n: yes >= n) for n in (1, 2, 3, 5)),
    *(
        (fraction(share), lambda yes, asked, share=share: Fraction(yes, asked) >= Fraction(str(share)))
        for share in (0.01, 0.25, 0.34, 0.5, 0.66, 0.67, 0.7, 1.0)
    ),
]


def fits(quorum: Any, n: int) -> bool:
    return not isinstance(quorum, AtLeast) or quorum.count <= n


CASES = [(quorum, passes, n) for quorum, passes in QUORUMS for n in range(1, 6) if fits(quorum, n)]


def expected(votes: list[tuple[str, Verb]], n: int, passes: Any) -> bool | None:
    """Return `approved` if every way in which the others may vote (or not) leads to it, else None."""
    given_yes = sum(SAYS_YES[verb] for _, verb in votes)
    silent = n - len(votes)
    ends = {passes(given_yes + sum(more), n) for more in product((False, True), repeat=silent)}
    return ends.pop() if len(ends) == 1 else None


@pytest.mark.parametrize(("quorum", "passes", "n"), CASES, ids=[f"{quorum}-{n}" for quorum, _, n in CASES])
def test_a_vote_ends_exactly_when_nothing_can_change_it(quorum: Any, passes: Any, n: int) -> None:
    people = PEOPLE[:n]
    blank = pure_request(people, [], quorum=quorum)
    for ballot in product((None, *VOTES), repeat=n):
        votes = [(name, verb) for name, verb in zip(people, ballot, strict=True) if verb is not None]
        outcome = judge(with_votes(blank, votes), NOW)
        approved = expected(votes, n, passes)
        assert (outcome.approved if outcome else None) is approved, (votes, outcome)
        if outcome:
            assert outcome.asked == n
            assert outcome.approvals == sum(SAYS_YES[verb] for _, verb in votes)


def with_votes(request: HumanRequest, votes: list[tuple[str, Verb]]) -> HumanRequest:
    return replace(
        request,
        decisions=tuple(
            Decision(verb, name, NOW, payload=name if verb is Verb.ANSWER else None) for name, verb in votes
        ),
    )


def arrive(request: HumanRequest, votes: list[tuple[str, Verb]]) -> bool | None:
    """Let votes come one after the other, until it ends; return `approved`."""
    for name, verb in votes:
        request = apply(request, Event(request.id, NOW, name, Decided(Decision(verb, name, NOW))))
        if (outcome := judge(request, NOW)) is not None:
            return outcome.approved
    return None


@pytest.mark.parametrize(("quorum", "passes"), QUORUMS, ids=[str(quorum) for quorum, _ in QUORUMS])
def test_the_order_of_arrival_doesnt_matter(quorum: Any, passes: Any) -> None:
    for n in (1, 2, 3):
        if not fits(quorum, n):
            continue
        blank = pure_request(PEOPLE[:n], [], quorum=quorum)
        for ballot in product(VOTES, repeat=n):
            votes = list(zip(PEOPLE[:n], ballot, strict=True))
            ends = {arrive(blank, list(order)) for order in permutations(votes)}
            assert ends == {passes(sum(SAYS_YES[verb] for verb in ballot), n)}


@given(
    st.lists(st.sampled_from(VOTES), min_size=5, max_size=5),
    st.permutations(range(5)),
    st.sampled_from(QUORUMS),
)
def test_the_order_of_arrival_doesnt_matter_for_five(
    ballot: list[Verb], order: list[int], quorum: Any
) -> None:
    rule, passes = quorum
    votes = [(PEOPLE[place], ballot[place]) for place in order]
    assert arrive(pure_request(PEOPLE, [], quorum=rule), votes) is passes(sum(SAYS_YES[v] for v in ballot), 5)


@pytest.mark.parametrize("n", range(1, 5))
def test_first_is_whatever_comes_first_and_an_abstention_is_nothing(n: int) -> None:
    people = PEOPLE[:n]
    blank = pure_request(people, [])
    for ballot in product(VOTES, repeat=n):
        spoken = next(
            ((who, verb) for who, verb in zip(people, ballot, strict=True) if verb is not Verb.ABSTAIN), None
        )
        request = blank
        for name, verb in zip(people, ballot, strict=True):
            request = apply(request, Event(request.id, NOW, name, Decided(Decision(verb, name, NOW))))
            outcome = judge(request, NOW)
            if verb is not Verb.ABSTAIN:
                assert outcome is not None
                assert (outcome.by, outcome.verb) == ((name,), verb)
                assert (name, verb) == spoken
                break
        if spoken is None:
            assert outcome is not None
            assert (outcome.approved, outcome.cause, outcome.by) == (False, "abstained", ())


def test_an_abstention_among_everybody_is_neither_yes_nor_no() -> None:
    assert judge(pure_request(None, [("ann", Verb.ABSTAIN)], quorum=at_least(1)), NOW) is None
    outcome = judge(pure_request(None, [("ann", Verb.REJECT)], quorum=at_least(1)), NOW)
    assert outcome is not None
    assert outcome.verb is Verb.REJECT


def test_who_only_abstained_is_not_named_as_the_one_who_rejected() -> None:
    outcome = judge(pure_request(PEOPLE[:3], [("ann", Verb.ABSTAIN)], quorum="all"), NOW)
    assert outcome is not None
    assert (outcome.verb, outcome.by, outcome.cause) == (Verb.REJECT, (), "abstained")


def test_wishes_for_changes_go_before_rejections_and_carry_every_comment() -> None:
    votes = [("ann", Verb.REJECT), ("bob", Verb.REQUEST_CHANGES)]
    request = pure_request(PEOPLE[:3], votes, quorum=at_least(2))
    outcome = judge(request, NOW)
    assert outcome is not None
    assert (outcome.verb, outcome.by) == (Verb.REQUEST_CHANGES, ("bob",))


def test_answers_of_several_people_come_as_a_list() -> None:
    request = pure_request(PEOPLE[:2], [("ann", Verb.ANSWER), ("bob", Verb.ANSWER)], quorum="all")
    outcome = judge(request, NOW)
    assert outcome is not None
    assert (outcome.verb, outcome.payload) == (Verb.ANSWER, ["ann", "bob"])


@pytest.mark.parametrize(
    ("share", "asked", "must"),
    [(0.66, 3, 2), (0.7, 10, 7), (0.67, 3, 3), (1 / 3, 3, 1), (1.0, 4, 4), (0.1, 10, 1)],
)
def test_shares_are_exact(share: float, asked: int, must: int) -> None:
    assert needed(fraction(share), asked) == must


@given(st.integers(1, 10_000), st.integers(1, 100))
def test_shares_of_percents_are_exact(asked: int, percent: int) -> None:
    must = needed(fraction(percent / 100), asked)
    assert must * 100 >= percent * asked > (must - 1) * 100


def test_votes_of_people_no_longer_asked_count_nowhere() -> None:
    request = pure_request(
        ("ann", "bob"), [("zoe", Verb.APPROVE), ("ann", Verb.APPROVE)], quorum="all", timeout=10
    )
    request = replace(request, deadline=NOW, due_at=NOW)
    assert judge(request, NOW) is None
    move: Any = overdue_move(request, NOW, lambda group: ())
    assert (move.outcome.approvals, move.outcome.asked) == (1, 2)


def test_what_is_due_comes_deadline_first_then_the_ladder_then_a_reminder() -> None:
    ladder = [escalation(5, "cem")]
    request = pure_request(("ann",), [], timeout=20, escalations=ladder, reminders=[1, 2, 3])
    request = replace(request, deadline=NOW + timedelta(seconds=20), due_at=NOW + timedelta(seconds=1))
    kinds = [
        _kind(overdue_move(request, NOW + timedelta(seconds=after), lambda group: ()))
        for after in (0, 1, 4, 5, 20)
    ]
    assert kinds == [None, "reminded", "reminded", "escalated", "resolved"]


def _kind(move: Any) -> str | None:
    return move.kind if move else None
