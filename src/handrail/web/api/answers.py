"""What programs get, as the OpenAPI document tells it. Answers are made elsewhere; tests hold them to these types."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from handrail.people.facts import Role, Scope
from handrail.requests.decision import Verb
from handrail.requests.request import Status
from handrail.runs.run import RunStatus

Object = dict[str, Any]
StrengthName = Literal["asserted", "link", "channel", "session"]


class Answer(BaseModel):
    """What all have in common."""

    model_config = ConfigDict(extra="allow")


class FieldOfProblem(Answer):
    """One thing that doesn't fit."""

    path: str = Field(description="where, e.g. `payload.score`; empty for all of it")
    message: str


class Problem(Answer):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="a stable word for programs", examples=["urn:handrail:conflict"])
    title: str
    status: int
    detail: str = Field(description="what is so, and what to do next")
    instance: str
    reference: str = Field(description="what the server's log calls this request")
    rule: str | None = Field(None, description="with 403: the rule that forbids it")
    winner: str | None = Field(None, description="with 409: who was faster")
    retry_after: float | None = Field(None, description="seconds")
    fields: list[FieldOfProblem] | None = Field(
        None, description="with 422: what doesn't fit, where that can be named"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:handrail:conflict",
                    "title": "Somebody was faster",
                    "status": 409,
                    "detail": "request req_1 is already RESOLVED by alice",
                    "instance": "/api/v1/requests/req_1/decisions",
                    "reference": "5f0c1a2b",
                    "winner": "alice",
                }
            ]
        }
    )


class Audience(Answer):
    """Who may decide."""

    users: list[str]
    groups: list[str]
    excluded: list[str]
    not_initiator: bool


class Decision(Answer):
    """One person's answer."""

    verb: Verb
    actor: str
    at: datetime
    payload: Any
    comment: str | None
    strength: StrengthName
    channel: str


class Outcome(Answer):
    """What the policy made of the decisions."""

    verb: Verb
    at: datetime
    by: list[str]
    payload: Any
    comment: str | None
    cause: Literal["decision", "timeout", "abstained"]
    approvals: int
    asked: int | None
    approved: bool


class Given(Answer):
    """An outcome that was said beforehand."""

    verb: Verb
    payload: Any
    comment: str | None


class Request(Answer):
    """Something asked of people."""

    id: str
    status: Status
    kind: str
    title: str
    flow: str | None
    run_id: str | None
    thread: str
    revision: int
    opened_at: datetime
    due_at: datetime | None = Field(description="the deadline")
    next_due_at: datetime | None = Field(description="when the clock moves it next")
    audience: Audience
    proposal: Object
    context: Object
    guideline: str | None
    verbs: list[Verb]
    response_schema: Object | None
    proposal_schema: Object | None
    quorum: str = Field(examples=["first", "at_least(2)"])
    on_timeout: str | Given | None
    decisions: list[Decision] = Field(
        description="hidden from you while the policy is blind and you haven't decided"
    )
    outcome: Outcome | None
    channels: list[str]
    priority: int
    previous: str | None
    content_hash: str
    asked: list[str] | None
    address: str | None
    initiator: str | None
    version: int
    claimed_by: str | None
    superseded_by: str | None
    reminded: int
    escalated: int
    ended_at: datetime | None
    ended_by: str | None
    worker: str | None
    in_line: bool


class Comment(Answer):
    """Something said about a request."""

    by: str
    text: str
    at: datetime


class Moved(Answer):
    """A line of a request's log."""

    at: datetime
    actor: str
    move: str


class RequestDetail(Request):
    """A request with its comments, its log and what the revision before it proposed."""

    previous_proposal: Object | None
    comments: list[Comment]
    log: list[Moved]


class RequestRow(Answer):
    """What a list shows of a request."""

    id: str
    title: str
    kind: str
    flow: str | None
    run_id: str | None
    status: Status
    claimed_by: str | None
    due_at: datetime | None
    priority: int
    revision: int
    version: int
    opened_at: datetime
    ended_at: datetime | None
    outcome: Verb | None
    given: int = Field(description="decisions so far")
    needed: int = Field(description="approvals that it takes")
    asked: int | None = Field(description="people asked; null for everybody")
    confidence: float | None
    initiator: str | None


Next = Annotated[str | None, Field(description="the cursor of what follows; null at the end")]


class RequestPage(Answer):
    """A page of requests. It may be short, and even empty, while `next` says that there is more."""

    items: list[RequestRow]
    next: Next


class BatchResult(Answer):
    """What came of one decision of a batch."""

    request_id: str
    status: int = Field(description="as the status of a call of its own", examples=[200, 409])
    request: Request | None = None
    problem: Problem | None = None


class BatchResults(Answer):
    """What came of each decision, in their order."""

    results: list[BatchResult]


class Run(Answer):
    """One execution of a flow."""

    id: str
    status: RunStatus
    flow: str | None
    created_at: datetime
    updated_at: datetime
    initiator: str | None
    input: Object
    result: Object | None
    error: Object | None
    worker: str | None


class RunRow(Answer):
    """What a list shows of a run."""

    id: str
    status: RunStatus
    flow: str | None
    created_at: datetime
    updated_at: datetime
    initiator: str | None


class RunPage(Answer):
    """A page of runs. It may be short, and even empty, while `next` says that there is more."""

    items: list[RunRow]
    next: Next


class Step(Answer):
    """What a run has done, or asked."""

    address: str
    kind: str
    state: str
    request_id: str | None
    result: Any
    error: Any
    at: str | None
    """when it came to that, UTC"""
    took: float | None
    """seconds of the execution that came to it"""


class Suggestion(Answer):
    """A mapping that may be meant."""

    mapping: str
    meaning: str


class RunDetail(Run):
    """A run with its steps and requests, and how it can be brought to its flow if it needs attention."""

    steps: list[Step]
    requests: list[Request]
    migrate: list[Suggestion]


class TeamInput(Answer):
    """A placeholder in the texts of a team's tasks."""

    name: str
    task: str = Field(description="the first task that has it")
    required: bool = Field(description="whether the team has no value of its own for it")


class Flow(Answer):
    """A flow."""

    name: str
    startable: bool = Field(description="whether this server knows it, so that it can be started here")
    nodes: list[str] = Field(description="names or kinds of its steps; empty for one that only workers know")
    team: bool = Field(description="whether it is a team, whose runs have boards")
    inputs: list[TeamInput] = Field(description="what a team's tasks take; empty for other flows")


class Flows(Answer):
    """All flows, by name."""

    items: list[Flow]


class User(Answer):
    """Somebody who may reach the pages or the API."""

    name: str
    display: str
    role: Role
    email: str | None
    service: bool
    active: bool
    has_password: bool
    created_at: datetime
    changed_at: datetime


class Users(Answer):
    """Everybody, by name."""

    items: list[User]


class Me(User):
    """Who you are."""

    groups: list[str]
    scopes: list[Scope] | None = Field(description="what your key is for; null for a login")


class Group(Answer):
    """Some people, for audiences."""

    name: str
    people: list[str]
    fixed: bool = Field(description="whether the app's code names it, so that it can't be changed here")


class Groups(Answer):
    """All groups, by name."""

    items: list[Group]


class Key(Answer):
    """An API key, without its secret."""

    id: str
    label: str
    person: str
    scopes: list[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class NewKey(Key):
    """A key, with its text: this is the only time that it is shown."""

    key: str = Field(examples=["hr_3f1c…_…"])


class Keys(Answer):
    """Keys, the newest first; what has ended stays in the list."""

    items: list[Key]


class Identity(Answer):
    """An address that a channel verifies, and whose it is."""

    channel: str = Field(examples=["slack"])
    address: str = Field(description="in the channel's own words", examples=["T012:U345"])
    person: str = Field(examples=["alice"])
    added_at: datetime
    added_by: str = Field(description="an admin, or the channel that has learnt it", examples=["root"])


class Identities(Answer):
    """Addresses, by channel."""

    items: list[Identity]


class News(Answer):
    """By which channels each kind of news is told."""

    asked: list[str]
    open: list[str]
    reminded: list[str]
    commented: list[str]
    ended: list[str]


class Quiet(Answer):
    """When nobody calls them, by the clock of their zone."""

    starts: str | None = Field(examples=["22:00"])
    ends: str | None = Field(examples=["07:00"])
    days: list[str] = Field(examples=[["sunday"]])


class Digest(Answer):
    """What comes as one list, and when."""

    every: Literal["off", "hourly", "daily"]
    at: str = Field(examples=["08:00"])
    weekdays_only: bool
    of: list[str]


class Notifications(Answer):
    """What somebody wishes to hear, by which channels and when."""

    person: str | None = Field(description="null for the default", examples=["alice"])
    own: bool = Field(description="whether they have set it; else it is the default")
    channels: News
    zone: str = Field(examples=["Europe/Berlin"])
    quiet: Quiet
    digest: Digest


class Message(Answer):
    """Something that is told through a channel."""

    id: str = Field(examples=["msg_1"])
    request_id: str = Field(examples=["req_1"])
    channel: str = Field(examples=["slack"])
    recipient: str = Field(
        description="whom or where to; empty where the channel decides", examples=["#deploys"]
    )
    occasion: str = Field(description="what has happened", examples=["opened", "reminded", "ended"])
    state: Literal["pending", "sent", "failed"]
    attempts: int = Field(description="how often its delivery was begun")
    due_at: datetime = Field(description="when it is tried next; of one that was sent: when")
    error: str | None = Field(
        description="what the channel said of the last try that failed", examples=["channel_not_found"]
    )
    news: str | None = Field(
        description="as which kind of news the notifications of its recipient have stored it; `kept` keeps such a "
        "one true; null for a channel that the request names",
        examples=["reminded"],
    )
    waits: Literal["quiet", "digest"] | None = Field(
        description="for what it waits until then: quiet hours of its recipient, or their digest"
    )


class MessagePage(Answer):
    """A page of messages. It may be short, and even empty, while `next` says that there is more."""

    items: list[Message]
    next: Next


class Guideline(Answer):
    """What reviewers of a flow are told about how to judge."""

    flow: str
    version: int
    text: str
    created_at: datetime
    created_by: str


class Health(Answer):
    """How it stands."""

    status: Literal["ok", "failed"]
    checks: dict[str, Literal["ok", "failed"]] | None = None
