"""What our forwarder makes of a centre that means something else than it says: each record once, each status right.

Each test shows that its fault fired; without the fault it would fail.
"""

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import cbor2
import pytest

from services.central_mock.faults.specs import Kind
from shared.migrations import migrate
from shared.testing.waiting import eventually
from tests.integration.enrolment_api.delivery.real_centre import Pair, running_pair

TIMES_SENT: dict[Kind, int | None] = {
    Kind.ANSWER_LOST: 1,
    Kind.FORGOTTEN: 2,
    Kind.APPLIED_TWICE: 1,
    Kind.RESULT_LATE: 1,
    Kind.RESULT_OUT_OF_ORDER: 1,
    Kind.RESULT_TWICE: 1,
    Kind.RESULT_NEVER: 1,
    Kind.RESULT_OF_ANOTHER: 1,
    Kind.BATCH_HALF_DONE: None,  # half of them are carried
    Kind.CORRUPT_RECEIPT: 1,
    Kind.CLOCK_SKEW: 1,
    Kind.KEYS_FORGOTTEN: 1,
    Kind.OLD_BACKUP: 2,
    Kind.STALE_READ: 2,
    Kind.CHECK_OVERLOADED: 1,
}
"""How often a record that met the fault is sent. The documentation's last column is held against it."""


async def check_times_sent(pair: Pair, ids: list[str], *kinds: Kind) -> None:
    """That those which met the faults were sent as often as is told of each."""
    seen = max([await pair.times_sent(each) for each in ids])
    assert {TIMES_SENT[kind] for kind in kinds} == {seen}


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both databases as the migrations make them; each test has its own copies."""
    directory = tmp_path_factory.mktemp("migrated")
    migrate("enrolment_api", f"sqlite:///{directory / 'enrolment.db'}")
    migrate("central_mock", f"sqlite:///{directory / 'central.db'}")
    return directory


@pytest.fixture
async def pair(
    migrated: Path, keys: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Pair]:
    """An office and its centre; it reconciles where the test is marked so."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with running_pair(
        office_url=f"sqlite:///{tmp_path / 'enrolment.db'}",
        centre_url=f"sqlite:///{tmp_path / 'central.db'}",
        keys=keys,
        home=tmp_path,
        reconciles=getattr(request, "param", False),
    ) as running:
        yield running


reconciling = pytest.mark.parametrize("pair", [True], indirect=True, ids=["reconciling"])


class TestTheReceipt:
    async def test_a_lost_answer_is_asked_for_and_the_record_not_sent_again(self, pair: Pair) -> None:
        rule = await pair.rule("ANSWER_LOST", shape={"first": 1})
        ids = await pair.record(5)
        await pair.settled()
        assert pair.fired(rule) >= 1
        await check_times_sent(pair, ids, Kind.ANSWER_LOST)
        await pair.once()
        assert (await pair.verify())["recovered"]

    @pytest.mark.parametrize("part", ["HASH", "SIGNATURE", "KEY"])
    async def test_a_corrupt_receipt_counts_for_nothing_and_the_right_one_is_asked_for(
        self, pair: Pair, part: str
    ) -> None:
        rule = await pair.rule("CORRUPT_RECEIPT", part=part)
        (record_id,) = await pair.record()
        await eventually(lambda: pair.fired(rule) >= 1)
        assert await pair.centre.journal(key=record_id, applied=True)
        await eventually(lambda: is_unknown(pair))
        await pair.end(rule)
        await pair.settled()
        await check_times_sent(pair, [record_id], Kind.CORRUPT_RECEIPT)
        await pair.once()

    @pytest.mark.parametrize("days", [-366, 366])
    async def test_the_centres_clock_may_be_off_by_a_year(self, pair: Pair, days: int) -> None:
        rule = await pair.rule("CLOCK_SKEW", seconds=days * 86_400)
        ids = await pair.record(3)
        await pair.settled()
        await pair.all_print_ready()
        assert pair.fired(rule) >= 3
        await check_times_sent(pair, ids, Kind.CLOCK_SKEW)
        await pair.end(rule)
        await pair.record(1)
        await pair.settled()
        await pair.all_print_ready()
        await pair.once()


async def is_unknown(pair: Pair) -> bool:
    return "OUTCOME_UNKNOWN" in await pair.office.states()


class TestTheMemory:
    async def test_without_its_keys_a_centre_gets_each_record_once_from_a_client_that_asks(
        self, pair: Pair
    ) -> None:
        forgetful = await pair.rule("KEYS_FORGOTTEN")
        lost = await pair.rule("ANSWER_LOST", shape={"first": 1})
        ids = await pair.record(3)
        await pair.settled()
        assert pair.fired(lost) >= 1
        await pair.once()
        await check_times_sent(pair, ids, Kind.KEYS_FORGOTTEN)

        # the fault is real: a client that does not ask doubles its record
        assert (await pair.centre.office.post(await pair.as_sent(ids[0]))).status_code == 201
        assert pair.fired(forgetful) == 1
        assert (await pair.verify())["duplicated"] == ids[:1]

    async def test_a_stale_read_after_a_lost_answer_costs_a_second_sending_and_no_double(
        self, pair: Pair
    ) -> None:
        lost = await pair.rule("ANSWER_LOST", shape={"first": 1})
        stale = await pair.rule("STALE_READ", seconds=3600)
        (record_id,) = await pair.record()
        await pair.settled()
        assert (pair.fired(lost), pair.fired(stale)) == (1, 1)
        await check_times_sent(pair, [record_id], Kind.STALE_READ)
        await pair.once()

    async def test_keys_forgotten_and_stale_together_double_what_no_client_could_have_saved(
        self, pair: Pair
    ) -> None:
        await pair.rule("ANSWER_LOST", shape={"first": 1})
        await pair.rule("STALE_READ", seconds=3600)
        forgetful = await pair.rule("KEYS_FORGOTTEN")
        (record_id,) = await pair.record()
        await pair.settled()
        assert pair.fired(forgetful) == 1
        assert (await pair.verify())["duplicated"] == [record_id]

    async def test_what_takes_effect_twice_is_told_by_verify_and_resolved_once_here(self, pair: Pair) -> None:
        rule = await pair.rule("APPLIED_TWICE", shape={"times": 1})
        ids = await pair.record(2)
        await pair.all_print_ready()
        assert pair.fired(rule) == 1
        checked = await pair.verify()
        assert len(checked["duplicated"]) == 1
        assert checked["lost"] == []
        assert [await pair.resolutions(each) for each in ids] == [["PRINT_READY_RECORD"]] * 2
        await check_times_sent(pair, ids, Kind.APPLIED_TWICE)


class TestTheDecision:
    async def test_late_and_never_leave_the_record_sent_and_come_through_in_the_end(self, pair: Pair) -> None:
        late = await pair.rule("RESULT_LATE", seconds=7200, shape={"probability": 0.5})
        never = await pair.rule("RESULT_NEVER", shape={"probability": 0.5})
        ids = await pair.record(24)
        await pair.settled()
        await eventually(lambda: pair.fired(late) and pair.fired(never))
        assert "SENT_FOR_ENROLLMENT" in await pair.statuses()
        await pair.end(late)
        await pair.end(never)
        await pair.all_print_ready()
        await pair.once()
        await check_times_sent(pair, ids, Kind.RESULT_LATE, Kind.RESULT_NEVER)

    async def test_twice_is_resolved_once(self, pair: Pair) -> None:
        rule = await pair.rule("RESULT_TWICE")
        (record_id,) = await pair.record()
        await pair.all_print_ready()
        await pair.record()
        await pair.all_print_ready()
        assert pair.fired(rule) == 2
        assert await pair.resolutions(record_id) == ["PRINT_READY_RECORD"]
        await pair.once()
        await check_times_sent(pair, [record_id], Kind.RESULT_TWICE)

    async def test_news_of_an_expert_that_come_too_late_take_nothing_back(self, pair: Pair) -> None:
        rule = await pair.rule("RESULT_OUT_OF_ORDER")
        (record_id,) = await pair.record()
        await pair.all_print_ready()
        await pair.record()  # its decision comes after the late news of the first
        await pair.all_print_ready()
        assert pair.fired(rule) == 2
        assert await pair.resolutions(record_id) == ["PRINT_READY_RECORD"]
        await pair.once()
        await check_times_sent(pair, [record_id], Kind.RESULT_OUT_OF_ORDER)

    async def test_one_of_a_record_that_is_not_ours_changes_nothing_and_stops_nothing(
        self, pair: Pair
    ) -> None:
        rule = await pair.rule("RESULT_OF_ANOTHER")
        ids = await pair.record(2)
        await pair.all_print_ready()
        assert pair.fired(rule) == 2
        assert [await pair.resolutions(each) for each in ids] == [["PRINT_READY_RECORD"]] * 2
        assert len(await pair.office.events("enrolment.record.resolved.v1")) == 2
        await pair.once()
        await check_times_sent(pair, ids, Kind.RESULT_OF_ANOTHER)

    async def test_while_the_check_is_overloaded_records_go_on_arriving(self, pair: Pair) -> None:
        rule = await pair.rule("CHECK_OVERLOADED", decisions_per_minute=0)
        ids = await pair.record(5)
        await pair.settled()
        await eventually(lambda: pair.fired(rule) == 5)
        assert set(await pair.statuses()) == {"SENT_FOR_ENROLLMENT"}
        await pair.end(rule)
        await pair.all_print_ready()
        await pair.once()
        await check_times_sent(pair, ids, Kind.CHECK_OVERLOADED)


class TestWhatIsLost:
    @reconciling
    async def test_what_the_centre_forgot_is_found_missing_and_sent_again(self, pair: Pair) -> None:
        await pair.rule("FORGOTTEN", shape={"times": 2})
        ids = await pair.record(4)

        async def two_are_gone() -> bool:
            return await pair.destroyed() == 2

        await eventually(two_are_gone)
        await eventually(pair.once, within=30)
        await pair.settled()
        assert Counter([await pair.times_sent(each) for each in ids]) == {1: 2, TIMES_SENT[Kind.FORGOTTEN]: 2}
        await pair.all_print_ready()

    @reconciling
    async def test_what_came_since_an_old_backup_is_sent_again_and_decided_again(self, pair: Pair) -> None:
        ids = await pair.record(3)
        await pair.all_print_ready()
        await pair.rule("OLD_BACKUP", age_seconds=86_400)

        async def all_are_gone() -> bool:
            return await pair.destroyed() == 3

        await eventually(all_are_gone)
        # its decision gets a number that the office has read already, of one that is gone
        (later,) = await pair.record(1)
        await eventually(pair.once, within=30)
        await pair.settled()
        await pair.all_print_ready()
        assert await pair.resolutions(later) == ["PRINT_READY_RECORD"]
        await check_times_sent(pair, ids, Kind.OLD_BACKUP)


class TestAFileThatIsCarried:
    async def test_half_of_it_taken_over_ends_with_each_record_once(self, pair: Pair) -> None:
        away = await pair.rule("HTTP_503", match={"endpoints": ["records.post", "health.get"]})
        half = await pair.rule("BATCH_HALF_DONE", share=0.5)
        ids = await pair.record(6)
        records = [await pair.as_sent(each) for each in ids]
        entries = [{"envelope": each.envelope, "packet": each.packet} for each in records]
        carried = await pair.centre.api.post(
            "/central/v1/imports",
            content=cbor2.dumps({"version": 1, "records": entries}),
            headers={"Content-Type": "application/cbor"},
        )
        assert (carried.status_code, pair.fired(half)) == (500, 1)
        assert (await pair.verify())["lost"] == ids[3:]
        await pair.end(away)
        await pair.settled()
        await pair.all_print_ready()
        await pair.once()
