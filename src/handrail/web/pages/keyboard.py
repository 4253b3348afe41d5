"""All keys on one page; the dialog of `?` shows the same."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handrail.web.pages.account import KEYBOARD
from handrail.web.pages.visit import show, visitor

router = APIRouter()

KEYS: tuple[tuple[str, tuple[tuple[tuple[str, ...], str], ...]], ...] = (
    (
        "In the list",
        (
            (("j",), "Next request"),
            (("k",), "Previous request"),
            (("x",), "Select, to decide several at once"),
            (("a",), "With a selection: approve all of it, after a last look"),
            (("r",), "With a selection: reject all of it, and say why"),
            (("/",), "Search"),
        ),
    ),
    (
        "On a request",
        (
            (("a",), "Approve; when you have not seen all of it, go to the button first"),
            (("e",), "Edit and approve"),
            (("c",), "Request changes"),
            (("r",), "Reject"),
            (("b",), "Abstain: go to the button, then press again"),
            (("m",), "Comment without deciding"),
            (("l",), "Claim, or release"),
            (("s",), "Reassign"),
            (("w",), "Withdraw"),
            (("Ctrl", "Enter"), "Send what you are writing"),
        ),
    ),
    (
        "On a board",
        (
            (("→",), "Next column"),
            (("←",), "Previous column"),
            (("↓",), "Next card"),
            (("↑",), "Previous card"),
            (("Enter",), "Open the card"),
            (("v",), "Validate; when you have not seen all of the result, go to the button first"),
            (("f",), "Give feedback"),
            (("u",), "Unblock"),
        ),
    ),
    (
        "Everywhere",
        (
            (("g", "i"), "Go to the inbox"),
            (("g", "b"), "Go to the boards"),
            (("g", "r"), "Go to the runs"),
            (("?",), "This list"),
            (("Esc",), "Close what is open"),
        ),
    ),
)
"""parts, each with its keys and what they do; `Ctrl` is held, other keys follow one another"""


FIRST = {"boards": "On a board"}
"""section: the part with the keys of its own pages, if that isn’t the first anyway"""


@router.get("/keyboard")
async def keyboard(request: Request, of: str = "") -> Response:
    """Show all keys, those of a section first."""
    await visitor(request)
    parts = sorted(KEYS, key=lambda part: part[0] != FIRST.get(of))
    on = request.cookies.get(KEYBOARD) != "off"
    return await show(request, "keyboard.html", parts=parts, shortcuts=on)
