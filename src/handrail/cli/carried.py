"""What a program that begins to work says of its channels: which it carries, where they are called, what is stuck."""

from handrail.app import App
from handrail.cli.printing import note
from handrail.inbox.outside import CHANNEL
from handrail.inbox.undelivered import undelivered


async def tell_channels(app: App, url: str | None = None) -> None:
    """Print a line for each thing worth knowing; `url` is where a server is reached."""
    carried = sorted(name for name in app.channels if name != CHANNEL)
    if carried:
        note(f"channels: {', '.join(carried)}")
    for name in carried if url is not None else ():
        if app.channels[name].http is not None:
            note(f"{name} is called at {url}/channels/{name}")
    # Another app may be at work beside this one, and carry more.
    for problem in await app.store.read(undelivered, carried=carried, certain=False, now=app.clock.now()):
        note(f"warning: {problem}")
