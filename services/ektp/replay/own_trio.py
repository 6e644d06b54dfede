"""A trio for the demo alone, when none is running: in a home of its own, on free ports, gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from services.ektp.errors import CommandFailed
from services.ektp.launch.state import read_state
from services.ektp.running import RunningTrio, find_trio
from services.ektp.settings import TrioSettings
from shared.testing.trio import Trio, TrioFailed


@contextmanager
def trio_for_demo(settings: TrioSettings, console: Console) -> Iterator[RunningTrio]:
    """The trio that runs already, else one that lives as long as this context."""
    if read_state(settings.root) is not None:
        yield find_trio(settings)
        return
    console.print("No trio is running; starting one for the demo …")
    trio = Trio(EKTP_PROFILE="demo")
    try:
        yield _started(trio)
    finally:
        trio.close()


def _started(trio: Trio) -> RunningTrio:
    try:
        trio.start()
    except TrioFailed as failure:
        last = (trio.log.strip().splitlines() or ["it said nothing"])[-1]
        raise CommandFailed(f"The demo's trio did not start: {last}") from failure
    return find_trio(TrioSettings.model_validate({"EKTP_HOME": trio.home}))
