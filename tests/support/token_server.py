"""A provider of access tokens on loopback: it gives them by its token URL, and says of one whether it is valid."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CLIENT, SECRET, REFRESH = "handrail-client", "client-secret-1", "refresh-token-1"
SCOPE = "https://mail.example.com/.default"


@dataclass
class TokenServer:
    """Gives tokens to one client, strictly by RFC 6749."""

    user: str
    port: int = 0
    lasts: int = 3600
    """seconds that a token is said to last"""
    rotates: bool = False
    """whether each refresh token serves once"""
    refresh: str = REFRESH
    valid: set[str] = field(default_factory=set)
    """tokens that mail servers take"""
    given: list[str] = field(default_factory=list)
    """the grants by which tokens were given"""
    refusals: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def secrets(self) -> list[str]:
        """Return what nobody may read anywhere."""
        return [SECRET, "refresh-token", "access-token"]

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a client."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return self._refused("invalid_client", 401)
        match form:
            case {"grant_type": "refresh_token", "refresh_token": refresh}:
                if refresh != self.refresh:
                    return self._refused("invalid_grant", 400)
            case {"grant_type": "client_credentials", "scope": scope} if "refresh_token" not in form:
                if scope != SCOPE:
                    return self._refused("invalid_scope", 400)
            case _:
                return self._refused("unsupported_grant_type", 400)
        self.given.append(form["grant_type"])
        token = f"access-token-{len(self.given)}." + "x" * 600
        self.valid.add(token)
        said = {"access_token": token, "token_type": "Bearer", "expires_in": self.lasts}
        if self.rotates:
            self.refresh = f"refresh-token-{len(self.given) + 1}"
            said["refresh_token"] = self.refresh
        return 200, said

    def _refused(self, code: str, status: int) -> tuple[int, dict[str, Any]]:
        self.refusals.append(code)
        return status, {"error": code, "error_description": f"no: {SECRET} {self.refresh}"}

    def looked_at(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a mail server (RFC 7662)."""
        if form.get("token") not in self.valid:
            return 200, {"active": False}
        return 200, {"active": True, "email": self.user}


@contextmanager
def token_server(user: str, **settings: Any) -> Iterator[TokenServer]:
    """Run one as long as the block lasts."""
    found = TokenServer(user, **settings)

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            answers = {"/token": found.token, "/introspect": found.looked_at}
            status, said = answers[urlsplit(self.path).path](form)
            raw = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
