"""What is configured from outside: where the store is, who the user is, what may be called.

The store: `--store`, then `App(store=...)`, then the environment variable `HANDRAIL_STORE`, then `handrail.db`.
"""

import getpass
import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from handrail.inbox.channel import Channel
from handrail.outgoing.address import Allowed, allowed
from handrail.requests.channels import check_channel_name
from handrail.requests.errors import InvalidInput
from handrail.stores.memory import MemoryStore
from handrail.stores.sqlite import SQLiteStore

DEFAULT_STORE = "sqlite:///handrail.db"
MEMORY = "memory://"


def store_url(given: str | None = None, app: str | None = None) -> str:
    """Return where the store is; the environment is read at each call."""
    return given or app or os.environ.get("HANDRAIL_STORE") or DEFAULT_STORE


def open_store(url: str) -> SQLiteStore:
    """Return the (unopened) store for a URL: `sqlite:///relative.db`, `sqlite:////absolute.db`, `memory://`.

    Raises `InvalidInput` for anything else.
    """
    if url == MEMORY:
        return MemoryStore()
    scheme, separator, rest = url.partition("://")
    if not separator:
        return SQLiteStore(Path(url))
    if scheme != "sqlite" or not rest.startswith("/") or len(rest) < 2:
        raise InvalidInput(
            f"{url!r} is no store: use sqlite:///handrail.db, sqlite:////folder/handrail.db or memory://"
        )
    return SQLiteStore(Path(rest[1:]))


def allowed_hosts(given: str | Iterable[str] | None = None) -> Allowed:
    """Return what may be called beside the public internet: as given, else `HANDRAIL_ALLOW_HOSTS`.

    Raises `InvalidInput` for what is no host, host:port or network.
    """
    return allowed(os.environ.get("HANDRAIL_ALLOW_HOSTS", "") if given is None else given)


def channels(given: Mapping[str, Channel] | Iterable[str] | None = None) -> dict[str, Channel]:
    """Return channels by name: as given, else those that `HANDRAIL_CHANNELS` names, a list with commas.

    A channel that is only named is found by its entry point (group `handrail.channels`) and set up by what its own
    environment variables say. Raises `InvalidInput` for an unknown one, and where its settings or packages are missing.
    """
    if isinstance(given, Mapping):
        return {check_channel_name(name): channel for name, channel in given.items()}
    if given is None:
        given = os.environ.get("HANDRAIL_CHANNELS", "").split(",")
    names = [given] if isinstance(given, str) else [name.strip() for name in given]
    return {name: _named_channel(name) for name in names if name}


def _named_channel(name: str) -> Channel:
    known = {entry.name: entry for entry in entry_points(group="handrail.channels")}
    if (entry := known.get(name)) is None:
        raise InvalidInput(
            f"there is no channel {name!r}; installed are: {', '.join(sorted(known)) or 'none'}"
        )
    try:
        made: Channel = entry.load()()
    except ImportError as error:
        way = "" if "pip install" in str(error) else f"; try pip install 'handrail[{name}]'"
        raise InvalidInput(f"the channel {name!r} needs further packages: {error}{way}") from error
    except AttributeError as error:
        raise InvalidInput(f"the channel {name!r} can't be made by {entry.value}: {error}") from error
    return made


@cache
def os_user() -> str:
    """Return the name of the person at this machine, as the operating system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no entry in the password file, as in some containers
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "unknown"
