"""What is known of people and of what they prove themselves with: facts, without any secret.

Moments are in UTC. A secret (a session's, a key's, a link's) is never part of a fact, nor is a password's hash.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; the table is in `rights`."""

    ADMIN = "admin"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may reach the pages or the API; a service account has keys only."""

    name: str
    display: str
    role: Role
    created_at: datetime
    changed_at: datetime
    email: str | None = None
    service: bool = False
    active: bool = True
    has_password: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in. `id` is the hash of the secret in the cookie."""

    id: str
    person: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str | None = None
    """what the browser called itself"""


class Scope(StrEnum):
    """What a key may be used for, beside what its person may do anyway."""

    REQUESTS_READ = "requests:read"
    REQUESTS_WRITE = "requests:write"
    DECIDE = "decide"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key, without its secret. `scopes` narrows what its person may do."""

    id: str
    label: str
    person: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class Kind(StrEnum):
    """What a link is for."""

    LOGIN = "login"
    DECIDE = "decide"


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link for one person, to log in or to decide one request. `id` is the hash of its nonce."""

    id: str
    kind: Kind
    person: str
    request_id: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    used_for: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """How often in a row somebody (a hashed name or address) tried in vain to log in."""

    subject: str
    failures: int
    last_at: datetime
    blocked_until: datetime


@dataclass(frozen=True, slots=True)
class Guideline:
    """What reviewers of a flow's requests are told about how to judge; each change is a version of its own."""

    flow: str
    version: int
    text: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Identity:
    """An address of a channel, and whose it is; nobody's, if it was taken away."""

    channel: str
    address: str
    person: str
    at: datetime
    added_by: str
