"""The terminal: shows what is asked, reads what the person at it decides, and hands it to the inbox.

Everything for people goes to stderr, so that the output of a script stays its own.
"""

from handrail.channels.terminal.attend import attend
from handrail.channels.terminal.progress import show_progress

__all__ = ["attend", "show_progress"]
