"""How a client's behaviour is judged, on histories made by hand and on drawn ones."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.central_mock.journal.behaviour import behaviour
from services.central_mock.journal.calls import calls_of, is_failure, told_until
from services.central_mock.journal.domain import Entry
from services.central_mock.journal.outages import in_flight
from tests.unit.central_mock.histories import EIGHT, HEALTH, OFFICE, RECORD, RECORDS, History


def outage(history: History, *, until: float, probes: list[float]) -> None:
    """Three deliveries fail at the beginning, then these probes; the last one finds the centre back."""
    for number in range(3):
        history.down(number * 0.2, key=f"early-{number}")
    for at in probes:
        history.probe(at, up=at >= until)


class TestWhoseARequestIs:
    def test_a_probe_belongs_to_the_office_whose_requests_its_connection_carried(self) -> None:
        history = History()
        history.request(0, office="33.20", connection=1)
        history.request(1, office="33.13", connection=2)
        history.probe(2, up=True, connection=2)
        history.probe(3, up=True, connection=3)
        assert [each.office for each in calls_of(history.entries)] == ["33.20", "33.13", "33.13", ""]

    def test_with_one_office_every_request_is_its_own(self) -> None:
        history = History()
        history.request(0, office="33.20", connection=1)
        history.probe(1, up=True, connection=9)
        assert {each.office for each in calls_of(history.entries)} == {"33.20"}

    def test_all_can_be_taken_for_one_client(self) -> None:
        history = History()
        for office in ("33.20", "33.13"):
            history.request(0, office=office)
        assert behaviour(history.entries, together=True).offices == 1
        assert behaviour(history.entries).offices == 2
        assert behaviour(history.entries, office="33.20").requests == 1


class TestWhatCountsAsAFailure:
    @pytest.mark.parametrize(
        ("entry", "failed"),
        [
            ({}, False),
            ({"status": 422}, False),
            ({"status": 404, "route": RECORD}, False),
            ({"status": 503}, True),
            ({"status": 429}, True),
            ({"status": 302}, True),
            ({"status": None}, True),
            ({"fault": "CAPTIVE_PORTAL", "status": 200}, True),
            ({"fault": "LATENCY"}, False),
            ({"took": None, "status": None}, False),
        ],
    )
    def test_what_a_client_could_not_use(self, entry: dict[str, object], failed: bool) -> None:
        assert is_failure(History().request(0, **entry)) is failed  # type: ignore[arg-type]  # as the table has it


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("30", 30),
            (" 0 ", 0),
            (format_datetime(EIGHT + timedelta(seconds=90), usegmt=True), 90),
            ("soon", None),
            ("-5", None),
            ("12345678901234567890", None),
            (None, None),
        ],
    )
    def test_what_it_says(self, text: str | None, seconds: int | None) -> None:
        expected = None if seconds is None else EIGHT.timestamp() + seconds
        assert told_until(text, EIGHT) == expected

    def test_the_next_request_of_the_office_must_not_come_before_the_time(self) -> None:
        history = History()
        history.down(0, key="a", retry_after="30", took=0.5)
        history.request(30.6, key="b")
        told = behaviour(history.entries).retry_after
        assert (told.told, told.obeyed, told.share, told.earliest) == (1, 1, 1.0, None)

    def test_one_that_comes_too_early_is_named(self) -> None:
        history = History()
        for at in (0, 100, 200):
            history.down(at, key="a", retry_after="30", took=0.5)
        history.request(205.5, key="b")
        told = behaviour(history.entries).retry_after
        assert (told.told, told.obeyed) == (3, 2)
        assert told.by_office == {OFFICE: (3, 2)}
        assert told.earliest is not None
        assert (told.earliest.key, told.earliest.early_by) == ("b", 25.0)
        assert told.earliest.at == EIGHT + timedelta(seconds=205.5)
        assert told.earliest.told_until == EIGHT + timedelta(seconds=230.5)

    def test_what_had_left_already_breaks_nothing(self) -> None:
        history = History()
        history.down(0, key="a", retry_after="30", took=0.5)
        history.request(0.4, key="b", status=503)
        history.request(0.55, key="c", status=503)
        history.request(31, key="a")
        assert behaviour(history.entries).retry_after.obeyed == 1

    def test_another_office_was_not_told(self) -> None:
        history = History()
        history.down(0, key="a", retry_after="30", office="33.13")
        history.request(5, key="b", office="33.20")
        assert behaviour(history.entries).retry_after.told == 0


class TestRetries:
    def test_they_are_counted_by_the_minute(self) -> None:
        history = History()
        history.down(0, key="a")
        history.down(30, key="a")
        history.request(61, key="a")
        history.request(62, key="b")
        found = behaviour(history.entries)
        assert [(each.requests, each.retries, each.failed) for each in found.by_minute] == [
            (2, 1, 2),
            (2, 1, 0),
        ]
        assert found.by_minute[1].minute == EIGHT + timedelta(minutes=1)
        assert found.retries == 2

    def test_the_spread_is_that_of_the_waits_after_failures(self) -> None:
        history = History()
        for at in (0, 1, 3, 7, 15, 31):
            history.down(at, key="a", took=0)
        keys = behaviour(history.entries).waits.keys
        assert keys is not None
        assert (keys.count, keys.min, keys.p50, keys.max, keys.mean) == (5, 1, 4, 16, 6.2)
        assert keys.variation == pytest.approx(0.880, abs=0.001)

    def test_the_drain_after_a_recovery_is_no_timers_work(self) -> None:
        history = History()
        for number in range(20):
            history.down(number * 0.001, key=str(number))
        history.probe(60, up=True)
        for number in range(20):
            history.request(60.1 + number * 0.001, key=str(number))
        found = behaviour(history.entries)
        assert found.waits.keys is None
        assert not found.crowd.synchronised

    def test_waits_that_hardly_vary_are_said_to_be_without_jitter(self) -> None:
        history = History()
        for at in range(10):
            history.down(at * 5, key="a")
        found = behaviour(history.entries)
        assert found.waits.jittered is False
        assert "hardly vary" in found.wrong[0]

    def test_a_few_waits_say_nothing(self) -> None:
        history = History()
        for at in range(4):
            history.down(at * 5, key="a")
        assert behaviour(history.entries).waits.jittered is None


class TestCrowds:
    def test_keys_that_try_again_at_once_are_synchronised(self) -> None:
        history = History()
        for at in (0, 5):
            for number in range(20):
                history.down(at + number * 0.002, key=str(number))
        found = behaviour(history.entries).crowd
        assert (found.most, found.neighbours, found.synchronised) == (20, 20, True)
        assert found.at == EIGHT + timedelta(seconds=5)

    def test_offices_that_try_again_at_once_are_synchronised_too(self) -> None:
        history = History()
        for at in (0, 5):
            for number in range(20):
                history.down(at, key=f"key-{number}", office=f"33.{number}", connection=number)
        assert behaviour(history.entries).crowd.synchronised

    def test_a_few_of_many_within_a_moment_are_chance(self) -> None:
        history = History()
        for number in range(200):
            history.down(0, key=f"k{number}", office=f"33.{number}", connection=number)
            history.down(5 + number * 0.01, key=f"k{number}", office=f"33.{number}", connection=number)
        found = behaviour(history.entries).crowd
        assert found.most >= 10
        assert not found.synchronised


class TestHalfOpen:
    def test_one_probe_at_a_time_is_good(self) -> None:
        history = History()
        outage(history, until=60, probes=[5, 12, 30, 60])
        found = behaviour(history.entries).half_open
        assert (found.outages, found.probes, found.most_in_flight, found.one_probe) == (1, 4, 1, True)
        (listed,) = found.listed
        assert (listed.failures, listed.until) == (6, EIGHT + timedelta(seconds=60.01))

    def test_several_at_once_are_not(self) -> None:
        history = History()
        outage(history, until=60, probes=[60])
        for number in range(8):
            history.down(20 + number * 0.01, key=str(number), took=1)
        found = behaviour(history.entries)
        assert (found.half_open.most_in_flight, found.half_open.one_probe) == (8, False)
        assert any("instead of one probe" in each for each in found.wrong)

    def test_several_that_fail_so_fast_that_they_never_meet_are_not_either(self) -> None:
        history = History()
        outage(history, until=60, probes=[60])
        for number in range(8):
            history.down(20 + number * 0.01, key=str(number), took=0.001)
        found = behaviour(history.entries).half_open
        assert (found.most_in_flight, found.most_in_a_moment, found.one_probe) == (1, 8, False)

    def test_what_was_in_flight_when_it_began_is_no_probe(self) -> None:
        history = History()
        for number in range(16):
            history.request(number * 0.001, key=str(number), took=10, status=None)
        history.probe(30, up=True)
        found = behaviour(history.entries).half_open
        assert (found.outages, found.most_in_flight) == (1, 1)

    def test_a_failure_now_and_then_is_no_outage(self) -> None:
        history = History()
        for number in range(30):
            (history.down if number % 3 == 0 else history.request)(number, key=str(number))
        assert behaviour(history.entries).half_open.outages == 0

    def test_an_outage_that_goes_on_has_no_end(self) -> None:
        history = History()
        outage(history, until=99, probes=[5, 12])
        assert behaviour(history.entries).half_open.listed[0].until is None

    def test_long_polls_for_results_are_no_probes(self) -> None:
        history = History()
        outage(history, until=60, probes=[60])
        for number in range(5):
            history.request(10 + number, route="/central/v1/results", took=20, status=None)
        assert behaviour(history.entries).half_open.most_in_flight == 1


class TestRamp:
    @staticmethod
    def after_an_outage(waves: list[int], *, every: float = 1.0) -> History:
        history = History()
        outage(history, until=60, probes=[60])
        for wave, size in enumerate(waves):
            for number in range(size):
                history.request(60.1 + wave * every, key=f"{wave}-{number}", took=every / 2)
        return history

    def test_a_doubling_start_is_a_ramp(self) -> None:
        found = behaviour(self.after_an_outage([1, 2, 4, 8, 16]).entries).ramp
        assert found.ramped is True
        assert found.most_in_flight[:6] == [1, 2, 4, 8, 16, 0]
        assert len(found.most_in_flight) == 60

    def test_everything_at_once_is_not(self) -> None:
        found = behaviour(self.after_an_outage([40]).entries)
        assert (found.ramp.ramped, found.ramp.over_slow_start) == (False, 38)
        assert any("slow start" in each for each in found.wrong)

    def test_nothing_after_a_recovery_says_nothing(self) -> None:
        assert behaviour(self.after_an_outage([]).entries).ramp.ramped is None


def test_of_nothing_nothing_is_said() -> None:
    found = behaviour([])
    assert (found.requests, found.wrong, found.retry_after.share, found.half_open.one_probe) == (
        0,
        [],
        None,
        None,
    )


# -- drawn histories

Drawn = tuple[float, float | None, int | None, str | None, str | None, str, str | None]

REQUESTS = st.builds(
    lambda at, took, status, key, office, route, retry_after: (
        at,
        took,
        status,
        key,
        office,
        route,
        retry_after,
    ),
    st.floats(0, 300),
    st.one_of(st.none(), st.floats(0, 40)),
    st.sampled_from([201, 201, 503, 503, None]),
    st.sampled_from([None, "a", "b", "c"]),
    st.sampled_from([None, "33.13", "33.20"]),
    st.sampled_from([RECORDS, RECORD, HEALTH]),
    st.sampled_from([None, "1", "30", "soon"]),
)


def drawn(requests: list[Drawn]) -> list[Entry]:
    history = History()
    for at, took, status, key, office, route, retry_after in sorted(requests, key=lambda each: each[0]):
        history.request(
            at, took=took, status=status, key=key, office=office, route=route, retry_after=retry_after
        )
    return history.entries


@given(st.lists(REQUESTS, max_size=60))
def test_the_figures_agree_with_each_other(requests: list[Drawn]) -> None:
    entries = drawn(requests)
    found = behaviour(entries)
    assert found.requests == len(entries) == sum(each.requests for each in found.by_minute)
    assert found.retries == sum(each.retries for each in found.by_minute) <= len(entries)
    assert 0 <= found.retry_after.obeyed <= found.retry_after.told
    assert (found.retry_after.earliest is None) == (found.retry_after.obeyed == found.retry_after.told)
    assert found.half_open.most_in_flight <= found.half_open.probes <= len(entries)
    assert all(0 <= each <= len(entries) for each in found.ramp.most_in_flight)
    for each in (found.waits.keys, found.waits.probes):
        assert each is None or 0 <= each.min <= each.p50 <= each.p90 <= each.max


@given(st.lists(REQUESTS, max_size=40), st.randoms(use_true_random=False))
def test_the_order_in_which_entries_are_given_does_not_matter(requests: list[Drawn], dice: object) -> None:
    entries = drawn(requests)
    shuffled = list(entries)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own Random
    shuffled.sort(key=lambda each: each.at)  # of two that began at once the order is the journal's
    assert behaviour(sorted(shuffled, key=lambda each: each.id)) == behaviour(entries)


@given(st.lists(REQUESTS, max_size=40))
def test_as_many_end_as_begin(requests: list[Drawn]) -> None:
    levels = in_flight(calls_of(drawn(requests)))
    assert all(level >= 0 for _, level in levels)
    assert not levels or levels[-1][1] == 0
