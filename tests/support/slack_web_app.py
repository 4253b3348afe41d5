"""An app as somebody would serve it, with Slack as the environment sets it up."""

from handrail import App
from handrail.channels.slack import from_environment

app = App(channels={"slack": from_environment()})
