"""users.*, auth.test and apps.connections.open: who is who, and where to connect."""

import secrets

from tests.support.slack.calls import Call
from tests.support.slack.methods import Answer, method
from tests.support.slack.state import State
from tests.support.slack.workspace import User


def _told(state: State, user: User) -> Answer:
    with_email = "users:read.email" in state.app.scopes
    return {"user": user.as_json(state.workspace.team, with_email=with_email)}


@method("users.info", "users:read")
def info(state: State, call: Call) -> Answer:
    """Tell about somebody."""
    return _told(state, state.workspace.user(call.get("user")))


@method("users.lookupByEmail", "users:read.email")
def by_email(state: State, call: Call) -> Answer:
    """Find somebody by email."""
    return _told(state, state.workspace.by_email(call.get("email")))


@method("auth.test", json=True)
def auth(state: State, call: Call) -> Answer:
    """Say whose token it is."""
    return {
        "url": f"https://{state.workspace.domain}.slack.com/",
        "team": state.workspace.domain.title(),
        "user": state.workspace.bot.name,
        "team_id": state.workspace.team,
        "user_id": state.app.bot_user,
        "bot_id": state.app.bot_id,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", json=True, token="app")
def connect(state: State, call: Call) -> Answer:
    """Return where one websocket may connect, once."""
    ticket = secrets.token_hex(12)
    state.tickets.add(ticket)
    base = state.base_url.replace("http://", "ws://")
    return {"url": f"{base}/link/?ticket={ticket}&app_id={state.app.id}"}
