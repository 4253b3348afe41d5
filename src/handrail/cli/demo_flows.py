"""The flows of the web demo: what a team might ask of people. The model is a script that says so; the rest is real."""

import re
from textwrap import shorten
from typing import Any, Literal

from pydantic import BaseModel, Field

from handrail import (
    App,
    FeedbackLoop,
    FunctionNode,
    HumanApprovalNode,
    LLMNode,
    MultiReviewerNode,
    RevisionNode,
    ask,
    escalation,
)
from handrail.cli import demo_team, stand_in
from handrail.cli.demo import publish
from handrail.flows.node import ChainableNode

POST_GUIDE = """- Every number has a source.
- No dates or promises for what is not released.
- Plain words; the reader is “you”."""
TICKET_GUIDE = """Choose by what the customer **needs done**, not by the words they use.

- `billing`: money, invoices, plans, seats
- `access`: signing in, passwords, invitations
- `fault`: something that worked does not"""
CLAIM_GUIDE = """Pay what the policy covers and nothing else. Floors lose 4 % of their value a year."""
TOPICS = {
    "billing": ("invoice", "refund", "charge", "plan", "seat", "price", "downgrade", "upgrade"),
    "access": ("login", "password", "sign", "invite", "invitation", "account", "locked"),
    "fault": ("error", "crash", "broken", "slow", "fails", "stopped", "cannot", "can't"),
}


SURE = 0.7
"""the confidence, from 0 to 1, from which on nobody is asked for the topic"""


class Payment(BaseModel):
    """To whom, and how much."""

    amount: float = Field(
        ge=0, le=20_000, title="Amount in euros", description="After the deductible of €250.00."
    )
    to: Literal["customer", "craftsman"] = Field(title="Pay to")


class Item(BaseModel):
    """One damaged thing."""

    name: str = Field(min_length=1, max_length=80, title="What")
    euros: float = Field(ge=0, title="Euros")


class Assessment(BaseModel):
    """What an assessor says about a claim."""

    verdict: Literal["pay", "pay part", "send an inspector", "refuse"]
    wear: int | None = Field(
        None,
        ge=0,
        le=60,
        multiple_of=5,
        title="Deduction for wear, in percent",
        description="Floors lose 4 % a year.",
    )
    payment: Payment | None = None
    items: list[Item] = Field(default_factory=list, max_length=20, title="Damaged items")
    reasoning: str = Field("", max_length=2000)


def register(app: App, person: str) -> None:
    """Give an app the flows of the demo; `person` is who sits in front of it."""
    app.flow("publish-post", publish_post())
    app.flow("triage-tickets", triage_tickets())
    app.flow("refund-requests", refund_requests(person))
    app.flow("assess-claims", assess_claim)
    app.flow("reply-to-reviews", reply_to_reviews(person))
    app.team(demo_team.team())


def colleagues(person: str) -> tuple[str, str]:
    """Return the two others of the demo, who aren't called like the one in front of it."""
    one, other = [name for name in ("alice", "bob", "dora") if name != person][:2]
    return one, other


def publish_post() -> ChainableNode:
    """Return draft, review in rounds, publish."""
    return (
        LLMNode(stand_in.write, name="write")
        | FunctionNode(lambda x: {"output": x["content"]}, name="draft")
        | FeedbackLoop(
            RevisionNode(LLMNode(stand_in.write)),
            max_iterations=10,
            title=lambda x: f"Publish the post “{heading(x['output'])}”?",
            guideline=POST_GUIDE,
            effect="Approving writes the post to handrail-demo/ at once.",
            timeout=6 * 3600,
            name="review",
        )
        | FunctionNode(publish, name="publish")
    )


def heading(text: str) -> str:
    """Return the first line of a post."""
    return text.strip().splitlines()[0].lstrip("# ")[:80]


def triage_tickets() -> ChainableNode:
    """Return classify, ask where the classifier isn't sure, file."""
    return (
        FunctionNode(classify, name="classify")
        | FunctionNode(check, name="check")
        | FunctionNode(lambda x: {**x, "filed": x["topic"]}, name="file")
    )


def classify(x: dict[str, Any]) -> dict[str, Any]:
    """Count the words of each topic: the more one topic has than the others, the surer it is."""
    words = re.findall(r"[a-z']+", x["ticket"].lower())
    found = {topic: [word for word in words if word.startswith(known)] for topic, known in TOPICS.items()}
    counts = sorted(((len(hits), topic) for topic, hits in found.items()), reverse=True)
    (most, topic), (next_most, other) = counts[0], counts[1]
    confidence = round((most + 0.5) / (most + next_most + 1), 2)
    unsure = [
        {"text": word, "reason": f"speaks for {each}"}
        for each in sorted((topic, other))
        for word in found[each]
    ]
    return {**x, "topic": topic, "confidence": confidence, "unsure": unsure}


async def check(x: dict[str, Any]) -> dict[str, Any]:
    """Ask which topic it is where the classifier isn't sure: its guess isn't shown, lest it lead the judge."""
    if x["confidence"] >= SURE:
        return x
    why = f"The classifier isn’t sure: {x['confidence']} is under {SURE}."
    topic = await ask(
        f"Which topic is “{shorten(x['ticket'], 60, placeholder='…')}”?",
        choices=list(TOPICS),
        context={
            "ticket": x["ticket"],
            **{key: x[key] for key in ("confidence", "unsure")},
            "threshold": SURE,
            "why": why,
        },
        guideline=TICKET_GUIDE,
        timeout=24 * 3600,
    )
    return {**x, "topic": topic}


def refund_requests(person: str) -> ChainableNode:
    """Return a review by three, of whom two must agree."""
    return MultiReviewerNode(
        [person, *colleagues(person)],
        approval_threshold=0.66,
        title=lambda x: f"Refund {x['amount']} for order {x['order']}?",
        blind=True,
        timeout=8 * 3600,
        name="vote",
    ) | FunctionNode(lambda x: {**x, "refunded": x["approved"]}, name="refund")


async def assess_claim(
    claim: str, letter: str, documents: list[Any], policy: dict[str, Any]
) -> dict[str, Any]:
    """Let a person assess a claim with a form."""
    found = await ask(
        f"Assess claim {claim}",
        schema=Assessment,
        context={"What the customer sent": letter, "Documents": documents, "Policy": policy},
        guideline=CLAIM_GUIDE,
        timeout=10 * 3600,
    )
    return {"claim": claim, **found.model_dump()}


def reply_to_reviews(person: str) -> ChainableNode:
    """Return an approval that somebody else is asked for, too, once it is late."""
    one, other = colleagues(person)
    return (
        FunctionNode(lambda x: {**x, "content": reply(x)}, name="answer")
        | HumanApprovalNode(
            timeout=3600,
            on_timeout="escalate",
            escalations=[escalation(after=12 * 3600, to=one), escalation(after=24 * 3600, to=other)],
            audience=person,
            priority=10,
            title=lambda x: f"Reply to the review by {x['author']}",
            effect="Approving posts the reply under the review at once.",
            name="approve",
        )
        | FunctionNode(lambda x: {**x, "posted": x["approved"]}, name="post")
    )


def reply(x: dict[str, Any]) -> str:
    """Return a reply made from a template."""
    thanks = "Thank you for telling us" if x["stars"] < 3 else "Thank you for your kind words"
    passed_on = "We have passed that on to the people who can change it."
    return f"{thanks}, {x['author']}.\n\nYou wrote: “{x['text']}” {passed_on}"
