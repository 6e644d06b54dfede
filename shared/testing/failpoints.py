"""Fail points of running processes: ordered when the test says so, and what has really been reached.

The processes have to be started with `EKTP_FAILPOINTS=@failpoints`, as by `Cluster(settings=FAIL_POINTS_BY_FILE)`.
"""

from pathlib import Path

from shared.failpoints import VARIABLE, read_orders
from shared.testing.process import Process

FILE = "failpoints"
FAIL_POINTS_BY_FILE = {VARIABLE: f"@{FILE}"}


def order(process: Process, text: str) -> None:
    """Let the process act at these points from now on, as `relay.after-confirm,consumer.after-ack:2=pause`.

    Orders that it has not come by are forgotten. Raises ValueError for a point that there is not.
    """
    read_orders(text)
    path = _home(process) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def call_off(process: Process) -> None:
    """It has nothing to fear any more."""
    (_home(process) / FILE).unlink(missing_ok=True)


def reached(process: Process) -> list[str]:
    """The points at which it has acted so far, in order, by whichever start of it."""
    path = (_home(process) / FILE).with_suffix(".fired")
    return [each.point for each in read_orders(",".join(path.read_text().split()))] if path.exists() else []


def _home(process: Process) -> Path:
    return Path(process.environment["EKTP_HOME"])
