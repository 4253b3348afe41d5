"""The form by which somebody says what they wish to hear: what it shows, and what was typed into it."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData

from handrail.inbox.wishes import DAYS, GATHERED, News, written, zones
from handrail.people.notifications import Notifications
from handrail.requests.errors import InvalidInput
from handrail.web.face import Face
from handrail.web.pages.visit import text_of

WORDS = {
    News.ASKED: ("Something asks me", "Something asks them"),
    News.OPEN: ("Something asks everybody", "Something asks everybody"),
    News.REMINDED: ("Reminders and escalations", "Reminders and escalations"),
    News.COMMENTED: ("Comments on what asks me", "Comments on what asks them"),
    News.ENDED: (
        "What I was asked or have started has ended",
        "What they were asked or have started has ended",
    ),
}


def typed(form: FormData) -> dict[str, Any]:
    """Return what a form says, as the API has it."""
    return {
        "channels": {str(news): [str(each) for each in form.getlist(str(news))] for news in News},
        "zone": text_of(form, "zone"),
        "quiet": {
            "starts": text_of(form, "starts")[:5] or None,
            "ends": text_of(form, "ends")[:5] or None,
            "days": [str(each) for each in form.getlist("day")],
        },
        "digest": {
            "every": text_of(form, "every"),
            "at": text_of(form, "at")[:5],
            "weekdays_only": text_of(form, "weekdays_only") == "on",
            "of": [str(each) for each in form.getlist("of")],
        },
    }


def sheet(
    face: Face,
    known: Notifications,
    action: str,
    *,
    mine: bool = False,
    given: Mapping[str, Any] | None = None,
    wrong: InvalidInput | None = None,
) -> dict[str, Any]:
    """Return what the form shows: what is set, or what was typed and what is wrong with it."""
    carried = face.channels_to_people or []
    chosen = {each for channels in known.wishes.channels.values() for each in channels}
    return {
        "known": known,
        "action": action,
        "mine": mine,
        "given": given or written(known.wishes),
        "problems": {each.path: f"This {each.message}." for each in reversed(wrong.fields)} if wrong else {},
        "channels": [(name, name in carried) for name in sorted({*carried, *chosen})],
        "news": [(str(news), WORDS[news][0 if mine else 1], news in GATHERED) for news in News],
        "days": DAYS,
        "zones": sorted(zones()),
    }
