"""What the navigation of every page counts: requests that wait for its reader, and teams that stand still until
somebody acts. Both are bounded reads of indexes: no board is looked into for them.
"""

from datetime import datetime
from typing import Any

from starlette.requests import Request

from handrail.inbox.counting import counts_of
from handrail.inbox.viewer import Viewer
from handrail.people.access import viewer_of
from handrail.people.rights import Caller
from handrail.teams.listing import sees_team
from handrail.teams.status import WorkflowStatus
from handrail.web.auth.door import face_of

STANDING = (WorkflowStatus.BLOCKED, WorkflowStatus.ERRORED)
MOST = 100
"""teams that are looked at"""


async def waiting(request: Request, caller: Caller) -> dict[str, str]:
    """Return both counts as they are shown: nothing where nothing waits."""
    face = face_of(request)
    return await face.store.read(_waiting, caller=caller, now=face.clock.now())


async def teams_waiting(request: Request, caller: Caller) -> str:
    """Return how many teams stand still, as it is shown."""
    return await face_of(request).store.read(_standing_for, caller=caller)


def _waiting(tx: Any, *, caller: Caller, now: datetime) -> dict[str, str]:
    viewer = viewer_of(tx, caller)
    mine = counts_of(tx, viewer=viewer, now=now).mine
    return {"waiting": str(mine) if mine.number else "", "teams_waiting": _standing(tx, viewer)}


def _standing_for(tx: Any, *, caller: Caller) -> str:
    return _standing(tx, viewer_of(tx, caller))


def _standing(tx: Any, viewer: Viewer) -> str:
    found = tx.teams(STANDING, None, None, MOST)
    number = sum(sees_team(tx, viewer, team) for team in found)
    return f"{number}+" if len(found) == MOST else str(number or "")
