"""The signing key: `HANDRAIL_SECRET`, or a file beside the database that whoever comes first makes.

handrail.db.key    32 random bytes that only the owner of the store may read
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

from handrail.requests.errors import InvalidInput

VARIABLE = "HANDRAIL_SECRET"
SHORTEST = 32
"""characters of the variable, bytes of the file"""


class Secret:
    """The key of one store, read when it is first needed; without a path it lives as long as the process.

    Args:
        store: the path of the SQLite file.

    >>> secret = Secret(None)
    >>> secret.key("link") == secret.key("link") != secret.key("form")
    True
    """

    def __init__(self, store: Path | None) -> None:
        self.path = None if store is None else store.with_name(f"{store.name}.key")
        self._root: bytes | None = None

    def key(self, purpose: str) -> bytes:
        """Return the key (32 bytes) for one purpose; what was signed for one means nothing for another.

        Raises `InvalidInput` if the secret is too short, or if others can read its file.
        """
        if self._root is None:
            self._root = self._find()
        return hmac.digest(self._root, f"handrail {purpose}".encode(), hashlib.sha256)

    def _find(self) -> bytes:
        if given := os.environ.get(VARIABLE):
            if len(given) < SHORTEST:
                raise InvalidInput(
                    f"{VARIABLE} has {len(given)} characters and needs {SHORTEST}: "
                    "python -c 'import secrets; print(secrets.token_urlsafe(32))' prints one"
                )
            return given.encode("utf-8", "surrogateescape")
        if self.path is None:
            return _of_this_process()
        if not self.path.exists():
            _create(self.path)
        return _read(self.path)


@cache
def _of_this_process() -> bytes:
    return secrets.token_bytes(SHORTEST)


def _create(path: Path) -> None:
    """Make the file, whole or not at all: of several processes that do it at once one wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SHORTEST))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    except OSError as error:
        raise InvalidInput(
            f"{path}, the key by which links and forms are signed, can't be made ({error.strerror}): "
            f"set {VARIABLE} instead"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode, root = os.fstat(file.fileno()).st_mode, file.read()
    if os.name == "posix" and mode & 0o077:
        raise InvalidInput(
            f"others can read {path}, by which links and forms are signed: rm it (a new one is made; links and "
            "sessions' forms of today then end), or chmod 600 it if nobody else could reach it"
        )
    if len(root) < SHORTEST:
        raise InvalidInput(f"{path} has {len(root)} bytes and needs {SHORTEST}: rm it, and a new one is made")
    return root
