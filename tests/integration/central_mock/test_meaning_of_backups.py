"""A centre that comes back from an old backup: what is gone, what waits again, and which numbers come twice."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from services.central_mock.faults.meaning import repository
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre, running
from tests.integration.central_mock.meaning import (
    PERSONS,
    decided,
    destroyed,
    end,
    fired,
    fired_once,
    post,
    rule,
    standing,
    told,
)
from tests.integration.central_mock.office import NGARGOYOSO


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
        await eventually(lambda: fired(centre, name) == 2)
        assert [each["key"] for each in await told(centre)] == [early.key, elsewhere.key]
        assert await standing(centre, waiting) == ("CHECKING", None)
        checked = await centre.verify(keys=[each.key for each in (early, waiting, late, elsewhere)])
        assert checked["lost"] == [late.key]
        await centre.decide_at_once()
        assert (await centre.office.post(late)).status_code == 201
        again = await decided(centre, 4)
        assert {each["key"] for each in again} == {each.key for each in (early, waiting, late, elsewhere)}
        assert int(again[-1]["cursor"]) > int(last["cursor"])  # 33.20 has kept the last number

    async def test_it_has_fired_when_what_it_destroys_is_gone_and_not_before(
        self, centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await post(centre, PERSONS[0])
        seen: list[int] = []

        def look(session: Session) -> None:
            seen.append(fired(centre, "old"))

        monkeypatch.setattr(repository, "give_numbers_again", look)
        await rule(centre, "OLD_BACKUP", age_seconds=3600, name="old")
        await fired_once(centre, "old")
        assert seen == [0], "nobody has committed yet"
        assert len(await destroyed(centre)) == 1

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
