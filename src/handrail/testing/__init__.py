"""Shipped to users: contract suites, simulated reviewers, a clock to turn, replay."""
