"""Everything in memory, for tests and for trying things out: the SQLite store without a file.

One implementation passes the contract twice, so memory can't drift from what users deploy.
"""

from handrail.stores.sqlite import SQLiteStore


class MemoryStore(SQLiteStore):
    """A store that ends with its process."""

    def __init__(self) -> None:
        super().__init__(None)
