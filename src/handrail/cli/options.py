"""The options that commands share: one spelling and one help text for each."""

from typing import Annotated

import typer

Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="sqlite:///relative.db or sqlite:////absolute.db; else the app's, HANDRAIL_STORE, or handrail.db.",
        show_default=False,
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="Print a JSON list to stdout; notes go to stderr.")]
As = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="NAME", help="Who you are; by default the user of this machine.", show_default=False
    ),
]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run-id", metavar="ID", help="Makes it resumable: run it again and it goes on.", show_default=False
    ),
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.", show_default=False)]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Only the newest so many.", show_default=False)
]
RequestArgument = Annotated[str, typer.Argument(metavar="ID", help="The request's id.", show_default=False)]
RunArgument = Annotated[str, typer.Argument(metavar="RUN_ID", help="The run's id.", show_default=False)]
_DATA = typer.Argument(
    metavar="JSON", help="The input, an object; - reads it from stdin, @FILE from a file.", show_default=False
)
DataArgument = Annotated[str, _DATA]
OneOrNone = Annotated[str | None, _DATA]
