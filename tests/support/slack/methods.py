"""The register of the Web API's methods: which token each takes, which scopes, and whether it reads JSON bodies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.support.slack.calls import Call
from tests.support.slack.refusal import Refused
from tests.support.slack.state import State
from tests.support.slack.workspace import SCOPE_OF, Channel

Answer = dict[str, Any]
Handler = Callable[[State, Call], Answer]


@dataclass(frozen=True)
class Method:
    """One method."""

    handler: Handler
    scope: str | None
    json: bool
    token: Literal["bot", "app"]


METHODS: dict[str, Method] = {}


def method(
    name: str, scope: str | None = None, *, json: bool = False, token: Literal["bot", "app"] = "bot"
) -> Callable[[Handler], Handler]:
    """Register a method. A body of JSON is read only where `json` is true, as Slack does: else it has no arguments."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(handler, scope, json, token)
        return handler

    return register


def needs(state: State, scope: str) -> None:
    """Refuse if the app hasn't this scope."""
    if scope not in state.app.scopes:
        raise Refused("missing_scope", needed=scope, provided=",".join(sorted(state.app.scopes)))


def needs_for(state: State, channel: Channel, right: str) -> None:
    """Refuse if the app may not do this in a channel of this kind: `history`, `read`."""
    needs(state, f"{SCOPE_OF[channel.kind]}:{right}")
