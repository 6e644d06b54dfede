"""Holding what others believe against what the centre has: verify, reconciliation, journal, reset."""

import json
from datetime import date
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from services.central_mock.centre.records.models import Record
from shared.ids import new_id
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre

ONE, TWO = "3313075708990001", "3313071203980002"


class TestVerify:
    async def test_nothing_is_wrong_when_belief_and_fact_agree(self, any_centre: RunningCentre) -> None:
        records = [any_centre.office.prepare(nik=nik) for nik in (ONE, TWO)]
        for record in records:
            await any_centre.office.post(record)

        answer = await any_centre.verify(
            records=[{"key": each.key, "sha256": each.sha256, "office": "33.13.07"} for each in records]
        )

        assert answer.pop("client")["requests"] == 2
        assert answer == {
            "ok": True, "expected": 2, "at_centre": 2, "lost": [], "duplicated": [],
            "unexpected": [], "mismatched": [], "recovered": [], "reordered": [],
        }  # fmt: skip

    async def test_a_record_that_is_not_here_is_lost(self, centre: RunningCentre) -> None:
        missing = new_id()
        answer = await centre.verify(keys=[missing])
        assert (answer["ok"], answer["lost"], answer["at_centre"]) == (False, [missing], 0)

    async def test_a_record_nobody_believes_in_is_unexpected(self, centre: RunningCentre) -> None:
        record = centre.office.prepare()
        await centre.office.post(record)
        answer = await centre.verify(records=[])
        assert (answer["ok"], answer["unexpected"]) == (False, [record.key])

    async def test_another_office_and_another_day_are_not_unexpected(self, centre: RunningCentre) -> None:
        await centre.office.post(centre.office.prepare())
        for scope in (
            {"office": "33.20"},
            {"since": "2016-09-17T00:00:00+07:00"},
            {"until": "2016-09-16T09:00:00+07:00"},
        ):
            assert (await centre.verify(**scope))["ok"]
        within = {"since": "2016-09-16T09:00:00+07:00", "until": "2016-09-17T00:00:00+07:00"}
        assert not (await centre.verify(office="33.13.07", **within))["ok"]

    async def test_other_bytes_or_another_office_are_a_mismatch(self, centre: RunningCentre) -> None:
        record = centre.office.prepare()
        await centre.office.post(record)
        for belief in ({"sha256": "0" * 64}, {"office": "33.20"}):
            answer = await centre.verify(records=[{"key": record.key, **belief}])
            assert (answer["ok"], answer["mismatched"]) == (False, [record.key])

    async def test_a_record_that_took_effect_twice_is_duplicated(self, centre: RunningCentre) -> None:
        record = centre.office.prepare()
        await centre.office.post(record)
        await centre.runtime.database.write(
            lambda session: session.execute(
                update(Record).where(col(Record.key) == record.key).values(applied_times=2)
            ).close()
        )
        answer = await centre.verify(keys=[record.key])
        assert (answer["ok"], answer["duplicated"]) == (False, [record.key])

    async def test_a_record_that_came_through_after_a_fault_is_recovered(self, centre: RunningCentre) -> None:
        saved, easy = centre.office.prepare(nik=ONE), centre.office.prepare(nik=TWO)
        await centre.offline("HTTP_503")
        assert (await centre.office.post(saved)).status_code == 503
        await centre.online()
        for record in (saved, easy):
            await centre.office.post(record)

        answer = await centre.verify(keys=[saved.key, easy.key])

        assert (answer["ok"], answer["recovered"]) == (True, [saved.key])

    async def test_a_belief_that_names_a_record_twice_is_refused(self, centre: RunningCentre) -> None:
        key = new_id()
        answer = await centre.control.post("/control/v1/verify", json={"keys": [key, key]})
        assert answer.status_code == 422


class TestReconciliation:
    async def test_both_sides_see_what_the_other_has_not(self, any_centre: RunningCentre) -> None:
        agreed, changed, forgotten = (any_centre.office.prepare(nik=nik) for nik in (ONE, TWO, ONE))
        for record in (agreed, changed, forgotten):
            await any_centre.office.post(record)
        missing = new_id()

        answer = await reconcile(
            any_centre,
            date(2016, 9, 16),
            {agreed.key: agreed.sha256, changed.key: "0" * 64, missing: "0" * 64},
        )

        assert answer == {
            "missing": [missing],
            "mismatched": [changed.key],
            "unexpected": [forgotten.key],
        }

    async def test_the_day_is_the_offices_own(self, centre: RunningCentre) -> None:
        record = centre.office.prepare()
        early = type(record)(record.envelope | {"captured_at": "2016-09-15T17:30:00Z"}, record.packet)
        await centre.office.post(early)  # half past midnight on the 16th at Ngargoyoso

        assert (await reconcile(centre, date(2016, 9, 15), {}))["unexpected"] == []
        assert (await reconcile(centre, date(2016, 9, 16), {}))["unexpected"] == [record.key]


async def reconcile(centre: RunningCentre, day: date, believed: dict[str, str]) -> dict[str, Any]:
    answer = await centre.api.post(
        "/central/v1/reconciliations",
        json={
            "office": "33.13.07",
            "date": day.isoformat(),
            "entries": [{"key": key, "sha256": sha256} for key, sha256 in believed.items()],
        },
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestJournal:
    async def test_it_keeps_received_applied_and_acknowledged_apart(self, centre: RunningCentre) -> None:
        record = centre.office.prepare()
        for _ in range(2):
            await centre.office.post(record)

        first, again = await centre.journal(key=record.key)

        assert (first["outcome"], first["applied"], first["acknowledged"], first["status"]) == (
            "ACCEPTED", True, True, 201,
        )  # fmt: skip
        assert (again["outcome"], again["applied"], again["acknowledged"], again["status"]) == (
            "REPLAYED", False, True, 200,
        )  # fmt: skip
        assert first["office"] == "33.13.07"
        assert first["bytes_in"] > len(record.packet)
        assert first["bytes_out"] > 100

    async def test_no_nik_is_in_it(self, centre: RunningCentre) -> None:
        await centre.api.get(f"/central/v1/residents/{ONE}")
        (entry,) = await centre.journal()
        assert entry["route"] == "/central/v1/residents/{nik}"
        assert ONE not in json.dumps(entry)

    async def test_pages_and_the_export_hold_the_same(self, centre: RunningCentre) -> None:
        for _ in range(5):
            await centre.api.get("/central/v1/health")
        page = (await centre.control.get("/control/v1/journal", params={"limit": 3})).json()
        rest = (
            await centre.control.get("/control/v1/journal", params={"cursor": page["next_cursor"]})
        ).json()

        exported = (await centre.control.get("/control/v1/journal/export")).text.splitlines()

        assert rest["next_cursor"] is None
        assert [json.loads(line) for line in exported] == page["items"] + rest["items"]

    async def test_it_can_be_followed(self, centre: RunningCentre) -> None:
        async with centre.control.stream("GET", "/control/v1/stream?what=REQUEST") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == ": following"
            await centre.api.get("/central/v1/health")
            async for line in lines:
                if line.startswith("data: "):
                    assert json.loads(line.removeprefix("data: "))["route"] == "/central/v1/health"
                    break
        await eventually(lambda: not centre.runtime.journal.followers)


async def test_a_reset_forgets_everything_and_keeps_cursors_good(any_centre: RunningCentre) -> None:
    await any_centre.decide_at_once()
    before = any_centre.office.prepare()
    await any_centre.office.post(before)

    async def result_keys(after: str) -> list[tuple[str, str]]:
        answer = await any_centre.api.get("/central/v1/results", params={"after": after})
        return [(each["key"], each["cursor"]) for each in answer.json()["results"]]

    ((_, cursor),) = await eventually(lambda: result_keys(""))
    await any_centre.offline("HTTP_503")

    state = (await any_centre.control.post("/control/v1/reset")).json()

    assert (state["online"], state["records"]["total"], state["uniqueness"]["delay_seconds"]) == (True, 0, 30)
    await any_centre.decide_at_once()
    after = any_centre.office.prepare()
    await any_centre.office.post(after)
    ((key, _),) = await eventually(lambda: result_keys(cursor))
    assert key == after.key
