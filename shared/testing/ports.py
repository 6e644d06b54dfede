"""Free ports that stay free: drawn by nobody else, and outside the range the kernel serves outgoing connections from.

A port is listened on seconds after it is drawn (a cluster starts a broker first), and is let go of and taken again
whenever a test kills a service. Meanwhile no client's end may get it, nor a test beside this one.
"""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from itertools import islice
from pathlib import Path

LOWEST, HIGHEST = 12_000, 31_999
STRIDE = 7919
"""A prime, so that every port comes once; and far, so that two who begin side by side part at once."""
DRAWN = Path(tempfile.gettempdir()) / "ektp-ports-drawn"
"""Every process that draws ports has the bytes of its ports locked here, as long as it lives; it stays empty."""

_ours: set[int] = set()


def free_ports(count: int) -> list[int]:
    """That many ports of 127.0.0.1 on which nobody listens now, and which no process draws while this one lives.

    Raises OSError when there are not so many left.
    """
    # Not the tests' seed: processes that run side by side must not draw the same numbers.
    many = HIGHEST + 1 - LOWEST
    first = random.Random(os.urandom(8)).randrange(many)
    ports = (LOWEST + (first + STRIDE * each) % many for each in range(many))
    found = list(islice((each for each in ports if reserve(each) and _is_free(each)), count))
    if len(found) < count:
        raise OSError(f"Every port from {LOWEST} to {HIGHEST} is drawn by a process that lives, or in use")
    return found


def free_port() -> int:
    """One free port."""
    return free_ports(1)[0]


def reserve(port: int) -> bool:
    """Whether the port is ours from now on; False when it was drawn before, here or by a process that lives."""
    if port in _ours:
        return False
    try:
        fcntl.lockf(_drawn(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _ours.add(port)
    return True


@cache
def _drawn() -> int:
    """Opened once: closing any other descriptor of the file would give all its locks back."""
    return os.open(DRAWN, os.O_RDWR | os.O_CREAT, 0o666)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
