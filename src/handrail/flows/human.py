"""What all nodes have in common that ask people: whom, how many, by when, and what their results carry."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypedDict, Unpack

from handrail.flows.execution import Data, inside
from handrail.flows.node import ChainableNode
from handrail.requests.channels import check_channels
from handrail.requests.content import encode
from handrail.requests.decision import Strength, Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.identifier import utc_text
from handrail.requests.policy import Audience, Escalation, OnTimeout, Quorum, policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.requests.validation import merged

NOTHING = "there is nothing to show to people: the data is empty"
UNTITLED = "(no title)"
Title = str | Callable[[Data], str]


class Asking(TypedDict, total=False):
    """What every question to people may say, beside what it asks.

    `audience`: names and `group:NAME`, everybody by default. `quorum`: `"first"`, `"all"`, `at_least(n)` or
    `fraction(x)`. `escalations`: the ladder, `[escalation(after=3600, to="manager")]`. `reminders`: seconds after
    opening. `require`: how sure the identity must be (`"session"`). `guideline`: how to judge. `effect`: what happens
    at once if they say yes ("Publishes to blog.example.com at once."). `channels`: who carries it to people, and
    after a colon whom or where to (`["slack:#deploys", "email"]`). `priority`: higher comes first.
    """

    audience: Audience | str | Iterable[str] | None
    quorum: Quorum | str
    escalations: Sequence[Escalation]
    reminders: Sequence[float]
    require: Strength | str
    blind: bool
    guideline: str | None
    effect: str | None
    channels: Sequence[str] | str
    priority: int


class HumanNode(ChainableNode):
    """A node that asks people and goes on with what they decided."""

    def __init__(
        self,
        *,
        name: str | None = None,
        title: Title | None = None,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        **asking: Unpack[Asking],
    ) -> None:
        super().__init__(name=name)
        self.title = title
        if callable(title):  # code of the user's, which may do anything
            self.repeatable = False
        self.timeout = timeout
        self.asking = check_asking(asking)
        self.policy = make_policy(timeout, on_timeout, asking)

    def draft(
        self, kind: str, title: str, proposal: Data, verbs: tuple[Verb, ...], **more: Any
    ) -> RequestDraft:
        """Return the request to open."""
        return make_draft(kind, title, proposal, verbs, self.policy, self.asking, **more)

    def title_for(self, data: Data, default: str) -> str:
        """Return what the request is called."""
        title = self.title(data) if callable(self.title) else self.title
        return title or default


def check_asking(asking: Asking) -> Asking:
    """Return the options or raise `InvalidInput` for one that doesn't exist."""
    if unknown := sorted(set(asking) - set(Asking.__annotations__)):
        raise InvalidInput(
            f"there is no option {unknown[0]!r}; there are {', '.join(Asking.__annotations__)}"
        )
    if not is_priority(asking.get("priority", 0)):
        raise InvalidInput(
            f"priority={asking.get('priority')!r}: give a whole number of at most nine digits, higher comes first"
        )
    for name in ("guideline", "effect"):
        if not isinstance(asking.get(name), str | None):
            raise InvalidInput(f"{name} is a text")
    if not isinstance(asking.get("blind", False), bool):
        raise InvalidInput(f"blind={asking.get('blind')!r}: use True or False")
    check_channels(asking.get("channels", ()))
    return asking


def is_priority(value: object) -> bool:
    """Whether this is a priority: a whole number of at most nine digits."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9


def make_policy(timeout: float | None, on_timeout: OnTimeout, asking: Asking) -> Any:
    """Return the policy that the options come to."""
    said = ("guideline", "effect", "channels", "priority")
    options = {key: value for key, value in asking.items() if key not in said}
    return policy(timeout=timeout, on_timeout=on_timeout, **options)  # type: ignore[arg-type]


def make_draft(
    kind: str, title: str, proposal: Data, verbs: tuple[Verb, ...], policy: Any, asking: Asking, **more: Any
) -> RequestDraft:
    """Return the request to open; raises `NotJSON` or `InvalidInput` before anybody is asked."""
    if not proposal:
        raise InvalidInput(NOTHING)
    encode(proposal, "what people are shown")
    return RequestDraft(
        kind=kind,
        title=title.strip()[:500] or UNTITLED,
        proposal=proposal,
        verbs=verbs,
        policy=policy,
        guideline=asking.get("guideline"),
        effect=asking.get("effect"),
        channels=check_channels(asking.get("channels", ())),
        **{"priority": asking.get("priority", 0), **more},
    )


def shown_part(data: Data, *keys: str) -> Data:
    """Return what people are shown: the first of `keys` that holds something, else all of the data."""
    for key in keys:
        if data.get(key) not in (None, "", [], {}):
            return {key: data[key]}
    return dict(data)


def label(data: Data, word: str, default: str) -> str:
    """Return what a request is called by default: `word` and the id of what is shown, if it has one."""
    return f"{word} {data['id']}" if isinstance(data.get("id"), str | int) else default


async def ask_people(draft: RequestDraft) -> HumanRequest:
    """Ask in the run that is being executed; returns once the request has ended."""
    return await inside("asking people").ask(draft)


def human_result(request: HumanRequest) -> Data:
    """Return what every result of a human node carries: who, when, what they said, and where."""
    outcome = request.outcome
    moment = outcome.at if outcome else request.ended_at
    return {
        "decided_by": ", ".join(outcome.by) if outcome and outcome.by else None,
        "timestamp": utc_text(moment) if moment else None,
        "comment": outcome.comment if outcome else None,
        "request_id": request.id,
    }


def carried_on(data: Data) -> Data:
    """Return what a human node passes on: the data, without why an earlier decision in it was a no."""
    if "request_id" not in data or "decided_by" not in data:
        return data
    return {key: value for key, value in data.items() if key not in ("reason", "timeout_seconds")}


def edited_part(request: HumanRequest) -> Data:
    """Return the keys of the proposal that people changed, also in revisions before the last."""
    draft, outcome = request.draft, request.outcome
    if outcome is not None and outcome.verb is Verb.EDIT and isinstance(outcome.payload, dict):
        return {
            key: value
            for key, value in merged(draft.proposal, outcome.payload).items()
            if key in draft.proposal
        }
    return dict(draft.proposal) if outcome is not None and outcome.approved else {}


def silence(request: HumanRequest, timeout: float | None) -> Data:
    """Return what a result carries when time ran out: that it did, and after how many seconds."""
    if request.outcome is None or request.outcome.cause != "timeout":
        return {}
    return {"reason": "timeout", "timeout_seconds": timeout}


def why_not(request: HumanRequest) -> str | None:
    """Return why something was not approved: the reason given, `timeout`, `expired` or `withdrawn`."""
    outcome = request.outcome
    if outcome is None:
        return request.status.value.lower()
    return outcome.comment if outcome.cause == "decision" else outcome.cause
