"""Who may: people, their groups and roles, and what they prove themselves with."""
