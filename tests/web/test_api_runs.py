"""Runs and flows over HTTP."""

import asyncio
from urllib.parse import quote

import pytest

from handrail.runs.history import read_history
from handrail.runs.run import RunStatus
from handrail.runs.runs import find
from tests.support.waiting import until
from tests.support.web_desk import Desk

START = {"flow": "publish", "input": {"content": "bees"}}


async def started(desk: Desk, who: str = "alice", status: str = "WAITING", **body: object) -> str:
    """Start a run and wait until it has come to a status."""
    answer = await desk.call(who, "POST", "/runs", json={**START, **body})
    assert answer.status_code == 201, answer.text
    run_id = str(answer.json()["id"])
    await arrived(desk, run_id, status)
    return run_id


async def arrived(desk: Desk, run_id: str, status: str) -> None:
    await until(lambda: desk.app.store.read_now(find, run_id=run_id).status is RunStatus(status))


async def test_a_run_is_started_shown_with_its_steps_and_goes_on_when_decided(desk: Desk) -> None:
    run_id = await started(desk)
    shown = (await desk.call("alice", "GET", f"/runs/{run_id}")).json()
    assert (shown["status"], shown["initiator"], shown["flow"]) == ("WAITING", "alice", "publish")
    assert {"write": "done", "ask/0": "waiting"}.items() <= {
        step["address"]: step["state"] for step in shown["steps"]
    }.items()
    request = shown["requests"][0]
    decision = {"verb": "approve"}
    await desk.call("bob", "POST", f"/requests/{request['id']}/decisions", json=decision)
    await arrived(desk, run_id, "FINISHED")
    shown = (await desk.call("bob", "GET", f"/runs/{run_id}")).json()
    assert shown["result"]["decided_by"] == "bob"
    steps = (await desk.app.store.read(read_history, run_id=run_id)).steps
    assert shown["steps"] == steps


async def test_runs_are_listed_for_those_whom_they_concern(desk: Desk) -> None:
    run_id = await started(desk)
    failed = await started(desk, "alice", "FAILED", flow="fail", run_id="a/b")
    for who, expected in (("alice", [failed, run_id]), ("bob", [run_id]), ("root", [failed, run_id])):
        items = (await desk.call(who, "GET", "/runs")).json()["items"]
        assert sorted(row["id"] for row in items) == sorted(expected), who
        assert "input" not in items[0]
    items = (await desk.call("root", "GET", "/runs?status=FAILED&flow=fail")).json()["items"]
    assert [row["id"] for row in items] == [failed]
    first = (await desk.call("root", "GET", "/runs?limit=1")).json()
    second = (await desk.call("root", "GET", f"/runs?limit=1&cursor={first['next']}")).json()
    assert {first["items"][0]["id"], second["items"][0]["id"]} == {run_id, failed}
    for query in ("limit=0", "status=LATE", "cursor=x", "sort=due"):
        assert (await desk.call("root", "GET", f"/runs?{query}")).status_code == 422, query


async def test_a_run_that_does_not_concern_somebody_does_not_exist_for_them(desk: Desk) -> None:
    await started(desk, "alice", "FAILED", flow="fail", run_id="mine")
    for run_id in ("mine", "nobody"):
        for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry")):
            answer = await desk.call("bob", method, f"/runs/{run_id}{path}")
            assert answer.status_code == 404, answer.text
            assert answer.json()["detail"].startswith(f"there is no run {run_id!r} that you may read")
    mapping = {"map": ["a=b"]}
    assert (await desk.call("bob", "POST", "/runs/mine/migrate", json=mapping)).status_code == 404
    taken = await desk.call(
        "bob", "POST", "/runs", json={"flow": "fail", "run_id": "mine", "input": START["input"]}
    )
    assert taken.status_code == 409
    assert "alice" not in taken.text


async def test_who_is_asked_reads_a_run_and_may_not_cancel_it(desk: Desk) -> None:
    run_id = await started(desk)
    assert (await desk.call("bob", "GET", f"/runs/{run_id}")).status_code == 200
    refused = await desk.call("bob", "POST", f"/runs/{run_id}/cancel")
    assert (refused.status_code, refused.json()["rule"]) == (403, "initiator")
    cancelled = await desk.call("alice", "POST", f"/runs/{run_id}/cancel")
    assert cancelled.json()["status"] == "CANCELLED"
    shown = (await desk.call("alice", "GET", f"/runs/{run_id}")).json()
    assert [request["status"] for request in shown["requests"]] == ["WITHDRAWN"]


async def test_a_failed_run_is_retried_and_others_are_not(desk: Desk) -> None:
    failed = await started(desk, "alice", "FAILED", flow="fail", run_id="a/b")
    assert (await desk.call("alice", "POST", f"/runs/{failed}/retry")).status_code == 200
    await arrived(desk, failed, "FAILED")
    waiting = await started(desk)
    assert (await desk.call("alice", "POST", f"/runs/{waiting}/retry")).status_code == 409
    migrated = await desk.call("alice", "POST", f"/runs/{waiting}/migrate", json={"map": ["a=b"]})
    assert migrated.status_code in (409, 422), migrated.text
    wrong = await desk.call("alice", "POST", f"/runs/{waiting}/migrate", json={"map": ["no mapping"]})
    assert wrong.status_code == 422


async def test_the_same_run_id_means_the_same_run(desk: Desk) -> None:
    run_id = await started(desk, run_id="post-1")
    again = await desk.call("alice", "POST", "/runs", json={**START, "run_id": run_id})
    assert (again.status_code, again.json()["id"]) == (200, "post-1")
    for other in ({"input": {"content": "wasps"}}, {"flow": "fail"}):
        refused = await desk.call("alice", "POST", "/runs", json={**START, "run_id": run_id, **other})
        assert refused.status_code == 409, refused.text


async def test_the_same_key_means_the_same_run_even_at_once(desk: Desk) -> None:
    headers = {"idempotency-key": "k-1"}
    answers = await asyncio.gather(
        *(desk.call("alice", "POST", "/runs", json=START, headers=headers) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = {**START, "input": {"content": "wasps"}}
    assert (await desk.call("alice", "POST", "/runs", json=other, headers=headers)).status_code == 409
    both = {**START, "run_id": "x"}
    assert (await desk.call("alice", "POST", "/runs", json=both, headers=headers)).status_code == 422
    somebody = await desk.call("bob", "POST", "/runs", json=START, headers=headers)
    assert somebody.json()["id"] != answers[0].json()["id"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"flow": "none"}, "flow"),
        ({"flow": "publish", "input": []}, "input"),
        ({"flow": "publish", "initiator": "root"}, "initiator"),
        ({"flow": "publish", "run_id": ""}, "run_id"),
        ({"flow": "publish", "run_id": "a\nb"}, None),
    ],
)
async def test_a_run_that_cannot_begin_is_refused(desk: Desk, body: object, place: str | None) -> None:
    answer = await desk.call("alice", "POST", "/runs", json=body)
    assert answer.status_code == 422, answer.text
    assert [field["path"] for field in answer.json().get("fields", [])] == ([place] if place else [])


async def test_flows_tell_what_can_be_started_here(desk: Desk) -> None:
    flows = (await desk.call("alice", "GET", "/flows")).json()["items"]
    assert flows == [
        {"name": "fail", "startable": True, "nodes": ["fail"], "team": False, "inputs": []},
        {"name": "publish", "startable": True, "nodes": ["write", "ask"], "team": False, "inputs": []},
    ]


async def test_guidelines_are_read_by_those_who_judge_and_written_by_admins(desk: Desk) -> None:
    assert (await desk.call("bob", "GET", "/guidelines/publish/a")).status_code == 404
    for text in ("Is it true?", "Is it kind?"):
        written = await desk.call("root", "PUT", "/guidelines/publish/a", json={"text": text})
    assert (written.json()["version"], written.json()["created_by"]) == (2, "root")
    assert (await desk.call("bob", "GET", "/guidelines/publish/a")).json()["text"] == "Is it kind?"
    too_long = {"text": "x" * 20_001}
    assert (await desk.call("root", "PUT", "/guidelines/publish/a", json=too_long)).status_code == 422


@pytest.mark.parametrize("run_id", [" posts ", "posts/1", "../..", "<b>", "100%?#", "rivière"])
async def test_where_a_run_is_is_told_whatever_it_is_called(desk: Desk, run_id: str) -> None:
    answer = await desk.call("alice", "POST", "/runs", json={**START, "run_id": run_id})
    place = answer.headers["location"]
    assert place == f"/api/v1/runs/{quote(run_id, safe='')}"
    async with desk.client("alice") as client:
        assert (await client.get(place)).json()["id"] == run_id
