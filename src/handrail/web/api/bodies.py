"""What programs send. A field that isn't here is refused: who acts, above all, is never said in a body."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from handrail.people.facts import Role, Scope
from handrail.requests.decision import Strength, Verb
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.outcome import outcome
from handrail.requests.policy import Audience, OnTimeout, Policy, at_least, escalation, fraction, policy
from handrail.requests.policy import audience as audience_of
from handrail.requests.request import RequestDraft
from handrail.requests.schema import schema_of

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=1024 * 1024)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]
Seconds = Annotated[float, Field(gt=0, le=3.2e9, description="seconds", examples=[3600])]
Object = dict[str, Any]


class Body(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(extra="forbid", strict=False)


class AudienceBody(Body):
    """Who may decide. Without users and groups that is everybody who reaches the inbox."""

    users: list[Name] = Field(default=[], max_length=1000)
    groups: list[Name] = Field(default=[], max_length=1000)
    excluded: list[Name] = Field(default=[], max_length=1000, description="people who never may")
    not_initiator: bool = Field(default=False, description="bars whoever opened the request")

    def built(self) -> Audience:
        """Return the audience."""
        named = audience_of([*self.users, *(f"group:{name}" for name in self.groups)])
        barred = audience_of(self.excluded)
        return Audience(named.users, named.groups, barred.users, self.not_initiator)


People = Annotated[
    list[Name] | AudienceBody,
    Field(description="names and `group:NAME`, or an object", examples=[["alice", "group:legal"]]),
]


def audience_from(people: "list[str] | AudienceBody") -> Audience:
    """Return an audience as a body names it."""
    return people.built() if isinstance(people, AudienceBody) else audience_of(people)


class AtLeastBody(Body):
    """So many people must approve."""

    at_least: int = Field(ge=1, le=1000)


class FractionBody(Body):
    """Such a share of the people asked must approve."""

    fraction: float = Field(gt=0, le=1)


class GivenBody(Body):
    """What a request comes to if nobody decides in time."""

    verb: Verb
    payload: Any = None
    comment: Text | None = None


class EscalationBody(Body):
    """So many seconds after opening these people may decide, too, and are told."""

    after: Seconds
    to: People


class PolicyBody(Body):
    """Who may decide, how many must, by when, and what if nobody does."""

    audience: People = []
    quorum: Literal["first", "all"] | AtLeastBody | FractionBody = "first"
    timeout: Seconds | None = Field(default=None, description="the deadline, in seconds from opening")
    on_timeout: Literal["reject", "approve", "escalate"] | GivenBody | None = Field(
        default="reject", description="what silence means; null lets the request expire without an outcome"
    )
    reminders: list[Seconds] = Field(default=[], max_length=20, description="seconds from opening")
    escalations: list[EscalationBody] = Field(default=[], max_length=20)
    require: Literal["asserted", "link", "channel", "session"] = Field(
        default="asserted",
        description="how sure an identity has to be; a key gives `channel`, a login `session`",
    )
    blind: bool = Field(
        default=False, description="whether people see the decisions of others only after their own"
    )

    def built(self) -> Policy:
        """Return the policy. Raises `InvalidInput` for what can't be meant."""
        return policy(
            audience=audience_from(self.audience),
            quorum=self._quorum(),
            timeout=self.timeout,
            on_timeout=self._on_timeout(),
            reminders=self.reminders,
            escalations=[escalation(rung.after, audience_from(rung.to)) for rung in self.escalations],
            require=Strength[self.require.upper()],
            blind=self.blind,
        )

    def _quorum(self) -> Any:
        match self.quorum:
            case AtLeastBody(at_least=count):
                return at_least(count)
            case FractionBody(fraction=share):
                return fraction(share)
        return self.quorum

    def _on_timeout(self) -> OnTimeout:
        if isinstance(given := self.on_timeout, GivenBody):
            return outcome(given.verb, given.payload, given.comment)
        return given


class OpenBody(Body):
    """A request to people, from outside."""

    kind: Name = Field(default="approval", description="what is asked: `approval`, `review`, `question`, …")
    title: Title
    proposal: Object = Field(
        min_length=1, description="what is judged, under its own keys; `edit` changes those"
    )
    context: Object = Field(default={}, description="shown beside the proposal; can't be edited")
    verbs: list[Verb] = Field(default=[Verb.APPROVE, Verb.EDIT, Verb.REJECT], min_length=1, max_length=6)
    response_schema: Object | None = Field(default=None, description="the JSON Schema of an `answer`")
    proposal_schema: Object | None = Field(default=None, description="the JSON Schema of an edited proposal")
    policy: PolicyBody = Field(default_factory=PolicyBody)
    guideline: Text | None = None
    channels: list[Name] = Field(
        default=[], max_length=20, description="what carries it to people beside the inbox"
    )
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000, description="the higher, the more urgent")
    callback_url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = Field(
        default=None,
        description="is called with POST once the request has ended; no private or link-local address",
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "approval",
                    "title": "Publish the post about bees?",
                    "proposal": {"content": "Bees dance to tell where flowers are."},
                    "verbs": ["approve", "edit", "reject"],
                    "policy": {"audience": ["alice", "bob"], "timeout": 86400},
                }
            ]
        },
    )

    def built(self, channels: tuple[str, ...]) -> RequestDraft:
        """Return the draft. Raises `InvalidInput`."""
        return RequestDraft(
            kind=self.kind,
            title=self.title,
            proposal=self.proposal,
            context=self.context,
            verbs=tuple(dict.fromkeys(self.verbs)),
            policy=self.policy.built(),
            guideline=self.guideline,
            response_schema=_schema(self.response_schema, "response_schema"),
            proposal_schema=_schema(self.proposal_schema, "proposal_schema"),
            channels=channels,
            priority=self.priority,
        )


def _schema(given: Object | None, field: str) -> Object | None:
    """Return a JSON Schema, checked. Whatever the library raises over a wild one, the field is named."""
    if given is None:
        return None
    try:
        return schema_of(given, outside=True)
    except InvalidInput as error:
        told = str(error)
    except Exception as error:
        told = f"not a JSON Schema that can be checked ({type(error).__name__})"
    raise InvalidInput(f"the {field} can't be used: {told}", fields=[FieldProblem(field, told)])


class DecisionBody(Body):
    """One person's answer to a request; whose it is comes from the key or the session."""

    verb: Verb
    payload: Any = Field(default=None, description="with `edit` the changed keys, with `answer` the answer")
    comment: Text | None = Field(default=None, description="with `request_changes` the feedback")
    content_hash: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        default=None, description="the `content_hash` of what was shown; another one is a conflict"
    )

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"verb": "approve", "comment": "Well put."}]}
    )


class BatchItem(DecisionBody):
    """A decision, and on which request."""

    request_id: Name

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"request_id": "req_1", "verb": "approve"}]}
    )


Address = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
EventKinds = Annotated[list[Name], Field(max_length=100, description="empty for everything")]


class WebhookBody(Body):
    """Somewhere to tell what happens."""

    url: Address = Field(description="is called with POST; no private or link-local address")
    description: Annotated[str, StringConstraints(max_length=200)] = ""
    kinds: EventKinds = []
    flow: Name | None = Field(default=None, description="only of this flow")
    content: bool = Field(default=False, description="whether it is told what was shown and answered")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"url": "https://hooks.example.com/handrail", "kinds": ["opened", "resolved"]}]
        },
    )


class WebhookChange(Body):
    """What is to be different; what isn't given stays."""

    url: Address | None = None
    description: Annotated[str, StringConstraints(max_length=200)] | None = None
    kinds: EventKinds | None = None
    flow: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="an empty one stands for all flows"
    )
    content: bool | None = None
    active: bool | None = Field(
        default=None, description="switched on again, it is told what happens from then on"
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"active": True}]})


class InboundBody(Body):
    """As which service account a program may call in, and what for."""

    person: Name = Field(examples=["robot"])
    label: Name = Field(examples=["nightly checks"])


class BatchBody(Body):
    """Decisions on many requests; each stands or falls alone."""

    decisions: list[BatchItem] = Field(min_length=1, max_length=100)


class ReassignBody(Body):
    """Whom to ask instead."""

    to: People
    reason: Text | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"to": ["carol"], "reason": "on holiday"}]}
    )


class WithdrawBody(Body):
    """Why it is taken back."""

    reason: Text | None = None


class CommentBody(Body):
    """Something about an open request."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1024 * 1024)]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "Ask the lawyers."}]})


class StartBody(Body):
    """A run of a flow."""

    flow: Name
    input: Object = {}
    run_id: Name | None = Field(
        default=None, description="an id of your own; the same one and input mean the same run"
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"flow": "publish-post", "input": {"prompt": "bees"}}]},
    )


class MigrateBody(Body):
    """How steps that ran are called now."""

    map: list[Name] = Field(
        min_length=1, max_length=200, description="`OLD=NEW`; `OLD=` is gone, `=NEW` is new"
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"map": ["ask=approve"]}]})


Round = Annotated[
    int | None,
    Field(
        ge=1,
        le=1_000_000_000,
        description="the `round` that you were shown awaiting validation; another one by now is a conflict",
    ),
]


class FeedbackBody(Body):
    """What is to be different about a task."""

    content: Annotated[str, StringConstraints(min_length=1, max_length=1024 * 1024)]
    round: Round = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"content": "Add the prices of 2024.", "round": 1}]}
    )


class ValidationBody(Body):
    """The result of a task is good."""

    round: Round = None
    comment: Text | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"round": 1, "comment": "Well put."}]}
    )


class UnblockBody(Body):
    """The obstacle of a task is removed."""

    note: Text | None = Field(default=None, description="is told to its agent")

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "The key is in the vault now."}]}
    )


class UserBody(Body):
    """Somebody new."""

    name: Name
    display: Name | None = None
    email: Name | None = None
    role: Role = Role.REVIEWER
    service: bool = Field(default=False, description="a service account has keys and never logs in")
    password: Annotated[str, StringConstraints(max_length=1024)] | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "carol", "role": "reviewer"}]}
    )


class UserChange(Body):
    """What changes about somebody; what isn't given stays."""

    display: Name | None = None
    email: Annotated[str, StringConstraints(max_length=320)] | None = Field(
        default=None, description="empty: none any more"
    )
    role: Role | None = None
    active: bool | None = Field(default=None, description="false ends sessions, keys and links")
    password: Annotated[str, StringConstraints(max_length=1024)] | None = None

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "admin"}]})


class IdentityBody(Body):
    """An address on a channel, which the channel verifies."""

    channel: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    address: Annotated[str, StringConstraints(min_length=1, max_length=254)] = Field(
        description="in the channel's own words: of Slack `TEAM:USER`, of email an address"
    )

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"channel": "slack", "address": "T012:U345"}]}
    )


class GroupBody(Body):
    """The whole group."""

    people: list[Name] = Field(max_length=10_000, description="nobody removes the group")

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"people": ["alice", "bob"]}]})


class KeyBody(Body):
    """A new key."""

    label: Name
    person: Name | None = Field(default=None, description="whose key it is; by default yours")
    scopes: list[Scope] = Field(min_length=1, max_length=6)
    expires_in: Seconds | None = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"label": "pipeline", "scopes": ["requests:write", "requests:read"]}]
        },
    )


class GuidelineBody(Body):
    """What reviewers of a flow are told."""

    text: Annotated[str, StringConstraints(max_length=20_000)] = Field(
        description="Markdown; empty takes it away"
    )

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "Is it true? Is it kind?"}]}
    )
