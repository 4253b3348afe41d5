"""People, groups and keys over HTTP."""

from handrail.people.login import LoggedIn
from tests.support.web_desk import Desk


async def test_one_is_told_who_one_is(desk: Desk) -> None:
    me = (await desk.call("bob", "GET", "/me")).json()
    assert (me["name"], me["role"], me["groups"], len(me["scopes"])) == ("bob", "reviewer", ["legal"], 6)


async def test_people_are_added_shown_changed_and_switched_off(desk: Desk) -> None:
    new = {"name": "dora/x", "email": "Dora@Example.org", "role": "viewer", "password": "four words in here"}
    added = await desk.call("root", "POST", "/users", json=new)
    assert added.status_code == 201, added.text
    assert (added.json()["has_password"], added.json()["email"]) == (True, "dora@example.org")
    assert "four words" not in added.text
    assert (await desk.call("root", "POST", "/users", json={"name": "DORA/X"})).status_code == 409
    shown = await desk.call("root", "GET", "/users/dora%40example.org")
    assert shown.json() == added.json()
    key = await desk.key("dora/x", ["requests:read"])
    change = {"role": "reviewer", "display": "Dora", "email": "", "active": False}
    changed = (await desk.call("root", "PATCH", "/users/dora/x", json=change)).json()
    assert (changed["role"], changed["display"], changed["email"], changed["active"]) == (
        "reviewer",
        "Dora",
        None,
        False,
    )
    async with desk.client(None, authorization=f"Bearer {key}") as client:
        assert (await client.get("/api/v1/me")).status_code == 401
    assert len((await desk.call("root", "GET", "/users")).json()["items"]) == 5


async def test_what_cannot_be_of_a_person_is_refused_and_changes_nothing(desk: Desk) -> None:
    before = (await desk.call("root", "GET", "/users")).json()
    for body in ({"name": " x"}, {"name": "x", "role": "god"}, {"name": "x", "password": "short"}, {}):
        assert (await desk.call("root", "POST", "/users", json=body)).status_code == 422, body
    assert (await desk.call("root", "PATCH", "/users/root", json={"role": "viewer"})).status_code == 409
    wrong = {"display": "Other", "password": "short"}
    assert (await desk.call("root", "PATCH", "/users/alice", json=wrong)).status_code == 422
    assert (await desk.call("root", "PATCH", "/users/nobody", json={})).status_code == 404
    assert (await desk.call("root", "GET", "/users")).json() == before


async def test_groups_are_set_as_a_whole_and_those_of_the_code_stay(desk: Desk) -> None:
    put = await desk.call("root", "PUT", "/groups/night/shift", json={"people": ["bob", "alice"]})
    assert put.json() == {"name": "night/shift", "people": ["alice", "bob"], "fixed": False}
    listed = (await desk.call("root", "GET", "/groups")).json()["items"]
    assert [(group["name"], group["fixed"]) for group in listed] == [("legal", True), ("night/shift", False)]
    assert (await desk.call("root", "PUT", "/groups/legal", json={"people": []})).status_code == 409
    assert (await desk.call("root", "PUT", "/groups/x", json={"people": [" a"]})).status_code == 422
    await desk.call("root", "PUT", "/groups/night/shift", json={"people": []})
    assert len((await desk.call("root", "GET", "/groups")).json()["items"]) == 1


async def test_a_key_is_shown_once_works_and_is_revoked(desk: Desk) -> None:
    body = {"label": "pipeline", "person": "bob", "scopes": ["requests:read"], "expires_in": 60}
    made = await desk.call("root", "POST", "/keys", json=body)
    assert (made.status_code, made.json()["person"]) == (201, "bob")
    text = made.json()["key"]
    listed = await desk.call("root", "GET", "/keys")
    assert text not in listed.text
    async with desk.client(None, authorization=f"Bearer {text}") as client:
        assert (await client.get("/api/v1/requests")).status_code == 200
        assert (await client.get("/api/v1/runs")).status_code == 403
        revoked = await desk.call("root", "DELETE", f"/keys/{made.json()['id']}")
        assert (revoked.status_code, revoked.content) == (204, b"")
        assert (await client.get("/api/v1/requests")).status_code == 401
    assert (await desk.call("root", "DELETE", "/keys/none")).status_code == 404
    for wrong in ({"label": "x", "scopes": []}, {"label": "x", "scopes": ["all"]}, {"label": "x"}):
        assert (await desk.call("root", "POST", "/keys", json=wrong)).status_code == 422
    nobody = {"label": "x", "scopes": ["decide"], "person": "nobody"}
    assert (await desk.call("root", "POST", "/keys", json=nobody)).status_code == 404


async def test_a_change_with_a_password_is_made_whole_or_not_at_all(desk: Desk) -> None:
    body = {"role": "viewer", "password": "correct horse battery"}
    refused = await desk.call("root", "PATCH", "/users/root", json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:handrail:not-now")
    root = (await desk.call("root", "GET", "/users/root")).json()
    assert (root["role"], root["has_password"]) == ("admin", False)
    changed = await desk.call("root", "PATCH", "/users/bob", json=body)
    assert (changed.json()["role"], changed.json()["has_password"]) == ("viewer", True)
    same = await desk.call("root", "PATCH", "/users/bob", json={"password": "another horse battery"})
    assert same.status_code == 200
    assert isinstance(await desk.people.log_in("bob", "another horse battery", address=None), LoggedIn)
    short = await desk.call("root", "PATCH", "/users/bob", json={"role": "admin", "password": "x"})
    assert short.status_code == 422
    assert (await desk.call("root", "GET", "/users/bob")).json()["role"] == "viewer"
