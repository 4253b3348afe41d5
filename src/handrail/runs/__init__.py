"""How work survives: the run, its journal, and the runner that replays it."""
