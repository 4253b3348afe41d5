"""What each role may do, with a request, with a run, and through a key."""

import pytest

from handrail.people import rights
from handrail.people.facts import Person, Role, Scope
from handrail.people.rights import TABLE, Caller, Right
from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import NotAllowed
from handrail.requests.facts import changed
from handrail.requests.policy import Audience
from handrail.requests.request import HumanRequest
from handrail.requests.routing import Members
from handrail.testing.clock import START
from tests.support.requests_desk import pure_request

READING = {Right.READ_REQUESTS, Right.READ_RUNS}
SETTINGS = {Right.SETTINGS, Right.PEOPLE, Right.GROUPS, Right.KEYS, Right.GUIDELINES}


def caller(name: str, role: str, scopes: tuple[Scope, ...] | None = None) -> Caller:
    person = Person(name, name, Role(role), START, START)
    return Caller(person, Actor(name, Strength.SESSION, "web"), scopes)


def members(group: str) -> list[str]:
    return {"legal": ["carol"]}.get(group, [])


def asks(who: Audience, initiator: str | None = "ian") -> HumanRequest:
    return changed(pure_request(["alice"], []), audience=who, initiator=initiator)


def may_for_request(who: Caller, right: Right, request: HumanRequest, members: Members) -> bool:
    try:
        rights.check_request(who, right, request, members)
    except NotAllowed:
        return False
    return True


def test_the_table_of_roles() -> None:
    having = {
        role: {right for right in Right if rights.may(caller("x", role), right)}
        for role in ("admin", "reviewer", "viewer")
    }
    assert having["admin"] == set(Right) == set(TABLE)
    assert having["reviewer"] == set(Right) - SETTINGS - {Right.READ_LOG, Right.OUTBOX, Right.WEBHOOKS}
    assert having["viewer"] == READING | {Right.NOTIFICATIONS}


def test_a_refusal_says_who_may() -> None:
    with pytest.raises(
        NotAllowed, match="'vic' is a viewer and may not decide: admins and reviewers may"
    ) as refused:
        rights.check(caller("vic", "viewer"), Right.DECIDE)
    assert refused.value.rule == "role"


def test_a_key_narrows_even_an_admin() -> None:
    narrowed = caller("ann", "admin", (Scope.REQUESTS_READ, Scope.DECIDE))
    allowed = {right for right in Right if rights.may(narrowed, right)}
    assert allowed == {Right.READ_REQUESTS, Right.DECIDE, Right.CLAIM, Right.FEEDBACK}
    with pytest.raises(NotAllowed, match="use one with the scope runs:write") as refused:
        rights.check(narrowed, Right.START)
    assert refused.value.rule == "scope"
    assert not rights.may(caller("vic", "viewer", tuple(Scope)), Right.DECIDE), "nor does it widen"


@pytest.mark.parametrize(
    ("audience", "included"),
    [
        (Audience(), {"alice", "bob", "carol", "ian"}),
        (Audience(("alice",), ("legal",)), {"alice", "carol"}),
        (Audience(excluded=("bob",), not_initiator=True), {"alice", "carol"}),
        (Audience(("alice", "bob"), excluded=("alice",)), {"bob"}),
        (Audience(("alice", "ian"), not_initiator=True), {"alice"}),
    ],
)
def test_who_is_in_the_audience(audience: Audience, included: set[str]) -> None:
    request = asks(audience)
    everybody = ("alice", "bob", "carol", "ian")
    assert {name for name in everybody if rights.includes(request, name, members)} == included
    for name in everybody:
        reviewer = caller(name, "reviewer")
        assert may_for_request(reviewer, Right.REASSIGN, request, members) == (name in included)
        reads = name in included or name == "ian"
        assert may_for_request(reviewer, Right.READ_REQUESTS, request, members) == reads
        assert may_for_request(reviewer, Right.WITHDRAW, request, members) == reads


def test_only_admins_read_and_move_what_asks_others() -> None:
    request = asks(Audience(("alice",)))
    for role, reads, moves in (("admin", True, True), ("viewer", False, False), ("reviewer", False, False)):
        who = caller("x", role)
        assert may_for_request(who, Right.READ_REQUESTS, request, members) == reads
        for right in (Right.REASSIGN, Right.ESCALATE, Right.REMIND, Right.WITHDRAW):
            assert may_for_request(who, right, request, members) == moves
    with pytest.raises(NotAllowed, match="as req_1 does") as refused:
        rights.check_request(caller("x", "reviewer"), Right.REMIND, request, members)
    assert refused.value.rule == "audience"


def test_whose_decision_it_is_is_left_to_the_inbox() -> None:
    request = asks(Audience(("alice",)))
    for right in rights.BY_THE_INBOX:
        rights.check_request(caller("x", "reviewer"), right, request, members)
        assert not may_for_request(caller("x", "viewer"), right, request, members)


def test_a_run_is_its_initiators_and_the_admins() -> None:
    for right in (Right.CANCEL, Right.RETRY, Right.MIGRATE, Right.READ_RUNS):
        assert rights.may_for_run(caller("ian", "reviewer"), right, "ian")
        assert rights.may_for_run(caller("ann", "admin"), right, "ian")
        for initiator in ("ian", None):
            assert not rights.may_for_run(caller("bob", "reviewer"), right, initiator)
    assert rights.may_for_run(caller("bob", "reviewer"), Right.READ_RUNS, "ian", asked=True)
    assert not rights.may_for_run(caller("bob", "reviewer"), Right.CANCEL, "ian", asked=True)
    assert not rights.may_for_run(caller("vic", "viewer"), Right.READ_RUNS, "ian")
    assert rights.may_for_run(caller("vic", "viewer"), Right.READ_RUNS, "ian", asked=True)
    assert not rights.may_for_run(caller("vic", "viewer"), Right.CANCEL, "vic")
    with pytest.raises(NotAllowed) as refused:
        rights.check_run(caller("bob", "reviewer"), Right.CANCEL, "ian")
    assert refused.value.rule == "initiator"
