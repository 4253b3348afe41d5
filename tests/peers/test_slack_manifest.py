"""The manifest of the how-to: it asks for what the code uses, and for nothing else."""

import re
from pathlib import Path

import handrail.channels.slack
from tests.support.slack.methods import METHODS
from tests.support.slack_office import MANIFEST, SCOPES

READING = {
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.list": {"channels:read", "groups:read"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "users.info": {"users:read", "users:read.email"},
}
"""the scopes of methods that have one for each kind of room, or for a part of their answer"""
HEARD = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
}


def called() -> set[str]:
    """Return the methods of Slack that the source of the channel calls."""
    folder = Path(handrail.channels.slack.__file__).parent
    source = "\n".join(file.read_text() for file in folder.glob("*.py"))
    return {name for name in re.findall(r'"([a-z]+\.[A-Za-z.]+)"', source) if name in METHODS}


def test_the_scopes_are_those_of_the_methods_that_are_called_of_the_events_and_of_the_command() -> None:
    methods = called()
    assert {"chat.postMessage", "conversations.history", "users.lookupByEmail", "views.open"} <= methods
    needed = {"commands", *HEARD.values()}
    for name in methods:
        needed |= READING.get(name, {METHODS[name].scope} - {None})  # type: ignore[arg-type]
    assert needed == SCOPES


def test_the_events_are_words_in_every_kind_of_room() -> None:
    assert set(re.findall(r"^      - (message\.\w+)", MANIFEST, re.M)) == HEARD.keys()


def test_everything_else_that_the_code_needs_is_in_it() -> None:
    assert "- command: /handrail" in MANIFEST
    assert "interactivity:\n    is_enabled: true" in MANIFEST
    assert "socket_mode_enabled: true" in MANIFEST
