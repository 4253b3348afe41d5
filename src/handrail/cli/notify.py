"""The command `users notify`: by which channels somebody is told what, and when they are left alone."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from handrail.cli.ending import command
from handrail.cli.opening import actor, connected, opened
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import print_json, say
from handrail.inbox.wishes import News, written
from handrail.people.notifications import Notifications, public
from handrail.requests.errors import InvalidInput


def _channels(help_text: str) -> Any:
    return typer.Option(metavar="CHANNELS", help=f"{help_text}: slack,email, or none.", show_default=False)


@command
async def notify(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Whose; without, of all who set nothing.", show_default=False),
    ] = None,
    asked: Annotated[str | None, _channels("Something asks them")] = None,
    open_: Annotated[
        str | None,
        typer.Option("--open", metavar="CHANNELS", help="Something asks everybody.", show_default=False),
    ] = None,
    reminded: Annotated[str | None, _channels("Reminders and escalations")] = None,
    commented: Annotated[str | None, _channels("Comments on what asks them")] = None,
    ended: Annotated[str | None, _channels("What they were asked or started has ended")] = None,
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone: Europe/Berlin.", show_default=False)
    ] = None,
    quiet: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="22:00-07:00, or none.", show_default=False)
    ] = None,
    quiet_days: Annotated[
        str | None, typer.Option(metavar="DAYS", help="saturday,sunday, or none.", show_default=False)
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="off, hourly, or daily at a time: 08:00.", show_default=False),
    ] = None,
    digest_of: Annotated[
        str | None, typer.Option(metavar="NEWS", help="asked,open,commented,ended.", show_default=False)
    ] = None,
    weekdays: Annotated[
        bool | None,
        typer.Option("--weekdays/--every-day", help="When digests come.", show_default=False),
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="Back to what all have.")] = False,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Show or set what somebody is told, by which channels and when. What isn't given stays."""
    news = {
        News.ASKED: asked,
        News.OPEN: open_,
        News.REMINDED: reminded,
        News.COMMENTED: commented,
        News.ENDED: ended,
    }
    changes: dict[str, Any] = {
        "channels": {str(kind): _listed(text) for kind, text in news.items() if text is not None},
        "quiet": {**_hours(quiet), **({} if quiet_days is None else {"days": _listed(quiet_days)})},
        "digest": {
            **_digest(digest),
            **({} if digest_of is None else {"of": _listed(digest_of)}),
            **({} if weekdays is None else {"weekdays_only": weekdays}),
        },
    }
    if zone is not None:
        changes["zone"] = zone
    async with opened(store, f"person {name!r}") if name else connected(store) as app:
        known = await app.people.notifications(name)
        if default:
            whose = _alone(name, changes)
            known = await app.people.default_notifications(whose, actor=actor(None))
        elif _is_given(changes):
            given = _merged(written(known.wishes), changes)
            known = await app.people.set_notifications(name, given, actor=actor(None))
    if as_json:
        print_json([public(known)])
    else:
        _show(known)


def _is_given(changes: Mapping[str, Any]) -> bool:
    return "zone" in changes or any(changes.values())


def _alone(name: str | None, changes: Mapping[str, Any]) -> str:
    """Return who goes back to the default; raises `InvalidInput` unless that is all that is asked for."""
    if name is None:
        raise InvalidInput("whose notifications are to be the default? name somebody")
    if _is_given(changes):
        raise InvalidInput("--default takes back all that is set: give nothing beside it")
    return name


def _merged(known: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is set with what is given instead."""
    return {
        part: {**value, **changes.get(part, {})} if isinstance(value, dict) else changes.get(part, value)
        for part, value in known.items()
    }


def _listed(text: str) -> list[str]:
    return [] if text == "none" else [each.strip() for each in text.split(",") if each.strip()]


def _hours(text: str | None) -> dict[str, str | None]:
    if text is None:
        return {}
    if text == "none":
        return {"starts": None, "ends": None}
    starts, _, ends = text.partition("-")
    return {"starts": starts.strip(), "ends": ends.strip()}


def _digest(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    return {"every": "daily", "at": text} if ":" in text else {"every": text}


def _show(known: Notifications) -> None:
    wishes, told = known.wishes, written(known.wishes)
    whose = "all who have set nothing" if known.person is None else known.person
    say(f"{whose}{'' if known.own else ' (the default)' if known.person else ' (nothing is set)'}")
    for news, channels in told["channels"].items():
        gathered = " (in the digest)" if channels and wishes.gathers(News(news)) else ""
        say(f"  {news}: {', '.join(channels) or 'none'}{gathered}")
    quiet, digest = told["quiet"], told["digest"]
    hours = [f"{quiet['starts']}-{quiet['ends']}"] if quiet["starts"] else []
    say(f"  quiet: {', '.join([*hours, *quiet['days']]) or 'never'}")
    when = f"daily at {digest['at']}" if digest["every"] == "daily" else digest["every"]
    weekdays = ", Monday to Friday" if digest["weekdays_only"] and digest["every"] != "off" else ""
    say(f"  digest: {when}{weekdays}")
    say(f"  zone: {wishes.zone}")
