"""Fixtures of the unit tests."""

from tests.support.command_line import handrail

__all__ = ["handrail"]
