"""A trio for the demo alone, when none is running: in a home of its own, on free ports, gone afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from services.ektp.errors import CommandFailed
from services.ektp.launch.state import read_state
from services.ektp.running import RunningTrio, find_trio
from services.ektp.settings import TrioSettings
from shared.messaging.node import free_port

# Real seconds: the first start makes keys, databases and queues; a stop may take what Ctrl-C may take.
READY_WITHIN = 120.0
STOPS_WITHIN = 15.0
POLL = 0.1
PORTS = ("QUEUE_PORT", "ENROLMENT_PORT", "CENTRAL_PORT", "CENTRAL_CONTROL_PORT")
# What the caller's environment says of another trio must not leak into this one.
NOT_OURS = ("QUEUE_DATABASE_URL", "ENROLMENT_DATABASE_URL", "CENTRAL_DATABASE_URL", "CENTRAL_URL", "KEYS_DIR")


@contextmanager
def trio_for_demo(settings: TrioSettings, console: Console) -> Iterator[RunningTrio]:
    """The trio that runs already, else one that lives as long as this context."""
    if read_state(settings.root) is not None:
        yield find_trio(settings)
        return
    settings.root.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="demo-", dir=settings.root))
    console.print("No trio is running; starting one for the demo …")
    with (home / "run.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.ektp", "run"],
            env=_environment(home),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield _ready(process, home)
        finally:
            _stop(process)
    shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    ports = {name: str(free_port()) for name in PORTS}
    return ours | ports | {"EKTP_HOME": str(home), "EKTP_PROFILE": "demo", "BROKER_PORT": "0"}


def _ready(process: subprocess.Popen[bytes], home: Path) -> RunningTrio:
    give_up = time.monotonic() + READY_WITHIN
    while time.monotonic() < give_up:
        if read_state(home) is not None:
            return find_trio(TrioSettings(home=home))
        if process.poll() is not None:
            raise CommandFailed(f"The demo's trio ended at its start: {_last_line(home)}")
        time.sleep(POLL)
    raise CommandFailed(
        f"The demo's trio was not ready within {READY_WITHIN:g} s; its log is {home / 'run.log'}"
    )


def _last_line(home: Path) -> str:
    lines = (home / "run.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
