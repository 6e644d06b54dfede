"""The figures of a day."""

from dataclasses import dataclass
from datetime import date, datetime

from services.queue_api.days.domain import figures, lost_minutes, percentile
from services.queue_api.offices.domain import Span
from services.queue_api.tickets.domain import State
from shared.contracts.offices import ServiceType
from shared.contracts.queue import Hop
from tests.unit.queue_api.offices.test_domain import SPANS, at
from tests.unit.queue_api.offices_of_tests import office


@dataclass
class Ticket:
    state: State
    arrived_at: datetime
    first_called_at: datetime | None = None
    ended_at: datetime | None = None
    service: ServiceType = ServiceType.ENROLMENT
    was_held: bool = False

    def __post_init__(self) -> None:
        self.issued_at = self.arrived_at


@dataclass
class Outage:
    hop: Hop
    since: datetime
    until: datetime | None


def test_a_day_with_an_outage_is_told_as_it_was() -> None:
    day = figures(
        office(daily_target=100),
        date(2016, 9, 16),
        tickets=[
            Ticket(State.DONE, at(7, 30), first_called_at=at(8), ended_at=at(8, 10)),
            Ticket(State.NO_SHOW, at(8), first_called_at=at(8, 10), ended_at=at(8, 12)),
            Ticket(State.VOUCHERED, at(8), ended_at=at(14), was_held=True),
            Ticket(State.HELD, at(9), was_held=True),
        ],
        outages=[Outage(Hop.CENTRE, at(13, 30), None)],
        now=at(14, 30),
    )
    assert (day.issued, day.served, day.no_shows, day.vouchered, day.open) == (4, 1, 1, 1, 1)
    assert (day.held, day.left_during_an_outage) == (2, 1)
    assert (day.waited_p50_minutes, day.waited_p90_minutes) == (30, 30)
    assert day.issued_by_hour == {7: 1, 8: 2, 9: 1}
    assert day.waiting_by_hour == {7: 2, 8: 2, 9: 2, 10: 2, 11: 2, 12: 2, 13: 1, 14: 1}
    assert day.outage_minutes == {Hop.CENTRE: 60}
    assert (day.target, day.target_without_outages) == (100, 85)


def test_two_outages_at_once_count_once() -> None:
    overlapping = [Span(at(8), at(9)), Span(at(8, 30), at(8, 45)), Span(at(8, 50), at(9, 10))]
    assert lost_minutes(SPANS, overlapping) == 70


def test_an_outage_outside_opening_hours_costs_nothing() -> None:
    assert lost_minutes(SPANS, [Span(at(11, 30), at(13))]) == 0


def test_a_percentile_of_nothing_is_unknown() -> None:
    assert percentile([], 0.5) is None
