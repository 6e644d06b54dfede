"""Child processes that never outlive whoever started them, even when that one is killed with -9."""

import shutil
from collections.abc import Sequence

DEATH_WATCH = ("setpriv", "--pdeathsig", "KILL", "--")


def ends_with_parent(argv: Sequence[str]) -> list[str]:
    """The same command, killed by the kernel when the thread that starts it dies.

    Start it from a thread that lives on, the main one. Where there is no setpriv the command stays as it is.
    """
    return [*DEATH_WATCH, *argv] if shutil.which(DEATH_WATCH[0]) else list(argv)
