"""The pages: rendered on the server, forms post, nothing needs a script."""

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Return the routes of all pages."""
    from handrail.web.pages import login

    return [login.router]
