"""What the contract of a store is tried with: requests, runs and journals with every field filled."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from handrail.requests.content import LIMIT, content_hash
from handrail.requests.decision import Decision, Strength, Verb
from handrail.requests.identifier import new_id
from handrail.requests.outcome import GivenOutcome, Outcome
from handrail.requests.policy import All, AtLeast, Audience, Escalation, First, Fraction, Policy
from handrail.requests.request import HumanRequest, RequestDraft, Status
from handrail.runs.journal import Entry, State
from handrail.runs.run import RunStatus, StoredRun

NOW = datetime(2026, 3, 1, 12, 30, 15, 123457, tzinfo=UTC)

ODD_TEXT = (
    "Grüße, 承認, 👩🏽‍⚖️, \u202eright to left\u202c, 'quo\"ted', NUL \x00, back\\slash, a\r\nline \u2028 end"
)

VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    1.0,
    0.1,
    -1e-300,
    "",
    ODD_TEXT,
    [],
    {},
    [1, 1.0, True, None, "1"],
    {"": {"deep": [[[{"er": ODD_TEXT}]]]}, "1": 1},
)
"""JSON values that are easily mixed up."""

POLICIES: tuple[Policy, ...] = (
    Policy(),
    Policy(Audience(("alice", "bob"), ("legal",), ("carol",), True), All(), 3600.0, "approve"),
    Policy(Audience(("alice",)), AtLeast(1), 0.5, None, reminders=(1.0, 2.5)),
    Policy(
        Audience(groups=("legal",)), Fraction(0.7), 60.0, "escalate", (Escalation(30.0, Audience(("boss",))),)
    ),
    Policy(timeout=86400.0, on_timeout=GivenOutcome(Verb.ANSWER, {"score": 1.0}, "nobody said")),
    Policy(quorum=First(), require=Strength.SESSION, blind=True),
)


def moment(seconds: float) -> datetime:
    """Return the moment so many seconds after `NOW`."""
    return NOW + timedelta(seconds=seconds)


def request(number: int = 1, *, draft: RequestDraft | None = None, **fields: Any) -> HumanRequest:
    """Return an open request; its id grows with `number`."""
    draft = draft or RequestDraft("approval", f"Question {number}", {"content": number})
    request_id = f"req_{number:04d}"
    given = {
        "thread": request_id,
        "revision": 1,
        "opened_at": NOW,
        "audience": draft.policy.audience,
        **fields,
    }
    return HumanRequest(id=request_id, draft=draft, content_hash=content_hash(draft.shown), **given)


def every_request() -> Iterator[HumanRequest]:
    """Give requests that between them have every policy, verb, strength, status and outcome, and every field."""
    number = 0
    for policy in POLICIES:
        yield request(number := number + 1, draft=_full_draft(policy))
    for value in VALUES:
        for cause, verb in (("decision", Verb.ANSWER), ("timeout", Verb.APPROVE), ("abstained", Verb.REJECT)):
            yield _ended(number := number + 1, Outcome(verb, NOW, ("alice",), value, ODD_TEXT, cause, 1, 3))  # type: ignore[arg-type]
    for status in Status:
        yield request(number := number + 1, status=status, version=number, claimed_by="bob")
    yield large(number + 1)


def large(number: int) -> HumanRequest:
    """Return a request that is nearly as large as one may be."""
    return request(number, draft=RequestDraft("approval", "Long", {"content": "ü" * (LIMIT // 2 - 100)}))


def _full_draft(policy: Policy) -> RequestDraft:
    return RequestDraft(
        kind="feedback",
        title=ODD_TEXT,
        proposal={str(place): value for place, value in enumerate(VALUES)},
        verbs=tuple(Verb),
        policy=policy,
        context={"shown": VALUES[-1]},
        guideline=ODD_TEXT,
        response_schema={"type": "object", "properties": {"score": {"type": "number", "maximum": 1.0}}},
        proposal_schema={"type": "object"},
        channels=("terminal", "web"),
        priority=-3,
        previous="req_0000",
    )


def _ended(number: int, outcome: Outcome) -> HumanRequest:
    decisions = tuple(
        Decision(verb, f"person-{strength}", moment(strength), outcome.payload, ODD_TEXT, strength, "web")
        for verb, strength in zip(Verb, Strength, strict=False)
    )
    return replace(
        request(number, draft=_full_draft(POLICIES[number % len(POLICIES)])),
        revision=7,
        thread="req_0000",
        asked=("alice", "bob"),
        deadline=moment(60),
        due_at=moment(30),
        run_id=new_id("run", NOW),
        flow="publish-post",
        address="2/draft[3]/0",
        initiator="carol",
        status=Status.RESOLVED,
        version=9,
        claimed_by="bob",
        decisions=decisions,
        outcome=outcome,
        superseded_by="req_9999",
        reminded=2,
        escalated=1,
        ended_at=moment(1),
        ended_by="alice",
    )


def run(name: str = "run_1", **fields: Any) -> StoredRun:
    """Return a run that was just started, filed under the queue `publish`."""
    given = {
        "flow": "publish",
        "queue": "publish",
        "input": {},
        "status": RunStatus.PENDING,
        "created_at": NOW,
        "updated_at": NOW,
        **fields,
    }
    return StoredRun(id=name, **given)


def full_run(name: str = "run_1") -> StoredRun:
    """Return a run with every field."""
    return run(
        name,
        input={"values": list(VALUES)},
        status=RunStatus.RUNNING,
        created_at=moment(-5),
        initiator="alice",
        signature=("0:function", "draft:llm"),
        home="worker_home",
        worker="worker_1",
        token=3,
        result={"values": list(VALUES)},
        error={"name": "draft", "kind": "ValueError", "message": ODD_TEXT},
    )


def entry(frame: str, label: str, ordinal: int = 0, **fields: Any) -> Entry:
    """Return a finished step of a journal; its value says where it was written."""
    given = {"kind": "step", "state": State.DONE, "value": f'"{frame}|{label}"', **fields}
    return Entry(frame, ordinal, label, **given)
