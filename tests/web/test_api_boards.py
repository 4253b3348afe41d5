"""Boards of teams over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from handrail.teams import moves
from handrail.teams.board import Board
from handrail.teams.desk import find
from handrail.teams.status import WorkflowStatus
from tests.support.team_flows import lone_team, spec_team
from tests.support.waiting import until
from tests.support.web_desk import Desk
from tests.support.web_live import reading, served

RUN = "spec/1"
TASK = f"/boards/{RUN}/tasks"


async def begun(desk: Desk, run_id: str = RUN, status: str = "BLOCKED", who: str = "alice") -> str:
    """Start a team, and wait until its board has come to a status."""
    if "spec" not in desk.app.flows:
        desk.app.team(spec_team())
    body = {"flow": "spec", "run_id": run_id, "input": {"topic": "bees"}}
    answer = await desk.call(who, "POST", "/runs", json=body)
    assert answer.status_code == 201, answer.text
    await arrived(desk, status, run_id)
    return run_id


async def arrived(desk: Desk, status: str, run_id: str = RUN) -> None:
    def there() -> bool:
        team = desk.app.store.read_now(lambda tx: tx.team(run_id))
        return team is not None and team.status is WorkflowStatus(status)

    await until(there)


async def got(desk: Desk, path: str, who: str = "alice") -> Any:
    answer = await desk.call(who, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_board_shows_its_tasks_and_what_it_waits_for(desk: Desk) -> None:
    await begun(desk)
    board = await got(desk, f"/boards/{RUN}")
    assert (board["team"], board["status"], board["run_id"]) == ("spec", "BLOCKED", RUN)
    assert board["inputs"] == {"topic": "bees", "reader": "everybody"}
    assert board["counts"] == {"AWAITING_VALIDATION": 1, "TODO": 1, "BLOCKED": 1}
    assert [task["id"] for task in board["tasks"]] == ["analyse", "write", "publish"]
    waits = {each["task"]: each for each in board["waiting_on"]}
    assert waits.keys() == {"analyse", "publish"}
    assert (waits["publish"]["reason"], waits["publish"]["request_id"]) == ("no key for the shop", None)
    request = (await got(desk, f"/requests/{waits['analyse']['request_id']}"))["proposal"]
    assert request == {"content": "figures"}
    assert board["usage"]["calls"] == 2
    assert isinstance(board["usage"]["cost"], str)
    assert "description" not in board["tasks"][0]
    rows = (await got(desk, f"{TASK}?status=BLOCKED"))["items"]
    assert rows == [task for task in board["tasks"] if task["id"] == "publish"]
    assert (await got(desk, TASK))["items"] == board["tasks"]


async def test_a_team_is_worked_through_over_http(desk: Desk) -> None:
    await begun(desk)
    given = await desk.call(
        "bob", "POST", f"{TASK}/analyse/feedback", json={"content": " With prices. ", "round": 1}
    )
    assert given.status_code == 200, given.text
    assert [each["content"] for each in given.json()["feedback_history"]] == ["With prices."]
    note = {"note": "the key is there"}
    unblocked = await desk.call("alice", "POST", f"{TASK}/publish/unblock", json=note)
    assert unblocked.status_code == 200, unblocked.text
    await until(lambda: status_of(desk, "analyse") == "AWAITING_VALIDATION")
    shown = await got(desk, f"{TASK}/analyse")
    assert [(each["round"], each["result"]) for each in shown["revisions"]] == [
        (1, "figures"),
        (2, "figures with prices"),
    ]
    assert [each["run_id"] for each in shown["rounds"]] == [f"{RUN}/analyse/1", f"{RUN}/analyse/2"]
    history = [(each["status"], each["given_by"]) for each in shown["feedback_history"]]
    assert history == [("PROCESSED", "bob")]
    validated = await desk.call(
        "bob", "POST", f"{TASK}/analyse/validation", json={"round": 2, "comment": "good"}
    )
    assert (validated.status_code, validated.json()["status"]) == (200, "DONE"), validated.text
    await arrived(desk, "FINISHED")
    shown = await got(desk, f"{TASK}/publish")
    assert [each["blocked"] for each in shown["rounds"]] == ["no key for the shop", None]
    assert [each["round"] for each in shown["revisions"]] == [2]
    run = await got(desk, f"/runs/{RUN}")
    assert run["result"]["result"] == "a text about bees"


def status_of(desk: Desk, task: str) -> str:
    return desk.app.store.read_now(lambda tx: str(tx.card(RUN, task).status))


async def test_of_two_for_one_round_one_wins_and_is_named(desk: Desk) -> None:
    await begun(desk)
    answers = await asyncio.gather(
        desk.call("alice", "POST", f"{TASK}/analyse/validation", json={"round": 1}),
        desk.call("bob", "POST", f"{TASK}/analyse/feedback", json={"content": "no", "round": 1}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    lost = next(answer for answer in answers if answer.status_code == 409).json()
    assert lost["winner"] == ("alice" if answers[0].status_code == 200 else "bob")
    assert "analyse" in lost["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("tasks/write/validation", {}, 409, "is TODO"),
        ("tasks/write/unblock", {}, 409, "only a BLOCKED task"),
        ("resume", None, 409, "from here it goes to RUNNING, PAUSED, STOPPING, ERRORED"),
        ("tasks/analyse/feedback", {"content": "  "}, 422, "feedback needs a text"),
        ("tasks/analyse/feedback", {"content": ""}, 422, "fields"),
        ("tasks/analyse/feedback", {"content": "x", "actor": "root"}, 422, "fields"),
        ("tasks/analyse/validation", {"round": 0}, 422, "fields"),
        ("tasks/none/feedback", {"content": "x"}, 404, "no task 'none'"),
        ("tasks/none/validation", {}, 404, "no task 'none'"),
        ("pause", {"why": "x"}, 422, "fields"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(
    desk: Desk, path: str, body: object, status: int, told: str
) -> None:
    await begun(desk)
    answer = await desk.call("alice", "POST", f"/boards/{RUN}/{path}", json=body)
    assert answer.status_code == status, answer.text
    assert told in answer.text


async def test_a_team_is_paused_resumed_and_stopped(desk: Desk) -> None:
    await begun(desk)
    for move, status in (("pause", "PAUSED"), ("resume", "BLOCKED"), ("stop", "STOPPED")):
        answer = await desk.call("alice", "POST", f"/boards/{RUN}/{move}")
        assert (answer.status_code, answer.json()["status"]) == (200, status), answer.text
    refused = await desk.call("alice", "POST", f"/boards/{RUN}/resume")
    assert refused.status_code == 409
    assert "that is final" in refused.text
    late = await desk.call("alice", "POST", f"{TASK}/analyse/feedback", json={"content": "x"})
    assert late.status_code == 409, late.text
    assert (await got(desk, f"/runs/{RUN}"))["status"] == "CANCELLED"


async def test_cancelling_the_run_of_a_team_stops_it(desk: Desk) -> None:
    await begun(desk)
    answer = await desk.call("alice", "POST", f"/runs/{RUN}/cancel")
    assert answer.status_code == 200, answer.text
    board = await got(desk, f"/boards/{RUN}")
    assert (board["status"], board["counts"]) == ("STOPPED", {"ABORTED": 3})


async def test_a_board_belongs_to_those_who_read_its_run(desk: Desk) -> None:
    desk.app.team(lone_team())
    await desk.call("alice", "POST", "/runs", json={"flow": "alone", "run_id": "hers"})
    await arrived(desk, "BLOCKED", "hers")
    calls = [
        ("GET", "", None),
        ("GET", "/tasks", None),
        ("GET", "/tasks/publish", None),
        ("GET", "/log", None),
        ("POST", "/tasks/publish/feedback", {"content": "x"}),
        ("POST", "/tasks/publish/validation", {}),
        ("POST", "/tasks/publish/unblock", {}),
        ("POST", "/pause", None),
    ]
    for method, path, sent in calls:
        answers = [
            await desk.call("bob", method, f"/boards/{run_id}{path}", json=sent)
            for run_id in ("hers", "nobody")
        ]
        assert [answer.status_code for answer in answers] == [404, 404], path
        texts = [answer.json()["detail"].replace("nobody", "hers") for answer in answers]
        assert texts[0] == texts[1], "whether there is one shows nowhere"
    assert (await got(desk, "/boards", "bob"))["items"] == []
    assert [row["id"] for row in (await got(desk, "/boards"))["items"]] == ["hers"]


async def test_rights_are_those_of_role_scope_and_starter(desk: Desk) -> None:
    await begun(desk)
    viewer = await desk.call("carol", "POST", f"{TASK}/analyse/feedback", json={"content": "x"})
    assert (viewer.status_code, viewer.json()["rule"]) == (403, "role")
    for move in ("pause", "resume", "stop"):
        foreign = await desk.call("bob", "POST", f"/boards/{RUN}/{move}")
        assert (foreign.status_code, foreign.json()["rule"]) == (403, "initiator"), move
    desk.keys["alice"] = await desk.key("alice", ["runs:read"])
    for path, body in (
        ("tasks/analyse/validation", {}),
        ("tasks/analyse/feedback", {"content": "x"}),
        ("tasks/publish/unblock", {}),
        ("stop", None),
    ):
        narrow = await desk.call("alice", "POST", f"/boards/{RUN}/{path}", json=body)
        assert (narrow.status_code, narrow.json()["rule"]) == (403, "scope"), path
    assert (await got(desk, f"/boards/{RUN}"))["status"] == "BLOCKED"
    assert (await desk.call("carol", "GET", f"/boards/{RUN}")).status_code == 200


async def test_the_log_rebuilds_the_board_and_is_read_in_pages(desk: Desk) -> None:
    await begun(desk)
    whole = (await got(desk, f"/boards/{RUN}/log?limit=200"))["items"]
    assert whole[0]["kind"] == "team_begun"
    assert [each["sequence"] for each in whole] == sorted(each["sequence"] for each in whole)
    found, cursor = list[Any](), ""
    while True:
        page = await got(desk, f"/boards/{RUN}/log?limit=2{cursor}")
        assert len(page["items"]) <= 2
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == whole
    moves = (await got(desk, f"/boards/{RUN}/log?task=publish"))["items"]
    assert {each["task"] for each in moves} == {"publish"}
    assert [each["data"]["to"] for each in moves if each["kind"] == "task_moved"] == ["DOING", "BLOCKED"]
    assert moves[-1]["reason"] == "no key for the shop"
    board = Board.rebuilt(desk.app.store.read_now(lambda tx: tx.team_log(RUN, 0, 1000)))
    assert board.status is desk.app.store.read_now(find, run_id=RUN).status
    for query in ("cursor=x", "limit=0", f"cursor={(await elsewhere(desk))}"):
        assert (await desk.call("alice", "GET", f"/boards/{RUN}/log?{query}")).status_code == 422, query
    assert (await desk.call("alice", "GET", f"/boards/{RUN}/log?task=none")).status_code == 404


async def elsewhere(desk: Desk) -> str:
    """Return a cursor of another board's log."""
    await begun(desk, "second")
    return str((await got(desk, "/boards/second/log?limit=1"))["next"])


async def test_boards_are_listed_in_pages(desk: Desk) -> None:
    for number in range(3):
        await begun(desk, f"run-{number}")
    rows = (await got(desk, "/boards"))["items"]
    assert {row["id"] for row in rows} == {"run-0", "run-1", "run-2"}
    assert "inputs" not in rows[0]
    first = await got(desk, "/boards?limit=2")
    second = await got(desk, f"/boards?limit=2&cursor={first['next']}")
    assert [*first["items"], *second["items"]] == rows
    assert second["next"] is None
    await desk.call("alice", "POST", "/boards/run-1/stop")
    assert [row["id"] for row in (await got(desk, "/boards?status=STOPPED"))["items"]] == ["run-1"]
    assert (await got(desk, "/boards?team=none"))["items"] == []
    assert len((await got(desk, "/boards?team=spec&status=BLOCKED"))["items"]) == 2
    for query in ("cursor=x", "limit=0", "status=LATE", "flow=spec"):
        assert (await desk.call("alice", "GET", f"/boards?{query}")).status_code == 422, query


async def test_a_team_is_started_as_a_flow_with_all_its_inputs(desk: Desk) -> None:
    desk.app.team(spec_team())
    answer = await desk.call("alice", "POST", "/runs", json={"flow": "spec", "input": {}})
    assert answer.status_code == 422
    assert "{topic}" in answer.json()["detail"]
    flows = {row["name"]: row for row in (await got(desk, "/flows"))["items"]}
    assert flows["spec"]["team"]
    assert flows["spec"]["inputs"] == [
        {"name": "topic", "task": "analyse", "required": True},
        {"name": "reader", "task": "write", "required": False},
    ]
    assert (flows["publish"]["team"], flows["publish"]["inputs"]) == (False, [])


async def test_a_board_is_to_come_until_a_worker_has_taken_its_run() -> None:
    async with served() as opened:
        await opened.person("alice")
        opened.app.team(spec_team())
        run = await opened.app.start("spec", {"topic": "bees"}, "a/1", initiator="alice")
        async with httpx.AsyncClient(headers=await opened.key("alice")) as client:
            answer = await client.get(opened.face.link(f"/api/v1/boards/{run.id}"))
        assert (answer.status_code, "has no board yet" in answer.text) == (404, True)


async def test_a_run_that_is_no_team_has_no_board(desk: Desk) -> None:
    run = (
        await desk.call("alice", "POST", "/runs", json={"flow": "publish", "input": {"content": "x"}})
    ).json()
    answer = await desk.call("alice", "GET", f"/boards/{run['id']}")
    assert (answer.status_code, "no board" in answer.text) == (404, True)


async def test_a_finished_team_works_again_after_feedback(desk: Desk) -> None:
    await begun(desk)
    await desk.call("alice", "POST", f"{TASK}/publish/unblock", json={"note": "the key is there"})
    await desk.call("alice", "POST", f"{TASK}/analyse/validation")
    await arrived(desk, "FINISHED")
    answer = await desk.call("alice", "POST", f"{TASK}/analyse/feedback", json={"content": "prices, please"})
    assert answer.json()["status"] in ("REVISE", "DOING"), answer.text
    await until(lambda: status_of(desk, "analyse") == "AWAITING_VALIDATION")
    assert (await got(desk, f"{TASK}/analyse"))["result"] == "figures with prices"
    assert status_of(desk, "write") == "TODO"


async def test_what_happens_on_a_board_is_told_to_those_who_read_its_run() -> None:
    async with served() as opened:
        await opened.person("alice")
        await opened.person("bob")
        await opened.person("root", "admin")
        opened.app.team(spec_team())
        alice, bob, root = [await opened.key(name) for name in ("alice", "bob", "root")]
        kinds = "/api/v1/events?kinds=team_begun,team_moved,task_moved"
        async with (
            reading(opened, kinds, alice) as hers,
            reading(opened, kinds, bob) as others,
            reading(opened, kinds, root) as roots,
        ):
            run = await opened.app.start("spec", {"topic": "bees"}, "a/1", initiator="alice")
            await opened.app.store.do(_laid_out, run_id=run.id, now=opened.app.clock.now())
            await until(lambda: len(hers.kinds) == len(roots.kinds) == 4)
        assert hers.kinds == ["team_begun", "team_moved", "task_moved", "task_moved"]
        assert {each.data["board"] for each in hers.told} == {"/api/v1/boards/a/1"}
        assert all(each.data.keys() == {"request_id", "run_id", "kind", "at", "board"} for each in hers.told)
        assert others.kinds == [], "bob has nothing to do with it"


def _laid_out(tx: Any, *, run_id: str, now: Any) -> None:
    flow = spec_team().flow
    inputs = flow.inputs | {"topic": "bees"}
    moves.advance(tx, run_id=run_id, name="spec", tasks=flow.tasks, inputs=inputs, now=now)
