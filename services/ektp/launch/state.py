"""What a running trio leaves in EKTP_HOME for others: one lock that says it runs, one file that says where."""

import fcntl
import json
import os
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel

from services.ektp.errors import CommandFailed

LOCK_NAME = "run.lock"
STATE_NAME = "trio.json"


class RunningService(BaseModel):
    """Where one service is and which process it is now (it changes with every restart)."""

    url: str
    pid: int | None
    restarts: int = 0


class TrioState(BaseModel):
    """The contents of trio.json. It holds the broker's password, so only its owner may read it."""

    supervisor_pid: int
    home: Path
    keys_dir: Path
    broker_url: str
    broker_pid: int | None
    # Every process of the private node, its name server included; empty when the broker is not ours.
    broker_pids: list[int]
    central_control_url: str
    services: dict[str, RunningService]

    def save(self) -> None:
        """Replace the file in one step: a reader never sees half of it."""
        temporary = self.home / f".{STATE_NAME}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self.model_dump_json(indent=2) + "\n")
        temporary.replace(self.home / STATE_NAME)


def lock_home(home: Path) -> TextIO:
    """Hold EKTP_HOME for this process until the file is closed or the process ends, however it ends."""
    home.mkdir(parents=True, exist_ok=True)
    lock = (home / LOCK_NAME).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise CommandFailed(
            f"A trio already runs in {home} (process {owner}); stop it or set another EKTP_HOME"
        ) from None
    lock.seek(0)
    lock.truncate()
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def is_running(home: Path) -> bool:
    """Whether a supervisor holds this home; a file left by one that was killed does not count."""
    try:
        with (home / LOCK_NAME).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read_state(home: Path) -> TrioState | None:
    """The trio that runs in this home and has been ready once, or None."""
    if not is_running(home):
        return None
    try:
        return TrioState.model_validate(json.loads((home / STATE_NAME).read_text()))
    except (FileNotFoundError, ValueError):
        return None


def forget_state(home: Path) -> None:
    """Remove the file when the trio ends."""
    (home / STATE_NAME).unlink(missing_ok=True)
