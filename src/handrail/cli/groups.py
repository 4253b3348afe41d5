"""The commands `groups`: people by the name of their group, for audiences such as `group:legal`."""

from typing import Annotated

import typer

from handrail.app import App
from handrail.cli.ending import command
from handrail.cli.opening import actor, connected, read_list, where
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import Item, note, print_items, print_json, say

groups = typer.Typer(help="Groups of people, for audiences such as group:legal.", no_args_is_help=True)


@groups.command("list")
@command
async def list_groups(store: Store = None, as_json: AsJSON = False) -> None:
    """List the groups with their members."""

    async def read(app: App) -> list[Item]:
        found = await app.people.groups()
        return [{"name": name, "people": list(people)} for name, people in found.items()]

    columns = {"name": lambda group: group["name"], "people": lambda group: ", ".join(group["people"])}
    found = await read_list(store, read)
    print_items(found, columns, as_json=as_json, empty=f"no groups in {where(store)}")


@groups.command("set")
@command
async def set_group(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The group.", show_default=False)],
    people: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PEOPLE]...", help="All its members; nobody removes it.", show_default=False),
    ] = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Make these people the whole group; none removes it. Those that App(groups=...) names are set anew by the app."""
    async with connected(store) as app:
        members = await app.people.set_group(name, people or [], actor=actor(None))
        known = {person.name for person in await app.people.everybody()}
    if as_json:
        print_json([{"name": name, "people": list(members)}])
    else:
        say(f"{name}: {', '.join(members)}" if members else f"{name} is removed")
    if known and (strangers := [member for member in members if member not in known]):
        note(f"not among the users: {', '.join(strangers)}")
