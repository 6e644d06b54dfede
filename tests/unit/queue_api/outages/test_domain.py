"""What an outage stops."""

from dataclasses import dataclass

from services.queue_api.board.domain import Mode, mode_of
from services.queue_api.outages.domain import stopped_by, stopped_by_any
from shared.contracts.offices import Policies, ServiceType
from shared.contracts.queue import Hop
from tests.unit.queue_api.offices_of_tests import office

RECORDS_OFFLINE = office()
NEEDS_THE_CENTRE = office(policies=Policies(record_offline=False))


@dataclass
class Out:
    hop: Hop
    steps: list[ServiceType] | None = None


class TestWhatStops:
    def test_the_centre_stops_nothing_where_the_office_records_offline(self) -> None:
        assert stopped_by(Out(Hop.CENTRE), RECORDS_OFFLINE) == set()

    def test_the_centre_stops_recording_alone_where_it_is_needed(self) -> None:
        assert stopped_by(Out(Hop.LINK), NEEDS_THE_CENTRE) == {ServiceType.ENROLMENT}

    def test_the_power_stops_everything(self) -> None:
        assert stopped_by(Out(Hop.POWER), RECORDS_OFFLINE) == set(ServiceType)

    def test_a_person_can_name_the_steps(self) -> None:
        broken_printer = Out(Hop.OFFICE, [ServiceType.CARD_PRINTING])
        assert stopped_by(broken_printer, RECORDS_OFFLINE) == {ServiceType.CARD_PRINTING}

    def test_two_outages_stop_what_either_stops(self) -> None:
        both = [Out(Hop.CENTRE), Out(Hop.OFFICE, [ServiceType.SUKET])]
        assert stopped_by_any(both, NEEDS_THE_CENTRE) == {ServiceType.ENROLMENT, ServiceType.SUKET}


class TestModes:
    def test_recording_goes_on_offline_and_says_so(self) -> None:
        mode, reason = mode_of(ServiceType.ENROLMENT, [Out(Hop.CENTRE)], RECORDS_OFFLINE)
        assert mode is Mode.OFFLINE_RECORDING and "sent to the centre later" in str(reason)

    def test_printing_goes_on_while_the_centre_is_out(self) -> None:
        assert mode_of(ServiceType.CARD_PRINTING, [Out(Hop.CENTRE)], NEEDS_THE_CENTRE) == (Mode.NORMAL, None)

    def test_a_stopped_service_is_paused_with_its_hop(self) -> None:
        mode, reason = mode_of(ServiceType.ENROLMENT, [Out(Hop.CENTRE)], NEEDS_THE_CENTRE)
        assert mode is Mode.PAUSED and "central server" in str(reason)
