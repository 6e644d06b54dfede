"""The office of a replayed day: the scenario's counters and hours, everything else as it was found."""

from services.ektp.replay.play import Play
from services.ektp.replay.setting import as_found, as_in_the_report
from shared.contracts.offices import Office
from tests.unit.replay.days import short_day
from tests.unit.replay.fake_trio import OFFICE

SCENARIO = short_day()
FOUND = OFFICE | {
    "policies": {"record_offline": True, "reinstate_places": 7},
    "hours": [{"weekday": 0, "open": {"start": "08:00:00", "end": "12:00:00"}, "breaks": []}],
    "today": {"open": True},
}


def set_up(*, record_offline: bool) -> Office:
    play = Play(SCENARIO, SCENARIO.date, record_offline=record_offline, seed=1, speed=360)
    return Office.model_validate(as_in_the_report(FOUND, play))


def test_the_scenarios_counters_record_and_the_others_stay() -> None:
    office = set_up(record_offline=False)

    assert [counter.name for counter in office.counters] == ["1", "2", "9"]
    assert office.counters[0].services == ["ENROLMENT"]


def test_the_weekday_has_the_scenarios_hours_with_their_breaks() -> None:
    friday, monday = set_up(record_offline=False).hours

    assert (friday.weekday, friday.open.start, friday.breaks[0].start) == (
        4,
        SCENARIO.office_day.opens,
        SCENARIO.office_day.breaks[0].begins,
    )
    assert monday.weekday == 0


def test_only_the_asked_policy_changes() -> None:
    office = set_up(record_offline=False)

    assert office.policies.record_offline is False
    assert office.policies.reinstate_places == 7


def test_what_was_found_can_be_put_back() -> None:
    assert "today" not in as_found(FOUND)
    Office.model_validate(as_found(FOUND))
