"""When the drain holds back for the counters."""

from services.enrolment_api.delivery.yielding import BUSY_RECORDS, BUSY_SECONDS, Intake


def busy_intake(seconds_between: float) -> Intake:
    intake = Intake()
    for number in range(BUSY_RECORDS):
        intake.note(number * seconds_between)
    return intake


def test_a_quiet_office_holds_nothing_back() -> None:
    assert not Intake().is_busy(0.0)
    assert not busy_intake(seconds_between=1.0).is_busy(BUSY_RECORDS * 1.0)


def test_records_in_quick_succession_go_before_deliveries() -> None:
    assert busy_intake(seconds_between=0.001).is_busy(0.02)


def test_deliveries_go_on_as_soon_as_the_counters_rest() -> None:
    assert not busy_intake(seconds_between=0.001).is_busy(0.02 + BUSY_SECONDS)
