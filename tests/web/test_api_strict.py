"""What every operation refuses in the same way: strangers, other keys, other bodies; always as a problem document."""

import asyncio
import hashlib
import hmac
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from handrail import HumanApprovalNode, MapNode
from handrail.people.rights import TABLE
from handrail.requests.decision import SYSTEM
from handrail.web.api import routes
from handrail.web.api.document import right_of
from handrail.web.api.route import DEEPEST, StrictRoute
from handrail.web.auth.door import HEADER
from tests.support.web_desk import EVERYTHING, Desk

OPERATIONS = [
    pytest.param(route, method, id=f"{method} {route.path_format}")
    for route in routes()
    if isinstance(route, StrictRoute)
    for method in sorted(route.methods or ())
]
UNSAFE = [each for each in OPERATIONS if each.values[1] != "GET"]


def path_of(route: APIRoute) -> str:
    path = route.path_format
    for name in route.param_convertors:
        path = path.replace(f"{{{name}}}", "nobody")
    # Else its answer would never end.
    return f"{path}?after=nothing" if path.endswith("/events") else path


def check_problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:handrail:")
    assert answer.headers["x-request-id"] == problem["reference"]
    return dict(problem)


@pytest.mark.parametrize(("route", "method"), OPERATIONS)
async def test_strangers_are_answered_401_before_anything_else(
    desk: Desk, route: APIRoute, method: str
) -> None:
    for headers in (
        {},
        {"authorization": "Bearer hr_x_y"},
        {"authorization": "Basic eDp5"},
        {"cookie": "handrail=x"},
    ):
        async with desk.client(None, **headers) as client:
            answer = await client.request(method, path_of(route), content=b"{" if method != "GET" else None)
        check_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


OWN = ("/api/v1/me", "/api/v1/users/{name}/identities", "/api/v1/users/{name}/notifications")
"""what everybody may read or set of themselves; of others only admins"""


@pytest.mark.parametrize(("route", "method"), OPERATIONS)
async def test_a_key_without_the_scope_is_told_which_it_needs(
    desk: Desk, route: APIRoute, method: str
) -> None:
    right = right_of(route.dependant)
    if right is None:
        assert route.path_format in OWN
        return
    scope = TABLE[right][1]
    narrow = await desk.key("root", [each for each in EVERYTHING if each != scope])
    async with desk.client(None, authorization=f"Bearer {narrow}") as client:
        answer = await client.request(method, path_of(route), **({} if method == "GET" else {"json": {}}))
        problem = check_problem(answer, 403)
        assert problem["rule"] == "scope"
        assert str(scope) in str(problem["detail"])
        enough = await desk.key("root", [scope])
        client.headers["authorization"] = f"Bearer {enough}"
        answer = await client.request(method, path_of(route), **({} if method == "GET" else {"json": {}}))
        assert answer.status_code not in (401, 403), answer.text


@pytest.mark.parametrize(("route", "method"), OPERATIONS)
async def test_a_role_without_the_right_is_refused_by_it(desk: Desk, route: APIRoute, method: str) -> None:
    right = right_of(route.dependant)
    for name, role in (("alice", "reviewer"), ("carol", "viewer")):
        async with desk.client(name) as client:
            answer = await client.request(method, path_of(route), **({} if method == "GET" else {"json": {}}))
        if (right is not None and role not in TABLE[right][0]) or route.path_format in OWN[1:]:
            assert check_problem(answer, 403)["rule"] == "role"
        else:
            assert answer.status_code != 403, answer.text


@pytest.mark.parametrize(("route", "method"), UNSAFE)
async def test_a_body_is_json_and_strict(desk: Desk, route: APIRoute, method: str) -> None:
    async with desk.client("root") as client:

        async def status(content: bytes, kind: str = "application/json") -> int:
            headers = {"content-type": kind}
            answer = await client.request(method, path_of(route), content=content, headers=headers)
            check_problem(answer, answer.status_code)
            return answer.status_code

        assert await status(b"{}", "text/plain") == 415
        assert await status(b"x=1", "application/x-www-form-urlencoded") == 415
        assert await status(b"{") == 422
        assert await status(b"\xff\xfe") == 422
        assert await status(b'{"x": NaN}') == 422
        assert await status(b'{"x": -Infinity}') == 422
        assert await status(b'{"x": 1e999}') == 422
        assert await status(b'{"x": ' + b"1" * 5000 + b"}") == 422
        assert await status(b'{"x": "\\ud800"}') == 422
        assert await status(b'{"unknown": 1}') == 422
        assert await status(b"[" * 100_000) == 422
        assert await status(b"[" * 2000 + b"]" * 2000) == 422
        assert await status(b'{"x":"' + b"x" * 1_400_000 + b'"}') == 413


@pytest.mark.parametrize(("route", "method"), OPERATIONS)
async def test_unknown_parameters_of_the_query_are_named(desk: Desk, route: APIRoute, method: str) -> None:
    async with desk.client("root") as client:
        answer = await client.request(
            method,
            path_of(route).partition("?")[0] + "?as=root&as_of=1",
            **({} if method == "GET" else {"json": {}}),
        )
    fields = check_problem(answer, 422)["fields"]
    assert [each["path"] for each in fields] == ["as", "as_of"]  # type: ignore[attr-defined]


async def test_a_login_needs_the_token_of_its_forms_to_change_anything(desk: Desk) -> None:
    await desk.people.set_password("alice", "a few words in a row", actor=SYSTEM)
    entered = await desk.people.log_in("alice", "a few words in a row", address=None)
    secret = entered.secret  # type: ignore[union-attr]
    body = {"title": "Publish?", "proposal": {"content": "bees"}}
    async with desk.client() as client:
        client.cookies.set("handrail", secret)
        assert (await client.get("/api/v1/me")).json()["scopes"] is None
        check_problem(await client.post("/api/v1/requests", json=body), 403)
        check_problem(await client.post("/api/v1/requests", json=body, headers={HEADER: "0" * 64}), 403)
        token = token_of(desk, secret)
        opened = await client.post("/api/v1/requests", json=body, headers={HEADER: token})
        assert opened.status_code == 201
        decided = await client.post(
            f"/api/v1/requests/{opened.json()['id']}/decisions",
            json={"verb": "approve"},
            headers={HEADER: token},
        )
        assert decided.json()["decisions"][0]["strength"] == "session"
        foreign = {HEADER: token, "origin": "https://elsewhere.example"}
        check_problem(await client.post("/api/v1/requests", json=body, headers=foreign), 403)


def token_of(desk: Desk, secret: str) -> str:
    """Return the token that the forms of a session's pages carry."""
    key = desk.people.secret.key("form")
    return hmac.new(key, hashlib.sha256(secret.encode()).digest(), hashlib.sha256).hexdigest()


async def test_what_does_not_exist_is_told_as_a_problem(desk: Desk) -> None:
    async with desk.client("root") as client:
        check_problem(await client.get("/api/v1/nothing"), 404)
        check_problem(await client.get("/api/v2/requests"), 404)
        wrong = await client.delete("/api/v1/requests")
        check_problem(wrong, 405)
        assert wrong.headers["allow"] == "GET, HEAD, POST"
        assert wrong.json()["detail"] == "this address takes GET, HEAD, POST, and not DELETE"
        check_problem(await client.get("/api/v1/me", headers={"host": "elsewhere.example"}), 421)


async def test_nesting_up_to_the_limit_is_stored_and_read_back(desk: Desk) -> None:
    nested: list[object] = []
    for _ in range(DEEPEST - 3):  # the body, the proposal and the innermost list are levels, too
        nested = [nested]
    asked = await desk.open("alice", proposal={"content": nested})
    assert (await desk.call("alice", "GET", f"/requests/{asked['id']}")).json()["proposal"][
        "content"
    ] == nested
    body = {"title": "x", "proposal": {"content": [nested]}}
    check_problem(await desk.call("alice", "POST", "/requests", json=body), 422)


async def test_large_numbers_and_odd_texts_come_back_as_they_were(desk: Desk) -> None:
    proposal = {"number": 1 << 100, "text": "\x00\u202e</script>\U0001f600", "small": 5e-324, "": None}
    asked = await desk.open("alice", proposal=proposal)
    shown = await desk.call("alice", "GET", f"/requests/{asked['id']}")
    assert shown.json()["proposal"] == proposal


async def test_what_is_over_1_mib_is_413_wherever_it_is(desk: Desk) -> None:
    large = "x" * (1024 * 1024)
    asked = await desk.open("alice")
    draft = {"title": "x", "proposal": {"content": large}}
    decision = {"verb": "edit", "payload": {"content": large}}
    check_problem(await desk.call("alice", "POST", "/requests", json=draft), 413)
    check_problem(await desk.call("alice", "POST", f"/requests/{asked['id']}/decisions", json=decision), 413)
    start = {"flow": "publish", "input": {"content": large}}
    check_problem(await desk.call("alice", "POST", "/runs", json=start), 413)


async def test_head_is_answered_wherever_get_is_without_a_body(desk: Desk) -> None:
    asked = await desk.open("alice")
    async with desk.client("alice") as client:
        for path in (
            "/healthz",
            "/login",
            "/api/v1/requests",
            f"/api/v1/requests/{asked['id']}",
            "/api/v1/events",
        ):
            async with asyncio.timeout(20):
                found = await client.head(path)
            assert (found.status_code, found.content) == (200, b""), path
        assert (await client.head("/api/v1/nothing")).status_code == 404


async def test_a_page_that_takes_other_methods_says_which(desk: Desk) -> None:
    async with desk.client() as client:
        found = await client.delete("/login")
    assert (found.status_code, found.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_who_was_first_is_not_told_that_somebody_was_faster(desk: Desk) -> None:
    asked = await desk.open("alice")
    verb = {"verb": "approve"}
    for who, status in (("bob", 200), ("bob", 409), ("alice", 409)):
        found = await desk.call(who, "POST", f"/requests/{asked['id']}/decisions", json=verb)
        assert found.status_code == status
        title = "You have decided this already" if who == "bob" else "Somebody was faster"
        assert status == 200 or found.json()["title"] == title
    many = {"decisions": [{"request_id": asked["id"], **verb}]}
    found = await desk.call("bob", "POST", "/requests/batch-decisions", json=many)
    assert found.json()["results"][0]["problem"]["title"] == "You have decided this already"


async def test_a_cursor_of_something_else_says_to_leave_it_out(desk: Desk) -> None:
    for path in ("/requests", "/runs"):
        found = await desk.call("alice", "GET", f"{path}?cursor=nonsense")
        check_problem(found, 422)
        assert "leave it out to begin again" in found.json()["detail"]


async def test_what_is_over_one_mebibyte_is_too_large_wherever_it_is(desk: Desk) -> None:
    asked = await desk.open("alice", proposal={"content": "x"})
    long = "x" * (1024 * 1024)
    for path, body in (
        ("/requests", {"title": "x", "proposal": {"content": long}}),
        (f"/requests/{asked['id']}/decisions", {"verb": "edit", "payload": {"content": long}}),
        (f"/requests/{asked['id']}/decisions", {"verb": "approve", "comment": long}),
        (f"/requests/{asked['id']}/comments", {"text": long}),
        ("/runs", {"flow": "publish", "input": {"content": long}}),
    ):
        check_problem(await desk.call("bob", "POST", path, json=body), 413)


async def test_a_run_that_can_only_fail_is_refused(desk: Desk) -> None:
    desk.app.flow("ask", HumanApprovalNode())
    desk.app.flow("each", MapNode(lambda item: item, "items"))
    for flow in ("ask", "each"):
        check_problem(await desk.call("alice", "POST", "/runs", json={"flow": flow, "input": {}}), 422)


async def test_every_403_names_its_rule(desk: Desk) -> None:
    foreign = {"origin": "http://elsewhere.example"}
    told = check_problem(await desk.call("alice", "POST", "/requests", json={}, headers=foreign), 403)
    assert told["rule"] == "origin"
    secret = (
        await desk.people.log_in_by_link(await desk.people.make_link("login", "bob", actor=SYSTEM))
    ).secret
    async with desk.client(None, cookie=f"handrail={secret}") as client:
        assert check_problem(await client.post("/api/v1/requests", json={}), 403)["rule"] == "form"


async def test_what_is_too_large_is_called_so_wherever_it_is_found(desk: Desk) -> None:
    for size in (1024 * 1024 - 60, 2 * 1024 * 1024):  # refused by the store, and at the door
        draft = {"title": "x", "proposal": {"content": "x" * size}}
        told = check_problem(await desk.call("alice", "POST", "/requests", json=draft), 413)
        assert (told["type"], told["title"]) == ("urn:handrail:too-large", "Too large")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("1" * 301, "too large"),
        ("1" * 5000, "too large"),
        ("1e400", "too large"),
        ('{"\\udc00": 1}', "a key has"),
    ],
)
async def test_what_nobody_can_keep_is_said_as_it_is(desk: Desk, part: str, told: str) -> None:
    body = f'{{"title": "x", "proposal": {{"content": {part}}}}}'
    answer = await desk.call(
        "alice", "POST", "/requests", content=body, headers={"content-type": "application/json"}
    )
    detail = str(check_problem(answer, 422)["detail"])
    assert told in detail
    assert "codec" not in detail


async def test_a_request_has_a_title_that_can_be_seen(desk: Desk) -> None:
    draft = {"title": " \n", "proposal": {"content": "bees"}}
    problem = check_problem(await desk.call("alice", "POST", "/requests", json=draft), 422)
    assert [field["path"] for field in problem["fields"]] == ["title"]  # type: ignore[attr-defined]


async def test_who_leaves_in_the_middle_of_a_body_is_no_fault_of_ours(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    headers = [(b"host", b"127.0.0.1:8000"), (b"authorization", f"Bearer {desk.keys['alice']}".encode())]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/requests",
        "query_string": b"",
        "headers": [*headers, (b"content-type", b"application/json")],
    }
    parts = [{"type": "http.request", "body": b'{"title": ', "more_body": True}, {"type": "http.disconnect"}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return parts.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await desk.asgi(scope, receive, send)
    assert sent[0]["status"] == 400
    assert caplog.records == []
