"""Signals that have done their work when they return: SIGSTOP takes a process's threads one by one."""

import os
import signal
import time
from pathlib import Path

STOPS_WITHIN = 5.0
POLL = 0.001


def deliver(pid: int, number: signal.Signals) -> None:
    """Send a signal; after SIGSTOP the last thread has stopped, and nobody answers any more."""
    os.kill(pid, number)
    deadline = time.monotonic() + STOPS_WITHIN
    while number is signal.SIGSTOP and not _all_stopped(pid) and time.monotonic() < deadline:
        time.sleep(POLL)


def state_of(stat: Path) -> str:
    """The letter of a process or thread in proc(5), X when there is none."""
    try:
        return stat.read_text().rsplit(") ", 1)[1][0]
    except OSError:
        return "X"


def _all_stopped(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(state_of(thread) in "TtZX" for thread in threads)
