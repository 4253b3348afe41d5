"""Journeys of webhooks: processes that die while they deliver, and a thousand requests at once."""

import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from handrail import Actor, App
from handrail.inbox import moves
from handrail.webhooks import signing
from tests.support.journey_process import Site, ended, ready, until
from tests.support.requests_desk import draft
from tests.support.web_process import Served
from tests.support.webhook_receiver import Got, Receiver, check_cloud_event, receiving, verified

pytestmark = pytest.mark.journey
ROOT = Actor("root")
LATER = "60"
"""seconds by which a process is ahead that goes on with what a dead one had taken"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path, "")
    try:
        yield made
    finally:
        made.close()


def worker(site: Site, ahead: str = "0", **environment: str) -> subprocess.Popen[str]:
    """Start a process that delivers."""
    command = [sys.executable, "-m", "tests.support.webhook_worker", site.store, ahead]
    started = site.process(command, HANDRAIL_ALLOW_HOSTS="127.0.0.1", **environment)
    ready(started)
    return started


@asynccontextmanager
async def hooked(site: Site, receiver: Receiver, *kinds: str) -> AsyncIterator[tuple[App, str, str]]:
    """Open the store with a webhook in it; gives the app, the webhook's id and its secret."""
    app = App(store=site.store, allow_hosts="127.0.0.1", channels={})
    async with app.connect():
        added, secret = await app.webhooks.add(receiver.url, actor=ROOT, kinds=kinds)
        yield app, added.webhook.id, secret


async def ask(app: App, number: int) -> None:
    """Open a request and decide it."""
    request_id = f"req_{number:04}"
    now = app.clock.now()
    await app.store.do(moves.open_request, draft(), now=now, request_id=request_id)
    await app.inbox.decide(request_id, "approve", actor=Actor("alice"))


async def all_delivered(app: App, hook: str) -> None:
    async def done() -> bool:
        end = await app.store.read(lambda tx: tx.end_of_log())
        standing = await app.webhooks.find(hook)
        return not standing.pending and standing.webhook.cursor == end

    await until(done, "everything is delivered")


def check(calls: list[Got], secret: str, requests: int, kinds: list[str]) -> Counter[str]:
    """Assert that everything was told, in order for each request; return how often each event was."""
    first, bodies = dict[str, Got](), defaultdict(set)
    for got in calls:
        first.setdefault(got.id, got)
        bodies[got.id].add(got.body)
        check_cloud_event(verified(secret, got.headers, got.body, time.time(), tolerance=400))
    assert all(len(each) == 1 for each in bodies.values()), "a repetition says the same"
    told = defaultdict(list)
    for got in first.values():
        told[got.event["subject"]].append(got.event["data"]["kind"])
    assert dict(told) == {f"req_{number:04}": kinds for number in range(requests)}
    return Counter(got.id for got in calls)


@pytest.mark.parametrize("point", ["deliver:before@3", "deliver:sent@3", "deliver:after@3"])
async def test_a_process_that_dies_while_it_delivers_loses_nothing(site: Site, point: str) -> None:
    async with receiving() as receiver, hooked(site, receiver, "opened", "resolved") as (app, hook, secret):
        dying = worker(site, HANDRAIL_KILL_AT=point)
        for number in range(10):
            await ask(app, number)
        assert await asyncio.to_thread(ended, dying) == -signal.SIGKILL, site.stderr()
        before = len(receiver.calls)
        worker(site, LATER)
        await all_delivered(app, hook)
        times = check(receiver.calls, secret, 10, ["opened", "resolved"])
        repeated = sum(count - 1 for count in times.values())
        assert repeated <= 8, "no more than was on its way"
        if point.startswith("deliver:sent"):
            assert repeated >= 1
        assert before < len(receiver.calls)


@pytest.mark.slow
async def test_a_thousand_requests_at_once_are_told_in_order_though_processes_die(site: Site) -> None:
    async with receiving() as receiver, hooked(site, receiver, "opened", "resolved") as (app, hook, secret):
        dying, other = worker(site), worker(site)
        asking = asyncio.gather(*(ask(app, number) for number in range(1000)))
        await until(lambda: len(receiver.calls) >= 200, "some were told")
        dying.send_signal(signal.SIGKILL)
        await asking
        await until(lambda: len(receiver.calls) >= 800, "more were told")
        other.send_signal(signal.SIGKILL)
        worker(site, LATER)
        await all_delivered(app, hook)
        times = check(receiver.calls, secret, 1000, ["opened", "resolved"])
        assert len(times) == 2000
        assert sum(times.values()) - 2000 <= 16, "no more than was on its way"
        assert receiver.most_at_once <= 24


async def test_an_inbound_call_counts_once_though_the_server_dies(site: Site) -> None:
    """The id of a call is stored with what it changes: both are there afterwards, or neither."""
    app = App(store=site.store, channels={})
    async with app.connect():
        await app.people.add("robot", actor=ROOT, service=True)
        inbound, secret = await app.webhooks.add_inbound("robot", "checks", actor=ROOT)
        now = app.clock.now()
        await app.store.do(moves.open_request, draft(), now=now, request_id="req_1")
    script = f"""
import asyncio
from handrail import App
from handrail.requests.errors import HandrailError
from handrail.web.api.bodies import BatchItem
from handrail.webhooks import signing
from handrail.webhooks.receiving import Receiver
async def main():
    app = App(store={site.store!r}, channels={{}})
    async with app.connect():
        door = Receiver(app.store, app.clock, app.people.secret, app.inbox)
        body, key = b"{{}}", signing.key_of({secret!r})
        headers = signing.headers(body, event_id="msg_1", keys=[key], now=app.clock.now())
        call = await door.verify({inbound.id!r}, headers, body)
        try:
            await door.decide(call, BatchItem(request_id="req_1", verb="approve"))
            print("decided")
        except HandrailError as error:
            print(type(error).__name__)
asyncio.run(main())
"""
    said = []
    for point in ("commit:before", "commit:after@1", "", "", ""):
        environment = {"HANDRAIL_KILL_AT": point} if point else {}
        process = site.process([sys.executable, "-c", script], **environment)
        output, _ = await asyncio.to_thread(process.communicate, None, 60)
        said.append((process.returncode, output.strip()))
    assert said == [(-9, ""), (-9, ""), (0, "Repeated"), (0, "Repeated"), (0, "Repeated")], site.stderr()
    async with app.connect():
        events = await app.store.read(lambda tx: tx.events("req_1"))
        assert [event.move.kind for event in events] == ["opened", "decided", "resolved"]


async def test_a_server_that_is_killed_goes_on_telling_and_taking_signed_calls(tmp_path: Path) -> None:
    served = Served(tmp_path)
    async with receiving() as receiver, App(store=served.store, channels={}).connect() as app:
        await app.people.add("root", actor=ROOT, role="admin", password="correct horse battery")
        await app.people.add("robot", actor=ROOT, service=True)
        _, key = await app.people.make_key("root", "test", ["admin"], actor=ROOT)
        try:
            await served.start("tests.support.webhook_app:app")
            async with httpx.AsyncClient(base_url=f"{served.url}/api/v1") as client:
                client.headers["authorization"] = f"Bearer {key}"
                body = {"url": receiver.url, "kinds": ["opened", "resolved"]}
                hook = (await client.post("/webhooks", json=body)).json()
                program = {"person": "robot", "label": "checks"}
                inbound = (await client.post("/inbound-webhooks", json=program)).json()
            await ask(app, 0)
            await until(lambda: len(receiver.calls) == 2, "the server tells")
            await all_delivered(app, hook["id"])  # what was sent and isn't recorded yet would come again
            await served.stop()
            await ask(app, 1)
            now = app.clock.now()
            await app.store.do(moves.open_request, draft(), now=now, request_id="req_0002")
            await served.start("tests.support.webhook_app:app")
            sent = b'{"request_id": "req_0002", "verb": "approve"}'
            secret = signing.key_of(inbound["secret"])
            async with httpx.AsyncClient(base_url=served.url) as client:
                path = f"/api/v1/inbound-webhooks/{inbound['id']}/decisions"
                headers = signing.headers(sent, event_id="msg_1", keys=[secret], now=app.clock.now())
                answers = [await client.post(path, content=sent, headers=headers) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [200, 409, 409, 409, 409]
            await all_delivered(app, hook["id"])
        finally:
            await served.stop()
        times = check(receiver.calls, hook["secret"], 3, ["opened", "resolved"])
        assert set(times.values()) == {1}
        ends = [got.event for got in receiver.calls if got.event["data"]["kind"] == "resolved"]
        by = {event["subject"]: event["data"]["request"]["outcome"]["by"] for event in ends}
        assert by == {"req_0000": ["alice"], "req_0001": ["alice"], "req_0002": ["robot"]}


async def test_a_process_that_knew_of_no_webhook_hears_of_one_that_another_has_added(site: Site) -> None:
    async with receiving() as receiver:
        async with App(store=site.store, channels={}).connect():
            worker(site)
        async with hooked(site, receiver, "opened") as (app, hook, _):
            await ask(app, 0)
            await all_delivered(app, hook)
            assert receiver.kinds() == ["opened"]
            await app.webhooks.change(hook, actor=ROOT, active=False)
            await ask(app, 1)
            await app.webhooks.change(hook, actor=ROOT, active=True)
            await ask(app, 2)
            await all_delivered(app, hook)
            assert [got.event["subject"] for got in receiver.calls] == ["req_0000", "req_0002"]
