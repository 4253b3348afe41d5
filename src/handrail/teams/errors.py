"""What goes wrong with teams, beside what the tables refuse."""

from handrail.requests.errors import RunError


class TeamErrored(RunError):
    """A team has come to ERRORED: something broke that is no obstacle of a task."""
