"""One thing that Slack tells the app, how it was sent, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["events_api", "interactive", "slash_commands", "url_verification"]
Payload = dict[str, Any]

FAILURES = ("http_timeout", "http_error", "connection_failed")


@dataclass(frozen=True)
class How:
    """How a request is made: as Slack makes it, or as somebody does who isn't Slack."""

    signature: Literal["right", "forged", "missing"] = "right"
    age: float = 0.0
    """seconds since it was signed"""
    team: str | None = None
    """the team it claims to come from"""
    change: Callable[[Payload], Payload] | None = None
    """what somebody does to the payload after it was signed"""


HONEST = How()
FORGED = How("forged")
UNSIGNED = How("missing")
STALE = How(age=360.0)
ANOTHER_TEAM = How(team="T0OTHER")


def tampered(change: Callable[[Payload], Payload]) -> How:
    """Return a way to send something else than what was signed."""
    return How(change=change)


@dataclass
class Delivery:
    """A request to the app. Until it is acknowledged within 3 seconds, it counts as failed."""

    kind: Kind
    payload: Payload
    user: str | None = None
    how: How = HONEST
    retry: int = 0
    reason: str | None = None
    """why it is tried again"""
    via: Literal["http", "socket"] | None = None
    sent: tuple[dict[str, str], str] | None = None
    """headers and body, by HTTP"""
    status: int | None = None
    body: Any = None
    """what came with the acknowledgement: an object, text, or nothing"""
    seconds: float | None = None
    late: bool = False
    failure: str | None = "not sent"
    no_retry: bool = False
    repeats: list["Delivery"] = field(default_factory=list)
    """the same once more, if a test wanted that"""

    @property
    def acknowledged(self) -> bool:
        """Whether the app answered in time, and well."""
        return self.failure is None

    def again(self, **new: Any) -> "Delivery":
        """Return the same, not sent yet."""
        fresh: dict[str, Any] = {"via": None, "sent": None, "status": None, "body": None, "seconds": None}
        fresh |= {"late": False, "failure": "not sent", "repeats": []}
        return replace(self, **{**fresh, **new})


def from_team(payload: Payload, team: str) -> Payload:
    """Return a payload that claims to come from another team."""
    told = dict(payload)
    if "team" in told:
        told["team"] = {**told["team"], "id": team}
    told |= {name: team for name in ("team_id", "context_team_id") if name in told}
    if isinstance(told.get("user"), dict):
        told["user"] = {**told["user"], "team_id": team}
    if "authorizations" in told:
        told["authorizations"] = [{**told["authorizations"][0], "team_id": team}]
    if isinstance(told.get("event"), dict) and "team" in told["event"]:
        told["event"] = {**told["event"], "team": team}
    return told
