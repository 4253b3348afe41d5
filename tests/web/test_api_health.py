"""Health, readiness and metrics; and what the document says of each operation."""

import re
from dataclasses import replace
from pathlib import Path

from handrail.web.server import create
from tests.support.web_desk import Desk, desk_on, face_of


async def metrics(desk: Desk) -> dict[str, float]:
    """Return every sample by its name and labels; fails for a line that Prometheus wouldn't read."""
    async with desk.client() as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = {}
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            found = re.fullmatch(r'([a-z_]+(?:\{[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*\})?) (\S+)', line)
            assert found is not None, line
            samples[found[1]] = float(found[2])
    return samples


async def test_a_server_that_works_is_alive_and_ready(desk: Desk) -> None:
    async with desk.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"store": "ok", "worker": "ok"})


async def test_a_server_is_not_ready_without_its_store_or_its_worker(desk: Desk) -> None:
    face = replace(face_of(desk.app, desk.people), works=lambda: False)
    other = Desk(desk.app, create(face), desk.people, desk.keys)
    async with other.client() as client:
        ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (503, {"store": "ok", "worker": "failed"})
    await desk.app.store.close()
    async with desk.client() as client:
        ready = await client.get("/readyz")
        alive = await client.get("/healthz")
    await desk.app.store.open()
    assert (ready.status_code, ready.json()["checks"]["store"]) == (503, "failed")
    assert alive.status_code == 200


async def test_a_server_whose_database_was_moved_away_is_not_ready_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "handrail.db"
    async with desk_on(f"sqlite:///{path}") as desk:
        path.rename(tmp_path / "away.db")
        async with desk.client() as client:
            ready = await client.get("/readyz")
        draft = {"title": "Publish?", "proposal": {"content": "bees"}}
        refused = await desk.call("alice", "POST", "/requests", json=draft)
        (tmp_path / "away.db").rename(path)
        await desk.open()
    assert (ready.status_code, ready.json()["checks"]["store"]) == (503, "failed")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:handrail:store")
    assert "nothing was written" in refused.json()["detail"]


async def test_what_happens_is_measured(desk: Desk) -> None:
    await metrics(desk)
    first = await desk.open("alice")
    await desk.open("alice")
    desk.app.clock.turn(90)  # type: ignore[attr-defined]
    await desk.call("bob", "POST", f"/requests/{first['id']}/decisions", json={"verb": "approve"})
    await desk.call("bob", "GET", "/requests/none")
    await desk.call("bob", "GET", "/none")
    found = await metrics(desk)
    assert found['handrail_requests_open{flow=""}'] == 1
    assert found["handrail_oldest_open_request_seconds"] == 90
    assert found['handrail_request_moves_total{move="opened"}'] == 2
    assert found['handrail_request_moves_total{move="resolved"}'] == 1
    assert found['handrail_decisions_total{verb="approve"}'] == 1
    route = 'method="GET",route="/api/v1/requests/{request_id}"'
    assert found[f'handrail_http_requests_total{{{route},status="404"}}'] == 1
    assert found[f'handrail_http_request_duration_seconds_bucket{{{route},le="+Inf"}}'] == 1
    assert found['handrail_http_requests_total{method="GET",route="(none)",status="404"}'] == 1
    assert (await metrics(desk))['handrail_decisions_total{verb="approve"}'] == 1


async def test_metrics_need_a_key_elsewhere_than_on_loopback() -> None:
    url = "https://handrail.example"
    async with desk_on("memory://", url) as desk:
        headers = {"host": "handrail.example"}
        async with desk.client(None, **headers) as client:
            assert (await client.get("/healthz")).status_code == 200
            refused = await client.get("/metrics")
            assert (refused.status_code, refused.json()["status"]) == (401, 401)
        narrow = await desk.key("alice", ["requests:read"])
        async with desk.client(None, authorization=f"Bearer {narrow}", **headers) as client:
            assert (await client.get("/metrics")).json()["rule"] == "scope"
        async with desk.client("carol", **headers) as client:
            assert (await client.get("/metrics")).status_code == 200


async def test_the_document_tells_of_every_operation_what_it_takes_and_answers(desk: Desk) -> None:
    async with desk.client() as client:
        document = (await client.get("/api/v1/openapi.json")).json()
    operations = {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert len(operations) >= 30
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    for name, operation in operations.items():
        assert {"summary", "description"} <= set(operation), name
        for status, response in operation["responses"].items():
            if status >= "400" and "/api/" in name:
                assert list(response["content"]) == ["application/problem+json"], name
            for link in response.get("links", {}).values():
                assert link["operationId"] in ids
        if "/api/" in name:
            assert {"401", "403", "422"} <= set(operation["responses"]), name
            # Who calls that one shows it by a signature over what it sends, which OpenAPI has no scheme for.
            assert operation["security"] or name.endswith("/inbound-webhooks/{inbound_id}/decisions"), name
    opened = operations["post /api/v1/requests"]["responses"]["201"]
    assert {"show", "decide"} <= set(opened["links"])
