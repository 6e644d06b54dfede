"""Forecasts: said where honest, withdrawn with a reason where not."""

import pytest

from services.queue_api.forecast.domain import (
    NO_COUNTER,
    NOT_TODAY,
    STOPPED,
    Forecast,
    Pace,
    ServedToday,
    forecast,
    pace_of,
)
from tests.unit.queue_api.offices.test_domain import SPANS, at


def of(ahead: int, *, hour: int = 8, stopped: bool = False, counters: int = 1) -> Forecast:
    return forecast(ahead=ahead, pace=Pace(10, 2, counters), spans=SPANS, now=at(hour), stopped=stopped)


class TestForecast:
    def test_it_grows_with_the_line_and_shrinks_with_counters(self) -> None:
        assert of(3).p50_minutes == 30
        assert of(6, counters=2).p50_minutes == 30

    def test_nine_in_ten_wait_less_than_p90(self) -> None:
        told = of(4)
        assert told.p50_minutes is not None and told.p90_minutes is not None
        assert told.p50_minutes < told.p90_minutes

    def test_the_break_is_waited_through(self) -> None:
        assert of(6, hour=11).p50_minutes == 60 + 90

    def test_an_outage_withdraws_it_and_says_why(self) -> None:
        told = of(3, stopped=True)
        assert (told.p50_minutes, told.reason) == (None, STOPPED)
        assert told.served_today is ServedToday.UNLIKELY

    def test_what_does_not_fit_today_gets_no_number(self) -> None:
        told = of(60)
        assert (told.p50_minutes, told.reason, told.served_today) == (None, NOT_TODAY, ServedToday.NO)

    def test_what_may_slip_past_closing_time_is_unlikely(self) -> None:
        assert of(36).served_today is ServedToday.UNLIKELY

    def test_after_closing_time_nobody_is_served_today(self) -> None:
        assert of(0, hour=16).served_today is ServedToday.NO

    def test_without_a_counter_there_is_no_forecast(self) -> None:
        told = of(1, counters=0)
        assert (told.p50_minutes, told.reason) == (None, NO_COUNTER)

    def test_today_counts_once_enough_was_seen(self) -> None:
        assert pace_of([9.0] * 4, 2, expected=5) == Pace(5, 2.5, 2)
        assert pace_of([8.0, 9.0, 10.0, 9.0, 9.0], 2, expected=5).minutes == pytest.approx(9)
