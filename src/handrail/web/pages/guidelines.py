"""Guidelines: what reviewers of a flow's requests are told about how to judge. All read them, admins write them."""

from difflib import SequenceMatcher

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.people.facts import Guideline
from handrail.people.rights import Right, may
from handrail.requests.errors import InvalidInput, UnknownId
from handrail.web.auth.door import face_of
from handrail.web.pages.address import of_guideline
from handrail.web.pages.visit import go, posted, show, text_of, visitor

router = APIRouter()
VERSIONS = 20
"""versions that a page shows with their differences"""
LONGEST = 20_000
"""characters"""


@router.get("/settings/guidelines")
async def list_guidelines(request: Request) -> Response:
    """Show the flows, and which have a guideline."""
    await visitor(request)
    face = face_of(request)
    found = {guideline.flow: guideline for guideline in await face.people.guidelines()}
    flows = sorted({*face.flows, *found})
    return await show(request, "settings_guidelines.html", tab="guidelines", flows=flows, found=found)


@router.get("/settings/guidelines/{flow:path}")
async def guideline(request: Request, flow: str) -> Response:
    """Show a flow's guideline, and how it came to be."""
    await visitor(request)
    return await _guideline(request, flow)


async def _guideline(
    request: Request, flow: str, status: int = 200, *, typed: str | None = None, problem: str = ""
) -> Response:
    face, caller = face_of(request), await visitor(request)
    versions = await face.people.guideline_history(flow)
    if flow not in face.flows and not versions:
        raise UnknownId(f"there is no flow {flow!r} here; Guidelines lists those there are")
    shown = versions[:VERSIONS]
    before = [*versions[1 : len(shown) + 1], None][: len(shown)]
    return await show(
        request,
        "settings_guideline.html",
        status,
        tab="guidelines",
        flow=flow,
        current=versions[0] if versions and versions[0].text else None,
        version=versions[0].version if versions else 0,
        versions=[(one, difference(old, one)) for one, old in zip(shown, before, strict=True)],
        more=len(versions) - len(shown),
        writes=may(caller, Right.GUIDELINES),
        typed=typed,
        problem=problem,
        longest=LONGEST,
    )


def difference(old: Guideline | None, new: Guideline) -> list[tuple[str, str]]:
    """Return the lines of two versions, each as kept (""), gone (`del`) or new (`ins`)."""
    before = old.text.splitlines() if old else []
    after = new.text.splitlines()
    told: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            told += [("", line) for line in after[c:d]]
            continue
        told += [("del", line) for line in before[a:b]]
        told += [("ins", line) for line in after[c:d]]
    return told


@router.post("/settings/guideline")
async def write(request: Request) -> Response:
    """Change a guideline; who has edited an older version is told, and keeps the text."""
    caller, form = await posted(request, Right.GUIDELINES)
    people = face_of(request).people
    flow, text, based_on = text_of(form, "flow"), text_of(form, "text"), text_of(form, "version")
    versions = await people.guideline_history(flow)
    if versions and based_on != str(versions[0].version) and text != versions[0].text:
        newest = versions[0]
        told = (
            f"{newest.created_by} saved version {newest.version} while you were writing. Your text is below, and "
            "nothing was saved: look at the difference, and save again."
        )
        return await _guideline(request, flow, 409, typed=text, problem=told)
    if flow not in face_of(request).flows and not versions:
        raise UnknownId(f"there is no flow {flow!r} here; Guidelines lists those there are")
    try:
        saved = await people.set_guideline(flow, text, actor=caller.actor)
    except InvalidInput as error:
        return await _guideline(request, flow, 422, typed=text, problem=str(error))
    told = (
        f"Version {saved.version} is what reviewers read from now on."
        if text
        else "The guideline was taken away."
    )
    return go(request, of_guideline(flow), told)
