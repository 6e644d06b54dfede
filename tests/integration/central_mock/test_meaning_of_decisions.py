"""Decisions that come late, never, twice, in the wrong order or of another record, and a check that is overloaded."""

from datetime import datetime, timedelta
from pathlib import Path

from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre, running
from tests.integration.central_mock.meaning import (
    PERSONS,
    decided,
    end,
    fired,
    fired_once,
    post,
    rule,
    told,
)
from tests.integration.central_mock.office import NGARGOYOSO


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
