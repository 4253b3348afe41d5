"""Lines of the log as lines of a file: CSV for spreadsheets, JSONL for programs. Moments are in UTC."""

import csv
import io
import json

from handrail.inbox.ports import LogEntry
from handrail.requests.content import JSON, decode
from handrail.requests.identifier import utc_text
from handrail.web.pages import deeds

FORMS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
COLUMNS = ("sequence", "at", "actor", "kind", "request_id", "run_id", "what", "hash")
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""what a spreadsheet takes for the beginning of a formula"""


def without_content(line: LogEntry, *, hidden: bool = False) -> JSON:
    """Return what a line says beside what people were shown and what they sent: that is nobody's to export."""
    if line.kind == "opened" or hidden:
        return {}
    data = decode(line.data)
    for part in ("decision", "outcome"):
        if isinstance(data, dict) and isinstance(data.get(part), dict):
            data[part].pop("payload", None)
    return data


def cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    >>> cell("=1+2"), cell(" @SUM(A1)"), cell("alice")
    ("'=1+2", "' @SUM(A1)", 'alice')
    """
    begins = text.startswith(ACTIVE) or text.lstrip().startswith(ACTIVE)
    return f"'{text}" if begins else text


def csv_head() -> str:
    """Return the first line; the mark before it tells spreadsheets that the file is in UTF-8."""
    return "\ufeff" + _csv(COLUMNS)


def written(line: LogEntry, form: str, *, hidden: bool = False) -> str:
    """Return a line of the log as a line of a file."""
    deed = deeds.told(line, hidden=hidden)
    row = (
        line.sequence,
        utc_text(deed.at),
        line.actor,
        line.kind,
        line.request_id,
        line.run_id,
        deed.words,
        line.hash,
    )
    if form == "csv":
        return _csv(cell(str(value)) if value is not None else "" for value in row)
    whole = {**dict(zip(COLUMNS, row, strict=True)), "data": without_content(line, hidden=hidden)}
    return json.dumps(whole, ensure_ascii=False) + "\n"


def _csv(values: object) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(values)  # type: ignore[arg-type]
    return out.getvalue()
