"""Pages against hostile and unlucky visitors: odd hosts, narrow keys, broken encodings, a store that is busy."""

from collections.abc import AsyncIterator

import pytest

from handrail.cli.serve import check_named
from handrail.inbox import views
from handrail.requests.errors import InvalidInput, StoreBusy
from tests.support.web_visits import ROOT, Place, place, text


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app that works, and its pages."""
    async with place() as made:
        yield made


async def asked(here: Place) -> str:
    """Return the id of a request that asks bob."""
    await here.run("approve", {"prompt": "rivers"}, "river")
    (request,) = await views.requests(here.app.store, run_id="river")
    return request.id


def multipart(charset: str, **fields: bytes) -> dict[str, object]:
    """Return a form whose texts are in an encoding of its sender's choice."""
    parts = [
        b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in fields.items()
    ]
    kind = f"multipart/form-data; boundary=B; charset={charset}"
    return {"content": b"".join(parts) + b"--B--\r\n", "headers": {"content-type": kind}}


@pytest.mark.parametrize("host", ["[", "[::1", "[::zz]", ""])
async def test_a_host_that_nobody_can_read_is_refused(here: Place, host: str) -> None:
    bob = await here.visitor("bob")
    assert (await bob.http.get("/inbox", headers={"host": host})).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://[", "null", "http://localhost:9999", "https://127.0.0.1:8001", ""]
)
async def test_a_form_from_a_foreign_or_unreadable_origin_is_refused(here: Place, origin: str) -> None:
    bob = await here.visitor("bob")
    await bob.see("/settings/me")
    form = {"form_token": bob.token}
    answer = await bob.http.post("/logout", data=form, headers={"origin": origin})
    assert answer.status_code == 403
    assert "another site" in text(answer.text)


async def test_a_key_opens_no_page_however_wide_its_person_is(here: Place) -> None:
    request_id = await asked(here)
    await here.visitor("bob")
    _, key = await here.people.make_key("bob", "narrow", ["runs:read"], actor=ROOT)
    program = await here.visitor(None)
    program.http.headers["authorization"] = f"Bearer {key}"
    for path in ("/inbox", f"/requests/{request_id}", f"/requests/{request_id}/state"):
        answer = await program.http.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/login"), path
    assert (await program.http.get("/login?next=/inbox")).status_code == 200, "no circle of redirects"


@pytest.mark.parametrize("charset", ["unicode_escape", "undefined", "punycode"])
@pytest.mark.parametrize("token", ["good", "bad"])
@pytest.mark.parametrize("path", ["/decide", "/comment", "many", "name", "link", "cancel"])
async def test_a_form_that_is_no_text_is_refused_in_words(
    here: Place, charset: str, token: str, path: str
) -> None:
    request_id = await asked(here)
    bob = await here.visitor("bob")
    await bob.see("/settings/me")
    places = {
        "many": "/requests/many",
        "name": "/settings/me/name",
        "link": "/decide/x",
        "cancel": "/run/cancel",
    }
    odd = rb"a\ud800"
    fields = {name: odd for name in ("verb", "comment", "text", "display", "seen", "run", "pick")}
    given = bob.token.encode() if token == "good" else odd
    form = multipart(charset, form_token=given, **fields)
    address = places.get(path, f"/requests/{request_id}{path}")
    answer = await bob.http.post(address, **form)  # type: ignore[arg-type]
    assert answer.status_code in (400, 403), text(answer.text)
    assert "Refused" in answer.text


@pytest.mark.parametrize(
    "query", ["q=zzz", "q=%ED%A0%80", "flow=none", "view=overdue", "view=decided", "q=%00"]
)
async def test_an_empty_list_is_a_page(here: Place, query: str) -> None:
    bob = await here.visitor("bob")
    assert 'class="empty"' in await bob.see(f"/inbox?{query}")


async def test_an_order_is_offered_only_where_it_counts(here: Place) -> None:
    bob = await here.visitor("bob")
    for view, offered in {"mine": True, "open": True, "decided": False, "all": False}.items():
        assert ('name="sort"' in await bob.see(f"/inbox?view={view}")) == offered


async def test_a_busy_store_is_told_as_a_page_that_says_so(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await here.visitor("bob")
    await bob.see("/settings/me")

    async def busy(*_: object, **__: object) -> None:
        raise StoreBusy("another process writes to it; try again in a moment")

    monkeypatch.setattr(here.app.store, "read", busy)
    for path in ("/inbox", "/runs", "/settings/me", "/login"):
        answer = await bob.http.get(path)
        assert answer.status_code == 503, path
        assert answer.headers["retry-after"] == "1"
        assert "Another process writes to it" in text(answer.text)
    assert (await bob.http.get("/nowhere")).status_code == 404


def test_all_addresses_of_a_machine_need_a_name_that_people_open() -> None:
    for host in ("0.0.0.0", "::", "[::]"):
        with pytest.raises(InvalidInput, match="--url"):
            check_named(host, None)
        check_named(host, "https://inbox.example.com")
    check_named("192.0.2.1", None)


async def test_a_page_says_which_field_does_not_fit(here: Place) -> None:
    root = await here.visitor("root")
    answer = await root.http.get("/audit?before=abc")
    assert answer.status_code == 422
    assert "before" in text(answer.text)
    assert "valid integer" in text(answer.text)
