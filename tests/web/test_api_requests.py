"""Requests over HTTP: who may do what with them, what each refusal says, and that a race has one winner."""

import asyncio

import pytest

from handrail.inbox.outside import CHANNEL
from tests.support.web_desk import Desk, desk_on

ASKED = {"audience": ["alice", "bob"]}


async def test_an_opened_request_is_listed_shown_and_decided(desk: Desk) -> None:
    asked = await desk.open("alice", title="Send it?", policy={"audience": ["bob"]})
    listed = (await desk.call("bob", "GET", "/requests?view=mine")).json()
    assert [row["id"] for row in listed["items"]] == [asked["id"]]
    shown = (await desk.call("bob", "GET", f"/requests/{asked['id']}")).json()
    assert (shown["title"], shown["initiator"], shown["log"][0]["move"]) == ("Send it?", "alice", "opened")
    decision = {"verb": "edit", "payload": {"content": "wasps"}, "content_hash": shown["content_hash"]}
    decided = await desk.call("bob", "POST", f"/requests/{asked['id']}/decisions", json=decision)
    assert decided.status_code == 200
    assert decided.json()["outcome"]["payload"] == {"content": "wasps"}
    assert [(each["actor"], each["strength"]) for each in decided.json()["decisions"]] == [("bob", "channel")]


async def test_the_audience_may_be_an_object_and_quorum_an_object(desk: Desk) -> None:
    policy = {
        "audience": {"users": ["alice"], "groups": ["legal"], "excluded": ["carol"], "not_initiator": True},
        "quorum": {"at_least": 1},
        "timeout": 60,
        "on_timeout": {"verb": "answer", "payload": 1},
        "reminders": [10],
        "escalations": [{"after": 30, "to": ["root"]}],
        "require": "channel",
    }
    asked = await desk.open("alice", policy=policy, verbs=["answer"], response_schema={"type": "integer"})
    assert (asked["asked"], asked["quorum"]) == (["bob"], "at_least(1)")
    refused = await desk.call("alice", "POST", f"/requests/{asked['id']}/decisions", json={"verb": "answer"})
    assert (refused.status_code, refused.json()["rule"]) == (403, "initiator")


async def test_what_one_may_not_read_does_not_exist(desk: Desk) -> None:
    asked = await desk.open("alice", policy={"audience": ["alice"]})
    body = {"decisions": {"verb": "approve"}, "comments": {"text": "x"}, "reassign": {"to": ["bob"]}}
    moves = ["decisions", "claim", "release", "escalate", "remind", "withdraw", "reassign", "comments"]
    for request_id in (asked["id"], "req_nowhere"):
        shown = await desk.call("bob", "GET", f"/requests/{request_id}")
        told = shown.json()["detail"].replace(request_id, "X")
        assert (shown.status_code, told) == (
            404,
            "there is no request 'X' that you may read; the list shows those you may",
        )
        for move in moves:
            path = f"/requests/{request_id}/{move}"
            arguments = {"json": body[move]} if move in body else {}
            answer = await desk.call("bob", "POST", path, **arguments)
            assert answer.status_code == 404, (move, answer.text)
            assert answer.json()["detail"].replace(request_id, "X") == told
    assert (await desk.call("bob", "GET", "/requests")).json()["items"] == []
    assert (await desk.call("root", "GET", f"/requests/{asked['id']}")).status_code == 200


async def test_the_second_decision_is_told_who_was_faster(desk: Desk) -> None:
    asked = await desk.open("alice", policy=ASKED)
    path = f"/requests/{asked['id']}/decisions"
    assert (await desk.call("alice", "POST", path, json={"verb": "reject"})).status_code == 200
    late = await desk.call("bob", "POST", path, json={"verb": "approve"})
    assert (late.status_code, late.json()["winner"]) == (409, "alice")
    assert late.headers["content-type"] == "application/problem+json"


async def test_other_content_than_was_shown_is_a_conflict(desk: Desk) -> None:
    asked = await desk.open("alice", policy=ASKED)
    decision = {"verb": "approve", "content_hash": "0" * 64}
    answer = await desk.call("bob", "POST", f"/requests/{asked['id']}/decisions", json=decision)
    assert answer.status_code == 409
    assert (await desk.call("bob", "GET", f"/requests/{asked['id']}")).json()["status"] == "OPEN"


async def test_sixty_four_people_decide_at_once_and_one_wins() -> None:
    names = [f"judge{number}" for number in range(64)]
    async with desk_on("memory://", names=names) as desk:
        asked = await desk.open("alice", policy={"audience": names})
        path = f"/requests/{asked['id']}/decisions"
        answers = await asyncio.gather(
            *(desk.call(name, "POST", path, json={"verb": "approve"}) for name in names)
        )
        won = [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 200]
        lost = [answer.json() for answer in answers if answer.status_code == 409]
        assert (len(won), len(lost)) == (1, 63)
        assert {problem["winner"] for problem in lost} == set(won)
        assert (await desk.call("root", "GET", f"/requests/{asked['id']}")).json()["outcome"]["by"] == won


@pytest.mark.parametrize(
    ("decision", "places"),
    [
        ({"verb": "answer", "payload": {"score": 11}}, ["payload.score"]),
        ({"verb": "answer", "payload": {"notes": {"by": 1}, "score": 1}}, ["payload.notes.by"]),
        ({"verb": "answer", "payload": {"comment": 1, "score": 1}}, ["payload.comment"]),
        ({"verb": "answer", "payload": 7}, ["payload"]),
        ({"verb": "request_changes"}, ["comment"]),
        ({"verb": "approve"}, ["verb"]),
        ({"verb": "marry"}, ["verb"]),
        ({}, ["verb"]),
        ({"verb": "answer", "decided_by": "root"}, ["decided_by"]),
        ({"verb": "answer", "actor": "root", "at": "now"}, ["actor", "at"]),
        ([], [""]),
    ],
)
async def test_a_decision_that_does_not_fit_names_its_fields(
    desk: Desk, decision: object, places: list[str]
) -> None:
    schema = {
        "type": "object",
        "required": ["score"],
        "properties": {
            "score": {"type": "integer", "maximum": 10},
            "comment": {"type": "string"},
            "notes": {"type": "object", "properties": {"by": {"type": "string"}}},
        },
    }
    asked = await desk.open(
        "alice", verbs=["answer", "request_changes"], response_schema=schema, policy=ASKED
    )
    answer = await desk.call("bob", "POST", f"/requests/{asked['id']}/decisions", json=decision)
    assert answer.status_code == 422, answer.text
    assert [field["path"] for field in answer.json()["fields"]] == places
    assert (await desk.call("bob", "GET", f"/requests/{asked['id']}")).json()["decisions"] == []


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        ({"properties": {"a": {"$ref": "#/properties/a"}}}, {"a": 1}),
        ({"properties": {"a": {"if": {"$ref": "#/properties/a"}}}}, {"a": 1}),
        ({"properties": {"a": {"$dynamicRef": "#x"}}}, {"a": 1}),
        ({"multipleOf": 0.5}, 10**400),
        ({"multipleOf": 3e-320}, 1e300),
        ({"enum": []}, 1),
    ],
)
async def test_a_schema_without_end_refuses_answers_and_breaks_nothing(
    desk: Desk, schema: dict[str, object], payload: object
) -> None:
    asked = await desk.open("alice", verbs=["answer", "reject"], response_schema=schema)
    path = f"/requests/{asked['id']}/decisions"
    answer = await desk.call("bob", "POST", path, json={"verb": "answer", "payload": payload})
    assert answer.status_code == 422, answer.text
    assert (await desk.call("bob", "POST", path, json={"verb": "reject"})).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"proposal": {}},
        {"verbs": []},
        {"verbs": ["claim"]},
        {"response_schema": {"type": "nothing"}},
        {"response_schema": {"$ref": "https://elsewhere.example/schema"}},
        {"proposal_schema": {"pattern": "("}},
        {"priority": 1 << 64},
        {"initiator": "root"},
        {"policy": {"quorum": "all"}},
        {"policy": {"audience": ["group:nobody"]}},
        {"policy": {"audience": ["a\u202eb"]}},
        {"policy": {"audience": ["alice"], "quorum": {"at_least": 2}}},
        {"policy": {"on_timeout": "escalate"}},
        {"policy": {"timeout": 0}},
        {"policy": {"timeout": 1e300}},
        {"policy": {"actor": "root"}},
        {"callback_url": "http://127.0.0.1:9/"},
        {"callback_url": "file:///etc/passwd"},
    ],
)
async def test_a_request_that_cannot_be_asked_is_refused(desk: Desk, wrong: dict[str, object]) -> None:
    draft = {"title": "Publish?", "proposal": {"content": "bees"}, **wrong}
    answer = await desk.call("alice", "POST", "/requests", json=draft)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await desk.call("root", "GET", "/requests?view=all")).json()["items"] == []


async def test_votes_of_others_are_hidden_while_a_policy_is_blind(desk: Desk) -> None:
    blind = {"audience": ["alice", "bob", "root"], "quorum": "all", "blind": True}
    asked = await desk.open("alice", policy=blind)
    path = f"/requests/{asked['id']}"
    await desk.call("alice", "POST", f"{path}/decisions", json={"verb": "approve", "comment": "secret"})
    before = await desk.call("bob", "GET", path)
    assert before.json()["decisions"] == []
    assert "secret" not in before.text
    assert [line["move"] for line in before.json()["log"]] == ["opened"]
    own = await desk.call("bob", "POST", f"{path}/decisions", json={"verb": "approve"})
    assert [each["actor"] for each in own.json()["decisions"]] == ["alice", "bob"]


async def test_every_other_move(desk: Desk) -> None:
    ladder = {"audience": ["bob"], "timeout": 600, "escalations": [{"after": 300, "to": ["root"]}]}
    asked = await desk.open("alice", policy=ladder)

    async def move(who: str, name: str, **arguments: object) -> dict[str, object]:
        answer = await desk.call(who, "POST", f"/requests/{asked['id']}/{name}", **arguments)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert (await move("bob", "claim"))["claimed_by"] == "bob"
    assert (await move("bob", "release", json={}))["status"] == "OPEN"
    assert (await move("alice", "escalate"))["audience"]["users"] == ["bob", "root"]  # type: ignore[index]
    await move("alice", "remind")
    await move("bob", "comments", json={"text": "Ask the lawyers."})
    detail = (await desk.call("bob", "GET", f"/requests/{asked['id']}")).json()
    assert [(each["by"], each["text"]) for each in detail["comments"]] == [("bob", "Ask the lawyers.")]
    to = {"to": ["alice", "group:legal"], "reason": "away"}
    assert (await move("root", "reassign", json=to))["asked"] == ["alice", "bob"]
    assert (await move("alice", "withdraw", json={"reason": "obsolete"}))["status"] == "WITHDRAWN"
    again = await desk.call("alice", "POST", f"/requests/{asked['id']}/withdraw")
    assert (again.status_code, again.json()["winner"]) == (409, "alice")


async def test_rights_are_those_of_the_person(desk: Desk) -> None:
    asked = await desk.open("alice", policy={"audience": ["bob"]})
    path = f"/requests/{asked['id']}"
    refused = await desk.call("alice", "POST", f"{path}/reassign", json={"to": ["alice"]})
    assert (refused.status_code, refused.json()["rule"]) == (403, "audience")
    refused = await desk.call("alice", "POST", f"{path}/decisions", json={"verb": "approve"})
    assert (refused.status_code, refused.json()["rule"]) == (403, "audience")
    refused = await desk.call("carol", "POST", "/requests", json={"title": "x", "proposal": {"x": 1}})
    assert (refused.status_code, refused.json()["rule"]) == (403, "role")
    await desk.call("bob", "POST", f"{path}/claim")
    asked = await desk.open("alice", policy={"audience": ["bob", "alice"]})
    await desk.call("bob", "POST", f"/requests/{asked['id']}/claim")
    refused = await desk.call("alice", "POST", f"/requests/{asked['id']}/decisions", json={"verb": "approve"})
    assert (refused.status_code, refused.json()["rule"]) == (403, "claimed")
    strict = await desk.open("alice", policy={"audience": ["bob"], "require": "session"})
    refused = await desk.call("bob", "POST", f"/requests/{strict['id']}/decisions", json={"verb": "approve"})
    assert (refused.status_code, refused.json()["rule"]) == (403, "strength")


async def test_a_batch_tells_what_came_of_each(desk: Desk) -> None:
    first = await desk.open("alice", policy={"audience": ["bob"]})
    second = await desk.open(
        "alice", policy={"audience": ["bob"]}, verbs=["answer"], response_schema={"type": "integer"}
    )
    hidden = await desk.open("alice", policy={"audience": ["alice"]})
    decisions = [
        {"request_id": first["id"], "verb": "approve"},
        {"request_id": first["id"], "verb": "reject"},
        {"request_id": second["id"], "verb": "answer", "payload": "x"},
        {"request_id": hidden["id"], "verb": "approve"},
    ]
    answer = await desk.call("bob", "POST", "/requests/batch-decisions", json={"decisions": decisions})
    results = answer.json()["results"]
    assert [(each["request_id"], each["status"]) for each in results] == [
        (first["id"], 200),
        (first["id"], 409),
        (second["id"], 422),
        (hidden["id"], 404),
    ]
    assert results[0]["request"]["outcome"]["by"] == ["bob"]
    assert results[1]["problem"]["winner"] == "bob"
    assert results[2]["problem"]["fields"][0]["path"] == "payload"
    too_many = {"decisions": [decisions[0]] * 101}
    assert (await desk.call("bob", "POST", "/requests/batch-decisions", json=too_many)).status_code == 422


async def test_pages_of_a_list_have_every_request_once(desk: Desk) -> None:
    opened = [(await desk.open("alice", policy=ASKED, title=f"number {number}"))["id"] for number in range(7)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"sort": "oldest", "limit": "3", **({"cursor": cursor} if cursor else {})}
        page = (await desk.call("bob", "GET", "/requests", params=query)).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
    assert seen == opened
    found = (await desk.call("bob", "GET", "/requests?text=NUMBER%204")).json()["items"]
    assert [row["title"] for row in found] == ["number 4"]
    for query in ("limit=0", "limit=x", "view=none", "sort=none", "cursor=%00", "status=OPEN"):
        assert (await desk.call("bob", "GET", f"/requests?{query}")).status_code == 422, query


async def test_the_same_key_and_body_mean_the_same_request_even_at_once(desk: Desk) -> None:
    body = {"title": "Publish?", "proposal": {"content": "bees"}}
    headers = {"idempotency-key": "k-1"}
    answers = await asyncio.gather(
        *(desk.call("alice", "POST", "/requests", json=body, headers=headers) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    turned = dict(reversed(body.items()))
    assert (await desk.call("alice", "POST", "/requests", json=turned, headers=headers)).status_code == 200
    other = await desk.call("alice", "POST", "/requests", json={**body, "priority": 1}, headers=headers)
    assert other.status_code == 409
    somebody = await desk.call("bob", "POST", "/requests", json=body, headers=headers)
    assert somebody.status_code == 201
    for key in ("", "x" * 201, "a b"):
        wrong = await desk.call("alice", "POST", "/requests", json=body, headers={"idempotency-key": key})
        assert wrong.status_code == 422, key
    assert len((await desk.call("root", "GET", "/requests")).json()["items"]) == 2


async def test_a_callback_is_stored_with_the_request(desk: Desk) -> None:
    asked = await desk.open("alice", callback_url="https://93.184.215.14/done?x=1", channels=["mail"])
    assert asked["channels"] == ["mail", CHANNEL]
    stored = await desk.app.store.read(lambda tx: tx.callback_of(asked["id"]))
    assert stored == "https://93.184.215.14/done?x=1"
    plain = await desk.open("alice")
    assert await desk.app.store.read(lambda tx: tx.callback_of(plain["id"])) is None


async def test_a_list_is_narrowed_by_status(desk: Desk) -> None:
    opened = {
        name: await desk.open("alice", title=name) for name in ("open", "claimed", "resolved", "withdrawn")
    }
    path = {name: f"/requests/{one['id']}" for name, one in opened.items()}
    await desk.call("bob", "POST", f"{path['claimed']}/claim")
    await desk.call("bob", "POST", f"{path['resolved']}/decisions", json={"verb": "approve"})
    await desk.call("alice", "POST", f"{path['withdrawn']}/withdraw")

    async def titles(query: str) -> list[str]:
        answer = await desk.call("alice", "GET", f"/requests?{query}")
        assert answer.status_code == 200, answer.text
        return sorted(row["title"] for row in answer.json()["items"])

    for name in opened:
        assert await titles(f"status={name}") == [name]
    assert await titles("status=expired") == []
    assert await titles("status=open&status=claimed") == ["claimed", "open"]
    assert await titles("status=open&status=withdrawn") == ["open", "withdrawn"]
    assert await titles("status=resolved&view=open") == [], "beside the view"
    wrong = (await desk.call("alice", "GET", "/requests?status=done")).json()
    assert (wrong["type"], wrong["title"]) == ("urn:handrail:invalid-parameter", "The parameter doesn't fit")


async def test_each_conflict_says_what_it_is_about(desk: Desk) -> None:
    body = {"title": "Publish?", "proposal": {"content": "bees"}, "policy": ASKED}

    async def told(who: str, path: str, key: str | None = None, **sent: object) -> tuple[int, str]:
        headers = {"idempotency-key": key} if key else {}
        answer = await desk.call(who, "POST", path, json=sent, headers=headers)
        return answer.status_code, answer.json().get("type", "").removeprefix("urn:handrail:")

    assert await told("alice", "/requests", "k", **body) == (201, "")
    assert await told("alice", "/requests", "k", **body, priority=1) == (409, "key-reused")
    asked = await desk.open("alice", policy=ASKED)
    path = f"/requests/{asked['id']}"
    seen = {"verb": "approve", "content_hash": "0" * 64}
    assert await told("bob", f"{path}/decisions", **seen) == (409, "content-changed")
    assert await told("alice", f"{path}/escalate") == (409, "not-now")
    assert await told("alice", f"{path}/decisions", verb="reject") == (200, "")
    assert await told("bob", f"{path}/decisions", verb="reject") == (409, "conflict")
    assert await told("root", "/users", name="alice") == (409, "taken")


async def test_what_does_not_fit_is_told_by_its_part(desk: Desk) -> None:
    asked = await desk.open("alice", policy=ASKED)
    path = f"/requests/{asked['id']}/decisions"
    named = (await desk.call("bob", "POST", path, json={"verb": "approve", "actor": "root"})).json()
    assert (named["type"], named["title"]) == ("urn:handrail:invalid-body", "The body doesn't fit")
    assert named["fields"][0]["path"] == "actor"
    assert "who acts is whose key or login it is" in named["fields"][0]["message"]
    unknown = (await desk.call("bob", "POST", f"{path}?x=1", json={"verb": "approve"})).json()
    assert (unknown["type"], unknown["fields"][0]["path"]) == ("urn:handrail:invalid-parameter", "x")
    misfit = (await desk.call("bob", "POST", path, json={"verb": "request_changes"})).json()
    assert misfit["type"] == "urn:handrail:invalid-decision"


async def test_a_schema_that_may_take_long_to_check_is_refused_and_names_its_field(desk: Desk) -> None:
    body = {"title": "How?", "proposal": {"content": "bees"}, "verbs": ["answer"], "policy": ASKED}
    slow = await desk.call(
        "alice", "POST", "/requests", json={**body, "response_schema": {"pattern": "(?=a)b"}}
    )
    assert (slow.status_code, slow.json()["fields"][0]["path"]) == (422, "response_schema")
    asked = await desk.open("alice", **{**body, "response_schema": {"type": "string", "pattern": "(a+)+$"}})
    answer = {"verb": "answer", "payload": "a" * 100_000 + "b"}
    refused = await desk.call("bob", "POST", f"/requests/{asked['id']}/decisions", json=answer)
    assert (refused.status_code, refused.json()["fields"][0]["path"]) == (422, "payload")


async def test_a_channel_that_the_app_does_not_have_is_refused(desk: Desk) -> None:
    body = {"title": "Publish?", "proposal": {"content": "bees"}, "channels": ["pager", "pagr"]}
    answer = await desk.call("alice", "POST", "/requests", json=body)
    assert (answer.status_code, answer.json()["fields"]) == (
        422,
        [{"path": "channels", "message": "must be among email, mail, pager, slack"}],
    )
    assert (await desk.open("alice", channels=["pager"]))["channels"] == ["pager"]
