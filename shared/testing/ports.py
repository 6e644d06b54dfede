"""Free ports that stay free: outside the range from which the kernel serves outgoing connections.

A port that a test lets go of (it kills a service) must still be free when the service comes back, so a port that
the kernel may hand to any client in between is no use.
"""

import os
import random
import socket

LOWEST, HIGHEST = 12_000, 31_999


def free_ports(count: int) -> list[int]:
    """That many ports of 127.0.0.1 on which nobody listens now, different from each other."""
    # Not the tests' seed: processes that run side by side must not draw the same numbers.
    dice = random.Random(os.urandom(8))
    found: list[int] = []
    while len(found) < count:
        port = dice.randint(LOWEST, HIGHEST)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def free_port() -> int:
    """One free port."""
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
