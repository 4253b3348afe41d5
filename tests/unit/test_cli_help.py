"""Help, wrong usage and versions; and that asking for help loads nothing heavy."""

import subprocess
import sys

import pytest

import handrail as package
from handrail.people.facts import Scope
from tests.support.command_line import CommandLine

COMMANDS = (
    *(
        "demo",
        "run",
        "start",
        "worker",
        "runs",
        "requests",
        "show",
        "inbox",
        "decide",
        "claim",
        "release",
        "comment",
    ),
    *(
        "reassign",
        "escalate",
        "remind",
        "withdraw",
        "outbox",
        "cancel",
        "retry",
        "migrate",
        "verify",
        "doctor",
        "db",
        "users",
        "groups",
        "keys",
    ),
    *("board", "validate", "feedback", "unblock", "team"),
)
GROUPS = ("db", "users", "groups", "keys", "team")
IN_GROUPS = (
    *(
        "db upgrade",
        "users list",
        "users add",
        "users password",
        "users role",
        "users off",
        "users on",
        "users link",
    ),
    *("team pause", "team resume", "team stop"),
    *("groups list", "groups set", "keys list", "keys add", "keys revoke"),
)


def test_help_names_every_command(handrail: CommandLine) -> None:
    out = handrail.fine("--help").out
    assert [name for name in COMMANDS if f" {name} " not in out] == []


@pytest.mark.parametrize("name", [*COMMANDS, *IN_GROUPS])
def test_every_command_has_help_and_a_store(handrail: CommandLine, name: str) -> None:
    out = handrail.fine(*name.split(), "--help").out
    assert "Usage: handrail" in out
    assert "--store" in out or name in GROUPS
    assert "--json" in out or name in ("demo", "worker", "inbox", *GROUPS)


def test_wrong_usage_is_2(handrail: CommandLine) -> None:
    for command in (
        ("nothing",),
        ("decide",),
        ("requests", "--nothing"),
        ("migrate", "run_1"),
        ("runs", "--limit", "0"),
    ):
        assert handrail(*command).code == 2
        assert handrail(*command, "--json").code == 2
    assert handrail("decide", "--json").data == []


def test_a_key_needs_a_scope_and_the_help_names_them_all(handrail: CommandLine) -> None:
    out = handrail.fine("keys", "add", "--help").out
    assert [scope for scope in Scope if scope not in out] == []
    ended = handrail("keys", "add", "alice", "nightly")
    assert ended.code == 2
    assert "--scope" in ended.err


def test_version(handrail: CommandLine) -> None:
    assert handrail.fine("--version").out == f"{package.__version__}\n"


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from handrail.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'jsonschema', 'pydantic_ai', 'openai', 'httpx', 'argon2', 'fastapi'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
