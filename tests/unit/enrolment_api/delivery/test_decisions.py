"""The centre's list of decisions is read whole, also when the centre comes back with an older one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.enrolment_api.delivery.decisions import Position, is_still_there, position_after
from shared.contracts.central import Decision, Result, Results

NOW = datetime(2016, 9, 16, 3, 0, tzinfo=UTC)


def result(cursor: int, key: str = "", minute: int = 0) -> Result:
    return Result(
        cursor=str(cursor),
        key=(key or f"{cursor:036d}"),
        office="33.13.07",
        decision=Decision.PRINT_READY_RECORD,
        decided_at=NOW + timedelta(minutes=minute),
    )


def page(held: list[Result], after: str, limit: int) -> Results:
    """As the centre answers."""
    results = [each for each in held if int(each.cursor) > int(after or 0)][:limit]
    return Results(results=results, next_after=results[-1].cursor if results else after or "0")


def read(held: list[Result], position: Position, limit: int) -> tuple[list[Result], Position]:
    taken: list[Result] = []
    while (found := page(held, position.after, limit)).results:
        taken += found.results
        position = position_after(position.after, found)
    return taken, position


@given(count=st.integers(1, 30), lost=st.integers(0, 30), again=st.integers(0, 40), limit=st.integers(1, 7))
def test_a_restored_centre_is_noticed_and_its_new_decisions_are_read(
    count: int, lost: int, again: int, limit: int
) -> None:
    before = [result(number) for number in range(1, count + 1)]
    _, position = read(before, Position(), limit)
    kept = before[: max(0, count - lost)]
    # cursors are given a second time, to other decisions
    now = kept + [result(number, minute=1) for number in range(len(kept) + 1, len(kept) + 1 + again)]
    noticed = not is_still_there(position, page(now, position.before, limit))
    assert noticed == (lost > 0)
    taken, _ = read(now, Position() if noticed else position, limit)
    assert [each for each in now if each not in before] == [each for each in taken if each not in before]


def test_a_page_that_gives_one_decision_twice_still_has_a_cursor_before_it() -> None:
    twice = Results(results=[result(4), result(5), result(5)], next_after="5")
    position = position_after("3", twice)
    assert position.before == "4"
    assert is_still_there(position, page([result(4), result(5)], position.before, 10))


def test_a_page_that_leads_elsewhere_than_to_its_last_decision_is_not_compared_later() -> None:
    assert position_after("3", Results(results=[result(5), result(4)], next_after="5")) == Position("5")
