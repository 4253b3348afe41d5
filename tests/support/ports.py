"""Ports for servers that are started by a number: none that the system gives to anybody else meanwhile.

A port that the system chooses is free only until the next connection of anybody: between being chosen and being
listened at, or while a server is down that comes back, it may be the near end of somebody's connection.
"""

import random
import socket

CHOSEN_BY_HAND = range(10_000, 32_768)
"""below those that Linux and macOS take for connections"""
_given = set[int]()


def free_port() -> int:
    """Return a port that nobody listens at, each time another one."""
    while True:
        port = random.choice(CHOSEN_BY_HAND)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
