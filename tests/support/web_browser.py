"""An inbox that is served, and people who look at it with a browser."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from handrail import App
from handrail.inbox import views
from handrail.inbox.ports import InboxTransaction
from handrail.people.facts import Kind, Role
from handrail.requests.decision import Actor, Strength, Verb
from handrail.requests.policy import escalation, policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.stores.memory import MemoryStore
from handrail.web.serving import Serving

ROOT = Actor("root", Strength.ASSERTED, "cli")
ALL = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)
PATIENCE = 30_000
"""milliseconds until a condition that is waited for counts as missed, also on a loaded machine"""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PARTS = (
    "context",
    "guideline",
    "response_schema",
    "proposal_schema",
    "priority",
    "previous",
    "effect",
    "channels",
)


def as_web(name: str) -> Actor:
    """Return somebody as the pages know them."""
    return Actor(name, Strength.SESSION, "web")


@dataclass
class Seen:
    """What a browser did that it should not: what its console complains about, and whom else it asks."""

    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass
class Visit:
    """Somebody's browser: a context of its own with one page, and what went wrong in it."""

    name: str
    page: Page
    context: BrowserContext
    seen: Seen
    url: str

    async def open(self, path: str, status: int = 200) -> Page:
        """Open a page."""
        answer = await self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"
        return self.page

    async def ask(self, request: HumanRequest, **query: str) -> Page:
        """Open a request, and wait until its script has begun to listen."""
        asked = "&".join(f"{key}={value}" for key, value in query.items())
        return await self.open(f"/requests/{request.id}" + (f"?{asked}" if asked else ""))

    async def live(self) -> None:
        """Return once the page says that it is live."""
        await self.page.locator("[data-live-state]:not([hidden])").wait_for(state="attached")


@dataclass
class Site:
    """One app with its server, and the browsers that visit it."""

    app: App
    browser: Browser
    url: str
    visits: list[Visit] = field(default_factory=list)

    async def person(self, name: str, role: Role = Role.REVIEWER) -> None:
        """Add somebody."""
        await self.app.people.add(name, actor=ROOT, role=role)

    async def visit(self, name: str | None = "alice", role: Role = Role.REVIEWER, **options: Any) -> Visit:
        """Return a browser; with a name that of somebody who has signed in."""
        context = await self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(PATIENCE)
        if name is not None:
            await context.add_cookies([await self.cookie(name, role)])
        visit = Visit(name or "stranger", await context.new_page(), context, Seen(), self.url)
        _watch(context, visit)
        self.visits.append(visit)
        return visit

    async def cookie(self, name: str, role: Role = Role.REVIEWER) -> Any:
        """Return the cookie of a new session."""
        if name not in {person.name for person in await self.app.people.everybody()}:
            await self.person(name, role)
        entered = await self.app.people.log_in_by_link(
            await self.app.people.make_link(Kind.LOGIN, name, actor=ROOT)
        )
        return {"name": "handrail", "value": entered.secret, "url": self.url}

    async def ask(
        self,
        title: str = "Publish the post?",
        proposal: dict[str, Any] | None = None,
        verbs: Sequence[Verb] = ALL,
        *,
        initiator: str | None = None,
        **options: Any,
    ) -> HumanRequest:
        """Open a request; what isn't a part of it is a part of its policy."""
        parts = {key: options.pop(key) for key in PARTS if key in options}
        shown = proposal or {"content": "A short text.\n\nWith a second paragraph."}
        draft = RequestDraft("approval", title, shown, tuple(verbs), policy(**options), **parts)
        return await self.app.inbox.open(draft, initiator=initiator)

    async def stored(self, request: HumanRequest) -> HumanRequest:
        """Return a request as it is in the store."""
        return await views.request(self.app.store, request.id)

    async def until(self, request: HumanRequest, status: str) -> HumanRequest:
        """Return a request once it has a status."""
        async with asyncio.timeout(PATIENCE / 1000):
            while (found := await self.stored(request)).status != status:  # noqa: ASYNC110 - as a user would look
                await asyncio.sleep(0.01)
        return found

    async def kinds(self, request: HumanRequest) -> list[str]:
        """Return which moves a request has made."""
        return [event.move.kind for event in await self.app.store.read(_events, request_id=request.id)]

    def check(self) -> None:
        """Fail if a browser complained, asked another server, opened a dialog, or got an error of ours."""
        for visit in self.visits:
            assert visit.seen == Seen(), f"{visit.name}: {visit.seen}"


def _events(tx: InboxTransaction, *, request_id: str) -> Any:
    return tx.events(request_id)


def _watch(context: BrowserContext, visit: Visit) -> None:
    def told(message: ConsoleMessage) -> None:
        # That an address answered 409, or that there was no network, is what a test is about; mistakes are not.
        if message.type == "error" and not message.text.startswith("Failed to load resource: "):
            visit.seen.complaints.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((visit.url + "/", "data:", "blob:", "about:")):
            visit.seen.elsewhere.append(request.url)

    def answered(response: Response) -> None:
        if response.status >= 500:
            visit.seen.failures.append(f"{response.status} {response.url}")

    async def dialog(shown: Any) -> None:
        visit.seen.dialogs.append(shown.message)
        await shown.dismiss()

    context.on("console", told)
    context.on("weberror", lambda error: visit.seen.complaints.append(str(error.error)))
    context.on("request", asked)
    context.on("response", answered)
    context.on("dialog", dialog)


async def closed(what: BrowserContext | Browser) -> None:
    """Close it. Where a page has just gone elsewhere the driver may never answer; the process ends it then."""
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await what.close()


@asynccontextmanager
async def site(browser: Browser, **given: Any) -> AsyncIterator[Site]:
    """Serve an app of its own on a free port; at the end no browser may have complained."""
    app = App(store=MemoryStore(), **given)
    async with app, Serving("127.0.0.1", 0) as serving:
        await serving.begin(app.face(serving.url))
        made = Site(app, browser, serving.url)
        try:
            yield made
            for visit in made.visits:
                await visit.page.wait_for_load_state()  # what was sent last is answered before anything ends
            made.check()
        finally:
            for visit in made.visits:
                await closed(visit.context)


__all__ = [
    "ALL",
    "ARGUMENTS",
    "PATIENCE",
    "ROOT",
    "Seen",
    "Site",
    "Visit",
    "as_web",
    "closed",
    "escalation",
    "site",
]
