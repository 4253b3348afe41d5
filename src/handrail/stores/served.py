"""Where people reach the pages of a store: `handrail serve` writes it into a file beside the database.

handrail.db.url    one line, the address that was served last; nothing secret
"""

import os
from pathlib import Path

LONGEST = 2000
"""characters that are read of the file"""


class Served:
    """The address of the pages of one store; without a path it is known in this process only.

    Args:
        store: the path of the SQLite file.

    >>> served = Served(None)
    >>> served.tell("http://127.0.0.1:8410")
    >>> served.url
    'http://127.0.0.1:8410'
    """

    def __init__(self, store: Path | None) -> None:
        self._path = None if store is None else store.with_name(f"{store.name}.url")
        self._told: str | None = None

    @property
    def url(self) -> str | None:
        """The address; None if nobody has served the pages of this store, or can't be asked."""
        if self._told is not None or self._path is None:
            return self._told
        try:
            with self._path.open(encoding="utf-8") as file:
                return file.readline(LONGEST).strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def tell(self, url: str) -> None:
        """Say where people reach the pages from now on."""
        self._told = url
        if self._path is None:
            return
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            fresh.write_text(f"{url}\n", encoding="utf-8")
            fresh.replace(self._path)
        except OSError:  # other processes don't learn it; this one serves all the same
            fresh.unlink(missing_ok=True)
