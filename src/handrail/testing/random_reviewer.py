"""A person who is right with a probability: decided by the request and a seed, so that it can be repeated."""

import secrets
from collections import Counter
from random import Random

from handrail.requests.decision import Strength
from handrail.requests.errors import InvalidInput
from handrail.requests.identifier import is_made
from handrail.requests.request import HumanRequest
from handrail.testing.answers import Answer
from handrail.testing.mistake import mistaken
from handrail.testing.reviewers import checked_name
from handrail.testing.script import Script


class RandomReviewer:
    """Is right with a probability, and else wrong in a way that people are.

    A wrong answer is `reject` (else `request_changes`) for `approve`, `approve` for anything else but an `answer`;
    there it is another choice, a score that is off by a fifth to a half of its range, the opposite of a yes or no, or
    an object that is wrong in one of these.

    What is decided depends on the seed, the name and the request (its place in the flow, its revision and content, and
    its run if that was given an id), not on the order in which requests come. Of equal ones each is decided anew.

    Args:
        name: under which they decide.
        truth: returns the right answer to a request, or None to leave it to others.
        skill: how often they are right, from 0 to 1.
        seed: any number; the same decides the same again. By default another each time: `seed` and `repr` tell it.
        strength: how sure their identity is.

    Raises `InvalidInput` for a skill outside 0 to 1; answering raises it where there is no wrong answer.

    >>> bob = RandomReviewer("bob", lambda request: "approve", skill=0.9, seed=7)
    """

    def __init__(
        self,
        name: str,
        truth: Script,
        *,
        skill: float = 0.8,
        seed: int | None = None,
        strength: Strength = Strength.SESSION,
    ) -> None:
        if isinstance(skill, bool) or not isinstance(skill, int | float) or not 0 <= skill <= 1:
            raise InvalidInput(f"skill={skill!r}: give a number from 0 (always wrong) to 1 (always right)")
        if not callable(truth):
            raise InvalidInput("truth is a function that returns the right answer to a request")
        self.name = checked_name(name)
        self.strength = strength
        self.skill = skill
        self.seed = secrets.randbits(32) if seed is None else seed
        self._truth = truth
        self._places: Counter[str] = Counter()
        self._numbers: dict[str, int] = {}

    def delay(self, request: HumanRequest) -> float:
        """Return 0: they answer at once."""
        return 0

    def answer(self, request: HumanRequest) -> Answer | None:
        """Return the truth or something else."""
        right = self._truth(request)
        if right is None:
            return None
        chance = self._chance(request)
        return right if chance.random() < self.skill else mistaken(right, request, chance)

    def _chance(self, request: HumanRequest) -> Random:
        run = None if request.run_id is None or is_made(request.run_id) else request.run_id
        place = repr((run, request.flow, request.address, request.revision, request.draft.question_hash))
        if request.id not in self._numbers:
            self._numbers[request.id] = self._places[place]
            self._places[place] += 1
        return Random(repr((self.seed, self.name, place, self._numbers[request.id])))

    def __repr__(self) -> str:
        return f"RandomReviewer({self.name!r}, skill={self.skill}, seed={self.seed})"
