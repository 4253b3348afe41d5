"""The tail of the log as server-sent events: what is told to whom, in which order, and how it ends."""

import asyncio
import json
import sys
from pathlib import Path

import httpx
import pytest

from handrail.inbox.happening import Happening
from handrail.requests.decision import SYSTEM, Actor
from handrail.web import live, stream
from handrail.web.auth.credential import Credential
from handrail.web.failure import Refused
from handrail.web.sight import Page
from handrail.web.stream import position
from tests.support.waiting import until
from tests.support.web_live import Served, reading, served
from tests.support.web_team import lay_out

EVENTS = "/api/v1/events"
ALICE = Actor("alice")
MAIN = "from handrail.cli import main; main()"


async def get(opened: Served, path: str, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(opened.face.link(path), headers=headers)


async def test_what_happens_is_told_by_ids_and_kinds_and_nothing_else() -> None:
    async with served() as opened:
        await opened.person("alice")
        async with reading(opened, EVENTS, await opened.key("alice")) as reader:
            request = await opened.open({"content": "a secret"}, audience="alice")
            await opened.app.inbox.comment(request.id, "another secret", actor=ALICE)
            await opened.app.inbox.decide(request.id, "approve", actor=ALICE)
            await until(lambda: reader.kinds == ["opened", "commented", "decided", "resolved"])
        assert reader.retry == "2000"
        assert reader.answered["content-type"] == "text/event-stream; charset=utf-8"
        assert reader.answered["cache-control"] == "no-store"
        assert reader.answered["x-accel-buffering"] == "no"
        assert [int(each.id) for each in reader.told] == sorted(int(each.id) for each in reader.told)
        for each in reader.told:
            assert each.data.keys() == {"request_id", "run_id", "kind", "at"}
            assert each.data["request_id"] == request.id
            assert each.data["kind"] == each.name
            assert each.data["at"].endswith("Z")


async def test_everybody_hears_only_of_what_they_may_see() -> None:
    async with served(groups={"legal": ["carol"]}) as opened:
        for name in ("alice", "bob", "carol"):
            await opened.person(name)
        await opened.person("vera", "viewer")
        await opened.person("root", "admin")
        keys = {name: await opened.key(name) for name in ("alice", "bob", "carol", "vera", "root")}
        async with (
            reading(opened, EVENTS, keys["alice"]) as alice,
            reading(opened, EVENTS, keys["bob"]) as bob,
            reading(opened, EVENTS, keys["carol"]) as carol,
            reading(opened, EVENTS, keys["vera"]) as vera,
            reading(opened, EVENTS, keys["root"]) as root,
        ):
            hers = await opened.open(audience="alice")
            of_group = await opened.open(audience="group:legal", initiator="bob")
            last = await opened.open()
            readers = (alice, bob, carol, vera, root)
            await until(lambda: all(last.id in reader.requests for reader in readers))
        assert alice.requests == [hers.id, last.id]
        assert bob.requests == [of_group.id, last.id]
        assert carol.requests == [of_group.id, last.id]
        assert vera.requests == [last.id]
        assert root.requests == [hers.id, of_group.id, last.id]


async def test_what_happens_on_a_board_is_told_to_who_reads_its_run() -> None:
    async with served() as opened:
        for name in ("alice", "bob"):
            await opened.person(name)
        keys = {name: await opened.key(name) for name in ("alice", "bob")}
        async with (
            reading(opened, EVENTS, keys["alice"]) as alice,
            reading(opened, f"{EVENTS}?kinds=task_feedback_given&after=0", keys["alice"]) as narrow,
            reading(opened, EVENTS, keys["bob"]) as bob,
        ):
            await opened.app.store.do(lay_out, now=opened.app.clock.now(), initiator="alice")
            await opened.app.teams.give_feedback("r1", "task1", "a secret", actor=ALICE)
            last = await opened.open(audience="bob")
            await until(lambda: bob.requests == [last.id] and bool(narrow.told))
            await until(lambda: "task_feedback_given" in alice.kinds)
        assert {"team_begun", "task_moved"} < set(alice.kinds)
        assert narrow.kinds == ["task_feedback_given"]
        assert narrow.told[0].data.keys() == {"request_id", "run_id", "kind", "at", "board"}
        assert bob.kinds == ["opened"]


async def test_a_vote_in_a_blind_request_is_told_to_those_who_have_voted() -> None:
    async with served() as opened:
        for name in ("alice", "bob"):
            await opened.person(name)
        await opened.person("root", "admin")
        async with (
            reading(opened, EVENTS, await opened.key("alice")) as alice,
            reading(opened, EVENTS, await opened.key("bob")) as bob,
            reading(opened, EVENTS, await opened.key("root")) as root,
        ):
            request = await opened.open(audience=["alice", "bob", "carol"], quorum="all", blind=True)
            await opened.app.inbox.decide(request.id, "approve", actor=ALICE)
            mark = await opened.open()
            await until(lambda: all(mark.id in reader.requests for reader in (alice, bob, root)))
        assert alice.kinds == ["opened", "decided", "opened"]
        assert bob.kinds == root.kinds == ["opened", "opened"]


async def test_a_stream_can_be_narrowed() -> None:
    async with served() as opened:
        await opened.person("root", "admin")
        key = await opened.key("root")
        first = await opened.open()
        async with (
            reading(opened, f"{EVENTS}?kinds=decided,resolved&after=0", key) as decided,
            reading(opened, f"{EVENTS}?request_id={first.id}&after=0", key) as one,
            reading(opened, f"{EVENTS}?flow=publish&after=0", key) as of_flow,
            reading(opened, f"{EVENTS}?after=0", key) as everything,
        ):
            second = await opened.open()
            await opened.app.inbox.decide(first.id, "approve", actor=ALICE)
            await until(lambda: len(everything.told) == 4)
            await until(lambda: len(decided.told) == 2 and len(one.told) == 3)
        assert decided.kinds == ["decided", "resolved"]
        assert set(one.requests) == {first.id}
        assert second.id in everything.requests
        assert of_flow.told == []


async def test_who_comes_back_goes_on_without_a_gap_and_without_a_repeat(tmp_path: Path) -> None:
    store = tmp_path / "handrail.db"
    async with served(store) as opened:
        await opened.person("alice")
        key = await opened.key("alice")
        async with reading(opened, EVENTS, key) as reader:
            before = await opened.open()
            await until(lambda: before.id in reader.requests)
        assert await until_nobody_reads(opened)
        missed = [await opened.open() for _ in range(3)]
    async with served(store) as restarted:
        async with reading(restarted, EVENTS, key, **{"last-event-id": reader.last}) as again:
            later = await restarted.open()
            await until(lambda: later.id in again.requests)
        assert again.requests == [*(request.id for request in missed), later.id]


async def until_nobody_reads(opened: Served) -> bool:
    await until(lambda: not opened.face.tail._subscriptions)
    return True


async def test_a_stream_that_told_nothing_yet_can_be_gone_on_with() -> None:
    async with served() as opened:
        await opened.person("alice")
        key = await opened.key("alice")
        async with reading(opened, EVENTS, key) as reader:
            pass
        missed = await opened.open()
        async with reading(opened, EVENTS, key, **{"last-event-id": reader.last}) as again:
            await until(lambda: again.requests == [missed.id])


async def test_an_id_that_is_none_is_refused_and_one_from_the_future_begins_now() -> None:
    async with served() as opened:
        await opened.person("alice")
        key = await opened.key("alice")
        for wrong in ("abc", "-1", "1.5", "1" * 19, "٣"):
            answer = await get(opened, EVENTS, {**key, "last-event-id": wrong.encode()})  # type: ignore[dict-item]
            assert answer.status_code == 422, wrong
            assert answer.json()["fields"][0]["path"] == "Last-Event-ID"
        assert (await get(opened, f"{EVENTS}?after=x", key)).status_code == 422
        assert (await get(opened, f"{EVENTS}?kinds=eaten", key)).json()["fields"][0]["path"] == "kinds"
        async with reading(opened, f"{EVENTS}?after=999999", key) as reader:
            request = await opened.open()
            await until(lambda: request.id in reader.requests)
        assert reader.kinds == ["reset", "opened"]


def test_the_header_goes_before_the_query() -> None:
    assert position("7", "3") == 7
    assert position(None, "3") == 3
    assert position("", "") is None


async def test_a_decision_of_another_process_is_told(tmp_path: Path) -> None:
    store = tmp_path / "handrail.db"
    async with served(store) as opened:
        await opened.person("alice")
        request = await opened.open(audience="alice")
        async with reading(opened, EVENTS, await opened.key("alice")) as reader:
            command = ("decide", request.id, "approve", "--as", "alice", "--store", str(store))
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", MAIN, *command, stdout=asyncio.subprocess.DEVNULL
            )
            await until(lambda: reader.kinds == ["decided", "resolved"])
            assert await child.wait() == 0


async def test_strangers_and_keys_without_the_scope_hear_nothing() -> None:
    async with served() as opened:
        await opened.person("alice")
        assert (await get(opened, EVENTS, {})).status_code == 401
        assert (await get(opened, "/live", {})).status_code == 401
        assert (await get(opened, "/live", await opened.key("alice"))).status_code == 401
        answer = await get(opened, EVENTS, await opened.key("alice", "decide"))
        assert (answer.status_code, answer.json()["rule"]) == (403, "scope")
        answer = await get(opened, EVENTS, await opened.key("alice", "runs:read"))
        assert (answer.status_code, answer.json()["rule"]) == (403, "scope")


async def test_a_revoked_key_ends_its_stream_and_a_switched_off_person_theirs() -> None:
    async with served() as opened:
        for name in ("alice", "bob"):
            await opened.person(name)
        people = opened.face.people
        made, text = await people.make_key("alice", "first", ["requests:read"], actor=SYSTEM)
        session = await opened.session("bob")
        async with (
            reading(opened, EVENTS, {"authorization": f"Bearer {text}"}) as revoked,
            reading(opened, EVENTS, await opened.key("alice")) as kept,
            reading(opened, "/live", session) as switched_off,
        ):
            await people.revoke_key(made.id, actor=SYSTEM)
            await until(lambda: revoked.ended)
            assert not switched_off.ended
            await people.change("bob", active=False, actor=SYSTEM)
            await until(lambda: switched_off.ended)
            request = await opened.open()
            await until(lambda: request.id in kept.requests)
            assert not kept.ended


async def test_a_session_that_ends_ends_its_streams() -> None:
    async with served() as opened:
        await opened.person("alice")
        session = await opened.session("alice")
        async with reading(opened, "/live", session) as reader:
            caller = await opened.face.people.session(session["cookie"].removeprefix("handrail="))
            assert caller is not None
            assert caller.session is not None
            await opened.face.people.log_out(caller.session)
            await until(lambda: reader.ended)
        assert (await get(opened, "/live", session)).status_code == 401
        assert (await get(opened, "/live/alive", session)).status_code == 401
        assert (await get(opened, "/live/alive", await opened.session("alice"))).status_code == 204


async def test_pages_are_told_at_most_once_a_second_that_counts_may_have_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "HINTS", 0.3)
    async with served() as opened:
        await opened.person("alice")
        loop = asyncio.get_running_loop()
        async with reading(opened, "/live", await opened.session("alice")) as reader:
            began = loop.time()
            for _ in range(20):
                await opened.open()
            await until(lambda: reader.kinds.count("opened") == 20)
            last = await opened.open()
            await until(lambda: last.id in reader.requests and reader.kinds[-1] == "counts")
            took = loop.time() - began
        assert 1 <= reader.kinds.count("counts") <= 2 + took / 0.3


async def test_who_is_no_longer_asked_gets_a_hint_and_no_id() -> None:
    async with served() as opened:
        await opened.person("alice")
        await opened.person("bob")
        request = await opened.open(audience="alice")
        async with reading(opened, "/live", await opened.session("alice")) as reader:
            await opened.app.inbox.reassign(request.id, "bob", actor=SYSTEM)
            await until(lambda: reader.told)
        assert reader.kinds == ["counts"]
        assert reader.requests == []


async def test_a_silent_stream_sends_comments_that_move_its_reader_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)
    async with served() as opened:
        await opened.person("alice")
        async with reading(opened, EVENTS, await opened.key("alice")) as reader:
            begun = int(reader.last)
            await opened.open(audience="bob")
            await until(lambda: reader.comments >= 2 and int(reader.last) == begun + 1)
        assert reader.told == []


async def test_a_person_has_so_many_streams_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STREAMS", 2)
    async with served() as opened:
        for name in ("alice", "bob"):
            await opened.person(name)
        key = await opened.key("alice")
        async with reading(opened, EVENTS, key), reading(opened, "/live", await opened.session("alice")):
            answer = await get(opened, EVENTS, key)
            assert answer.status_code == 429
            assert answer.headers["retry-after"] == "30"
            async with reading(opened, EVENTS, await opened.key("bob")) as other:
                assert other.status == 200
        await until_nobody_reads(opened)
        async with reading(opened, EVENTS, key) as again:
            assert again.status == 200


async def test_the_tail_rests_when_nobody_reads_and_begins_anew() -> None:
    async with served() as opened:
        await opened.person("alice")
        key = await opened.key("alice")
        for _ in range(2):
            async with reading(opened, EVENTS, key) as reader:
                await opened.open()
                await until(lambda reader=reader: reader.kinds == ["opened"])
            await until_nobody_reads(opened)
            assert opened.face.tail._following is None


async def test_who_falls_behind_reads_the_log_and_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "WAITING", 5)
    monkeypatch.setattr(live, "PAGE", 7)
    async with served() as opened:
        await opened.person("alice")
        tail = opened.face.tail
        key = await opened.key("alice")
        caller = await opened.face.people.key(key["authorization"].removeprefix("Bearer "))
        assert caller is not None
        credential = Credential("key", key["authorization"].removeprefix("Bearer "))
        slow = await tail.subscribe(caller, credential)
        assert await slow.next(0.2) == []
        expected = [(await opened.open()).id for _ in range(40)]
        await until(lambda: tail.last >= slow.position + 40)
        assert len(slow._queue) <= 5
        found: list[str] = []
        while len(found) < 40:
            found += [each.request_id or "" for each in await slow.next(30)]
        assert found == expected
        after = await opened.open()
        assert [each.request_id for each in await slow.next(30)] == [after.id]
        tail.unsubscribe(slow)


async def test_the_log_is_read_once_for_all_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as opened:
        await opened.person("root", "admin")
        key = await opened.key("root")
        tail = opened.face.tail
        reads: list[int] = []
        read = tail.read

        async def counted(after: int, *, whole: bool) -> Page:
            reads.append(after)
            return await read(after, whole=whole)

        async with (
            reading(opened, EVENTS, key) as first,
            reading(opened, EVENTS, key) as second,
            reading(opened, EVENTS, key) as third,
        ):
            readers = (first, second, third)
            mark = await opened.open()
            await until(lambda: all(mark.id in reader.requests for reader in readers))
            monkeypatch.setattr(tail, "read", counted)
            last = await opened.open()
            await until(lambda: all(last.id in reader.requests for reader in readers))
            assert reads.count(tail.last - 1) == 1


async def test_a_server_that_stops_ends_its_streams_and_does_not_wait_for_them() -> None:
    async with served() as opened:
        await opened.person("alice")
        key = await opened.key("alice")
        async with (
            reading(opened, EVENTS, key) as first,
            reading(opened, "/live", await opened.session("alice")) as page,
        ):
            await opened.stop()
            await until(lambda: first.ended and page.ended)
        caller = await opened.face.people.key(key["authorization"].removeprefix("Bearer "))
        assert caller is not None
        with pytest.raises(Refused):
            await opened.face.tail.subscribe(caller, Credential("key", "x"))


async def test_a_reader_who_takes_nothing_does_not_keep_the_server(tmp_path: Path) -> None:
    async with served() as opened:
        await opened.person("root", "admin")
        key = await opened.key("root")
        url = httpx.URL(opened.face.url)
        reader, writer = await asyncio.open_connection(url.host, url.port, limit=1024)
        head = f"GET {EVENTS}?after=0 HTTP/1.1\r\nhost: {url.host}\r\nauthorization: {key['authorization']}\r\n\r\n"
        writer.write(head.encode())
        await reader.readline()
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.gather(*(opened.open() for _ in range(300)))
        await opened.stop()
        assert not opened.face.tail._subscriptions
        writer.transport.abort()


def test_an_event_is_one_line_of_json_whatever_a_run_is_called() -> None:
    one = Happening(3, "2025-06-01T12:00:00+00:00", "run_failed", None, "a\nb: c")
    text = stream.written(one)
    assert text.count("\n") == 4
    assert json.loads(text.split("data: ")[1]) == {
        "request_id": None,
        "run_id": "a\nb: c",
        "kind": "run_failed",
        "at": "2025-06-01T12:00:00Z",
    }
