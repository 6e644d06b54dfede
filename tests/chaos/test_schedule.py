"""A schedule is a pure function of its seed, and no part has two faults at once."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from services.central_mock.faults.specs.kinds import Kind
from tests.chaos.faults.console import HTTP, LEFT_OUT, MEANING, SOCKET
from tests.chaos.faults.table import BY_NAME
from tests.chaos.run import Report
from tests.chaos.schedule import schedule
from tests.chaos.setup import Setup, setup_of
from tests.chaos.soak import SUMMARY, Summary, read_summary, soak

HOUR = Setup(7, minutes=60.0, database="postgresql", replicas=2)


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert schedule(Setup(7)) == schedule(Setup(7))
    assert schedule(Setup(7)) != schedule(Setup(8))


def test_a_part_has_one_fault_at_a_time() -> None:
    planned = schedule(HOUR)
    for part in {part for each in planned for part in each.parts}:
        mine = [each for each in planned if part in each.parts]
        assert all(one.at + one.lasts <= other.at + 0.02 for one, other in pairwise(mine)), part


@pytest.mark.parametrize("setup", [HOUR, Setup(8, minutes=60.0, disks=True)], ids=["postgresql", "sqlite"])
def test_every_kind_falls_in_an_hour_where_it_can(setup: Setup) -> None:
    fallen = Counter(each.kind for each in schedule(setup))
    assert fallen.keys() == {name for name, kind in BY_NAME.items() if kind.options(setup)}


def test_every_fault_of_the_console_falls_or_is_left_out_with_a_reason() -> None:
    """A kind that is added to the centre fails here until it is in the table, or named beside it."""
    used = {
        order["fault"]["kind"]
        for table in (SOCKET, HTTP, MEANING)
        for orders in table.values()
        for order in orders
    }
    assert used | LEFT_OUT.keys() == {kind.value for kind in Kind}
    assert not used & LEFT_OUT.keys()


def test_odd_seeds_run_replicas_on_postgresql_and_the_command_says_so() -> None:
    assert (setup_of(3, 1, None, disks=True).database, setup_of(3, 1, None, disks=True).replicas) == (
        "postgresql",
        2,
    )
    assert setup_of(4, 2, None, disks=True).command == "make chaos SEED=4 MINUTES=2 DATABASE=sqlite"


def test_only_the_kinds_that_are_asked_for_fall() -> None:
    setup = Setup(1, minutes=10.0, kinds=("killed queue", "memory alarm"))
    assert {(each.kind, each.target) for each in schedule(setup)} == {
        ("killed", "queue"),
        ("memory alarm", "broker"),
    }


def test_a_soak_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    played = Summary()
    played.add(Report(Setup(1000), records=5, faults=Counter({"killed": 2})))
    (tmp_path / SUMMARY).write_text(json.dumps(vars(played)))
    assert read_summary(tmp_path / SUMMARY) == played
    assert soak([Setup(1000)], tmp_path) == played
