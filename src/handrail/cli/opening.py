"""What commands open. Only what starts work creates a database: reading or deciding on a missing one never does."""

import os
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from handrail import settings
from handrail.app import App
from handrail.engines.local import bury_the_dead
from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import StoreError, UnknownId

R = TypeVar("R")


def path_of(store: str | None) -> Path | None:
    """Return the absolute path of the database that a command is about; None for one in memory."""
    return settings.open_store(settings.store_url(store)).path


def where(store: str | None) -> str:
    """Return what an empty list names: the absolute path of the database, and whether there is one."""
    path = path_of(store)
    if path is None:
        return "the store in memory"
    return str(path) if path.exists() else f"{path}, which doesn't exist yet"


def is_missing(store: str | None) -> bool:
    """Whether the file of the database doesn't exist."""
    path = path_of(store)
    return path is not None and not path.exists()


def reading() -> App:
    """Return an app that carries no channel: a command delivers nothing, and needs no token of one."""
    return App(channels={})


@asynccontextmanager
async def connected(store: str | None) -> AsyncIterator[App]:
    """Open a database as it is now: what lived with a process that has died since has ended with it."""
    async with reading().connect(store) as app:
        await bury_the_dead(app.store, app.store.liveness, app.clock, "")
        yield app


@asynccontextmanager
async def opened(store: str | None, wanted: str) -> AsyncIterator[App]:
    """Open an existing database for the sake of `wanted`. Raises `UnknownId`, naming the path, if there is none."""
    if is_missing(store):
        raise UnknownId(f"there is no {wanted}: {path_of(store)} doesn't exist; name the store with --store")
    async with connected(store) as app:
        try:
            yield app
        except UnknownId as error:
            error.add_note(f"looked in {app.store.where}; another store is named with --store")
            raise


@asynccontextmanager
async def existing(store: str | None) -> AsyncIterator[App]:
    """Open an existing database. Raises `StoreError`, naming the path, if there is none."""
    if is_missing(store):
        raise StoreError(f"{path_of(store)} doesn't exist; name the store with --store")
    async with reading().connect(store) as app:
        yield app


async def read_list(store: str | None, read: Callable[[App], Awaitable[list[R]]]) -> list[R]:
    """Return what `read` finds; nothing in a database that doesn't exist."""
    if is_missing(store):
        return []
    async with connected(store) as app:
        return await read(app)


def option(store: str | None) -> str:
    """Return what a suggested command needs to be about the same store."""
    return f" --store {shlex.quote(store)}" if store else ""


def actor(name: str | None) -> Actor:
    """Return who acts: `--as NAME`, as asserted by the user of this machine."""
    return Actor(name or settings.os_user(), Strength.ASSERTED, "cli")


def working_directory() -> str:
    """Return where relative paths and modules are looked for."""
    return os.getcwd()
