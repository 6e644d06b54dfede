"""The state table and the rules of place."""

from hypothesis import given
from hypothesis import strategies as st

from services.queue_api.tickets.domain import (
    BY_THE_SYSTEM,
    OPEN,
    TRANSITIONS,
    Action,
    Standing,
    State,
    allowed_actions,
    described,
    label,
    order_key,
    place_after,
    priority_place,
)
from shared.contracts.offices import ServiceType

FINAL = {State.DONE, State.CANCELLED, State.TRANSFERRED}


class TestTheStateTable:
    def test_nothing_leads_out_of_a_final_state(self) -> None:
        assert not [state for state, _ in TRANSITIONS if state in FINAL]

    def test_every_state_but_waiting_is_reached_by_some_action(self) -> None:
        assert set(TRANSITIONS.values()) == set(State)

    def test_only_a_call_brings_a_waiting_ticket_to_a_counter(self) -> None:
        ways = {action for (state, action), to in TRANSITIONS.items() if to is State.CALLED and state in OPEN}
        assert ways == {Action.CALL, Action.RECALL, Action.RESUME}

    def test_no_show_is_written_only_of_someone_who_was_called(self) -> None:
        assert {state for (state, _), to in TRANSITIONS.items() if to is State.NO_SHOW} == {State.CALLED}

    def test_done_is_written_only_by_an_officer_who_served_or_by_a_record(self) -> None:
        ways = {(state, action) for (state, action), to in TRANSITIONS.items() if to is State.DONE}
        assert {action for _, action in ways} == {Action.FINISH, Action.RECORD}
        assert {state for state, action in ways if action is Action.FINISH} == {State.SERVING}

    def test_closing_the_day_turns_every_open_state_into_a_voucher(self) -> None:
        closing = {state: to for (state, action), to in TRANSITIONS.items() if action is Action.CLOSE_DAY}
        assert closing == dict.fromkeys(OPEN, State.VOUCHERED)

    def test_a_person_is_never_offered_what_only_the_system_does(self) -> None:
        assert not any(set(allowed_actions(state)) & BY_THE_SYSTEM for state in State)

    def test_the_documentation_is_the_table(self) -> None:
        assert "| WAITING | call-next, voucher, cancel, transfer |" in described()
        assert "DONE" not in described()

    def test_a_number_reads_like_the_paper(self) -> None:
        assert [label(ServiceType.ENROLMENT, 26), label(ServiceType.SUKET, 1232)] == ["A026", "D1232"]


def ordinary(name: str, place: float, **more: bool) -> Standing:
    return Standing(name, place, **more)


class TestPriority:
    def test_it_goes_in_front_of_the_first_ordinary_ticket(self) -> None:
        place, passed = priority_place([ordinary("a", 10), ordinary("b", 11)], at_the_end=12)
        assert place < 10 and passed == "a"

    def test_an_ordinary_ticket_lets_only_one_pass(self) -> None:
        line = [ordinary("a", 10, let_one_pass=True), ordinary("b", 11)]
        place, passed = priority_place(line, at_the_end=12)
        assert 10 < place < 11 and passed == "b"

    def test_it_never_passes_an_interrupted_one(self) -> None:
        line = [ordinary("a", 10, interrupted=True), ordinary("b", 9.5)]
        place, passed = priority_place(line, at_the_end=12)
        assert passed == "b" and place < 9.5

    def test_with_nobody_to_pass_it_goes_to_the_end(self) -> None:
        line = [ordinary("a", 10, priority=True), ordinary("b", 11, let_one_pass=True)]
        assert priority_place(line, at_the_end=12) == (12, None)

    @given(st.lists(st.booleans(), max_size=40))
    def test_an_ordinary_ticket_waits_for_at_most_one_priority_ticket_per_ordinary_one(
        self, arrivals: list[bool]
    ) -> None:
        line: list[Standing] = []
        for number, is_priority in enumerate(arrivals):
            place = float(number)
            if is_priority:
                place, passed = priority_place(line, at_the_end=place)
                line = [_passed(each) if each.id == passed else each for each in line]
            line = sorted([*line, Standing(f"{number:03d}", place, priority=is_priority)], key=order_key)
        for index, standing in enumerate(line):
            if not standing.priority:
                ahead = line[:index]
                later_ones = [each for each in ahead if each.id > standing.id]
                ordinary_ones = [each for each in ahead if not each.priority]
                assert len(later_ones) <= len(ordinary_ones) + 1


def _passed(standing: Standing) -> Standing:
    return Standing(standing.id, standing.place, let_one_pass=True)


class TestReinstating:
    def test_it_goes_that_many_places_down(self) -> None:
        line = [ordinary(name, place) for name, place in (("a", 1), ("b", 2), ("c", 3), ("d", 4))]
        assert 3 < place_after(line, 3, 0.5) < 4

    def test_behind_all_when_fewer_wait(self) -> None:
        assert place_after([ordinary("a", 1), ordinary("b", 2)], 3, 0.5) > 2

    def test_its_own_place_when_nobody_waits(self) -> None:
        assert place_after([ordinary("a", 1, interrupted=True)], 3, 0.5) == 0.5

    def test_first_where_the_policy_says_no_places(self) -> None:
        assert place_after([ordinary("a", 1)], 0, 5) < 1
