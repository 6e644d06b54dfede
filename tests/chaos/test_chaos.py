"""A whole run, as `make chaos` makes it: everything fails for a while, and every promise is kept."""

import os

import pytest

from shared.testing.broker_faults import Broker
from shared.testing.disk import no_small_disk
from shared.testing.power import PoweredDisk
from tests.chaos.report import shown_report
from tests.chaos.run import run
from tests.chaos.schedule import schedule, shown
from tests.chaos.setup import setup_of

MINUTES = float(os.environ.get("CHAOS_MINUTES", "1"))


@pytest.mark.timeout(400)
async def test_nothing_is_lost_nothing_is_doubled_and_every_fault_has_acted(
    chaos_broker: Broker, chaos_seed: int
) -> None:
    setup = setup_of(chaos_seed, MINUTES, "sqlite", disks=no_small_disk(PoweredDisk) is None)
    print(shown(setup, schedule(setup)))
    report = await run(setup, broker=chaos_broker)
    print(shown_report(report))
    assert report.ok, f"{setup.command}\n{shown_report(report)}"
    assert report.records > 0
