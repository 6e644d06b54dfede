"""What goes wrong as a record is taken over, told by how often a rule fired and by what `verify` finds."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import cbor2
import httpx
import pytest

from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre, running
from tests.integration.central_mock.meaning import (
    PERSONS,
    audit,
    decided,
    destroyed,
    end,
    fired,
    held,
    post,
    rule,
)
from tests.integration.central_mock.office import Prepared


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
