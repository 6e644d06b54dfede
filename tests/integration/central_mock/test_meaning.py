"""Faults of meaning as a client meets them: what the centre says and what it did, on real sockets and both databases.

How often a rule fired is looked at each time, and what the centre has afterwards is asked of `verify`.
"""

import base64
from collections import Counter
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, get_args

import cbor2
import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel

from services.central_mock.centre.records.models import Record
from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.specs.meaning import MeaningFault
from shared.contracts.central import SignedReceipt
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre, running
from tests.integration.central_mock.office import NGARGOYOSO, Prepared

MEANING: tuple[type[BaseModel], ...] = get_args(MeaningFault)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"fault": {"kind": "FORGOTTEN", "after": 3}}, "after"),
    ({"fault": {"kind": "CORRUPT_RECEIPT", "part": "ALL"}}, "part"),
    ({"fault": {"kind": "OLD_BACKUP", "age_seconds": 0}}, "age_seconds"),
    ({"fault": {"kind": "BATCH_HALF_DONE", "share": 1}}, "share"),
    ({"fault": {"kind": "RESULT_TWICE"}, "match": {"endpoints": ["results.get"]}}, "endpoints/0"),
    ({"fault": {"kind": "ANSWER_LOST"}, "match": {"endpoints": ["health.get"]}}, "endpoints/0"),
    ({"fault": {"kind": "OLD_BACKUP"}, "match": {"endpoints": ["records.post"]}}, "endpoints/0"),
]
PERSONS = [f"331307570899{serial:04d}" for serial in range(1, 20)]


async def rule(centre: RunningCentre, kind: str, *, name: str = "", **order: Any) -> str:
    """Set a rule; settings of the fault go by their names, `match` and `shape` and `for` as they are."""
    about = {each: order.pop(each) for each in ("match", "shape", "for") if each in order}
    body = {"name": name or kind.lower(), "fault": {"kind": kind} | order, "reason": "a test"} | about
    made = await centre.runtime.rules.set_rule(RuleOrder.model_validate(body), by="ops")
    return made.name


async def end(centre: RunningCentre, name: str) -> None:
    assert await centre.runtime.rules.remove(name, why="a test")


def fired(centre: RunningCentre, name: str) -> int:
    """How often a rule that is on acted."""
    state = centre.runtime.rules.state(name)
    assert state is not None
    return state.fired


async def fired_once(centre: RunningCentre, name: str) -> None:
    await eventually(lambda: fired(centre, name) == 1)


async def post(centre: RunningCentre, *persons: str, **more: Any) -> list[Prepared]:
    """Records of these persons, sent and accepted."""
    records = [centre.office.prepare(nik=person, **more) for person in persons]
    for record in records:
        assert (await centre.office.post(record)).status_code == 201
    return records


async def told(centre: RunningCentre, *records: Prepared) -> list[dict[str, Any]]:
    """Results so far, in the order in which they are told; of these records, or all."""
    found = (await centre.api.get("/central/v1/results", params={"limit": 1000})).json()["results"]
    return [each for each in found if not records or each["key"] in {record.key for record in records}]


async def decided(centre: RunningCentre, number: int, *records: Prepared) -> list[dict[str, Any]]:
    async def as_many() -> list[dict[str, Any]]:
        results = await told(centre, *records)
        assert len(results) == number
        return results

    return await eventually(as_many)


async def held(centre: RunningCentre, record: Prepared) -> bool:
    return (await centre.api.get(f"/central/v1/records/{record.key}")).status_code == 200


async def standing(centre: RunningCentre, record: Prepared) -> tuple[str, str | None]:
    """How far the check of a record has come, by the centre's own books."""
    row = await centre.runtime.database.read(lambda session: session.get(Record, record.key))
    assert row is not None
    return row.state, row.decision


async def audit(centre: RunningCentre) -> list[dict[str, Any]]:
    """What was destroyed."""
    answer = await centre.control.get("/control/v1/audit")
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["action"] == "DESTROYED"]


async def destroyed(centre: RunningCentre, times: int = 1) -> list[dict[str, Any]]:
    """The entries, once there are so many."""

    async def as_many() -> list[dict[str, Any]]:
        entries = await audit(centre)
        assert len(entries) == times
        return entries

    return await eventually(as_many)


def receipt_key(centre: RunningCentre) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(centre.runtime.secrets.public.sign))


def check(centre: RunningCentre, receipt: SignedReceipt) -> None:
    receipt_key(centre).verify(base64.b64decode(receipt.signature), receipt.signed_bytes())


class TestOrders:
    async def test_each_kind_is_set_over_the_console_and_all_are_cleared_by_one_call(
        self, centre: RunningCentre
    ) -> None:
        kinds = [get_args(each.model_fields["kind"].annotation)[0] for each in MEANING]
        for kind in kinds:
            answer = await centre.control.post("/control/v1/faults", json={"fault": {"kind": kind}})
            assert answer.status_code == 201, answer.text
        listed = (await centre.control.get("/control/v1/faults")).json()["items"]
        assert Counter(each["fault"]["kind"] for each in listed) == Counter(kinds)

        assert (await centre.control.delete("/control/v1/faults")).is_success

        assert (await centre.control.get("/control/v1/faults")).json()["items"] == []

    async def test_an_order_that_can_mean_nothing_is_refused_with_its_reason(
        self, centre: RunningCentre
    ) -> None:
        for order, pointer in REFUSED:
            answer = await centre.control.post("/control/v1/faults", json=order)
            assert answer.status_code == 422, order
            assert answer.json()["errors"][0]["pointer"].endswith(pointer)
            assert answer.json()["errors"][0]["detail"]

    async def test_different_kinds_act_together_on_one_record(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        names = [
            await rule(centre, kind)
            for kind in (
                "APPLIED_TWICE",
                "CLOCK_SKEW",
                "CORRUPT_RECEIPT",
                "RESULT_TWICE",
                "RESULT_OF_ANOTHER",
            )
        ]
        (record,) = await post(centre, PERSONS[0])
        results = await decided(centre, 5)
        assert Counter(each["key"] == record.key for each in results) == {True: 4, False: 1}
        (entry,) = await centre.journal(key=record.key)
        assert set(entry["rules"]) == {"applied_twice", "clock_skew", "corrupt_receipt"}
        assert all(fired(centre, name) >= 1 for name in names)

    async def test_what_is_held_back_comes_as_soon_as_all_is_cleared(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        for kind in ("RESULT_NEVER", "RESULT_LATE", "CHECK_OVERLOADED"):
            await rule(centre, kind)
        await post(centre, *PERSONS[:3])
        await eventually(lambda: fired(centre, "check_overloaded") == 3)

        assert (await centre.control.delete("/control/v1/faults")).is_success

        assert [each["decision"] for each in await decided(centre, 3)] == ["PRINT_READY_RECORD"] * 3


class TestAnswerLost:
    async def test_the_record_is_kept_and_the_connection_reset(self, centre: RunningCentre) -> None:
        name = await rule(centre, "ANSWER_LOST", shape={"first": 1})
        record = centre.office.prepare()
        wire = await centre.connect()
        await wire.send(record.raw_request())
        with pytest.raises(ConnectionResetError):
            await wire.rest()

        assert await held(centre, record)
        again = await centre.office.post(record)

        assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
        assert fired(centre, name) == 1
        (lost,) = await centre.journal(key=record.key, applied=True)
        assert not lost["acknowledged"]
        assert (await centre.verify(keys=[record.key]))["recovered"] == [record.key]

    async def test_a_rejection_is_answered(self, centre: RunningCentre) -> None:
        name = await rule(centre, "ANSWER_LOST")
        record = centre.office.enveloped("0" * 36, b"no packet")
        assert (await centre.office.post(record)).status_code == 422
        assert fired(centre, name) == 0


class TestForgotten:
    async def test_an_acknowledged_record_is_gone_and_counted(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        name = await rule(centre, "FORGOTTEN", shape={"times": 1})
        (gone,) = await post(centre, PERSONS[0])
        (kept,) = await post(centre, PERSONS[1])

        async def is_gone() -> bool:
            return not await held(centre, gone)

        await eventually(is_gone)
        assert (await centre.verify(keys=[gone.key, kept.key]))["lost"] == [gone.key]
        assert fired(centre, name) == 1
        (entry,) = await audit(centre)
        assert (entry["name"], entry["detail"]) == (name, {"records": 1})
        await decided(centre, 1, kept)

        assert (await centre.office.post(gone)).status_code == 201
        assert (await centre.verify(keys=[gone.key, kept.key]))["ok"]

    async def test_what_is_due_after_a_restart_is_forgotten_then(
        self, keys: Path, sqlite_url: str, tmp_path: Path
    ) -> None:
        at, records = datetime.fromisoformat("2016-12-05T09:00:00+07:00"), list[Prepared]()
        async for centre in running(keys, sqlite_url, tmp_path):
            await centre.control.put("/control/v1/clock", json={"start": at.isoformat(), "speed": 1})
            await rule(centre, "FORGOTTEN", after_seconds=600)
            records += await post(centre, PERSONS[0])
            assert await held(centre, records[0])
        async for centre in running(keys, sqlite_url, tmp_path):
            later = (at + timedelta(seconds=700)).isoformat()
            await centre.control.put("/control/v1/clock", json={"start": later, "speed": 1})

            await destroyed(centre)
            assert not await held(centre, records[0])

    async def test_what_is_not_gone_when_the_rule_ends_stays(self, centre: RunningCentre) -> None:
        name = await rule(centre, "FORGOTTEN", after_seconds=600)
        (record,) = await post(centre, PERSONS[0])
        await end(centre, name)

        async def nothing_is_due() -> bool:
            rows = await centre.runtime.database.read(
                lambda session: session.connection().exec_driver_sql("SELECT * FROM due_forgetting").all()
            )
            return not rows

        await eventually(nothing_is_due)
        assert await held(centre, record)


class TestTwiceInEffect:
    async def test_verify_says_so_and_the_decision_is_told_twice(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        name = await rule(centre, "APPLIED_TWICE", shape={"times": 1})
        twice, once = await post(centre, PERSONS[0], PERSONS[1])

        assert (await centre.verify(keys=[twice.key, once.key]))["duplicated"] == [twice.key]
        results = await decided(centre, 3)
        assert Counter(each["key"] for each in results) == {twice.key: 2, once.key: 1}
        assert fired(centre, name) == 1

    async def test_without_its_keys_the_centre_takes_a_record_again(self, any_centre: RunningCentre) -> None:
        await any_centre.decide_at_once()
        (record,) = await post(any_centre, PERSONS[0])
        await decided(any_centre, 1)
        name = await rule(any_centre, "KEYS_FORGOTTEN")
        (other,) = await post(any_centre, PERSONS[1])
        assert fired(any_centre, name) == 0

        again = await any_centre.office.post(record)

        assert (again.status_code, fired(any_centre, name)) == (201, 1)
        assert (await any_centre.api.get(f"/central/v1/records/{record.key}")).json() == again.json()
        assert (await any_centre.verify(keys=[record.key, other.key]))["duplicated"] == [record.key]
        results = await decided(any_centre, 2, record)
        assert [each["decision"] for each in results] == ["PRINT_READY_RECORD"] * 2

        await end(any_centre, name)
        assert (await any_centre.office.post(record)).status_code == 200


class TestResults:
    async def test_never_lasts_as_long_as_the_rule(self, any_centre: RunningCentre) -> None:
        await any_centre.decide_at_once()
        name = await rule(any_centre, "RESULT_NEVER", match={"offices": [NGARGOYOSO]})
        (never,) = await post(any_centre, PERSONS[0])
        (other,) = await post(any_centre, PERSONS[1], office="33.20")
        assert [each["key"] for each in await decided(any_centre, 1)] == [other.key]
        await eventually(lambda: fired(any_centre, name) == 1)

        await end(any_centre, name)

        assert [each["key"] for each in await decided(any_centre, 2)] == [other.key, never.key]

    async def test_what_never_came_comes_when_the_rule_ended_while_the_centre_was_down(
        self, keys: Path, sqlite_url: str, tmp_path: Path
    ) -> None:
        async for centre in running(keys, sqlite_url, tmp_path):
            await centre.decide_at_once()
            await rule(centre, "RESULT_NEVER", **{"for": "PT10S"})
            await post(centre, PERSONS[0])
            await fired_once(centre, "result_never")
        async for centre in running(keys, sqlite_url, tmp_path):
            assert await told(centre) == []
            now = centre.runtime.clock.now().isoformat()
            await centre.control.put("/control/v1/clock", json={"start": now, "speed": 100})
            await decided(centre, 1)

    async def test_late_is_late_by_the_clock_and_only_once(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        name = await rule(centre, "RESULT_LATE", seconds=600)
        (record,) = await post(centre, PERSONS[0])
        await eventually(lambda: fired(centre, name) == 1)
        assert await told(centre) == []

        now = centre.runtime.clock.now()
        await centre.control.put(
            "/control/v1/clock", json={"start": (now + timedelta(seconds=590)).isoformat(), "speed": 100}
        )

        (result,) = await decided(centre, 1, record)
        assert datetime.fromisoformat(result["decided_at"]) - now >= timedelta(seconds=590)

    async def test_twice_under_two_cursors(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        name = await rule(centre, "RESULT_TWICE")
        (record,) = await post(centre, PERSONS[0])
        one, other = await decided(centre, 2, record)
        assert one["cursor"] != other["cursor"]
        assert one | {"cursor": ""} == other | {"cursor": ""}
        assert fired(centre, name) == 1

    async def test_the_experts_decision_overtakes_the_news_that_he_was_asked(
        self, centre: RunningCentre
    ) -> None:
        await centre.decide_at_once()
        name = await rule(centre, "RESULT_OUT_OF_ORDER")
        (record,) = await post(centre, PERSONS[0])
        results = await decided(centre, 2, record)
        assert [each["decision"] for each in results] == ["PRINT_READY_RECORD", "ADJUDICATE_RECORD"]
        assert results[1]["decided_at"] < results[0]["decided_at"]
        assert fired(centre, name) == 1

    async def test_one_of_a_record_that_nobody_sent_comes_first(self, centre: RunningCentre) -> None:
        await centre.decide_at_once()
        name = await rule(centre, "RESULT_OF_ANOTHER")
        (record,) = await post(centre, PERSONS[0])
        nobodys, true = await decided(centre, 2)
        assert (true["key"], nobodys["office"]) == (record.key, record.envelope["office"])
        assert (await centre.api.get(f"/central/v1/records/{nobodys['key']}")).status_code == 404
        assert fired(centre, name) == 1

    async def test_an_overloaded_check_decides_so_many_a_minute_oldest_first(
        self, centre: RunningCentre
    ) -> None:
        await centre.decide_at_once()
        name = await rule(centre, "CHECK_OVERLOADED", decisions_per_minute=1)
        records = await post(centre, *PERSONS[:4])
        await eventually(lambda: fired(centre, name) == 4)
        assert await told(centre) == []
        now = centre.runtime.clock.now()

        after = (now + timedelta(seconds=130)).isoformat()
        await centre.control.put("/control/v1/clock", json={"start": after, "speed": 1})
        first = await decided(centre, 2)
        assert [each["key"] for each in first] == [record.key for record in records[:2]]

        await end(centre, name)
        assert [each["key"] for each in await decided(centre, 4)] == [record.key for record in records]


class TestCorruptReceipt:
    @pytest.mark.parametrize("part", ["HASH", "SIGNATURE", "KEY"])
    async def test_one_part_is_wrong_in_what_goes_out_and_nothing_in_what_is_kept(
        self, centre: RunningCentre, part: str
    ) -> None:
        name = await rule(centre, "CORRUPT_RECEIPT", part=part)
        record = centre.office.prepare()
        wrong = [
            SignedReceipt.model_validate(answer.json())
            for answer in (
                await centre.office.post(record),
                await centre.api.get(f"/central/v1/records/{record.key}"),
            )
        ]
        assert fired(centre, name) == 2
        await end(centre, name)
        right = SignedReceipt.model_validate((await centre.office.post(record)).json())
        check(centre, right)
        for each in wrong:
            differing = {
                field for field in SignedReceipt.model_fields if getattr(each, field) != getattr(right, field)
            }
            match part:
                case "HASH":
                    assert differing == {"packet_sha256", "signature"}
                    check(centre, each)
                case "KEY":
                    assert differing == {"key", "signature"}
                    check(centre, each)
                case _:
                    assert differing == {"signature"}
                    with pytest.raises(InvalidSignature):
                        check(centre, each)
        assert (await centre.verify(records=[{"key": record.key, "sha256": record.sha256}]))["ok"]


class TestClockSkew:
    async def test_receipts_results_health_and_the_date_are_off_and_the_rest_is_not(
        self, centre: RunningCentre
    ) -> None:
        await centre.decide_at_once()
        day = timedelta(days=1)
        name = await rule(centre, "CLOCK_SKEW", seconds=-day.total_seconds())
        record = centre.office.prepare()
        now = centre.runtime.clock.now()

        posted = await centre.office.post(record)
        health = await centre.api.get("/central/v1/health")
        (result,) = await decided(centre, 1, record)

        receipt = SignedReceipt.model_validate(posted.json())
        check(centre, receipt)
        said = [
            receipt.received_at,
            parsedate_to_datetime(posted.headers["date"]),
            datetime.fromisoformat(health.json()["at"]),
            datetime.fromisoformat(result["decided_at"]),
        ]
        assert [abs(each + day - now) < timedelta(minutes=1) for each in said] == [True] * 4
        assert fired(centre, name) >= 3
        await end(centre, name)
        (result,) = await told(centre)
        assert abs(datetime.fromisoformat(result["decided_at"]) - now) < timedelta(minutes=1)
        again = await centre.office.post(record)
        assert SignedReceipt.model_validate(again.json()) == receipt
        assert abs(parsedate_to_datetime(again.headers["date"]) - now) < timedelta(minutes=1)


class TestStaleRead:
    async def test_a_look_up_and_a_reconciliation_do_not_see_what_just_came(
        self, centre: RunningCentre
    ) -> None:
        name = await rule(centre, "STALE_READ", seconds=600)
        (record,) = await post(centre, PERSONS[0])
        assert not await held(centre, record)
        entry = {"key": record.key, "sha256": record.sha256}
        day = {"office": NGARGOYOSO, "date": "2016-09-16", "entries": [entry]}
        stale = (await centre.api.post("/central/v1/reconciliations", json=day)).json()
        assert stale == {"missing": [record.key], "mismatched": [], "unexpected": []}
        assert fired(centre, name) == 2
        assert (await centre.office.post(record)).status_code == 200

        later = centre.runtime.clock.now() + timedelta(seconds=601)
        await centre.control.put("/control/v1/clock", json={"start": later.isoformat(), "speed": 1})

        assert await held(centre, record)
        assert (await centre.api.post("/central/v1/reconciliations", json=day)).json()["missing"] == []
        assert fired(centre, name) == 2


class TestBatchHalfDone:
    async def carry(self, centre: RunningCentre, records: list[Prepared]) -> httpx.Response:
        entries = [{"envelope": each.envelope, "packet": each.packet} for each in records]
        return await centre.api.post(
            "/central/v1/imports",
            content=cbor2.dumps({"version": 1, "records": entries}),
            headers={"Content-Type": "application/cbor"},
        )

    async def test_a_share_is_taken_over_and_a_second_import_brings_the_rest(
        self, centre: RunningCentre
    ) -> None:
        name = await rule(centre, "BATCH_HALF_DONE", share=0.5, shape={"times": 1})
        records = [centre.office.prepare(nik=person) for person in PERSONS[:5]]
        keys = [record.key for record in records]

        broken = await self.carry(centre, records)

        assert (broken.status_code, fired(centre, name)) == (500, 1)
        assert broken.json()["type"].endswith("batch-broken")
        assert (await centre.verify(keys=keys))["lost"] == keys[2:]

        report = (await self.carry(centre, records)).json()

        assert (report["accepted"], report["already_held"]) == (3, 2)
        assert (await centre.verify(keys=keys))["ok"]

    async def test_records_of_a_file_meet_the_faults_of_arrivals_too(self, centre: RunningCentre) -> None:
        records = [centre.office.prepare(nik=person) for person in PERSONS[:3]]
        name = await rule(centre, "APPLIED_TWICE", match={"keys": [records[1].key]})
        assert (await self.carry(centre, records)).status_code == 200
        assert (await centre.verify(keys=[each.key for each in records]))["duplicated"] == [records[1].key]
        assert fired(centre, name) == 1


class TestOldBackup:
    async def test_what_came_and_was_decided_since_is_gone_and_counted(
        self, any_centre: RunningCentre
    ) -> None:
        centre = any_centre
        at = datetime.fromisoformat("2017-01-09T08:00:00+07:00")
        await centre.control.put("/control/v1/clock", json={"start": at.isoformat(), "speed": 1})
        await centre.decide_at_once()
        (early,) = await post(centre, PERSONS[0])
        await decided(centre, 1)
        await centre.decide_at_once(paused=True)
        (waiting,) = await post(centre, PERSONS[1])
        later = (at + timedelta(hours=2)).isoformat()
        await centre.control.put("/control/v1/clock", json={"start": later, "speed": 1})
        await centre.decide_at_once()
        await decided(centre, 2)
        late, elsewhere = (*await post(centre, PERSONS[2]), *await post(centre, PERSONS[3], office="33.20"))
        *_, last = await decided(centre, 4)
        await centre.decide_at_once(paused=True)

        name = await rule(centre, "OLD_BACKUP", age_seconds=3600, match={"offices": [NGARGOYOSO]})

        (entry,) = await destroyed(centre)
        assert (entry["name"], entry["by"], entry["detail"]) == (name, "ops", {"records": 1, "decisions": 1})
        assert fired(centre, name) == 2
        assert [each["key"] for each in await told(centre)] == [early.key, elsewhere.key]
        assert await standing(centre, waiting) == ("CHECKING", None)
        checked = await centre.verify(keys=[each.key for each in (early, waiting, late, elsewhere)])
        assert checked["lost"] == [late.key]
        await centre.decide_at_once()
        assert (await centre.office.post(late)).status_code == 201
        again = await decided(centre, 4)
        assert {each["key"] for each in again} == {each.key for each in (early, waiting, late, elsewhere)}
        assert int(again[-1]["cursor"]) > int(last["cursor"])  # 33.20 has kept the last number

    async def test_what_stood_before_an_expert_stands_there_again(self, centre: RunningCentre) -> None:
        at = datetime.fromisoformat("2017-01-09T08:00:00+07:00")
        await centre.control.put("/control/v1/clock", json={"start": at.isoformat(), "speed": 1})
        record = centre.office.prepare(nik=PERSONS[0])
        await centre.decide_at_once(adjudicate_keys=[record.key], adjudication_seconds=3600)
        assert (await centre.office.post(record)).status_code == 201
        await decided(centre, 1)
        later = (at + timedelta(hours=2)).isoformat()
        await centre.control.put("/control/v1/clock", json={"start": later, "speed": 1})
        await decided(centre, 2)
        assert await standing(centre, record) == ("DECIDED", "PRINT_READY_RECORD")
        await centre.decide_at_once(paused=True)

        await rule(centre, "OLD_BACKUP", age_seconds=3600)

        await destroyed(centre)
        assert await standing(centre, record) == ("ADJUDICATING", "ADJUDICATE_RECORD")
        await centre.decide_at_once(adjudication_seconds=3600)
        assert [each["decision"] for each in await decided(centre, 2)] == [
            "ADJUDICATE_RECORD",
            "PRINT_READY_RECORD",
        ]

    async def test_numbers_of_results_that_are_gone_are_given_again(self, any_centre: RunningCentre) -> None:
        await any_centre.decide_at_once()
        await post(any_centre, PERSONS[0])
        (first,) = await decided(any_centre, 1)
        name = await rule(any_centre, "OLD_BACKUP", age_seconds=60)
        await destroyed(any_centre)
        assert await told(any_centre) == []
        await end(any_centre, name)
        await post(any_centre, PERSONS[1])
        (again,) = await decided(any_centre, 1)
        assert (again["cursor"], again["key"] != first["key"]) == (first["cursor"], True)

    async def test_once_for_each_time_that_it_is_set_also_over_a_restart(
        self, keys: Path, sqlite_url: str, tmp_path: Path
    ) -> None:
        async for centre in running(keys, sqlite_url, tmp_path):
            await post(centre, PERSONS[0])
            await rule(centre, "OLD_BACKUP", age_seconds=3600)
            await destroyed(centre)
            await post(centre, PERSONS[1])
        async for centre in running(keys, sqlite_url, tmp_path):
            assert centre.runtime.rules.find("old_backup") is not None
            await rule(centre, "FORGOTTEN")
            await post(centre, PERSONS[2])
            # the task that forgets this one has looked at the backup before
            (_, forgotten) = await destroyed(centre, 2)
            assert forgotten["name"] == "forgotten"
            assert (await centre.verify(office=NGARGOYOSO))["unexpected"] != []
