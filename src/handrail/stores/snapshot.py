"""A copy of a database as it is at one moment, taken while others write to it. The original is only read."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from handrail.stores.failures import translate
from handrail.stores.migration import check


def copy(path: Path, to: Path) -> None:
    """Write what the database at `path` holds to the new file `to`.

    Raises a `StoreError` naming `path` if it can't be read, is damaged, newer than this Handrail, or not ours.
    """
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(to)) as made,
        ):
            check(original, str(path))
            original.backup(made)
    except sqlite3.Error as error:
        raise translate(error, str(path)) from error
