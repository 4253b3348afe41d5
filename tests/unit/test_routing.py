"""Who is asked and who may act."""

from dataclasses import replace

import pytest

from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import InvalidInput, NotAllowed
from handrail.requests.policy import All, AtLeast, Audience, First, Fraction, Policy
from handrail.requests.routing import (
    check_may_act,
    check_not_claimed,
    check_reachable,
    check_within,
    people_asked,
)
from tests.support.requests_desk import pure_request

GROUPS = {"legal": ("cem", "bob"), "press": ("bob", "dia"), "empty": ()}


def members(group: str) -> tuple[str, ...]:
    return GROUPS.get(group, ())


@pytest.mark.parametrize(
    ("audience", "initiator", "asked"),
    [
        (Audience(), None, None),
        (Audience(excluded=("ann",)), None, None),
        (Audience(("bob", "ann")), None, ("bob", "ann")),
        (Audience(("ann",), ("legal", "press")), None, ("ann", "bob", "cem", "dia")),
        (Audience(("cem",), ("legal",), ("bob",)), None, ("cem",)),
        (Audience(groups=("legal",), not_initiator=True), "cem", ("bob",)),
        (Audience(groups=("legal",), not_initiator=False), "cem", ("bob", "cem")),
        (Audience(("ann",), ("empty", "unknown")), None, ("ann",)),
    ],
)
def test_a_person_in_two_groups_is_asked_once(
    audience: Audience, initiator: str | None, asked: tuple[str, ...] | None
) -> None:
    assert people_asked(audience, members, initiator) == asked


@pytest.mark.parametrize(
    "audience",
    [Audience(groups=("empty",)), Audience(("ann",), (), ("ann",)), Audience(("ann",), not_initiator=True)],
)
def test_somebody_must_be_left_to_ask(audience: Audience) -> None:
    with pytest.raises(InvalidInput, match="nobody is left"):
        people_asked(audience, members, "ann")


def test_more_approvals_than_people_are_refused() -> None:
    for quorum in (First(), All(), Fraction(1.0), AtLeast(2)):
        check_reachable(Policy(quorum=quorum), ("ann", "bob"))
    with pytest.raises(InvalidInput, match="3 people"):
        check_reachable(Policy(quorum=AtLeast(3)), ("ann", "bob"))
    check_reachable(Policy(quorum=AtLeast(3)), None)


@pytest.mark.parametrize(
    ("asked", "limit", "stranger"),
    [
        (Audience(("ann",)), None, None),
        (Audience(("ann", "cem")), Audience(("ann",), ("legal",)), None),
        (Audience(("ann", "dia")), Audience(("ann",), ("legal",)), "dia"),
        (Audience(groups=("press",)), Audience(groups=("legal",)), "dia"),
        (Audience(groups=("press",)), Audience(("bob", "dia")), None),
        (Audience(("ann",), excluded=("ann",)), Audience(excluded=("ann",)), "ann"),
        (Audience(groups=("press",), excluded=("dia",)), Audience(groups=("legal",)), None),
        (Audience(("zoe", "bob"), not_initiator=True), Audience(("bob", "zoe"), not_initiator=True), "zoe"),
    ],
)
def test_everybody_asked_belongs_to_the_limit(
    asked: Audience, limit: Audience | None, stranger: str | None
) -> None:
    rules = Policy(asked, within=limit)
    if stranger is None:
        check_within(rules, members, "zoe")
        return
    with pytest.raises(InvalidInput, match=f"'{stranger}' is to be asked"):
        check_within(rules, members, "zoe")


@pytest.mark.parametrize(
    ("audience", "name", "rule"),
    [
        (Audience(), "anybody", None),
        (Audience(excluded=("zoe",)), "zoe", "excluded"),
        (Audience(("zoe",), excluded=("zoe",)), "zoe", "excluded"),
        (Audience(("ann",)), "bob", "audience"),
        (Audience(groups=("legal",)), "bob", None),
        (Audience(groups=("legal",)), "dia", "audience"),
        (Audience(not_initiator=True), "starter", "initiator"),
        (Audience(("starter",), not_initiator=True), "starter", "initiator"),
    ],
)
def test_the_rule_that_forbids_it_is_named(audience: Audience, name: str, rule: str | None) -> None:
    request = replace(pure_request(None, []), audience=audience, initiator="starter")
    if rule is None:
        check_may_act(request, Actor(name), members)
        return
    with pytest.raises(NotAllowed) as caught:
        check_may_act(request, Actor(name), members)
    assert caught.value.rule == rule


@pytest.mark.parametrize("needed", list(Strength))
@pytest.mark.parametrize("given", list(Strength))
def test_a_weaker_identity_than_demanded_is_refused(needed: Strength, given: Strength) -> None:
    request = pure_request(None, [], require=needed)
    if given >= needed:
        check_may_act(request, Actor("ann", given), members)
        return
    with pytest.raises(NotAllowed) as caught:
        check_may_act(request, Actor("ann", given), members)
    assert caught.value.rule == "strength"


def test_a_claim_bars_others() -> None:
    request = replace(pure_request(None, []), claimed_by="ann")
    check_not_claimed(request, Actor("ann"))
    with pytest.raises(NotAllowed, match="claimed by 'ann'"):
        check_not_claimed(request, Actor("bob"))


def test_who_joins_a_group_may_decide_alone_and_isnt_counted_among_those_asked() -> None:
    audience = Audience(groups=("legal",))
    alone = replace(pure_request(("cem",), []), audience=audience)
    check_may_act(alone, Actor("bob"), members)
    counted = replace(pure_request(("cem",), [], quorum="all"), audience=audience)
    with pytest.raises(NotAllowed, match="joined after"):
        check_may_act(counted, Actor("bob"), members)
