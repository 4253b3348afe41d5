"""Create-and-decide pairs over HTTP: a server on SQLite in one process, those who ask and decide in another.

    python benchmarks/http_api.py [--seconds 5] [--concurrent 16] [--profile FILE]

A pair is POST /requests, then POST /requests/{id}/decisions with the content hash, each answer checked. The server is
uvicorn with a working app; the client speaks HTTP/1.1 over connections that it keeps, for a client that does more
would take more of the machine than the server.
"""

import argparse
import asyncio
import contextlib
import cProfile
import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import figures
import uvicorn

from handrail import App
from handrail.people.people import People
from handrail.people.secret import Secret
from handrail.requests.decision import SYSTEM
from handrail.web.face import Face
from handrail.web.server import create

WARMING = 0.2
"""share of the time before anything is counted"""
DRAFT = {
    "title": "Publish the post?",
    "proposal": {"content": "Bees dance to tell where flowers are. " * 8, "confidence": 0.4},
    "context": {"model": "small", "score": 0.4},
    "policy": {"audience": ["alice", "bob"], "timeout": 86400},
}


# -- the server -------------------------------------------------------------------------------------------------------


async def serve(folder: Path) -> None:
    """Serve until the input ends; say the port and the keys first."""
    app = App(store=f"sqlite:///{folder}/handrail.db")
    async with app:
        people = People(app.store, app.clock, Secret(None))
        keys = {}
        for name in ("alice", "bob"):
            await people.add(name, actor=SYSTEM)
            _, keys[name] = await people.make_key(name, "bench", ["requests:write", "decide"], actor=SYSTEM)
        # With its protocol named, asyncio sends small packets at once; else the body of an answer waits for 40 ms.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(256)
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            face = Face(app.store, app.clock, app.flows, None, app.migrate, people, url)  # type: ignore[arg-type]
            config = uvicorn.Config(create(face), log_level="warning", access_log=False)
            server = uvicorn.Server(config)
            print(json.dumps({"port": listening.getsockname()[1], "keys": keys}), flush=True)
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            computed = figures.processor_seconds()
            await asyncio.to_thread(sys.stdin.read)
            computed = figures.processor_seconds() - computed
            server.should_exit = True
            await serving
    print(json.dumps({"server_cpu_seconds": computed}), flush=True)


# -- the client -------------------------------------------------------------------------------------------------------


class Connection:
    """A connection that is kept, with one request after the other."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, key: str
    ) -> None:
        self._reader, self._writer = reader, writer
        self._head = (
            f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        )

    async def post(self, path: str, body: Any, expected: int) -> dict[str, Any]:
        """Post JSON and return what was answered; fail for another status than the expected one."""
        data = json.dumps(body).encode()
        head = f"POST /api/v1{path} HTTP/1.1\r\n{self._head}Content-Length: {len(data)}\r\n\r\n"
        self._writer.write(head.encode() + data)
        answered = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answered.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        text = await self._reader.readexactly(length)
        if int(answered[9:12]) != expected:
            raise AssertionError(f"{path} was answered {answered[:12]!r}: {text[:500]!r}")
        found: dict[str, Any] = json.loads(text)
        return found


async def measure(port: int, keys: dict[str, str], concurrent: int, seconds: float) -> dict[str, Any]:
    """Make pairs for so many seconds; return how many a second and how long one took."""
    took: list[float] = []
    number = 0
    end = time.monotonic() + seconds * (1 + WARMING)

    async def visitor() -> None:
        nonlocal number
        asker, decider = [
            Connection(*await asyncio.open_connection("127.0.0.1", port), port, keys[name])
            for name in ("alice", "bob")
        ]
        while (began := time.monotonic()) < end:
            asked = await asker.post("/requests", DRAFT, 201)
            decision = {"verb": "approve", "content_hash": asked["content_hash"]}
            decided = await decider.post(f"/requests/{asked['id']}/decisions", decision, 200)
            if (decided["status"], decided["outcome"]["by"]) != ("RESOLVED", ["bob"]):
                raise AssertionError(f"request {asked['id']} came to {decided['status']}")
            number += 1
            if (now := time.monotonic()) > end - seconds:
                took.append(now - began)

    began = end - seconds
    await asyncio.gather(*(visitor() for _ in range(concurrent)))
    took.sort()
    return {
        "pairs_per_second": round(len(took) / (time.monotonic() - began), 1),
        "pair_ms_p50": round(took[len(took) // 2] * 1000, 1),
        "pair_ms_p95": round(took[int(len(took) * 0.95)] * 1000, 1),
        "concurrent": concurrent,
        "all_pairs": number,
    }


def main() -> None:
    """Start a server, measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--concurrent", type=int, default=16)
    parser.add_argument("--profile", type=Path, help="where to put a profile of the server's event loop")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        with cProfile.Profile() if given.profile else contextlib.nullcontext() as profile:
            asyncio.run(serve(given.serve))
        if profile is not None:
            profile.dump_stats(given.profile)
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", folder]
        command += ["--profile", str(given.profile)] if given.profile else []
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdin is not None
            said = json.loads(server.stdout.readline())
            found = asyncio.run(measure(said["port"], said["keys"], given.concurrent, given.seconds))
            server.stdin.close()
            used = json.loads(server.stdout.readline())["server_cpu_seconds"]
            server.wait(30)
            found["server_cpu_ms_per_pair"] = round(used * 1000 / found.pop("all_pairs"), 2)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
