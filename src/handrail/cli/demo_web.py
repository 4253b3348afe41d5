"""`handrail demo`: the web inbox with work waiting. Kill it wherever you like and start it again: nothing is lost.

What waits was asked in the hours before: the flows are executed with a clock that is turned back, and people who
aren't here (alice and bob, say) decide as they would in the inbox.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from handrail import App, settings
from handrail.cli.demo_flows import colleagues, register
from handrail.cli.demo_team import TEAM
from handrail.cli.ending import command, leave_soon
from handrail.cli.execution import until_signalled
from handrail.cli.printing import note
from handrail.cli.serve import serve_app
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.people.facts import Role
from handrail.requests.decision import Actor, Strength
from handrail.requests.request import HumanRequest
from handrail.teams.ports import TeamTransaction
from handrail.teams.status import WorkflowStatus

STORE = "sqlite:///handrail-demo-web.db"
LETTER = """On Friday evening the hose of our dishwasher came off and water ran for about an hour before we noticed. \
The floor under the units has swollen along 2.4 metres and two drawers no longer close.

The plumber came on Saturday (invoice attached, 410 euros). The carpenter says the floor and one base unit must be \
replaced and quotes 1,980 euros.

We have had the dishwasher since 2013."""
CLAIM = {
    "claim": "20418: water damage, kitchen",
    "letter": LETTER,
    "documents": [
        {"file": "plumber.pdf", "read as": "Invoice, paid", "amount": "€410.00"},
        {"file": "carpenter.pdf", "read as": "Quote", "amount": "€1,980.00"},
        {"file": "floor-3.jpg", "read as": "Photograph", "amount": None},
    ],
    "policy": {
        "covered": "Sudden escape of water, fixed units and floors",
        "deductible": "€250.00",
        "limit": "€20,000.00 per event",
        "earlier claims": "None in ten years",
    },
}
COMPLAINT = (
    "The parcel arrived **nine days late**, after the event it was meant for. The terms promise five days."
)
TICKET = "The invoice page is slow and the refund button is broken"
POSTS = ("why exports run every hour now", "new roles for guests", "dashboards that load twice as fast")


class _Past:
    """A clock that stands some hours back, until it is turned on."""

    def __init__(self, hours: float) -> None:
        self._now = datetime.now(UTC) - timedelta(hours=hours)

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self._now

    def to(self, hours: float) -> None:
        """Turn it on, to so many hours before the present."""
        self._now = datetime.now(UTC) - timedelta(hours=hours)


@command
async def demo_web(store: str | None, host: str, port: int) -> None:
    """Serve the demo until Ctrl-C; what it begins with is made once for each store."""
    person = settings.os_user()
    url = store or STORE
    app = App(store=url)
    register(app, person)
    stopping = until_signalled()
    async with app.connect():
        fresh = not await app.runs.list(limit=1)
    if fresh:
        note("asking what waits for you (a scripted stand-in writes, no key is needed) ...")
        await _seed(url, person)
    async with app.work():
        await serve_app(app, host, port, None, stopping)
    leave_soon(0)


async def _seed(url: str, person: str) -> None:
    """Let the flows ask, and the others decide, in the hours before now."""
    clock = _Past(30)
    app = App(store=url, clock=clock)
    register(app, person)
    async with app:
        actor = Actor(person, Strength.ASSERTED, "cli")
        await app.people.add(person, actor=actor, role=Role.ADMIN)
        alice, bob = colleagues(person)
        for name in (alice, bob):
            await app.people.add(name, actor=actor, role=Role.REVIEWER)
        await _earlier(app, clock, alice, bob)
        clock.to(3.2)
        draft = await _asked(
            app, "publish-post", {"prompt": f"Write a short post about {POSTS[0]}"}, "post-418"
        )
        clock.to(2.1)
        words = "Make it longer, and mention who sets the hour. Replace a month with a week."
        await app.inbox.decide(draft.id, "request_changes", actor=_as(alice), comment=words)
        await _next(app, "post-418", draft)
        await _at_rest(app, TEAM, {}, "notes-4.2")
        clock.to(1.7)
        stars = {"author": "carol", "stars": 2, "text": "Two days for an answer that was a link."}
        await _asked(app, "reply-to-reviews", stars, "review-88")
        clock.to(1.5)
        await _asked(app, "assess-claims", CLAIM, "claim-20418")
        clock.to(1)
        ticket = "We cannot add a second seat after the downgrade of our plan, it fails with an error"
        await _asked(app, "triage-tickets", {"ticket": ticket}, "ticket-5120")
        clock.to(0.4)
        refund = {
            "order": "88-1203",
            "amount": "€ 149.00",
            "content": COMPLAINT,
        }
        vote = await _asked(app, "refund-requests", refund, "refund-88-1203")
        clock.to(0.2)
        await app.inbox.decide(vote.id, "approve", actor=_as(alice), comment="Late is late.")


async def _earlier(app: App, clock: _Past, alice: str, bob: str) -> None:
    """Let posts and tickets of yesterday be decided, so that there is something to look back at."""
    first = await _asked(app, "publish-post", {"prompt": f"Write a short post about {POSTS[1]}"}, "post-416")
    second = await _asked(app, "publish-post", {"prompt": f"Write a short post about {POSTS[2]}"}, "post-417")
    ticket = await _asked(
        app,
        "triage-tickets",
        {"ticket": TICKET},
        "ticket-5098",
    )
    clock.to(27)
    await app.inbox.decide(first.id, "approve", actor=_as(alice))
    clock.to(25)
    await app.inbox.decide(second.id, "reject", actor=_as(bob), comment="It promises a date.")
    await app.inbox.decide(ticket.id, "answer", payload="fault", actor=_as(bob))
    for run_id in ("post-416", "post-417", "ticket-5098"):
        await app.wait(run_id, 30)


async def _at_rest(app: App, team: str, inputs: dict[str, Any], run_id: str) -> None:
    """Start a team, and return once nothing moves on its board without a person."""
    await app.start(team, inputs, run_id, initiator="carol")
    async with asyncio.timeout(30):
        while not await app.store.read(_is_blocked, run_id=run_id):  # noqa: ASYNC110 - its agents work
            await asyncio.sleep(0.01)


def _is_blocked(tx: TeamTransaction, *, run_id: str) -> bool:
    team = tx.team(run_id)
    return team is not None and team.status is WorkflowStatus.BLOCKED


async def _asked(app: App, flow: str, data: dict[str, Any], run_id: str) -> HumanRequest:
    """Start a run, and return what it asks."""
    await app.start(flow, data, run_id, initiator="carol")
    return await _next(app, run_id, None)


async def _next(app: App, run_id: str, before: HumanRequest | None) -> HumanRequest:
    """Return what a run asks after `before`."""
    async with asyncio.timeout(30):
        while True:
            found = await views.requests(app.store, PENDING, run_id=run_id)
            if found and (before is None or found[-1].id != before.id):
                return found[-1]
            await asyncio.sleep(0.01)


def _as(name: str) -> Actor:
    return Actor(name, Strength.SESSION, "web")
