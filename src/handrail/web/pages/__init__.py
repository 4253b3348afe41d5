"""The pages: rendered on the server, forms post, nothing needs a script."""

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Return the routes of all pages."""
    from handrail.web.pages import (
        account,
        audit,
        board,
        board_acts,
        boards,
        decide_by_link,
        deciding,
        groups,
        guidelines,
        inbox,
        keyboard,
        keys,
        live,
        login,
        many,
        notifications,
        persons,
        runs,
        webhooks,
    )

    work = (login, live, inbox, many, deciding, decide_by_link, runs, boards, board, board_acts, audit)
    settings = (account, persons, groups, keys, webhooks, notifications, guidelines, keyboard)
    return [page.router for page in (*work, *settings)]
