"""The checker is tried itself: each bug that loses, doubles or confuses something is planted, and has to be caught."""

import pytest

from shared.testing.broker_faults import Broker
from tests.chaos.planted.bugs import BUGS, Bug
from tests.chaos.run import run
from tests.chaos.setup import Setup


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
async def test_a_planted_bug_is_caught(chaos_broker: Broker, bug: Bug) -> None:
    setup = Setup(bug.seed, minutes=bug.minutes, kinds=bug.kinds, settles_within=5.0)
    report = await run(setup, broker=chaos_broker, bug=bug)
    caught = {each.check for each in report.violations}
    print(f"{bug.name}: caught by {sorted(caught)} in {report.took:.0f} s: {report.violations[:1]}")
    assert caught & bug.caught_by, f"only {sorted(caught)}; {report.unconverged}\n{report.timeline}"
