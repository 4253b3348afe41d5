"""The life of one request once more, written from the design alone: what the inbox is compared with.

Nothing here uses the code under test: states, verbs and causes are plain text, moments are seconds after the opening.
Whether votes have decided is found by trying every way in which the silent ones could still vote.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

YES = {"approve", "edit", "answer"}

LEGAL: dict[str, dict[str, str]] = {
    "OPEN": {
        "claim": "CLAIMED",
        "decide": "OPEN",
        "resolve": "RESOLVED",
        "expire": "EXPIRED",
        "withdraw": "WITHDRAWN",
        "reassign": "OPEN",
        "assign": "OPEN",
        "escalate": "OPEN",
        "remind": "OPEN",
        "comment": "OPEN",
    },
    "CLAIMED": {
        "release": "OPEN",
        "decide": "CLAIMED",
        "resolve": "RESOLVED",
        "expire": "EXPIRED",
        "withdraw": "WITHDRAWN",
        "reassign": "OPEN",
        "escalate": "OPEN",
        "remind": "CLAIMED",
        "comment": "CLAIMED",
    },
    "RESOLVED": {},
    "EXPIRED": {},
    "WITHDRAWN": {},
}


class Refused(Exception):
    """A move that must fail: `conflict`, `not allowed` or `invalid`."""


@dataclass
class Rules:
    """A policy in plain words."""

    quorum: tuple[Any, ...]
    users: list[str] | None
    timeout: int | None = None
    on_timeout: str | None = "reject"
    ladder: list[tuple[int, list[str]]] = field(default_factory=list)
    reminders: list[int] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)


@dataclass
class Model:
    """One request, as it should be."""

    rules: Rules
    opened: int = 0
    state: str = "OPEN"
    claimed_by: str | None = None
    votes: dict[str, str] = field(default_factory=dict)
    rungs: int = 0
    reminded: int = 0
    history: list[str] = field(default_factory=lambda: ["opened"])
    verb: str | None = None
    cause: str | None = None
    by: list[str] = field(default_factory=list)
    replaced: bool = False
    revision: int = 1

    def __post_init__(self) -> None:
        users = self.rules.users
        self.audience = None if users is None else [name for name in users if name not in self.rules.excluded]
        self.deadline = None if self.rules.timeout is None else self.opened + self.rules.timeout

    @property
    def ended(self) -> bool:
        return not LEGAL[self.state]

    @property
    def alone(self) -> bool:
        return self.rules.quorum[0] == "first"

    # -- time --------------------------------------------------------------------------------------------------------

    def due(self) -> int | None:
        if self.ended:
            return None
        moments = [self.opened + after for after in self.rules.reminders[self.reminded : self.reminded + 1]]
        moments += [self.opened + after for after, _ in self.rules.ladder[self.rungs : self.rungs + 1]]
        moments += [] if self.deadline is None else [self.deadline]
        return min(moments, default=None)

    def pass_time(self, now: int) -> None:
        while not self.ended:
            if self.deadline is not None and self.deadline <= now:
                self.silence(now)
            elif (ladder := self.rules.ladder[self.rungs :]) and self.opened + ladder[0][0] <= now:
                self.climb()
            elif (
                passed := sum(self.opened + after <= now for after in self.rules.reminders)
            ) > self.reminded:
                self.reminded = passed
                self.history.append("reminded")
            else:
                return

    def silence(self, now: int) -> None:
        if self.rules.on_timeout is None:
            self.state = "EXPIRED"
            self.history.append("expired")
            self.claimed_by = None
        elif self.rules.on_timeout == "escalate" and self.rungs < len(self.rules.ladder):
            self.climb()
            self.deadline = now + (self.rules.timeout or 0)
        else:
            verb = "approve" if self.rules.on_timeout == "approve" else "reject"
            self.end(verb, "timeout", [])

    def climb(self) -> None:
        people = self.rules.ladder[self.rungs][1]
        self.rungs += 1
        if self.audience is not None:
            fresh = [name for name in people if name not in self.audience and name not in self.rules.excluded]
            self.audience = self.audience + fresh
        self.state, self.claimed_by = "OPEN", None
        self.history.append("escalated")

    def end(self, verb: str, cause: str, by: list[str]) -> None:
        self.state, self.verb, self.cause, self.by, self.claimed_by = "RESOLVED", verb, cause, by, None
        self.history.append("resolved")

    # -- moves -------------------------------------------------------------------------------------------------------

    def may(self, who: str) -> None:
        if who in self.rules.excluded or (self.audience is not None and who not in self.audience):
            raise Refused("not allowed")

    def step(self, move: str) -> str:
        if move not in LEGAL[self.state]:
            raise Refused("conflict")
        return LEGAL[self.state][move]

    def claim(self, who: str) -> None:
        self.may(who)
        if self.state == "CLAIMED" and self.claimed_by == who:
            return
        if not self.alone:
            raise Refused("conflict")
        self.state = self.step("claim")
        self.claimed_by = who
        self.history.append("claimed")

    def release(self, who: str) -> None:
        self.may(who)
        if self.state == "CLAIMED" and self.claimed_by != who:
            raise Refused("not allowed")
        self.state = self.step("release")
        self.claimed_by = None
        self.history.append("released")

    def comment(self, who: str) -> None:
        self.may(who)
        self.step("comment")
        self.history.append("commented")

    def remind(self) -> None:
        self.step("remind")
        self.history.append("reminded")

    def withdraw(self) -> None:
        self.state = self.step("withdraw")
        self.claimed_by = None
        self.history.append("withdrawn")

    def escalate(self) -> None:
        self.step("escalate")
        if self.rungs >= len(self.rules.ladder):
            raise Refused("conflict")
        self.climb()

    def reassign(self, people: list[str]) -> None:
        self.step("reassign")
        people = [name for name in people if name not in self.rules.excluded]
        if not people or (self.rules.quorum[0] == "at_least" and len(people) < self.rules.quorum[1]):
            raise Refused("invalid")
        self.audience = people
        self.state, self.claimed_by = "OPEN", None
        self.history.append("reassigned")
        self.judge()

    def decide(self, who: str, verb: str, now: int) -> "Model | None":
        """Add a vote; returns the next revision if an edit opened one."""
        self.may(who)
        self.step("decide")
        if self.claimed_by not in (None, who):
            raise Refused("not allowed")
        self.votes.pop(who, None)
        self.votes[who] = verb
        self.history.append("decided")
        if verb == "edit" and not self.alone:
            self.end("edit", "decision", [who])
            self.replaced = True
            return self.next_revision(now)
        self.judge()
        return None

    def next_revision(self, now: int) -> "Model":
        following = Model(self.rules, now, revision=self.revision + 1)
        following.audience = self.audience
        return following

    # -- judging by trying everything ----------------------------------------------------------------------------------

    def judge(self) -> None:
        if self.alone:
            self.judge_alone()
        elif (approved := self.forced()) is not None:
            self.settle(approved)

    def judge_alone(self) -> None:
        for who, verb in self.votes.items():
            if verb != "abstain":
                return self.end(verb, "decision", [who])
        if self.audience is not None and all(self.votes.get(who) == "abstain" for who in self.audience):
            self.end("reject", "abstained", [])
        return None

    def counted(self) -> dict[str, str]:
        return {who: verb for who, verb in self.votes.items() if who in (self.audience or ())}

    def forced(self) -> bool | None:
        """Return `approved` if it comes out the same however the silent ones vote."""
        asked = self.audience or []
        given = sum(verb in YES for verb in self.counted().values())
        silent = len(asked) - len(self.counted())
        ends = {self.enough(given + sum(more), len(asked)) for more in product((0, 1), repeat=silent)}
        return ends.pop() if len(ends) == 1 else None

    def enough(self, yes: int, asked: int) -> bool:
        match self.rules.quorum:
            case ("all",):
                return yes == asked
            case ("at_least", count):
                return yes >= count
            case ("fraction", share):
                return Fraction(yes, asked) >= Fraction(share)
        raise AssertionError(self.rules.quorum)

    def settle(self, approved: bool) -> None:
        votes = self.counted()
        if approved:
            verb = "answer" if "answer" in votes.values() else "approve"
            return self.end(verb, "decision", [who for who, vote in votes.items() if vote in YES])
        for verb in ("request_changes", "reject"):
            if verb in votes.values():
                return self.end(verb, "decision", [who for who, vote in votes.items() if vote == verb])
        return self.end("reject", "abstained", [])
