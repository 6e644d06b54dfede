"""The checker is tried itself: each bug that loses, doubles or confuses something is planted, and has to be caught.

A bug takes about a minute. One of them, drawn by the seed, is planted each time; all are with CHAOS_BUGS=all.
"""

import os
import random

import pytest

from shared.testing.broker_faults import Broker
from shared.testing.disk import no_small_disk
from shared.testing.power import PoweredDisk
from tests.chaos.planted.bugs import BUGS, Bug
from tests.chaos.run import run
from tests.chaos.setup import Setup

ALL = os.environ.get("CHAOS_BUGS") == "all"


@pytest.mark.skipif(not ALL, reason="CHAOS_BUGS=all plants them all; otherwise one is drawn")
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
async def test_a_planted_bug_is_caught(chaos_broker: Broker, bug: Bug) -> None:
    assert await caught_by(chaos_broker, bug) & bug.caught_by


@pytest.mark.skipif(ALL, reason="all are planted")
async def test_one_of_the_bugs_is_caught(chaos_broker: Broker, chaos_seed: int) -> None:
    bug = random.Random(chaos_seed).choice(BUGS)
    assert await caught_by(chaos_broker, bug) & bug.caught_by


async def caught_by(broker: Broker, bug: Bug) -> set[str]:
    """The checks that complain about a run with the bug; says how long that took."""
    no_disk = no_small_disk(PoweredDisk)
    if bug.needs_power and no_disk:
        pytest.skip(no_disk)
    setup = Setup(bug.seed, minutes=bug.minutes, disks=not no_disk, kinds=bug.kinds, settles_within=5.0)
    report = await run(setup, broker=broker, bug=bug)
    caught = {each.check for each in report.violations}
    print(f"{bug.name}: caught by {sorted(caught)} in {report.took:.0f} s: {report.violations[:1]}")
    print(report.unconverged, report.timeline, sep="\n")
    return caught
