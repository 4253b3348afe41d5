"""Where a request moves: the one door, what it sends, the clock, and what faces read."""
