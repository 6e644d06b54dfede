"""What the journal keeps in memory, numbers, and asks of itself; and that the disk judges as memory does."""

from datetime import timedelta
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.central_mock.journal.batches import (
    Latest,
    judge_of,
    needles,
    packed,
    rows_in,
    troubled_key,
)
from services.central_mock.journal.domain import (
    AnyEntry,
    ClosedBy,
    ConnectionEntry,
    Entry,
    Note,
    Outcome,
    What,
    key_in,
    office_in,
    route_of,
)
from services.central_mock.journal.figures import CentreFigures
from services.central_mock.journal.following import Follower
from services.central_mock.journal.journal import Journal
from services.central_mock.journal.rows import entry_of, row_of
from services.central_mock.journal.wanted import Wanted
from shared.clock import microseconds
from tests.unit.central_mock.histories import EIGHT, EIGHT_US

KEY = "0190a1b2-0000-7000-8000-000000000001"


def scope(path: str = "/central/v1/records", *, query: bytes = b"", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"method": "POST", "path": path, "headers": named, "query_string": query}


class TestWhatIsReadOfARequest:
    def test_no_path_brings_a_nik_or_key_into_the_route(self) -> None:
        assert route_of("/central/v1/residents/3313075708990001") == "/central/v1/residents/{nik}"
        assert route_of(f"/central/v1/records/{KEY}") == "/central/v1/records/{key}"
        assert route_of("/central/v1/records") == "/central/v1/records"

    def test_the_key_of_a_look_up_is_in_its_path(self) -> None:
        assert key_in(f"/central/v1/records/{KEY}") == KEY
        assert key_in("/central/v1/residents/3313075708990001") is None

    @pytest.mark.parametrize(
        ("query", "office"),
        [
            (b"office=33.13.07&after=3", "33.13.07"),
            (b"office=33.13&office=33.20", None),
            (b"after=3", None),
            (b"office=", None),
            (b"an_office=33.13", None),
        ],
    )
    def test_an_office_alone_may_be_named_by_the_query(self, query: bytes, office: str | None) -> None:
        assert office_in(query) == office

    def test_attempts_of_a_key_are_counted_for_each_call_of_its_own(self) -> None:
        journal = Journal()
        entries = [
            journal.begin(at_us=EIGHT_US, connection=0, scope=each)
            for each in (
                scope(idempotency_key=KEY),
                scope(f"/central/v1/records/{KEY}"),
                scope(idempotency_key=KEY),
                scope("/central/v1/health"),
                scope("/central/v1/health"),
            )
        ]
        journal.settle()

        assert [each.attempt for each in entries] == [1, 1, 2, 1, 1]


class TestMemory:
    def test_it_keeps_what_runs_and_what_is_not_on_disk_and_nothing_else(self) -> None:
        journal = Journal()
        running = journal.begin(at_us=EIGHT_US, connection=0, scope=scope())
        for _ in range(5):
            journal.finish(journal.begin(at_us=EIGHT_US, connection=0, scope=scope()), at_us=EIGHT_US)
        assert sorted(journal.held()) == [running.id, 2, 3, 4, 5, 6]
        journal.being_written = [journal.unwritten.popleft() for _ in range(4)]
        assert sorted(journal.held()) == [running.id, 2, 3, 4, 5, 6]
        journal.being_written = []  # the keeper has written them
        assert sorted(journal.held()) == [running.id, 6]

    def test_what_waits_for_the_disk_is_bounded_and_what_is_lost_is_counted(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.central_mock.journal.journal.UNWRITTEN_KEPT", 3)
        journal = Journal()
        for _ in range(5):
            journal.finish(journal.begin(at_us=EIGHT_US, connection=0, scope=scope()), at_us=EIGHT_US)
        assert ([each.id for each in journal.unwritten], journal.lost) == ([3, 4, 5], 2)

    def test_numbers_go_on_after_a_reset(self) -> None:
        journal = Journal()
        running = journal.begin(at_us=EIGHT_US, connection=0, scope=scope())
        journal.clear()
        journal.finish(running, at_us=EIGHT_US)
        after = journal.begin(at_us=EIGHT_US, connection=0, scope=scope())
        assert after.id == 2
        assert list(journal.held()) == [2]
        assert not journal.unwritten

    def test_ends_are_numbered_in_their_own_order(self) -> None:
        journal = Journal()
        journal.followers.add(Follower(0))
        first, second = (journal.begin(at_us=EIGHT_US, connection=0, scope=scope()) for _ in range(2))
        for each in (second, first):
            journal.finish(each, at_us=EIGHT_US)
        heard = journal.heard_after(0, 10)
        assert heard is not None
        assert [(seq, each.id) for seq, each in heard] == [(1, 2), (2, 1)]
        assert journal.heard_after(1, 10) == heard[1:]
        assert journal.heard_after(2, 10) == []

    def test_memory_says_when_it_does_not_go_back_far_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.central_mock.journal.journal.HEARD_KEPT", 2)
        journal = Journal()
        follower = Follower(0)
        journal.followers.add(follower)

        def end(times: int) -> None:
            for _ in range(times):
                journal.finish(journal.begin(at_us=EIGHT_US, connection=0, scope=scope()), at_us=EIGHT_US)

        end(4)
        assert journal.heard_after(1, 10) is None
        assert len(journal.heard_after(2, 10) or []) == 2
        journal.followers.discard(follower)  # nobody listens: nothing is kept
        end(1)
        assert journal.heard_after(4, 10) is None
        assert journal.heard_after(5, 10) == []
        journal.followers.add(follower)
        end(1)
        assert [seq for seq, _ in journal.heard_after(5, 10) or []] == [6]


# -- rows, and the same question asked of both

TIMES = st.integers(0, 200).map(lambda seconds: EIGHT + timedelta(seconds=seconds))
MOMENTS = TIMES.map(microseconds)
RULES = st.lists(st.sampled_from(["hang-1", "hang-10", "offline"]), max_size=3, unique=True).map(tuple)
OFFICES = st.sampled_from([None, "33.13.07", "33.13", "33.20"])
BOTH: dict[str, Any] = {
    "office": OFFICES,
    "bytes_in": st.integers(0, 1 << 40),
    "fault": st.sampled_from([None, "HANG", "HTTP_503"]),
    "rules": RULES,
    "finished": st.booleans(),
    "ended_us": st.one_of(st.none(), MOMENTS),
    "ms": st.one_of(st.none(), st.floats(0, 1e6)),
    "seq": st.one_of(st.none(), st.integers(1, 1 << 60)),
}
REQUESTS = st.builds(
    Entry,
    st.just(0),
    MOMENTS,
    st.integers(1, 3),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["/central/v1/records", "/central/v1/health"]),
    key=st.sampled_from([None, KEY, "another"]),
    attempt=st.integers(1, 5),
    bytes_out=st.integers(0, 1 << 40),
    status=st.sampled_from([None, 201, 503]),
    retry_after=st.sampled_from([None, "", "30"]),
    outcome=st.one_of(st.none(), st.sampled_from(Outcome)),
    applied=st.booleans(),
    acknowledged=st.booleans(),
    **BOTH,
)
CONNECTIONS = st.builds(
    ConnectionEntry,
    st.just(0),
    MOMENTS,
    st.sampled_from(["127.0.0.1:5", ""]),
    requests=st.integers(0, 9),
    closed_by=st.one_of(st.none(), st.sampled_from(ClosedBy)),
    **BOTH,
)
NOTES = st.builds(
    Note,
    st.just(0),
    MOMENTS,
    st.sampled_from([What.RULE, What.SCENARIO]),
    st.sampled_from(["set", "ended"]),
    st.sampled_from(["hang-1", "offline"]),
    st.dictionaries(st.sampled_from(["by", "name", "id"]), st.text(max_size=5)),
    st.integers(1, 1 << 60),
)
WANTED = st.builds(
    Wanted,
    what=st.lists(st.sampled_from(What), max_size=2).map(tuple),
    since=st.one_of(st.none(), TIMES),
    until=st.one_of(st.none(), TIMES),
    office=st.sampled_from([None, "33.13", "33.13*", "33*", "*"]),
    rule=st.sampled_from([None, "hang-1", "offline", "hang_1"]),
    fired=st.sampled_from([None, True, False]),
    plain=st.lists(
        st.sampled_from(
            [
                ("key", KEY), ("status", 503), ("applied", True), ("applied", False), ("acknowledged", True),
                ("finished", False), ("fault", "HANG"), ("connection", 2), ("method", "GET"),
                ("outcome", Outcome.ACCEPTED), ("route", "/central/v1/health"),
            ]
        ),
        max_size=2,
    ).map(tuple),
)  # fmt: skip


def numbered(entries: list[AnyEntry]) -> list[AnyEntry]:
    for number, entry in enumerate(entries, 1):
        entry.id = number
    return entries


HISTORIES = st.lists(st.one_of(REQUESTS, CONNECTIONS, NOTES), min_size=1, max_size=15).map(numbered)


@given(entries=HISTORIES, wanted=WANTED)
def test_disk_and_memory_find_the_same(entries: list[AnyEntry], wanted: Wanted) -> None:
    batch = packed([row_of(each) for each in entries])
    found = [judge_of(wanted)(row) for row in rows_in(batch["body"])]
    expected = [each if wanted.matches(each) else None for each in entries]
    assert found == expected
    if any(expected):
        assert all(each in batch["body"] for each in needles(wanted))
        assert wanted.since is None or batch["last_at_us"] >= microseconds(wanted.since)
        assert wanted.until is None or batch["first_at_us"] < microseconds(wanted.until)


@given(st.one_of(REQUESTS, CONNECTIONS, NOTES))
def test_a_row_gives_back_the_entry(entry: AnyEntry) -> None:
    assert entry_of(row_of(entry)) == entry


@given(HISTORIES)
def test_batches_of_rows_are_still_read(entries: list[AnyEntry]) -> None:
    """As they lie on the disks of centres that have not been reset since."""
    rows = [list(row_of(each)) for each in entries]
    assert rows_in(cbor2.dumps(rows)) == rows


def test_a_batch_knows_its_bounds() -> None:
    entries = [Entry(7, EIGHT_US, 1, "GET", "/", seq=9), Entry(3, EIGHT_US, 1, "GET", "/", seq=10)]
    batch = packed([row_of(each) for each in entries])
    assert [batch[name] for name in ("first_id", "last_id", "first_seq", "last_seq", "entries")] == [
        3,
        7,
        9,
        10,
        2,
    ]
    running = packed([row_of(Entry(4, EIGHT_US, 1, "GET", "/"))])
    assert (running["first_seq"], running["last_seq"]) == (None, None)


class TestTheLatestOfAnEntry:
    """Of one that was written while it ran and again at its end."""

    RUNNING = Entry(5, EIGHT_US, 1, "POST", "/central/v1/records", key=KEY)
    ENDED = Entry(5, EIGHT_US, 1, "POST", "/central/v1/records", key=KEY, finished=True, status=201, seq=6)

    @pytest.mark.parametrize("order", [(RUNNING, ENDED), (ENDED, RUNNING)])
    @pytest.mark.parametrize(("finished", "found"), [(True, [ENDED]), (False, [])])
    def test_only_the_end_is_seen(
        self, order: tuple[Entry, Entry], finished: bool, found: list[Entry]
    ) -> None:
        latest: Latest[AnyEntry] = Latest(judge_of(Wanted(plain=(("finished", finished),))))
        for each in order:
            latest.take([row_of(each)], after=0, before=100)
        assert latest.settled(lambda number: True) == found

    def test_it_waits_for_batches_that_may_tell_more(self) -> None:
        latest: Latest[AnyEntry] = Latest(judge_of(Wanted()))
        latest.take([row_of(self.RUNNING)], after=0, before=100)
        assert latest.settled(lambda number: number < 5) == []
        latest.take([row_of(self.ENDED)], after=0, before=100)
        assert latest.settled(lambda number: number < 6) == [self.ENDED]
        assert latest.settled(lambda number: True) == []


@pytest.mark.parametrize(
    ("known", "is_troubled"),
    [
        ({"acknowledged": True}, False),
        ({"acknowledged": False}, True),
        ({"acknowledged": True, "fault": "SLOW_RESPONSE"}, True),
        ({"acknowledged": True, "outcome": Outcome.NOT_WHOLE}, True),
        ({"finished": False}, False),
        ({"method": "GET"}, False),
        ({"key": None}, False),
    ],
)
def test_a_delivery_is_troubled_by_a_fault_or_an_answer_that_did_not_go_out(
    known: dict[str, Any], is_troubled: bool
) -> None:
    facts: dict[str, Any] = {"method": "POST", "key": KEY, "finished": True} | known
    entry = Entry(1, EIGHT_US, 1, route="/central/v1/records", **facts)
    assert troubled_key(row_of(entry)) == (KEY if is_troubled else None)


# -- figures


class NoRows:
    rows = 7


def test_the_figures_count_requests_by_route_and_never_by_key() -> None:
    journal = Journal()
    figures = CentreFigures(journal, NoRows())
    for path in (f"/central/v1/records/{KEY}", "/central/v1/records", "/etc/passwd", "/../%00"):
        entry = journal.begin(at_us=EIGHT_US, connection=0, scope=scope(path))
        entry.status = 201 if path == "/central/v1/records" else 404
        journal.finish(entry, at_us=EIGHT_US)
    silent = journal.begin(at_us=EIGHT_US, connection=0, scope=scope())
    silent.fired("hang-1", "HANG")
    journal.finish(silent, at_us=EIGHT_US)

    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in figures.collect()
        for sample in family.samples
    }

    assert told["ektp_central_requests_total", "POST", "/central/v1/records", "201"] == 1
    assert told["ektp_central_requests_total", "POST", "/central/v1/records", "none"] == 1
    assert told["ektp_central_requests_total", "POST", "/central/v1/records/{key}", "404"] == 1
    assert told["ektp_central_requests_total", "POST", "other", "404"] == 2
    assert told["ektp_central_faults_fired_total", "HANG"] == 1
    assert told["ektp_central_journal_rows",] == 7
    assert told["ektp_central_journal_waiting",] == 5
