"""The file that is open is the one at its path. Else what is written would be gone with the process that wrote it.

SQLite goes on writing into a file that was deleted, moved away or replaced, and says nothing.
"""

import os
from pathlib import Path

from handrail.requests.errors import StoreError


class Place:
    """Where a file was when it was opened.

    Args:
        path: of the file, which exists.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     Place(Path(file.name)).check()
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _file_at(path)

    def check(self) -> None:
        """Raise `StoreError` if the file isn't there any more, or another one is."""
        if _file_at(self._path) != self._file:
            raise StoreError(
                f"{self._path} was deleted, moved or replaced while it was open: nothing was written. Put it back, or "
                "start this process again"
            )


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
