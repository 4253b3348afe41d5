"""Who did what, for admins: the log as a page, and as a file."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from handrail.inbox import audit
from handrail.inbox.ports import LogEntry, LogFilter
from handrail.people.rights import Right
from handrail.requests.errors import InvalidInput
from handrail.requests.record import is_blind
from handrail.web.auth.door import face_of
from handrail.web.face import Face
from handrail.web.pages import address, deeds, export
from handrail.web.pages.visit import show, visitor

router = APIRouter()
PAGE = 50
FILE_PAGE = 200
"""lines of a file that are in memory at once"""


@dataclass(frozen=True)
class Asked:
    """What the form says, as it was typed."""

    actor: str = ""
    kind: str = ""
    request: str = ""
    run: str = ""
    since: str = ""
    until: str = ""

    @property
    def values(self) -> dict[str, str]:
        """What stands in the query."""
        return {name: value for name, value in vars(self).items() if value}

    def which(self) -> tuple[LogFilter, dict[str, str]]:
        """Return what to read, and what is wrong with fields, by their names."""
        problems: dict[str, str] = {}
        since, until = _day("since", self.since, problems), _day("until", self.until, problems)
        if since and until and until < since:
            problems["until"] = "This is before the first day."
        after = until + timedelta(days=1) if until else None
        which = LogFilter(
            self.actor or None, self.kind or None, self.request or None, self.run or None, since, after
        )
        return which, problems


def _day(name: str, text: str, problems: dict[str, str]) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        if not 1970 <= day.year < 9999:
            raise ValueError
        return datetime.combine(day, time(), UTC)
    except ValueError:
        problems[name] = "Write a day as year-month-day: 2025-06-30."
        return None


def _asked(
    actor: str = "", kind: str = "", request: str = "", run: str = "", since: str = "", until: str = ""
) -> Asked:
    return Asked(*(text.strip()[:300] for text in (actor, kind, request, run, since, until)))


Text = Annotated[str, Query()]


@router.get("/audit")
async def list_lines(
    request: Request,
    before: int | None = None,
    actor: Text = "",
    kind: Text = "",
    about: Annotated[str, Query(alias="request")] = "",
    run: Text = "",
    since: Text = "",
    until: Text = "",
) -> Response:
    """Show the log, its newest lines first."""
    caller = await visitor(request, Right.READ_LOG)
    face, asked = face_of(request), _asked(actor, kind, about, run, since, until)
    which, problems = asked.which()
    place = None if before is None else max(1, min(before, 1 << 62))
    values: dict[str, Any] = {"deeds": [], "titles": {}, "older": None}
    if not problems:
        page = await audit.audit(face.store, which, before=place, limit=PAGE)
        hidden = await face.store.read(_hidden, lines=page.lines, reader=caller.name)
        told = deeds.joined([deeds.told(line, hidden=line.sequence in hidden) for line in page.lines])
        ids = tuple({deed.request_id for deed in told if deed.request_id})
        titles = await face.store.read(_titles, ids=ids)
        older = page.next and address.queried("/audit", asked.values, before=page.next)
        values = {"deeds": told, "titles": titles, "older": older}
    return await show(
        request,
        "audit.html",
        422 if problems else 200,
        asked=asked,
        problems=problems,
        kinds=_kinds(),
        head=await face.store.read(_head),
        later=before is not None,
        looked_at=which.until,
        **values,
    )


def _head(tx: Any) -> LogEntry | None:
    """Return the last line of the log: its hash stands for all before it."""
    last = tx.log(tx.end_of_log() - 1, 1)
    return last[0] if last else None


def _titles(tx: Any, *, ids: tuple[str, ...]) -> dict[str, str]:
    found = (tx.request(request_id) for request_id in ids)
    return {request.id: request.draft.title for request in found if request is not None}


def _hidden(tx: Any, *, lines: Sequence[LogEntry], reader: str) -> set[int]:
    """Return which lines tell of votes that the reader isn't to know yet; the page of the request says the same."""
    votes = [line for line in lines if line.kind == "decided" and line.request_id]
    outlines = tx.outlines({line.request_id for line in votes})
    return {
        line.sequence
        for line in votes
        if line.actor != reader
        and line.request_id in outlines
        and is_blind(outlines[line.request_id], reader)
    }


def _kinds() -> list[tuple[str, list[tuple[str, str]]]]:
    parts = {
        "Requests": deeds.REQUESTS,
        "Runs": deeds.RUNS,
        "People and settings": deeds.PEOPLE,
        "Channels": deeds.CHANNELS,
        "Webhooks": deeds.WEBHOOKS,
    }
    return [
        (part, [(kind, kind.removeprefix("run_").replace("_", " ")) for kind in kinds])
        for part, kinds in parts.items()
    ]


@router.get("/audit/export.{form}")
async def export_lines(
    request: Request,
    form: str,
    actor: Text = "",
    kind: Text = "",
    about: Annotated[str, Query(alias="request")] = "",
    run: Text = "",
    since: Text = "",
    until: Text = "",
) -> Response:
    """Send all lines that the filters leave, in their order, page by page."""
    caller = await visitor(request, Right.READ_LOG)
    if form not in export.FORMS:
        raise InvalidInput(f"the log is exported as {' or '.join(export.FORMS)}")
    which, problems = _asked(actor, kind, about, run, since, until).which()
    if problems:
        raise InvalidInput("; ".join(f"{name}: {told}" for name, told in problems.items()))
    face = face_of(request)
    name = f"handrail-audit-{face.clock.now().astimezone(UTC):%Y-%m-%d}.{form}"
    return StreamingResponse(
        _lines(face, which, form, caller.name),
        media_type=export.FORMS[form],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


async def _lines(face: Face, which: LogFilter, form: str, reader: str) -> AsyncIterator[str]:
    if form == "csv":
        yield export.csv_head()
    async for lines in audit.export(face.store, which, page=FILE_PAGE):
        hidden = await face.store.read(_hidden, lines=lines, reader=reader)
        yield "".join(export.written(line, form, hidden=line.sequence in hidden) for line in lines)
