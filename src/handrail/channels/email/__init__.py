"""Email: requests as mails with a link and an address of one's own, decisions back by that link or an answer.

What an answer means is pure (`incoming`, `verdict` and what they use): bytes and text in, facts out. When in doubt
nothing is decided.
"""

try:
    from handrail.channels.email.channel import Email as Email
    from handrail.channels.email.oauth import OAuth as OAuth
    from handrail.channels.email.setup import from_environment as from_environment
except ModuleNotFoundError as error:
    if (error.name or "handrail").partition(".")[0] == "handrail":
        raise
    raise ModuleNotFoundError(f"{error}: run pip install 'handrail[email]'", name=error.name) from error
