"""The crowd of a day: the same for the same seed, as many as the scenario says, and nobody twice."""

import random
from itertools import islice

import pytest

from services.ektp.replay.people import citizens, minutes_per_citizen
from services.ektp.replay.scenario import Pace, load_scenario

JEPARA = load_scenario("jepara-2017-06-14")


def test_the_same_seed_brings_the_same_crowd_and_another_seed_another() -> None:
    crowd = citizens(JEPARA, JEPARA.date, seed=7)

    assert citizens(JEPARA, JEPARA.date, seed=7) == crowd
    assert citizens(JEPARA, JEPARA.date, seed=8) != crowd


@pytest.mark.parametrize("seed", range(20))
def test_232_have_come_by_ten_whatever_the_seed(seed: int) -> None:
    assert JEPARA.report.issued is not None
    ten = JEPARA.at(JEPARA.date, JEPARA.report.issued.by)

    crowd = citizens(JEPARA, JEPARA.date, seed)

    assert sum(citizen.arrives < ten for citizen in crowd) == JEPARA.report.issued.count
    assert [citizen.arrives for citizen in crowd] == sorted(citizen.arrives for citizen in crowd)


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_there_twice_and_every_nik_fits_its_biodata(seed: int) -> None:
    crowd = citizens(JEPARA, JEPARA.date, seed)

    assert len({citizen.nik for citizen in crowd}) == len(crowd)
    for citizen in crowd:
        assert len(citizen.nik) == 16
        year, month, day = citizen.biodata["birth_date"].split("-")
        women = 40 if citizen.biodata["sex"] == "FEMALE" else 0
        assert citizen.nik[6:12] == f"{int(day) + women:02d}{month}{year[2:]}"


def test_a_counter_keeps_its_average_after_every_second_citizen() -> None:
    pace = Pace(mean=9.0, spread=1.5)

    minutes = list(islice(minutes_per_citizen(pace, random.Random(3)), 24))

    assert sum(minutes) == pytest.approx(24 * 9.0)
    assert all(7.5 <= each <= 10.5 for each in minutes)
    assert len(set(minutes)) > 12


def test_captures_are_each_persons_own() -> None:
    first, second = citizens(JEPARA, JEPARA.date, seed=1)[:2]

    assert first.capture("iris-left") == first.capture("iris-left")
    assert len({first.capture("iris-left"), first.capture("iris-right"), second.capture("iris-left")}) == 3
