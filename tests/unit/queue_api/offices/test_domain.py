"""Hours, breaks and working minutes."""

from datetime import UTC, date, datetime, timedelta

from services.queue_api.offices.domain import (
    Span,
    after_working,
    is_open,
    local_day,
    minutes_left,
    minutes_within,
    working_spans,
)
from tests.unit.queue_api.offices_of_tests import office

FRIDAY = date(2016, 9, 16)


def at(hour: int, minute: int = 0) -> datetime:
    """A time of that Friday in Ngargoyoso (UTC+7)."""
    return datetime(2016, 9, 16, tzinfo=UTC) + timedelta(hours=hour - 7, minutes=minute)


SPANS = working_spans(office(), FRIDAY)


class TestHours:
    def test_the_friday_prayer_is_no_working_time(self) -> None:
        assert [Span(at(7, 30), at(11, 30)), Span(at(13), at(15, 30))] == SPANS
        assert is_open(SPANS, at(11)) and not is_open(SPANS, at(12)) and is_open(SPANS, at(13))

    def test_a_weekday_that_is_not_listed_is_closed(self) -> None:
        assert working_spans(office(), date(2016, 9, 18)) == []

    def test_minutes_left_leave_out_what_is_over_and_the_break(self) -> None:
        assert minutes_left(SPANS, at(11)) == 30 + 150
        assert minutes_left(SPANS, at(12)) == 150
        assert minutes_left(SPANS, at(16)) == 0

    def test_working_minutes_become_times_on_the_wall(self) -> None:
        assert after_working(SPANS, at(11), 40) == at(13, 10)
        assert after_working(SPANS, at(6), 10) == at(7, 40)
        assert after_working(SPANS, at(15), 31) is None

    def test_an_outage_counts_only_within_opening_hours(self) -> None:
        assert minutes_within(SPANS, Span(at(11), at(14))) == 90

    def test_the_day_is_the_offices_own(self) -> None:
        late_in_utc = datetime(2016, 9, 16, 16, 30, tzinfo=UTC)
        assert local_day(office(), late_in_utc) == FRIDAY
        assert local_day(office(time_zone="Asia/Jayapura"), late_in_utc) == date(2016, 9, 17)
