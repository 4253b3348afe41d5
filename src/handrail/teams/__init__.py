"""AGENTS AND THE BOARD: a team of agents works on tasks, and people validate, give feedback and unblock."""
