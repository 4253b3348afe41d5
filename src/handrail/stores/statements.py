"""The SQL of the store, by name: `-- name: NAME` begins a statement in `sql/*.sql`."""

from functools import cache
from importlib.resources import files


@cache
def statements(file: str) -> dict[str, str]:
    """Return the statements of `sql/FILE.sql`."""
    text = files("handrail.stores").joinpath("sql", f"{file}.sql").read_text("utf-8")
    found: dict[str, str] = {}
    for part in text.split("-- name: ")[1:]:
        name, _, statement = part.partition("\n")
        found[name.strip()] = statement.strip()
    return found
